package nixexpr

import "strings"

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
		return &Open{Why: "a definition that needs itself, or too deep", File: d.File, Node: nodeOf(d)}
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
		inner := p.recScope(f, e.Bindings, sc)
		if d := inner.names["body"]; d != nil {
			return p.Value(d), d
		}
	case *With:
		return p.eval(f, e.Body, &env{up: sc, with: p.thunk(f, e.Scope, sc)})
	case *Assert:
		v, d := p.eval(f, e.Body, sc)
		return v, d
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
		if e.Rec {
			inner := &env{up: sc, names: map[string]*Def{}}
			return p.fillSet(f, e.Bindings, inner, sc, inner.names)
		}
		return p.fillSet(f, e.Bindings, sc, sc, nil)
	case *Lambda:
		return &Func{Lambda: e, File: f, env: sc}
	case *If:
		return p.conditional(f, e, sc)
	case *Binary:
		return p.binary(f, e, sc)
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
	}
	return o
}

func (p *Program) thunk(f *File, e Expr, sc *env) *Def {
	return &Def{File: f, Expr: e, env: sc}
}

// ident looks a variable up: in the scopes around it first, then in the withs, the innermost
// first. A with whose operand is not known may define the name: then it is that with's, unless
// another one further out might be meant, which the term's Why tells.
func (p *Program) ident(f *File, e *Ident, sc *env) (Value, *Def) {
	for s := sc; s != nil; s = s.up {
		if d := s.names[e.Name]; d != nil {
			return p.Value(d), d
		}
	}
	switch e.Name {
	case "true", "false", "null":
		return &Scalar{Text: e.Name}, nil
	}
	var unknown Value
	for s := sc; s != nil; s = s.up {
		if s.with == nil {
			continue
		}
		for _, v := range Alternatives(p.Value(s.with)) {
			set, ok := v.(*Set)
			if ok && set.Get(e.Name) != nil && unknown == nil && p.sure(set, e.Name) {
				d := set.Get(e.Name)
				return p.Value(d), d
			}
			if ok && set.Get(e.Name) == nil && len(set.Rest) == 0 {
				continue
			}
			if unknown != nil {
				return &Open{Name: e.Name, Why: "a name that more than one with may define", File: f, Node: e}, nil
			}
			unknown = v
		}
	}
	if unknown != nil {
		return p.assume(&Open{Name: e.Name, Base: unknown, Why: "a name of a with", File: f, Node: e}), nil
	}
	return p.assume(&Open{Name: e.Name, Why: "a free variable", File: f, Node: e}), nil
}

// selection evaluates a.b.c or d.
func (p *Program) selection(f *File, e *Select, sc *env) (Value, *Def) {
	v, d := p.eval(f, e.Set, sc)
	for i := range e.Path {
		name, ok := p.attrName(f, &e.Path[i], sc)
		if !ok {
			v, d = p.anyOf(v, f, e), nil
			continue
		}
		v, d = p.Select(v, name, f, e)
	}
	if e.Default == nil {
		return v, d
	}
	if o, ok := v.(*Open); ok {
		fallback, fd := p.eval(f, e.Default, sc)
		if o.Why == whyMissing {
			return fallback, fd
		}
		return choice(nil, o, fallback), nil
	}
	return v, d
}

// anyOf is the attribute of v whose name is not known: any of them.
func (p *Program) anyOf(v Value, f *File, at Node) Value {
	s, ok := v.(*Set)
	if !ok || len(s.order) == 0 || len(s.order) > maxAlternatives || len(s.Rest)+len(s.Loose) > 0 {
		return &Open{Base: v, Why: "an attribute whose name is computed", File: f, Node: at}
	}
	alts := make([]Value, 0, len(s.order))
	for _, n := range s.order {
		alts = append(alts, p.Value(s.attrs[n]))
	}
	return choice(nil, alts...)
}

const whyMissing = "an attribute that the set does not have"

// Select is the attribute name of v. File and node, which may be nil, say where it is asked for.
func (p *Program) Select(v Value, name string, f *File, at Node) (Value, *Def) {
	switch v := v.(type) {
	case *Set:
		if d := v.attrs[name]; d != nil {
			if !p.sure(v, name) {
				return &Open{Name: name, Base: v, Why: "an attribute that an unknown operand of // may define again", File: f, Node: at}, nil
			}
			return p.Value(d), d
		}
		if len(v.Rest) == 0 {
			return &Open{Name: name, Base: v, Why: whyMissing, File: f, Node: at}, nil
		}
		return p.Select(v.Rest[len(v.Rest)-1], name, f, at)
	case *Choice:
		alts := make([]Value, 0, len(v.Alts))
		for _, a := range v.Alts {
			got, _ := p.Select(a, name, f, at)
			if o, ok := got.(*Open); ok && o.Why == whyMissing {
				continue
			}
			alts = append(alts, got)
		}
		if len(alts) > 0 {
			return choice(v.Cond, alts...), nil
		}
	}
	return p.assume(&Open{Name: name, Base: v, Why: "an attribute of a value that is not known", File: f, Node: at}), nil
}

// sure says that an attribute which a set has is not defined again by something unknown.
func (p *Program) sure(s *Set, name string) bool { return p.Trusting || !s.shadowed[name] }

// assume is the value that p.Assume gives to the name of o, or o.
func (p *Program) assume(o *Open) Value {
	if p.Assume != nil {
		if v := p.Assume(o.Name); v != nil {
			return v
		}
	}
	return o
}

// choice is one of alts, or the one that there is.
func choice(cond *Def, alts ...Value) Value {
	if len(alts) == 1 {
		return alts[0]
	}
	c := &Choice{Cond: cond}
	for _, a := range alts {
		c.Alts = append(c.Alts, Alternatives(a)...)
	}
	if len(c.Alts) > maxAlternatives {
		c.Alts = c.Alts[:maxAlternatives]
	}
	return c
}

func (p *Program) attrName(f *File, a *Attr, sc *env) (string, bool) {
	if a.Expr == nil {
		return a.Name, true
	}
	v, _ := p.eval(f, a.Expr, sc)
	if t, ok := v.(*Text); ok {
		return t.String()
	}
	return "", false
}

func (p *Program) conditional(f *File, e *If, sc *env) Value {
	cond := p.thunk(f, e.Cond, sc)
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
	a, _ := p.eval(f, e.Then, sc)
	b, _ := p.eval(f, e.Else, sc)
	return choice(cond, a, b)
}

func (p *Program) binary(f *File, e *Binary, sc *env) Value {
	switch e.Op {
	case OpUpdate:
		x, _ := p.eval(f, e.X, sc)
		y, _ := p.eval(f, e.Y, sc)
		if p.spend(x) && p.spend(y) {
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
