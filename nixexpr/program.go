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
	// otherwise: a default for a parameter that no caller is known for, and an attribute that an
	// unknown set on the right of a // might define again. It is for those who prove what they
	// find by evaluation.
	Trusting bool

	// Assume, when set, gives a value to a name that the source does not determine: a parameter,
	// or an attribute selected from such a value; or returns nil.
	Assume func(name string) Value

	files   map[string]*File
	data    map[string][]byte
	links   map[string]string
	roots   map[*File]*Def
	calls   map[*Lambda][]*Def
	active  map[*Lambda]int // calls under way
	fuel    int
	depth   int
	visited bool // Visit has been everywhere: calls knows every call
}

// NewProgram makes a program of files, which are named by their paths below its root, with slashes.
func NewProgram(files []*File) *Program {
	p := &Program{
		files: map[string]*File{}, data: map[string][]byte{}, links: map[string]string{}, fuel: maxFuel,
		roots: map[*File]*Def{}, calls: map[*Lambda][]*Def{}, active: map[*Lambda]int{},
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

// importFile is the value of import path: nil when the program has no such file.
func (p *Program) importFile(v *PathValue) *Def {
	if v.Name == "" {
		return nil
	}
	for _, name := range []string{v.Name, path.Join(v.Name, "default.nix")} {
		if f := p.File(name); f != nil {
			return p.Root(f)
		}
	}
	return nil
}

// Import is the value of the file at a path, or nil when v is no path of a file of the program.
func (p *Program) Import(v Value) *Def {
	if pv, ok := v.(*PathValue); ok {
		return p.importFile(pv)
	}
	return nil
}

// Visit evaluates everything that the files hold, lambdas with unknown arguments included, and
// calls found once for every term that the source does not determine, outer terms first. Terms
// that stand at the same place are different ones when they are reached with different arguments.
// When roots are given, it begins with those files only.
func (p *Program) Visit(found func(*Open), roots ...*File) {
	v := p.visitor(func(o *Open) bool {
		found(o)
		return true
	})
	if len(roots) == 0 {
		roots = p.Files()
	}
	for _, f := range roots {
		v.def(p.Root(f), 0)
	}
}

// Reach visits the terms that val is made of, as Visit does; below a term it goes on only when
// found says so.
func (p *Program) Reach(val Value, found func(*Open) bool) {
	p.visitor(found).value(val, 0)
}

func (p *Program) visitor(found func(*Open) bool) *visitor {
	return &visitor{p: p, found: found, defs: map[*Def]bool{}, values: map[Value]bool{}}
}

type visitor struct {
	p      *Program
	found  func(*Open) bool
	defs   map[*Def]bool
	values map[Value]bool
}

func (v *visitor) def(d *Def, depth int) {
	if d == nil || v.defs[d] || depth > maxDepth {
		return
	}
	v.defs[d] = true
	v.value(v.p.Value(d), depth+1)
}

func (v *visitor) value(val Value, depth int) {
	if val == nil || v.values[val] || depth > maxDepth {
		return
	}
	v.values[val] = true
	switch val := val.(type) {
	case *Set:
		v.set(val, depth)
	case *Seq:
		for _, d := range val.Elems {
			v.def(d, depth)
		}
	case *Text:
		for _, piece := range val.Pieces {
			v.value(piece.Value, depth)
		}
	case *Choice:
		for _, a := range val.Alts {
			v.value(a, depth)
		}
		v.def(val.Cond, depth)
	case *Func:
		v.value(v.p.applyOpen(val), depth)
	case *Open:
		if v.found(val) {
			v.open(val, depth)
		}
	}
}

func (v *visitor) set(s *Set, depth int) {
	for _, n := range s.order {
		v.def(s.attrs[n], depth)
	}
	for _, d := range s.Loose {
		v.def(d, depth)
	}
	for _, r := range s.Rest {
		v.value(r, depth)
	}
}

func (v *visitor) open(o *Open, depth int) {
	v.value(o.Base, depth)
	v.value(o.Fn, depth)
	v.def(o.Arg, depth)
	for _, d := range o.Operands {
		v.def(d, depth)
	}
}
