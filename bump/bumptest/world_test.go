package bumptest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// overlayFlake pins 0.32.13 in the commonest way.
const overlayFlake = `{
  inputs.nixpkgs.url = "@nixpkgs@";

  outputs = { self, nixpkgs }: {
    overlays.default = final: prev: {
      ollama = prev.ollama.overrideAttrs (old: rec {
        version = "0.32.13";
        src = prev.fetchFromGitHub {
          owner = "ollama";
          repo = "ollama";
          tag = "v${version}";
          hash = "@src:0.32.13@";
        };
        vendorHash = "@vendor:0.32.13@";
      });
    };
    packages.@system@ = { inherit (nixpkgs.legacyPackages.@system@.extend self.overlays.default) ollama ollama-cuda; };
  };
}
`

func TestSourceAndModulesOfAnOverlayBuild(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": overlayFlake})
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#ollama.src", "path:"+dir+"#ollama.goModules")
	require.Equal(t, 1, w.Downloads("/ollama/ollama/archive/refs/tags/v0.32.13.tar.gz"))
	require.Empty(t, w.Refused())
}

func TestNothingLeavesTheWorld(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(pinned(`builtins.fetchTarball "https://example.com/x.tar.gz"`))
	_, said, err := w.TryNix(dir, "eval", "--impure", "--option", "download-attempts", "1", "path:"+dir+"#p")
	require.Error(t, err)
	require.Contains(t, said, "example.com")
	require.Equal(t, "example.com:443", w.Refused()[0])
}

func TestNixProcessesAreRecorded(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": overlayFlake})
	require.Empty(t, w.NixRuns(), "the world's own processes do not count")
	out, err := w.Command(dir, []string{"SECRET=x\ny=z"}, "sh", "-c",
		`nix eval --expr "1 + 1" && nix-store --version`).CombinedOutput()
	require.NoError(t, err, "%s", out)
	runs := w.NixRuns()
	require.Len(t, runs, 2)
	require.Equal(t, "nix", runs[0].Program)
	require.Equal(t, []string{"eval", "--expr", "1 + 1"}, runs[0].Args)
	require.Contains(t, runs[0].EnvNames, "SECRET")
	require.NotContains(t, runs[0].EnvNames, "y")
	require.Equal(t, "nix-store", runs[1].Program)
	w.ForgetNixRuns()
	require.Empty(t, w.NixRuns())
}

