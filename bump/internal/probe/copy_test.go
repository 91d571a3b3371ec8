package probe

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// Advice fits what went wrong.
func TestAdviceOnCopying(t *testing.T) {
	for err, advice := range map[error]string{
		syscall.ENOSPC: "make room", syscall.EACCES: "make it readable",
		syscall.EMFILE: "raise the limit of open files",
		syscall.EIO:    "run again", &foreign.NotRegular{Mode: fs.ModeDevice}: "remove it from the flake",
	} {
		assert.Contains(t, copyHint(&fs.PathError{Op: "open", Path: "x", Err: err}), advice)
	}
}

// The copy holds no link through which anything of the user's could be written.
func TestLinksOfTheCopy(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("theirs"), 0o644))
	for name, text := range map[string]string{
		"flake.nix": "{ }", "locks/flake.lock": "{}", "real/a.nix": "1",
		"real/run": "#!",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "real", "run"), 0o700))
	for name, target := range map[string]string{
		"flake.lock": filepath.Join(dir, "locks", "flake.lock"), "real/abs.nix": filepath.Join(dir, "real",
			"a.nix"), "rel.nix": "real/a.nix", "out.nix": outside,
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	set, err := source.Open(t.Context(), dir, os.Environ())
	require.NoError(t, err)
	ws, err := workspace.Open([]string{"TMPDIR=" + t.TempDir()})
	require.NoError(t, err)
	defer ws.Close()
	b := &Bench{tree: set, ws: ws}
	for _, name := range set.Files {
		require.NoError(t, b.copyIn(t.Context(), name))
	}
	for name, target := range map[string]string{"real/abs.nix": "a.nix", "rel.nix": "real/a.nix", "out.nix": outside} {
		got, err := os.Readlink(b.abs(name))
		require.NoError(t, err)
		assert.Equal(t, target, got)
		require.Error(t, b.write(name, []byte("written")), name)
	}
	info, err := os.Stat(b.abs("real/run"))
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o111)

	require.NoError(t, b.putLock(t.Context(), []byte("new")))
	now, err := os.ReadFile(b.abs("flake.lock"))
	require.NoError(t, err)
	assert.Equal(t, "new", string(now))
	require.NoError(t, b.putLock(t.Context(), nil))
	for path, want := range map[string]string{
		filepath.Join(dir, "locks", "flake.lock"): "{}", b.abs("flake.lock"): "{}", outside: "theirs",
		filepath.Join(dir, "real", "a.nix"): "1",
	} {
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(got), path)
	}
}
