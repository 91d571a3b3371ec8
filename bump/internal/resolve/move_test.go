package resolve

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
)

// looked is a hash that is looked for.
func looked(role pin.Role, field pin.Field) *hash {
	return &hash{
		Fetch: &pin.Fetch{Role: role, Had: pin.Written{}, Ending: pin.NoSlot}, slot: &pin.Slot{Field: field},
		fake: sum("fake " + string(field)),
	}
}

// given is a hash that was found.
func given(role pin.Role, field pin.Field) *hash {
	h, found := looked(role, field), sum(field)
	h.found = &found
	return h
}

// moving is a pin with hashes, which outputs show.
func moving(outputs []string, hashes ...*hash) *Move {
	p := &Move{Pin: &pin.Pin{Origin: pin.Tag{}, Definition: pin.Definition{Names: []string{"ollama"}}}, hashes: hashes}
	for _, where := range outputs {
		p.Outputs = append(p.Outputs, probe.Output{Where: where})
	}
	return p
}

// stateOf is a state whose pins go to 0.32.15.
func stateOf(pins ...*Move) *state {
	found := &pin.Found{Package: &pin.Ollama, Slots: make([]pin.Slot, 9)}
	for i := range found.Slots {
		found.Slots[i] = pin.Slot{Field: "version", Pos: diag.Pos{File: "flake.nix", Line: i + 1, Column: 1}}
	}
	job := Job{Found: found, Release: &release.Release{Version: "0.32.15"}}
	for _, p := range pins {
		job.Plan.Pins, found.Pins = append(job.Plan.Pins, p.Pin), append(found.Pins, p.Pin)
	}
	return &state{Job: job, groups: groups{pins: pins}}
}

func TestWhatAMoveWaitsFor(t *testing.T) {
	llama := &pin.Companion{Of: &pin.CompanionSource{Name: "llama.cpp"}}
	p := moving(nil, given(pin.Source, "src hash"))
	assert.False(t, p.waits())
	assert.False(t, p.has(llama.Of))
	p.companions = []*companion{{Companion: llama, skip: "not known"}, {Companion: llama, tag: "b1"}}
	assert.False(t, p.waits(), "neither what is skipped nor what has its tag is waited for")
	assert.True(t, p.has(llama.Of))
	assert.False(t, p.has(&pin.CompanionSource{Name: "another"}))
	p.companions = append(p.companions, &companion{Companion: llama})
	assert.True(t, p.waits())

	assert.True(t, moving(nil).builds(), "without a hash that the edit takes effect is still seen")
	assert.True(t, p.builds())
	p.hashes[0].by = Digest
	assert.False(t, p.builds())
	p.hashes = append(p.hashes, looked(pin.Vendor, "vendor hash"))
	assert.True(t, p.builds())
}

func TestFolderOfTheNewSource(t *testing.T) {
	h := given(pin.Source, "src hash")
	h.drv = &nix.Derivation{Path: "/nix/store/x-source.drv", Name: "source"}
	p := moving([]string{"packages.ollama", "packages.other"}, h)
	p.Outputs[0].SrcOut, p.Outputs[1].SrcOut = "/nix/store/shown", "/nix/store/other"
	assert.Equal(t, nix.FixedOutputPath("/nix/store", *h.found, "source"), p.source())
	for name, change := range map[string]func(h *hash){
		"a hash that is not found":  func(h *hash) { h.found = nil },
		"no derivation":             func(h *hash) { h.drv = nil },
		"a file":                    func(h *hash) { h.Flat = true },
		"a hash of something else":  func(h *hash) { h.Role = pin.Vendor },
		"the source of a companion": func(h *hash) { h.Role = pin.CompanionSrc },
	} {
		other, fetch := *h, *h.Fetch
		other.Fetch = &fetch
		change(&other)
		p.hashes = []*hash{&other}
		assert.Equal(t, "/nix/store/shown", p.source(), name)
	}
	assert.Empty(t, moving(nil).source())
	assert.False(t, (&source{}).known())
	assert.True(t, (&source{files: map[string]bool{"go.mod": true}}).known())
}

func TestCommitsOfCompanionsAreAskedOnce(t *testing.T) {
	of := func(commit bool, skip, tag, sha string) *companion {
		return &companion{Companion: &pin.Companion{Commit: commit}, skip: skip, tag: tag, sha: sha}
	}
	p := moving(nil)
	s := stateOf(p)
	p.companions = []*companion{
		of(false, "", "b1", ""), of(true, "not known", "b1", ""), of(true, "", "", ""), of(true, "", "b1", "c0ffee"),
	}
	assert.Nil(t, s.withoutCommit())
	wanted := of(true, "", "b1", "")
	p.companions = append(p.companions, wanted)
	assert.Same(t, wanted, s.withoutCommit())
}

func TestSlotsAreGivenOneValue(t *testing.T) {
	s, values := stateOf(), map[pin.SlotID]string{}
	require.NoError(t, s.set(values, 1, "a", "src hash"))
	require.NoError(t, s.set(values, 1, "a", "vendor hash"))
	require.NoError(t, s.set(values, 2, "b", "vendor hash"))
	assert.EqualError(t, s.set(values, 1, "b", "vendor hash"),
		"flake.nix:2:1: find pin: the version and the vendor hash are one and the same value here, but will differ")
	assert.Equal(t, map[pin.SlotID]string{1: "a", 2: "b"}, values)
}

func TestInheritedHashesAreLookedFor(t *testing.T) {
	h := looked(pin.Vendor, "vendor hash")
	s := stateOf(moving(nil, looked(pin.Source, "src hash"), h))
	assert.False(t, s.inherits())
	h.Had = pin.Inherited{}
	assert.True(t, s.inherits())
	h.state = notNeeded
	assert.False(t, s.inherits())
}

