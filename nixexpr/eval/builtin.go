package eval

// meaning is the value of a call of a builtin, or of what p.Intrinsic knows; else nil.
func (p *Program) meaning(u *Unknown) *Def {
	name, args := u.Callee()
	switch {
	case name == "import" && len(args) == 1:
		if d := p.Import(p.Value(args[0])); d != nil {
			return d
		}
	case name == "toString" && len(args) == 1:
		if t, ok := p.Value(args[0]).(*Text); ok {
			return Known(t)
		}
	case name == "fromJSON" && len(args) == 1:
		return p.fromJSON(p.Value(args[0]))
	case name == "map" && len(args) == 2:
		return p.mapList(args[0], args[1])
	case name == "mapAttrs" && len(args) == 2:
		return p.mapSet(args[0], args[1])
	}
	if p.Intrinsic != nil && name != "" {
		return p.Intrinsic(name, args)
	}
	return nil
}

// fromJSON is the value of builtins.fromJSON (builtins.readFile ./x.json).
func (p *Program) fromJSON(v Value) *Def {
	u, ok := v.(*Unknown)
	if !ok {
		return nil
	}
	name, args := u.Callee()
	if name != "readFile" || len(args) != 1 {
		return nil
	}
	return p.ReadJSON(p.Value(args[0]))
}

func (p *Program) mapList(fn, list *Def) *Def {
	l, ok := p.Value(list).(*List)
	if !ok || !p.payCopy(l) {
		return nil
	}
	out := &List{Elems: make([]*Def, 0, len(l.Elems))}
	for _, d := range l.Elems {
		out.Elems = append(out.Elems, Thunk(func() Value { return p.Apply(p.Value(fn), d, d.File, d.node()) }))
	}
	return Known(out)
}

// mapSet is the value of a call of builtins.mapAttrs. What is not known of the set is not known of the result.
func (p *Program) mapSet(fn, set *Def) *Def {
	s, ok := p.Value(set).(*Set)
	if !ok || !p.payCopy(s) {
		return nil
	}
	out := &Set{rest: s.rest}
	for _, n := range s.order {
		d := s.attrs[n]
		out.put(n, Thunk(func() Value {
			name := Known(&Text{Pieces: []Piece{{Text: n}}})
			return p.Apply(p.Apply(p.Value(fn), name, d.File, nil), d, d.File, d.node())
		}))
	}
	return Known(out)
}
