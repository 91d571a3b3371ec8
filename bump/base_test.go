package bump_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

const (
	branch15   = "ollama-bump/0.32.15"
	viaProxy   = "{ proxyVendor = true; }\n"
	notByProxy = "{ proxyVendor = false; }\n"
)

// flakeOfBase has a pin whose vendorHash depends on another file.
var flakeOfBase = map[string]string{
	"flake.nix": strings.Replace(flakeS01, "vendorHash =",
		"proxyVendor = (import ./local.nix).proxyVendor;\n        vendorHash =", 1),
	"local.nix": viaProxy,
	"README.md": "my machines\n",
}

// proposing is a repository with flakeOfBase, here and on GitHub.
func proposing(t *testing.T) (*bumptest.World, string, *githubtest.Repo, bump.Options) {
	t.Helper()
	w := bumptest.New(t)
	dir := w.Flake(flakeOfBase)
	return w, dir, w.Repository(dir, "me/machines"), options(t, w, dir, bump.Propose)
}

// requireProposed checks the one file that the pull request changes.
func requireProposed(t *testing.T, w *bumptest.World, repo *githubtest.Repo, vendor string) {
	t.Helper()
	want := strings.ReplaceAll(flakeOfBase["flake.nix"], "0.32.13", "0.32.15")
	want = strings.Replace(want, "@vendor:", "@"+vendor+":", 1)
	require.Equal(t, w.Expand(want), repo.File(branch15, "flake.nix"))
	for _, e := range repo.Files("main") {
		if e.Path != "flake.nix" {
			require.Equal(t, e.Data, repo.File(branch15, e.Path), e.Path)
		}
	}
	require.Equal(t, []string{repo.Head("main")}, repo.Commit(repo.Head(branch15)).Parents)
}

func TestRunProposesForTheBase(t *testing.T) {
	for _, test := range []struct {
		name   string
		given  func(t *testing.T, w *bumptest.World, dir string, repo *githubtest.Repo)
		vendor string
	}{
		{"a change that is not committed", func(t *testing.T, _ *bumptest.World, dir string, _ *githubtest.Repo) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "local.nix"), []byte(notByProxy), 0o644))
		}, "vendor"},
		{"a commit that is not pushed", func(t *testing.T, w *bumptest.World, dir string, _ *githubtest.Repo) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "local.nix"), []byte(notByProxy), 0o644))
			w.Git(dir, "commit", "-qam", "mine")
		}, "vendor"},
		{"a base that git does not have", func(_ *testing.T, _ *bumptest.World, _ string, repo *githubtest.Repo) {
			repo.Push("main", "theirs", map[string]string{"local.nix": notByProxy, "new/file.nix": "{ }\n"})
		}, "vendor-plain"},
		{"a pin that is behind the base", func(_ *testing.T, _ *bumptest.World, _ string, repo *githubtest.Repo) {
			repo.Push("main", "theirs", map[string]string{"flake.nix": strings.Replace(repo.File("main", "flake.nix"),
				"0.32.13", "0.32.14", 1)})
		}, "vendor"},
		{"line ends", func(t *testing.T, w *bumptest.World, dir string, _ *githubtest.Repo) {
			t.Helper()
			w.Git(dir, "config", "core.autocrlf", "true")
			for _, name := range []string{"flake.nix", "local.nix"} {
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
			}
			w.Git(dir, "checkout", "-q", ".")
			require.Contains(t, readFlake(t, dir)["flake.nix"], "\r\n")
			require.Empty(t, w.Git(dir, "status", "--porcelain"))
		}, "vendor"},
		{"line ends of an attribute", func(t *testing.T, w *bumptest.World, dir string, repo *githubtest.Repo) {
			t.Helper()
			const attributes = "*.nix text eol=crlf\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte(attributes), 0o644))
			w.Git(dir, "add", ".gitattributes")
			w.Git(dir, "commit", "-qm", "line ends")
			repo.Push("main", "line ends", map[string]string{".gitattributes": attributes})
			for _, name := range []string{"flake.nix", "local.nix"} {
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
			}
			w.Git(dir, "checkout", "-q", ".")
			require.Contains(t, readFlake(t, dir)["flake.nix"], "\r\n")
			require.Empty(t, w.Git(dir, "status", "--porcelain"))
		}, "vendor"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, dir, repo, o := proposing(t)
			test.given(t, w, dir, repo)
			before := readFlake(t, dir)
			res := runs(t, w, o)
			require.Equal(t, bump.Bumped, res.Status)
			requireProposed(t, w, repo, test.vendor)
			requireSameTree(t, before, readFlake(t, dir))
			require.Equal(t, bump.Current, runs(t, w, o).Status)
		})
	}
}

