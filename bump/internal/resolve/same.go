package resolve

import (
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// reuseSameFetch gives the hashes that were found to the fixed outputs that are fetched in the very same way: several
// pins of one release then download its source once. It returns how many it gave.
func (s *state) reuseSameFetch(closure map[string]*nix.Derivation) int {
	given := 0
	for _, p := range s.pins {
		for _, known := range p.allHashes() {
			if known.found == nil || known.drv == nil || known.Role == pin.Vendor {
				continue
			}
			for _, drv := range ordered(closure) {
				promised, _, ok := drv.FixedOutput()
				if !ok || !sameFetch(known.drv, drv) {
					continue
				}
				if h := s.withFake(promised); h != nil {
					found := *known.found
					h.found, h.drv = &found, drv
					given++
					s.say(diag.Step, "%s: the same as that of %s:%d", h.slot.Field, p.File, p.Line)
				}
			}
		}
	}
	return given
}

// sameFetch reports whether two fixed outputs differ in nothing but the hash that they promise.
func sameFetch(a, b *nix.Derivation) bool {
	promise := func(name, _ string) bool { return name == "outputHash" || name == "out" }
	x, y := maps.Clone(a.Env), maps.Clone(b.Env)
	maps.DeleteFunc(x, promise)
	maps.DeleteFunc(y, promise)
	return a.Name == b.Name && a.System == b.System && a.Builder == b.Builder && maps.Equal(x, y) &&
		slices.Equal(a.Args, b.Args) && slices.Equal(a.InputSrcs, b.InputSrcs) &&
		maps.EqualFunc(a.InputDrvs, b.InputDrvs, slices.Equal)
}

// waitsForSame reports whether a pin's source is probably fetched like that of an earlier pin, which this round
// downloads. seen collects what the round downloads.
func (p *Move) waitsForSame(seen map[string]bool) bool {
	h := p.hash(pin.Source)
	if h == nil || h.found != nil || h.Via == "" {
		return false
	}
	if seen[h.Via] {
		return true
	}
	seen[h.Via] = true
	return false
}
