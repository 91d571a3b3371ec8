package resolve

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
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