func TestProgressNamesWhatIsMissing(t *testing.T) {
	vendor := looked(pin.Vendor, "vendor hash")
	s := stateOf(moving(nil, looked(pin.Source, "src hash"), vendor), moving(nil, looked(pin.Source, "src hash")))
	assert.Equal(t, "evaluate and build, to find src hash, vendor hash", s.missing())
	vendor.state = notNeeded
	assert.Equal(t, "evaluate and build, to find src hash", s.missing())
	assert.Equal(t, "evaluate and build everything with the hashes found", stateOf(moving(nil)).missing())
}

func TestVersionThatInputsProvide(t *testing.T) {
	input := func(version string, provides bool) *Move {
		p := moving([]string{"packages.ollama"})
		p.Origin, p.Outputs[0].Version = &pin.Input{Provides: provides, Slot: pin.NoSlot}, version
		return p
	}
	for _, tt := range []struct {
		want string
		pins []*Move
	}{
		{"0.32.15", nil},
		{"0.32.15", []*Move{moving([]string{"packages.ollama"})}},
		{"0.32.14", []*Move{input("0.32.14", true)}},
		{"0.32.15", []*Move{input("0.32.14", false)}},
		{"0.32.15", []*Move{input("main", true)}},
		{"0.32.15", []*Move{input("0.32.14", true), moving([]string{"packages.other"})}},
		{"0.32.15", []*Move{{Pin: input("0.32.14", true).Pin}}},
	} {
		assert.Equal(t, tt.want, string(stateOf(tt.pins...).provided()))
	}
}

// A question tells pins apart by the hashes that only one of them has.
func TestQuestionAboutPins(t *testing.T) {
	shared := looked(pin.Source, "src hash")
	one, other := looked(pin.Vendor, "vendor hash"), looked(pin.Vendor, "vendor hash of the other")
	first, second := moving([]string{"packages.a", "packages.b"}, shared, one), moving(nil, shared, other)
	consumed := moving([]string{"packages.image"}, looked(pin.Source, "its hash"))
	consumed.Consumed = true
	s := stateOf(first, second, consumed)
	for id, h := range []*hash{shared, one, other} {
		h.Fetch.Slot = pin.SlotID(id)
	}
	consumed.hashes[0].Slot = 5
	ask := func() []probe.Pin {
		q, err := s.ofPins("x86_64-linux")
		require.NoError(t, err)
		assert.Equal(t, "x86_64-linux", q.System)
		assert.Subset(t, q.Names, pin.Ollama.Variants)
		return q.Pins
	}
	pins := ask()
	require.Len(t, pins, 2, "no package shows what is consumed")
	assert.Equal(t, probe.Pin{ID: 0, Names: []string{"ollama"}, Marks: []string{one.fake.SRI()}, Vendor: true}, pins[0])
	assert.Equal(t, []string{other.fake.SRI()}, pins[1].Marks)

	s.placed = true
	pins = ask()
	assert.Equal(t, "packages.a", pins[0].First)
	assert.Empty(t, pins[1].First)

	one.state, other.Had = fetched, pin.Inherited{}
	pins = ask()
	assert.Empty(t, pins[0].Marks, "no derivation carries what Nix fetches while it evaluates")
	assert.NotEmpty(t, pins[1].Marks)
	assert.True(t, pins[1].Vendor)
	s.placed = false
	pins = ask()
	assert.Empty(t, pins[1].Marks, "an inherited hash is not in the file yet")
	assert.False(t, pins[1].Vendor, "its modules may be in the store already")
	found := sum("found")
	other.found = &found
	assert.Equal(t, []string{found.SRI()}, ask()[1].Marks)

	first.companions = []*companion{{Companion: &pin.Companion{}}}
	assert.False(t, ask()[0].Vendor, "a companion's tag is to be read from the source first")
}

// With all hashes known only the source tells pins apart: another release may have the same modules.
func TestQuestionThatProves(t *testing.T) {
	source, modules := given(pin.Source, "src hash"), given(pin.Vendor, "vendor hash")
	asset := given(pin.ReleaseAsset, "asset hash")
	sourceless := given(pin.Vendor, "vendor hash of an input")
	for id, h := range []*hash{source, modules, asset, sourceless} {
		h.Fetch.Slot = pin.SlotID(id)
	}
	s := stateOf(moving([]string{"a", "b"}, source, modules, asset), moving([]string{"c"}, sourceless), moving(nil))
	s.placed = true
	q, err := s.question()
	require.NoError(t, err)
	assert.Equal(t, []string{source.text(), asset.text()}, q.Pins[0].Marks)
	assert.Equal(t, []string{sourceless.text()}, q.Pins[1].Marks)
	assert.Equal(t, []string{"a", "c"}, q.Whole)
	assert.True(t, q.All)
	assert.Empty(t, q.Only)
	s.noWhole = true
	assert.Empty(t, s.wholes())
	s.noWhole, s.placed = false, false
	assert.Empty(t, s.wholes())
}

func TestRoundsAreCounted(t *testing.T) {
	s := stateOf(moving(nil, looked(pin.Source, "src hash")))
	for range maxRounds {
		_, err := s.nextRound()
		require.NoError(t, err)
	}
	assert.Equal(t, "round 1: evaluate and build, to find src hash", s.said[0].text)
	_, err := s.nextRound()
	require.EqualError(t, err, "find hashes: Nix keeps reporting other hashes")
}

func TestFakesAreMade(t *testing.T) {
	r := newReplay(t, flake(vendored), nil)
	tools := r.tools()
	tools.Fake = nil
	s, err := Hashes(t.Context(), r.job(), tools)
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
}
