package eval

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Bounds on the evaluation. Files written by people stay far below them; what is written to exhaust them
// costs at most about a hundred megabytes and a second.
const (
	maxDepth        = 400     // nested evaluations of definitions and calls
	maxNest         = 100_000 // nested evaluations of expressions, all of them on one stack
	maxSteps        = 1 << 20 // the budget of one program, see Program.pay
	maxRecursion    = 4       // calls of one function within each other
	maxAlternatives = 16      // values of one choice
	maxLinks        = 40      // symbolic links on the way to one file
	bytesPerStep    = 32      // of text that is copied for one step
	hopsPerStep     = 32      // from one scope to that around it
	stepsPerCheck   = 1 << 10 // between two looks at the context
)

// ErrBudget is the error of a program whose evaluation takes more steps than a program may.
var ErrBudget = errors.New("too many steps of evaluation")

// A Program is a set of files that import one another, and what is known of their values so far.
// It is not safe for concurrent use.
type Program struct {
	// Intrinsic, when set, gives the meaning of a call of a function that the files do not
	// define, or returns nil. The callee's name and arguments are those of [Unknown.Callee].
	Intrinsic func(name string, args []*Def) *Def

	// External, when set, gives a value to a named term that the files do not determine: a parameter, a
	// free variable, or an attribute of an unknown value; or returns nil.
	External func(u *Unknown) Value

	budget
	sources
	roots  map[*nixexpr.File]*Def
	layers map[*nixexpr.Binding]*layer // by the first binding
	active map[*nixexpr.Lambda]int     // calls under way
	depth  int                         // of values that are being evaluated
	nest   int                         // of expressions that lie in one another
}

// sources are what a program is made of, by name.
type sources struct {
	files  map[string]*nixexpr.File
	data   map[string]DataFile
	values map[string]*Def   // of the data that was read
	links  map[string]string // to what they mean
}

// budget is what an evaluation may cost: values are made when they are asked for, so it is that of all of them
// together.
type budget struct {
	ctx   context.Context
	steps int // left
	check int // steps at which the context is looked at next
	err   error
}

// NewProgram returns a program of files, which are named by their paths below its root, with slashes.
// Evaluation stops when ctx is done.
func NewProgram(ctx context.Context, files []*nixexpr.File) *Program {
	p := &Program{
		budget: budget{ctx: ctx, steps: maxSteps, check: maxSteps},
		sources: sources{
			files: make(map[string]*nixexpr.File, len(files)), data: map[string]DataFile{},
			values: map[string]*Def{}, links: map[string]string{},
		},
		roots:  map[*nixexpr.File]*Def{},
		layers: map[*nixexpr.Binding]*layer{},
		active: map[*nixexpr.Lambda]int{},
	}
	for _, f := range files {
		p.files[f.Name] = f
	}
	return p
}

// AddData adds a file that Nix code may read: the JSON of builtins.fromJSON (builtins.readFile …), or the TOML of
// fromTOML.
func (p *Program) AddData(name string, file DataFile) { p.data[name] = file }

// AddLink adds a symbolic link, of a file or a folder, to another place below the root, which is no link.
func (p *Program) AddLink(name, target string) { p.links[name] = target }

// Err returns why evaluation stopped before its end, so that what was found may not be all: [ErrBudget] or
// the error of the context. It returns nil when nothing stopped it.
func (p *Program) Err() error { return p.err }

// Interrupted reports whether the context of the evaluation is done, for loops that must not stop half-way for any
// other reason. Err tells it afterwards.
func (p *Program) Interrupted() bool {
	if p.err == nil {
		p.err = p.ctx.Err()
	}
	return p.ctx.Err() != nil
}

// Pay takes steps from the budget, for work that a caller does on what it finds, and reports whether it may be
// done. Walking through a file takes about a step for each hundred bytes.
func (p *Program) Pay(steps int) bool { return p.pay(steps) }

// pay takes steps from the budget and reports whether evaluation may go on.
func (b *budget) pay(steps int) bool {
	if b.err != nil {
		return false
	}
	b.steps -= steps
	if b.steps < 0 {
		b.err = ErrBudget
		return false
	}
	if b.steps <= b.check {
		b.check = b.steps - stepsPerCheck
		b.err = b.ctx.Err()
	}
	return b.err == nil
}

// payText pays for text that is copied.
func (b *budget) payText(size int) bool { return b.pay(1 + size/bytesPerStep) }

// payCopy pays for a value whose elements are copied: a chain of operators makes larger and larger ones.
func (p *Program) payCopy(v Value) bool {
	switch v := v.(type) {
	case *Text:
		return p.pay(len(v.Pieces))
	case *List:
		return p.pay(len(v.Elems))
	case *Set:
		return p.pay(len(v.order) + len(v.loose) + len(v.rest))
	}
	return p.pay(1)
}

// follow is the place that a name means: its links replaced by what they stand for.
func (s *sources) follow(name string) string {
	if len(s.links) == 0 {
		return name
	}
	for range maxLinks {
		prefix := name
		for prefix != "." && s.links[prefix] == "" {
			prefix = path.Dir(prefix)
		}
		if prefix == "." {
			return name
		}
		name = path.Join(s.links[prefix], strings.TrimPrefix(name, prefix))
	}
	return name
}

// File returns the file of a name, or nil.
func (p *Program) File(name string) *nixexpr.File { return p.files[p.follow(name)] }

// Root returns the value of a whole file.
func (p *Program) Root(f *nixexpr.File) *Def {
	d := p.roots[f]
	if d == nil {
		d = &Def{File: f, Expr: f.Root}
		p.roots[f] = d
	}
	return d
}

// resolvePath finds the place of a path as written in f.
func (p *Program) resolvePath(f *nixexpr.File, text string) *Path {
	v := &Path{Text: text}
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~") || strings.HasPrefix(text, "<") {
		return v
	}
	name := path.Join(path.Dir(f.Name), text)
	if name == ".." || strings.HasPrefix(name, "../") {
		return v
	}
	v.Name = p.follow(name)
	return v
}

// fileAt is the file that import path reads: nil when the program has no such file.
func (p *Program) fileAt(v *Path) *nixexpr.File {
	if v.Name == "" {
		return nil
	}
	if f := p.File(v.Name); f != nil {
		return f
	}
	return p.File(path.Join(v.Name, "default.nix"))
}

// Import returns the value of the file at a path, or nil when v is no path of a file of the program.
func (p *Program) Import(v Value) *Def {
	if at, ok := v.(*Path); ok {
		if f := p.fileAt(at); f != nil {
			return p.Root(f)
		}
	}
	return nil
}
