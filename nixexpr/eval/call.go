package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// Apply returns the value of a call. A nil argument is one that nothing is known of. File and node, which may be nil,
// say where the call stands.
func (p *Program) Apply(fn Value, arg *Def, f *nixexpr.File, at nixexpr.Node) Value {
	if p.depth >= maxDepth || !p.pay(1) {
		return &Unknown{Fn: fn, Arg: arg, Reason: TooDeep, File: f, Node: at}
	}
	p.depth++
	defer func() { p.depth-- }()
	switch fn := fn.(type) {
	case *Func:
		if p.active[fn.Lambda] >= maxRecursion {
			return &Unknown{Fn: fn, Arg: arg, Reason: TooDeep, File: f, Node: at}
		}
		p.active[fn.Lambda]++
		v, _ := p.eval(fn.File, fn.Lambda.Body, p.bindArgs(fn, arg))
		p.active[fn.Lambda]--
		return v
	case *Choice:
		return fn.each(func(a Value) Value { return p.Apply(a, arg, f, at) })
	}
	u := &Unknown{Fn: fn, Arg: arg, Reason: CallOfUnknown, File: f, Node: at}
	if d := p.meaning(u); d != nil {
		return p.Value(d)
	}
	return u
}

// applyUnknown is the value of a function's body when nothing is known of its argument.
func (p *Program) applyUnknown(fn *Func) Value {
	if p.depth >= maxDepth || !p.pay(1) {
		return &Unknown{Reason: TooDeep, File: fn.File, Node: fn.Lambda}
	}
	v, _ := p.eval(fn.File, fn.Lambda.Body, p.bindArgs(fn, nil))
	return v
}

// bindArgs is the scope of a function's body. A nil arg is one that nothing is known of: its formals
// are then what their defaults say, as callPackage leaves them.
func (p *Program) bindArgs(fn *Func, arg *Def) *env {
	l := fn.Lambda
	sc := &env{up: fn.env, names: map[string]*Def{}}
	if arg == nil {
		arg = Known(p.external(&Unknown{Name: l.Arg, Reason: Parameter, File: fn.File, Node: l}))
	}
	if l.Arg != "" {
		sc.names[l.Arg] = arg
	}
	if l.Formals == nil || !p.pay(len(l.Formals.List)) {
		return sc
	}
	for i := range l.Formals.List {
		formal := &l.Formals.List[i]
		sc.names[formal.Name] = p.formal(fn, formal, arg, sc)
	}
	return sc
}

// formal is the value of one formal: the argument's attribute, else its default.
func (p *Program) formal(fn *Func, formal *nixexpr.Formal, arg *Def, sc *env) *Def {
	d := &Def{File: fn.File}
	d.make = func() Value { return p.formalOf(d, fn, formal, p.Value(arg), sc) }
	return d
}

func (p *Program) formalOf(d *Def, fn *Func, formal *nixexpr.Formal, arg Value, sc *env) Value {
	switch arg := arg.(type) {
	case *Set:
		if got := arg.Get(formal.Name); got != nil {
			d.next = got
			return p.Value(got)
		}
	case *Choice:
		v := arg.each(func(a Value) Value { return p.formalOf(d, fn, formal, a, sc) })
		d.next = nil
		return v
	}
	if formal.Default != nil {
		d.next = thunk(fn.File, formal.Default, sc)
		return p.Value(d.next)
	}
	if u, ok := arg.(*Unknown); ok && u.Reason == Parameter {
		return p.external(&Unknown{Name: formal.Name, Reason: Parameter, File: fn.File, Node: formal})
	}
	got, _ := p.sel(arg, formal.Name, fn.File, formal)
	return got
}

// Fix returns the value of fn applied to its own result over rest, as finalAttrs: { … } means it, and
// then to more, as finalAttrs: prevAttrs: { … } does.
func (p *Program) Fix(fn Value, rest Value, more ...*Def) Value {
	var result *Def
	self := Thunk(func() Value { return p.Update(rest, p.Value(result)) })
	result = Thunk(func() Value {
		v := p.Apply(fn, self, nil, nil)
		for _, arg := range more {
			v = p.Apply(v, arg, nil, nil)
		}
		return v
	})
	return p.Value(result)
}
