package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReleaseArchives(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the program")
	}
	t.Parallel()
	root, dist := projectRoot(t), t.TempDir()
	t.Cleanup(func() { _ = os.RemoveAll(dist) })
	output, err := command(t, root, "env", "DIST="+dist, ".github/release.sh", "1.0.0", "linux/amd64")
	require.NoError(t, err, "%s", output)
	output, err = command(t, dist, "sha256sum", "--check", "--strict", "SHA256SUMS")
	require.NoError(t, err, "%s", output)
	output, err = command(t, dist, "tar", "-xzf", "ollama-bump_1.0.0_linux_amd64.tar.gz", "--strip-components=1")
	require.NoError(t, err, "%s", output)
	for _, name := range []string{
		"ollama-bump.1", "README.md", "LICENSE", "completions/ollama-bump.bash",
		"completions/ollama-bump.zsh", "completions/ollama-bump.fish",
	} {
		assert.FileExists(t, filepath.Join(dist, name))
	}
	output, err = command(t, dist, "./ollama-bump", "--version")
	require.NoError(t, err)
	assert.Equal(t, "ollama-bump 1.0.0\n", output)
}

// A tag that was set too early is no release.
func TestReleaseHasTheFlakesVersion(t *testing.T) {
	t.Parallel()
	output, err := command(t, projectRoot(t), "env", "DIST="+t.TempDir(), ".github/release.sh", "1.2.3", "linux/amd64")
	require.Error(t, err)
	assert.Equal(t, "release.sh: the tag says version 1.2.3, flake.nix 1.0.0\n", output)
}

// standInGH answers what the tags are and writes down what it is asked to do.
const standInGH = `#!/bin/sh
case "$*" in
*matching-refs*) printf 'refs/tags/%s\n' $TAGS ;;
*) echo "$@" >>"$LOG" ;;
esac
case "$*" in *PATCH*) [ -z "$NO_MAJOR" ] ;; esac
`

func TestPublish(t *testing.T) {
	t.Parallel()
	const (
		create = "release create "
		move   = "api --silent --method PATCH repos/o/n/git/refs/tags/v1 -f sha=abc -F force=true\n"
		add    = "api --silent --method POST repos/o/n/git/refs -f ref=refs/tags/v1 -f sha=abc\n"
	)
	for _, c := range []struct{ name, tag, tags, flag, then, noMajor string }{
		{name: "first", tag: "v1.0.0", tags: "v1.0.0", flag: "--latest=true", then: move + add, noMajor: "1"},
		{name: "next", tag: "v1.10.0", tags: "v1 v1.10.0 v1.9.0", flag: "--latest=true", then: move},
		{name: "not listed yet", tag: "v1.1.0", tags: "v1 v1.0.0", flag: "--latest=true", then: move},
		{name: "release candidate", tag: "v1.1.0-rc1", tags: "v1 v1.0.0 v1.1.0-rc1", flag: "--prerelease"},
		{
			name: "after a release candidate", tag: "v1.0.1", tags: "v1 v1.0.0 v1.0.1 v1.1.0-rc1",
			flag: "--latest=true", then: move,
		},
		{name: "older line", tag: "v1.0.1", tags: "v1 v1.0.0 v1.0.1 v1.1.0", flag: "--latest=false"},
		{
			name: "older major", tag: "v1.1.1", tags: "v1 v1.1.0 v1.1.1 v2 v2.0.0 v10.0.0", flag: "--latest=false",
			then: move,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeProgram(t, filepath.Join(dir, "bin", "gh"), standInGH)
			writeProgram(t, filepath.Join(dir, "dist", "SHA256SUMS"), "")
			cmd := exec.Command(filepath.Join(projectRoot(t), ".github", "publish.sh"), c.tag, "abc")
			cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"),
				"GITHUB_REPOSITORY=o/n",
				"LOG="+filepath.Join(dir, "log"), "DIST="+filepath.Join(dir, "dist"), "TAGS="+c.tags,
				"NO_MAJOR="+c.noMajor)
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", output)
			log, err := os.ReadFile(filepath.Join(dir, "log"))
			require.NoError(t, err)
			want := strings.Join([]string{
				create + c.tag, "--verify-tag --generate-notes", c.flag,
				dir + "/dist/SHA256SUMS\n",
			},
				" ") + c.then
			assert.Equal(t, want, string(log))
		})
	}
}
