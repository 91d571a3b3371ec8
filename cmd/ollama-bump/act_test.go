package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
	cache   string // a stand-in for actions/cache
	host    *releaseHost
	outputs map[string]string
	cost    time.Duration // what the last run took of the processor's time, act's own included
	took    time.Duration // and of everybody's
}

// standInCache records what actions/cache is asked to keep. It keeps nothing itself: the files stay where they are.
const standInCache = `name: cache
inputs: { path: {}, key: {}, restore-keys: {} }
runs:
  using: composite
  steps:
    - shell: bash
      run: printf '%s\n%s\n' "$CACHE_KEY" "$CACHE_PATH" >>"$CACHE_LOG"
      env: { CACHE_KEY: "${{ inputs.key }}", CACHE_PATH: "${{ inputs.path }}" }
`

// run runs the Action with inputs, and returns the log and whether the job succeeded.
func (r *actRunner) run(inputs map[string]string, extra ...string) (string, bool) {
	r.t.Helper()
	with, err := json.Marshal(inputs) // JSON is YAML
	require.NoError(r.t, err)
	workflow := filepath.Join(r.t.TempDir(), "bump.yml")
	report := workflow + ".outputs"
	require.NoError(r.t, os.WriteFile(workflow, []byte(strings.Replace(job, "WITH", string(with), 1)), 0o644))
	env := r.world.Env(append(append(r.host.env(), "CACHE_LOG="+filepath.Join(r.cache, "log")), extra...)...)
	cacheUse := regexp.MustCompile(`actions/cache@[0-9a-f]{40}`).FindString(inProject(r.t, "action.yml"))
	args := []string{
		"workflow_dispatch", "--no-cache-server", "--platform", "ubuntu-latest=-self-hosted",
		"--workflows", workflow, "--secret", "GITHUB_TOKEN=a-token-of-some-length",
		"--local-repository", "nixtars/ollama-bump@v1=" + r.action, "--local-repository", cacheUse + "=" + r.cache,
		"--env", "REPORT=" + report, "--env", "GITHUB_API_URL=" + r.world.GitHub.URL,
		"--env", "GITHUB_SERVER_URL=" + r.host.url,
	}
	cmd := exec.Command(r.act, args...)
	cmd.Dir, cmd.Env = r.dir, env
	start := time.Now()
	log, err := cmd.CombinedOutput()
	r.took, r.cost = time.Since(start), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
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

// newActRunner returns a runner; program is what this project's release has, nil for no release.
func newActRunner(t *testing.T, program []byte) *actRunner {
	t.Helper()
	w := bumptest.New(t)
	r := &actRunner{
		t: t, act: goTool(t, act), world: w, action: actionCheckout(t), cache: t.TempDir(),
		host: newReleaseHost(t, program, nil),
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.cache, "action.yml"), []byte(standInCache), 0o644))
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

// releasedProgram builds what a release has.
func releasedProgram(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ollama-bump")
	output, err := command(t, projectRoot(t), "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-X main.version=1.0.0", "-o", path, "./cmd/ollama-bump")
	require.NoError(t, err, "%s", output)
	program, err := os.ReadFile(path)
	require.NoError(t, err)
	return program
}

// tools makes a folder with the named programs of this machine and nothing else.
func tools(t *testing.T, names ...string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	return bin
}

// runnerTools are what the steps need besides Nix and Go.
var runnerTools = []string{
	"bash", "sh", "git", "env", "cat", "printf", "mkdir", "mktemp", "chmod", "dirname", "sed", "tr", "uname", "grep",
	"curl", "tar", "gzip", "sha256sum", "find", "sort", "xargs",
}

func TestActionOnARunner(t *testing.T) {
	t.Parallel()
	r := newActRunner(t, releasedProgram(t))
	repo := r.repository()

	log, ok := r.run(map[string]string{"flake": "old", "dry-run": "true"})
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
	})
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

	log, ok = r.run(map[string]string{"flake": "current"})
	require.True(t, ok, log)
	assert.Equal(t, "current", r.outputs["status"])
	assert.Len(t, repo.Pulls(), 1)
}

