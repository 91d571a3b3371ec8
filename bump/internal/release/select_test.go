package release

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// A pin without a version has no oldest release to look for.
func TestReleasesAreReadNoFurtherThanNeeded(t *testing.T) {
	server := githubtest.New(t)
	for i := range 350 {
		server.AddRelease("ollama", "ollama", githubtest.Release{Tag: fmt.Sprintf("v0.%d.%d", i/10, i%10)})
	}
	c, err := github.New(github.Options{BaseURL: server.URL})
	require.NoError(t, err)
	for _, test := range []struct {
		to, oldest, want version.Version
		requests         int
	}{
		{"", "", "0.34.9", 1}, {"", "0.34.1", "0.34.9", 1}, {"", "0.20.0", "0.34.9", 2}, {
			"0.34.0", "", "0.34.0",
			1,
		}, {"0.22.0", "", "0.22.0", 2},
	} {
		server.ResetCalls()
		rel, err := Select(t.Context(), c, Want{Package: &pin.Ollama, To: test.to, Oldest: test.oldest})
		require.NoError(t, err)
		assert.Equal(t, test.want, rel.Version)
		assert.Len(t, server.Calls(), test.requests, "%+v", test)
	}
}
