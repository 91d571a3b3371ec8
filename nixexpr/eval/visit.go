package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// Visit evaluates everything that the files hold, lambdas with unknown arguments included, and
// calls found once for every term that the source does not determine, outer terms first. Terms
// that stand at the same place are different ones when they are reached with different arguments.
func (p *Program) Visit(found func(*Unknown), files ...*nixexpr.File) {
	v := p.visitor(func(u *Unknown) bool {
		found(u)
		return true
	})
	for _, f := range files {
		v.def(p.Root(f), 0)
	}
}

// Reach visits the terms that val is made of, as Visit does; below a term it goes on only when
// found says so.
func (p *Program) Reach(val Value, found func(*Unknown) bool) {
	p.visitor(found).value(val, 0)
}

func (p *Program) visitor(found func(*Unknown) bool) *visitor {
	return &visitor{p: p, found: found, defs: map[*Def]bool{}, values: map[Value]bool{}}
}

type visitor struct {
	p      *Program
	found  func(*Unknown) bool
	defs   map[*Def]bool
	values map[Value]bool
}

func (v *visitor) def(d *Def, depth int) {
	if d == nil || depth > maxDepth || v.defs[d] {
		return
	}
	v.defs[d] = true
	v.value(v.p.Value(d), depth+1)
}

func (v *visitor) value(val Value, depth int) {
	if val == nil || depth > maxDepth || v.values[val] || !v.p.pay(1) {
		return
	}
	v.values[val] = true
	switch val := val.(type) {
	case *Set:
		v.set(val, depth)
	case *List:
		for _, d := range val.Elems {
			v.def(d, depth)
		}
	case *Text:
		for i := range val.Pieces {
			v.value(val.Pieces[i].Value, depth)
		}
	case *Choice:
		for _, a := range val.Alts {
			v.value(a, depth)
		}
		v.def(val.Cond, depth)
	case *Func:
		v.value(v.p.applyUnknown(val), depth)
	case *Unknown:
		if v.found(val) {
			v.unknown(val, depth)
		}
	}
}

func (v *visitor) set(s *Set, depth int) {
	for _, n := range s.order {
		v.def(s.attrs[n], depth)
	}
	for _, d := range s.loose {
		v.def(d, depth)
	}
	for _, r := range s.rest {
		v.value(r, depth)
	}
}

func (v *visitor) unknown(u *Unknown, depth int) {
	v.value(u.Base, depth)
	v.value(u.Fn, depth)
	v.def(u.Arg, depth)
	for _, d := range u.Operands {
		v.def(d, depth)
	}
}
