package bumptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
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
    packages.x86_64-linux = { inherit (nixpkgs.legacyPackages.x86_64-linux.extend self.overlays.default) ollama ollama-cuda; };
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
