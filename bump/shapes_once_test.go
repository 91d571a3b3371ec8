package bump_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// runCase bumps one flake of testdata in a world of its own.
func runCase(t *testing.T, name string) (*bumptest.World, bump.Result) {
	t.Helper()
	for _, c := range shapeCases(t) {
		if c.name != name {
			continue
		}
		w := bumptest.New(t, bumptest.Newest(c.newest))
		dir := c.flake(t, w)
		res, err := runIn(w, c.options(t, w, dir))
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

// A release that was tagged again has another hash under the same version.
func TestRetaggedReleaseIsAnError(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": strings.ReplaceAll(flakeS01, "0.32.13", "0.32.15")})
	before := readFlake(t, dir)
	old, now := w.Hash("src", "0.32.15"), w.Retag("0.32.15")
	require.NotEqual(t, old, now)
	o := options(t, w, dir, bump.Write)
	o.Force = true
	_, err := runIn(w, o)
	require.EqualError(t, err, "flake.nix:11:18: verify: the src hash of 0.32.15 is "+now+", but "+old+
		" is pinned: the release was tagged again, or the pinned hash was never right")
	requireSameTree(t, before, readFlake(t, dir))
	o.AcceptRetag = true
	res, err := runIn(w, o)
	require.NoError(t, err)
	require.Equal(t, bump.Bumped, res.Status)
	before["flake.nix"] = strings.ReplaceAll(before["flake.nix"], old, now)
	requireSameTree(t, before, readFlake(t, dir))
}

// A release whose file is still being uploaded is none to go to.
func TestReleaseWithoutItsFileIsNoCandidate(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t, bumptest.Newest("0.32.14"))
	w.GitHub.AddRelease("ollama", "ollama", githubtest.Release{
		Tag: "v0.32.15", Name: "v0.32.15", Assets: []githubtest.Asset{{
			Name:  "ollama-linux-amd64.tar.zst",
			State: "starter",
		}},
	})
	dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.@system@; in {
    packages.@system@.default = pkgs.stdenv.mkDerivation rec {
      pname = "ollama";
      version = "0.32.13";
      src = pkgs.fetchurl {
        url = "https://github.com/ollama/ollama/releases/download/v${version}/ollama-linux-amd64.tar.zst";
        hash = "@asset:0.32.13:ollama-linux-amd64.tar.zst@";
      };
    };
  };
}
`})
	res, err := runIn(w, options(t, w, dir, bump.Write))
	require.NoError(t, err)
	require.Equal(t, "0.32.14", res.NewVersion)
}
