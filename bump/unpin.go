package bump

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/unpin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// unpin removes the pins that nixpkgs has overtaken, where Options.Unpin asks for it. It reports whether the run is
// over: it is not where no pin goes, for each is still needed, is held by a comment, or is one that no program can
// remove.
func (r *run) unpin(
	ctx context.Context, b *bench, at *start, sel *decide.Selection, plan pin.Plan, res *Result,
) (bool, error) {
	f := b.flake
	if !r.opts.Unpin {
		return false, nil
	}
	if r.opts.Mode == Write {
		if err := writable(f, plan); err != nil {
			return false, err
		}
	}
	if err := r.openBench(ctx, b, "pin"); err != nil {
		return false, err
	}
	remover := unpin.Flake{Found: f.found, Files: f.files, Asker: b}
	shown, err := remover.Present(ctx)
	if err != nil {
		return false, err
	}
	if len(shown) == 0 {
		p := f.found.Pins[0]
		r.warn("pin", "%s: no output of the flake is the package of this pin, so it is not known whether nixpkgs has "+
			"caught up with it; see what nixpkgs has, and remove it by hand", p.Pos)
		return false, nil
	}
	states := decide.States(r.pkg, shown, sel.Release.Version)
	res.noteStates(states, &sel.Decision)
	overtaken := r.overtaken(sel, shown, states)
	going, obstacles, err := remover.Removable(overtaken)
	if err != nil {
		return false, err
	}
	for _, obstacle := range obstacles {
		r.warnOfObstacle(baseOf(overtaken[0]), obstacle)
	}
	if len(going) == 0 {
		return false, nil
	}
	removal, err := remover.Remove(ctx, going)
	var obstacle *diag.Error
	if errors.As(err, &obstacle) && ctx.Err() == nil {
		r.warnOfObstacle(baseOf(going[0]), obstacle)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.opts.Attr == "" { // else nobody looked at the others
		removal.Warnings = append(removal.Warnings, remover.Unshown(shown)...)
	}
	return r.finishRemoval(ctx, b, at, sel, removing{removal, plan, going, shown}, res)
}

// removing is a removal that is to be carried out.
type removing struct {
	*unpin.Removal
	plan  pin.Plan
	going []probe.Shown // the pins that are removed
	shown []probe.Shown // and all others that outputs show
}

// overtaken returns the pins that nixpkgs has overtaken, and warns of those that a comment keeps.
func (r *run) overtaken(sel *decide.Selection, shown []probe.Shown, states []PinInfo) []probe.Shown {
	var list []probe.Shown
	for i, s := range states {
		if s.PinState != CaughtUp && s.PinState != HoldingBack {
			continue
		}
		if hold := sel.Against(shown[i].Pin, version.Version(s.BaseVersion)); hold != nil {
			r.warn("pin", "nixpkgs has %s %s, but the pin stays: %s: %s", r.pkg.Name, s.BaseVersion, hold.Where(),
				hold.Quote)
			continue
		}
		list = append(list, shown[i])
	}
	return list
}

// warnOfObstacle says why a pin that nixpkgs has overtaken is not removed.
func (r *run) warnOfObstacle(base version.Version, obstacle *diag.Error) {
	r.warn("pin", "nixpkgs has %s %s, but the pin was not removed: %s; %s", r.pkg.Name, base, obstacle, obstacle.Hint)
}

// removalOf is the decision for the removal of pins: which release would be pinned, and why no newer one, is of no
// matter then. What is fixed is what every nixpkgs' own package has and a pin has not.
func removalOf(sel *decide.Selection, going []probe.Shown) text.Decision {
	d := sel.Decision
	d.Dropped, d.Passed, d.Security = true, nil, nil
	d.Base = string(baseOf(going[0]))
	oldest := oldestOf(going)
	for _, id := range slices.Sorted(maps.Keys(sel.Advisories)) {
		fixed := sel.Advisories[id].FirstPatched
		if oldest != "" && version.Compare(string(oldest), fixed) < 0 && !slices.ContainsFunc(going,
			func(p probe.Shown) bool { return version.Compare(string(baseOf(p)), fixed) < 0 }) {
			d.Security = append(d.Security, sel.Advisories[id])
		}
	}
	return d
}

// baseOf returns what nixpkgs has without a pin.
func baseOf(p probe.Shown) version.Version { return version.Version(p.Outputs[0].Recipe.Base) }

// oldestOf returns the lowest version of pins.
func oldestOf(shown []probe.Shown) version.Version {
	pins := make([]*pin.Pin, 0, len(shown))
	for _, p := range shown {
		pins = append(pins, p.Pin)
	}
	return pin.Oldest(pins)
}

// finishRemoval carries a removal out. It reports whether the run is over: where people closed it, the pins that are
// still needed are bumped as without it.
func (r *run) finishRemoval(
	ctx context.Context, b *bench, at *start, sel *decide.Selection, made removing, res *Result,
) (bool, error) {
	w := work{changes: made.Changes, to: baseOf(made.going[0]), removes: true}
	for _, p := range made.going {
		w.plan.Pins = append(w.plan.Pins, p.Pin)
		w.shown = append(w.shown, p.Outputs...)
	}
	before := *res
	res.NewVersion, res.Unpinned, res.OldVersion = string(w.to), true, string(oldestOf(made.going))
	d := removalOf(sel, made.going)
	res.Security = slices.Clone(d.Security)
	left := made.left()
	if r.opts.Mode == Propose {
		settled, err := r.standing(ctx, b.flake, at, w, res)
		if err == nil && settled && res.Status == Skipped && len(left) > 0 {
			*res = before
			return false, nil
		}
		if settled || err != nil {
			return true, err
		}
	}
	proof, err := r.verifyRemoval(ctx, b, w, made.Removal)
	var obstacle *diag.Error
	if errors.As(err, &obstacle) && ctx.Err() == nil {
		*res = before
		r.warnOfObstacle(w.to, obstacle)
		return false, nil
	}
	if err != nil {
		return true, err
	}
	for _, text := range made.Warnings {
		r.warn("pin", "%s", text)
	}
	for _, p := range left {
		r.warn("pin", "%s: this pin of %s stays, and is bumped once the others are removed", p.Pos,
			cmp.Or(string(p.Version), p.Label))
	}
	if w.texts, err = r.removalTexts(ctx, b, w, made.Removal, d, proof, res); err != nil {
		return true, err
	}
	return true, r.deliver(ctx, b, at, w, res)
}

// left are the pins that outputs show, that are due, and that a removal leaves.
func (m removing) left() []*pin.Pin {
	var list []*pin.Pin
	for _, p := range m.shown {
		gone := slices.ContainsFunc(m.going, func(g probe.Shown) bool { return g.Pin == p.Pin })
		if !gone && slices.Contains(m.plan.Pins, p.Pin) {
			list = append(list, p.Pin)
		}
	}
	return list
}

// removalTexts is texts for a removal.
func (r *run) removalTexts(
	ctx context.Context, b *bench, w work, removal *unpin.Removal, d text.Decision, proof text.Proof, res *Result,
) (text.Texts, error) {
	res.changed(w.changes)
	rep := text.Report{
		Package: r.pkg.Name, OldVersion: res.OldVersion, NewVersion: res.NewVersion, Decision: d,
		Tool:     r.tool(),
		Try:      r.try(ctx, b.flake, w, res),
		Proof:    proof,
		Warnings: r.warnings,
	}
	rep.Effect = r.compare(ctx, b, removal.State(), w.shown, &rep.Proof)
	res.Verified = verifiedOf(rep.Proof)
	return r.writeTexts(ctx, &rep, res)
}
