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
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// flakeOfTwoBases has two pins, of a nixpkgs that has overtaken them and of one that has not.
const flakeOfTwoBases = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ollama-0.33.2";
  inputs.stable.url = "github:NixOS/nixpkgs/nixos-25.11";
  outputs = { self, nixpkgs, stable }: {
    packages.x86_64-linux.a = (nixpkgs.legacyPackages.x86_64-linux.extend (import ./a.nix)).ollama;
    packages.x86_64-linux.b = (stable.legacyPackages.x86_64-linux.extend (import ./b.nix)).ollama;
  };
}
`

// twoBases are the files of two pins.
func twoBases() map[string]string {
	return map[string]string{"flake.nix": flakeOfTwoBases, "a.nix": overlayOf(""), "b.nix": overlayOf("")}
}

// Of several pins those go that nixpkgs has overtaken, and the next run bumps the others.
func TestUnpinRemovesWhatIsOvertaken(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(twoBases())
	o := options(t, w, dir, bump.Write)
	o.Unpin = true
	res := runs(t, w, o)
	assert.Equal(t, bump.Bumped, res.Status)
	assert.True(t, res.Unpinned)
	assert.Equal(t, "0.33.2", res.NewVersion)
	assert.Equal(t, []bump.PinInfo{
		{Attr: "packages.x86_64-linux.a", BaseVersion: "0.33.2", PinState: bump.CaughtUp},
		{Attr: "packages.x86_64-linux.b", BaseVersion: "0.32.9", PinState: bump.Needed},
	}, res.Pins)
	assert.Equal(t, "final: prev: {\n}\n", read(t, dir, "a.nix"))
	assert.Equal(t, w.Expand(overlayOf("")), read(t, dir, "b.nix"))
	assert.Contains(t, res.Warnings,
		"b.nix:2:12: this pin of 0.32.13 stays, and is bumped once the others are removed")
	sameAs(t, w, dir, "packages.x86_64-linux.a", "ollama", "{ }")

	res = runs(t, w, o)
	assert.Equal(t, bump.Bumped, res.Status)
	assert.False(t, res.Unpinned)
	assert.Equal(t, "0.32.15", res.NewVersion)
	assert.Equal(t, "final: prev: {\n}\n", read(t, dir, "a.nix"))
	assert.Equal(t, w.Expand(strings.ReplaceAll(overlayOf(""), "0.32.13", "0.32.15")), read(t, dir, "b.nix"))
}

// A pin that nixpkgs has overtaken and that stays, for a comment holds it or edits cannot take it out, does not keep
// the others.
func TestUnpinPassesOverWhatStays(t *testing.T) {
	w := bumptest.New(t)
	w.Nix("", "eval", "--expr", "1") // makes the store
	const recipe = "{ buildGoModule, fetchFromGitHub }:\nbuildGoModule rec {\n  pname = \"ollama\";\n  "
	for _, tt := range []struct {
		name, a, warning string
	}{
		{
			"held by a comment",
			strings.Replace(overlayOf(""), "  ollama =", "  # ollama-bump: hold <0.33: CUDA is broken\n  ollama =", 1),
			"nixpkgs has ollama 0.33.2, but the pin stays: a.nix:2: # ollama-bump: hold <0.33: CUDA is broken",
		},
		{
			"needed by another attribute",
			strings.Replace(overlayOf(""), "  });\n", "    ours = version;\n  });\n", 1),
			"nixpkgs has ollama 0.33.2, but the pin was not removed: a.nix:6:12: remove pin: ours refers to an " +
				"attribute of the pin; remove the override by hand",
		},
		{
			"a copied recipe",
			"final: prev: {\n  ollama = final.callPackage ./recipe.nix { };\n}\n",
			"nixpkgs has ollama 0.33.2, but the pin was not removed: recipe.nix:2:1: remove pin: the flake builds " +
				"this package by itself, instead of overriding nixpkgs'; use nixpkgs' own package in its place",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flake := strings.ReplaceAll(flakeOfTwoBases, "nixos-25.11", "ollama-0.33.2")
			dir := w.Flake(map[string]string{
				"flake.nix": flake, "a.nix": tt.a, "b.nix": overlayOf(""),
				"recipe.nix": recipe + strings.ReplaceAll(pinAll, "prev.", "") + "}\n",
			})
			o := options(t, w, dir, bump.Write)
			o.Unpin = true
			res := runs(t, w, o)
			assert.True(t, res.Unpinned)
			assert.Contains(t, res.Warnings, tt.warning)
			assert.Equal(t, w.Expand(tt.a), read(t, dir, "a.nix"))
			assert.Equal(t, "final: prev: {\n}\n", read(t, dir, "b.nix"))
			sameAs(t, w, dir, "packages.x86_64-linux.b", "ollama", "{ }")
		})
	}
}

// A removal is a pull request of its own: it takes the place of a bump that is open, and stays closed when somebody
// closes it, until nixpkgs has another version.
func TestUnpinProposes(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	newer := strings.Replace(overtakenFlake, "OUTPUTS", overlaidOutputs, 1)
	flake := strings.Replace(newer, "ollama-0.33.2", "ollama-0.32.15", 1) // which builds the release
	dir := w.Flake(map[string]string{"flake.nix": flake, "overlay.nix": overlayOf("")})
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Propose)
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	require.Equal(t, "ollama-bump/0.32.15", repo.Pull(1).Head)

	o.Unpin = true
	res := runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	pull := repo.Pull(2)
	assert.Equal(t, "ollama-bump/unpin", pull.Head)
	assert.Equal(t, "ollama: drop the override (nixpkgs has 0.32.15)", pull.Title)
	assert.Contains(t, pull.Body, "is the same derivation as nixpkgs' own 0.32.15")
	assert.Equal(t, "final: prev: {\n}\n", repo.File("ollama-bump/unpin", "overlay.nix"))
	assert.Equal(t, "closed", repo.Pull(1).State)
	assert.Contains(t, repo.Pull(1).Comments[0].Body, "Superseded by #2.")
	assert.Equal(t, bump.Current, runs(t, w, o).Status)

	repo.ChangePull(2, func(p *githubtest.Pull) { p.State = "closed" })
	res = runs(t, w, o)
	assert.Equal(t, bump.Skipped, res.Status)
	assert.Equal(t, "pull request #2 for removing the pin was closed; Options.Recreate proposes it again", res.Reason)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(newer), 0o644))
	w.Git(dir, "commit", "-qam", "another nixpkgs")
	repo.Push("main", "another nixpkgs", map[string]string{"flake.nix": newer})
	res = runs(t, w, o)
	assert.Equal(t, bump.Bumped, res.Status)
	assert.Equal(t, "ollama: drop the override (nixpkgs has 0.33.2)", repo.Pull(3).Title)
}

// While somebody has closed the removal of one pin, the others are bumped as without it.
func TestClosedRemovalKeepsNoOtherPin(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	files := twoBases()
	files["flake.nix"] = strings.Replace(files["flake.nix"], "ollama-0.33.2", "ollama-0.32.15", 1)
	dir := w.Flake(files)
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Propose)
	o.Unpin = true
	res := runs(t, w, o)
	require.True(t, res.Unpinned)
	require.Equal(t, w.Expand(overlayOf("")), repo.File("ollama-bump/unpin", "b.nix"))
	repo.ChangePull(1, func(p *githubtest.Pull) { p.State = "closed" })

	res = runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	assert.False(t, res.Unpinned)
	assert.Equal(t, "0.32.15", res.NewVersion)
	assert.Equal(t, w.Expand(strings.ReplaceAll(overlayOf(""), "0.32.13", "0.32.15")),
		repo.File("ollama-bump/0.32.15", "b.nix"))
	assert.Equal(t, bump.Current, runs(t, w, o).Status)
}

// With an attribute only what it shows is looked at, and nothing is said of other pins.
func TestUnpinOfAnAttribute(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(twoBases())
	o := options(t, w, dir, bump.Write)
	o.Unpin, o.Attr = true, "packages.x86_64-linux.a"
	res := runs(t, w, o)
	assert.True(t, res.Unpinned)
	assert.Equal(t, []string{"a.nix:1:14: this set is empty now and can be removed as well"}, res.Warnings)
	assert.Equal(t, w.Expand(overlayOf("")), read(t, dir, "b.nix"))
}

// Of a pin that only a shell uses nothing proves that its removal is right: it is bumped, and the run says so.
func TestUnpinOfAShell(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	outputs := "devShells.x86_64-linux.default = pkgs.mkShell { packages = [ (pkgs.extend (import ./overlay.nix))" +
		".ollama ]; };"
	flake := strings.Replace(overtakenFlake, "OUTPUTS", outputs, 1)
	dir := w.Flake(map[string]string{
		"flake.nix": strings.Replace(flake, "ollama-0.33.2", "ollama-0.32.15", 1), "overlay.nix": overlayOf(""),
	})
	o := options(t, w, dir, bump.Write)
	o.Unpin = true
	res := runs(t, w, o)
	assert.False(t, res.Unpinned)
	assert.Equal(t, "0.32.15", res.NewVersion)
	assert.Contains(t, res.Warnings, "overlay.nix:2:12: no output of the flake is the package of this pin, so it is "+
		"not known whether nixpkgs has caught up with it; see what nixpkgs has, and remove it by hand")
}

// A removal is verified as far as a bump is: a configuration that needs the pin keeps it.
func TestUnpinIsVerified(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	overlaid := "nixpkgs.overlays = [ (import ./overlay.nix) ]; boot.isContainer = true;"
	flake := strings.Replace(overtakenFlake, "OUTPUTS", "packages.x86_64-linux.ollama = "+
		"(pkgs.extend (import ./overlay.nix)).ollama;\n    nixosConfigurations.desk = nixpkgs.lib.nixosSystem { "+
		"inherit system; modules = [ ({ pkgs, ... }: { "+overlaid+" assertions = [ { assertion = "+
		"builtins.compareVersions pkgs.ollama.version \"0.33\" < 0; message = \"it is too slow\"; } ]; }) ]; };", 1)
	files := map[string]string{
		"flake.nix": flake, "overlay.nix": strings.ReplaceAll(overlayOf(""), "0.32.13", "0.32.15"),
	}
	dir := w.Flake(files)
	o := options(t, w, dir, bump.Write)
	o.Unpin, o.Verify = true, bump.VerifyEval
	res := runs(t, w, o)
	assert.Equal(t, bump.Current, res.Status)
	assert.False(t, res.Unpinned)
	assert.Equal(t, "0.32.15", res.NewVersion)
	assert.Contains(t, removalRefused(res), "verify: nixosConfigurations.desk evaluates as it is, but not with ollama "+
		"0.33.2: ")
	assert.Equal(t, w.Expand(files["overlay.nix"]), read(t, dir, "overlay.nix"))

	files["flake.nix"] = strings.Replace(flake, "ollama-0.33.2", "ollama-0.32.15", 1)
	files["overlay.nix"] = overlayOf("")
	o.Dir, o.Verify = w.Flake(files), bump.VerifyBuild
	res = runs(t, w, o)
	assert.True(t, res.Unpinned)
	assert.Contains(t, res.Verified,
		bump.Verified{Attr: "packages.x86_64-linux.ollama", System: "x86_64-linux", Level: "ran"})
	assert.Contains(t, res.Verified,
		bump.Verified{Attr: "nixosConfigurations.desk", System: "x86_64-linux", Level: "evaluated"})
}
