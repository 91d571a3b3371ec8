package github

import (
	"strings"
	"testing"

	gh "github.com/google/go-github/v66/github"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMarkerIsReadBack(t *testing.T) {
	for _, m := range []marker{
		{Package: "ollama", Version: "0.32.15"},
		{
			Package: "o l-->\"", Version: "1.0.0-rc--1", Scope: "nix/a b=ü", Digest: "0123456789ab", State: pending,
			Kind: removal,
		},
	} {
		line := m.line("ollama-bump")
		assert.Equal(t, 1, strings.Count(line, "-->"))
		assert.Equal(t, 2, strings.Count(line, "--"), line)
		got, ok := readMarker("ollama-bump", line+"\r\n\r\nrest")
		require.True(t, ok, line)
		assert.Equal(t, m, got)
	}
}

func TestMarkerCountsInTheFirstLineOnly(t *testing.T) {
	line := marker{Package: "ollama", Version: "0.32.15"}.line("ollama-bump")
	for _, body := range []string{
		"", "x\n" + line, " " + line, line + " x", "> " + line,
		strings.Replace(line, "ollama-bump", "other", 1),
	} {
		_, ok := readMarker("ollama-bump", body)
		assert.False(t, ok, "%q", body)
	}
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func TestOwnCommit(t *testing.T) {
	p := Proposal{
		BranchPrefix: "ollama-bump/", Package: "ollama", Version: "0.32.15", Scope: "nix#a b",
		Message: "ollama: 1 -> 2\n",
	}
	commit := func(message, tree string, parents int) *gh.Commit {
		c := &gh.Commit{Message: &message, Tree: &gh.Tree{SHA: &tree}}
		for range parents {
			c.Parents = append(c.Parents, &gh.Commit{})
		}
		return c
	}
	message := p.commitMessage(emptyTree)
	assert.Equal(t, "ollama: 1 -> 2\n\nOllama-Bump: 0.32.15 (package ollama, scope nix#a%20b, tree "+emptyTree+")\n",
		message)
	old := "ollama: 1 -> 2\n\nProposed-By: ollama-bump ollama 0.32.15 \"nix%23a+b\" " + emptyTree + "\n"
	for _, message := range []string{message, old} {
		got, ok := p.ownCommit(commit(message, emptyTree, 1))
		assert.True(t, ok, message)
		assert.Equal(t, "0.32.15", got.Version)
		assert.True(t, p.made(got))
		assert.True(t, p.traces(message))
		assert.True(t, p.traces(message+"\nSigned-off-by: Mona\n"))
	}

	other, gone := p, p
	other.Scope, gone.Removal = "hosts", true
	removed, ok := p.ownCommit(commit(gone.commitMessage(emptyTree), emptyTree, 1))
	assert.True(t, ok)
	assert.False(t, p.made(removed))
	assert.True(t, gone.made(removed))
	for name, c := range map[string]*gh.Commit{
		"another tree":       commit(message, strings.Repeat("0", 40), 1),
		"a merge":            commit(message, emptyTree, 2),
		"no parent":          commit(message, emptyTree, 0),
		"not the last line":  commit(message+"\nSigned-off-by: Mona\n", emptyTree, 1),
		"no message":         commit("", emptyTree, 1),
		"another proposal's": commit(other.commitMessage(emptyTree), emptyTree, 1),
	} {
		_, ok := p.ownCommit(c)
		assert.False(t, ok, name)
	}
	assert.False(t, p.traces(other.commitMessage(emptyTree)))
	assert.False(t, p.traces("I like Ollama-Bump: 0.32.15"))
	scope, ok := p.scopeOf(other.commitMessage(emptyTree))
	assert.True(t, ok)
	assert.Equal(t, "hosts", scope)
}

func TestTrailerIsReadBack(t *testing.T) {
	for _, want := range []trailer{
		{Tool: "ollama-bump", Package: "ollama", Version: "0.32.15", Tree: emptyTree},
		{
			Tool: "ollama-bump", Package: "ollama", Version: "1.0.0-rc1",
			Scope: `hosts/gpu#packages.x86_64-linux."a, (b)"%20ü+`, Tree: emptyTree, Kind: removal,
		},
		{Tool: "ollama-bump", Package: "a b", Version: "1", Scope: ", tree", Tree: emptyTree},
	} {
		got, ok := readTrailer("ollama-bump", want.line()+"\r")
		require.True(t, ok, want.line())
		assert.Equal(t, want, got)
		_, ok = readTrailer("other", want.line())
		assert.False(t, ok)
	}
}

func TestRebaseBox(t *testing.T) {
	p := Proposal{RebaseBox: "<!-- ollama-bump-rebase -->"}
	for body, want := range map[string]bool{
		"text\n\n- [x] <!-- ollama-bump-rebase -->Rebase\n": true,
		"- [X] <!-- ollama-bump-rebase -->Rebase\r\n":       true,
		"- [ ] <!-- ollama-bump-rebase -->Rebase":           false,
		"- [x] something else":                              false,
		"> - [x] <!-- ollama-bump-rebase -->quoted":         false,
		"[x] <!-- ollama-bump-rebase -->no list":            false,
		"":                                                  false,
	} {
		assert.Equal(t, want, p.asked(body), body)
		assert.False(t, Proposal{}.asked(body))
	}
}

func TestValidBranch(t *testing.T) {
	for name, want := range map[string]bool{
		"ollama-bump/0.32.15": true, "a": true, "ü/x": true,
		"": false, "@": false, "a b": false, "a/": false, "/a": false, "a//b": false, "a..b": false, "a.lock": false,
		".a": false, "a.": false,
		"a/.b": false, "-a": false, "a~": false, "a^": false, "a:b": false, "a?": false, "a*": false, "a[": false,
		"a\\b": false, "a@{b": false, "a\x7f": false,
	} {
		assert.Equal(t, want, ValidBranch(name), "%q", name)
	}
}

func TestTreeName(t *testing.T) {
	assert.Equal(t, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", objectName("blob", nil), "git's empty blob")
	assert.Equal(t, "4b825dc642cb6eb9a060e54bf8d69288fbee4904", treeName(nil), "git's empty tree")
	assert.Empty(t, treeName([]*gh.TreeEntry{{Path: gh.String("x"), SHA: gh.String("no hex")}}))
}
