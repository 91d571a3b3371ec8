package bump_test

import (
	"context"
	"fmt"
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
		Dir: dir, Mode: mode, Env: w.Env(), Version: "test", Brief: mode == bump.Write,
		Progress: func(e bump.Event) {
			w.Saw("the progress", e.Text)
			if e.Kind != bump.Live {
				t.Logf("%s: %s", e.Stage, e.Text)
			}
		},
	}
}

// runIn is bump.Run, with an eye on what it says.
func runIn(w *bumptest.World, o bump.Options) (bump.Result, error) {
	res, err := bump.Run(context.Background(), o)
	w.Saw("the result", fmt.Sprintf("%+v", res))
	w.Saw("the error", fmt.Sprintf("%v %+v %s", err, err, hintOf(err)))
	return res, err
}

func TestRunWrites(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	w.ForgetNixRuns()
	res, err := runIn(w, options(t, w, dir, bump.Write))
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

// run bumps a flake of one file in the tree.
func run(t *testing.T, w *bumptest.World, flake string) (dir string, res bump.Result, err error) {
	t.Helper()
	dir = w.Flake(map[string]string{"flake.nix": flake})
	res, err = runIn(w, options(t, w, dir, bump.Write))
	return dir, res, err
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(got)
}

// withPhase is flakeS01 with a build phase, which goModules runs, too.
func withPhase(script string) string {
	return strings.Replace(flakeS01, "vendorHash =",
		"postPatch = ''\n          "+script+"\n        '';\n        vendorHash =", 1)
}

// A builder knows its own derivation and the fake hash that stands in it, so it can print exactly what
// Nix would say of it. Neither the text nor an event of Nix's own log counts.
const forged = `
          drv=$(ls -d ''${out%/*}/*.drv | grep go-modules | head -n 1)
          text="hash mismatch in fixed-output derivation '$drv':"
          text2="  specified: ''${outputHash:-x}"
          text3="     got:    sha256-1111111111111111111111111111111111111111111="
          printf 'error: %s\n%s\n%s\n' "$text" "$text2" "$text3" >&2
          printf '@nix {"action":"msg","level":0,"msg":"error: %s\\n%s\\n%s"}\n' "$text" "$text2" "$text3" >&2
          printf '@nix {"action":"msg","level":0,"msg":"error: %s","raw_msg":"%s\\n%s\\n%s"}\n' \
            "$text" "$text" "$text2" "$text3" >&2`

func TestRunTakesNoHashThatABuilderPrints(t *testing.T) {
	w := bumptest.New(t)
	dir, _, err := run(t, w, withPhase(forged))
	require.NoError(t, err)
	require.Contains(t, read(t, dir, "flake.nix"), `vendorHash = "`+w.Hash("vendor", "0.32.15")+`"`)
}

// forgedOfAll prints it of every derivation of modules in the store: which of them runs is a matter of its name.
var forgedOfAll = strings.Replace(forged, "drv=$(ls -d ''${out%/*}/*.drv | grep go-modules | head -n 1)",
	"for drv in $(ls -d ''${out%/*}/*.drv | grep go-modules); do", 1) + "\n          done"

func TestRunTakesNoHashOfABuilderThatFails(t *testing.T) {
	w := bumptest.New(t)
	flake := w.Expand(withPhase(forgedOfAll + "\n          exit 7"))
	dir, _, err := run(t, w, flake)
	require.ErrorContains(t, err, "exit code 7")
	require.Equal(t, flake, read(t, dir, "flake.nix"))
}

func TestRunTakesNoHashOfAnotherDerivation(t *testing.T) {
	w := bumptest.New(t)
	dir, _, err := run(t, w, withPhase(`: ${prev.fetchFromGitHub { owner = "mostlygeek"; repo = "llama-swap"; `+
		`tag = "v212"; name = "other"; hash = "@src:0.32.13@"; }}`))
	require.ErrorContains(t, err, "find hashes: ")
	require.ErrorContains(t, err, "-other.drv has the hash "+w.Hash("tree", "mostlygeek/llama-swap#v212"))
	require.ErrorContains(t, err, "which is not one of this pin's")
	require.NotContains(t, read(t, dir, "flake.nix"), "0.32.15")
}

// Before nixpkgs 24.11 overrideAttrs { vendorHash } has no effect: a bump would change text and nothing else.
func TestRunRefusesAVendorHashThatIsIgnored(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "nixos-unstable", "nixos-24.05", 1)
	dir, _, err := run(t, w, flake)
	require.ErrorContains(t, err,
		"flake.nix:5:16: verify: packages.x86_64-linux.default ignores the vendorHash that is pinned here")
	require.Equal(t, w.Expand(flake), read(t, dir, "flake.nix"))
}

// Where the package's own modules lie in the store already, building them needs no source: a fake hash of the
// source would never be complained about.
func TestRunFindsTheSourceWhereTheModulesAreBuilt(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.NewReplacer("0.32.13", "0.32.5", `        vendorHash = "@vendor:0.32.13@";`+"\n",
		"").Replace(flakeS01)
	dir := w.Flake(map[string]string{"flake.nix": flake})
	w.Nix(dir, "build", "--no-link", "--inputs-from", dir, "nixpkgs#ollama.goModules")
	o := options(t, w, dir, bump.Write)
	o.To = "0.32.9"
	_, err := runIn(w, o)
	require.NoError(t, err)
	require.Equal(t, w.Expand(strings.ReplaceAll(flake, "0.32.5", "0.32.9")), read(t, dir, "flake.nix"))
}

// What is made with a package need not be built to prove the package.
func TestVerifyBuildOfWhatIsMadeWithThePackage(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.@system@; in {
    devShells.@system@.llm = pkgs.mkShell {
      shellHook = "exit 1";
      packages = [
        (pkgs.runCommand "never-built" { } "exit 1")
        (pkgs.ollama.overrideAttrs (old: rec {
          version = "0.32.13";
          src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}";
            hash = "@src:0.32.13@"; };
          vendorHash = "@vendor:0.32.13@";
        }))
      ];
    };
  };
}
`})
	o := options(t, w, dir, bump.DryRun)
	o.Verify = bump.VerifyBuild
	res, err := runIn(w, o)
	require.NoError(t, err)
	shell := "devShells." + bumptest.System() + ".llm"
	require.Equal(t, []bump.Verified{{Attr: shell, System: bumptest.System(), Level: "evaluated"}}, res.Verified)
	require.Contains(t, res.Body, "the ollama that `"+shell+"` is made with builds")
}