func TestRunProposesForABaseWithTheFlakeInASubfolder(t *testing.T) {
	w := bumptest.New(t)
	files := map[string]string{"local.nix": viaProxy}
	for name, text := range flakeOfBase {
		if name != "local.nix" {
			files["hosts/gpu/"+name] = strings.Replace(text, "./local.nix", "../../local.nix", 1)
		}
	}
	dir := w.FlakeIn("hosts/gpu", files)
	repo := w.Repository(dir, "me/machines")
	repo.Push("main", "theirs", map[string]string{"local.nix": notByProxy})
	o := options(t, w, filepath.Join(dir, "hosts", "gpu"), bump.Propose)
	res := runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, "hosts/gpu/flake.nix", res.Files[0].Path)
	want := strings.ReplaceAll(files["hosts/gpu/flake.nix"], "0.32.13", "0.32.15")
	want = w.Expand(strings.Replace(want, "@vendor:", "@vendor-plain:", 1))
	require.Equal(t, want, repo.File(branch15, "hosts/gpu/flake.nix"))
	require.Equal(t, bump.Current, runs(t, w, o).Status)
}

func TestRunProposesForABaseThatIsFarAway(t *testing.T) {
	w, _, repo, o := proposing(t)
	files := map[string]string{}
	for i := range 120 {
		files[fmt.Sprintf("new/%d.nix", i)] = fmt.Sprint(i)
	}
	repo.Push("main", "theirs", files)
	_, err := runIn(w, o)
	require.ErrorContains(t, err,
		"compare with branch main: new/0.nix and 119 other files differ, and git does not have commit "+
			repo.Head("main")+": 120 files with 250 bytes would have to be fetched")
	require.Equal(t, "fetch the branch with git, or check out its newest commit, and run again", hintOf(err))
	require.Empty(t, repo.Pulls())
}

// An error is about the files of the base, when those here are others.
func TestRunFailsOnTheBase(t *testing.T) {
	w, _, repo, o := proposing(t)
	repo.Push("main", "theirs", map[string]string{"flake.nix": strings.Replace(repo.File("main", "flake.nix"),
		"0.32.13", "0.32.13-", 1)})
	_, err := runIn(w, o)
	require.Error(t, err)
	require.Contains(t, hintOf(err), "this is about branch main, which differs from the files here")
	require.Empty(t, repo.Pulls())
}

// What no evaluation reads is nobody's business.
func TestRunProposesBesideDocumentation(t *testing.T) {
	w, dir, repo, o := proposing(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("mine\n"), 0o644))
	repo.Push("main", "theirs", map[string]string{".github/workflows/ci.yml": "on: push\n", "docs/a.md": "a\n"})
	said := ""
	o.Progress = func(e bump.Event) { said += e.Text + "\n" }
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	requireProposed(t, w, repo, "vendor")
	require.NotContains(t, said, "working from")
}

func TestRunWhileTheBaseMoves(t *testing.T) {
	for _, test := range []struct {
		name   string
		pushes []map[string]string // while hashes are looked for
		vendor string
		rounds int
		err    string
	}{
		{
			"documentation",
			[]map[string]string{{"README.md": "new\n", ".github/workflows/ci.yml": "on: push\n"}},
			"vendor", 1,
			"",
		},
		{"a file that is evaluated", []map[string]string{{"local.nix": notByProxy}}, "vendor-plain", 2, ""},
		{
			"again and again",
			[]map[string]string{{"local.nix": notByProxy}, {"local.nix": viaProxy}},
			"", 2,
			"propose to me/machines: compare local.nix with branch main: the branch was at ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, _, repo, o := proposing(t)
			rounds := 0
			progress := o.Progress
			o.Progress = func(e bump.Event) {
				progress(e)
				if strings.Contains(e.Text, "has moved") || strings.Contains(e.Text, "working from") {
					require.Equal(t, "pin", e.Stage, "nothing is sent now: %s", e.Text)
				}
				if e.Stage == "propose" && strings.Contains(e.Text, ": ollama: 0.32.13") { // the hashes are known
					if rounds < len(test.pushes) {
						repo.Push("main", "meanwhile", test.pushes[rounds])
					}
					rounds++
				}
			}
			res, err := runIn(w, o)
			require.Equal(t, test.rounds, rounds)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.Contains(t, hintOf(err), "run again when nobody pushes to main")
				require.Empty(t, repo.Pulls())
				return
			}
			require.NoError(t, err)
			require.Equal(t, bump.Bumped, res.Status)
			requireProposed(t, w, repo, test.vendor)
		})
	}
}
