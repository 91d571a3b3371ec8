package child

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script runs a text as a child.
func script(text string) *Command {
	return &Command{
		Path: "/bin/sh", Args: []string{"-c", text}, Env: []string{"PATH=/usr/bin:/bin"},
		Grace: 300 * time.Millisecond,
	}
}

func TestChildInheritsNoVariable(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "ghp_secret")
	for _, env := range [][]string{nil, {"A=b"}} {
		out := &Buffer{Limit: 1 << 16}
		c := &Command{Path: "/usr/bin/env", Env: env, Stdout: out}
		require.NoError(t, c.Run(t.Context()))
		assert.Equal(t, strings.Join(env, "\n"), strings.TrimSpace(out.String()))
	}
}

// A program that ended leaves nothing behind that holds the caller up or goes on running.
func TestDescendantsEndWithTheProgram(t *testing.T) {
	dir := t.TempDir()
	out := &Buffer{Limit: 100}
	c := script("trap '' TERM; (sleep 3; touch " + dir + "/alive) & echo done")
	c.Stdout = out
	began := time.Now()
	require.NoError(t, c.Run(t.Context()))
	assert.Less(t, time.Since(began), 2900*time.Millisecond)
	assert.Equal(t, "done\n", out.String())
	time.Sleep(3500*time.Millisecond - time.Since(began))
	assert.NoFileExists(t, filepath.Join(dir, "alive"))
}

func TestTimeoutEndsWhoDoesNotHear(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	c := script("trap '' TERM; sleep 30 & while :; do sleep 1; done")
	c.Stdout = &Buffer{Limit: 100}
	require.Error(t, c.Run(ctx))
	assert.Less(t, time.Since(began), 20*time.Second)
}

func TestEndlessOutputTakesNoMemory(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	out := &Buffer{Limit: 1000}
	c := script("exec yes")
	c.Stdout, c.Stderr = out, out
	require.Error(t, c.Run(ctx))
	assert.True(t, out.Overflow)
	assert.Len(t, out.Bytes(), 1000)
}

// Nothing that a relative entry of PATH finds is run.
func TestLookIgnoresTheCurrentFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("tool", []byte("#!/bin/sh\n"), 0o755))
	_, err := Look([]string{"PATH=.::bin"}, "tool")
	require.ErrorIs(t, err, os.ErrNotExist)
	found, err := Look([]string{"PATH=.:" + dir}, "tool")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "tool"), found)
}

// caller is what a hook of git in a step of GitHub Actions runs with.
var caller = []string{
	"PATH=/bin", "HOME=/home/me", "GITHUB_TOKEN=secret", "GH_TOKEN=secret", "GITHUB_ENV=/env", "GITHUB_OUTPUT=/output",
	"GITHUB_PATH=/path", "GITHUB_STEP_SUMMARY=/summary", "ACTIONS_RUNTIME_TOKEN=secret", "INPUT_TOKEN=secret",
	"GIT_DIR=/elsewhere", "GIT_WORK_TREE=/elsewhere", "GIT_INDEX_FILE=/index", "GIT_COMMON_DIR=/c",
	"GIT_OBJECT_DIRECTORY=/o",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES=/o", "GIT_EXTERNAL_DIFF=/d", "GIT_ASKPASS=/a", "GIT_TRACE=/t",
	"GIT_TEMPLATE_DIR=/t",
	"GIT_CONFIG_GLOBAL=/home/me/.gitconfig", "NIX_CONFIG=cores = 1", "https_proxy=http://p", "MY_SECRET=secret",
	"broken", "GITLAB_TOKEN=secret", "DB_PASSWORD=secret", "FLAKE_SETTING=x",
}

func TestEnvironments(t *testing.T) {
	nix := []string{
		"PATH=/bin", "HOME=/home/me", "GIT_CONFIG_GLOBAL=/home/me/.gitconfig", "NIX_CONFIG=cores = 1",
		"https_proxy=http://p",
	}
	assert.Equal(t, nix, Environment(caller, Nix))
	assert.Equal(t, []string{"PATH=/bin", "HOME=/home/me", "GIT_CONFIG_GLOBAL=/home/me/.gitconfig"},
		Environment(caller, Git))
	assert.Equal(t, []string{"PATH=/bin"}, Environment(caller, Bare))
	assert.Equal(t, append(nix, "FLAKE_SETTING=x"), Impure(caller))
}

// Of settings in variables only the directories that the caller trusts reach git.
func TestSafeDirectories(t *testing.T) {
	set := func(pairs ...string) []string {
		env := []string{"PATH=/bin"}
		for i := 0; i < len(pairs); i += 2 {
			n := strconv.Itoa(i / 2)
			env = append(env, "GIT_CONFIG_KEY_"+n+"="+pairs[i], "GIT_CONFIG_VALUE_"+n+"="+pairs[i+1])
		}
		return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(pairs)/2))
	}
	assert.Equal(t, set("safe.directory", "/a", "safe.directory", "*"), Environment(
		set("core.worktree", "/x", "safe.directory", "/a", "core.fsmonitor", "/evil", "Safe.Directory", "*"), Git))
	assert.Equal(t, []string{"PATH=/bin"}, Environment(set("core.hooksPath", "/evil"), Git))
	assert.Equal(t, []string{"PATH=/bin"}, Environment([]string{"PATH=/bin", "GIT_CONFIG_COUNT=1000000000"}, Git))
	assert.Equal(t, []string{"PATH=/bin"}, Environment(set("safe.directory", "/a"), Nix))
	assert.Equal(t, []string{"PATH=/bin"}, Environment(set("safe.directory", "/a"), Bare))
}

func TestWith(t *testing.T) {
	assert.Equal(t, []string{"C=3", "A=4"}, With([]string{"A=1", "B=2", "C=3", "A=5"}, "A=4", "B="))
}

func TestFailureIsAnExitError(t *testing.T) {
	var exit *exec.ExitError
	require.ErrorAs(t, script("exit 3").Run(t.Context()), &exit)
	assert.Equal(t, 3, exit.ExitCode())
}
