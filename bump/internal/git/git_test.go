package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// repository makes a repository with a file in a subfolder that is tracked, and one that is ignored.
func repository(t *testing.T) (root string, env []string) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	write(t, root, "sub/flake.nix", "{ }")
	write(t, root, "sub/secret.env", "secret")
	write(t, root, ".gitignore", "*.env\n")
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}} {
		cmd := exec.Command("git", append([]string{"-C", root}, args...)...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return root, env
}

func write(t *testing.T, dir, name, text string) {
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
}

func TestFindRepository(t *testing.T) {
	root, env := repository(t)
	elsewhere, _ := repository(t)
	// as in a hook of another repository
	env = append(env, "GIT_DIR="+elsewhere+"/.git", "GIT_WORK_TREE="+elsewhere, "GIT_INDEX_FILE="+elsewhere+"/index",
		"GIT_PREFIX=x/")
	r, err := Find(t.Context(), filepath.Join(root, "sub"), env)
	require.NoError(t, err)
	assert.Equal(t, root, r.Root)
	files, err := r.Files(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{".gitignore", "sub/flake.nix"}, files)
	write(t, root, "sub/ignored", "")
	write(t, root, ".gitignore", "ignored\nsecret.env\n")
	write(t, root, "sub/new file.nix", "")
	untracked, err := r.Untracked(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"sub/new file.nix"}, untracked)
	dir, err := r.Dir(t.Context())
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, ".git"), dir)
	assert.Empty(t, r.Origin(t.Context()))
}

func TestNoRepository(t *testing.T) {
	r, err := Find(t.Context(), t.TempDir(), []string{"PATH=/nonexistent"})
	require.NoError(t, err)
	assert.Nil(t, r)
}

// A repository that git does not read is never taken for a folder without one: ignored files would
// become part of the flake.
func TestRepositoriesThatGitDoesNotRead(t *testing.T) {
	for what, test := range map[string]struct {
		broken      func(t *testing.T, root string, env []string) []string
		words, hint string
	}{
		"broken configuration": {func(t *testing.T, root string, env []string) []string {
			write(t, root, ".git/config", "[core\n")
			return env
		}, "fatal: bad config line 1 in file .git/config", "git status"},
		"unknown extension": {func(t *testing.T, root string, env []string) []string {
			write(t, root, ".git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nfuture = true\n")
			return env
		}, "fatal: unknown repository extension found", "git status"},
		"dangling .git file": {func(t *testing.T, root string, env []string) []string {
			require.NoError(t, os.RemoveAll(filepath.Join(root, ".git")))
			write(t, root, ".git", "gitdir: /nonexistent/worktrees/x\n")
			return env
		}, "fatal: not a git repository: /nonexistent/worktrees/x", "git status"},
		"empty .git folder": {func(t *testing.T, root string, env []string) []string {
			require.NoError(t, os.RemoveAll(filepath.Join(root, ".git")))
			require.NoError(t, os.Mkdir(filepath.Join(root, ".git"), 0o755))
			return env
		}, "fatal: not a git repository", "move its .git away"},
		"no git in PATH": {func(_ *testing.T, _ string, env []string) []string {
			return append(env, "PATH=/nonexistent")
		}, "git not found in PATH", "install git"},
		"git in a relative entry of PATH": {func(t *testing.T, root string, env []string) []string {
			t.Chdir(root)
			write(t, root, "bin/git", "#!/bin/sh\necho hijacked\n")
			return append(env, "PATH=bin")
		}, "git not found in PATH", "install git"},
		"git that does not start": {func(t *testing.T, _ string, env []string) []string {
			bin := t.TempDir()
			write(t, bin, "git", "#!/nonexistent\n")
			return append(env, "PATH="+bin)
		}, "git rev-parse: fork/exec", "git did not start"},
		"git that fails without a word": {func(t *testing.T, _ string, env []string) []string {
			bin := t.TempDir()
			write(t, bin, "git", "#!/bin/sh\nexit 1\n")
			return append(env, "PATH="+bin)
		}, "git rev-parse: exit status 1", "git status"},
	} {
		t.Run(what, func(t *testing.T) {
			root, env := repository(t)
			env = test.broken(t, root, env)
			_, err := Find(t.Context(), filepath.Join(root, "sub"), env)
			var e *diag.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Text, test.words)
			assert.Contains(t, e.Hint, test.hint)
		})
	}
}

