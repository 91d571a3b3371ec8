package edit

import (
	"maps"
	"regexp"
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// trailAttr is the attribute in which a package says, in a flake that is edited by Removal.Trail, what it comes from:
// set, the package set that it was taken from, or null; name, its name there; overrides, the arguments of every
// .override since, in order.
const trailAttr = "__unpinned"

// laysTrail is a function of the package set, the name and the package, of which .override is remembered.
const laysTrail = `(set: name: package: let trail = overrides: p: p // { ` + trailAttr +
	` = { inherit set name overrides; }; override = args: trail (overrides ++ [ args ]) (p.override args); }; ` +
	`in trail [ ] package)`

// isName matches the names of packages that mean themselves in quotes.
var isName = regexp.MustCompile(`^[\w-]+$`)

// trail takes an override out where nothing is tidied up, and has what it overrode remember what is made of it.
func (r *remover) trail(f *nixexpr.File, call *nixexpr.Apply, base nixexpr.Expr) {
	edits := r.trails[f]
	if edits == nil {
		edits = map[int]nixexpr.Edit{}
		r.trails[f] = edits
	}
	add := func(start, end int, text string) {
		e, ok := edits[start]
		edits[start] = nixexpr.Edit{Start: start, End: max(end, e.End), New: e.New + text}
		if ok && e.New == text {
			edits[start] = e // two calls with one package
		}
	}
	for _, x := range r.origins(f, base, map[*nixexpr.Ident]bool{}) {
		set, name := "null", "null"
		if s, ok := x.(*nixexpr.Select); ok && s.Default == nil && isName.MatchString(s.Path[len(s.Path)-1].Name) {
			set, name = f.Text(selected(s)), `"`+s.Path[len(s.Path)-1].Name+`"`
		}
		add(x.Start(), x.Start(), "("+laysTrail+" ("+set+"\n) "+name+" (")
		add(x.End(), x.End(), "\n))")
	}
	add(base.End(), call.End(), "")
}

// origins are the packages that an expression makes others of by .override alone, where they are written: it is
// followed through variables, and out of a helper to what it is called with, each place once.
func (r *remover) origins(f *nixexpr.File, e nixexpr.Expr, seen map[*nixexpr.Ident]bool) []nixexpr.Expr {
	e = nixexpr.Unparen(e)
	switch n := e.(type) {
	case *nixexpr.Apply:
		if s, ok := n.Fn.(*nixexpr.Select); ok && s.Default == nil && s.Path[len(s.Path)-1].Name == "override" {
			return r.origins(f, selected(s), seen)
		}
	case *nixexpr.Ident:
		if seen[n] {
			return nil
		}
		seen[n] = true
		if b := r.variable(f, n); b != nil {
			return r.origins(f, b.Value, seen)
		}
		if args := r.arguments(f, n); len(args) > 0 {
			var list []nixexpr.Expr
			for _, arg := range args {
				list = append(list, r.origins(f, arg, seen)...)
			}
			return list
		}
	}
	return []nixexpr.Expr{e}
}

// selected is what the last name of a selection is selected from.
func selected(s *nixexpr.Select) nixexpr.Expr {
	n := len(s.Path) - 1
	if n == 0 {
		return s.Set
	}
	path := s.Path[:n]
	return &nixexpr.Select{Span: nixexpr.Span{From: s.From, To: path[n-1].To}, Set: s.Set, Path: path}
}

// arguments are what a helper is called with, of which an identifier is the argument; none where it may be anything.
func (r *remover) arguments(f *nixexpr.File, id *nixexpr.Ident) []nixexpr.Expr {
	p := r.prunings[f]
	for n := p.Parent(id); n != nil; n = p.Parent(n) {
		helper, ok := n.(*nixexpr.Lambda)
		if !ok || helper.Arg != id.Name {
			continue
		}
		let, name := helperOf(p, helper)
		if let == nil {
			return nil
		}
		var args []nixexpr.Expr
		for _, use := range usesIn(let, name) {
			if call, ok := p.Parent(use).(*nixexpr.Apply); ok && nixexpr.Node(call.Fn) == use {
				args = append(args, call.Arg)
			}
		}
		return args
	}
	return nil
}

// helperOf is the let that a function is a variable of, and its name there; nil when it is none.
func helperOf(p *nixexpr.Pruning, helper *nixexpr.Lambda) (*nixexpr.Let, string) {
	b, ok := bindingOf(p, helper)
	if !ok || len(b.Path) != 1 || b.Path[0].Expr != nil {
		return nil, ""
	}
	let, _ := p.Parent(b).(*nixexpr.Let)
	return let, b.Path[0].Name
}

// usesIn lists the places in a let that refer to one of its variables.
func usesIn(let *nixexpr.Let, name string) []nixexpr.Node {
	var uses []nixexpr.Node
	note := func(n nixexpr.Node) { uses = append(uses, n) }
	// A let hides its own variables from Uses, so that its parts are looked at one by one.
	for i := range let.Bindings {
		nixexpr.Uses(&let.Bindings[i], name, note)
	}
	nixexpr.Uses(let.Body, name, note)
	return slices.Compact(uses)
}

// trailEdits are the edits of all files that leave trails.
func (r *remover) trailEdits() map[string][]nixexpr.Edit {
	all := map[string][]nixexpr.Edit{}
	for f, edits := range r.trails {
		all[f.Name] = slices.Collect(maps.Values(edits))
	}
	return all
}
