package bump

import (
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/channel"
	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// PinState reports whether a pin is still needed, as it was before the run.
type PinState = text.PinState

// The states of a pin. The base is nixpkgs' own package, in the nixpkgs that the pin overrides and without
// overlays.
const (
	Needed      = text.Needed      // the base is older than the release
	CaughtUp    = text.CaughtUp    // the base is at least as new as the release that would be pinned
	HoldingBack = text.HoldingBack // the base is newer than what is pinned

	// UnknownState is that of a package which nixpkgs does not have, or which is no build of its recipe.
	UnknownState = decide.UnknownState
)

// PinInfo is the state of one pin.
type PinInfo = decide.PinInfo

// noteStates puts the pins' states into the result and the decision.
func (res *Result) noteStates(all []PinInfo, d *text.Decision) {
	if len(all) == 0 {
		return
	}
	first := all[0]
	res.BaseVersion, res.PinState = first.BaseVersion, first.PinState
	d.Base = first.BaseVersion
	if first.PinState != UnknownState {
		d.State = first.PinState
	}
	if res.Pins = nil; len(all) > 1 {
		res.Pins = all
	}
}

// adviseRemoval warns, once, of a pin that is not needed, and that no comment keeps.
func (r *run) adviseRemoval(s *solution) {
	for i, state := range s.states {
		switch {
		case state.PinState == CaughtUp && !s.kept(i):
			r.warn("pin", "nixpkgs has %s %s, which is as new: this pin is no longer needed; "+
				"remove it with Options.Unpin", r.pkg.Name, state.BaseVersion)
		case state.PinState == HoldingBack && !s.kept(i):
			r.warn("pin", "nixpkgs has %s %s, which is newer than the pinned %s: without this pin it would be used; "+
				"remove it with Options.Unpin", r.pkg.Name, state.BaseVersion, s.shown[i].Version)
		default:
			continue
		}
		return
	}
}

// adviseUpdate warns when nixpkgs has the release by now, at the head of the branch that the pin's input follows:
// updating the input makes the pin needless. No run fails for it, and none that repairs or goes back asks.
func (r *run) adviseUpdate(ctx context.Context, f *flake, s *solution, old string) {
	to := s.release.Version
	if v, err := version.Parse(old); err == nil && version.Compare(to, v) <= 0 {
		return
	}
	var inputs [][]string
	var needed []*pin.Pin
	for i, p := range s.shown {
		if s.states[i].PinState == Needed {
			inputs, needed = append(inputs, p.Outputs[0].Recipe.Input), append(needed, p.Pin)
		}
	}
	lock, err := f.tree.Read(ctx, f.tree.Lock())
	if err != nil {
		return
	}
	upstream, err := r.remote.Upstream()
	if err != nil {
		return
	}
	for _, head := range channel.Heads(ctx, upstream, lock, inputs, r.pkg.Name, r.logFor("pin")) {
		held := slices.ContainsFunc(needed, func(p *pin.Pin) bool { return s.against(p, head.Version) != nil })
		if version.Compare(head.Version, to) >= 0 && !held {
			r.warn("pin", "%s has %s %s by now: update the input %s, and this pin is no longer needed", head.Branch,
				r.pkg.Name, head.Version, head.Input)
		}
	}
}
