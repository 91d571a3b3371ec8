package bump_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// runCase bumps one flake of testdata/flakes in a world of its own.
func runCase(t *testing.T, name string) (*bumptest.World, bump.Result) {
	t.Helper()
	for _, c := range shapeCases(t) {
		if c.name != name {
			continue
		}
		w := bumptest.New(t, bumptest.Newest(c.newest))
		dir := c.flake(t, w)
		res, err := bump.Run(context.Background(), c.options(t, w, dir))
		require.NoError(t, err)
		require.Equal(t, bump.Bumped, res.Status)
		return w, res
	}
	t.Fatalf("no case %s", name)
	return nil, bump.Result{}
}

// Two pins with a source of their own each, the same one: it is downloaded once, for all of them.
func TestPinsShareADownload(t *testing.T) {
	t.Parallel()
	w, _ := runCase(t, "s13-per-variant")
	require.Equal(t, 1, w.Downloads("/v0.32.15.tar.gz"))
}

// A companion, too, and the source that it is read from.
func TestCompanionIsDownloadedOnce(t *testing.T) {
	t.Parallel()
	w, _ := runCase(t, "s16-llama-literal")
	require.Equal(t, 1, w.Downloads("/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"))
	require.Equal(t, 1, w.Downloads("/llama.cpp/archive/refs/tags/b10488.tar.gz"))
	require.Zero(t, w.Downloads("/llama.cpp/archive/refs/tags/b10380.tar.gz"), "the old one")
}

// Files whose digests the release lists are not downloaded at all.
func TestListedDigestsNeedNoDownload(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s37-two-assets", "s38-table", "s35-renamed"} {
		w, _ := runCase(t, name)
		for _, r := range w.Requests() {
			require.NotContains(t, r.URL, "/releases/download/", name)
		}
	}
}
