package bump

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What dead runs left is removed at once, wherever they died; what lives or is somebody else's stays.
func TestDeadWorkspacesAreRemoved(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	folder := func(name string) string {
		dir := filepath.Join(base, workspacePrefix+name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		return dir
	}
	file := func(elem ...string) { require.NoError(t, os.WriteFile(filepath.Join(elem...), nil, 0o600)) }
	folder("1-no-lock-yet")
	file(folder("2-not-filled"), "lock")
	worked := folder("3-worked")
	file(worked, "lock")
	require.NoError(t, os.Mkdir(filepath.Join(worked, "probe"), 0o755))
	file(worked, "probe", "flake.nix")
	require.NoError(t, os.Chmod(filepath.Join(worked, "probe"), 0o500))
	file(folder("4-somebody-else's"), "notes.txt")
	file(base, workspacePrefix+"5-file")
	require.NoError(t, os.Symlink(base, filepath.Join(base, workspacePrefix+"6-link")))

	env := []string{"TMPDIR=" + base}
	living, err := openWorkspace(env)
	require.NoError(t, err)
	other, err := openWorkspace(env)
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(living.dir, "probe"))
	other.close()
	living.close()
	left, err := filepath.Glob(filepath.Join(base, "*"))
	require.NoError(t, err)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	require.Equal(t, []string{"ollama-bump-4-somebody-else's", "ollama-bump-5-file", "ollama-bump-6-link"}, left)
}

// A folder that was just made looks like a dead run's to another run that begins: each run must end up with one of
// its own all the same.
func TestWorkspacesOfRunsThatBeginTogether(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				ws, err := openWorkspace([]string{"TMPDIR=" + base})
				if err != nil {
					t.Error(err)
					return
				}
				for _, sub := range []string{"lock", "tmp", "probe"} {
					if _, err := os.Stat(filepath.Join(ws.dir, sub)); err != nil {
						t.Error(err)
					}
				}
				ws.close()
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(base)
	require.NoError(t, err)
	require.Empty(t, left)
}
