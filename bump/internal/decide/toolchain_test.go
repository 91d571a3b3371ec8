package decide

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// Where nothing is known of one of the two Go versions, nothing is held back, and a note says so.
func TestUnknownGoIsNoted(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t)
	s.AddRelease("ollama", "ollama", githubtest.Release{Tag: "v0.32.15"})
	upstream, err := github.New(github.Options{BaseURL: s.URL})
	require.NoError(t, err)
	var notes []string
	d := decider{Job{Found: &pin.Found{Package: &pin.Ollama}}, Tools{
		Upstream: upstream, GoLines: GoLines{}, Log: func(kind diag.EventKind, format string, args ...any) {
			assert.Equal(t, diag.Detail, kind)
			notes = append(notes, fmt.Sprintf(format, args...))
		},
	}}
	for range 2 { // the second time it is not asked for again
		wants, err := d.newerGo(t.Context(), "0.32.15", probe.Recipe{Go: "1.25.0"})
		require.NoError(t, err)
		assert.Empty(t, wants)
	}
	wants, err := d.newerGo(t.Context(), "0.32.15", probe.Recipe{})
	require.NoError(t, err)
	assert.Empty(t, wants)
	assert.Equal(t, []string{
		"0.32.15 has no go.mod: any version of Go is accepted",
		"the Go version that this recipe builds with is not known: it has no passthru.go",
	}, notes)
}

// Pins that have a nixpkgs each are built by the weaker one, whichever is looked at first.
func TestToolchainsOfSeveralPins(t *testing.T) {
	t.Parallel()
	older, newer := Toolchain{goVersion: "1.24.9"}, Toolchain{goVersion: "1.25.8"}
	bound, lower := Toolchain{below: "0.30.0", why: "no llama.cpp"}, Toolchain{below: "0.23.0", why: "no Vulkan"}
	for _, c := range []struct{ a, b, want Toolchain }{
		{Toolchain{}, Toolchain{}, Toolchain{}},
		{older, Toolchain{}, older},
		{older, newer, older},
		{bound, Toolchain{}, bound},
		{bound, lower, lower},
		{older, bound, Toolchain{"1.24.9", "0.30.0", "no llama.cpp"}},
	} {
		assert.Equal(t, c.want, c.a.and(c.b))
		assert.Equal(t, c.want, c.b.and(c.a))
	}
}
