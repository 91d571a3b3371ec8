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

// An override that a fetcher ignores leaves the old URL, for which a hash is found without an error.
func TestSourceThatIsStillTheOldOne(t *testing.T) {
	slot := &pin.Slot{Field: "src hash", Pos: diag.Pos{File: "flake.nix", Line: 8, Column: 22}}
	at := func(url string) *state {
		h := &hash{
			Fetch: &pin.Fetch{Role: pin.Source}, slot: slot,
			drv: &nix.Derivation{Env: map[string]string{"urls": url}},
		}
		return &state{
			Job:    Job{Release: &release.Release{Version: "0.32.15"}},
			groups: groups{pins: []*Move{{Pin: &pin.Pin{Origin: pin.Tag{}}, hashes: []*hash{h}}}},
		}
	}
	require.NoError(t, at("https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz").checkSources())
	require.NoError(t, at("https://mirror.example.org/source.tar.gz").checkSources())
	err := at("https://github.com/ollama/ollama/archive/refs/tags/v0.32.13.tar.gz").checkSources()
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "flake.nix:8:22: verify: the source is still fetched from "+
		"https://github.com/ollama/ollama/archive/refs/tags/v0.32.13.tar.gz", e.Error())
	assert.Contains(t, e.Hint, "old.src.override")
}

// A Nix that nixpkgs refuses is the machine's fault: no file of the flake is named, whether the output that fails was
// passed over, ends the evaluation, or shows the pin.
func TestNixTooOldForNixpkgs(t *testing.T) {
	fail := &nix.Failure{Kind: nix.OldForNixpkgs, Text: "This version of Nixpkgs requires Nix >= 2.18"}
	for name, change := range map[string]change{
		"passed over": func(_ int, _ probe.Question, a *probe.Answer) {
			a.Outputs, a.NoneShown = nil, true
			a.Broken = []probe.Broken{{Where: "packages.a", Text: "boom"}, {
				Where: "packages.x", Kind: fail.Kind,
				Text: fail.Text,
			}}
			a.Failure = &nix.Failure{Kind: nix.Eval, Text: "no output"}
		},
		"the only one": func(_ int, _ probe.Question, a *probe.Answer) {
			a.Outputs, a.Failure, a.Last = nil, fail, "packages.x"
		},
		"with the pin": func(_ int, _ probe.Question, a *probe.Answer) {
			a.Mismatches, a.Failure, a.Last = nil, fail, "packages.x"
			a.Outputs[0].Where = "packages.x"
		},
	} {
		_, _, err := hashes(t, flake(vendored), change)
		var e *diag.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, diag.Pos{}, e.Pos, name)
		assert.Equal(t, "evaluate packages.x: this machine's Nix is too old for the flake's nixpkgs: "+fail.Text,
			e.Error(), name)
		assert.Equal(t, "run ollama-bump with a newer Nix, or pin a nixpkgs that this one can evaluate", e.Hint, name)
	}
}

// An output that has the modules of another pin is that one's, although the source is the same.
func TestOutputOfAnotherPin(t *testing.T) {
	source, modules := given(pin.Source, "src hash"), given(pin.Vendor, "vendor hash")
	one, other := moving(nil, source), moving(nil, source, modules)
	s := stateOf(one, other)
	o := probe.Output{Src: source.text(), Mod: modules.text(), Pins: []int{0, 1}}
	assert.True(t, s.isOfAnother(one, o))
	assert.False(t, s.isOfAnother(other, o))
	for name, o := range map[string]probe.Output{
		"of the one alone": {Mod: modules.text(), Pins: []int{0}},
		"without modules":  {Pins: []int{0, 1}},
		"of other modules": {Mod: sum("others").SRI(), Pins: []int{0, 1}},
	} {
		assert.False(t, s.isOfAnother(one, o), name)
	}
	modules.Had = pin.Inherited{}
	assert.False(t, s.isOfAnother(one, o), "it may be any pin's")
}

func TestMessageOfWhatNothingShows(t *testing.T) {
	s := stateOf(moving(nil))
	s.Found.Package = &pin.Ollama
	nothing := "find package: no output of the flake shows ollama 0.32.15 after the edit"
	assert.EqualError(t, s.notShown(probe.Answer{}), nothing)
	assert.EqualError(t, s.notShown(probe.Answer{Outputs: []probe.Output{{Where: "a"}, {Where: "b", Version: "1"}}}),
		nothing+"; tried b (1)")
	var e *diag.Error
	require.ErrorAs(t, s.notShown(probe.Answer{}), &e)
	assert.Equal(t, s.exposeHint(pin.System()), e.Hint)
	s.unseen = []probe.Broken{{Where: "c", Text: "boom"}}
	assert.EqualError(t, s.notShown(probe.Answer{}), nothing+"; c does not evaluate: boom")
}
