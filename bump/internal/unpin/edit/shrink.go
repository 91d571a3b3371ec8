package edit

import (
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// shrink takes the pin's attributes out of a body in which others stay. Where one that stays needs one that goes is
// noted.
func (r *remover) shrink(f *nixexpr.File, body *nixexpr.AttrSet, fns []*nixexpr.Lambda, rest []*nixexpr.Binding) {
	p := r.prunings[f]
	var gone []string
	for i := range body.Bindings {
		b := &body.Bindings[i]
		if slices.Contains(rest, b) {
			gone = append(gone, r.shrinkInherit(p, b)...)
			continue
		}
		names := b.Path
		if b.Value != nil {
			names = names[:1]
		}
		for _, a := range names {
			gone = append(gone, a.Name)
		}
		p.Remove(b)
	}
	for _, b := range rest {
		for _, use := range dependences(body, fns, b, gone) {
			if !p.Gone(use) {
				r.need(f, use, "%s refers to an attribute of the pin", b.Path[0].Name)
			}
		}
	}
}

// shrinkInherit takes the pin's names out of an inherit that has others too.
func (r *remover) shrinkInherit(p *nixexpr.Pruning, b *nixexpr.Binding) []string {
	if b.Value != nil {
		return nil
	}
	var gone []string
	for _, a := range b.Path {
		if a.Expr == nil && r.ownName(a.Name) {
			p.RemoveName(b, a.Name)
			gone = append(gone, a.Name)
		}
	}
	return gone
}

// dependences are the places in a binding that depend on one of the attributes that go: as a variable of a
// recursive set, or as an attribute of the final ones, which are the first of two arguments.
func dependences(body *nixexpr.AttrSet, fns []*nixexpr.Lambda, b *nixexpr.Binding, gone []string) []nixexpr.Node {
	var found []nixexpr.Node
	note := func(n nixexpr.Node) { found = append(found, n) }
	if body.Rec {
		for _, name := range gone {
			nixexpr.Children(b, func(child nixexpr.Node) { nixexpr.Uses(child, name, note) })
		}
	}
	if len(fns) < 2 {
		return found
	}
	final := fns[0]
	if final.Formals != nil {
		for i := range final.Formals.List {
			if name := final.Formals.List[i].Name; slices.Contains(gone, name) {
				nixexpr.Children(b, func(child nixexpr.Node) { nixexpr.Uses(child, name, note) })
			}
		}
	}
	nixexpr.Walk(b, func(n nixexpr.Node) bool {
		s, ok := n.(*nixexpr.Select)
		if !ok {
			return true
		}
		id, ok := s.Set.(*nixexpr.Ident)
		if ok && id.Name == final.Arg && final.Arg != "" && slices.Contains(gone, s.Path[0].Name) {
			note(n)
		}
		return true
	})
	return found
}
