package nixexpr

import "strings"

// call evaluates fn arg.
func (p *Program) call(f *File, e *Apply, sc *env) (Value, *Def) {
	fn, _ := p.eval(f, e.Fn, sc)
	arg := p.thunk(f, e.Arg, sc)
	return p.Apply(fn, arg, f, e), nil
}

// Apply is the value of a call. File and node, which may be nil, say where the call stands.
func (p *Program) Apply(fn Value, arg *Def, f *File, at Node) Value {
	if p.depth >= maxDepth || p.fuel <= 0 {
		return p.tooDeep(fn, arg, f, at)
	}
	p.fuel--
	p.depth++
	defer func() { p.depth-- }()
	switch fn := fn.(type) {
	case *Func:
		if p.active[fn.Lambda] >= maxRecursion {
			return p.tooDeep(fn, arg, f, at)
		}
		if !p.Trusting && !p.takes(fn.Lambda, arg) {
			return &Open{Fn: fn, Arg: arg, Why: "a call with arguments that the function does not take", File: f, Node: at}
		}
		if !p.visited {
			p.calls[fn.Lambda] = append(p.calls[fn.Lambda], arg)
		}
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

// tooDeep is the term for a call that is not followed. Whatever it would call is called with unknown arguments.
func (p *Program) tooDeep(fn Value, arg *Def, f *File, at Node) Value {
	o := &Open{Fn: fn, Arg: arg, Why: "a call nested too deep", File: f, Node: at}
	p.forces(Made(o))
	return o
}

// takes says whether Nix may call a function with an argument: a set that has what the formals need, and
// nothing else without an ellipsis. Nix evaluates the argument for that.
func (p *Program) takes(l *Lambda, arg *Def) bool {
	if l.Formals == nil {
		return true
	}
	p.forces(arg)
	for _, v := range Alternatives(p.Value(arg)) {
		if set, ok := v.(*Set); ok && l.Formals.take(set) || !ok && !settled(v) && !hopeless(v) {
			return true
		}
	}
	return false
}

// hopeless says that Nix finds no value at all where a term stands.
func hopeless(v Value) bool {
	o, ok := v.(*Open)
	return ok && (o.Why == whyMissing || o.Why == whyFree && !globals[o.Name] && !strings.HasPrefix(o.Name, "__"))
}

func (fs *Formals) take(s *Set) bool {
	known := 0
	for i := range fs.List {
		has := s.Get(fs.List[i].Name) != nil
		if !has && fs.List[i].Default == nil && closed(s) {
			return false
		}
		if has {
			known++
		}
	}
	return fs.Ellipsis || known == len(s.order)
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
