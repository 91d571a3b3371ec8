package source

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
)

// folder makes a flake of files; a value that begins with -> is a link.
func folder(t *testing.T, files map[string]string) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if target, ok := bytes.CutPrefix([]byte(text), []byte("->")); ok {
			require.NoError(t, os.Symlink(string(bytes.ReplaceAll(target, []byte("@"), []byte(dir))), path))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func track(t *testing.T, dir string) {
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}} {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

func TestFilesAndLinks(t *testing.T) {
	dir := folder(t, map[string]string{
		"flake/flake.nix": "{ }", "flake/flake.lock": "->../locks/flake.lock", "locks/flake.lock": "{}",
		"flake/a.nix": "->@/real/a.nix",
		"real/a.nix":  "1", "flake/dir": "->../real", "flake/out": "->/etc/hostname", "flake/loop": "->loop",
		"result": "->/nix", "chain": "->flake/a.nix",
	})
	track(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "untracked.nix"), nil, 0o644))
	s, err := Open(t.Context(), filepath.Join(dir, "flake"), os.Environ())
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, dir, s.Root)
	assert.Equal(t, "flake", s.Sub)
	assert.Equal(t, []string{
		"chain", "flake/a.nix", "flake/dir", "flake/flake.lock", "flake/flake.nix", "flake/loop",
		"flake/out", "locks/flake.lock", "real/a.nix", "result",
	}, s.Files)
	assert.Equal(t, "locks/flake.lock", s.Lock())
	for name, want := range map[string]string{"flake/a.nix": "real/a.nix", "chain": "real/a.nix", "flake/dir": "real"} {
		target, inside, isLink := s.Link(name)
		assert.Equal(t, want, target)
		assert.True(t, inside && isLink)
	}
	for name, want := range map[string]string{"flake/out": "/etc/hostname", "flake/loop": ""} {
		target, inside, isLink := s.Link(name)
		assert.Equal(t, want, target)
		assert.True(t, !inside && isLink)
		_, err := s.Read(t.Context(), name)
		require.Error(t, err)
	}
	for _, name := range []string{"flake/a.nix", "chain", "real/a.nix"} {
		data, err := s.Read(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, "1", string(data))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "real", "a.nix"), []byte("changed"), 0o644)) // is read once
	}
}

func TestNoGit(t *testing.T) {
	dir := folder(t, map[string]string{
		"flake.nix": "{ }", "result-1": "->/nix", "link": "->flake.nix",
		"sub/.git/config": "[", "sub/b.nix": "2",
	})
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.nix"), 0o600))
	s, err := Open(t.Context(), dir, nil)
	require.NoError(t, err)
	assert.Nil(t, s.Repo)
	assert.Equal(t, []string{"flake.nix", "link", "sub/b.nix"}, s.Files)
	assert.Empty(t, s.Sub)
}

// A tracked file may have become anything: nothing waits for it.
func TestPipeInPlaceOfATrackedFile(t *testing.T) {
	dir := folder(t, map[string]string{"flake.nix": "{ }", "a.nix": "1"})
	track(t, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, "a.nix")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "a.nix"), 0o600))
	began := time.Now()
	s, err := Open(t.Context(), dir, os.Environ())
	require.NoError(t, err)
	var special *foreign.NotRegular
	_, err = s.Read(t.Context(), "a.nix")
	require.ErrorAs(t, err, &special)
	_, err = s.Copy(t.Context(), &bytes.Buffer{}, "a.nix")
	require.ErrorAs(t, err, &special)
	assert.Less(t, time.Since(began), 5*time.Second)
}

// What a bump reads first and writes last must be in the tree.
func TestFlakeOutOfTheTree(t *testing.T) {
	for _, name := range []string{"flake.nix", "flake.lock"} {
		dir := folder(t, map[string]string{"flake.nix": "{ }", "flake.lock": "{}"})
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		outside := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(outside, []byte("{}"), 0o644))
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, name)))
		track(t, dir)
		_, err := Open(t.Context(), dir, os.Environ())
		var e *diag.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, name+":1:1: open flake: a link to "+outside+", which is not in the flake", e.Error())
	}
}

func TestUntrackedFlake(t *testing.T) {
	dir := folder(t, map[string]string{"other.nix": "{ }"})
	track(t, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "flake.nix"), nil, 0o644))
	_, err := Open(t.Context(), filepath.Join(dir, "sub"), os.Environ())
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "git add sub/flake.nix", e.Hint)
}

// A flake in a subfolder of a big repository costs what its files cost.
func TestSiblingsOfManyFiles(t *testing.T) {
	s := &Set{Sub: "hosts/gpu", has: map[string]bool{}}
	for i := range 50_000 {
		s.Files = append(s.Files, fmt.Sprintf("pkgs/%d/deep/folder/default.nix", i))
	}
	for _, name := range s.Files {
		s.has[name] = true
	}
	began := time.Now()
	siblings := 0
	for _, name := range s.Files {
		if s.Sibling(name) {
			siblings++
		}
	}
	assert.Zero(t, siblings)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestOpenHearsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, folder(t, map[string]string{"flake.nix": "{ }"}), nil)
	require.ErrorIs(t, err, context.Canceled)
}
