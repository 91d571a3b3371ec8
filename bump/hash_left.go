package bump

import (
	"context"
	"fmt"
	"slices"
)

// takeAlong moves what no output shows but what has its version in a literal that moves: its hash must not stay
// behind. A release's file tells its hash without a package; a hash that only a build would show stops the bump.
func (j *job) takeAlong(ctx context.Context) error {
	r := j.hashes
	var left, along []*pin
	for _, p := range r.left {
		if slices.ContainsFunc(r.pins, func(kept *pin) bool { return sharesText(p, kept) }) {
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
			if h.role != roleAsset || h.got != nil || r.keeps(h) {
				continue
			}
			h.foreign = true
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
	changes, err := r.changes()
	if err != nil {
		return err
	}
	return r.cand.apply(changes)
}

// keeps says whether a hash stands in the slot of a pin that moves anyway.
func (r *resolver) keeps(h *fixed) bool {
	return slices.ContainsFunc(r.pins, func(p *pin) bool {
		return slices.ContainsFunc(p.allHashes(), func(k *fixed) bool { return k.slot.key() == h.slot.key() })
	})
}

// moveWith gives the slots of p to the pin that has its version.
func (r *resolver) moveWith(p *pin) error {
	kept := r.pins[slices.IndexFunc(r.pins, func(kept *pin) bool { return sharesText(p, kept) })]
	for _, h := range p.allHashes() {
		switch {
		case h.inherited || r.keeps(h):
		case h.got == nil:
			return placeOfSlot(r.cand, h.slot).error(
				fmt.Sprintf("find package: the version %s of this %s moves, but no output of the flake shows the package that it is for", p.version, h.slot.field),
				fmt.Sprintf("expose that package, packages.%s.%s-… for example, or give it a version of its own", r.probe.req.System, r.pkg.Name))
		default:
			kept.hashes = append(kept.hashes, h)
		}
	}
	kept.texts = append(kept.texts, p.texts...)
	kept.dedupe()
	return nil
}

// exposeHint says what makes a pin visible. Every package was looked at, so it is none that --attr could name
// among them; another output may hold it.
func exposeHint(system, name string) string {
	return fmt.Sprintf("expose the package that this pin makes, packages.%s.%s = … for example, so that the bump can be verified, or name the output that holds it with Options.Attr", system, name)
}
