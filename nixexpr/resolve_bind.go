package nixexpr

import "path"

func cleanJoin(a, b string) string { return path.Join(a, b) }

// recScope is the scope that the bindings of a let make.
func (p *Program) recScope(f *File, bindings []Binding, sc *env) *env {
	inner := &env{up: sc, names: map[string]*Def{}}
	p.fillSet(f, bindings, inner, sc, inner.names)
	return inner
}

// fillSet makes the set of bindings, whose values are evaluated in inner, and what they inherit
// without a source in outer. Names, when given, is inner's table, which gets every name.
func (p *Program) fillSet(f *File, bindings []Binding, inner, outer *env, names map[string]*Def) *Set {
	s := &Set{}
	var nested map[string][]*Binding
	put := func(name string, d *Def) {
		s.put(name, d)
		if names != nil {
			names[name] = d
		}
	}
	for i := range bindings {
		b := &bindings[i]
		switch {
		case b.Value == nil:
			p.inherit(f, b, inner, outer, put)
		case len(b.Path) == 1 && nested[b.Path[0].Name] == nil:
			p.bind(f, b, inner, s, put)
		default:
			if nested == nil {
				nested = map[string][]*Binding{}
			}
			nested[b.Path[0].Name] = append(nested[b.Path[0].Name], b)
			name, ok := p.attrName(f, &b.Path[0], inner)
			if !ok {
				s.Loose = append(s.Loose, p.nestedDef(f, []*Binding{b}, 1, inner))
				continue
			}
			whole := nested[b.Path[0].Name]
			if first := s.attrs[name]; first != nil && first.Binding != nil && len(first.Binding.Path) == 1 {
				whole = append([]*Binding{first.Binding}, whole...)
				nested[b.Path[0].Name] = whole
			}
			put(name, p.nestedDef(f, whole, 1, inner))
		}
	}
	return s
}

// bind adds name = value.
func (p *Program) bind(f *File, b *Binding, inner *env, s *Set, put func(string, *Def)) {
	d := &Def{File: f, Expr: b.Value, Binding: b, Attr: &b.Path[0], env: inner}
	if name, ok := p.attrName(f, &b.Path[0], inner); ok {
		put(name, d)
		return
	}
	s.Loose = append(s.Loose, d)
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

// nestedDef is the value of an attribute that is defined by paths: a.b = 1; a.c.d = 2; a = { … };.
// Depth names of each path are already taken.
func (p *Program) nestedDef(f *File, bindings []*Binding, depth int, sc *env) *Def {
	first := bindings[0]
	d := &Def{File: f, Binding: first, Attr: &first.Path[depth-1]}
	if len(bindings) == 1 && len(first.Path) == depth {
		d.Expr, d.env = first.Value, sc
		return d
	}
	d.make = func() Value {
		s := &Set{}
		groups := map[string][]*Binding{}
		for _, b := range bindings {
			if len(b.Path) == depth {
				v, _ := p.eval(f, b.Value, sc)
				if set, ok := v.(*Set); ok {
					for _, n := range set.order {
						s.put(n, set.attrs[n])
					}
					s.Loose = append(s.Loose, set.Loose...)
				}
				continue
			}
			name, ok := p.attrName(f, &b.Path[depth], sc)
			if !ok {
				s.Loose = append(s.Loose, p.nestedDef(f, []*Binding{b}, depth+1, sc))
				continue
			}
			groups[name] = append(groups[name], b)
			s.put(name, p.nestedDef(f, groups[name], depth+1, sc))
		}
		return s
	}
	return d
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
