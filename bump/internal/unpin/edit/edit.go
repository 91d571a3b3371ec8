// Package edit takes a pin out of a flake: the override that made the package another version than
// nixpkgs', so that nixpkgs' own shows again.
//
// It decides by syntax alone and plans edits; that the package then really is the one without the
// override is for an evaluation to prove. What it cannot take out without touching the meaning of
// something else it refuses, with the place: a wrong removal is worse than a pin that stays.
//
// An override whose attributes are the pin's only is replaced by what it overrides. Where others are left
// only the pin's go. Then everything goes that only those needed: variables of a let, a helper that hands
// its argument through, the binding of an overlay that would only say ollama = prev.ollama. What an
// overlay or a file consists of beyond that stays.
package edit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// A Pin is an override to take out.
type Pin struct {
	File  *nixexpr.File
	Calls []*nixexpr.Apply // the calls of overrideAttrs, X.overrideAttrs Y, that are made with its attributes

	// Literals are the values that the pin consists of, in whatever file. All of them must go with it:
	// where one stays, something else depends on it.
	Literals []Literal

	// Attributes are the names beside version, src and their hashes that belong to the pin: those of
	// its companions. They may stand in passthru.
	Attributes []string
}

// A Literal is a value in a file.
type Literal struct {
	File       string // as nixexpr.File.Name
	Start, End int    // in bytes
	What       string // "version", "src hash"
	Pos        diag.Pos
}

// A Removal is how to take pins out.
type Removal struct {
	Edits map[string][]nixexpr.Edit // by file
	Whole []bool                    // by pin: nothing of its overrideAttrs is left
	Empty []diag.Pos                // sets that nothing is left in; they may go as well

	// Trail takes out the same calls of overrideAttrs, but for those of which other attributes are left, and has
	// each package remember what it comes from in the attribute trailAttr. It is for an evaluation to look at.
	Trail map[string][]nixexpr.Edit
}

// attributes are the names that a pin may set whatever its package is.
var attributes = []string{
	"version", "src", "srcs", "vendorHash", "vendorSha256", "__intentionallyOverridingVersion",
}

// Plan works out how to take all pins out, in one go. The error is a *diag.Error that says what stands
// in the way.
func Plan(files []*nixexpr.File, pins []Pin) (*Removal, error) {
	r := &remover{
		prunings: map[*nixexpr.File]*nixexpr.Pruning{}, trails: map[*nixexpr.File]map[int]nixexpr.Edit{},
	}
	removal := &Removal{Edits: map[string][]nixexpr.Edit{}}
	for _, f := range files {
		r.prunings[f] = f.Prune()
	}
	for i := range pins {
		r.names = append(slices.Clone(attributes), pins[i].Attributes...)
		whole, err := r.remove(&pins[i])
		if err != nil {
			return nil, err
		}
		removal.Whole = append(removal.Whole, whole)
	}
	for _, p := range r.prunings {
		p.RemoveUnused()
	}
	for i := range pins {
		if err := r.allGone(files, &pins[i]); err != nil {
			return nil, err
		}
	}
	if err := r.refusal(); err != nil {
		return nil, err
	}
	for f, p := range r.prunings {
		if edits := p.Edits(); len(edits) > 0 {
			removal.Edits[f.Name] = edits
		}
	}
	removal.Empty, removal.Trail = r.emptied(), r.trailEdits()
	return removal, nil
}

// A remover marks in the files what goes.
type remover struct {
	prunings map[*nixexpr.File]*nixexpr.Pruning
	names    []string // the attributes of the pin in hand
	sets     []setIn  // that lost a binding
	trails   map[*nixexpr.File]map[int]nixexpr.Edit
	needs    []need
}

// setIn is a set of bindings in a file.
type setIn struct {
	file *nixexpr.File
	set  *nixexpr.AttrSet
}

func refuse(f *nixexpr.File, n nixexpr.Node, format string, args ...any) error {
	return diag.At(place(f, n), "remove pin: "+fmt.Sprintf(format, args...), "remove the override by hand")
}

// place is where a node stands.
func place(f *nixexpr.File, n nixexpr.Node) diag.Pos {
	at := f.Position(n.Start())
	return diag.Pos{File: at.File, Line: at.Line, Column: at.Column}
}

// remove takes a pin out, and reports whether nothing of its overrideAttrs is left.
func (r *remover) remove(pin *Pin) (whole bool, err error) {
	if len(pin.Calls) == 0 {
		return false, &diag.Error{
			Text: "remove pin: it is not an override of nixpkgs' package",
			Hint: "use nixpkgs' own package in its place",
		}
	}
	whole = true
	bodies := map[*nixexpr.AttrSet]bool{}
	for _, call := range pin.Calls {
		base, ok := overridden(call)
		if !ok {
			return false, diag.At(place(pin.File, call),
				"remove pin: the flake builds this package by itself, instead of overriding nixpkgs'",
				"use nixpkgs' own package in its place")
		}
		body, fn, err := r.body(pin.File, call)
		if err != nil {
			return false, err
		}
		rest := r.others(body)
		switch {
		case len(rest) == 0:
			r.trail(pin.File, call, base)
			err = r.replace(pin.File, call, base)
		case !bodies[body]:
			r.shrink(pin.File, body, fn, rest)
		}
		if err != nil {
			return false, err
		}
		whole = whole && len(rest) == 0
		bodies[body] = true
	}
	return whole, nil
}

