package nixexpr

import "path"

func cleanJoin(a, b string) string { return path.Join(a, b) }

// recScope is the scope that the bindings of a let make.
func (p *Program) recScope(f *File, bindings []Binding, sc *env) *env {
	inner, _ := p.layerScope(f, p.layerOf(bindings, false), sc, true)
	return inner
}

// legacyScope is the scope of let { … }, which is a rec set.
func (p *Program) legacyScope(f *File, e *LegacyLet, sc *env) *env {
	inner, _ := p.layerScope(f, p.layerOf(e.Bindings, true), sc, true)
	return inner
}

// layerSet is the value of a set.
func (p *Program) layerSet(f *File, l *layer, sc *env) Value {
	_, v := p.layerScope(f, l, sc, l.rec)
	return v
}

// layerScope makes a set, and the scope that its values stand in: sc itself where the names are no scope.
func (p *Program) layerScope(f *File, l *layer, sc *env, scope bool) (*env, Value) {
	inner := sc
	if scope {
		inner = &env{up: sc, names: map[string]*Def{}}
	}
	s := &Set{}
	put := func(name string, d *Def) {
		s.put(name, d)
		if scope {
			inner.names[name] = d
		}
	}
	var computed []*bound // the names of a scope come first: those that are computed see them and are none of them
	twice := false
	for i := range l.bounds {
		b := &l.bounds[i]
		switch {
		case b.Value == nil:
			p.inherit(f, b.Binding, inner, sc, put)
		case b.attr().Expr == nil:
			put(b.attr().Name, p.boundDef(f, b, inner))
		case scope:
			computed = append(computed, b)
		default:
			twice = !p.compute(f, b, inner, s) || twice
		}
	}
	for _, b := range computed {
		twice = !p.compute(f, b, inner, s) || twice
	}
	if twice && !p.Trusting {
		return inner, &Open{Why: "a set that defines a name twice", Operands: []*Def{Made(s)}}
	}
	if l.rec && s.attrs["__overrides"] != nil {
		return inner, overridden(s, inner)
	}
	return inner, s
}

// compute adds an attribute whose name is computed, and says whether the name is a new one.
func (p *Program) compute(f *File, b *bound, inner *env, s *Set) bool {
	v, _ := p.eval(f, b.attr().Expr, inner)
	p.forces(Made(v))
	if scalar, ok := v.(*Scalar); ok && scalar.Text == "null" {
		return true // Nix takes it for no definition
	}
	if t, ok := v.(*Text); ok {
		if name, ok := t.String(); ok {
			old := s.attrs[name]
			s.put(name, p.boundDef(f, b, inner))
			return old == nil
		}
	}
	s.Loose = append(s.Loose, p.boundDef(f, b, inner))
	return true
}

// overridden is a rec set whose attribute __overrides defines some of the others again, in the set and in
// its scope: none of them is known.
func overridden(s *Set, inner *env) Value {
	o := &Open{Why: "an attribute that __overrides may define again", Operands: []*Def{Made(s)}}
	for name := range inner.names {
		inner.names[name] = Made(&Open{Name: name, Why: o.Why, Operands: o.Operands})
	}
	return o
}

// boundDef is the value of an attribute.
func (p *Program) boundDef(f *File, b *bound, inner *env) *Def {
	d := &Def{File: f, Binding: b.Binding, Attr: b.attr()}
	if b.below == nil {
		d.Expr, d.env = b.Value, inner
		return d
	}
	d.make = func() Value { return p.layerSet(f, b.below, inner) }
	return d
}

// inherit adds the names of inherit … ; and inherit (from) … ;.
func (p *Program) inherit(f *File, b *Binding, inner, outer *env, put func(string, *Def)) {
	var from *Def
	if b.From != nil {
		from = p.thunk(f, b.From, inner)
	}
	for i := range b.Path {
		a := &b.Path[i]
		d := &Def{File: f, Binding: b, Attr: a}
		name := a.Name
		d.make = func() Value {
			var v Value
			if from != nil {
				v, d.next = p.Select(p.Value(from), name, f, a)
			} else {
				v, d.next = p.ident(f, &Ident{Span: a.Span, Name: name}, outer)
			}
			return v
		}
		put(name, d)
	}
}

// text is the value of a string literal.
func (p *Program) text(f *File, e *Str, sc *env) Value {
	t := &Text{}
	if len(e.Parts) == 0 {
		t.Pieces = []Piece{{At: Literal{File: f.Name, Nix: f, Str: e, Part: -1, Span: e.Span}}}
	}
	texts := f.PartTexts(e)
	for i, part := range e.Parts {
		if part.Expr == nil {
			at := Literal{File: f.Name, Nix: f, Str: e, Part: i, Span: e.Span}
			t.Pieces = append(t.Pieces, Piece{Text: texts[i], At: at})
			continue
		}
		v, _ := p.eval(f, part.Expr, sc)
		if inner, ok := v.(*Text); ok {
			t.Pieces = append(t.Pieces, inner.Pieces...)
			continue
		}
		t.Pieces = append(t.Pieces, Piece{Value: v})
	}
	return t
}

// path is the value of a path literal.
func (p *Program) path(f *File, e *Path, sc *env) Value {
	text := ""
	for _, part := range e.Parts {
		if part.Expr == nil {
			text += f.Text(part)
			continue
		}
		v, _ := p.eval(f, part.Expr, sc)
		p.forces(Made(v))
		t, ok := v.(*Text)
		if !ok {
			return &PathValue{Text: f.Text(e)}
		}
		s, ok := t.String()
		if !ok {
			return &PathValue{Text: f.Text(e)}
		}
		text += s
	}
	return p.resolvePath(f, text)
}
