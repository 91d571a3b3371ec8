package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tools that the tests run besides Nix, git and shellcheck. The first test that needs one
// builds it into .cache/bin.
const (
	act        = "github.com/nektos/act@v0.2.89"
	actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
)

var toolLock sync.Mutex

// goTool returns the path of a tool that is a Go program.
func goTool(t *testing.T, module string) string {
	t.Helper()
	toolLock.Lock()
	defer toolLock.Unlock()
	path, version, _ := bytes.Cut([]byte(module), []byte("@"))
	bin := filepath.Join(projectRoot(t), ".cache", "bin", filepath.Base(string(path))+"-"+string(version))
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	work := t.TempDir()
	install := exec.Command("go", "install", module)
	install.Dir = work
	install.Env = append(os.Environ(), "GOBIN="+work, "GOFLAGS=", "GOWORK=off")
	output, err := install.CombinedOutput()
	require.NoError(t, err, "%s: %s", module, output)
	require.NoError(t, os.MkdirAll(filepath.Dir(bin), 0o755))
	data, err := os.ReadFile(filepath.Join(work, filepath.Base(string(path))))
	require.NoError(t, err)
	half := bin + ".new" // renamed, so that no run ever sees half a program
	require.NoError(t, os.WriteFile(half, data, 0o755))
	require.NoError(t, os.Rename(half, bin))
	return bin
}

// projectRoot is the folder of go.mod.
func projectRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return root
}

// inProject reads one of the project's files.
func inProject(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{projectRoot(t)}, path...)...))
	require.NoError(t, err)
	return string(text)
}

// command runs a program in dir and returns what it says on both streams.
func command(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// goEnv returns one of Go's settings as NAME=value.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := command(t, projectRoot(t), "go", "env", name)
	require.NoError(t, err)
	return name + "=" + strings.TrimSpace(value)
}

// copyProject copies what git tracks, or would track, without what the pathspecs exclude.
func copyProject(t *testing.T, dir string, exclude ...string) {
	t.Helper()
	root := projectRoot(t)
	list, err := command(t, root, "git",
		append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."}, exclude...)...)
	require.NoError(t, err, "%s", list)
	for _, name := range strings.Split(strings.TrimSuffix(list, "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		if err != nil || !info.Mode().IsRegular() {
			continue // deleted, or a link
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, info.Mode()))
	}
}
