package bump_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// Where the branch that the flake's nixpkgs follows has the release by now, updating the input makes the pin needless.
// It is advice: without an answer the bump goes on.
func TestHeadOfTheChannel(t *testing.T) {
	const path = "pkgs/by-name/ol/ollama/package.nix"
	const advice = "nixos-unstable has ollama 0.32.15 by now: update the input nixpkgs, and this pin is no longer " +
		"needed"
	w := bumptest.New(t)
	nixpkgs := w.GitHub.AddRepo("NixOS", "nixpkgs", map[string]string{"README.md": "nixpkgs"})
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	dryRun := func() bump.Result {
		res, err := runIn(w, options(t, w, dir, bump.DryRun))
		require.NoError(t, err)
		require.Equal(t, bump.Available, res.Status)
		return res
	}
	assert.NotContains(t, dryRun().Warnings, advice, "there is no such branch")
	for _, tt := range []struct {
		version string
		advised bool
	}{{"0.32.13", false}, {"0.32.15", true}} {
		nixpkgs.Push("nixos-unstable", "ollama: "+tt.version, map[string]string{path: `{ buildGoModule }:
buildGoModule (finalAttrs: {
  pname = "ollama";
  version = "` + tt.version + `";
})
`})
		warnings := dryRun().Warnings
		if tt.advised {
			assert.Contains(t, warnings, advice)
		} else {
			assert.NotContains(t, warnings, advice)
		}
	}
	w.GitHub.Inject(githubtest.Fault{
		Kind: githubtest.Custom, Path: "/repos/NixOS/nixpkgs/contents", Times: -1, Status: http.StatusNotFound,
		Body: `{"message":"Not Found"}`,
	})
	assert.NotContains(t, dryRun().Warnings, advice)
}

// The branch is that of the nixpkgs that the pin overrides, whatever the flake has besides.
func TestHeadOfThePinsChannel(t *testing.T) {
	const path = "pkgs/by-name/ol/ollama/package.nix"
	w := bumptest.New(t)
	nixpkgs := w.GitHub.AddRepo("NixOS", "nixpkgs", map[string]string{"README.md": "nixpkgs"})
	for _, branch := range []string{"nixos-unstable", "ollama-0.31.1-final"} {
		nixpkgs.Push(branch, "ollama", map[string]string{path: `{ pname = "ollama"; version = "0.32.15"; }`})
	}
	flake := strings.NewReplacer(
		"  outputs = { self, nixpkgs }:", "  inputs.stable.url = \"github:NixOS/nixpkgs/ollama-0.31.1-final\";\n  "+
			"outputs = { self, nixpkgs, stable }:", "(nixpkgs.legacy", "(stable.legacy",
	).Replace(flakeS01)
	dir := w.Flake(map[string]string{"flake.nix": flake})
	w.GitHub.ResetCalls()
	res := runs(t, w, options(t, w, dir, bump.DryRun))
	assert.Contains(t, res.Warnings,
		"ollama-0.31.1-final has ollama 0.32.15 by now: update the input stable, and this pin is no longer needed")
	asked := 0
	for _, call := range w.GitHub.Calls() {
		if strings.Contains(call.Path, "/repos/NixOS/nixpkgs/") {
			asked++
		}
	}
	assert.Equal(t, 1, asked)
}
