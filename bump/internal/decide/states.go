package decide

import (
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// UnknownState is that of a package which nixpkgs does not have, or which is no build of its recipe.
const UnknownState text.PinState = "unknown"

// PinInfo reports whether one pin is still needed.
type PinInfo struct {
	Attr        string        `json:"attr"`                   // an output that shows the pin
	BaseVersion string        `json:"base_version,omitempty"` // "" when it is unknown
	PinState    text.PinState `json:"pin_state"`
}

// stateOf compares a pin with its base. to is the release that would be pinned.
func stateOf(pkg *pin.Package, p probe.Shown, to version.Version) PinInfo {
	o := p.Outputs[0]
	info := PinInfo{Attr: o.Where, PinState: UnknownState}
	base, err := version.Parse(o.Recipe.Base)
	if err != nil || !hasBase(pkg, p.Pin, o) {
		return info
	}
	info.BaseVersion, info.PinState = string(base), text.Needed
	pinned := p.Version
	switch {
	case base == pinned && version.Compare(to, pinned) > 0:
	case version.Compare(base, to) >= 0:
		info.PinState = text.CaughtUp
	case pinned != "" && version.Compare(pinned, base) < 0:
		info.PinState = text.HoldingBack
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

// States returns the states of the pins that an output shows.
func States(pkg *pin.Package, pins []probe.Shown, to version.Version) []PinInfo {
	var all []PinInfo
	for _, p := range pins {
		if len(p.Outputs) > 0 {
			all = append(all, stateOf(pkg, p, to))
		}
	}
	return all
}
