package bump_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

const flakeOfDeskAndRack = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
    packages.x86_64-linux = {
      # ollama-bump: hold: the desk's card
      desk = pkgs.ollama.overrideAttrs (old: rec {
        version = "0.32.9";
        src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:0.32.9@"; };
        vendorHash = "@vendor:0.32.9@";
      });
      rack = pkgs.ollama.overrideAttrs (old: rec {
        version = "0.32.13";
        src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:0.32.13@"; };
        vendorHash = "@vendor:0.32.13@";
      });
    };
  };
}
`

// A comment holds back the pin that it stands beside, and those that share its version, but no other.
func TestHoldKeepsItsPin(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeOfDeskAndRack})
	flake := filepath.Join(dir, "flake.nix")
	o := options(t, w, dir, bump.Check)
	res := runs(t, w, o)
	require.Equal(t, bump.Available, res.Status)
	assert.Equal(t, "0.32.13", res.OldVersion)
	assert.Equal(t, "0.32.15", res.NewVersion)

	o.Mode = bump.DryRun
	res = runs(t, w, o)
	assert.Contains(t, res.Body, "`flake.nix:5` says `# ollama-bump: hold: the desk's card`, so that 0.32.9 stays "+
		"there.")
	assert.NotContains(t, res.Body, "was not taken")

	o.Mode = bump.Write
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	got, err := os.ReadFile(flake)
	require.NoError(t, err)
	assert.Equal(t, w.Expand(strings.ReplaceAll(flakeOfDeskAndRack, "0.32.13", "0.32.15")), string(got))
	res = runs(t, w, o)
	assert.Equal(t, bump.Current, res.Status)
	assert.Equal(t, "0.32.15 is not taken: held by # ollama-bump: hold: the desk's card", res.Reason)

	// One that allows a release above it gets that, once the others have what they may have.
	got = []byte(strings.Replace(string(got), "hold:", "hold <0.32.14:", 1))
	require.NoError(t, os.WriteFile(flake, got, 0o600))
	res = runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	assert.Equal(t, "0.32.9 0.32.13", res.OldVersion+" "+res.NewVersion)
	now, err := os.ReadFile(flake)
	require.NoError(t, err)
	assert.Contains(t, string(now), `version = "0.32.13"`)
	assert.Contains(t, string(now), `version = "0.32.15"`)
}

// Pins whose version is one literal move together or not at all.
func TestHoldKeepsWhatSharesItsVersion(t *testing.T) {
	shared := strings.NewReplacer(`version = "0.32.9";`, "inherit version;", `version = "0.32.13";`, "inherit version;",
		"0.32.9", "0.32.13", "let pkgs", `let version = "0.32.13"; pkgs`).Replace(flakeOfDeskAndRack)
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": shared})
	res := runs(t, w, options(t, w, dir, bump.Check))
	assert.Equal(t, bump.Current, res.Status)
	assert.Equal(t, "0.32.15 is not taken: held by # ollama-bump: hold: the desk's card", res.Reason)
}
