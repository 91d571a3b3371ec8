package foreign

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is a folder as an archive could make it.
func hostile(t testing.TB) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("ghp_secret"), 0o600))
	root := filepath.Join(dir, "root")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "sub", "file"), []byte("content"), 0o644))
	for name, target := range map[string]string{
		"inside": "sub/file", "inside-folder": "sub", "up-and-back": "../root/sub/file", "absolute": filepath.Join(root, "sub", "file"),
		"up": "../secret", "environ": "/proc/self/environ", "zero": "/dev/zero", "loop": "loop", "nowhere": "gone",
		"sub/up": "../../secret", "out": "..",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(root, name)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644))
	socket, err := net.Listen("unix", filepath.Join(root, "socket"))
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	return root
}

func TestReadsInsideOnly(t *testing.T) {
	root := hostile(t)
	for _, name := range []string{"sub/file", "inside", "inside-folder/file"} {
		data, err := Read(t.Context(), root, name, 100)
		require.NoError(t, err, name)
		assert.Equal(t, "content", string(data))
		assert.True(t, Has(root, name))
	}
	for _, name := range []string{
		"up", "up-and-back", "absolute", "environ", "zero", "loop", "nowhere", "sub/up", "../secret", "out/secret", "/etc/hostname", "", "sub",
		"pipe", "socket",
	} {
		began := time.Now()
		data, err := Read(t.Context(), root, name, 100)
		require.Error(t, err, name)
		assert.Empty(t, data)
		assert.False(t, Has(root, name), name)
		assert.NotContains(t, err.Error(), "ghp_")
		assert.Less(t, time.Since(began), time.Second)
	}
}

func TestKindsOfErrors(t *testing.T) {
	root := hostile(t)
	var special *NotRegular
	for name, words := range map[string]string{"pipe": "it is a named pipe, not a file", "socket": "it is a socket, not a file", "sub": "it is a folder, not a file"} {
		_, err := Read(t.Context(), root, name, 100)
		require.ErrorAs(t, err, &special)
		assert.Equal(t, words, special.Error())
	}
	_, err := Read(t.Context(), root, "gone", 100)
	require.ErrorIs(t, err, fs.ErrNotExist)
	var large *TooLarge
	_, err = Read(t.Context(), root, "sub/file", 6)
	require.ErrorAs(t, err, &large)
	assert.Equal(t, "larger than 6 bytes", large.Error())
	data, err := Read(t.Context(), root, "sub/file", 7)
	require.NoError(t, err)
	assert.Equal(t, "content", string(data))
}

// An archive can be a link, too: what is opened is the store's entry, not what it points to.
func TestFolderThatIsALink(t *testing.T) {
	dir := t.TempDir()
	for name, target := range map[string]string{"source": "/", "environ": "/proc/self"} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
		_, err := Open(filepath.Join(dir, name))
		require.ErrorIs(t, err, syscall.ENOTDIR)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "flat"), nil, 0o644))
	_, err := Open(filepath.Join(dir, "flat"))
	require.ErrorIs(t, err, syscall.ENOTDIR)
	assert.False(t, Has(filepath.Join(dir, "gone"), "x"))
}

func TestReadHearsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Read(ctx, hostile(t), "inside", 100)
	require.ErrorIs(t, err, context.Canceled)
}

func TestCopy(t *testing.T) {
	root := hostile(t)
	require.NoError(t, os.Chmod(filepath.Join(root, "sub", "file"), 0o755))
	d, err := Open(root)
	require.NoError(t, err)
	defer d.Close()
	var b strings.Builder
	mode, err := d.Copy(t.Context(), &b, "inside")
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o755), mode.Perm())
	assert.Equal(t, "content", b.String())
	_, err = d.Copy(t.Context(), &b, "up")
	require.Error(t, err)
}

func TestLiteral(t *testing.T) {
	root := hostile(t)
	dir, err := Open(root)
	require.NoError(t, err)
	defer dir.Close()
	for name, want := range map[string]struct {
		data string
		link bool
	}{"sub/file": {"content", false}, "inside": {"sub/file", true}, "environ": {"/proc/self/environ", true}, "loop": {"loop", true}, "inside-folder/file": {"content", false}} {
		data, link, err := dir.Literal(t.Context(), name, 10)
		require.NoError(t, err, name)
		assert.Equal(t, want.data, string(data), name)
		assert.Equal(t, want.link, link, name)
	}
	for _, name := range []string{"pipe", "socket", "sub", "gone", "out/secret", "../secret"} {
		_, _, err := dir.Literal(t.Context(), name, 10)
		require.Error(t, err, name)
	}
	_, _, err = dir.Literal(t.Context(), "sub/file", 3)
	require.Error(t, err)
}
