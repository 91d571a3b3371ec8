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

// proposing is a run that opens pull requests.
func proposing(t *testing.T, w *bumptest.World, dir string) bump.Options {
	o := options(t, w, dir, bump.Propose)
	o.Env = append(o.Env, "GITHUB_TOKEN=a-token-of-some-length")
	return o
}

func runs(t *testing.T, o bump.Options) bump.Result {
	t.Helper()
	res, err := bump.Run(t.Context(), o)
	require.NoError(t, err)
	return res
}

// A merged pull request is no proof that the pin is right now.
func TestRunRepairsWhatWasMerged(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/machines")
	o := proposing(t, w, dir)
	require.Equal(t, bump.Bumped, runs(t, o).Status)
	repo.Merge(1, true)
	set := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(text), 0o644))
		w.Git(dir, "commit", "-qam", "as on GitHub")
		repo.Push("main", "by hand", map[string]string{"flake.nix": text})
	}
	good := repo.File("main", "flake.nix")
	set(strings.Replace(good, `"`+w.Hash("vendor", "0.32.15")+`"`, "prev.lib.fakeHash", 1))
	res := runs(t, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, 2, res.PullRequest.Number)
	require.Equal(t, good, repo.File("ollama-bump/0.32.15", "flake.nix"))
	repo.Merge(2, true)

	set(w.Expand(flakeS01))
	res = runs(t, o)
	require.Equal(t, bump.Skipped, res.Status)
	require.Equal(t, "pull request #2 for 0.32.15 was merged, but the files here pin 0.32.13; --recreate proposes it again", res.Reason)
	o.To = "0.32.15"
	res = runs(t, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, 3, res.PullRequest.Number)
}

const flakeOfTwo = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }: {
    packages.x86_64-linux.a = (nixpkgs.legacyPackages.x86_64-linux.extend (import ./a.nix)).ollama;
    packages.x86_64-linux.b = (nixpkgs.legacyPackages.x86_64-linux.extend (import ./b.nix)).ollama;
  };
}
`

// overlayS01 is the overlay of flakeS01.
func overlayS01() string {
	_, text, _ := strings.Cut(flakeS01, "overlays.default = ")
	text, _, _ = strings.Cut(text, ";\n    packages")
	return text + "\n"
}

// A pull request for one attribute says nothing of another one's pin.
func TestRunKeepsAttributesApart(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeOfTwo, "a.nix": overlayS01(), "b.nix": overlayS01()})
	repo := w.Repository(dir, "me/machines")
	o := proposing(t, w, dir)
	o.Attr = "packages.x86_64-linux.a"
	require.Equal(t, bump.Bumped, runs(t, o).Status)
	require.Equal(t, bump.Current, runs(t, o).Status)
	o.Attr = "packages.x86_64-linux.b"
	_, err := bump.Run(t.Context(), o)
	require.ErrorContains(t, err, "writing the branch ollama-bump/0.32.15: it was made for the flake in the repository's root with --attr packages.x86_64-linux.a, not for the one in the repository's root with --attr packages.x86_64-linux.b")
	var failure *bump.Error
	require.ErrorAs(t, err, &failure)
	require.Contains(t, failure.Hint, "its own --branch")
	o.Branch = "ollama-bump/b"
	require.Equal(t, bump.Bumped, runs(t, o).Status)
	require.Len(t, repo.Open(), 2)
	require.Equal(t, repo.File("ollama-bump/0.32.15", "a.nix"), repo.File("ollama-bump/b", "b.nix"))
}
