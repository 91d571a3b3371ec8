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
		r.shrinkPassthru(f, fns, b)
		for _, use := range dependences(body, fns, b, gone) {
			if !p.Gone(use) {
				r.need(f, use, "%s refers to an attribute of the pin", b.Path[0].Name)
			}
		}
	}
}

// shrinkPassthru takes the pin's attributes out of a passthru that has others too.
func (r *remover) shrinkPassthru(f *nixexpr.File, fns []*nixexpr.Lambda, b *nixexpr.Binding) {
	if b.Value == nil || len(b.Path) != 1 || b.Path[0].Name != "passthru" {
		return
	}
	e := nixexpr.Unparen(b.Value)
	if update, ok := e.(*nixexpr.Binary); ok && update.Op == nixexpr.OpUpdate {
		e = nixexpr.Unparen(update.Y)
	}
	set, ok := e.(*nixexpr.AttrSet)
	if !ok {
		return
	}
	rest := r.others(set)
	r.shrink(f, set, nil, rest)
	// what stays in the body may take them from the final attributes
	for i := range set.Bindings {
		own := &set.Bindings[i]
		if slices.Contains(rest, own) || own.Value == nil || len(fns) < 2 {
			continue
		}
		nixexpr.Walk(fns[len(fns)-1].Body, func(n nixexpr.Node) bool {
			s, ok := n.(*nixexpr.Select)
			if !ok || r.prunings[f].Gone(s) {
				return true
			}
			id, ok := s.Set.(*nixexpr.Ident)
			if ok && id.Name == fns[0].Arg && len(s.Path) > 1 && s.Path[0].Name == "passthru" &&
				s.Path[1].Name == own.Path[0].Name {
				r.need(f, s, "this needs passthru.%s of the pin", own.Path[0].Name)
			}
			return true
		})
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
