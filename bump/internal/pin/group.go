package pin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// groups is what the facts come to: pins, and what stands in their way.
type groups struct {
	slots   *slots
	pins    []*reading
	refused []*diag.Error
	others  []otherUse
}

// group makes pins of the readings of one program: the same literals, reached by another call, are one pin.
func (f *finder) group() *groups {
	g := &groups{slots: f.slots, others: f.facts.others}
	for _, r := range f.facts.refused {
		if !errors.Is(r.Err, errParameter) || !f.isCalled(r.call) {
			g.refuse(r.Error)
		}
	}
	f.fillWhereUsed()
	byCall := map[*eval.Unknown][]*reading{}
	for _, r := range f.facts.readings {
		known := g.same(r)
		if known == nil {
			g.pins = append(g.pins, r)
			known = r
		} else {
			known.join(r)
		}
		byCall[r.call] = append(byCall[r.call], known)
	}
	g.dropSpeculative()
	f.readVersionTests(g)
	for _, o := range f.facts.outers {
		f.readOuter(g, o, byCall)
	}
	g.dropExplained()
	return g
}

// isCalled reports whether the flake calls the function in which a call stands, and gives it what makes the call a pin:
// that nothing gives the parameters of the function by itself is then nobody's concern.
func (f *finder) isCalled(at diag.Pos) bool {
	return slices.ContainsFunc(f.facts.readings, func(r *reading) bool { return r.Pos == at && !r.speculative })
}

// join adds to a pin another call that makes its package of the same literals, and what stands around that call.
func (r *reading) join(other *reading) {
	r.Names, r.Notes = Union(r.Names, other.Names), Union(r.Notes, other.Notes)
	r.Versions, r.Helpers = unique(append(r.Versions, other.Versions...)), Union(r.Helpers, other.Helpers)
	r.own, r.also = append(r.own, other.own...), append(r.also, other.call)
	r.speculative = r.speculative && other.speculative
}

// same is the pin that a reading is of, or nil: it begins with the same slot and has all of its hashes.
func (g *groups) same(r *reading) *reading {
	for _, known := range g.pins {
		if known.first() == r.first() && !slices.ContainsFunc(r.Fetches, func(h *Fetch) bool { return !known.has(h) }) {
			return known
		}
	}
	return nil
}

// first is the first slot of a reading that is there: a hash, else the version's, else its place.
func (r *reading) first() fetchKey {
	for _, h := range r.Fetches {
		if !h.Inherited() {
			return fetchKey{hash: h.Slot}
		}
	}
	if len(r.Versions) > 0 {
		return fetchKey{hash: r.Versions[0]}
	}
	if in := r.Input(); in != nil && in.Slot != NoSlot {
		return fetchKey{hash: in.Slot}
	}
	return fetchKey{r.Pos, NoSlot}
}

// has reports whether a pin has a hash, for the same purpose.
func (r *reading) has(h *Fetch) bool {
	return slices.ContainsFunc(r.Fetches, func(k *Fetch) bool { return k.Slot == h.Slot && k.Role == h.Role })
}

// dropSpeculative keeps of the pins that only arguments show which the flake does not give those that are connected to
// one that it does give: their hashes must move with it. Pins whose hash is still a placeholder are ignored.
func (g *groups) dropSpeculative() {
	g.pins = slices.DeleteFunc(g.pins, func(r *reading) bool {
		return r.speculative && slices.ContainsFunc(r.Fetches, func(h *Fetch) bool {
			return h.blank() && h.Role != ReleaseAsset
		})
	})
	drop := map[*reading]bool{}
	for _, together := range g.bound() {
		if !slices.ContainsFunc(together, func(r *reading) bool { return !r.speculative }) {
			for _, r := range together {
				drop[r] = true
			}
		}
	}
	g.drop(drop)
}

// bound returns the pins in groups that move together or not at all.
func (g *groups) bound() [][]*reading {
	return bound(g.pins, func(r *reading) *Pin { return r.Pin })
}

