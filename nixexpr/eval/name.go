package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// globals are the names that Nix itself defines. They win over those of a with.
var globals = map[string]bool{
	"abort": true, "baseNameOf": true, "break": true, "builtins": true, "derivation": true, "derivationStrict": true,
	"dirOf": true, "false": true, "fetchGit": true, "fetchMercurial": true, "fetchTarball": true, "fetchTree": true,
	"fromTOML": true, "import": true, "isNull": true, "map": true, "null": true, "placeholder": true,
	"removeAttrs": true, "scopedImport": true, "throw": true, "toString": true, "true": true,
}

// ident looks a variable up: in the scopes around it first, then among what Nix defines, then in the withs.
func (p *Program) ident(f *nixexpr.File, e *nixexpr.Ident, sc *env) (Value, *Def) {
	hops := 0
	for s := sc; s != nil; s = s.up {
		if d := p.own(s, e.Name); d != nil {
			p.pay(hops / hopsPerStep)
			return p.Value(d), d
		}
		hops++
	}
	p.pay(hops / hopsPerStep)
	switch e.Name {
	case "true", "false", "null":
		return &Scalar{Text: e.Name}, nil
	}
	if !globals[e.Name] {
		if v, d := p.ofWith(f, e, sc); v != nil {
			return v, d
		}
	}
	return p.external(&Unknown{Name: e.Name, Reason: FreeVariable, File: f, Node: e}), nil
}

// ofWith is the value that the withs of a scope give a name, the innermost first: the first that has it
// defines it. It returns nil when none has it or may have it.
func (p *Program) ofWith(f *nixexpr.File, e *nixexpr.Ident, sc *env) (Value, *Def) {
	var unknown Value
	for s := sc; s != nil; s = s.up {
		if s.with == nil || !p.pay(1) {
			continue
		}
		for _, v := range Alternatives(p.Value(s.with)) {
			set, ok := v.(*Set)
			if ok && set.Get(e.Name) != nil && unknown == nil {
				d := set.Get(e.Name)
				return p.Value(d), d
			}
			if ok && set.Get(e.Name) == nil && len(set.rest) == 0 {
				continue
			}
			if unknown != nil {
				return &Unknown{Name: e.Name, Reason: FromSeveralWith, File: f, Node: e}, nil
			}
			unknown = v
		}
	}
	if unknown == nil {
		return nil, nil
	}
	return p.external(&Unknown{Name: e.Name, Base: unknown, Reason: FromWith, File: f, Node: e}), nil
}

// selection evaluates a.b.c or d.
func (p *Program) selection(f *nixexpr.File, e *nixexpr.Select, sc *env) (Value, *Def) {
	v, d := p.eval(f, e.Set, sc)
	for i := range e.Path {
		name, ok := p.attrName(f, &e.Path[i], sc)
		if !ok {
			v, d = p.anyOf(v, f, e), nil
			continue
		}
		v, d = p.sel(v, name, f, e)
	}
	if e.Default == nil {
		return v, d
	}
	if u, ok := v.(*Unknown); ok {
		fallback, fd := p.eval(f, e.Default, sc)
		if u.Reason == MissingAttr {
			return fallback, fd
		}
		return choice(nil, u, fallback), nil
	}
	return v, d
}

// anyOf is the attribute of v whose name is not known: any of them.
func (p *Program) anyOf(v Value, f *nixexpr.File, at nixexpr.Node) Value {
	s, ok := v.(*Set)
	if !ok || len(s.order) == 0 || len(s.order) > maxAlternatives || !closed(s) {
		return &Unknown{Base: v, Reason: ComputedAttr, File: f, Node: at}
	}
	alts := make([]Value, 0, len(s.order))
	for _, n := range s.order {
		alts = append(alts, p.Value(s.attrs[n]))
	}
	return choice(nil, alts...)
}

// sel is the attribute name of v. File and node say where it is asked for.
func (p *Program) sel(v Value, name string, f *nixexpr.File, at nixexpr.Node) (Value, *Def) {
	if !p.pay(1) {
		return &Unknown{Name: name, Base: v, Reason: TooDeep, File: f, Node: at}, nil
	}
	switch v := v.(type) {
	case *Set:
		switch d := v.attrs[name]; {
		case d != nil:
			return p.Value(d), d
		case len(v.rest) > 0:
			return p.sel(v.rest[len(v.rest)-1], name, f, at)
		}
		return &Unknown{Name: name, Base: v, Reason: MissingAttr, File: f, Node: at}, nil
	case *Choice:
		alts := make([]Value, 0, len(v.Alts))
		for _, a := range v.Alts {
			got, _ := p.sel(a, name, f, at)
			if u, ok := got.(*Unknown); ok && u.Reason == MissingAttr {
				continue
			}
			alts = append(alts, got)
		}
		if len(alts) > 0 {
			return choice(v.Cond, alts...), nil
		}
	}
	return p.external(&Unknown{Name: name, Base: v, Reason: AttrOfUnknown, File: f, Node: at}), nil
}

// external is the value that p.External gives to u, or u.
func (p *Program) external(u *Unknown) Value {
	if p.External != nil {
		if v := p.External(u); v != nil {
			return v
		}
	}
	return u
}

// attrName is the name of an attribute in a path, and whether it is known.
func (p *Program) attrName(f *nixexpr.File, a *nixexpr.Attr, sc *env) (string, bool) {
	if a.Expr == nil {
		return a.Name, true
	}
	v, _ := p.eval(f, a.Expr, sc)
	return p.known(v)
}
