package nixexpr

// known gives the meaning of a call of a builtin, or of what p.Call knows; else nil.
func (p *Program) known(o *Open) *Def {
	name, args := o.Callee()
	switch {
	case !p.Trusting && !o.callsBuiltin():
	case name == "import" && len(args) == 1:
		if d := p.Import(p.Value(args[0])); d != nil {
			return d
		}
	case name == "toString" && len(args) == 1:
		if t, ok := p.Value(args[0]).(*Text); ok {
			return Made(t)
		}
	case name == "fromJSON" && len(args) == 1:
		return p.fromJSON(p.Value(args[0]))
	case name == "map" && len(args) == 2:
		return p.mapList(args[0], args[1])
	case name == "mapAttrs" && len(args) == 2:
		return p.mapSet(o, args[0], args[1])
	}
	if p.Call != nil && name != "" {
		return p.Call(name, args)
	}
	return nil
}

// callsBuiltin says that the function which a term calls is the builtin of its name: a global one, or an
// attribute of builtins. Anybody may have a toString of their own.
func (o *Open) callsBuiltin() bool {
	for o.Fn != nil {
		fn, ok := o.Fn.(*Open)
		if !ok {
			return false
		}
		o = fn
	}
	if base, ok := o.Base.(*Open); ok {
		return base.Base == nil && base.Why == whyFree && base.Name == "builtins"
	}
	return o.Base == nil && o.Why == whyFree && globals[o.Name]
}

// fromJSON is the value of builtins.fromJSON (builtins.readFile ./x.json).
func (p *Program) fromJSON(v Value) *Def {
	o, ok := v.(*Open)
	if !ok {
		return nil
	}
	name, args := o.Callee()
	if name != "readFile" || len(args) != 1 || !p.Trusting && !o.callsBuiltin() {
		return nil
	}
	return p.ReadJSON(p.Value(args[0]))
}

func (p *Program) mapList(fn, list *Def) *Def {
	seq, ok := p.Value(list).(*Seq)
	if !ok {
		return nil
	}
	out := &Seq{}
	for _, d := range seq.Elems {
		out.Elems = append(out.Elems, Lazy(func() Value { return p.Apply(p.Value(fn), d, d.File, nodeOf(d)) }))
	}
	return Made(out)
}

// mapSet is the value of a call of builtins.mapAttrs. What is not known of the set is not known of the result.
func (p *Program) mapSet(call *Open, fn, set *Def) *Def {
	s, ok := p.Value(set).(*Set)
	if !ok {
		return nil
	}
	out := &Set{Rest: s.Rest, shadowed: s.shadowed}
	if !closed(s) && !p.Trusting {
		out.Rest = []Value{call}
	}
	for _, n := range s.order {
		d := s.attrs[n]
		out.put(n, Lazy(func() Value {
			name := Made(&Text{Pieces: []Piece{{Text: n}}})
			return p.Apply(p.Apply(p.Value(fn), name, d.File, nil), d, d.File, nodeOf(d))
		}))
	}
	return Made(out)
}
