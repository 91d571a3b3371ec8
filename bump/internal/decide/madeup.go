package decide

import (
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// refuseMadeUp refuses a pin whose version is above every release while its source is that of another one: it would be
// current for ever.
func (d *decider) refuseMadeUp(sel *Selection) error {
	for _, p := range d.Found.Pins {
		if compare(p.Version, sel.Release.Version) <= 0 || sel.Release.Lists(p.Version) {
			continue
		}
		at := p.Pos
		var source version.Version
		for _, id := range p.Versions {
			slot := d.Found.Slots[id]
			switch v, ok := version.ParseRef(slot.Old); {
			case !ok:
			case v != p.Version:
				source = v
			case slot.Field == pin.VersionField:
				at = slot.Pos
			}
		}
		if source == "" || slices.Contains(sel.Held, p) {
			continue
		}
		return diag.At(at,
			fmt.Sprintf("select release: version %s is above every release of %s, and the source of this pin is that "+
				"of %s", p.Version, d.Found.Package.Upstream(), source),
			fmt.Sprintf("write the version of the source: version = %q;", source))
	}
	return nil
}
