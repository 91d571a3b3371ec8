package bump

import (
	"context"
	"fmt"
	"strings"
)

// lookElsewhere evaluates the flake for the other systems that have pins of their own: nothing is
// built, for their hashes are known, but that the edits take effect must show. Those that no output
// shows are left.
func (r *resolver) lookElsewhere(ctx context.Context) error {
	bySystem, systems := map[string][]*pin{}, []string{}
	for _, p := range r.elsewhere {
		bySystem[p.system] = append(bySystem[p.system], p)
		systems = union(systems, []string{p.system})
	}
	if r.where == nil {
		r.where = map[*pin][]probeInfo{}
	}
	here := r.pins
	for _, system := range systems {
		if err := r.lookIn(ctx, system, bySystem[system]); err != nil {
			return err
		}
		here = append(here, r.pins...)
	}
	r.pins, r.elsewhere = here, nil
	changes, err := r.changes()
	if err != nil {
		return err
	}
	return r.cand.apply(changes)
}

// lookIn evaluates the flake for a system and keeps, in r.pins, the pins that an output there shows.
func (r *resolver) lookIn(ctx context.Context, system string, pins []*pin) error {
	before, where := r.probe.req, r.where
	defer func() { r.probe.req, r.where = before, where }()
	r.pins, r.where = pins, nil
	req := &r.probe.req
	req.System, req.Only, req.Skip, req.Families, req.Pins = system, []string{}, []string{}, families, nil
	r.request()
	changes, err := r.changes()
	if err != nil {
		return err
	}
	if err := r.cand.apply(changes); err != nil {
		return err
	}
	r.log(Step, "evaluate for %s", system)
	_, failure := r.probe.round(ctx, nil, "fixed")
	fail := asFailure(failure)
	if failure != nil && (fail == nil || !r.probe.noneShown(fail)) {
		return r.explain(failure)
	}
	shown := map[*pin][]probeInfo{}
	var kept []*pin
	for i, p := range pins {
		if info := r.probe.shown(i); len(info) > 0 {
			shown[p] = info
			kept = append(kept, p)
			continue
		}
		r.left = append(r.left, p)
	}
	r.pins = kept
	r.where = shown
	if err := r.took(); err != nil {
		return err
	}
	for p, info := range shown {
		where[p] = info
	}
	if len(kept) == 0 && len(before.Pins) == 0 {
		return pins[0].error(
			fmt.Sprintf("find package: no output of the flake for %s shows %s %s after the edit", system, r.pkg.Name, r.rel.version),
			"name the package with --attr, packages."+system+"."+strings.ToLower(r.pkg.Name)+" for example")
	}
	return nil
}
