package github_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

const branch15 = "ollama-bump/0.32.15"

func flakeFile(version string) string { return fmt.Sprintf("{ version = %q; }\n", version) }

// flake is a repository with a pin on 0.32.13 among other things.
func flake(t *testing.T) (*githubtest.Server, *githubtest.Repo) {
	t.Helper()
	server := githubtest.New(t)
	repo := server.AddRepo("me", "flake", map[string]string{
		"README.md": "hello\n", "nix/ollama.nix": flakeFile("0.32.13"), "nix/other.nix": "{ }\n",
		"nix.txt": "sorts before nix/\n",
	})
	return server, repo
}

func proposal(version string) github.Proposal {
	return github.Proposal{
		Owner: "me", Repo: "flake", BranchPrefix: "ollama-bump/", Package: "ollama", OldVersion: "0.32.13",
		Version: version,
		Title:   "ollama: 0.32.13 -> " + version, Message: "ollama: 0.32.13 -> " + version + "\n\nhttps://example.com",
		Body: "the body of " + version,
		Files: []github.File{{
			Path: "nix/ollama.nix", Old: []byte(flakeFile("0.32.13")),
			New: []byte(flakeFile(version)),
		}},
	}
}

// propose runs a proposal that must succeed.
func propose(t *testing.T, server *githubtest.Server, p github.Proposal) github.Outcome {
	t.Helper()
	c, _ := client(t, server)
	out, err := c.Propose(t.Context(), p)
	require.NoError(t, err)
	return out
}

// requireTidy checks the end state of a proposal that went well: one branch with one commit on the base's
// head that changes what it shall, one open pull request, and objects that git accepts.
func requireTidy(t *testing.T, repo *githubtest.Repo, version string) githubtest.Pull {
	t.Helper()
	branch := "ollama-bump/" + version
	assert.ElementsMatch(t, []string{"main", branch}, keys(repo.Branches()))
	commit := repo.Commit(repo.Head(branch))
	require.Equal(t, []string{repo.Head("main")}, commit.Parents, "one commit on the base's head")
	trailer := "Ollama-Bump: " + version + " (package ollama, tree " + commit.Tree + ")\n"
	assert.Equal(t, "ollama: 0.32.13 -> "+version+"\n\nhttps://example.com\n\n"+trailer, commit.Message)
	want := repo.Files("main")
	for i := range want {
		if want[i].Path == "nix/ollama.nix" {
			want[i].Data = flakeFile(version)
		}
	}
	assert.Equal(t, want, repo.Files(branch))
	open := repo.Open()
	require.Len(t, open, 1)
	assert.Equal(t, branch, open[0].Head)
	assert.Equal(t, "main", open[0].Base)
	assert.Equal(t, "ollama: 0.32.13 -> "+version, open[0].Title)
	first := `<!-- ollama-bump: package=ollama version=` + version + ` digest=[0-9a-f]{12} -->`
	assert.Regexp(t, `^`+first+`\n\nthe body of `+version+`$`, open[0].Body)
	return open[0]
}

func fsck(t *testing.T, repo *githubtest.Repo) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, repo.WriteGit(dir))
	out, err := exec.Command("git", "-C", dir, "fsck", "--strict", "--no-dangling").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
}

func keys(m map[string]string) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func TestProposeCreatesThenLeavesAlone(t *testing.T) {
	server, repo := flake(t)
	out := propose(t, server, proposal("0.32.15"))
	pull := requireTidy(t, repo, "0.32.15")
	assert.Equal(t, github.Outcome{
		Status: github.Bumped, Operation: github.Created, Number: 1, URL: "https://github.com/me/flake/pull/1",
		Branch: branch15,
	}, out)

	before, at := repo.Head(branch15), len(server.Calls())
	out = propose(t, server, proposal("0.32.15"))
	assert.Equal(t, github.Current, out.Status)
	assert.Equal(t, github.Untouched, out.Operation)
	assert.Equal(t, "pull request #1 proposes it already", out.Reason)
	assert.Equal(t, before, repo.Head(branch15))
	assert.Equal(t, pull, requireTidy(t, repo, "0.32.15"))
	for _, call := range server.Calls()[at:] {
		assert.False(t, call.Writes(), "%s %s", call.Method, call.Path)
	}
}

