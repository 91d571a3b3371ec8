package bump

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/unpin"
)

// A removal fixes what nixpkgs' own package fixes, which may be less than the release fixes, or more.
func TestRemovalTellsWhatTheBaseFixes(t *testing.T) {
	t.Parallel()
	sel := &selection{advisories: map[string]Advisory{}}
	for _, fixed := range []string{"0.32.13", "0.32.14", "0.32.15"} {
		sel.advisories["GHSA "+fixed] = Advisory{GHSA: "GHSA", FirstPatched: fixed}
	}
	sel.decision.Security = []Advisory{sel.advisories["GHSA 0.32.15"]} // of the release
	sel.decision.Passed = []text.Passed{{Version: "0.33.0", Why: "it is skipped"}}
	shown := []shownPin{{Pin: &pin.Pin{Pinned: pin.Pinned{Version: "0.32.13"}}}}
	for base, want := range map[string][]Advisory{
		"0.32.13": nil,
		"0.32.14": {sel.advisories["GHSA 0.32.14"]},
		"0.33.0":  {sel.advisories["GHSA 0.32.14"], sel.advisories["GHSA 0.32.15"]},
	} {
		d := sel.removal(shown, []PinInfo{{BaseVersion: "0.33.0"}, {BaseVersion: base}})
		assert.True(t, d.Dropped)
		assert.Equal(t, want, d.Security, base)
		assert.Empty(t, d.Passed)
	}
	assert.Empty(t, sel.removal([]shownPin{{Pin: &pin.Pin{}}}, []PinInfo{{BaseVersion: "0.33.0"}}).Security)
	assert.NotEmpty(t, sel.decision.Passed, "that of a bump stays")
}

// An overlay that says nothing of the package any more proves a removal, but one that does not evaluate proves nothing.
func TestRemovalIsNotProvedByAFailure(t *testing.T) {
	t.Parallel()
	shown := []shownPin{{
		Pin: &pin.Pin{}, outputs: []probe.Output{{Where: "overlays.default: ollama"}},
	}}
	removal := &unpin.Removal{Plain: true}
	require.NoError(t, proveAnswer(shown, probe.Answer{}, removal))
	failure := errors.New("undefined variable 'gpu'")
	require.NoError(t, proveAnswer(shown, probe.Answer{Failure: failure, NoneShown: true}, removal))

	err := proveAnswer(shown, probe.Answer{Failure: failure}, removal)
	var obstacle *diag.Error
	require.ErrorAs(t, err, &obstacle)
	assert.Contains(t, obstacle.Text, "without it the flake does not evaluate: undefined variable 'gpu'")
}
