package edit

import (
	"github.com/nixtars/ollama-bump/nixexpr"
)

// replace puts what is overridden in the place of a call, and takes out what that makes needless.
func (r *remover) replace(f *nixexpr.File, call *nixexpr.Apply, base nixexpr.Expr) error {
	p := r.prunings[f]
	if p.Gone(call) {
		return nil
	}
	p.Replace(call, base)
	return r.tidy(f, call, base)
}

// tidy looks at what a call that is now base stands in: a helper that hands its argument through, or a
// binding that repeats what the overlay overrides.
func (r *remover) tidy(f *nixexpr.File, call, base nixexpr.Expr) error {
	p := r.prunings[f]
	base = nixexpr.Unparen(base)
	slot := outermost(p, call)
	switch parent := p.Parent(slot).(type) {
	case *nixexpr.Lambda:
		if id, ok := base.(*nixexpr.Ident); ok && parent.Arg == id.Name && parent.Formals == nil {
			return r.inline(f, parent)
		}
	case *nixexpr.Binding:
		if set, ok := p.Parent(parent).(*nixexpr.AttrSet); ok && repeats(p, set, parent, base) {
			p.Remove(parent)
			r.sets = append(r.sets, setIn{f, set})
		}
	}
	return nil
}

// outermost is an expression with the parentheses around it, and the lets that only it needs.
func outermost(p *nixexpr.Pruning, e nixexpr.Expr) nixexpr.Expr {
	for {
		switch parent := p.Parent(e).(type) {
		case *nixexpr.Paren:
			e = parent
			continue
		case *nixexpr.Let:
			if nixexpr.Node(parent.Body) == nixexpr.Node(e) && onlyFor(p, parent) {
				e = parent
				continue
			}
		}
		return e
	}
}

// onlyFor reports whether nothing that stays refers to a variable of a let, of which all would go.
func onlyFor(p *nixexpr.Pruning, let *nixexpr.Let) bool {
	for i := range let.Bindings {
		b := &let.Bindings[i]
		names := b.Path
		if b.Value != nil {
			names = names[:1]
		}
		for _, name := range names {
			used, kept := false, false
			nixexpr.Uses(let.Body, name.Name, func(n nixexpr.Node) { used, kept = true, kept || !p.Gone(n) })
			if name.Expr != nil || kept || !used && !usedBeside(let, i, name.Name) {
				return false
			}
		}
	}
	return true
}

// usedBeside reports whether another binding of a let refers to one of its variables.
func usedBeside(let *nixexpr.Let, which int, name string) bool {
	used := false
	for i := range let.Bindings {
		if i != which {
			nixexpr.Uses(&let.Bindings[i], name, func(nixexpr.Node) { used = true })
		}
	}
	return used
}

// repeats reports whether a binding of an overlay says of a package only that it is the one that the
// overlay is applied to: ollama = prev.ollama.
func repeats(p *nixexpr.Pruning, set *nixexpr.AttrSet, b *nixexpr.Binding, base nixexpr.Expr) bool {
	s, ok := base.(*nixexpr.Select)
	if !ok || s.Default != nil || len(s.Path) != len(b.Path) || set.Rec {
		return false
	}
	prev, ok := s.Set.(*nixexpr.Ident)
	if !ok {
		return false
	}
	for i, name := range s.Path {
		if name.Expr != nil || b.Path[i].Expr != nil || name.Name != b.Path[i].Name {
			return false
		}
	}
	return overlaid(p, set) == prev.Name
}

// overlaid is the name of the packages that an overlay is applied to, when the set is what an overlay
// returns: prev of final: prev: { … }, pkgs of packageOverrides = pkgs: { … }. Else it is empty.
func overlaid(p *nixexpr.Pruning, set *nixexpr.AttrSet) string {
	n := nixexpr.Node(set)
	for {
		switch parent := p.Parent(n).(type) {
		case *nixexpr.Paren:
		case *nixexpr.Let:
			if nixexpr.Node(parent.Body) != n {
				return ""
			}
		case *nixexpr.With:
			if nixexpr.Node(parent.Body) != n {
				return ""
			}
		case *nixexpr.Lambda:
			outer, ok := p.Parent(parent).(*nixexpr.Lambda)
			if ok && outer.Arg != parent.Arg {
				return parent.Arg
			}
			if b, ok := bindingOf(p, parent); ok && b.Path[len(b.Path)-1].Name == "packageOverrides" {
				return parent.Arg
			}
			return ""
		default:
			return ""
		}
		n = p.Parent(n)
	}
}

// bindingOf is the binding whose value an expression is, but for parentheses.
func bindingOf(p *nixexpr.Pruning, e nixexpr.Expr) (*nixexpr.Binding, bool) {
	n := p.Parent(e)
	for {
		paren, ok := n.(*nixexpr.Paren)
		if !ok {
			break
		}
		n = p.Parent(paren)
	}
	b, ok := n.(*nixexpr.Binding)
	return b, ok && b.Value != nil
}

// inline takes out the calls of a helper that hands its argument through, drv: drv, and with the last one
// the helper.
func (r *remover) inline(f *nixexpr.File, helper *nixexpr.Lambda) error {
	p := r.prunings[f]
	if b, ok := bindingOf(p, helper); !ok || len(b.Path) != 1 || b.Path[0].Expr != nil {
		return refuse(f, helper, "the override is a function that is used where it stands")
	}
	let, name := helperOf(p, helper)
	if let == nil {
		return refuse(f, helper, "the override is a function that other files may call")
	}
	for _, use := range usesIn(let, name) {
		call, ok := p.Parent(use).(*nixexpr.Apply)
		if !ok || nixexpr.Node(call.Fn) != use {
			return refuse(f, use, "%s is not called here with the package that it overrides", name)
		}
		if err := r.replace(f, call, call.Arg); err != nil {
			return err
		}
	}
	return nil
}
