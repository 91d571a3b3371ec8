package bump

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lookElsewhere evaluates the flake for the other systems that have pins of their own: nothing is
// built, for their hashes are known, but that the edits take effect must show. Those that no output
// shows are left.
func (r *resolver) lookElsewhere(ctx context.Context) error {
	missing, systems := r.elsewhere, []string{}
	for _, p := range missing {
		systems = union(systems, p.Systems)
	}
	if r.where == nil {
		r.where = map[*move][]probeInfo{}
	}
	here := r.pins
	for _, system := range systems {
		var pins, rest []*move
		for _, p := range missing {
			if slices.Contains(p.Systems, system) {
				pins = append(pins, p)
			} else {
				rest = append(rest, p)
			}
		}
		if len(pins) == 0 {
			continue
		}
		r.elsewhere = append(slices.Clone(here), rest...)
		shown, infos, err := r.lookIn(ctx, system, pins)
		if err != nil {
			return err
		}
		maps.Copy(r.where, infos)
		here = append(here, shown...)
		missing = slices.DeleteFunc(slices.Clone(missing), func(p *move) bool { return slices.Contains(shown, p) })
	}
	if len(here) == 0 && len(missing) > 0 && !r.someCurrent {
		return missing[0].error(
			fmt.Sprintf("find package: no output of the flake for %s shows %s %s after the edit", strings.Join(missing[0].Systems, " or "), r.pkg.Name, r.rel.version),
			exposeHint(missing[0].Systems[0], r.pkg.Name))
	}
	r.left = append(r.left, missing...)
	r.pins, r.elsewhere = here, nil
	now, err := r.values()
	if err != nil {
		return err
	}
	return r.cand.apply(now)
}

// lookIn evaluates the flake for a system and returns those of the pins that an output there shows, with the outputs.
func (r *resolver) lookIn(ctx context.Context, system string, pins []*move) (kept []*move, shown map[*move][]probeInfo, err error) {
	before, where := r.probe.req, r.where
	defer func() { r.probe.req, r.where = before, where }()
	r.pins, r.where = pins, nil
	req := &r.probe.req
	req.System, req.Only, req.Skip, req.Families, req.Pins = system, []string{}, []string{}, families, nil
	r.request()
	now, err := r.values()
	if err != nil {
		return nil, nil, err
	}
	if err := r.cand.apply(now); err != nil {
		return nil, nil, err
	}
	r.log(Step, "evaluate for %s", system)
	_, failure := r.probe.round(ctx, nil, "fixed")
	if fail := asFailure(failure); failure != nil && (fail == nil || !r.probe.noneShown(fail)) {
		return nil, nil, r.explain(failure)
	}
	shown = map[*move][]probeInfo{}
	for i, p := range pins {
		if info := r.probe.shown(i); len(info) > 0 {
			shown[p] = info
			kept = append(kept, p)
		}
	}
	r.pins, r.where = kept, shown
	return kept, shown, r.took()
}
