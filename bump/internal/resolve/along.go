package resolve

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// moveShared updates pins that no output shows but that share a version literal with a pin that moves: their hashes
// must change with it. A release's file tells its hash without a package; a hash that only a build would show stops
// the bump.
func (d *driver) moveShared(ctx context.Context) error {
	along := filter(d.unshown, func(p *Move) bool { return slices.ContainsFunc(d.pins, p.shares) })
	if len(along) == 0 {
		return nil
	}
	d.unshown = filter(d.unshown, func(p *Move) bool { return !slices.Contains(along, p) })
	for _, p := range along {
		for _, h := range p.hashes {
			if h.Role != pin.ReleaseAsset || h.found != nil || d.moves(h) {
				continue
			}
			h.elsewhere = true
			if err := d.asset(ctx, h); err != nil {
				return err
			}
		}
	}
	there := *d
	there.pins = slices.Concat(d.pins, along)
	err := there.unpackElsewhere(ctx)
	if d.broken = there.broken; err != nil {
		return err
	}
	for _, p := range along {
		for _, h := range p.allHashes() {
			if !h.Inherited() && h.found == nil && !d.moves(h) {
				return diag.At(h.slot.Pos,
					fmt.Sprintf("find package: the version %s of this %s moves, but no output of the flake shows the "+
						"package that it is for", p.Version, h.slot.Field),
					fmt.Sprintf("expose that package, packages.%s.%s-… for example, or give it a version of its own",
						pin.System(), d.Found.Package.Name))
			}
		}
	}
	d.along = along
	return nil
}

// moves reports whether a hash stands in the slot of a pin that moves anyway.
func (s *state) moves(h *hash) bool {
	return slices.ContainsFunc(s.pins, func(p *Move) bool {
		return slices.ContainsFunc(p.allHashes(), func(k *hash) bool { return k.Slot == h.Slot })
	})
}
