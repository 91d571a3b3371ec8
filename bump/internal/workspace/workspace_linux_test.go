package workspace

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a dying builder holds for some moments is removed all the same. A mount stands for it, which needs root, as
// the tests' setup does.
func TestWorkspaceIsRemovedWhenItsBuildersHaveDied(t *testing.T) {
	t.Parallel()
	ws, err := Open([]string{"TMPDIR=" + t.TempDir()})
	require.NoError(t, err)
	held := filepath.Join(ws.Temp(), "nix-build-0")
	require.NoError(t, os.Mkdir(held, 0o755))
	require.NoError(t, syscall.Mount("tmpfs", held, "tmpfs", 0, ""))
	died := make(chan error)
	go func() {
		time.Sleep(400 * time.Millisecond)
		died <- syscall.Unmount(held, 0)
	}()
	ws.Close()
	require.NoError(t, <-died)
	require.NoDirExists(t, ws.Dir)
}
