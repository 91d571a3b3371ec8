package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

const overlay = `final: prev: {
  ollama = prev.ollama.overrideAttrs (old: rec {
    version = "VERSION";
    src = prev.fetchFromGitHub {
      owner = "ollama";
      repo = "ollama";
      tag = "v${version}";
      hash = "@src:VERSION@";
    };
    vendorHash = "@vendor:VERSION@";
  });
}
`

const flakeNix = `{
  inputs.nixpkgs.url = "@nixpkgs@";

  outputs = { self, nixpkgs }: {
    overlays.default = import ./overlay.nix;
    packages.x86_64-linux.ollama =
      (import nixpkgs { system = "x86_64-linux"; overlays = [ self.overlays.default ]; }).ollama;
  };
}
`

// job is a workflow that runs the Action once and then writes its outputs to a file.
const job = `on: workflow_dispatch
jobs:
  bump:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: nixtars/ollama-bump@v1
        id: bump
        with: WITH
      - if: always()
        run: printf '%s' "$OUTPUTS" >"$REPORT"
        env:
          OUTPUTS: ${{ toJSON(steps.bump.outputs) }}
`

// actRunner runs workflows with act, on this machine instead of in a container.
type actRunner struct {
	t       *testing.T
	world   *bumptest.World
	act     string
	dir     string // the user's repository
	action  string // a checkout of this project
	outputs map[string]string
}

// run runs the Action with inputs, and returns the log and whether the job succeeded.
func (r *actRunner) run(inputs map[string]string, extra ...string) (string, bool) {
	r.t.Helper()
	with, err := json.Marshal(inputs) // JSON is YAML
	require.NoError(r.t, err)
	workflow := filepath.Join(r.t.TempDir(), "bump.yml")
	report := workflow + ".outputs"
	require.NoError(r.t, os.WriteFile(workflow, []byte(strings.Replace(job, "WITH", string(with), 1)), 0o644))
	env := r.world.Env(extra...)
	args := []string{
		"workflow_dispatch", "--no-cache-server", "--platform", "ubuntu-latest=-self-hosted",
		"--workflows", workflow, "--secret", "GITHUB_TOKEN=a-token-of-some-length",
		"--local-repository", "nixtars/ollama-bump@v1=" + r.action,
		"--env", "REPORT=" + report, "--env", "GITHUB_API_URL=" + r.world.GitHub.URL,
	}
	cmd := exec.Command(r.act, args...)
	cmd.Dir, cmd.Env = r.dir, env
	log, err := cmd.CombinedOutput()
	if text, readErr := os.ReadFile(report); readErr == nil {
		r.outputs = map[string]string{}
		require.NoError(r.t, json.Unmarshal(text, &r.outputs), "%s", text)
	} else {
		require.NoError(r.t, readErr, "%s", log)
	}
	return string(log), err == nil
}

// actionCheckout is the project as a runner gets it.
func actionCheckout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	copyProject(t, dir, ":!testdata", ":!*_test.go")
	return dir
}

func newActRunner(t *testing.T) *actRunner {
	t.Helper()
	r := &actRunner{t: t, act: goTool(t, act), world: bumptest.New(t), action: actionCheckout(t)}
	at := func(version string) string { return strings.ReplaceAll(overlay, "VERSION", version) }
	r.dir = r.world.FlakeIn("old", map[string]string{
		"old/flake.nix": flakeNix, "old/overlay.nix": at("0.32.9"),
		"current/flake.nix": flakeNix, "current/overlay.nix": at("0.32.15"),
		"none/flake.nix": "{ outputs = _: { }; }\n",
	})
	return r
}

// repository puts the flake's repository on the stand-in GitHub. The runner takes the repository's name
// from the remote, which it knows on github.com only.
func (r *actRunner) repository() *githubtest.Repo {
	repo := r.world.Repository(r.dir, "me/machines")
	r.world.Git(r.dir, "remote", "set-url", "origin", "https://github.com/me/machines.git")
	return repo
}

func TestActionOnARunner(t *testing.T) {
	t.Parallel()
	r := newActRunner(t)
	repo := r.repository()
	goCaches := []string{goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE")}

	log, ok := r.run(map[string]string{"flake": "old", "dry-run": "true"}, goCaches...)
	require.True(t, ok, log)
	assert.Equal(t, "available", r.outputs["status"])
	assert.Equal(t, "0.32.9", r.outputs["old-version"])
	assert.Equal(t, "0.32.15", r.outputs["new-version"])
	assert.Contains(t, log, "Summary - ### ollama 0.32.9 -> 0.32.15: nothing was written, nothing was sent")
	assert.Contains(t, r.outputs["diff"], "\n+    version = \"0.32.15\";\n")
	assert.Empty(t, repo.Pulls())

	// A branch that would do harm in a shell is only a branch with an odd name.
	branch := "b/$(touch${IFS}" + r.world.Dir + "/pwned)`id`;'\"%0A"

	log, ok = r.run(map[string]string{
		"flake": "old", "branch": branch, "labels": "dependencies\nnix, $(id)", "draft": "true",
	}, goCaches...)
	require.True(t, ok, log)
	assert.Equal(t, "bumped", r.outputs["status"])
	assert.Equal(t, "created", r.outputs["pull-request-operation"])
	assert.Equal(t, "1", r.outputs["pull-request-number"])
	require.Len(t, repo.Open(), 1)
	pull := repo.Open()[0]
	assert.Equal(t, branch, pull.Head)
	assert.Equal(t, pull.Head, r.outputs["pull-request-branch"])
	assert.ElementsMatch(t, []string{"dependencies", "nix", "$(id)"}, pull.Labels)
	assert.True(t, pull.Draft)
	assert.NoFileExists(t, filepath.Join(r.world.Dir, "pwned"))
	assert.NotContains(t, log, "a-token-of-some-length")

	log, ok = r.run(map[string]string{"flake": "current"}, goCaches...)
	require.True(t, ok, log)
	assert.Equal(t, "current", r.outputs["status"])
	assert.Len(t, repo.Pulls(), 1)
}

func TestActionThatFails(t *testing.T) {
	t.Parallel()
	r := newActRunner(t)
	repo := r.repository()
	goCaches := []string{goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE")}
	for _, c := range []struct {
		name, text string
		inputs     map[string]string
	}{
		{"no pin", "::error", map[string]string{"flake": "none"}},
		{"no flake", "::error", map[string]string{"flake": "nowhere"}},
		{"no boolean", `input draft must be true or false, not "yes"`, map[string]string{"draft": "yes"}},
		{"two lines", "is not a valid branch name", map[string]string{"flake": "old", "branch": "a\n::set-output name=status::bumped"}},
		{"two modes", "--dry-run and --check exclude each other", map[string]string{"dry-run": "true", "check": "true"}},
	} {
		log, ok := r.run(c.inputs, goCaches...)
		assert.False(t, ok, c.name)
		assert.Equal(t, "failed", r.outputs["status"], "%s: %s", c.name, log)
		assert.Contains(t, log, c.text, c.name)
	}
	assert.Empty(t, repo.Pulls())
	assert.Empty(t, r.world.NixRuns())

	bin := t.TempDir() // a machine with everything but Nix
	for _, name := range []string{"bash", "sh", "git", "env", "cat", "printf", "mkdir", "go"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	log, ok := r.run(map[string]string{"flake": "old"}, append(goCaches, "PATH="+bin)...)
	assert.False(t, ok)
	assert.Contains(t, log, "nix is not installed: add a step before this one that installs it, such as cachix/install-nix-action")
	assert.Empty(t, r.outputs["status"])
}
