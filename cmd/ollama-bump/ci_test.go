package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runCI runs .ci/run where the commands that it starts only say so, and returns what they said. fresh is the shell code
// in place of .ci/fresh, user the number of the user.
func runCI(t *testing.T, fresh, user, ci string) (said string, err error) {
	t.Helper()
	dir := t.TempDir()
	writeProgram(t, filepath.Join(dir, ".ci", "run"), inProject(t, ".ci", "run"))
	writeProgram(t, filepath.Join(dir, ".ci", "fresh"), "#!/bin/sh\n"+fresh+"\n")
	bin := filepath.Join(dir, "bin")
	writeProgram(t, filepath.Join(bin, "id"), "#!/bin/sh\necho "+user+"\n")
	for _, name := range []string{"go", "make", "apt-get"} {
		writeProgram(t, filepath.Join(bin, name), "#!/bin/sh\necho "+name+" \"$@\"\n")
	}
	cmd := exec.Command(filepath.Join(dir, ".ci", "run"))
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "CI=" + ci}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// A check that CI leaves out without failing is none.
func TestCIFailsWithoutAFreshMachine(t *testing.T) {
	t.Parallel()
	const (
		readme = "go run ./cmd/demo\nmake test\n"
		rest   = "make test-nix test-look\n"
		cannot = "run: cannot make a fresh machine, which takes root on Debian and the right to mount"
		here   = cannot + ": the commands of the README run in this clone\n"
	)
	for _, c := range []struct {
		name, fresh, user, ci string
		want                  string
		fails                 bool
	}{
		{
			"fresh", `echo fresh "$@"`, "0", "true",
			"fresh true\nfresh sh -c go run ./cmd/demo && make test\n" + rest, false,
		},
		{"no right to mount", "exit 1", "0", "", here + readme + rest, false},
		{"no right to mount in CI", "exit 1", "0", "true", cannot + "\n", true},
		{"no root", "exit 0", "1000", "", here + readme + rest, false},
		{"no root in CI", "exit 0", "1000", "1", cannot + "\n", true},
		{"failing tests", `[ "$1" = true ]`, "0", "", "", true},
	} {
		said, err := runCI(t, c.fresh, c.user, c.ci)
		assert.Equal(t, c.want, said, c.name)
		assert.Equal(t, c.fails, err != nil, c.name)
	}
}

// The commands of the README are those that CI runs.
func TestCIRunsTheReadme(t *testing.T) {
	t.Parallel()
	require.Contains(t, inProject(t, "README.md"), "```sh\ngo run ./cmd/demo\nmake test\n```\n")
	assert.Contains(t, inProject(t, ".ci", "run"), "readme='go run ./cmd/demo && make test'\n")
}
