package checkout_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/checkout"
	"github.com/nixtars/ollama-bump/bump/internal/git"
)

func entry(path, content string) git.Entry {
	return git.Entry{Path: path, Mode: "100644", Blob: git.BlobID([]byte(content)), Size: int64(len(content))}
}

func with(e git.Entry, mode string) git.Entry {
	e.Mode = mode
	return e
}

// folder writes files; a content that begins with -> is a link.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		if target, ok := strings.CutPrefix(content, "->"); ok {
			require.NoError(t, os.Symlink(target, name))
			continue
		}
		require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
	}
	return dir
}

func names(files map[string]string) (list []string) {
	for name := range files {
		list = append(list, name)
	}
	return list
}

func TestCompare(t *testing.T) {
	files := map[string]string{
		"same": "a\n", "crlf": "a\r\n", "longer": "abc", "only here": "x", "dir/link": "->same",
		"file for link": "same", "link for file": "->same",
		"sub/x": "y", "\xff": "z", "run": "#!", "runs": "#!", "runs here": "#!", "runs there": "#!",
	}
	dir := folder(t, files)
	require.NoError(t, os.Chmod(filepath.Join(dir, "runs"), 0o700))
	require.NoError(t, os.Chmod(filepath.Join(dir, "runs here"), 0o755))
	differing, err := checkout.Compare(t.Context(), dir, append(names(files), "gone here"), []git.Entry{
		entry("same", "a\n"), entry("crlf", "a\n"), entry("longer", "ab"), entry("only there", "x"),
		with(entry("dir/link", "same"), git.Link),
		with(entry("file for link", "same"), git.Link), entry("link for file", "same"),
		{Path: "sub", Mode: git.Submodule},
		entry("\ufffd", "other"), entry("gone here", ""), entry("run", "#!"),
		with(entry("runs", "#!"), git.Executable), entry("runs here", "#!"), with(entry("runs there", "#!"),
			git.Executable),
	})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"crlf", "file for link", "gone here", "link for file", "longer", "only here", "only there", "runs here",
		"runs there",
	}, differing)
}

// A pipe in place of a file is not waited for.
func TestComparePipe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	differing, err := checkout.Compare(ctx, dir, []string{"pipe"}, []git.Entry{entry("pipe", "")})
	require.NoError(t, err)
	assert.Equal(t, []string{"pipe"}, differing)
}

func TestWrite(t *testing.T) {
	from := folder(t, map[string]string{"same": "a\n", "other": "mine", "dir/x": "->../same"})
	to := t.TempDir()
	there := map[string]string{"other": "theirs", "new/deep/file": "new", "run": "#!", "link": "same"}
	var fetched []string
	fetch := func(_ context.Context, e git.Entry) ([]byte, error) {
		fetched = append(fetched, e.Path)
		return []byte(there[e.Path]), nil
	}
	entries := []git.Entry{
		with(entry("link", "same"), git.Link), entry("same", "a\n"), entry("other", "theirs"),
		entry("new/deep/file", "new"),
		with(entry("run", "#!"), git.Executable), with(entry("dir/x", "../same"), git.Link),
		{Path: "sub", Mode: git.Submodule},
	}
	limit := checkout.Limit{Files: 4, Bytes: 15}
	require.NoError(t, checkout.Write(t.Context(), to, from, entries, limit, fetch))
	assert.Equal(t, []string{"other", "new/deep/file", "run", "link"}, fetched, "what is here is not fetched")
	differing, err := checkout.Compare(t.Context(), to, []string{
		"link", "same", "other", "new/deep/file", "run",
		"dir/x",
	}, entries)
	require.NoError(t, err)
	assert.Empty(t, differing)
	info, err := os.Stat(filepath.Join(to, "run"))
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o100)
	assert.NoFileExists(t, filepath.Join(to, "sub"))

	for _, limit := range []checkout.Limit{{Files: 3, Bytes: 15}, {Files: 4, Bytes: 14}} {
		var much *checkout.TooMuch
		fetched = nil
		require.ErrorAs(t, checkout.Write(t.Context(), t.TempDir(), from, entries, limit, fetch), &much)
		assert.Equal(t, checkout.TooMuch{Files: 4, Bytes: 15}, *much)
		assert.Empty(t, fetched)
	}
}

func TestWriteRefuses(t *testing.T) {
	content := func(text string) func(context.Context, git.Entry) ([]byte, error) {
		return func(context.Context, git.Entry) ([]byte, error) { return []byte(text), nil }
	}
	link := with(entry("x", "/tmp"), git.Link)
	for _, test := range []struct {
		name    string
		entries []git.Entry
		fetch   func(context.Context, git.Entry) ([]byte, error)
		err     string
	}{
		{"a path out of the folder", []git.Entry{entry("../x", "")}, content(""), `bad or repeated path "../x"`},
		{"an absolute path", []git.Entry{entry("/etc/x", "")}, content(""), `bad or repeated path "/etc/x"`},
		{
			"git's own folder",
			[]git.Entry{entry("a/.GIT/hooks/x", "")},
			content(""),
			`bad or repeated path "a/.GIT/hooks/x"`,
		},
		{"twice", []git.Entry{entry("x", ""), entry("x", "")}, content(""), `bad or repeated path "x"`},
		{"a file below a link", []git.Entry{link, entry("x/y", "/tmp")}, content("/tmp"), "write x: "},
		{
			"more than the listing says",
			[]git.Entry{{Path: "x", Mode: entry("x", "").Mode, Blob: git.BlobID([]byte("good"))}},
			content("good"), "write x: the content is not that of object",
		},
		{
			"another content",
			[]git.Entry{entry("x", "good")},
			content("evil"),
			"write x: the content is not that of object",
		},
		{"no content", []git.Entry{entry("x", "good")}, func(context.Context, git.Entry) ([]byte, error) {
			return nil,
				errors.New("gone")
		}, "write x: gone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			to := t.TempDir()
			err := checkout.Write(t.Context(), to, t.TempDir(), test.entries, checkout.Limit{Files: 9, Bytes: 99},
				test.fetch)
			require.ErrorContains(t, err, test.err)
			assert.NoFileExists(t, filepath.Join(filepath.Dir(to), "x"))
		})
	}
}
