package nix

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// Derivation is what a .drv file says.
type Derivation struct {
	Path      string            // the .drv file
	Name      string            // without the store's digest and .drv
	Outputs   map[string]Output // by output name
	InputDrvs map[string][]string
	InputSrcs []string
	System    string
	Builder   string
	Args      []string
	Env       map[string]string
}

// Output is one output of a derivation. HashAlgo and Hash are set for a fixed output only.
type Output struct {
	Path     string // "" when it is known only after the build
	HashAlgo string // "sha256", or "r:sha256" when the hash is that of a NAR
	Hash     string // base16
}

// maxDerivation bounds a .drv file, in bytes. Those of nixpkgs have some kilobytes.
const maxDerivation = 64 << 20

// ReadDerivation reads a .drv file. It needs no Nix: a local store is readable for everybody.
func ReadDerivation(ctx context.Context, path string) (*Derivation, error) {
	text, err := foreign.Read(ctx, filepath.Dir(path), filepath.Base(path), maxDerivation)
	if err != nil {
		return nil, fmt.Errorf("read derivation: %w", err)
	}
	return parseDerivation(path, string(text))
}

// derivationName takes the name out of a store path: the text after the digest, without .drv.
func derivationName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".drv")
	if len(name) > 33 && name[32] == '-' {
		name = name[33:]
	}
	return name
}

// FixedOutput returns the hash that the derivation promises, and whether it is that of a NAR
// (recursive). ok is false when its output is not known beforehand.
func (d *Derivation) FixedOutput() (hash nixhash.Hash, recursive, ok bool) {
	out, found := d.Outputs["out"]
	if !found || len(d.Outputs) != 1 || out.Hash == "" {
		return nixhash.Hash{}, false, false
	}
	algo, recursive := strings.CutPrefix(out.HashAlgo, "r:")
	if _, method, found := strings.Cut(algo, ":"); found { // text:, git:
		algo = method
	}
	hash, err := nixhash.Parse(out.Hash, algo)
	return hash, recursive, err == nil
}

// Closure reads the derivations at tops and all that they need to be built, by path.
// read is ReadDerivation, or a test's.
func Closure(read func(path string) (*Derivation, error), tops ...string) (map[string]*Derivation, error) {
	closure := map[string]*Derivation{}
	queue := append([]string(nil), tops...)
	for len(queue) > 0 {
		path := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if closure[path] != nil {
			continue
		}
		d, err := read(path)
		if err != nil {
			return nil, err
		}
		closure[path] = d
		for input := range d.InputDrvs {
			queue = append(queue, input)
		}
	}
	return closure, nil
}

var errDerivation = errors.New("is not a derivation")

// parseDerivation reads the ATerm of a derivation:
//
//	Derive([(name,path,algo,hash)…],[(drv,[output…])…],[src…],system,builder,[arg…],[(key,value)…])
//
// and that of dynamic derivations (Nix 2.18), which are preceded by a version and nest their outputs:
//
//	DrvWithVersion("xp-dyn-drv",[…],[(drv,([output…],[(output,…)…]))…],…)
func parseDerivation(path, text string) (*Derivation, error) {
	p := &aterm{text: text}
	d := &Derivation{
		Path: path, Name: derivationName(path),
		Outputs: map[string]Output{}, InputDrvs: map[string][]string{}, Env: map[string]string{},
	}
	if p.peek("DrvWithVersion(") {
		p.expect("DrvWithVersion(")
		p.str()
		p.expect(",")
	} else {
		p.expect("Derive(")
	}
	p.list(func() {
		p.expect("(")
		name := p.str()
		d.Outputs[name] = Output{Path: p.nextStr(), HashAlgo: p.nextStr(), Hash: p.nextStr()}
		p.expect(")")
	})
	p.expect(",")
	p.list(func() {
		p.expect("(")
		drv := p.str()
		p.expect(",")
		d.InputDrvs[drv] = p.inputOutputs(0)
		p.expect(")")
	})
	p.expect(",")
	d.InputSrcs = p.strs()
	d.System, d.Builder = p.nextStr(), p.nextStr()
	p.expect(",")
	d.Args = p.strs()
	p.expect(",")
	p.list(func() {
		p.expect("(")
		key := p.str()
		d.Env[key] = p.nextStr()
		p.expect(")")
	})
	p.expect(")")
	if p.failed || p.at != len(p.text) {
		return nil, fmt.Errorf("read derivation: %s %w (at byte %d)", path, errDerivation, p.at)
	}
	return d, nil
}

// aterm reads the few forms of ATerm that derivations consist of. After a failure every step is a
// no-op, so that the grammar above reads without an error check on each line.
type aterm struct {
	text   string
	at     int // byte
	failed bool
}

func (p *aterm) peek(s string) bool {
	return !p.failed && strings.HasPrefix(p.text[p.at:], s)
}

func (p *aterm) expect(s string) {
	if !p.peek(s) {
		p.failed = true
		return
	}
	p.at += len(s)
}

func (p *aterm) list(element func()) {
	p.expect("[")
	for first := true; !p.failed && !p.peek("]"); first = false {
		if !first {
			p.expect(",")
		}
		element()
	}
	p.expect("]")
}

func (p *aterm) strs() []string {
	var all []string
	p.list(func() { all = append(all, p.str()) })
	return all
}

func (p *aterm) nextStr() string {
	p.expect(",")
	return p.str()
}

// maxNesting bounds the outputs of outputs of a dynamic derivation.
const maxNesting = 100

// inputOutputs reads the wanted outputs of an input; of nested ones only the outermost count here.
func (p *aterm) inputOutputs(depth int) []string {
	if !p.peek("(") {
		return p.strs()
	}
	if depth == maxNesting {
		p.failed = true
		return nil
	}
	p.expect("(")
	outputs := p.strs()
	p.expect(",")
	p.list(func() {
		p.expect("(")
		p.str()
		p.expect(",")
		p.inputOutputs(depth + 1)
		p.expect(")")
	})
	p.expect(")")
	return outputs
}

// str reads a quoted string with the escapes \" \\ \n \r \t.
func (p *aterm) str() string {
	p.expect(`"`)
	if p.failed {
		return ""
	}
	rest := p.text[p.at:]
	end := strings.IndexAny(rest, `"\`)
	if end >= 0 && rest[end] == '"' { // nearly all: nothing is escaped
		p.at += end + 1
		return rest[:end]
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			p.at += i + 1
			return b.String()
		case '\\':
			i++
			if i < len(rest) {
				b.WriteByte(unescape(rest[i]))
			}
		default:
			b.WriteByte(rest[i])
		}
	}
	p.failed = true
	return ""
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