// drop takes pins out.
func (g *groups) drop(pins map[*reading]bool) {
	g.pins = slices.DeleteFunc(g.pins, func(r *reading) bool { return pins[r] })
}

// overlap reports whether two lists have a slot in common.
func overlap(a, b []SlotID) bool {
	return slices.ContainsFunc(a, func(id SlotID) bool { return slices.Contains(b, id) })
}

// add takes over the pins of the system that this machine has.
func (g *groups) add(here *groups) {
	g.pins, g.others = here.pins, here.others
	for _, r := range here.refused {
		g.refuse(r)
	}
}

// merge takes over what another system shows that the first one did not: pins of its own, and the slots that it
// has in the same pin.
func (g *groups) merge(there *groups, system string) {
	g.others = append(g.others, there.others...)
	for _, r := range there.pins {
		known := g.at(r)
		if known == nil {
			r.Systems = []string{system}
			for _, h := range r.Fetches {
				h.Elsewhere = true
			}
			g.pins = append(g.pins, r)
			continue
		}
		known.absorb(r)
		if known.Systems != nil {
			known.Systems = append(known.Systems, system)
		}
	}
	for _, r := range there.refused {
		g.refuse(r)
	}
}

// at is the pin that is made by the same call: of several, which its arguments tell apart, the one with the
// same first slot.
func (g *groups) at(r *reading) *reading {
	var same *reading
	for _, known := range g.pins {
		shares := len(known.Versions) == 0 || len(r.Versions) == 0 || overlap(known.Versions, r.Versions)
		switch {
		case known.Pos != r.Pos || !shares:
		case known.first() == r.first():
			return known
		case same == nil:
			same = known
		}
	}
	return same
}

// absorb adds the slots that only other has.
func (r *reading) absorb(other *reading) {
	r.own = append(r.own, other.own...)
	for _, h := range other.Fetches {
		if !h.Inherited() && !slices.ContainsFunc(r.Fetches, func(k *Fetch) bool { return k.Slot == h.Slot }) {
			h.Elsewhere = true
			r.Fetches = append(r.Fetches, h)
		}
	}
	r.Versions = unique(append(r.Versions, other.Versions...))
}

// refuse keeps an error, one for each place.
func (g *groups) refuse(err *diag.Error) {
	if !slices.ContainsFunc(g.refused, func(known *diag.Error) bool { return known.Pos == err.Pos }) {
		g.refused = append(g.refused, err)
	}
}

// dropExplained drops what another way of reaching the same call explains: a function that makes the
// package of its arguments is no pin by itself where its callers give it literals.
func (g *groups) dropExplained() {
	g.refused = slices.DeleteFunc(g.refused, func(err *diag.Error) bool {
		return slices.ContainsFunc(g.pins, func(r *reading) bool { return r.Pos == err.Pos })
	})
}

// refuseShared refuses the pins that share a literal with what is not theirs, with all that are connected to them, and
// skips the companions that do. What a refused pin fetches is then no pin's own, so the others are looked at again.
func (g *groups) refuseShared() {
	for {
		others := notOwn(g.pins, g.others)
		g.skipCompanions(others)
		g.leaveRevisions(others)
		refused := map[*reading]bool{}
		for _, together := range g.bound() {
			if g.refuseAny(together, others) {
				for _, r := range together {
					refused[r] = true
				}
			}
		}
		if len(refused) == 0 {
			return
		}
		g.drop(refused)
	}
}

// refuseAny refuses pins that are connected when one of them shares a literal with what is not its own, and reports
// whether it did.
func (g *groups) refuseAny(together []*reading, others []otherUse) bool {
	var cause *diag.Error
	for _, r := range together {
		if err := g.shared(r, others); err != nil {
			cause = err
			g.refuse(err)
		}
	}
	if cause == nil {
		return false
	}
	for _, r := range together {
		g.refuse(diag.At(r.Pos,
			fmt.Sprintf("find pin: this pin shares a literal with the one at %s, which cannot be moved", cause.Pos),
			cause.Hint))
	}
	return true
}

