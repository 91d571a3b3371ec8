package bump_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// The pull request says what changes in every configuration that holds the package, and what does not
// evaluate; a configuration without it is not named.
func TestPullRequestSaysWhatChanges(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "    packages.", `    nixosConfigurations =
      let
        host = settings: nixpkgs.lib.nixosSystem {
          system = "@system@";
          modules = [ { nixpkgs.overlays = [ self.overlays.default ]; boot.isContainer = true; } settings ];
        };
      in
      {
        desk = host { services.ollama.enable = true; };
        plain = host { };
        broken = host { services.ollama.enable = throw "no such luck"; };
      };
    packages.aarch64-linux.default = (nixpkgs.legacyPackages.aarch64-linux.extend self.overlays.default).ollama;
    packages.`, 1)
	dir := w.Flake(map[string]string{"flake.nix": flake})
	repo := w.Repository(dir, "me/flake")
	o := options(t, w, dir, bump.Propose)
	o.Repo = "me/flake"
	res, err := runIn(w, o)
	require.NoError(t, err)
	require.Equal(t, bump.Bumped, res.Status)
	body := repo.Pulls()[0].Body
	t.Log(body)
	_, changes, ok := strings.Cut(body, "### What changes\n")
	require.True(t, ok, body)
	assert.Regexp(
		t,
		"\n- `nixosConfigurations.desk`: ollama 0.32.13 → 0.32.15, [^\n]*; \\d+ others are rebuilt; nothing else changes\n",
		changes,
	)
	assert.Regexp(t, "\n- `packages.x86_64-linux.default`: ollama 0.32.13 → 0.32.15", changes)
	assert.Contains(
		t,
		changes,
		"\n- `nixosConfigurations.broken`: not compared: it does not evaluate, with the bump or without it\n",
	)
	assert.NotContains(t, changes, "plain")
	assert.Contains(
		t,
		changes,
		"\n- **Evaluated**, not built: `packages.x86_64-linux.default`, `nixosConfigurations.desk`\n",
	)
	assert.Contains(
		t,
		changes,
		"\n- **Not checked**: `packages.aarch64-linux.default` (this machine is x86_64-linux), "+
			"`nixosConfigurations.broken` (it does not evaluate, with the bump or without it)\n",
	)
	assert.Regexp(t, "\n- To build it here: \\d+ derivations to build \\(", changes)
}

// What cannot be evaluated at all costs the section, not the bump.
func TestWhatChangesIsNotKnown(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(
		flakeS01,
		"    packages.",
		"    nixosConfigurations.broken.config = 1 + \"a\";\n    packages.",
		1,
	)
	dir := w.Flake(map[string]string{"flake.nix": flake})
	repo := w.Repository(dir, "me/flake")
	o := options(t, w, dir, bump.Propose)
	o.Repo = "me/flake"
	_, err := runIn(w, o)
	require.NoError(t, err)
	assert.Regexp(t, "### What changes\n\n- Not known: cannot add a string to an integer", repo.Pulls()[0].Body)
}

// A bump to the same version is a repair, and nothing moved with it.
func TestRepairIsCalledOne(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.ReplaceAll(flakeS01, "0.32.13", "0.32.15")
	dir := w.Flake(map[string]string{"flake.nix": strings.Replace(flake, "@vendor:0.32.15@", "@vendor:0.32.13@", 1)})
	w.Repository(dir, "me/flake")
	o := options(t, w, dir, bump.DryRun)
	o.Force, o.Repo = true, "me/flake"
	res, err := runIn(w, o)
	require.NoError(t, err)
	assert.Equal(t, "ollama: repair vendorHash", res.Title)
	assert.Contains(t, res.Body, "repairs vendorHash")
	assert.NotContains(t, res.Body, "0.32.15 →")
	assert.NotContains(t, res.Body, "moves with")
}

// A template is the title of the pull request and, without one of its own, of the commit.
func TestTemplatesOfThePullRequest(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/flake")
	o := options(t, w, dir, bump.Propose)
	o.Repo, o.Title, o.BodyAppend = "me/flake", "chore(deps): {{.Package}} to {{.NewVersion}}", "Reviewed by {{.Title}}."
	_, err := runIn(w, o)
	require.NoError(t, err)
	pull := repo.Pulls()[0]
	assert.Equal(t, "chore(deps): ollama to 0.32.15", pull.Title)
	assert.Contains(t, pull.Body, "\nReviewed by ollama: 0.32.13 -> 0.32.15.\n")
	o.Title = "{{.Pakage}}"
	_, err = runIn(w, o)
	var usage *bump.UsageError
	require.ErrorAs(t, err, &usage)
	assert.Contains(t, usage.Error(), "Options.Title")
}
