package nixexpr

// globals are the names that Nix itself defines. They win over those of a with.
var globals = map[string]bool{
	"abort": true, "baseNameOf": true, "break": true, "builtins": true, "derivation": true, "derivationStrict": true,
	"dirOf": true, "false": true, "fetchGit": true, "fetchMercurial": true, "fetchTarball": true, "fetchTree": true,
	"fromTOML": true, "import": true, "isNull": true, "map": true, "null": true, "placeholder": true,
	"removeAttrs": true, "scopedImport": true, "throw": true, "toString": true, "true": true,
}

const whyFree = "a free variable"

// ident looks a variable up: in the scopes around it first, then among what Nix defines, then in the withs.
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
	var v Value
	var d *Def
	switch {
	case globals[e.Name]:
	case p.Trusting:
		v, d = p.trustedWith(f, e, sc)
	default:
		v, d = p.ofWith(f, e, sc)
	}
	if v == nil {
		v = p.assume(&Open{Name: e.Name, Why: whyFree, File: f, Node: e})
	}
	return v, d
}

// ofWith is the value that the withs of a scope give a name, the innermost first: nil when none has it. A with
// that may lack the name leaves the choice to those around it. One whose operand is not known may define it:
// then it is that with's, unless another one further out might be meant, which the term's Why tells.
func (p *Program) ofWith(f *File, e *Ident, sc *env) (Value, *Def) {
	for sc != nil && sc.with == nil {
		sc = sc.up
	}
	if sc == nil {
		return nil, nil
	}
	var outer Value
	asked := false
	further := func() Value {
		if !asked {
			asked = true
			outer, _ = p.ofWith(f, e, sc.up)
		}
		return outer
	}
	var alts []Value
	var d *Def
	for _, v := range Alternatives(p.Value(sc.with)) {
		set, _ := v.(*Set)
		switch {
		case set != nil && set.Get(e.Name) != nil && p.sure(set, e.Name):
			d = set.Get(e.Name)
			alts = append(alts, p.Value(d))
		case closed(v) && set.Get(e.Name) == nil:
			if further() != nil {
				alts = append(alts, further())
			}
		case further() != nil:
			why := "a name that more than one with may define"
			alts = append(alts, &Open{Name: e.Name, Why: why, Operands: []*Def{Made(v), Made(further())}, File: f, Node: e})
		default:
			alts = append(alts, p.assume(&Open{Name: e.Name, Base: v, Why: "a name of a with", File: f, Node: e}))
		}
	}
	switch len(alts) {
	case 0:
		return nil, nil
	case 1:
		return alts[0], d
	}
	return choice(sc.with, alts...), nil
}

// trustedWith is ofWith where what is written counts: the first with that has the name defines it.
func (p *Program) trustedWith(f *File, e *Ident, sc *env) (Value, *Def) {
	var unknown Value
	for s := sc; s != nil; s = s.up {
		if s.with == nil {
			continue
		}
		for _, v := range Alternatives(p.Value(s.with)) {
			set, ok := v.(*Set)
			if ok && set.Get(e.Name) != nil && unknown == nil {
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
	if unknown == nil {
		return nil, nil
	}
	return p.assume(&Open{Name: e.Name, Base: unknown, Why: "a name of a with", File: f, Node: e}), nil
}

// selection evaluates a.b.c or d.
func (p *Program) selection(f *File, e *Select, sc *env) (Value, *Def) {
	v, d := p.eval(f, e.Set, sc)
	if e.Default != nil && !p.Trusting {
		return p.orDefault(f, e, sc, picked{v: v, d: d})
	}
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

// picked is one of the values that a selection with a default may have.
type picked struct {
	v      Value
	d      *Def
	absent bool // it is none: the default counts
	has    bool // it is the attribute's, whatever it is: the default does not count
}

// orDefault evaluates a selection with a default, which counts for each value that may lack the attribute.
func (p *Program) orDefault(f *File, e *Select, sc *env, set picked) (Value, *Def) {
	list := spread(set)
	for i := range e.Path {
		name, ok := p.attrName(f, &e.Path[i], sc)
		var next []picked
		for _, it := range list {
			switch {
			case it.absent:
				next = append(next, it)
			case ok:
				next = append(next, p.pick(it.v, name, f, e)...)
			default:
				next = append(next, picked{v: p.anyOf(it.v, f, e)}, picked{absent: true})
			}
		}
		list = next
	}
	var alts []Value
	needed := false
	for _, it := range list {
		if !it.absent {
			alts = append(alts, it.v)
		}
		needed = needed || it.absent || !it.has && isOpen(it.v)
	}
	if len(list) == 1 && !needed {
		return list[0].v, list[0].d
	}
	if !needed {
		return choice(nil, alts...), nil
	}
	fallback, fd := p.eval(f, e.Default, sc)
	if len(alts) == 0 {
		return fallback, fd
	}
	return choice(nil, append(alts, fallback)...), nil
}

func isOpen(v Value) bool {
	_, ok := v.(*Open)
	return ok
}

// spread takes a choice apart.
func spread(it picked) []picked {
	if _, ok := it.v.(*Choice); !ok {
		return []picked{it}
	}
	var list []picked
	for _, a := range Alternatives(it.v) {
		list = append(list, picked{v: a, has: it.has})
	}
	return list
}

// pick selects a name of a value that is no choice.
func (p *Program) pick(v Value, name string, f *File, at Node) []picked {
	set, ok := v.(*Set)
	if settled(v) || ok && closed(v) && set.Get(name) == nil {
		return []picked{{absent: true}}
	}
	got, d := p.Select(v, name, f, at)
	return spread(picked{v: got, d: d, has: ok && set.Get(name) != nil && p.sure(set, name)})
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
		return p.selectOf(v, name, f, at)
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

func (p *Program) selectOf(s *Set, name string, f *File, at Node) (Value, *Def) {
	o := &Open{Name: name, Base: s, Why: whyMissing, File: f, Node: at}
	switch d := s.attrs[name]; {
	case d != nil && p.sure(s, name):
		return p.Value(d), d
	case d != nil:
		o.Why = "an attribute that an unknown operand of // may define again"
		return o, nil
	case len(s.Rest) > 0:
		v, d := p.Select(s.Rest[len(s.Rest)-1], name, f, at)
		if rest, ok := v.(*Open); ok && !p.Trusting { // any of s.Rest may define it
			all := *rest
			all.Operands = append([]*Def{Made(s)}, rest.Operands...)
			return &all, nil
		}
		return v, d
	case len(s.Loose) > 0 && !p.Trusting:
		o.Why = "an attribute that a computed name may stand for"
	}
	return o, nil
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

// attrName is the name of an attribute in a path, and whether it is known.
func (p *Program) attrName(f *File, a *Attr, sc *env) (string, bool) {
	if a.Expr == nil {
		return a.Name, true
	}
	v, _ := p.eval(f, a.Expr, sc)
	p.forces(Made(v))
	if t, ok := v.(*Text); ok {
		return t.String()
	}
	return "", false
}
