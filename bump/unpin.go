package bump

import (
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

// unpin removes the pins, where Options.Unpin asks for it and nixpkgs has overtaken all of them. It reports
// whether the run is over: it is not while there is a bump to do, for a pin is still needed, a comment holds it, or no
// program can remove it.
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
	if err != nil || len(shown) == 0 {
		return false, err
	}
	states := decide.States(r.pkg, shown, sel.Release.Version)
	res.noteStates(states, &sel.Decision)
	if slices.ContainsFunc(states,
		func(s PinInfo) bool { return s.PinState != CaughtUp && s.PinState != HoldingBack }) {
		return false, nil
	}
	if r.heldBack(sel, shown, states) {
		return false, nil
	}
	removal, err := remover.Remove(ctx, shown)
	var obstacle *diag.Error
	if errors.As(err, &obstacle) && ctx.Err() == nil {
		r.warn("pin", "nixpkgs has %s %s, but the pin was not removed: %s; %s", r.pkg.Name, states[0].BaseVersion,
			obstacle, obstacle.Hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	w := work{plan: plan, changes: removal.Changes, to: version.Version(states[0].BaseVersion), removes: true}
	for _, p := range shown {
		w.shown = append(w.shown, p.Outputs...)
	}
	res.NewVersion, res.Unpinned = string(w.to), true
	res.OldVersion = string(f.found.Oldest())
	for _, text := range removal.Warnings {
		r.warn("pin", "%s", text)
	}
	d := removalOf(sel, shown, states)
	res.Security = slices.Clone(d.Security)
	return true, r.finishRemoval(ctx, b, at, w, removal, d, res)
}

// heldBack reports whether a comment in force rules out the version that removing a pin would give, and says so.
func (r *run) heldBack(sel *decide.Selection, shown []probe.Shown, states []PinInfo) bool {
	for i, s := range states {
		if hold := sel.Against(shown[i].Pin, version.Version(s.BaseVersion)); hold != nil {
			r.warn("pin", "nixpkgs has %s %s, but the pin stays: %s: %s", r.pkg.Name, s.BaseVersion, hold.Where(),
				hold.Quote)
			return true
		}
	}
	return false
}

// removalOf is the decision for the removal of pins: which release would be pinned, and why no newer one, is of no
// matter then. What is fixed is what every nixpkgs' own package has and a pin has not.
func removalOf(sel *decide.Selection, shown []probe.Shown, states []PinInfo) text.Decision {
	d := sel.Decision
	d.Dropped, d.Passed, d.Security = true, nil, nil
	pins := make([]*pin.Pin, 0, len(shown))
	for _, p := range shown {
		pins = append(pins, p.Pin)
	}
	oldest := pin.Oldest(pins)
	for _, id := range slices.Sorted(maps.Keys(sel.Advisories)) {
		fixed := sel.Advisories[id].FirstPatched
		if oldest != "" && version.Compare(string(oldest), fixed) < 0 && !slices.ContainsFunc(states,
			func(s PinInfo) bool { return version.Compare(s.BaseVersion, fixed) < 0 }) {
			d.Security = append(d.Security, sel.Advisories[id])
		}
	}
	return d
}

// finishRemoval carries a removal out.
func (r *run) finishRemoval(
	ctx context.Context, b *bench, at *start, w work, removal *unpin.Removal, d text.Decision, res *Result,
) error {
	if r.opts.Mode == Propose {
		if settled, err := r.standing(ctx, b.flake, at, w, res); settled || err != nil {
			return err
		}
	}
	var err error
	if w.texts, err = r.removalTexts(ctx, b, w, removal, d, res); err != nil {
		return err
	}
	return r.deliver(ctx, b, at, w, res)
}

// removalTexts is texts for a removal.
func (r *run) removalTexts(
	ctx context.Context, b *bench, w work, removal *unpin.Removal, d text.Decision, res *Result,
) (text.Texts, error) {
	res.changed(w.changes)
	rep := text.Report{
		Package: r.pkg.Name, OldVersion: res.OldVersion, NewVersion: res.NewVersion, Decision: d,
		Tool:     r.tool(),
		Try:      r.try(ctx, b.flake, w, res),
		Warnings: r.warnings,
	}
	rep.Proof.System = pin.System()
	rep.Proof.Facts = removal.Facts
	rep.Effect = r.compare(ctx, b, removal.State(), w.shown, &rep.Proof)
	res.Verified = verifiedOf(rep.Proof)
	return r.writeTexts(ctx, &rep, res)
}
