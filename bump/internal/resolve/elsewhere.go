package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// setApart takes the pins that only other systems have, and that need no build, out of the others.
func (s *state) setApart() {
	var here []*Move
	for _, p := range s.pins {
		if p.Systems != nil && !p.builds() {
			s.elsewhere = append(s.elsewhere, p)
			continue
		}
		here = append(here, p)
	}
	s.pins = here
}

// lookElsewhere evaluates the flake for the other systems that have pins of their own: nothing is
// built, for their hashes are known, but that the edits take effect must show. Those that no output
// shows are left.
func (d *driver) lookElsewhere(ctx context.Context) error {
	missing := d.elsewhere
	var systems []string
	for _, p := range missing {
		systems = pin.Union(systems, p.systems())
	}
	for _, system := range systems {
		onIt := func(p *Move) bool { return slices.Contains(p.systems(), system) }
		shown, err := d.lookIn(ctx, system, probe.Sources, filter(missing, onIt))
		if err != nil {
			return err
		}
		d.pins = append(d.pins, shown...)
		missing = filter(missing, func(p *Move) bool { return !slices.Contains(shown, p) })
	}
	d.elsewhere = nil
	if len(d.pins) == 0 && len(missing) > 0 && !d.someCurrent() {
		return missing[0].error(
			fmt.Sprintf("find package: no output of the flake for %s shows %s %s after the edit",
				strings.Join(missing[0].systems(), " or "), d.Found.Package.Name, d.Release.Version),
			d.exposeHint(missing[0].systems()[0]))
	}
	d.unshown = append(d.unshown, missing...)
	return nil
}

// lookIn evaluates the flake for a system, and returns those of the pins that an output there shows.
func (d *driver) lookIn(ctx context.Context, system string, depth probe.Depth, pins []*Move) ([]*Move, error) {
	if len(pins) == 0 {
		return nil, nil
	}
	there := *d // what fails there, and how deep that system is looked into, says nothing of this one
	there.groups = groups{
		pins:      pins,
		elsewhere: filter(slices.Concat(d.pins, d.elsewhere), func(p *Move) bool { return !slices.Contains(pins, p) }),
	}
	there.placed, there.depth, there.skip, there.broken = false, depth, nil, nil
	q, err := there.ofPins(system)
	if err != nil {
		return nil, err
	}
	q.All = true
	d.Log(diag.Step, "evaluate for %s", system)
	a, err := there.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	d.broken, d.nixVersion = append(d.broken, there.broken...), there.nixVersion
	if a.Failure != nil && !a.NoneShown {
		return nil, d.Asker.Explain(ctx, a.Failure)
	}
	var shown []*Move
	for i, p := range pins {
		if p.Outputs = a.Shown(i); len(p.Outputs) > 0 {
			shown = append(shown, p)
		}
	}
	there.pins = shown
	return shown, there.checkTookEffect(a)
}

// filter returns the moves that keep reports true for.
func filter(moves []*Move, keep func(*Move) bool) []*Move {
	var kept []*Move
	for _, p := range moves {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}
