package bump

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// A removal fixes what nixpkgs' own package fixes, which may be less than the release fixes, or more.
func TestRemovalTellsWhatTheBaseFixes(t *testing.T) {
	t.Parallel()
	sel := &decide.Selection{Advisories: map[string]Advisory{}}
	for _, fixed := range []string{"0.32.13", "0.32.14", "0.32.15"} {
		sel.Advisories["GHSA "+fixed] = Advisory{GHSA: "GHSA", FirstPatched: fixed}
	}
	sel.Decision.Security = []Advisory{sel.Advisories["GHSA 0.32.15"]} // of the release
	sel.Decision.Passed = []text.Passed{{Version: "0.33.0", Why: "it is skipped"}}
	going := func(version version.Version, bases ...string) (list []probe.Shown) {
		for _, base := range bases {
			list = append(list, probe.Shown{
				Pin:     &pin.Pin{Pinned: pin.Pinned{Version: version}},
				Outputs: []probe.Output{{Recipe: probe.Recipe{Base: base}}},
			})
		}
		return list
	}
	for base, want := range map[string][]Advisory{
		"0.32.13": nil,
		"0.32.14": {sel.Advisories["GHSA 0.32.14"]},
		"0.33.0":  {sel.Advisories["GHSA 0.32.14"], sel.Advisories["GHSA 0.32.15"]},
	} {
		d := removalOf(sel, going("0.32.13", "0.33.0", base))
		assert.True(t, d.Dropped)
		assert.Equal(t, "0.33.0", d.Base)
		assert.Equal(t, want, d.Security, base)
		assert.Empty(t, d.Passed)
	}
	assert.Empty(t, removalOf(sel, going("", "0.33.0")).Security)
	assert.NotEmpty(t, sel.Decision.Passed, "that of a bump stays")
}
