package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

func TestFlakeIsSoundBeforeTheBump(t *testing.T) {
	files, err := flakeFiles()
	require.NoError(t, err)
	w := bumptest.New(t)
	dir := w.Flake(files)
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#ollama.src", "path:"+dir+"#ollama.goModules",
		"path:"+dir+"#nixosConfigurations.box.config.system.build.toplevel")
}

func TestFailureBecomesAnError(t *testing.T) {
	var s stage
	dir := s.TempDir()
	cleaned := false
	s.Cleanup(func() { cleaned = true })
	err := func() (err error) {
		defer func() { err = s.end(recover()) }()
		s.Fatalf("no %s", "luck")
		return nil
	}()
	require.EqualError(t, err, "no luck")
	require.True(t, cleaned)
	require.NoDirExists(t, dir)
}

func TestCost(t *testing.T) {
	require.Equal(t, "1 Nix process, 1 download of ollama's source", cost(1, 1))
	require.Equal(t, "0 Nix processes, 2 downloads of ollama's source", cost(0, 2))
}

// minimal are the commands of a machine that has Go, Nix, git and what every Linux has: no curl, no compiler, no make.
var minimal = []string{
	"go", "nix", "nix-build", "nix-store", "nix-instantiate", "nix-prefetch-url", "nix-hash", "git",
	"bash", "sh", "tar", "gzip", "sed", "grep", "find", "cat", "cp", "mv", "ln", "rm", "mkdir", "rmdir", "chmod",
	"ls", "touch", "env", "head", "tail", "sort", "tr", "cut", "basename", "dirname", "mktemp", "date", "printf",
	"test", "true", "uname", "wc", "xargs",
}

// The demo needs Go, Nix and git only, ends with the pull request, and takes less than 15 seconds once it is compiled:
// of the processor's time, for a machine that runs tests has other things to do as well.
func TestDemoHoldsWhatItPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix")
	}
	bin := t.TempDir()
	for _, name := range minimal {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	programs := t.TempDir() // the demo, and what it compiles anew from what is compiled already
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", programs, ".", "../ollama-bump").CombinedOutput()
	require.NoError(t, err, "%s", out)
	program := filepath.Join(programs, "demo")
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "PATH="+bin)
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `(?s)\n== The pull request, you/machines#1\n\nollama: 0\.32\.13 -> 0\.32\.15\n.*Made by .*\n$`,
		string(out))
	assert.NotContains(t, string(out), "\x1b", "colours are for terminals")
	assert.Less(t, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), 15*time.Second)
}

func TestNeedTools(t *testing.T) {
	t.Parallel()
	have := func(names ...string) func(string) (string, error) {
		return func(name string) (string, error) {
			for _, n := range names {
				if n == name {
					return "/bin/" + name, nil
				}
			}
			return "", errors.New("not found")
		}
	}
	assert.NoError(t, needTools(have("nix", "git"), false))
	assert.ErrorContains(t, needTools(have("git", "apt-get"), false),
		"nix not found in PATH: the demo needs Go, Nix (https://nixos.org/download) and git")
	assert.ErrorContains(t, needTools(have(), true), "nix and git not found in PATH", "no Debian")
}

// A machine without curl has the demo itself in its place.
func TestCurl(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("content"))
	}))
	defer server.Close()
	t.Setenv("SSL_CERT_FILE", os.Getenv("SSL_CERT_FILE")) // curl sets it
	path := filepath.Join(t.TempDir(), "file")
	args := []string{"--location", "--fail", "--max-time", "60", "--cacert", "/dev/null", "--output", path}
	require.NoError(t, curl(append(args, server.URL+"/there")))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "content", string(data))
	assert.ErrorContains(t, curl(append(args, server.URL+"/nowhere")), "404")
	assert.ErrorContains(t, curl(args), "usage")
}
