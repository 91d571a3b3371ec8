package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// env is a scope: the names of a function, a let or a rec set, or the operand of a with.
type env struct {
	up    *env
	names map[string]*Def
	let   *letNames // further names, of a let
	with  *Def
}

// letNames makes the names of a let when they are asked for: a function with a large let is often called
// for a few of them.
type letNames struct {
	file  *nixexpr.File
	layer *layer
	from  map[*nixexpr.Binding]*Def
}

// own returns what sc itself, not a scope around it, has as a name, or nil.
func (p *Program) own(sc *env, name string) *Def {
	if d := sc.names[name]; d != nil || sc.let == nil {
		return d
	}
	i, ok := sc.let.layer.index[name]
	if !ok {
		return nil
	}
	d := p.boundDef(sc.let.file, &sc.let.layer.bounds[i], sc, sc.up, sc.let.from)
	sc.names[name] = d
	return d
}

// letScope is the scope that the bindings of a let make.
func (p *Program) letScope(f *nixexpr.File, l *layer, sc *env) *env {
	let := &letNames{file: f, layer: l, from: map[*nixexpr.Binding]*Def{}}
	return &env{up: sc, names: map[string]*Def{}, let: let}
}

// legacyLet is the value of let { …; body = …; }, which is an attribute of a rec set.
func (p *Program) legacyLet(f *nixexpr.File, e *nixexpr.LegacyLet, sc *env) (Value, *Def) {
	inner, _ := p.layerScope(f, p.layerOf(e.Bindings, true), sc)
	if d := inner.names["body"]; d != nil {
		return p.Value(d), d
	}
	return computed(f, e, sc), nil
}

// attrSet is the value of a set.
func (p *Program) attrSet(f *nixexpr.File, l *layer, sc *env) Value {
	_, v := p.layerScope(f, l, sc)
	return v
}

// layerScope makes a set, and the scope that its values stand in: sc itself unless it is a rec set.
func (p *Program) layerScope(f *nixexpr.File, l *layer, sc *env) (*env, Value) {
	inner := sc
	if l.rec {
		inner = &env{up: sc, names: make(map[string]*Def, len(l.bounds))}
	}
	if !p.pay(len(l.bounds)) {
		return inner, &Unknown{Reason: TooDeep, File: f}
	}
	s := &Set{}
	from := map[*nixexpr.Binding]*Def{}
	var later []*bound // computed names see the names of a scope and are none of them
	for i := range l.bounds {
		b := &l.bounds[i]
		switch {
		case b.attr().Expr == nil:
			d := p.boundDef(f, b, inner, sc, from)
			s.put(b.attr().Name, d)
			if l.rec {
				inner.names[b.attr().Name] = d
			}
		case l.rec:
			later = append(later, b)
		default:
			p.putComputed(f, b, inner, s)
		}
	}
	for _, b := range later {
		p.putComputed(f, b, inner, s)
	}
	if l.rec && s.attrs["__overrides"] != nil {
		return inner, overridden(s, inner)
	}
	return inner, s
}

// putComputed adds an attribute whose name is computed.
func (p *Program) putComputed(f *nixexpr.File, b *bound, inner *env, s *Set) {
	v, _ := p.eval(f, b.attr().Expr, inner)
	if scalar, ok := v.(*Scalar); ok && scalar.Text == "null" {
		return // Nix takes it for no definition
	}
	d := p.boundDef(f, b, inner, inner, nil)
	if name, ok := p.known(v); ok {
		s.put(name, d)
		return
	}
	s.loose = append(s.loose, d)
}

// overridden is a rec set whose attribute __overrides defines some of the others again, in the set and in
// its scope: none of them is known.
func overridden(s *Set, inner *env) Value {
	u := &Unknown{Reason: Overrides, Operands: []*Def{Known(s)}}
	for name := range inner.names {
		inner.names[name] = Known(&Unknown{Name: name, Reason: Overrides, Operands: u.Operands})
	}
	return u
}

// boundDef is the value of an attribute of a set or let. Its values stand in the scope inner; what is
// inherited without (…) is that of the scope outer. From holds the operands of the inherit (…).
func (p *Program) boundDef(f *nixexpr.File, b *bound, inner, outer *env, from map[*nixexpr.Binding]*Def) *Def {
	d := &Def{File: f, Binding: b.Binding, Attr: b.attr()}
	switch {
	case b.below != nil:
		d.make = func() Value { return p.attrSet(f, b.below, inner) }
	case b.Value != nil:
		d.Expr, d.env = b.Value, inner
	case b.From != nil:
		set := from[b.Binding]
		if set == nil {
			set = thunk(f, b.From, inner)
			from[b.Binding] = set
		}
		d.make = func() (v Value) {
			v, d.next = p.sel(p.Value(set), d.Attr.Name, f, d.Attr)
			return v
		}
	default:
		d.make = func() (v Value) {
			v, d.next = p.ident(f, &nixexpr.Ident{Span: d.Attr.Span, Name: d.Attr.Name}, outer)
			return v
		}
	}
	return d
}
