package pin

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// byHand makes pins by hand, each with a literal of its version and one of its hash.
type byHand struct{ found Found }

// slot adds a literal that stands in a file.
func (b *byHand) slot(file, old string) SlotID {
	b.found.Slots = append(b.found.Slots, Slot{File: file, Old: old})
	return SlotID(len(b.found.Slots) - 1)
}

func (b *byHand) pin(name, file string, v version.Version, had Had) *Pin {
	p := &Pin{
		Pos: diag.Pos{File: name}, Pinned: Pinned{Version: v, Versions: []SlotID{b.slot(file, string(v))}},
		Origin:  Tag{},
		Fetches: []*Fetch{{Role: Source, Had: had, Slot: b.slot(file, ""), Ending: NoSlot}},
	}
	b.found.Pins = append(b.found.Pins, p)
	return p
}

func names(pins []*Pin) (list []string) {
	for _, p := range pins {
		list = append(list, p.File)
	}
	return list
}

func TestPlan(t *testing.T) {
	var b byHand
	b.pin("behind", "a.nix", "0.32.13", Written{})
	b.pin("current", "b.nix", "0.32.15", Written{})
	b.pin("beyond", "c.nix", "0.32.16", Written{})
	b.pin("blank", "d.nix", "0.32.15", Blank{})
	torn := b.pin("torn", "e.nix", "0.32.15", Written{})
	torn.Versions = []SlotID{b.slot("e.nix", "0.32.15"), b.slot("e.nix", "0.32.13")}
	branch := b.pin("branch", "f.nix", "", Written{})
	branch.Versions, branch.Origin = nil, &Input{Name: "src", Slot: NoSlot}
	input := b.pin("input", "g.nix", "0.32.15", Written{})
	input.Versions, input.Origin = nil, &Input{Name: "other", Slot: b.slot("g.nix", "0.32.13")}
	commit := b.pin("commit", "h.nix", "0.32.15", Written{})
	commit.Versions, commit.Origin = nil, Commit{Slot: b.slot("h.nix", "c0ffee")}
	held := b.pin("held", "i.nix", "0.32.13", Blank{})

	for _, test := range []struct {
		name           string
		policy         Policy
		moves, unknown []string
	}{
		{"those behind", Policy{}, []string{"behind", "blank", "torn", "input", "held"}, []string{"branch"}},
		{
			"not those that are held",
			Policy{Held: []*Pin{held}},
			[]string{"behind", "blank", "torn", "input"},
			[]string{"branch"},
		},
		{
			"branches",
			Policy{Branches: true},
			[]string{"behind", "blank", "torn", "branch", "input", "held"},
			nil,
		},
		{
			"exactly",
			Policy{Exactly: true, Branches: true},
			[]string{"behind", "beyond", "blank", "torn", "branch", "input", "held"},
			nil,
		},
		{
			"all",
			Policy{All: true, Branches: true},
			[]string{"behind", "current", "blank", "torn", "branch", "input", "commit", "held"}, // never a downgrade
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := b.found.Plan("0.32.15", test.policy)
			assert.Equal(t, test.moves, names(plan.Pins))
			assert.Equal(t, test.unknown, names(plan.Unknown))
			assert.Empty(t, plan.HalfWritten)
			assert.True(t, b.found.Repairs(plan))
		})
	}
	assert.Equal(t, version.Version("0.32.13"), b.found.Oldest())
	assert.Equal(t, version.Version("0.32.9"), Oldest([]*Pin{
		{Pinned: Pinned{Version: "0.32.10"}}, {Pinned: Pinned{Version: "0.32.9"}}, {},
	}))
	assert.Equal(t, version.Version(""), Oldest([]*Pin{branch}))
	assert.False(t, b.found.Repairs(Plan{Pins: b.found.Pins[:3]}), "a pin that is behind is not wrong")
	assert.Equal(t, []string{"a.nix", "h.nix"}, b.found.Files(append(commit.Slots(), b.found.Pins[0].Slots()...)...))
	assert.Equal(t, []string{"b.nix", "g.nix"},
		b.found.VersionFiles([]*Pin{input, branch, commit, b.found.Pins[1], b.found.Pins[1]}))
	assert.Equal(t, []SlotID{commit.Origin.(Commit).Slot, commit.Fetches[0].Slot}, commit.Slots())
}

