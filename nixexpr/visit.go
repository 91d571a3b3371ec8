package nixexpr

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
	escape bool // note the functions and files that are reached
	found  func(*Open) bool
	defs   map[*Def]bool
	values map[Value]bool
}

func (v *visitor) def(d *Def, depth int) {
	if depth > maxDepth {
		v.p.lost = true
		return
	}
	if d == nil || v.defs[d] {
		return
	}
	v.defs[d] = true
	v.value(v.p.Value(d), depth+1)
}

func (v *visitor) value(val Value, depth int) {
	if depth > maxDepth {
		v.p.lost = true
		return
	}
	if val == nil || v.values[val] {
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
	case *PathValue:
		if v.escape {
			v.file(val, depth)
		}
	case *Func:
		if v.escape {
			v.p.escaped[val.Lambda] = true
		}
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
