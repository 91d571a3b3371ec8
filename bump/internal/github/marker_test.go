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
		{Package: "o l-->\"", Version: "1.0.0-rc--1", Scope: "nix/a b=ü", Digest: "0123456789ab", State: pending},
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
	for _, body := range []string{"", "x\n" + line, " " + line, line + " x", "> " + line, strings.Replace(line, "ollama-bump", "other", 1)} {
		_, ok := readMarker("ollama-bump", body)
		assert.False(t, ok, "%q", body)
	}
}

func TestOwnCommit(t *testing.T) {
	const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	p := Proposal{BranchPrefix: "ollama-bump/", Package: "ollama", Version: "0.32.15", Scope: "nix", Message: "ollama: 1 -> 2\n"}
	commit := func(message, tree string, parents int) *gh.Commit {
		c := &gh.Commit{Message: &message, Tree: &gh.Tree{SHA: &tree}}
		for range parents {
			c.Parents = append(c.Parents, &gh.Commit{})
		}
		return c
	}
	message := p.commitMessage(tree)
	assert.Equal(t, "ollama: 1 -> 2\n\nProposed-By: ollama-bump ollama 0.32.15 \"nix\" "+tree+"\n", message)
	version, ok := p.ownCommit(commit(message, tree, 1))
	assert.True(t, ok)
	assert.Equal(t, "0.32.15", version)
	assert.True(t, p.traces(message))

	other := p
	other.Scope = "hosts"
	for name, c := range map[string]*gh.Commit{
		"another tree":       commit(message, strings.Repeat("0", 40), 1),
		"a merge":            commit(message, tree, 2),
		"no parent":          commit(message, tree, 0),
		"not the last line":  commit(message+"\nSigned-off-by: Mona\n", tree, 1),
		"no message":         commit("", tree, 1),
		"another proposal's": commit(other.commitMessage(tree), tree, 1),
	} {
		_, ok := p.ownCommit(c)
		assert.False(t, ok, name)
	}
	assert.True(t, p.traces(message+"\nSigned-off-by: Mona\n"))
	assert.False(t, p.traces(other.commitMessage(tree)))
	assert.False(t, p.traces("I like Proposed-By: ollama-bump"))
}

func TestValidBranch(t *testing.T) {
	for name, want := range map[string]bool{
		"ollama-bump/0.32.15": true, "a": true, "ü/x": true,
		"": false, "@": false, "a b": false, "a/": false, "/a": false, "a//b": false, "a..b": false, "a.lock": false, ".a": false, "a.": false,
		"a/.b": false, "-a": false, "a~": false, "a^": false, "a:b": false, "a?": false, "a*": false, "a[": false, "a\\b": false, "a@{b": false, "a\x7f": false,
	} {
		assert.Equal(t, want, ValidBranch(name), "%q", name)
	}
}

func TestTreeName(t *testing.T) {
	assert.Equal(t, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", objectName("blob", nil), "git's empty blob")
	assert.Equal(t, "4b825dc642cb6eb9a060e54bf8d69288fbee4904", treeName(nil), "git's empty tree")
	assert.Empty(t, treeName([]*gh.TreeEntry{{Path: gh.String("x"), SHA: gh.String("no hex")}}))
}