// overridden is X of X.overrideAttrs Y.
func overridden(call *nixexpr.Apply) (nixexpr.Expr, bool) {
	s, ok := call.Fn.(*nixexpr.Select)
	if !ok || s.Default != nil || len(s.Path) == 0 || s.Path[len(s.Path)-1].Name != "overrideAttrs" {
		return nil, false
	}
	return selected(s), true
}

// body is the set of attributes that a call overrides with, and the functions of old or final attributes
// that it stands in.
func (r *remover) body(f *nixexpr.File, call *nixexpr.Apply) (*nixexpr.AttrSet, []*nixexpr.Lambda, error) {
	var fns []*nixexpr.Lambda
	e := call.Arg
	for {
		switch n := e.(type) {
		case *nixexpr.Paren:
			e = n.X
		case *nixexpr.Let:
			e = n.Body
		case *nixexpr.With:
			e = n.Body
		case *nixexpr.Lambda:
			fns = append(fns, n)
			e = n.Body
		case *nixexpr.AttrSet:
			return n, fns, nil
		case *nixexpr.Ident:
			b := r.variable(f, n)
			if b == nil {
				return nil, nil, refuse(f, n, "the attributes are %s, which no let here defines", n.Name)
			}
			e = b.Value
		default:
			return nil, nil, refuse(f, e, "the attributes are not written as one set")
		}
	}
}

// variable is the binding of a let that an identifier refers to, or nil.
func (r *remover) variable(f *nixexpr.File, id *nixexpr.Ident) *nixexpr.Binding {
	let, i := r.scope(f, id)
	if let == nil {
		return nil
	}
	return &let.Bindings[i]
}

// scope is the let that binds an identifier and the number of the binding; nil when it is bound by
// anything else.
func (r *remover) scope(f *nixexpr.File, id *nixexpr.Ident) (*nixexpr.Let, int) {
	p := r.prunings[f]
	for n := p.Parent(id); n != nil; n = p.Parent(n) {
		refers := false
		nixexpr.Uses(n, id.Name, func(use nixexpr.Node) { refers = refers || use == nixexpr.Node(id) })
		if refers {
			continue // not bound yet
		}
		let, ok := n.(*nixexpr.Let)
		if !ok {
			return nil, 0
		}
		for i := range let.Bindings {
			if b := &let.Bindings[i]; b.Value != nil && len(b.Path) == 1 && b.Path[0].Name == id.Name {
				return let, i
			}
		}
		return nil, 0
	}
	return nil, 0
}

// others are the bindings of a body that are not the pin's.
func (r *remover) others(body *nixexpr.AttrSet) []*nixexpr.Binding {
	var list []*nixexpr.Binding
	for i := range body.Bindings {
		if b := &body.Bindings[i]; !r.own(b) {
			list = append(list, b)
		}
	}
	return list
}

// own reports whether a binding defines nothing but attributes of the pin.
func (r *remover) own(b *nixexpr.Binding) bool {
	if b.Value == nil {
		return !slices.ContainsFunc(b.Path, func(a nixexpr.Attr) bool { return a.Expr != nil || !r.ownName(a.Name) })
	}
	first := b.Path[0]
	switch {
	case first.Expr != nil:
		return false
	case len(b.Path) > 1:
		return first.Name == "passthru" && b.Path[1].Expr == nil && r.ownName(b.Path[1].Name) || r.ownName(first.Name)
	case first.Name == "passthru":
		return r.ownSet(b.Value)
	}
	return r.ownName(first.Name)
}

func (r *remover) ownName(name string) bool { return slices.Contains(r.names, name) }

// ownSet reports whether an expression adds nothing but attributes of the pin to a set: { … } or
// old.passthru // { … }.
func (r *remover) ownSet(e nixexpr.Expr) bool {
	switch e := e.(type) {
	case *nixexpr.Paren:
		return r.ownSet(e.X)
	case *nixexpr.Binary:
		return e.Op == nixexpr.OpUpdate && r.ownSet(e.Y)
	case *nixexpr.AttrSet:
		return len(r.others(e)) == 0
	}
	return false
}

// emptied lists the sets of which everything went, and that are still there.
func (r *remover) emptied() []diag.Pos {
	var list []diag.Pos
	for _, s := range r.sets {
		p := r.prunings[s.file]
		left := slices.ContainsFunc(s.set.Bindings, func(b nixexpr.Binding) bool { return !p.Gone(&b) })
		if left || p.Gone(s.set) {
			continue
		}
		if pos := place(s.file, s.set); !slices.Contains(list, pos) {
			list = append(list, pos)
		}
	}
	slices.SortFunc(list, func(a, b diag.Pos) int { return strings.Compare(a.String(), b.String()) })
	return list
}
