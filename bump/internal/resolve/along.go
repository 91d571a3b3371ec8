package resolve

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// moveShared updates pins that no output shows but that share a literal with a pin that moves: what is made of one
// literal moves together or not at all. A release's file tells its hash without a package; a hash that only a build
// would show stops the bump.
func (d *driver) moveShared(ctx context.Context) error {
	along, err := d.connected(d.unshown)
	if err != nil || len(along) == 0 {
		return err
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
	err = there.unpackElsewhere(ctx)
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

// connected returns which of others share a literal that changes, by themselves or through one another.
func (s *state) connected(others []*Move) ([]*Move, error) {
	now, err := s.candidate()
	if err != nil {
		return nil, err
	}
	changes := map[pin.SlotID]bool{}
	for id, value := range now.Values {
		changes[id] = value != s.Found.Slot(id).Old
	}
	var found []*Move
	for {
		next := filter(others, func(p *Move) bool {
			return !slices.Contains(found, p) &&
				slices.ContainsFunc(p.Slots(), func(id pin.SlotID) bool { return changes[id] })
		})
		if len(next) == 0 {
			return found, nil
		}
		found = append(found, next...)
		for _, p := range next {
			for _, id := range p.Slots() {
				changes[id] = true
			}
		}
	}
}

// moves reports whether a hash stands in the slot of a pin that moves anyway.
func (s *state) moves(h *hash) bool {
	return slices.ContainsFunc(s.pins, func(p *Move) bool {
		return slices.ContainsFunc(p.allHashes(), func(k *hash) bool { return k.Slot == h.Slot })
	})
}
