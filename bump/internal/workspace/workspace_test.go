package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What dead runs left is removed at once, wherever they died; what lives or is somebody else's stays.
func TestDeadWorkspacesAreRemoved(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	victim := t.TempDir()
	require.NoError(t, os.Chmod(victim, 0o755))
	var stay []string
	folder := func(name string) string {
		if name == "" {
			name = newName()
		} else {
			stay = append(stay, name)
		}
		dir := filepath.Join(base, name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		return dir
	}
	file := func(elem ...string) { require.NoError(t, os.WriteFile(filepath.Join(elem...), nil, 0o600)) }
	folder("") // died before it had a marker
	file(folder(""), marker)
	worked := folder("")
	file(worked, marker)
	require.NoError(t, os.Mkdir(filepath.Join(worked, "probe"), 0o755))
	file(worked, "probe", "flake.nix")
	require.NoError(t, os.Symlink(victim, filepath.Join(worked, "probe", "link")))
	require.NoError(t, os.Chmod(filepath.Join(worked, "probe"), 0o500))

	// a person's, whatever is in them
	folder(prefix + "mywork")
	file(folder(prefix+"mywork2"), "lock")
	file(folder(prefix+"0123456789abcdef0123456789abcdef"), marker)
	file(folder(newName()), "notes.txt")
	file(base, prefix+"file")
	linked := newName()
	require.NoError(t, os.Symlink(victim, filepath.Join(base, linked)))
	file(victim, marker)
	odd := folder(newName())
	require.NoError(t, os.Symlink(filepath.Join(victim, marker), filepath.Join(odd, marker)))
	piped := folder(newName())
	require.NoError(t, syscall.Mkfifo(filepath.Join(piped, marker), 0o600))
	stay = append(stay, prefix+"file", linked)
	if os.Geteuid() == 0 {
		others := folder(newName())
		file(others, marker)
		require.NoError(t, os.Symlink(victim, filepath.Join(others, "sub")))
		require.NoError(t, os.Chown(others, 65534, 65534))
	}

	env := []string{"TMPDIR=" + base}
	living, err := Open(env)
	require.NoError(t, err)
	other, err := Open(env)
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(living.Dir, "probe"))
	other.Close()
	living.Close()
	left, err := filepath.Glob(filepath.Join(base, "*"))
	require.NoError(t, err)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	require.ElementsMatch(t, stay, left)
	info, err := os.Stat(victim)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o755), info.Mode().Perm())
	require.FileExists(t, filepath.Join(victim, marker))
}

// Nix takes no relative path.
func TestRelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("tt", 0o755))
	ws, err := Open([]string{"TMPDIR=tt"})
	require.NoError(t, err)
	defer ws.Close()
	require.True(t, filepath.IsAbs(ws.Dir))
	require.DirExists(t, ws.Temp())
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
				ws, err := Open([]string{"TMPDIR=" + base})
				if err != nil {
					t.Error(err)
					return
				}
				for _, sub := range []string{marker, "tmp", "probe"} {
					if _, err := os.Stat(filepath.Join(ws.Dir, sub)); err != nil {
						t.Error(err)
					}
				}
				ws.Close()
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(base)
	require.NoError(t, err)
	require.Empty(t, left)
}
