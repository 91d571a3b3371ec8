package replace

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// manyFiles stages a new content for each of n files below dir.
func manyFiles(t *testing.T, dir string, n int) []*stagedFile {
	var all []*stagedFile
	for i := range n {
		name := fmt.Sprintf("%03d 'a\"$b\n.nix", i)
		f := source.Change{File: name, Old: []byte("old"), New: []byte("new")}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tree", name), f.Old, 0o640))
		s, err := stage(filepath.Join(dir, "tree"), f, []string{filepath.Join(dir, "shelf", "ollama-bump-*")})
		require.NoError(t, err)
		all = append(all, s)
	}
	return all
}

func foldersForMany(t *testing.T, dir string) {
	for _, sub := range []string{"tree", "shelf"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
}

// contents counts the contents of the files in a folder.
func contents(t *testing.T, dir string) map[string]int {
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	count := map[string]int{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		count[string(data)]++
	}
	return count
}

const manyIn = "OLLAMA_BUMP_TEST_RENAME_IN"

// This process is killed after the first of sixty renames; they all happen.
func TestNoKillPartsRenames(t *testing.T) {
	if dir := os.Getenv(manyIn); dir != "" {
		renameTogether(manyFiles(t, dir, 60)) // in the process that is killed
		return
	}
	t.Parallel()
	dir := t.TempDir()
	foldersForMany(t, dir)
	victim := exec.Command(os.Args[0], "-test.run", "^TestNoKillPartsRenames$")
	victim.Env = append(os.Environ(), manyIn+"="+dir)
	require.NoError(t, victim.Start())
	require.Eventually(t, func() bool { return contents(t, filepath.Join(dir, "tree"))["new"] > 0 }, 20*time.Second,
		time.Millisecond)
	require.NoError(t, victim.Process.Kill())
	require.ErrorContains(t, victim.Wait(), "killed")
	require.Less(t, contents(t, filepath.Join(dir, "tree"))["new"], 60, "killed too late to show anything")
	require.Eventually(t, func() bool { return contents(t, filepath.Join(dir, "tree"))["new"] == 60 }, 20*time.Second,
		5*time.Millisecond)
	require.Empty(t, contents(t, filepath.Join(dir, "shelf")))
}

// What the other process cannot do is left, and told apart from what it did.
func TestRenamesThatFailAreLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	foldersForMany(t, dir)
	all := manyFiles(t, dir, 3)
	require.NoError(t, os.Remove(all[1].temp))
	renameTogether(all)
	require.Equal(t, map[string]int{"new": 1, "old": 2}, contents(t, filepath.Join(dir, "tree")))
	require.NoError(t, all[0].commit())
	require.ErrorIs(t, all[1].commit(), os.ErrNotExist)
	require.NoError(t, all[2].commit())
	require.NoError(t, all[2].undo())
	require.NoError(t, all[0].undo())
	require.Equal(t, map[string]int{"old": 3}, contents(t, filepath.Join(dir, "tree")))
	all[1].removeTemp()
	require.Empty(t, contents(t, filepath.Join(dir, "shelf")))
}
