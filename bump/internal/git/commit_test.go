package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBlobID(t *testing.T) {
	assert.Equal(t, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", BlobID(nil), "git's empty blob")
}

func TestCommit(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	run := func(args ...string) string {
		args = append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@x", "-c", "core.autocrlf=true"},
			args...)
		out, err := exec.Command("git", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	run("init", "-q")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a b", "t\tü\n\xff"), []byte("x\r\n"), 0o755))
	require.NoError(t, os.Symlink("a b", filepath.Join(dir, "link")))
	run("add", "-A")
	run("commit", "-qm", "x")
	r, err := Find(t.Context(), dir, os.Environ())
	require.NoError(t, err)
	id := run("rev-parse", "HEAD")
	entries, err := r.Commit(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, []Entry{
		{Path: "a b/t\tü\n\xff", Mode: Executable, Blob: BlobID([]byte("x\n")), Size: 2},
		{Path: "link", Mode: Link, Blob: BlobID([]byte("a b")), Size: 3},
	}, entries)
	data, err := r.Blob(t.Context(), entries[0].Blob)
	require.NoError(t, err)
	assert.Equal(t, "x\n", string(data), "as it was committed")
	_, err = r.Commit(t.Context(), strings.Repeat("1", 40))
	require.ErrorContains(t, err, "list files of commit 1111")
	_, err = r.Blob(t.Context(), strings.Repeat("1", 40))
	require.Error(t, err)
}
