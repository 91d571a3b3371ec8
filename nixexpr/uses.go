package nixexpr

import "slices"

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
		if _, hidden := Binds(n, name); !hidden {
			Children(n, func(child Node) { Uses(child, name, f) })
		}
	case *AttrSet:
		usesInSet(n, n.Bindings, nil, name, f)
	case *Let:
		usesInSet(n, n.Bindings, n.Body, name, f)
	case *LegacyLet:
		usesInSet(n, n.Bindings, nil, name, f)
	default:
		Children(n, func(child Node) { Uses(child, name, f) })
	}
}

// usesInSet is [Uses] for the bindings of a node and the body behind them. A plain inherit takes from outside of the
// set, even where the set's names are variables.
func usesInSet(n Node, bindings []Binding, body Expr, name string, f func(Node)) {
	_, hidden := Binds(n, name)
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

// Binds reports whether a node has a variable of the name of its own: a function, a let or a recursive set. It
// returns the variable's binding, nil for the argument of a function.
func Binds(n Node, name string) (b *Binding, ok bool) {
	switch n := n.(type) {
	case *Lambda:
		return nil, n.Arg == name ||
			n.Formals != nil && slices.ContainsFunc(n.Formals.List, func(f Formal) bool { return f.Name == name })
	case *Let:
		return bindingOf(n.Bindings, name)
	case *LegacyLet:
		return bindingOf(n.Bindings, name)
	case *AttrSet:
		if n.Rec {
			return bindingOf(n.Bindings, name)
		}
	}
	return nil, false
}

// bindingOf returns the binding that defines a name.
func bindingOf(bindings []Binding, name string) (b *Binding, ok bool) {
	for i := range bindings {
		for _, attr := range bindings[i].names() {
			if attr.Expr == nil && attr.Name == name {
				return &bindings[i], true
			}
		}
	}
	return nil, false
}

// names are the names that the binding defines: those of an inherit, else the first of its path.
func (b *Binding) names() []Attr {
	if b.Value == nil {
		return b.Path
	}
	return b.Path[:1]
}