// git's words on a repository of another owner are told apart in every language, and the advice names
// what git wants named: the root.
func TestRepositoryOfAnotherOwner(t *testing.T) {
	root, env := repository(t)
	bin := t.TempDir()
	write(t, bin, "git", `#!/bin/sh
case "$LC_ALL $LANGUAGE" in
"C ") echo "fatal: detected dubious ownership in repository at '`+root+`'" >&2 ;;
*) echo "Schwerwiegend: zweifelhafte Besitzverhältnisse im Repository" >&2 ;;
esac
exit 128
`)
	env = append(env, "PATH="+bin+":/usr/bin:/bin", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=de")
	_, err := Find(t.Context(), filepath.Join(root, "sub"), env)
	var e *diag.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "git config --global --add safe.directory "+root, e.Hint)
}

// Neither the repository nor the caller's configuration has git run anything.
func TestNothingConfiguredIsRun(t *testing.T) {
	root, env := repository(t)
	bin := t.TempDir()
	write(t, bin, "ran", "#!/bin/sh\necho \"$0 $GITHUB_TOKEN\" >> "+bin+"/log\nexit 1\n")
	for _, hook := range []string{
		"pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change",
		"reference-transaction",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(bin, "hooks"), 0o755))
		require.NoError(t, os.Symlink(filepath.Join(bin, "ran"), filepath.Join(bin, "hooks", hook)))
	}
	config := "[core]\n hooksPath = " + bin + "/hooks\n fsmonitor = " + bin + "/ran\n safecrlf = true\n autocrlf = " +
		"true\n" +
		"[init]\n templateDir = " + bin + "\n[commit]\n gpgsign = true\n[gpg]\n program = " + bin + "/ran\n" +
		"[filter \"evil\"]\n clean = " + bin + "/ran\n required = true\n"
	write(t, root, ".git/config", "[core]\n repositoryformatversion = 0\n"+config)
	write(t, t.TempDir(), "gitconfig", config)
	home := t.TempDir()
	write(t, home, ".gitconfig", config)
	env = append(env, "HOME="+home, "GITHUB_TOKEN=secret", "GIT_CONFIG_GLOBAL="+home+"/.gitconfig",
		"GIT_TEMPLATE_DIR="+bin)

	r, err := Find(t.Context(), root, env)
	require.NoError(t, err)
	_, err = r.Files(t.Context())
	require.NoError(t, err)

	dir := t.TempDir()
	write(t, dir, "a.nix", "one\ntwo\r\n")
	write(t, dir, ".gitattributes", "* filter=evil\n")
	s, err := NewScratch(t.Context(), dir, env)
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), "first"))
	require.NoError(t, s.Commit(t.Context(), "nothing new"))
	out, err := exec.Command("git", "-C", dir, "cat-file", "-p", "HEAD:a.nix").Output()
	require.NoError(t, err)
	assert.Equal(t, "one\ntwo\r\n", string(out))
	assert.NoFileExists(t, filepath.Join(bin, "log"))
}

func TestScratchHearsItsContext(t *testing.T) {
	bin := t.TempDir()
	write(t, bin, "git", "#!/bin/sh\ntrap '' TERM\nsleep 60\n")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := NewScratch(ctx, t.TempDir(), []string{"PATH=" + bin + ":/usr/bin:/bin"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 10*time.Second)
}

// While a merge has conflicts, git lists a file three times.
func TestConflictsAreListedOnce(t *testing.T) {
	root, env := repository(t)
	script := `set -e; cd "$0"; git config user.email a@b; git config user.name n
git commit -qm base; main=$(git symbolic-ref --short HEAD)
git checkout -qb other; echo '{ a = 1; }' > sub/flake.nix; git commit -qam other
git checkout -q "$main"; echo '{ a = 2; }' > sub/flake.nix; git commit -qam main; ! git merge -q other`
	cmd := exec.Command("/bin/sh", "-c", script, root)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	r, err := Find(t.Context(), root, env)
	require.NoError(t, err)
	files, err := r.Files(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{".gitignore", "sub/flake.nix"}, files)
}

func TestQuoted(t *testing.T) {
	for _, word := range []string{"/home/me/flake", "/a b", "/it's", "/$(touch x)", `/\"`} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+quoted(word)).Output()
		require.NoError(t, err)
		assert.Equal(t, word, string(out))
	}
}

// The folder itself may be what cannot be looked at.
func TestFolderThatCannotBeSearched(t *testing.T) {
	_, err := above("/" + strings.Repeat("x", 300))
	var e *diag.Error
	require.True(t, errors.As(err, &e))
}
