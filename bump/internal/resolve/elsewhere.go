package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// lookElsewhere evaluates the flake for the other systems that have pins of their own: nothing is
// built, for their hashes are known, but that the edits take effect must show. Those that no output
// shows are left.
func (r *resolver) lookElsewhere(ctx context.Context) error {
	missing := r.elsewhere
	var systems []string
	for _, p := range missing {
		systems = union(systems, p.Systems)
	}
	for _, system := range systems {
		onIt := func(p *Move) bool { return slices.Contains(p.Systems, system) }
		shown, err := r.lookIn(ctx, system, probe.Sources, filter(missing, onIt))
		if err != nil {
			return err
		}
		r.pins = append(r.pins, shown...)
		missing = filter(missing, func(p *Move) bool { return !slices.Contains(shown, p) })
	}
	r.elsewhere = nil
	if len(r.pins) == 0 && len(missing) > 0 && !r.someCurrent() {
		return missing[0].error(
			fmt.Sprintf("find package: no output of the flake for %s shows %s %s after the edit",
				strings.Join(missing[0].Systems, " or "), r.Found.Package.Name, r.rel.Version),
			r.exposeHint(missing[0].Systems[0]))
	}
	r.unshown = append(r.unshown, missing...)
	return nil
}

// lookIn evaluates the flake for a system, and returns those of the pins that an output there shows.
func (r *resolver) lookIn(ctx context.Context, system string, depth probe.Depth, pins []*Move) ([]*Move, error) {
	if len(pins) == 0 {
		return nil, nil
	}
	there := *r
	there.groups = groups{
		pins:      pins,
		elsewhere: filter(slices.Concat(r.pins, r.elsewhere), func(p *Move) bool { return !slices.Contains(pins, p) }),
	}
	there.placed, there.depth, there.skip, there.broken = false, depth, nil, nil
	q, err := there.ofPins(system)
	if err != nil {
		return nil, err
	}
	q.All = true
	r.Log(diag.Step, "evaluate for %s", system)
	a, err := there.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	r.broken, r.nixVersion = append(r.broken, there.broken...), there.nixVersion
	if a.Failure != nil && !a.NoneShown {
		return nil, r.explain(a.Failure)
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