// lifeCase is one history that a proposal of 0.32.15 meets.
type lifeCase struct {
	name   string
	given  func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo)
	change func(*github.Proposal)
	state  github.State
	want   github.Outcome // Branch is filled in
	check  func(t *testing.T, repo *githubtest.Repo)
	err    string
}

// proposed has 0.32.15 proposed before.
func proposed(then func(repo *githubtest.Repo)) func(*testing.T, *githubtest.Server, *githubtest.Repo) {
	return func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
		t.Helper()
		propose(t, server, proposal("0.32.15"))
		if then != nil {
			then(repo)
		}
	}
}

func closePull(repo *githubtest.Repo) {
	repo.ChangePull(1, func(p *githubtest.Pull) { p.State = "closed" })
}

func takenBack(repo *githubtest.Repo) {
	repo.Merge(1, true)
	repo.Push("main", "back", map[string]string{"nix/ollama.nix": flakeFile("0.32.13")})
}

func pullURL(n int) string { return fmt.Sprintf("https://github.com/me/flake/pull/%d", n) }

func bumped(op github.Operation, n int) github.Outcome {
	return github.Outcome{Status: github.Bumped, Operation: op, Number: n, URL: pullURL(n)}
}

func settled(status github.Status, n int, reason string) github.Outcome {
	out := github.Outcome{Status: status, Operation: github.Untouched, Number: n, Reason: reason}
	if n > 0 {
		out.URL = pullURL(n)
	}
	return out
}

