// Package unpin removes pins that nixpkgs has overtaken. It plans the edits, and proves by an evaluation that every
// output that showed a pin shows nixpkgs' own package then.
package unpin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/unpin/edit"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// byHand is what to do where no program can remove a pin.
const byHand = "remove it by hand"

// A Flake is what pins are removed from.
type Flake struct {
	Found *pin.Found
	Files *pin.Files
	Asker Asker
}

// Asker answers questions about the flake; see probe.Bench.
type Asker interface {
	Ask(ctx context.Context, q probe.Question) (probe.Answer, error)
	Explain(ctx context.Context, err error) error
}

// A Removal is the flake without pins.
type Removal struct {
	Changes    []source.Change
	Outputs    []string // that were evaluated
	Facts      []string // what was proved of them
	NixVersion string
	Warnings   []string // of what is left behind
}

// State returns the flake without the pins, for Nix to look at.
func (r *Removal) State() probe.State { return edited(r.Changes) }

// Removable returns those pins that edits can take out, and of the others what stands in the way. Pins that share a
// literal go together or not at all.
func (f *Flake) Removable(pins []probe.Shown) (can []probe.Shown, obstacles []*diag.Error, err error) {
	for _, group := range f.Found.Bound() {
		var going []probe.Shown
		for _, p := range pins {
			if slices.Contains(group, p.Pin) {
				going = append(going, p)
			}
		}
		if len(going) == 0 {
			continue
		}
		var obstacle *diag.Error
		switch _, err := f.plan(going); {
		case errors.As(err, &obstacle):
			obstacles = append(obstacles, obstacle)
		case err != nil:
			return nil, nil, err
		default:
			can = append(can, going...)
		}
	}
	return can, obstacles, nil
}

// Remove works out the files without pins, and proves that each output that showed one shows nixpkgs' own package then.
// What stands in the way is a *diag.Error.
func (f *Flake) Remove(ctx context.Context, pins []probe.Shown) (*Removal, error) {
	plan, err := f.plan(pins)
	if err != nil {
		return nil, err
	}
	changes, err := f.changes(plan.Edits)
	if err != nil {
		return nil, err
	}
	made := &Removal{Changes: changes, Warnings: leftovers(plan, changes)}
	p := proof{shown: pins, whole: plan.Whole, removed: edited(changes)}
	if trail, err := f.changes(plan.Trail); err == nil { // else less is proved
		p.trail = edited(trail)
	}
	if err := f.prove(ctx, p, made); err != nil {
		return nil, err
	}
	return made, nil
}

// plan works out how to take pins out of the files.
func (f *Flake) plan(pins []probe.Shown) (*edit.Removal, error) {
	overrides := make([]edit.Pin, 0, len(pins))
	for _, p := range pins {
		made, err := f.override(p.Pin)
		if err != nil {
			return nil, err
		}
		overrides = append(overrides, made)
	}
	files := make([]*nixexpr.File, 0, len(f.Files.Nix))
	for _, code := range f.Files.Nix {
		files = append(files, code)
	}
	slices.SortFunc(files, func(a, b *nixexpr.File) int { return strings.Compare(a.Name, b.Name) })
	return edit.Plan(files, overrides)
}

// changes edits files.
func (f *Flake) changes(edits map[string][]nixexpr.Edit) ([]source.Change, error) {
	var changes []source.Change
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		out, err := f.Files.Edit(name, edits[name])
		if err != nil {
			return nil, err
		}
		changes = append(changes, source.Change{File: name, Old: f.Files.Source(name), New: out})
	}
	return changes, nil
}

// override is a pin as package edit takes it. Only an override of nixpkgs' package can be removed: what a pin of
// another kind leaves behind would be no package.
func (f *Flake) override(p *pin.Pin) (edit.Pin, error) {
	if in := p.Input(); in != nil {
		return edit.Pin{}, diag.At(p.Pos, "remove pin: its source is the input "+in.Name,
			"remove the override and the input by hand")
	}
	made := edit.Pin{}
	for _, c := range f.Found.Package.Companions {
		made.Attributes = append(made.Attributes, c.Attr, c.VersionAttr)
	}
	for _, c := range f.Found.Calls(p) {
		call, ok := c.Node.(*nixexpr.Apply)
		if !ok || made.File != nil && made.File != c.File {
			return made, diag.At(p.Pos, "remove pin: it is written in a way that is not known here", byHand)
		}
		made.File, made.Calls = c.File, append(made.Calls, call)
	}
	for _, id := range p.Slots() {
		s := f.Found.Slot(id)
		if s.Start < s.End {
			made.Literals = append(made.Literals, edit.Literal{
				File: s.File, Start: s.Start, End: s.End, What: string(s.Field), Pos: s.Pos,
			})
		}
	}
	return made, nil
}

// leftovers says what a removal leaves empty.
func leftovers(plan *edit.Removal, changes []source.Change) []string {
	var list []string
	for _, at := range plan.Empty {
		list = append(list, fmt.Sprintf("%s: this set is empty now and can be removed as well", at))
	}
	for _, c := range changes {
		if len(bytes.TrimSpace(c.New)) == 0 {
			list = append(list, fmt.Sprintf("%s: this file is empty now and can be removed as well", c.File))
		}
	}
	return list
}

// Unshown says which pins no output shows: of those nothing proves that their removal is right.
func (f *Flake) Unshown(shown []probe.Shown) []string {
	var list []string
	for _, p := range f.Found.Pins {
		if !slices.ContainsFunc(shown, func(s probe.Shown) bool { return s.Pin == p }) {
			list = append(list, fmt.Sprintf("%s: no output of the flake shows this pin of %s; it is left as it is",
				p.Pos, cmp.Or(string(p.Version), p.Label)))
		}
	}
	return list
}
