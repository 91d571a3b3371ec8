package resolve

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// consumed is a flake whose package is no output: an image that is made with it is one.
func consumed(t *testing.T, attrs string, change change) *replay {
	t.Helper()
	r := newReplay(t, flake(attrs), change)
	r.consumer = "packages." + pin.System() + ".image"
	return r
}

func TestConsumersShowWhatNoPackageShows(t *testing.T) {
	r := consumed(t, vendored, nil)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
	assert.Equal(t, sum("vendor hash").SRI(), valueOf(r, s, "vendor hash"))
	require.Len(t, s.Moves, 1)
	require.Len(t, s.Moves[0].Outputs, 1)
	assert.Equal(t, r.consumer, s.Moves[0].Outputs[0].Where)
	assert.Equal(t, sum("vendor hash").SRI(), s.Moves[0].Outputs[0].Mod, "the last look is one at the real hashes")
	var built []string
	for _, q := range r.asked {
		if q.Build.Derivation != "" {
			built = append(built, r.drvs[q.Build.Derivation].Name)
		}
	}
	assert.Equal(t, []string{"vendor-hash", "vendor-hash", "vendor-hash"}, built, "for each hash, and for the proof")
}

func TestConsumersInALaterFamily(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.consumer = "nixosConfigurations.host"
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, "nixosConfigurations.host", s.Moves[0].Outputs[0].Where)
}

func TestConsumersWithAnInheritedHash(t *testing.T) {
	r := consumed(t, "", nil)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, sum("src hash").SRI(), valueOf(r, s, "src hash"))
}

func TestConsumersThatFail(t *testing.T) {
	boom := &nix.Failure{Kind: nix.Fetch, Text: "boom"}
	for want, change := range map[string]change{
		"explained: nix: boom": func(_ int, q probe.Question, a *probe.Answer) {
			if q.Build.Derivation != "" {
				a.Mismatches, a.Failure = nil, boom
			}
		},
		"no dependency of packages." + pin.System() + ".image needs what is missing": func(_ int, q probe.Question,
			a *probe.Answer,
		) {
			if q.Build.Derivation != "" {
				a.Mismatches, a.Built = nil, true
			}
		},
	} {
		_, err := consumed(t, vendored, change).hashes()
		require.ErrorContains(t, err, want)
	}

	r := consumed(t, vendored, nil)
	r.changeConsumers = func(_ probe.ConsumerQuestion, list []probe.Consumer) {
		list[0].Drv, list[0].Failure = "", boom
	}
	_, err := r.hashes()
	require.ErrorContains(t, err, "no output of the flake shows ollama 0.32.15")
}

// What the last look shows must be made with what was found.
func TestConsumerThatIgnoresAHash(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.changeConsumers = func(q probe.ConsumerQuestion, list []probe.Consumer) {
		for _, v := range q.State.Values {
			if v == sum("vendor hash").SRI() {
				r.drvs[list[0].Drv].InputDrvs = map[string][]string{}
			}
		}
	}
	_, err := r.hashes()
	require.ErrorContains(t, err, "is not built with the vendor hash that is pinned here")
}

func TestConsumersThatSettingsForbid(t *testing.T) {
	r := consumed(t, vendored, nil)
	r.changeConsumers = func(q probe.ConsumerQuestion, list []probe.Consumer) {
		list[0].Refused = true
		if q.Strict {
			list[0].Failure = &nix.Failure{Kind: nix.Eval, Text: "unfree"}
		}
	}
	_, err := r.hashes()
	require.NoError(t, err)
	assert.Contains(t, r.logged[len(r.logged)-1], "does not evaluate with the flake's own settings")
}