func TestActionThatFails(t *testing.T) {
	t.Parallel()
	r := newActRunner(t, releasedProgram(t))
	repo := r.repository()
	for _, c := range []struct {
		name, text string
		inputs     map[string]string
	}{
		{"no pin", "::error", map[string]string{"flake": "none"}},
		{"no flake", "::error", map[string]string{"flake": "nowhere"}},
		{"no boolean", `input draft must be true or false, not "yes"`, map[string]string{"draft": "yes"}},
		{
			"two lines", "is not a valid branch name",
			map[string]string{"flake": "old", "branch": "a\n::set-output name=status::bumped"},
		},
		{"two modes", "--dry-run and --check cannot be used together", map[string]string{
			"dry-run": "true",
			"check":   "true",
		}},
	} {
		log, ok := r.run(c.inputs)
		assert.False(t, ok, c.name)
		assert.Equal(t, "failed", r.outputs["status"], "%s: %s", c.name, log)
		assert.Contains(t, log, c.text, c.name)
	}
	assert.Empty(t, repo.Pulls())
	assert.Empty(t, r.world.NixRuns())

	log, ok := r.run(map[string]string{"flake": "old"}, "PATH="+tools(t, append(runnerTools, "go")...))
	assert.False(t, ok)
	assert.Contains(t, log,
		"nix is not installed: add a step before this one that installs it, such as cachix/install-nix-action")
	assert.Empty(t, r.outputs["status"])
}

// quickly runs the Action where a pin is current, which takes less than five seconds: of the processor's time, for a
// machine that runs tests has other things to do as well. Nothing of it is waiting: it starts no Nix, and asks for the
// releases once. A rest of waiting would show in the time on the clock, of which a busy machine may take more.
func (r *actRunner) quickly(inputs map[string]string, extra ...string) {
	r.t.Helper()
	r.world.ForgetNixRuns()
	r.world.GitHub.ResetCalls()
	log, ok := r.run(inputs, extra...)
	require.True(r.t, ok, log)
	require.Equal(r.t, "current", r.outputs["status"], log)
	assert.Less(r.t, r.cost, 5*time.Second, log)
	assert.Less(r.t, r.took, time.Minute, log)
	assert.Empty(r.t, r.world.NixRuns(), log)
	assert.Len(r.t, r.world.GitHub.Calls(), 1, log)
	r.t.Logf("%.1f s of the processor's time, %.1f s on the clock", r.cost.Seconds(), r.took.Seconds())
}

// With a release nothing is compiled: the machine has neither Go nor, with check, Nix.
func TestActionWithARelease(t *testing.T) {
	t.Parallel()
	r := newActRunner(t, releasedProgram(t))
	r.repository()
	path := "PATH=" + tools(t, runnerTools...)
	r.quickly(map[string]string{"flake": "current", "check": "true"}, path)
	r.quickly(map[string]string{"flake": "current"}, "PATH="+tools(t, append(runnerTools, "nix")...))
	assert.NoFileExists(t, filepath.Join(r.cache, "log"), "nothing to keep")

	log, ok := r.run(map[string]string{"flake": "old", "check": "true"}, path)
	require.True(t, ok, log)
	assert.Equal(t, "available", r.outputs["status"])
}

// Without one the Action compiles, in a build cache that is kept.
func TestActionWithoutARelease(t *testing.T) {
	t.Parallel()
	r := newActRunner(t, nil)
	r.repository()
	modules := goEnv(t, "GOMODCACHE")
	// what actions/cache brings back from an earlier run
	kept := filepath.Join(r.world.Dir, "home", ".cache", "act", "tool_cache", "ollama-bump", "go-build")
	require.NoError(t, os.MkdirAll(filepath.Dir(kept), 0o755))
	_, builds, _ := strings.Cut(goEnv(t, "GOCACHE"), "=")
	require.NoError(t, os.Symlink(builds, kept))

	log, ok := r.run(map[string]string{"flake": "old", "check": "true"}, modules)
	require.True(t, ok, log)
	assert.Equal(t, "available", r.outputs["status"])
	asked, err := os.ReadFile(filepath.Join(r.cache, "log"))
	require.NoError(t, err)
	_, path, _ := strings.Cut(modules, "=")
	assert.Regexp(t, `^ollama-bump-Linux-\w+-[0-9a-f]{64}\n`+regexp.QuoteMeta(kept+"\n"+path+"/cache/download\n")+`$`,
		string(asked))
	r.quickly(map[string]string{"flake": "current"}, modules)
}
