package github_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

const unpinBranch = "ollama-bump/unpin"

// removing proposes to remove the pin, as nixpkgs has that version.
func removing(base string) github.Proposal {
	p := proposal(base)
	p.Removal = true
	p.Title, p.Message = "ollama: drop the override", "ollama: drop the override"
	p.Body = "nixpkgs has " + base
	p.Files = []github.File{{Path: "nix/ollama.nix", Old: []byte(flakeFile("0.32.13")), New: []byte("{ }\n")}}
	return p
}

// requireRemoval checks that the one open pull request removes the pin.
func requireRemoval(t *testing.T, repo *githubtest.Repo, base string) {
	t.Helper()
	open := repo.Open()
	require.Len(t, open, 1)
	assert.Equal(t, unpinBranch, open[0].Head)
	assert.Equal(t, "{ }\n", repo.File(unpinBranch, "nix/ollama.nix"))
	assert.Contains(t, repo.Commit(repo.Head(unpinBranch)).Message,
		"\n\nOllama-Bump: "+base+" (removal, package ollama, tree ")
	assert.Contains(t, open[0].Body, "<!-- ollama-bump: package=ollama version="+base+" kind=removal digest=")
	assert.ElementsMatch(t, []string{"main", unpinBranch}, keys(repo.Branches()))
	fsck(t, repo)
}

func TestRemovalSupersedesBumps(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, proposal("0.33.0")) // newer than what nixpkgs has
	out := propose(t, server, removing("0.32.14"))
	assert.Equal(t, github.Bumped, out.Status)
	assert.Equal(t, unpinBranch, out.Branch)
	requireRemoval(t, repo, "0.32.14")
	assert.Equal(t, "closed", repo.Pull(1).State)
	assert.Equal(t, "<!-- ollama-bump: superseded by=2 -->\nSuperseded by #2.", repo.Pull(1).Comments[0].Body)
	assert.Equal(t, github.Current, propose(t, server, removing("0.32.14")).Status)

	out = propose(t, server, removing("0.33.1"))
	assert.Equal(t, github.Updated, out.Operation)
	requireRemoval(t, repo, "0.33.1")
	out = propose(t, server, removing("0.32.9"))
	assert.Equal(t, github.Updated, out.Operation, "the base may go back")
	requireRemoval(t, repo, "0.32.9")
}

func TestBumpSupersedesARemoval(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, removing("0.33.0"))
	propose(t, server, proposal("0.32.15"))
	requireTidy(t, repo, "0.32.15")
	assert.Equal(t, "closed", repo.Pull(1).State)
	propose(t, server, removing("0.33.0"))
	requireRemoval(t, repo, "0.33.0")
}

func TestARemovalThatSomebodyClosed(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, removing("0.32.15"))
	closePull(repo)
	out := propose(t, server, removing("0.32.15"))
	assert.Equal(t, github.Skipped, out.Status)
	assert.Equal(t, "pull request #1 for removing the pin was closed; Options.Recreate proposes it again", out.Reason)
	c, _ := client(t, server)
	standing, err := c.Standing(t.Context(), removing("0.32.15"))
	require.NoError(t, err)
	assert.Equal(t, github.Closed, standing.State)
	assert.Empty(t, repo.Open())

	propose(t, server, proposal("0.32.15")) // no removal, whatever its version
	require.Len(t, repo.Open(), 1)
	out = propose(t, server, removing("0.33.0"))
	assert.Equal(t, github.Created, out.Operation, "the base has changed")
	requireRemoval(t, repo, "0.33.0")
}

func TestABumpThatSomebodyClosedIsNoRemoval(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, proposal("0.32.15"))
	closePull(repo)
	propose(t, server, removing("0.32.15"))
	assert.Equal(t, github.Skipped, propose(t, server, proposal("0.32.15")).Status)
	require.Len(t, repo.Open(), 1)
	assert.Equal(t, unpinBranch, repo.Open()[0].Head)
}

func TestARemovalThatWasMerged(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, removing("0.32.15"))
	repo.Merge(1, true)
	out := propose(t, server, removing("0.32.15"))
	assert.Equal(t, "pull request #1 for removing the pin was merged; Options.Recreate proposes it again", out.Reason)
	p := removing("0.33.0")
	out = propose(t, server, p)
	assert.Equal(t, "branch main no longer has the pin", out.Reason)
}
