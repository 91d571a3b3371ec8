package nixexpr

import (
	"slices"
	"strings"
)

// env is a scope: names, or the operand of a with.
type env struct {
	up    *env
	names map[string]*Def
	with  *Def
}

// Value evaluates a definition, once.
func (p *Program) Value(d *Def) Value {
	if d.value != nil {
		return d.value
	}
	if d.busy || p.depth >= maxDepth || p.fuel <= 0 {
		o := &Open{Why: "a definition that needs itself, or too deep", File: d.File, Node: nodeOf(d)}
		if !p.Trusting {
			o.Operands = []*Def{d}
		}
		return o
	}
	p.fuel--
	p.depth++
	d.busy = true
	if d.make != nil {
		d.value = d.make()
	} else {
		d.value, d.next = p.eval(d.File, d.Expr, d.env)
	}
	d.busy = false
	p.depth--
	return d.value
}

func nodeOf(d *Def) Node {
	if d.Expr == nil {
		return nil
	}
	return d.Expr
}

// eval evaluates e. The definition is the one that e, a name or a selection, stands for.
func (p *Program) eval(f *File, e Expr, sc *env) (Value, *Def) {
	switch e := e.(type) {
	case *Paren:
		return p.eval(f, e.X, sc)
	case *Ident:
		return p.ident(f, e, sc)
	case *Select:
		return p.selection(f, e, sc)
	case *Let:
		return p.eval(f, e.Body, p.recScope(f, e.Bindings, sc))
	case *LegacyLet:
		inner := p.legacyScope(f, e, sc)
		if d := inner.names["body"]; d != nil {
			return p.Value(d), d
		}
	case *With:
		return p.eval(f, e.Body, &env{up: sc, with: p.thunk(f, e.Scope, sc)})
	case *Assert:
		return p.assertion(f, e, sc)
	case *Apply:
		return p.call(f, e, sc)
	}
	return p.evalPlain(f, e, sc), nil
}

// evalPlain evaluates the expressions that stand for no other definition.
func (p *Program) evalPlain(f *File, e Expr, sc *env) Value {
	switch e := e.(type) {
	case *Number:
		return &Scalar{Text: f.Text(e)}
	case *Str:
		return p.text(f, e, sc)
	case *URI:
		return &Text{Pieces: []Piece{{Text: f.Text(e), At: Literal{File: f.Name, Nix: f, Span: e.Span}}}}
	case *Path:
		return p.path(f, e, sc)
	case *SearchPath:
		return &PathValue{Text: f.Text(e)}
	case *List:
		s := &Seq{}
		for _, x := range e.Elems {
			s.Elems = append(s.Elems, p.thunk(f, x, sc))
		}
		return s
	case *AttrSet:
		return p.layerSet(f, p.layerOf(e.Bindings, e.Rec), sc)
	case *Lambda:
		return &Func{Lambda: e, File: f, env: sc}
	case *If:
		return p.conditional(f, e, sc)
	case *Binary:
		return p.binary(f, e, sc)
	case *Unary:
		if e.Op == OpNot {
			return p.not(f, e, sc)
		}
	}
	return p.operands(f, e, sc)
}

// operands is the term for whatever is not evaluated: its parts are still visited.
func (p *Program) operands(f *File, e Expr, sc *env) Value {
	o := &Open{Why: "a computed value", File: f, Node: e}
	switch e := e.(type) {
	case *Unary:
		o.Operands = []*Def{p.thunk(f, e.X, sc)}
	case *Binary:
		o.Operands = []*Def{p.thunk(f, e.X, sc), p.thunk(f, e.Y, sc)}
	case *HasAttr:
		o.Operands = []*Def{p.thunk(f, e.Set, sc)}
		for i := range e.Path {
			if name := e.Path[i].Expr; name != nil {
				p.forces(p.thunk(f, name, sc))
			}
		}
	}
	return o
}

// assertion evaluates assert cond; body: the body, for where the condition does not hold there is no value.
func (p *Program) assertion(f *File, e *Assert, sc *env) (Value, *Def) {
	if p.Trusting {
		return p.eval(f, e.Body, sc)
	}
	cond := p.thunk(f, e.Cond, sc)
	p.forces(cond)
	if s, ok := p.Value(cond).(*Scalar); ok && s.Text != "true" {
		return &Open{Why: "behind an assertion that fails", File: f, Node: e}, nil
	}
	return p.eval(f, e.Body, sc)
}

func (p *Program) thunk(f *File, e Expr, sc *env) *Def {
	return &Def{File: f, Expr: e, env: sc}
}

// choice is one of alts, or the one that there is. What throws is no value: it says when there is none.
func choice(cond *Def, alts ...Value) Value {
	var all []Value
	for _, a := range alts {
		all = append(all, Alternatives(a)...)
	}
	if kept := slices.DeleteFunc(slices.Clone(all), fails); len(kept) > 0 {
		all = kept
	}
	if len(all) == 1 {
		return all[0]
	}
	if len(all) > maxAlternatives {
		more := &Open{Why: "one of more values than are followed"}
		for _, a := range all[maxAlternatives:] {
			more.Operands = append(more.Operands, Made(a))
		}
		all = append(all[:maxAlternatives:maxAlternatives], more)
	}
	return &Choice{Cond: cond, Alts: all}
}

