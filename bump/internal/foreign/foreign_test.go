package foreign

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
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
		"inside": "sub/file", "inside-folder": "sub", "up-and-back": "../root/sub/file", "absolute": filepath.Join(root,
			"sub", "file"),
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
		"up", "up-and-back", "absolute", "environ", "zero", "loop", "nowhere", "sub/up", "../secret", "out/secret",
		"/etc/hostname", "", "sub", "pipe", "socket",
	} {
		began := time.Now()
		data, err := Read(t.Context(), root, name, 100)
		require.Error(t, err, name)
		assert.Empty(t, data)
		assert.False(t, Has(root, name), name)
		assert.NotContains(t, err.Error(), "ghp_")
		assert.Less(t, time.Since(began), 10*time.Second)
	}
}

func TestKindsOfErrors(t *testing.T) {
	root := hostile(t)
	var special *NotRegular
	for name, words := range map[string]string{
		"pipe":   "it is a named pipe, not a file",
		"socket": "it is a socket, not a file", "sub": "it is a folder, not a file",
	} {
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
	mode, err := d.Copy(t.Context(), &b, "inside", 7)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o755), mode.Perm())
	assert.Equal(t, "content", b.String())
	_, err = d.Copy(t.Context(), &b, "up", 7)
	require.Error(t, err)
	var large *TooLarge
	_, err = d.Copy(t.Context(), &b, "inside", 6)
	require.ErrorAs(t, err, &large)
}

func TestLiteral(t *testing.T) {
	root := hostile(t)
	dir, err := Open(root)
	require.NoError(t, err)
	defer dir.Close()
	for name, want := range map[string]struct {
		data string
		link bool
	}{"sub/file": {"content", false}, "inside": {"sub/file", true}, "environ": {
		"/proc/self/environ",
		true,
	}, "loop": {"loop", true}, "inside-folder/file": {"content", false}} {
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

var tag = regexp.MustCompile(`^b[0-9]{1,8}$`)

func TestWord(t *testing.T) {
	root := hostile(t)
	file := filepath.Join(root, "LLAMA_CPP_VERSION")
	for text, want := range map[string]string{
		"b1234\n": "b1234", "b1": "b1", " \tb12345678\r\n\n": "b12345678",
		"": "", "\n": "", "b": "", "b123456789": "", "b1\nb2": "", "b1 ghp_secret": "", "ghp_secret": "", "b1\x00": "",
		"\ufeffb1": "", strings.Repeat("\n", 300) + "b1": "", "b1\x1b[2J": "", "b\u0661": "",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		word, err := Word(t.Context(), root, "LLAMA_CPP_VERSION", tag)
		assert.Equal(t, want, word, "%q", text)
		assert.Equal(t, want == "", err != nil)
		if err != nil {
			assert.NotContains(t, err.Error(), "ghp_")
		}
	}
	_, err := Word(t.Context(), root, "environ", tag)
	require.Error(t, err)
	_, err = Word(t.Context(), root, "gone", tag)
	assert.True(t, Missing(err))
}

// Whatever an archive holds in that place, a text or a link to anywhere: only a tag comes back, of the
// archive's own files, and at once.
func FuzzWord(f *testing.F) {
	for _, seed := range []string{"b1234\n", "ghp_secret", "b1 x", "\x00", "b9\n\n"} {
		f.Add(seed, false)
	}
	for _, seed := range []string{
		"/proc/self/environ", "../secret", "/dev/zero", "sub/tag", "out/secret",
		"LLAMA_CPP_VERSION", "pipe", "socket", "sub/../sub/tag",
	} {
		f.Add(seed, true)
	}
	root := hostile(f)
	require.NoError(f, os.WriteFile(filepath.Join(root, "..", "tag"), []byte("b666"), 0o644))
	require.NoError(f, os.WriteFile(filepath.Join(root, "sub", "tag"), []byte("b77"), 0o644))
	f.Fuzz(func(t *testing.T, text string, link bool) {
		name := filepath.Join(root, "LLAMA_CPP_VERSION")
		_ = os.Remove(name)
		if link {
			if os.Symlink(text, name) != nil {
				return // no link can have that target
			}
		} else {
			require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		}
		began := time.Now()
		word, err := Word(t.Context(), root, "LLAMA_CPP_VERSION", tag)
		require.Less(t, time.Since(began), 10*time.Second)
		switch {
		case err != nil:
			require.Empty(t, word)
		case link:
			require.Equal(t, "b77", word, "the only tag in the folder")
		default:
			require.Regexp(t, tag, word)
			require.Equal(t, word, strings.TrimSpace(text))
		}
	})
}