// skipCompanions skips the companions that share their tag with what is not the pins'.
func (g *groups) skipCompanions(others []otherUse) {
	for _, r := range g.pins {
		for _, c := range r.Companions {
			if use := g.madeOf(others, c.Refs); use != nil && c.Skip == "" {
				c.Skip = fmt.Sprintf("its tag is that of %s, too (%s); give it a literal of its own", use.name, use.Pos)
			}
		}
	}
}

// leaveRevisions leaves the commits beside a tag by which something else is fetched: another one has another hash.
func (g *groups) leaveRevisions(others []otherUse) {
	for _, r := range g.pins {
		r.Revisions = slices.DeleteFunc(r.Revisions, func(id SlotID) bool {
			use := g.madeOf(others, []SlotID{id})
			if use != nil {
				note := fmt.Sprintf("the commit at %s is that of %s, too (%s), and is left as it is",
					g.slots.all[id].Pos, use.name, use.Pos)
				r.Notes = Union(r.Notes, []string{note})
			}
			return use != nil
		})
	}
}

// shared is the error of a pin that shares a literal with what is not its own; nil when it does not.
func (g *groups) shared(r *reading, others []otherUse) *diag.Error {
	if use := g.madeOf(others, r.Versions); use != nil {
		return diag.At(r.Pos,
			fmt.Sprintf("find pin: the version %s shares a literal with %s (%s)", r.Version, use.name,
				use.Pos),
			"give each of the two a literal of its own")
	}
	for _, h := range r.AllFetches() {
		if use := hashedBy(others, h); use != nil {
			return diag.At(r.Pos,
				fmt.Sprintf("find pin: the %s shares a literal with a hash of %s (%s)", g.slots.all[h.Slot].Field,
					use.name, use.Pos),
				"write the hash of each where it is used, lib.fakeHash where it is not known")
		}
	}
	return nil
}

// notOwn returns the uses that are no pin's own, nor a companion's that moves along.
func notOwn(pins []*reading, uses []otherUse) []otherUse {
	own, moves := map[fetchKey]bool{}, map[SlotID]bool{}
	for _, r := range pins {
		for _, k := range r.own {
			own[k] = true
		}
		for _, h := range r.AllFetches() {
			_, moves[h.Slot] = h.Had.(Written)
		}
	}
	var others []otherUse
	for _, use := range uses {
		mine, same := false, len(use.hashes) > 0
		for _, hash := range use.hashes {
			mine = mine || own[fetchKey{use.Pos, hash}]
			same = same && moves[hash] // the same content, by whatever call, and it moves along
		}
		if use.otherPackage || !mine && !same {
			others = append(others, use)
		}
	}
	return others
}

// madeOf is a use that is made of one of the literals, or nil.
func (g *groups) madeOf(others []otherUse, ids []SlotID) *otherUse {
	for i := range others {
		for _, id := range ids {
			if others[i].literals[g.slots.all[id].Pos] {
				return &others[i]
			}
		}
	}
	return nil
}

// hashedBy is a use that has a hash as well, or nil.
func hashedBy(others []otherUse, h *Fetch) *otherUse {
	for i := range others {
		if !h.Inherited() && slices.Contains(others[i].hashes, h.Slot) {
			return &others[i]
		}
	}
	return nil
}

// fillWhereUsed moves the placeholders that a pin has together with what is not its own to where the pin uses them:
// todo = lib.fakeHash is a blank for each that names it.
func (f *finder) fillWhereUsed() {
	others := notOwn(f.facts.readings, f.facts.others)
	for _, r := range f.facts.readings {
		moved := map[SlotID]SlotID{}
		for _, h := range r.AllFetches() {
			if use := r.uses[h]; h.blank() && use != NoSlot && hashedBy(others, h) != nil {
				moved[h.Slot], h.Slot = use, use
			}
		}
		for _, k := range r.own {
			if use, ok := moved[k.hash]; ok {
				r.own = append(r.own, fetchKey{k.Pos, use})
			}
		}
	}
}
