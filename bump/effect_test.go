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
	assert.Regexp(t, "\n- `nixosConfigurations.desk`: ollama 0.32.13 → 0.32.15, [^\n]*; \\d+ others are rebuilt; nothing else changes\n", changes)
	assert.Regexp(t, "\n- `packages.x86_64-linux.default`: ollama 0.32.13 → 0.32.15", changes)
	assert.Contains(t, changes, "\n- `nixosConfigurations.broken`: not compared: it does not evaluate, with the bump or without it\n")
	assert.NotContains(t, changes, "plain")
	assert.Contains(t, changes, "\n- **Evaluated**, not built: `packages.x86_64-linux.default`, `nixosConfigurations.desk`\n")
	assert.Contains(t, changes, "\n- **Not checked**: `packages.aarch64-linux.default` (this machine is x86_64-linux)\n")
	assert.Regexp(t, "\n- To build it here: \\d+ derivations to build \\(", changes)
}

// What cannot be evaluated at all costs the section, not the bump.
func TestWhatChangesIsNotKnown(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "    packages.", "    nixosConfigurations.broken.config = 1 + \"a\";\n    packages.", 1)
	dir := w.Flake(map[string]string{"flake.nix": flake})
	repo := w.Repository(dir, "me/flake")
	o := options(t, w, dir, bump.Propose)
	o.Repo = "me/flake"
	_, err := runIn(w, o)
	require.NoError(t, err)
	assert.Regexp(t, "### What changes\n\n- Not known: cannot add a string to an integer", repo.Pulls()[0].Body)
}
