package bump_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

const flakeS01 = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
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
    packages.x86_64-linux.default = (nixpkgs.legacyPackages.x86_64-linux.extend self.overlays.default).ollama;
  };
}
`

// options is a run in a world: what it says goes to the test's log.
func options(t *testing.T, w *bumptest.World, dir string, mode bump.Mode) bump.Options {
	return bump.Options{
		Dir: dir, Mode: mode, Env: w.Env(), Version: "test",
		Progress: func(e bump.Event) {
			if e.Kind != bump.Live {
				t.Logf("%s: %s", e.Stage, e.Text)
			}
		},
	}
}

func TestRunWrites(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	w.ForgetNixRuns()
	res, err := bump.Run(context.Background(), options(t, w, dir, bump.Write))
	require.NoError(t, err)
	require.Equal(t, bump.Bumped, res.Status)
	got, err := os.ReadFile(filepath.Join(dir, "flake.nix"))
	require.NoError(t, err)
	require.Equal(t, w.Expand(strings.ReplaceAll(flakeS01, "0.32.13", "0.32.15")), string(got))
	t.Log(res.Diff)
	for _, r := range w.NixRuns() {
		t.Log(r.Program, r.Args)
	}
}
