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
		"\n- `nixosConfigurations.desk`: ollama 0.32.13 → 0.32.15, [^\n]*; \\d+ others are rebuilt; "+
			"nothing else changes\n", changes,
	)
	assert.Regexp(t, "\n- `packages.x86_64-linux.default`: ollama 0.32.13 → 0.32.15", changes)
	assert.Contains(
		t,
		changes,
		"\n- `nixosConfigurations.broken`: not compared: it does not evaluate, with or without this change\n",
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
			"`nixosConfigurations.broken` (it does not evaluate, with or without this change)\n",
	)
	assert.Regexp(t, "\n- Build plan: \\d+ derivations to build \\(", changes)
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
	body := repo.Pulls()[0].Body
	assert.Regexp(t, "### What changes\n\n- Not compared: Nix failed: cannot add a string to an integer", body)
	assert.Contains(t, body,
		"\n- packages and configurations were not compared with what they were: *What changes* says why\n")
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
	o.Repo, o.Title, o.BodyAppend = "me/flake", "chore(deps): {{.Package}} to {{.NewVersion}}",
		"Reviewed by {{.Title}}."
	_, err := runIn(w, o)
	require.NoError(t, err)
	pull := repo.Pulls()[0]
	assert.Equal(t, "chore(deps): ollama to 0.32.15", pull.Title)
	assert.Contains(t, pull.Body, "\nReviewed by ollama: 0.32.13 -> 0.32.15.\n")
	o.Title = "{{.Pakage}}"
	_, err = runIn(w, o)
	var usage *bump.UsageError
	require.ErrorAs(t, err, &usage)
	assert.Contains(t, usage.Error(), "title template: line 1: ")
	assert.Contains(t, usage.Hint, "Options.Title is a template")
}

// A dry run shows the pull request that would be, and so does a run whose files another program proposes.
func TestEveryModeComparesAlike(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/flake")
	bodies := map[bump.Mode]string{}
	for _, mode := range []bump.Mode{bump.DryRun, bump.Propose, bump.Write} { // which changes the files
		o := options(t, w, dir, mode)
		o.Repo, o.Brief = "me/flake", false
		res, err := runIn(w, o)
		require.NoError(t, err)
		bodies[mode] = res.Body
	}
	_, proposed, ok := strings.Cut(repo.Pulls()[0].Body, "\n\n") // without the marker
	require.True(t, ok)
	assert.Equal(t, proposed, bodies[bump.DryRun])
	assert.Regexp(t, `### What changes\n\n- .packages.x86_64-linux.default.: ollama 0.32.13 → 0.32.15`,
		bodies[bump.Write])
}

// A brief run evaluates no configuration to compare it; everything else is as it is.
func TestBriefLeavesTheComparisonOut(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "    packages.",
		"    nixosConfigurations.broken.config = throw \"no such luck\";\n    packages.", 1)
	const left = "### What changes\n\n- Not compared: this run was asked to leave the comparison out\n"
	results := map[bool]bump.Result{}
	for _, brief := range []bool{true, false} {
		o := options(t, w, w.Flake(map[string]string{"flake.nix": flake}), bump.DryRun)
		said := ""
		o.Brief, o.Progress = brief, func(e bump.Event) { said += e.Text + "\n" }
		res, err := runIn(w, o)
		require.NoError(t, err)
		assert.Equal(t, bump.Available, res.Status)
		assert.Equal(t, brief, strings.Contains(res.Body, left), res.Body)
		assert.Equal(t, !brief, strings.Contains(res.Body, "`nixosConfigurations.broken`: not compared: "), res.Body)
		assert.Equal(t, !brief, strings.Contains(said, "compare what the flake builds"), said)
		results[brief] = res
	}
	assert.Contains(t, results[true].Body, "### Verified\n")
	assert.Equal(t, results[false].Diff, results[true].Diff)
	assert.Equal(t, results[false].Title, results[true].Title)

	// --verify eval evaluates the configurations anyway
	o := options(t, w, w.Flake(map[string]string{"flake.nix": flakeS01}), bump.DryRun)
	o.Brief, o.Verify = true, bump.VerifyEval
	res, err := runIn(w, o)
	require.NoError(t, err)
	assert.Contains(t, res.Body, "### What changes\n\n- `packages.x86_64-linux.default`: ollama 0.32.13 → 0.32.15")
}

// A llama.cpp that moves along is named, though nixpkgs calls its derivation "source".
func TestMovedCompanionIsNamed(t *testing.T) {
	w := bumptest.New(t)
	all := strings.NewReplacer("INPUTS", "", "LET", "", "PIN", companionCases[1].after, "VERSION", "0.32.13",
		"TAG", "b10380")
	o := options(t, w, w.Flake(map[string]string{"flake.nix": all.Replace(all.Replace(oldLlama))}), bump.DryRun)
	o.Brief = false
	res, err := runIn(w, o)
	require.NoError(t, err)
	assert.Regexp(t, `\n- .packages.x86_64-linux.default.: ollama 0.32.13 → 0.32.15, .*`+
		`llama.cpp source b10380 → b10488; .*nothing else changes\n`, res.Body)
}

// Where nothing of it is built on this machine, there is no plan, and the reason is said.
func TestPlanOfAnotherSystem(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "    packages.", `    nixosConfigurations.pi = nixpkgs.lib.nixosSystem {
      system = "aarch64-linux";
      modules = [ {
        nixpkgs.overlays = [ self.overlays.default ];
        boot.isContainer = true;
        services.ollama.enable = true;
      } ];
    };
    packages.`, 1)
	for _, c := range []struct{ flake, want string }{
		{flake, "\n- Build plan: [^\n]*; built on other systems: `nixosConfigurations.pi`\n"},
		{
			strings.Replace(flake, "    packages.x86_64-linux.", "    neither.", 1),
			"\n- Build plan: nothing to build or fetch; built on other systems: `nixosConfigurations.pi`\n",
		},
		{
			strings.Replace(flakeS01, "    packages.x86_64-linux.", "    neither.", 1),
			"\n- Not compared: no configuration of the flake contains the package, and the flake has none for " +
				"x86_64-linux\n",
		},
	} {
		o := options(t, w, w.Flake(map[string]string{"flake.nix": c.flake}), bump.DryRun)
		res, err := runIn(w, o)
		require.NoError(t, err)
		assert.Regexp(t, c.want, res.Body)
		if strings.Contains(c.flake, "nixosConfigurations.pi") {
			assert.Contains(t, res.Body, "`nixosConfigurations.pi` (for aarch64-linux)")
			assert.Contains(t, res.Verified,
				bump.Verified{Attr: "nixosConfigurations.pi", System: "aarch64-linux", Level: "evaluated"})
		}
	}
}
