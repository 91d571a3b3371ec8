package nixexpr

// call evaluates fn arg.
func (p *Program) call(f *File, e *Apply, sc *env) (Value, *Def) {
	fn, _ := p.eval(f, e.Fn, sc)
	arg := p.thunk(f, e.Arg, sc)
	return p.Apply(fn, arg, f, e), nil
}

// Apply is the value of a call. File and node, which may be nil, say where the call stands.
func (p *Program) Apply(fn Value, arg *Def, f *File, at Node) Value {
	if p.depth >= maxDepth || p.fuel <= 0 {
		return &Open{Fn: fn, Arg: arg, Why: "a call nested too deep", File: f, Node: at}
	}
	p.fuel--
	p.depth++
	defer func() { p.depth-- }()
	switch fn := fn.(type) {
	case *Func:
		if p.active[fn.Lambda] >= maxRecursion {
			return &Open{Fn: fn, Arg: arg, Why: "a call nested too deep", File: f, Node: at}
		}
		p.calls[fn.Lambda] = append(p.calls[fn.Lambda], arg)
		p.active[fn.Lambda]++
		v, _ := p.eval(fn.File, fn.Lambda.Body, p.bindArgs(fn, arg))
		p.active[fn.Lambda]--
		return v
	case *Choice:
		alts := make([]Value, 0, len(fn.Alts))
		for _, a := range fn.Alts {
			alts = append(alts, p.Apply(a, arg, f, at))
		}
		return choice(fn.Cond, alts...)
	}
	o := &Open{Fn: fn, Arg: arg, Why: "the result of a function that is not defined here", File: f, Node: at}
	if d := p.known(o); d != nil {
		return p.Value(d)
	}
	return o
}

// applyOpen is the value of a function's body when nothing is known of its argument.
func (p *Program) applyOpen(fn *Func) Value {
	if p.depth >= maxDepth || p.fuel <= 0 {
		return &Open{Why: "a function nested too deep", File: fn.File, Node: fn.Lambda}
	}
	p.fuel--
	v, _ := p.eval(fn.File, fn.Lambda.Body, p.bindArgs(fn, nil))
	return v
}

// bindArgs is the scope of a function's body. A nil arg is one that nothing is known of: its formals
// are then what their defaults say, as callPackage leaves them.
func (p *Program) bindArgs(fn *Func, arg *Def) *env {
	l := fn.Lambda
	sc := &env{up: fn.env, names: map[string]*Def{}}
	if arg == nil {
		arg = Made(p.assume(&Open{Name: l.Arg, Why: whyParameter, File: fn.File, Node: l}))
	}
	if l.Arg != "" {
		sc.names[l.Arg] = arg
	}
	if l.Formals == nil {
		return sc
	}
	for i := range l.Formals.List {
		formal := &l.Formals.List[i]
		sc.names[formal.Name] = p.formal(fn, formal, arg, sc)
	}
	return sc
}

// formal is the value of one formal: the argument's attribute, else its default.
func (p *Program) formal(fn *Func, formal *Formal, arg *Def, sc *env) *Def {
	d := &Def{File: fn.File}
	d.make = func() Value { return p.formalOf(d, fn, formal, p.Value(arg), sc) }
	return d
}

func (p *Program) formalOf(d *Def, fn *Func, formal *Formal, arg Value, sc *env) Value {
	switch arg := arg.(type) {
	case *Set:
		if got := arg.Get(formal.Name); got != nil && p.sure(arg, formal.Name) {
			d.next = got
			return p.Value(got)
		}
	case *Choice:
		alts := make([]Value, 0, len(arg.Alts))
		for _, a := range arg.Alts {
			alts = append(alts, p.formalOf(d, fn, formal, a, sc))
		}
		d.next = nil
		return choice(arg.Cond, alts...)
	}
	if formal.Default != nil && (p.Trusting || closed(arg)) {
		d.next = p.thunk(fn.File, formal.Default, sc)
		return p.Value(d.next)
	}
	if o, ok := arg.(*Open); ok && o.Why == whyParameter {
		return p.assume(&Open{Name: formal.Name, Why: whyParameter, File: fn.File, Node: formal})
	}
	got, _ := p.Select(arg, formal.Name, fn.File, formal)
	return got
}

// closed says that a value has no attributes but those that are known.
func closed(v Value) bool {
	s, ok := v.(*Set)
	return ok && len(s.Rest)+len(s.Loose) == 0
}

const whyParameter = "a parameter"

// known gives the meaning of a call of a builtin, or of what p.Call knows; else nil.
func (p *Program) known(o *Open) *Def {
	name, args := o.Callee()
	switch {
	case name == "import" && len(args) == 1:
		return p.Import(p.Value(args[0]))
	case name == "toString" && len(args) == 1:
		if t, ok := p.Value(args[0]).(*Text); ok {
			return Made(t)
		}
	case name == "fromJSON" && len(args) == 1:
		return p.fromJSON(p.Value(args[0]))
	case name == "map" && len(args) == 2:
		return p.mapList(args[0], args[1])
	case name == "mapAttrs" && len(args) == 2:
		return p.mapSet(args[0], args[1])
	}
	if p.Call != nil && name != "" {
		return p.Call(name, args)
	}
	return nil
}

// fromJSON is the value of builtins.fromJSON (builtins.readFile ./x.json).
func (p *Program) fromJSON(v Value) *Def {
	o, ok := v.(*Open)
	if !ok {
		return nil
	}
	name, args := o.Callee()
	if name != "readFile" || len(args) != 1 {
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

func (p *Program) mapSet(fn, set *Def) *Def {
	s, ok := p.Value(set).(*Set)
	if !ok {
		return nil
	}
	out := &Set{Rest: s.Rest}
	for _, n := range s.order {
		d := s.attrs[n]
		out.put(n, Lazy(func() Value {
			name := Made(&Text{Pieces: []Piece{{Text: n}}})
			return p.Apply(p.Apply(p.Value(fn), name, d.File, nil), d, d.File, nodeOf(d))
		}))
	}
	return Made(out)
}

// Fix is the value of fn applied to its own result over rest, as finalAttrs: { … } means it, and
// then to more, as finalAttrs: prevAttrs: { … } does.
func (p *Program) Fix(fn Value, rest Value, more ...*Def) Value {
	var result *Def
	self := Lazy(func() Value { return Update(rest, p.Value(result)) })
	result = Lazy(func() Value {
		v := p.Apply(fn, self, nil, nil)
		for _, arg := range more {
			v = p.Apply(v, arg, nil, nil)
		}
		return v
	})
	return p.Value(result)
}