func TestLeaksAreFound(t *testing.T) {
	const canary = "ghp_canaryCanaryCanary"
	w := bumptest.New(t)
	run := func(extra []string, name string, args ...string) {
		out, err := w.Command("", extra, name, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	run([]string{"NIX_CONFIG=access-tokens = github.com=" + canary + "\nexperimental-features = nix-command flakes"},
		"nix", "flake", "metadata", "github:numtide/flake-utils")
	seen := false
	for _, request := range w.Requests() {
		seen = seen || request.Header.Get("Authorization") == "token "+canary
	}
	require.True(t, seen, "Nix sends the token to the host that it is for")
	require.Empty(t, w.Leaks(canary, map[string]string{"output": "clean"}))

	require.Equal(t, []string{"output"}, w.Leaks(canary, map[string]string{"output": "token " + canary}))
	run(nil, "nix", "eval", "--expr", `"`+canary+`"`)
	run(nil, "curl", "-sSf", "-H", "Authorization: token "+canary, "-o", "/dev/null",
		"https://github.com/ollama/ollama/archive/v0.32.15.tar.gz")
	leaks := strings.Join(w.Leaks(canary, nil), "\n")
	require.Contains(t, leaks, "arguments of nix")
	require.Contains(t, leaks, "Authorization of github.com/ollama/ollama/archive/v0.32.15.tar.gz")
}

func TestReleasesAreListed(t *testing.T) {
	w := bumptest.New(t)
	client, err := github.New(github.Options{BaseURL: w.GitHub.URL})
	require.NoError(t, err)
	var listed []github.Release
	pages := 0
	require.NoError(t, client.Releases(t.Context(), "ollama", "ollama", func(page []github.Release) (bool, error) {
		pages++
		listed = append(listed, page...)
		return true, nil
	}))
	require.Greater(t, pages, 1)
	byTag := map[string]github.Release{}
	for _, release := range listed {
		byTag[release.Tag] = release
	}
	require.True(t, byTag["v0.33.0"].Prerelease, "finished, but not yet announced")
	require.True(t, byTag["v0.33.0-rc10"].Prerelease)
	require.False(t, byTag["v0.32.15"].Prerelease)
	require.NotContains(t, byTag, "v0.33.2")
	sha, err := client.TagCommit(t.Context(), "ollama", "ollama", "v0.32.15")
	require.NoError(t, err)
	require.Equal(t, w.Hash("commit", "0.32.15"), sha)
	for _, asset := range byTag["v0.32.15"].Assets {
		if asset.Name == "ollama-linux-amd64.tar.zst" {
			require.Equal(t, w.Hash("asset:ollama-linux-amd64.tar.zst:hex", "0.32.15"),
				strings.TrimPrefix(asset.Digest, "sha256:"))
		}
	}
}

func TestReleasesArePublishedOneByOne(t *testing.T) {
	w := bumptest.New(t)
	client, err := github.New(github.Options{BaseURL: w.GitHub.URL})
	require.NoError(t, err)
	_, err = client.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.33.2")
	require.Error(t, err)
	w.Publish("0.34.4")
	for _, tag := range []string{"v0.33.2", "v0.34.4"} {
		release, err := client.ReleaseByTag(t.Context(), "ollama", "ollama", tag)
		require.NoError(t, err)
		require.False(t, release.Prerelease)
	}
	_, err = client.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.35.1")
	require.Error(t, err)
}

func TestMovedTagHasAnotherHash(t *testing.T) {
	w := bumptest.New(t)
	moved := w.Retag("0.32.13")
	require.NotEqual(t, w.Hash("src", "0.32.13"), moved)
	dir := w.Flake(map[string]string{"flake.nix": overlayFlake})
	_, said, err := w.TryNix(dir, "build", "--no-link", "path:"+dir+"#ollama.src")
	require.Error(t, err)
	require.Contains(t, said, "got:    "+moved)
}

func TestBrokenDownloadsFail(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": overlayFlake})
	w.Break("/v0.32.13.tar.gz", 503)
	_, said, err := w.TryNix(dir, "build", "-L", "--no-link", "path:"+dir+"#ollama.src")
	require.Error(t, err)
	require.Contains(t, said, "503")
	require.Zero(t, w.Downloads("/v0.32.13.tar.gz"))
	w.Break("/v0.32.13.tar.gz", 0)
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#ollama.src")
}

func TestRepositoryHoldsTheFlake(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(bumptest.Files(t, w.Tree(map[string]string{"flake.nix": overlayFlake, "run.sh!": "#!/bin/sh\n"})))
	repo := w.Repository(dir, "me/flake")
	modes := map[string]string{}
	for _, entry := range repo.Files("main") {
		modes[entry.Path] = entry.Mode
	}
	require.Equal(t, map[string]string{"flake.nix": "100644", "flake.lock": "100644", "run.sh": "100755"}, modes)
	require.Equal(t, w.Git(dir, "show", "HEAD:flake.nix"), repo.File("main", "flake.nix"))
}

// gone is a TB whose test is over when end is called.
type gone struct {
	*testing.T
	clean []func()
}

func (g *gone) Cleanup(f func()) { g.clean = append(g.clean, f) }

func TestWorldLeavesNothingBehind(t *testing.T) {
	g := &gone{T: t}
	w := bumptest.New(g)
	w.Nix(w.Flake(map[string]string{"flake.nix": overlayFlake}), "build", "--no-link", ".#ollama.src")
	for _, f := range slices.Backward(g.clean) {
		f()
	}
	require.NoDirExists(t, w.Dir)
	require.NoDirExists(t, "/homeless-shelter", "a builder made the home directory that Nix refuses to build with")
}
