package bump

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// takeAlong moves what no output shows but what has its version in a literal that moves: its hash must not stay
// behind. A release's file tells its hash without a package; a hash that only a build would show stops the bump.
func (j *job) takeAlong(ctx context.Context) error {
	r := j.hashes
	var left, along []*move
	for _, p := range r.left {
		if slices.ContainsFunc(r.pins, func(kept *move) bool { return p.shares(kept) }) {
			along = append(along, p)
			continue
		}
		left = append(left, p)
	}
	if len(along) == 0 {
		return nil
	}
	for _, p := range along {
		for _, h := range p.hashes {
			if h.Role != pin.ReleaseAsset || h.got != nil || r.keeps(h) {
				continue
			}
			h.elsewhere = true
			if err := j.asset(ctx, h); err != nil {
				return err
			}
		}
	}
	kept, where := r.pins, r.where
	r.pins = append(slices.Clone(kept), along...)
	if err := r.unpackElsewhere(ctx); err != nil {
		return err
	}
	r.pins, r.where, r.left = kept, where, left
	for _, p := range along {
		if err := r.moveWith(p); err != nil {
			return err
		}
	}
	now, err := r.values()
	if err != nil {
		return err
	}
	return r.cand.apply(now)
}

// keeps says whether a hash stands in the slot of a pin that moves anyway.
func (r *resolver) keeps(h *hash) bool {
	return slices.ContainsFunc(r.pins, func(p *move) bool {
		return slices.ContainsFunc(p.allHashes(), func(k *hash) bool { return k.Slot == h.Slot })
	})
}

// moveWith takes a pin along; every hash of it must be known.
func (r *resolver) moveWith(p *move) error {
	for _, h := range p.allHashes() {
		if h.Inherited() || h.got != nil || r.keeps(h) {
			continue
		}
		return diag.At(h.slot.Pos,
			fmt.Sprintf("find package: the version %s of this %s moves, but no output of the flake shows the package that it is for", p.Version, h.slot.Field),
			fmt.Sprintf("expose that package, packages.%s.%s-… for example, or give it a version of its own", r.probe.req.System, r.pkg.Name))
	}
	r.along = append(r.along, p)
	return nil
}

// exposeHint says what makes a pin visible. Every package was looked at, so it is none that --attr could name
// among them; another output may hold it.
func exposeHint(system, name string) string {
	return fmt.Sprintf("expose the package that this pin makes, packages.%s.%s = … for example, so that the bump can be verified, or name the output that holds it with Options.Attr", system, name)
}
