package bump

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
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
	shown := []probe.Shown{{Pin: &pin.Pin{Pinned: pin.Pinned{Version: "0.32.13"}}}}
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
	assert.Empty(t, sel.removal([]probe.Shown{{Pin: &pin.Pin{}}}, []PinInfo{{BaseVersion: "0.33.0"}}).Security)
	assert.NotEmpty(t, sel.decision.Passed, "that of a bump stays")
}