func (p *Program) conditional(f *File, e *If, sc *env) Value {
	cond := p.thunk(f, e.Cond, sc)
	p.forces(cond)
	if s, ok := p.Value(cond).(*Scalar); ok {
		switch s.Text {
		case "true":
			v, _ := p.eval(f, e.Then, sc)
			return v
		case "false":
			v, _ := p.eval(f, e.Else, sc)
			return v
		}
	}
	if !p.Trusting && settled(p.Value(cond)) {
		return &Open{Why: "a condition that is no boolean", File: f, Node: e}
	}
	a, _ := p.eval(f, e.Then, sc)
	b, _ := p.eval(f, e.Else, sc)
	return choice(cond, a, b)
}

func (p *Program) binary(f *File, e *Binary, sc *env) Value {
	switch e.Op {
	case OpUpdate:
		x, _ := p.eval(f, e.X, sc)
		y, _ := p.eval(f, e.Y, sc)
		if (p.Trusting || !settled(x) && !settled(y)) && p.spend(x) && p.spend(y) {
			return Update(x, y)
		}
	case OpAdd:
		x, _ := p.eval(f, e.X, sc)
		y, _ := p.eval(f, e.Y, sc)
		if p.spend(x) && p.spend(y) {
			if v := p.add(f, x, y); v != nil {
				return v
			}
		}
	case OpConcat:
		x, _ := p.eval(f, e.X, sc)
		y, _ := p.eval(f, e.Y, sc)
		xs, ok1 := x.(*Seq)
		ys, ok2 := y.(*Seq)
		if ok1 && ok2 && p.spend(x) && p.spend(y) {
			return &Seq{Elems: append(append([]*Def{}, xs.Elems...), ys.Elems...)}
		}
	case OpEqual, OpNotEqual, OpAnd, OpOr, OpImpl:
		return p.logic(f, e, sc)
	case OpPipeRight:
		fn, _ := p.eval(f, e.Y, sc)
		return p.Apply(fn, p.thunk(f, e.X, sc), f, e)
	case OpPipeLeft:
		fn, _ := p.eval(f, e.X, sc)
		return p.Apply(fn, p.thunk(f, e.Y, sc), f, e)
	}
	return p.operands(f, e, sc)
}

// spend pays for copying a value: a chain of operators makes larger and larger ones.
func (p *Program) spend(v Value) bool {
	switch v := v.(type) {
	case *Text:
		p.fuel -= len(v.Pieces)
	case *Seq:
		p.fuel -= len(v.Elems)
	case *Set:
		p.fuel -= len(v.order) + len(v.Rest)
	case *Choice:
		p.fuel -= len(v.Alts)
	}
	return p.fuel > 0
}

// settled says that a value is known to be no set.
func settled(v Value) bool {
	switch v.(type) {
	case *Text, *Scalar, *PathValue, *Seq, *Func:
		return true
	}
	return false
}

// add joins strings, or a path and a string.
func (p *Program) add(f *File, x, y Value) Value {
	switch x := x.(type) {
	case *Text:
		if y, ok := y.(*Text); ok {
			return &Text{Pieces: append(append([]Piece{}, x.Pieces...), y.Pieces...)}
		}
		return &Text{Pieces: append(append([]Piece{}, x.Pieces...), Piece{Value: y})}
	case *PathValue:
		if t, ok := y.(*Text); ok {
			if s, ok := t.String(); ok && x.Name != "" {
				return &PathValue{Name: strings.TrimPrefix(cleanJoin(x.Name, s), "/"), Text: x.Text + s}
			}
		}
	}
	return nil
}

// Update is x // y. Where y is not known it may define any of x's attributes again: see [Program.Trusting].
func Update(x, y Value) Value {
	for _, side := range []Value{x, y} {
		if c, ok := side.(*Choice); ok {
			alts := make([]Value, 0, len(c.Alts))
			for _, a := range c.Alts {
				if side == x {
					alts = append(alts, Update(a, y))
				} else {
					alts = append(alts, Update(x, a))
				}
			}
			return choice(c.Cond, alts...)
		}
	}
	out := &Set{}
	for _, v := range []Value{x, y} {
		s, ok := v.(*Set)
		if !ok {
			out.shadow(out.order...)
			out.Rest = append(out.Rest, v)
			continue
		}
		if len(s.Rest)+len(s.Loose) > 0 {
			out.shadow(out.order...)
		}
		for _, n := range s.order {
			out.put(n, s.attrs[n])
			if s.shadowed[n] {
				out.shadow(n)
			} else {
				delete(out.shadowed, n)
			}
		}
		out.Loose = append(out.Loose, s.Loose...)
		out.Rest = append(out.Rest, s.Rest...)
	}
	return out
}
