package bump

import (
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
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
	UnknownState PinState = "unknown"
)

// PinInfo is the state of one pin.
type PinInfo struct {
	Attr        string   `json:"attr"`                   // an output that shows the pin
	BaseVersion string   `json:"base_version,omitempty"` // "" when it is unknown
	PinState    PinState `json:"pin_state"`
}

// stateOf compares a pin with its base. to is the release that would be pinned.
func stateOf(pkg *pin.Package, p probe.Shown, to version.Version) PinInfo {
	o := p.Outputs[0]
	info := PinInfo{Attr: o.Where, PinState: UnknownState}
	base, err := version.Parse(o.Recipe.Base)
	if err != nil || !hasBase(pkg, p.Pin, o) {
		return info
	}
	info.BaseVersion, info.PinState = string(base), Needed
	pinned := p.Version
	switch {
	case base == pinned && version.Compare(to, pinned) > 0:
	case version.Compare(base, to) >= 0:
		info.PinState = CaughtUp
	case pinned != "" && version.Compare(pinned, base) < 0:
		info.PinState = HoldingBack
	}
	return info
}

// hasBase reports whether a pin's package is another version of one that nixpkgs has: an override of it, or a
// recipe of the flake's own under its name. What is made of a release's binaries, or is another nixpkgs'
// package, is not.
func hasBase(pkg *pin.Package, p *pin.Pin, o probe.Output) bool {
	if _, binary := p.Origin.(pin.Asset); binary {
		return false
	}
	if in := p.Input(); in != nil && in.Provides {
		return false
	}
	return !o.Recipe.Own || o.Pname == pkg.Name
}

// statesOf returns the states of the pins that an output shows.
func statesOf(pkg *pin.Package, pins []probe.Shown, to version.Version) []PinInfo {
	var all []PinInfo
	for _, p := range pins {
		if len(p.Outputs) > 0 {
			all = append(all, stateOf(pkg, p, to))
		}
	}
	return all
}

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

// adviseRemoval warns, once, of a pin that is not needed.
func (r *run) adviseRemoval(states []PinInfo, old string) {
	for _, s := range states {
		switch s.PinState {
		case CaughtUp:
			r.warn("pin", "nixpkgs has %s %s, which is as new: this pin is no longer needed; "+
				"remove it with Options.Unpin", r.pkg.Name, s.BaseVersion)
		case HoldingBack:
			r.warn("pin", "nixpkgs has %s %s, which is newer than the pinned %s: without this pin it would be used; "+
				"remove it with Options.Unpin",
				r.pkg.Name, s.BaseVersion, old)
		default:
			continue
		}
		return
	}
}