var lifeCases = []lifeCase{
	{
		name: "nothing there", state: github.Fresh, want: bumped(github.Created, 1),
		check: func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "base moved", state: github.Stale, want: bumped(github.Updated, 1),
		given: proposed(func(repo *githubtest.Repo) {
			repo.Push("main", "other",
				map[string]string{"README.md": "new\n"})
		}),
		check: func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "hashes changed", state: github.Ours, want: bumped(github.Updated, 1), given: proposed(nil),
		change: func(p *github.Proposal) { p.Files[0].New = []byte("repaired\n") },
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Equal(t, "repaired\n", repo.File(branch15, "nix/ollama.nix"))
			assert.Equal(t, []string{repo.Head("main")}, repo.Commit(repo.Head(branch15)).Parents)
			assert.Zero(t, repo.Pull(1).Updates, "the text is the same")
		},
	},
	{
		name: "body changed", state: github.Ours, want: bumped(github.Updated, 1), given: proposed(nil),
		change: func(p *github.Proposal) { p.Body = "a better body" },
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.True(t, strings.HasSuffix(repo.Pull(1).Body, " -->\n\na better body"))
		},
	},
	{
		name: "somebody added to the body", state: github.Ours, want: settled(github.Current, 1,
			"pull request #1 proposes it already"),
		given: proposed(func(repo *githubtest.Repo) {
			repo.ChangePull(1,
				func(p *githubtest.Pull) { p.Body = strings.ReplaceAll(p.Body, "\n", "\r\n") + "\r\nLGTM" })
		}),
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.True(t, strings.HasSuffix(repo.Pull(1).Body, "LGTM"))
		},
	},
	{
		name: "orphan branch of an interrupted run", state: github.Stale, want: bumped(github.Created, 2),
		given: proposed(func(repo *githubtest.Repo) {
			repo.ChangePull(1, func(p *githubtest.Pull) { p.State, p.Head, p.Body = "closed", "elsewhere", "" })
		}),
		check: func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "people pushed", state: github.People,
		given: proposed(func(repo *githubtest.Repo) {
			repo.Push(branch15, "tune",
				map[string]string{"README.md": "mine\n"})
		}),
		want: settled(github.Skipped, 1, "branch "+branch15+" has other people's commits, so it is left alone"),
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Equal(t, "mine\n",
				repo.File(branch15, "README.md"))
		},
	},
	{
		name: "people pushed to an orphan branch", state: github.People,
		given: proposed(func(repo *githubtest.Repo) {
			repo.ChangePull(1, func(p *githubtest.Pull) { p.State, p.Head, p.Body = "closed", "elsewhere", "" })
			repo.Push(branch15, "tune", map[string]string{"README.md": "mine\n"})
		}),
		want: settled(github.Skipped, 0, "branch "+branch15+" has other people's commits, so it is left alone"),
	},
	{
		name: "people amended our commit", state: github.People,
		given: proposed(func(repo *githubtest.Repo) {
			message := strings.TrimSpace(repo.Commit(repo.Head(branch15)).Message)
			repo.SetBranch("tmp", repo.Head("main"))
			repo.Push("tmp", message, map[string]string{"nix/ollama.nix": flakeFile("0.32.15 fixed")})
			repo.SetBranch(branch15, repo.Head("tmp"))
			repo.SetBranch("tmp", "")
		}),
		want: settled(github.Skipped, 1, "branch "+branch15+" has other people's commits, so it is left alone"),
	},
	{
		name: "somebody closed it", state: github.Closed, given: proposed(closePull),
		want:  settled(github.Skipped, 1, "pull request #1 for 0.32.15 was closed; Options.Recreate proposes it again"),
		check: func(t *testing.T, repo *githubtest.Repo) { assert.Empty(t, repo.Open()) },
	},
	{
		name: "somebody closed it, emptied it and deleted the branch", state: github.Closed,
		given: proposed(func(repo *githubtest.Repo) {
			repo.SetBranch(branch15, "")
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = "" })
		}),
		want: settled(github.Skipped, 1, "pull request #1 for 0.32.15 was closed; Options.Recreate proposes it again"),
	},
	{
		name: "closed and recreated", state: github.Stale, given: proposed(closePull), want: bumped(github.Created, 2),
		change: func(p *github.Proposal) { p.Recreate = true },
		check:  func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "merged", state: github.Merged, given: proposed(func(repo *githubtest.Repo) { repo.Merge(1, true) }),
		want: settled(github.Current, 1, "pull request #1 for 0.32.15 was merged; Options.Recreate proposes it again"),
	},
	{
		name: "merged and taken back", state: github.Reverted, given: proposed(takenBack),
		want: settled(github.Skipped, 1,
			"pull request #1 for 0.32.15 was merged, but the files here pin 0.32.13; "+
				"Options.Recreate proposes it again"),
	},
	{
		name: "merged and taken back, with other line ends here", state: github.Reverted, given: proposed(takenBack),
		change: func(p *github.Proposal) {
			p.Files[0].Old = []byte(strings.ReplaceAll(flakeFile("0.32.13"), "\n", "\r\n"))
		},
		want: settled(github.Skipped, 1,
			"pull request #1 for 0.32.15 was merged, but the files here pin 0.32.13; "+
				"Options.Recreate proposes it again"),
	},
	{
		name: "merged and taken back, and asked for again", state: github.Stale, given: proposed(takenBack),
		want:   bumped(github.Created, 2),
		change: func(p *github.Proposal) { p.Redo = true },
		check:  func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "merged with a wrong hash", state: github.Stale, want: bumped(github.Created, 2),
		given: proposed(func(repo *githubtest.Repo) { repo.Merge(1, true) }),
		change: func(p *github.Proposal) {
			p.Redo = true
			p.Files = []github.File{{
				Path: "nix/ollama.nix", Old: []byte(flakeFile("0.32.15")),
				New: []byte("repaired\n"),
			}}
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Equal(t, "repaired\n", repo.File(branch15, "nix/ollama.nix"))
			assert.Equal(t, []string{repo.Head("main")}, repo.Commit(repo.Head(branch15)).Parents)
		},
	},
	{
		name: "closed, and asked for again", state: github.Closed, given: proposed(closePull),
		change: func(p *github.Proposal) { p.Redo = true },
		want: settled(github.Skipped, 1, "pull request #1 for 0.32.15 was closed; "+
			"Options.Recreate proposes it again"),
	},
	{
		name: "the base has it already", state: github.Fresh, want: settled(github.Current, 0,
			"branch main has 0.32.15 already"),
		given: func(_ *testing.T, _ *githubtest.Server, repo *githubtest.Repo) {
			repo.Push("main", "by hand", map[string]string{"nix/ollama.nix": flakeFile("0.32.15")})
		},
		check: func(t *testing.T, repo *githubtest.Repo) { assert.Equal(t, []string{"main"}, keys(repo.Branches())) },
	},
	{
		name: "the base differs", state: github.Fresh,
		given: func(_ *testing.T, _ *githubtest.Server, repo *githubtest.Repo) {
			repo.Push("main", "by hand", map[string]string{"nix/ollama.nix": flakeFile("0.32.14")})
		},
		err:   "compare nix/ollama.nix with branch main: it differs from what is here",
		check: func(t *testing.T, repo *githubtest.Repo) { assert.Equal(t, []string{"main"}, keys(repo.Branches())) },
	},
	{
		name: "the base lacks the file", state: github.Fresh,
		change: func(p *github.Proposal) { p.Files[0].Path = "pkgs/x/ollama.nix" },
		err:    "compare pkgs/x/ollama.nix with branch main: it does not exist there",
	},
	{
		name: "somebody else's branch", err: "write branch " + branch15 + ": it exists and was not made by ollama-bump",
		given: func(_ *testing.T, _ *githubtest.Server, repo *githubtest.Repo) {
			repo.Push(branch15, "mine", map[string]string{"a": "b"})
		},
		check: func(t *testing.T, repo *githubtest.Repo) { assert.Equal(t, "b", repo.File(branch15, "a")) },
	},
	{
		name: "our branch serves another base", change: func(p *github.Proposal) { p.Base = "stable" },
		err: "write branch " + branch15 + ": pull request #1 to main comes from it",
		given: proposed(func(repo *githubtest.Repo) {
			repo.SetBranch("stable", repo.Head("main"))
		}),
	},
	{
		name: "a newer version is proposed", state: github.Superseded,
		given: func(t *testing.T, server *githubtest.Server, _ *githubtest.Repo) {
			propose(t, server, proposal("0.33.0"))
		},
		want: settled(github.Skipped, 1,
			"pull request #1 for the newer version 0.33.0 is open; close it to get one for 0.32.15"),
	},
	{
		name: "an older version is proposed", state: github.Fresh, want: bumped(github.Created, 2),
		given: func(t *testing.T, server *githubtest.Server, _ *githubtest.Repo) {
			propose(t, server, proposal("0.32.14"))
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			requireTidy(t, repo, "0.32.15")
			assert.Equal(t, "<!-- ollama-bump: superseded by=2 -->\nSuperseded by #2.", repo.Pull(1).Comments[0].Body)
			assert.Len(t, repo.Pull(1).Comments, 1)
		},
	},
	{
		name: "an older version is proposed and people pushed to it", state: github.Fresh,
		want: bumped(github.Created, 2),
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.32.14"))
			repo.Push("ollama-bump/0.32.14", "tune", map[string]string{"README.md": "mine\n"})
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			theirs := repo.Pull(1)
			assert.Equal(t, "open", theirs.State)
			assert.Zero(t, theirs.Updates, "nothing of it is rewritten")
			assert.Equal(t, "mine\n", repo.File("ollama-bump/0.32.14", "README.md"))
			requireOvertaken(t, theirs)
		},
	},
	{
		name: "people went on with an older version and were told", state: github.Ours,
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.32.14"))
			repo.Push("ollama-bump/0.32.14", "tune", map[string]string{"README.md": "mine\n"})
			propose(t, server, proposal("0.32.15"))
		},
		want: settled(github.Current, 2, "pull request #2 proposes it already"),
		check: func(t *testing.T, repo *githubtest.Repo) {
			requireOvertaken(t, repo.Pull(1))
			assert.Len(t, repo.Open(), 2)
		},
	},
	{
		name: "people went on with an older version and locked it", state: github.Fresh,
		want: bumped(github.Created, 2),
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.32.14"))
			repo.Push("ollama-bump/0.32.14", "tune", map[string]string{"README.md": "mine\n"})
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Locked = true })
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Empty(t, repo.Pull(1).Comments)
			assert.Len(t, repo.Open(), 2)
		},
	},
	{
		name: "somebody asked for a rebase", state: github.Stale, want: bumped(github.Updated, 1),
		change: withBox,
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			p := proposal("0.32.15")
			withBox(&p)
			propose(t, server, p)
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = strings.Replace(p.Body, "[ ]", "[x]", 1) })
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Contains(t, repo.Pull(1).Body, "- [ ] "+rebaseBox, "the box is empty again")
			assert.Equal(t, 1, repo.Pull(1).Updates)
		},
	},
	{
		name: "somebody asked for a rebase of what people went on with", state: github.People,
		change: withBox,
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			p := proposal("0.32.15")
			withBox(&p)
			propose(t, server, p)
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = strings.Replace(p.Body, "[ ]", "[x]", 1) })
			repo.Push(branch15, "tune", map[string]string{"README.md": "mine\n"})
		},
		want: settled(github.Skipped, 1, "branch "+branch15+" has other people's commits, so it is left alone"),
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Equal(t, "mine\n",
				repo.File(branch15, "README.md"))
		},
	},
	{
		name: "the commit has the trailer of old", state: github.Ours, want: bumped(github.Updated, 1),
		given: proposed(func(repo *githubtest.Repo) {
			tree := repo.Commit(repo.Head(branch15)).Tree
			repo.SetBranch("tmp", repo.Head("main"))
			repo.Push("tmp", "ollama: old\n\nProposed-By: ollama-bump ollama 0.32.15 \"\" "+tree,
				map[string]string{"nix/ollama.nix": flakeFile("0.32.15")})
			repo.SetBranch(branch15, repo.Head("tmp"))
			repo.SetBranch("tmp", "")
		}),
		change: func(p *github.Proposal) { p.Body = "a better body" },
	},
	{
		name: "we closed it for a newer one that is gone", state: github.Fresh, want: bumped(github.Created, 3),
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.32.15"))
			propose(t, server, proposal("0.32.16"))
			repo.SetBranch("ollama-bump/0.32.16", "") // closes it
		},
		check: func(t *testing.T, repo *githubtest.Repo) { requireTidy(t, repo, "0.32.15") },
	},
	{
		name: "an older version is proposed and somebody wrote over its body", state: github.Fresh,
		want: bumped(github.Created, 2),
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.32.14"))
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = "my words\nto stay" })
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			requireTidy(t, repo, "0.32.15")
			assert.True(t, strings.HasSuffix(repo.Pull(1).Body, " state=superseded -->\n\nmy words\nto stay"),
				repo.Pull(1).Body)
		},
	},
	{
		name: "a newer version is proposed and somebody wrote over its body", state: github.Superseded,
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			propose(t, server, proposal("0.33.0"))
			repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = "my words" })
		},
		want: settled(github.Skipped, 1,
			"pull request #1 for the newer version 0.33.0 is open; close it to get one for 0.32.15"),
	},
	{
		name: "somebody copied a newer marker", state: github.Fresh, want: bumped(github.Created, 2),
		given: func(_ *testing.T, _ *githubtest.Server, repo *githubtest.Repo) { copiedMarker(repo, "9.9.9") },
		check: func(t *testing.T, repo *githubtest.Repo) { assert.Len(t, repo.Open(), 2) },
	},
	{
		name: "somebody copied an older marker", state: github.Ours,
		given: func(t *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			copiedMarker(repo, "0.32.14")
			out := propose(t, server, proposal("0.32.15"))
			assert.Empty(t, out.Warnings)
		},
		want: settled(github.Current, 2, "pull request #2 proposes it already"),
	},
	{
		name: "people's pull requests around it", state: github.Fresh, want: bumped(github.Created, 4),
		given: func(_ *testing.T, server *githubtest.Server, repo *githubtest.Repo) {
			fork := server.AddRepo("stranger", "flake", map[string]string{"x": "y"})
			fork.Push(branch15, "mine", map[string]string{"x": "z"})
			repo.AddPull(githubtest.Pull{Title: "from a fork", Head: branch15, HeadRepo: fork})
			repo.Push("feature", "mine", map[string]string{"x": "z"})
			forged := "<!-- ollama-bump: package=ollama version=0.32.14 digest=0123456789ab -->\n\nhello"
			repo.AddPull(githubtest.Pull{Title: "copied the body", Head: "feature", Body: forged})
			repo.Push("gone", "mine", map[string]string{"x": "z"})
			n := repo.AddPull(githubtest.Pull{Title: "fork is gone", Head: "gone"})
			repo.ChangePull(n, func(p *githubtest.Pull) { p.HeadRepo = nil })
		},
		check: func(t *testing.T, repo *githubtest.Repo) {
			assert.Len(t, repo.Open(), 4)
			for n := 1; n <= 3; n++ {
				assert.Empty(t, repo.Pull(n).Comments)
				assert.Zero(t, repo.Pull(n).Updates)
			}
		},
	},
}

