package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

func TestFilesAndBlobs(t *testing.T) {
	server, repo := flake(t)
	repo.PushEntries("main", "modes", []githubtest.Entry{
		{Path: "nix/run", Mode: "100755", Data: "#!"},
		{Path: "nix/link", Mode: "120000", Data: "run"},
	})
	c, _ := client(t, server)
	files, err := c.Files(t.Context(), "me", "flake", repo.Head("main"))
	require.NoError(t, err)
	require.Len(t, server.Calls(), 1, "one request")
	want := repo.Files("main")
	require.Len(t, files, len(want))
	for _, e := range files {
		data, err := c.Blob(t.Context(), "me", "flake", e.Blob)
		require.NoError(t, err)
		assert.Contains(t, want, githubtest.Entry{Path: e.Path, Mode: e.Mode, Data: string(data)})
		assert.Equal(t, int64(len(data)), e.Size)
	}
	_, err = c.Files(t.Context(), "me", "flake", "main")
	require.EqualError(t, err, `list files: not a commit id: "main"`)
}

func TestWhatIsNotTheWholeTreeIsRefused(t *testing.T) {
	commit := strings.Repeat("a", 40)
	var many *github.TooManyFiles
	c, _ := clientOf(t, `{"tree":[],"truncated":true}`)
	_, err := c.Files(t.Context(), "o", "r", commit)
	require.ErrorAs(t, err, &many)
	c, _ = clientOf(t, `{"tree":[{"path":"x","type":"blob","sha":"../../x"}]}`)
	_, err = c.Files(t.Context(), "o", "r", commit)
	require.ErrorContains(t, err, "x has no object name")
	c, _ = clientOf(t, `{"encoding":"base64","content":"eA=="}`)
	_, err = c.Blob(t.Context(), "o", "r", commit)
	require.ErrorContains(t, err, "the answer has another content")
}

func TestTheBaseMoves(t *testing.T) {
	ignored := func(path string) bool { return strings.HasSuffix(path, ".md") || strings.HasPrefix(path, ".github/") }
	for _, test := range []struct {
		name string
		push map[string]string
		path string // that matters; "" when none does
	}{
		{"documentation", map[string]string{"README.md": "new\n", "docs/a/b.md": "new\n"}, ""},
		{"a workflow", map[string]string{".github/workflows/x.yml": "on: push\n"}, ""},
		{"another file", map[string]string{"README.md": "new\n", "nix/other.nix": "1\n"}, "nix/other.nix"},
		{"a new folder", map[string]string{"pkgs/a/b.nix": "1\n"}, "pkgs/a/b.nix"},
		{"the pin", map[string]string{"nix/ollama.nix": flakeFile("0.32.14")}, "nix/ollama.nix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, repo := flake(t)
			p := proposal("0.32.15")
			p.BaseCommit, p.Ignore = repo.Head("main"), ignored
			from := repo.Head("main")
			repo.Push("main", "meanwhile", test.push)
			c, _ := client(t, server)
			out, err := c.Propose(t.Context(), p)
			if test.path == "" {
				require.NoError(t, err)
				assert.Equal(t, github.Bumped, out.Status)
				requireTidy(t, repo, "0.32.15")
				return
			}
			var moved *github.BaseMoved
			require.ErrorAs(t, err, &moved)
			assert.Equal(t, github.BaseMoved{Base: "main", From: from, To: repo.Head("main"), Path: test.path}, *moved)
			assert.Equal(t, []string{"main"}, keys(repo.Branches()), "nothing was written")
			p.BaseCommit = repo.Head("main")
			if test.name != "the pin" {
				propose(t, server, p)
				requireTidy(t, repo, "0.32.15")
			}
		})
	}
}

func TestTheBaseMovesWithoutEnd(t *testing.T) {
	server, repo := flake(t)
	p := proposal("0.32.15")
	p.BaseCommit, p.Ignore = repo.Head("main"), func(string) bool { return true }
	docs := map[string]string{}
	for i := range 60 {
		docs[fmt.Sprintf("docs/%d/x", i)] = "new"
	}
	repo.Push("main", "docs", docs)
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), p)
	var moved *github.BaseMoved
	require.ErrorAs(t, err, &moved)
	assert.Less(t, len(server.Calls()), 100, "it does not look at each of many folders")
}

func TestARemovedFileMoves(t *testing.T) {
	server, repo := flake(t)
	before := repo.Head("main")
	repo.Push("main", "more", map[string]string{"nix/sub/more.nix": "1"})
	p := proposal("0.32.15")
	p.BaseCommit = repo.Head("main")
	repo.SetBranch("main", before)
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), p)
	var moved *github.BaseMoved
	require.ErrorAs(t, err, &moved)
	assert.Equal(t, "nix/sub/more.nix", moved.Path)
}

func TestTheBaseIsRewritten(t *testing.T) {
	server, repo := flake(t)
	p := proposal("0.32.15")
	p.BaseCommit = strings.Repeat("b", 40)
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), p)
	var moved *github.BaseMoved
	require.ErrorAs(t, err, &moved)
	assert.Equal(t, repo.Head("main"), moved.To)
	standing, err := c.Standing(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, repo.Head("main"), standing.Commit)
}

// GitHub replaces what is not UTF-8 in the names of a tree, so that the name of a new tree cannot be worked out.
func TestNamesThatAreNotUTF8(t *testing.T) {
	server, repo := flake(t)
	repo.PushEntries("main", "odd", []githubtest.Entry{{Path: "nix/\xff\xfe.nix", Data: "odd\n"}})
	propose(t, server, proposal("0.32.15"))
	requireTidy(t, repo, "0.32.15")
	fsck(t, repo)
	head := repo.Head(branch15)
	assert.Equal(t, github.Untouched, propose(t, server, proposal("0.32.15")).Operation)
	assert.Equal(t, head, repo.Head(branch15))
	repo.Push("main", "other", map[string]string{"README.md": "moved on\n"})
	propose(t, server, proposal("0.32.15"))
	requireTidy(t, repo, "0.32.15")

	cut := http.Header{"Content-Type": {"application/json"}}
	server.Inject(githubtest.Fault{
		Kind: githubtest.Custom, Path: "/git/trees/", Status: 200, Header: cut,
		Body: `{"tree":[]}`,
	})
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), proposal("0.32.16"))
	require.ErrorContains(t, err, "GitHub's answer is not the whole of it")
}
