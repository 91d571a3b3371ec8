package resolve

import (
	"cmp"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// Move is a pin on its way to a release: what was found, and what is known of its hashes so far.
type Move struct {
	*pin.Pin
	Outputs []probe.Output // the outputs that show it, once they are known
	// Consumed is set when no package shows the pin: the outputs are made with its package.
	Consumed bool

	only        []string // systems whose packages alone show it, as an evaluation told
	hashes      []*hash
	companions  []*companion
	addable     []*companion // that are added to the file where the overridden package's do not fit
	revisions   []pin.SlotID // those of the pin that hold its tag's commit
	notes       []string     // sentences for the report, besides the pin's own
	halfWritten bool         // looks current, but may be half written
}

// Notes returns the sentences that the report says of the pin.
func (p *Move) Notes() []string { return slices.Concat(p.Pin.Notes, p.notes) }

// A Companion is what became of a companion.
type Companion struct {
	diag.Pos
	Name, Old, New string
	Skip           string // why it was not moved; "" when it was
}

// Companions returns what became of the pin's companions.
func (p *Move) Companions() []Companion {
	var list []Companion
	for _, c := range p.companions {
		old := cmp.Or(c.Old, c.replaces)
		list = append(list, Companion{Pos: c.Pos, Name: c.Name(), Old: old, New: c.tag, Skip: c.skip})
	}
	return list
}

// By is who found a hash.
type By int

// The finders.
const (
	Nix       By = iota // a build of this flake
	Digest              // the release's list of digests
	Download            // a download of the file
	SameFetch           // the same fetch of another system, built for this one
)

// hash is what is known of a hash so far. Pins that share its literal share it.
type hash struct {
	*pin.Fetch
	slot      *pin.Slot
	fake      nixhash.Hash // stands in the slot until the hash is found
	found     *nixhash.Hash
	by        By
	drv       *nix.Derivation // that it was found with
	inherited *nixhash.Hash   // what an inherited one is in the overridden package
	ending    string          // of the asset's name, when another one is wanted
	elsewhere bool            // only other systems use it
	state     hashState
}

// hashState says how a hash is looked for.
type hashState int

const (
	wanted    hashState = iota
	waiting             // for the companion's new tag: what is fetched now is the old one
	fetched             // by Nix while it evaluates: no derivation carries the hash
	notNeeded           // the inherited one fits, so none is added
)

// companion is a companion on its way.
type companion struct {
	*pin.Companion
	hash *hash
	skip string // why it is not moved; "" when it is
	tag  string // the new tag, once the new source is there
	sha  string // and its commit, where the refs hold a commit
	// replaces is the tag that the overridden package brings, when the companion is added to the file.
	replaces string
}

// newMoves begins the moves of a plan.
func newMoves(found *pin.Found, plan pin.Plan, fake func() nixhash.Hash) []*Move {
	type key struct {
		slot pin.SlotID
		role pin.Role
	}
	known := map[key]*hash{}
	of := func(f *pin.Fetch) *hash {
		h := known[key{f.Slot, f.Role}]
		if h == nil {
			h = &hash{Fetch: f, slot: found.Slot(f.Slot), elsewhere: f.Elsewhere, fake: fake()}
			known[key{f.Slot, f.Role}] = h
		}
		h.elsewhere = h.elsewhere && f.Elsewhere
		return h
	}
	var moves []*Move
	for _, p := range plan.Pins {
		m := &Move{Pin: p, halfWritten: slices.Contains(plan.HalfWritten, p)}
		for _, f := range p.Fetches {
			m.hashes = append(m.hashes, of(f))
		}
		for _, c := range p.Companions {
			mc := &companion{Companion: c, skip: c.Skip}
			if c.Hash != nil && c.Skip == "" {
				mc.hash = of(c.Hash)
				if !c.Derived {
					mc.hash.state = waiting
				}
			}
			m.companions = append(m.companions, mc)
		}
		for _, c := range p.Addable {
			m.addable = append(m.addable, &companion{Companion: c, hash: of(c.Hash)})
		}
		moves = append(moves, m)
	}
	return moves
}

func (p *Move) error(text, hint string) *diag.Error { return diag.At(p.Pos, text, hint) }

// hash returns the pin's hash of a role, or nil.
func (p *Move) hash(r pin.Role) *hash {
	for _, h := range p.hashes {
		if h.Role == r {
			return h
		}
	}
	return nil
}

// allHashes are the pin's hashes and its companions'.
func (p *Move) allHashes() []*hash {
	all := slices.Clone(p.hashes)
	for _, c := range p.companions {
		if c.hash != nil && c.skip == "" {
			all = append(all, c.hash)
		}
	}
	return all
}

// waits reports whether a companion's new tag is still to be read from the new source.
func (p *Move) waits() bool {
	return slices.ContainsFunc(p.companions, func(c *companion) bool { return c.skip == "" && c.tag == "" })
}

// builds reports whether Nix has to build anything for the pin. Hashes from a release's digests need no
// download.
func (p *Move) builds() bool {
	hashes := p.allHashes()
	return len(hashes) == 0 || slices.ContainsFunc(hashes, func(h *hash) bool { return h.by == Nix })
}

// systems are those that alone have the pin; nil for one that this system has, too.
func (p *Move) systems() []string { return pin.Union(p.Systems, p.only) }

// shown reports whether an output shows the pin.
func (p *Move) shown() bool { return len(p.Outputs) > 0 }

// grows reports whether not every hash of the pin stands in the file from the first question on.
func (p *Move) grows() bool {
	return len(p.companions) > 0 || slices.ContainsFunc(p.hashes, func(h *hash) bool { return h.Inherited() })
}

// has reports whether the pin has a companion.
func (p *Move) has(of *pin.CompanionSource) bool { return p.companion(of) != nil }

// companion returns the pin's companion of a kind, nil when it has none.
func (p *Move) companion(of *pin.CompanionSource) *companion {
	for _, c := range p.companions {
		if c.Of == of {
			return c
		}
	}
	return nil
}

// text is what stands in the file for a hash now: the fake, or the hash that was found.
func (h *hash) text() string {
	if h.found != nil {
		return h.found.SRI()
	}
	return h.fake.SRI()
}

// missing reports whether a hash is needed and not known yet.
func (h *hash) missing() bool { return h.found == nil && h.state != notNeeded }

// is reports whether a hash that an evaluation shows is the one that the last question had in the slot.
func (h *hash) is(shown string) bool {
	s, err := nixhash.Parse(shown, "sha256")
	return err == nil && (h.found != nil && s.Equal(*h.found) || s.Equal(h.fake))
}

// field is what the hash is called, for people.
func (h *hash) field() pin.Field {
	switch h.Role {
	case pin.Source:
		return pin.SrcHash
	case pin.Vendor:
		return pin.VendorHash
	case pin.ReleaseAsset:
		return pin.AssetHash
	}
	return h.slot.Field
}
