package nixexpr

// callers is what is known of who calls the functions of a program, beside the calls that are evaluated.
type callers struct {
	visited  bool             // everything has been evaluated: the calls are all there
	lost     bool             // something was too deep to be visited: there may be more
	escaped  map[*Lambda]bool // functions that something unknown may call
	imported map[*File]bool
	forced   []*Def // what Nix evaluates though no value is made of it
}

// forces notes that Nix evaluates d on the way to something else, as it does with a condition. Where d hands
// a function to something unknown, that may call it.
func (p *Program) forces(d *Def) {
	if !p.Trusting && !p.visited {
		p.forced = append(p.forced, d)
	}
}

// visitCallers evaluates everything that may be evaluated, once. A function that is reached as a value, in what a file
// yields or as a part of something that is not known, has callers that are not known. But what an imported
// file yields, its importers get: their use of it counts.
func (p *Program) visitCallers() {
	if p.visited {
		return
	}
	v := p.visitor(func(*Open) bool { return true })
	v.escape = true
	files := p.Files()
	named := p.namedFiles(files)
	for _, f := range files {
		if f.Name == "flake.nix" && !named[f] {
			v.entry(f)
		}
	}
	for _, f := range files {
		if !named[f] && !p.imported[f] {
			v.entry(f)
		}
	}
	var rest []*File // named in what is never evaluated, or by each other only
	for _, f := range files {
		if !p.imported[f] {
			rest = append(rest, f)
		}
	}
	for _, f := range rest {
		v.entry(f)
	}
	p.visited, p.forced = true, nil
}

// namedFiles are the files that a path in another one leads to.
func (p *Program) namedFiles(files []*File) map[*File]bool {
	named := map[*File]bool{}
	for _, f := range files {
		Walk(f.Root, func(n Node) bool {
			path, ok := n.(*Path)
			if !ok || len(path.Parts) != 1 || path.Parts[0].Expr != nil {
				return true
			}
			if to := p.fileAt(p.resolvePath(f, f.Text(path))); to != nil && to != f {
				named[to] = true
			}
			return false
		})
	}
	return named
}

// entry visits a file that somebody outside evaluates, with what is forced on the way.
func (v *visitor) entry(f *File) {
	v.def(v.p.Root(f), 0)
	for len(v.p.forced) > 0 {
		d := v.p.forced[0]
		v.p.forced = v.p.forced[1:]
		v.onTheWay(v.p.Value(d), 0)
	}
}

// onTheWay visits a value of which nothing is kept: what is not known of it may have called functions.
func (v *visitor) onTheWay(val Value, depth int) {
	switch val := val.(type) {
	case *Open:
		v.value(val, depth)
	case *Choice:
		for _, a := range Alternatives(val) {
			v.onTheWay(a, depth)
		}
	case *Text:
		for _, piece := range val.Pieces {
			if piece.Value != nil {
				v.onTheWay(piece.Value, depth)
			}
		}
	case *Set:
		for _, r := range val.Rest {
			v.value(r, depth)
		}
	}
}

// file visits the file at a path that somebody unknown may import.
func (v *visitor) file(at *PathValue, depth int) {
	if f := v.p.fileAt(at); f != nil {
		v.def(v.p.Root(f), depth)
	}
}