// A branch that lacks a hash is due without being asked for, and its input has no literal.
func TestPlanOfABranch(t *testing.T) {
	var b byHand
	p := b.pin("branch", "a.nix", "", Blank{})
	p.Versions, p.Origin = nil, &Input{Slot: NoSlot}
	assert.Equal(t, []string{"branch"}, names(b.found.Plan("0.32.15", Policy{}).Pins))
	assert.Equal(t, []SlotID{p.Fetches[0].Slot}, p.Slots())
	assert.False(t, b.found.Inconsistent(p))
}

// Pins that are spread over files which a due pin touches may be half written, and so on from file to file.
func TestPlanOfWhatMayBeHalfWritten(t *testing.T) {
	var b byHand
	spread := func(name string, v version.Version, files ...string) *Pin {
		p := b.pin(name, files[0], v, Written{})
		for _, file := range files[1:] {
			p.Fetches = append(p.Fetches, &Fetch{Role: Vendor, Had: Written{}, Slot: b.slot(file, ""), Ending: NoSlot})
		}
		return p
	}
	spread("third", "0.32.15", "c.nix", "d.nix")
	spread("alone", "0.32.15", "a.nix")
	spread("first", "0.32.13", "a.nix")
	spread("apart", "0.32.15", "x.nix", "y.nix")
	held := spread("second", "0.32.15", "a.nix", "c.nix")
	plan := b.found.Plan("0.32.15", Policy{})
	assert.Equal(t, []string{"second", "third"}, names(plan.HalfWritten))
	assert.Equal(t, []string{"first", "second", "third"}, names(plan.Pins))
	plan = b.found.Plan("0.32.15", Policy{Held: []*Pin{held}})
	assert.Equal(t, []string{"first", "third"}, names(plan.Pins))
	b.found.Pins = b.found.Pins[3:]
	assert.Empty(t, b.found.Plan("0.32.15", Policy{}).Pins, "nothing is due")
}

func TestBound(t *testing.T) {
	var b byHand
	one := b.pin("one", "a.nix", "0.32.13", Written{})
	b.pin("two", "a.nix", "0.32.13", Written{})
	three := b.pin("three", "b.nix", "0.32.13", Written{})
	four := b.pin("four", "b.nix", "0.32.13", Written{})
	five := b.pin("five", "b.nix", "0.32.13", Written{})
	six := b.pin("six", "b.nix", "0.32.13", Written{})
	three.Origin, four.Origin = &Input{Name: "src", Slot: NoSlot}, &Input{Name: "src", Slot: NoSlot}
	five.Versions = one.Versions
	six.Versions, six.Fetches = four.Versions, append(six.Fetches, five.Fetches...)
	var groups [][]string
	for _, group := range b.found.Bound() {
		groups = append(groups, names(group))
	}
	assert.Equal(t, [][]string{{"one", "three", "four", "five", "six"}, {"two"}}, groups)
}

func TestPinsOfCompanions(t *testing.T) {
	var b byHand
	p := b.pin("pin", "a.nix", "0.32.13", Written{Hash: nixhash.Hash{Algo: "sha256"}})
	moved := &Companion{Of: &CompanionSource{Name: "llama.cpp"}, Hash: &Fetch{Had: Blank{}, Slot: b.slot("b.nix", "")}}
	moved.Refs = []SlotID{b.slot("b.nix", "b1")}
	skipped := &Companion{Old: "mlx", Hash: &Fetch{Had: Blank{}}, Skip: "it is not known"}
	p.Companions = []*Companion{skipped, {Of: moved.Of}}
	assert.Len(t, p.AllFetches(), 1, "what is skipped does not move, and what has no hash is not fetched")
	assert.False(t, p.missing())
	p.Companions = append(p.Companions, moved)
	assert.Equal(t, []*Fetch{p.Fetches[0], moved.Hash}, p.AllFetches())
	assert.True(t, p.missing())
	assert.Contains(t, p.Slots(), moved.Refs[0])
	assert.Equal(t, "llama.cpp", moved.Name())
	assert.Equal(t, "mlx", skipped.Name())
	assert.Nil(t, p.fetch(Vendor))
	assert.Same(t, p.Fetches[0], p.fetch(Source))
	old, ok := p.Fetches[0].Old()
	assert.True(t, ok)
	assert.Equal(t, "sha256", old.Algo)
	_, ok = moved.Hash.Old()
	assert.False(t, ok)
}
