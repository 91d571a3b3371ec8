package bump_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// crossed are two pins that hold each other's files: neither file can come first without the other's pin being half
// new.
var crossed = map[string]string{
	"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }:
    let
      pkgs = nixpkgs.legacyPackages.@system@;
      a = import ./a.nix;
      b = import ./b.nix;
    in {
      packages.@system@ = {
        one = pkgs.ollama.overrideAttrs (old: {
          version = a.version;
          src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${a.version}"; hash = b.hash; };
          vendorHash = b.vendorHash;
        });
        two = pkgs.ollama-cpu.overrideAttrs (old: {
          version = b.version;
          src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${b.version}"; hash = a.hash; };
          vendorHash = a.vendorHash;
        });
      };
    };
}
`,
	"a.nix": "{ version = \"0.32.13\"; hash = \"@src:0.32.13@\"; vendorHash = \"@vendor:0.32.13@\"; }\n",
	"b.nix": "{ version = \"0.32.13\"; hash = \"@src:0.32.13@\"; vendorHash = \"@vendor:0.32.13@\"; }\n",
}

// A process that dies between two renames leaves some files new and some old. Whatever the order, the next
// run must not take that for current.
func TestHalfWrittenPinsAreFinished(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(crossed)
	for _, written := range []string{"a.nix", "b.nix"} {
		put(t, dir, "a.nix", w.Expand(crossed["a.nix"]))
		put(t, dir, "b.nix", w.Expand(crossed["b.nix"]))
		put(t, dir, written, w.Expand(strings.ReplaceAll(crossed[written], "0.32.13", "0.32.15")))
		res, err := runIn(w, options(t, w, dir, bump.Write))
		require.NoError(t, err)
		require.Equal(t, bump.Bumped, res.Status)
		for _, name := range []string{"a.nix", "b.nix"} {
			require.Equal(t, w.Expand(strings.ReplaceAll(crossed[name], "0.32.13", "0.32.15")), get(t, dir, name))
		}
		w.ForgetNixRuns()
		res, err = runIn(w, options(t, w, dir, bump.Write))
		require.NoError(t, err)
		require.Equal(t, bump.Current, res.Status)
		require.Empty(t, w.NixRuns(), "a whole pin costs no Nix process, also when it is spread over files")
	}
}

func TestFilesThatChangeMeanwhileAreKept(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	o := options(t, w, dir, bump.Write)
	mine := w.Expand(flakeS01) + "# mine\n"
	o.Progress = func(e bump.Event) {
		if strings.HasPrefix(e.Text, "round 2") {
			put(t, dir, "flake.nix", mine)
		}
	}
	_, err := runIn(w, o)
	require.EqualError(t, err, "write flake.nix: the file was changed while this ran")
	require.Equal(t, mine, get(t, dir, "flake.nix"))
	require.Equal(t, []string{"flake.lock", "flake.nix"}, names(t, dir))
	staged, _ := filepath.Glob(filepath.Join(dir, ".git", "ollama-bump-*"))
	require.Empty(t, staged)
}

// Two runs that write in one tree are kept apart; others are not held up.
func TestOneWriterATree(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	other := w.Flake(map[string]string{"flake.nix": flakeS01})
	o := options(t, w, dir, bump.Write)
	seen := false
	o.Progress = func(e bump.Event) {
		if !strings.HasPrefix(e.Text, "round 2") || seen {
			return
		}
		seen = true
		_, err := runIn(w, options(t, w, dir, bump.Write))
		require.EqualError(t, err, "open flake: another run is changing the files in "+dir)
		_, err = runIn(w, options(t, w, dir, bump.Check))
		require.NoError(t, err)
		_, err = runIn(w, options(t, w, other, bump.Write))
		require.NoError(t, err)
	}
	_, err := runIn(w, o)
	require.NoError(t, err)
	require.True(t, seen)
	_, err = runIn(w, options(t, w, dir, bump.Write))
	require.NoError(t, err, "the lock is given back")
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func get(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(text)
}

// names lists a folder, without git's own.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, e := range entries {
		if e.Name() != ".git" {
			all = append(all, e.Name())
		}
	}
	return all
}
