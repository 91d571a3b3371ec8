package nixexpr

// Uses calls f with each place below n that refers to the variable name of the scope in which n stands:
// an *Ident, or the *Attr of an inherit. Places where a function, a let or a recursive set has a variable
// of the same name of its own are left out. A with never hides a variable of a scope, so that it makes no
// difference here.
func Uses(n Node, name string, f func(Node)) {
	switch n := n.(type) {
	case *Ident:
		if n.Name == name {
			f(n)
		}
	case *Lambda:
		if !n.binds(name) {
			Children(n, func(child Node) { Uses(child, name, f) })
		}
	case *AttrSet:
		usesInSet(n.Bindings, nil, n.Rec, name, f)
	case *Let:
		usesInSet(n.Bindings, n.Body, true, name, f)
	case *LegacyLet:
		usesInSet(n.Bindings, nil, true, name, f)
	default:
		Children(n, func(child Node) { Uses(child, name, f) })
	}
}

// usesInSet is [Uses] for bindings and the body behind them. A plain inherit takes from outside of the
// set, even where the set's names are variables.
func usesInSet(bindings []Binding, body Expr, recursive bool, name string, f func(Node)) {
	hidden := recursive && binds(bindings, name)
	for i := range bindings {
		b := &bindings[i]
		switch {
		case b.Value == nil && b.From == nil:
			for j := range b.Path {
				if attr := &b.Path[j]; attr.Expr == nil && attr.Name == name {
					f(attr)
				}
			}
		case !hidden:
			Children(b, func(child Node) { Uses(child, name, f) })
		}
	}
	if body != nil && !hidden {
		Uses(body, name, f)
	}
}

func (l *Lambda) binds(name string) bool {
	if l.Arg == name {
		return true
	}
	if l.Formals == nil {
		return false
	}
	for i := range l.Formals.List {
		if l.Formals.List[i].Name == name {
			return true
		}
	}
	return false
}

// binds reports whether the bindings make a variable of the name where they are recursive.
func binds(bindings []Binding, name string) bool {
	for i := range bindings {
		for _, attr := range bindings[i].names() {
			if attr.Expr == nil && attr.Name == name {
				return true
			}
		}
	}
	return false
}

// names are the names that the binding defines: those of an inherit, else the first of its path.
func (b *Binding) names() []Attr {
	if b.Value == nil {
		return b.Path
	}
	return b.Path[:1]
}
