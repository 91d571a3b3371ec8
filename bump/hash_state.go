package bump

import (
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// move is a pin on its way to a release: what was found, and what is known of its hashes so far.
type move struct {
	*pin.Pin
	found      *pin.Found
	hashes     []*hash
	companions []*companion
	notes      []string // sentences for the report, besides the pin's own
	torn       bool     // looks current, but may be half written
}

// hash is what is known of a hash so far. Pins that share its literal share it.
type hash struct {
	*pin.Fetch
	slot      *pin.Slot
	fake      nix.Hash // stands in the slot until got is known
	ending    string   // of the asset's name, when another one is wanted
	waits     bool     // for the companion's new tag: what is fetched now is the old one
	elsewhere bool     // only other systems use it
	// evaluated says that Nix fetches it while it evaluates: no derivation carries the hash.
	evaluated bool
	brought   *nix.Hash       // what an inherited one is in the overridden package
	dropped   bool            // an inherited one that need not be added
	drv       *nix.Derivation // that got was found with
	got       *nix.Hash
	from      string // where got is from, for the report: "" is Nix, else "the release's digest"
}

// field is what the hash is called, for people.
func (h *hash) field() string {
	switch h.Role {
	case pin.Source:
		return "src hash"
	case pin.Vendor:
		return "vendor hash"
	case pin.ReleaseAsset:
		return "asset hash"
	}
	return h.slot.Field
}

// companion is a companion on its way.
type companion struct {
	*pin.Companion
	hash *hash
	skip string // why it is not moved; "" when it is
	tag  string // the new tag, once the new source is there
	sha  string // and its commit, where the refs hold a commit
}

// newMoves begins the moves of a plan.
func newMoves(found *pin.Found, plan pin.Plan) []*move {
	type key struct {
		slot pin.SlotID
		role pin.Role
	}
	known := map[key]*hash{}
	of := func(f *pin.Fetch) *hash {
		h := known[key{f.Slot, f.Role}]
		if h == nil {
			h = &hash{Fetch: f, slot: found.Slot(f.Slot), elsewhere: f.Elsewhere}
			known[key{f.Slot, f.Role}] = h
		}
		h.elsewhere = h.elsewhere && f.Elsewhere
		return h
	}
	var moves []*move
	for _, p := range plan.Pins {
		m := &move{Pin: p, found: found, torn: slices.Contains(plan.Torn, p)}
		for _, f := range p.Fetches {
			m.hashes = append(m.hashes, of(f))
		}
		for _, c := range p.Companions {
			mc := &companion{Companion: c, skip: c.Skip}
			if c.Hash != nil && c.Skip == "" {
				mc.hash = of(c.Hash)
			}
			m.companions = append(m.companions, mc)
		}
		moves = append(moves, m)
	}
	return moves
}

func (p *move) error(text, hint string) *Error { return diag.At(p.Pos, text, hint) }

// hash returns the pin's hash of a role, or nil.
func (p *move) hash(r pin.Role) *hash {
	for _, h := range p.hashes {
		if h.Role == r {
			return h
		}
	}
	return nil
}

// allHashes are the pin's hashes and its companions'.
func (p *move) allHashes() []*hash {
	all := slices.Clone(p.hashes)
	for _, c := range p.companions {
		if c.hash != nil && c.skip == "" {
			all = append(all, c.hash)
		}
	}
	return all
}

// waits reports whether a companion's new tag is still to be read from the new source.
func (p *move) waits() bool {
	return slices.ContainsFunc(p.companions, func(c *companion) bool { return c.skip == "" && c.tag == "" })
}

// builds reports whether Nix has to build anything for the pin. Hashes from a release's digests need no
// download.
func (p *move) builds() bool {
	hashes := p.allHashes()
	return len(hashes) == 0 || slices.ContainsFunc(hashes, func(h *hash) bool { return h.from == "" })
}

// shares reports whether the version of two pins is written in one literal.
func (p *move) shares(other *move) bool {
	return slices.ContainsFunc(p.Versions, func(id pin.SlotID) bool { return slices.Contains(other.Versions, id) })
}

// values is what slots get.
type values map[pin.SlotID]string

// set gives a slot a value. Two values for one place are an error.
func (v values) set(found *pin.Found, id pin.SlotID, value, field string) error {
	if known, ok := v[id]; ok && known != value {
		slot := found.Slot(id)
		return diag.At(slot.Pos, fmt.Sprintf("find pin: the %s and the %s are one and the same value here, but will differ", slot.Field, field),
			"write each where it is used, lib.fakeHash for a hash that is not known")
	}
	v[id] = value
	return nil
}

// union returns the strings of lists, each once; an empty list, which JSON writes as one, for none.
func union(lists ...[]string) []string {
	have := map[string]bool{}
	out := []string{}
	for _, list := range lists {
		for _, s := range list {
			if s != "" && !have[s] {
				have[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}
