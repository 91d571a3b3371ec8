package nixexpr

import (
	"path"
	"sort"
	"strings"
)

// Bounds on the evaluation: files written by people stay far below them, and nothing that is
// written to exhaust them costs more than a moment.
const (
	maxDepth        = 400     // nested evaluations
	maxFuel         = 1 << 19 // expressions evaluated in one program
	maxRecursion    = 4       // calls of one function within each other
	maxAlternatives = 16      // values of one choice
	maxLinks        = 40      // symbolic links on the way to one file
)

// A Program is a set of files that import one another. It evaluates them symbolically: what
// the files define is known, everything else (inputs, nixpkgs, the caller's arguments) stays an
// [Open] term. Nothing is read from disk.
type Program struct {
	// Call, when set, gives the meaning of a call of a function that the files do not
	// define, or returns nil. The callee's name and arguments are those of [Open.Callee].
	Call func(name string, args []*Def) *Def

	// Trusting takes what is written for what counts where something unknown might say
	// otherwise: a default for a parameter that no caller is known for, an attribute that an unknown
	// set on the right of a // might define again, the first of several withs or values that have a
	// name, a function of a builtin's name for that builtin, and the calls in the program for all
	// calls. It is for those who prove what they find by evaluation.
	Trusting bool

	// Assume, when set, gives a value to a name that the source does not determine: a parameter,
	// or an attribute selected from such a value; or returns nil.
	Assume func(name string) Value

	files  map[string]*File
	data   map[string][]byte
	links  map[string]string
	roots  map[*File]*Def
	layers map[*Binding]*layer // by the first binding
	calls  map[*Lambda][]*Def
	active map[*Lambda]int // calls under way
	fuel   int
	depth  int
	callers
}

// NewProgram makes a program of files, which are named by their paths below its root, with slashes.
func NewProgram(files []*File) *Program {
	p := &Program{
		files: map[string]*File{}, data: map[string][]byte{}, links: map[string]string{}, fuel: maxFuel,
		roots: map[*File]*Def{}, calls: map[*Lambda][]*Def{}, active: map[*Lambda]int{},
		layers: map[*Binding]*layer{}, callers: callers{escaped: map[*Lambda]bool{}, imported: map[*File]bool{}},
	}
	for _, f := range files {
		p.files[f.Name] = f
	}
	return p
}

// AddData adds a file that Nix code may read: the JSON of builtins.fromJSON (builtins.readFile …).
func (p *Program) AddData(name string, src []byte) { p.data[name] = src }

// AddLink adds a symbolic link, of a file or a folder, to another place below the root, which is no link.
func (p *Program) AddLink(name, target string) { p.links[name] = target }

// follow is the place that a name means: its links replaced by what they stand for.
func (p *Program) follow(name string) string {
	if len(p.links) == 0 {
		return name
	}
	for range maxLinks {
		prefix := name
		for prefix != "." && p.links[prefix] == "" {
			prefix = path.Dir(prefix)
		}
		if prefix == "." {
			return name
		}
		name = path.Join(p.links[prefix], strings.TrimPrefix(name, prefix))
	}
	return name
}

// Files lists the program's files by name.
func (p *Program) Files() []*File {
	list := make([]*File, 0, len(p.files))
	for _, f := range p.files {
		list = append(list, f)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// File returns the file of a name, or nil.
func (p *Program) File(name string) *File { return p.files[p.follow(name)] }

// Exhausted says that evaluation stopped at its bound: what was found may not be all.
func (p *Program) Exhausted() bool { return p.fuel <= 0 }

// Root is the value of a whole file.
func (p *Program) Root(f *File) *Def {
	d := p.roots[f]
	if d == nil {
		d = &Def{File: f, Expr: f.Root}
		p.roots[f] = d
	}
	return d
}

// resolvePath finds the place of a path as written in f.
func (p *Program) resolvePath(f *File, text string) *PathValue {
	v := &PathValue{Text: text}
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
func (p *Program) fileAt(v *PathValue) *File {
	if v.Name == "" {
		return nil
	}
	if f := p.File(v.Name); f != nil {
		return f
	}
	return p.File(path.Join(v.Name, "default.nix"))
}

// Import is the value of the file at a path, or nil when v is no path of a file of the program.
func (p *Program) Import(v Value) *Def {
	if pv, ok := v.(*PathValue); ok {
		if f := p.fileAt(pv); f != nil {
			p.imported[f] = true
			return p.Root(f)
		}
	}
	return nil
}