const rebaseBox = "<!-- ollama-bump-rebase -->"

func withBox(p *github.Proposal) {
	p.RebaseBox = rebaseBox
	p.Body += "\n\n- [ ] " + rebaseBox + "Rebase this pull request\n"
}

// requireOvertaken checks the one comment on a pull request that people went on with.
func requireOvertaken(t *testing.T, pull githubtest.Pull) {
	t.Helper()
	require.Len(t, pull.Comments, 1)
	assert.Equal(t, "<!-- ollama-bump: superseded by=2 -->\n#2 is for 0.32.15. This pull request has other people's "+
		"commits, so it stays open as it is.", pull.Comments[0].Body)
}

// copiedMarker has somebody open a pull request with a body of ours.
func copiedMarker(repo *githubtest.Repo, version string) {
	repo.Push("feature", "mine", map[string]string{"x": "z"})
	repo.AddPull(githubtest.Pull{
		Title: "copied the body", Head: "feature", Body: "<!-- ollama-bump: package=ollama version=" + version +
			" digest=0123456789ab -->\n\nhello",
	})
}

func TestLifeCycle(t *testing.T) {
	for _, test := range lifeCases {
		t.Run(test.name, func(t *testing.T) {
			server, repo := flake(t)
			if test.given != nil {
				test.given(t, server, repo)
			}
			p := proposal("0.32.15")
			if test.change != nil {
				test.change(&p)
			}
			c, _ := client(t, server)
			if test.state != "" {
				standing, err := c.Standing(t.Context(), p)
				require.NoError(t, err)
				assert.Equal(t, test.state, standing.State)
			}
			out, err := c.Propose(t.Context(), p)
			if test.err != "" {
				require.EqualError(t, err, test.err)
			} else {
				require.NoError(t, err)
				test.want.Branch = branch15
				out.Warnings = nil
				assert.Equal(t, test.want, out)
			}
			if test.check != nil {
				test.check(t, repo)
			}
			fsck(t, repo)
		})
	}
}

func TestTheBranchMovesOnce(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, proposal("0.32.15"))
	repo.Push("main", "other", map[string]string{"README.md": "new\n"})
	server.ResetCalls()
	propose(t, server, proposal("0.32.15"))
	var moves []string
	for _, call := range server.Calls() {
		if strings.Contains(call.Path, "/git/refs") && call.Writes() {
			moves = append(moves, call.Method+" "+string(call.Body))
		}
	}
	assert.Equal(t, []string{`PATCH {"sha":"` + repo.Head(branch15) + `","force":true}` + "\n"}, moves)
	assert.Equal(t, "open", repo.Pull(1).State)
}
