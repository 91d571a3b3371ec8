package github_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

func TestLabelsReviewersAssigneesAndAutoMerge(t *testing.T) {
	server, repo := flake(t)
	repo.AutoMerge, repo.NoMergeCommit = true, true
	repo.Collaborators = append(repo.Collaborators, "nixers")
	p := proposal("0.32.15")
	p.Labels, p.Reviewers, p.Assignees = []string{"deps", "nix", "deps"}, []string{"me", "org/nixers"}, []string{"me"}
	p.Draft, p.AutoMerge = true, true
	out := propose(t, server, p)
	assert.Empty(t, out.Warnings)
	assert.Equal(t, github.Created, out.Operation)
	pull := requireTidy(t, repo, "0.32.15")
	assert.Equal(t, []string{"deps", "nix"}, pull.Labels)
	assert.Equal(t, []string{"me"}, pull.Reviewers)
	assert.Equal(t, []string{"nixers"}, pull.TeamReviewers)
	assert.Equal(t, []string{"me"}, pull.Assignees)
	assert.True(t, pull.Draft)
	assert.Equal(t, "squash", pull.AutoMerge)

	repo.ChangePull(1, func(p *githubtest.Pull) { p.Labels = []string{"nix"} })
	out = propose(t, server, p)
	assert.Equal(t, github.Untouched, out.Operation)
	assert.Equal(t, []string{"nix"}, repo.Pull(1).Labels, "a label that somebody took away stays away")
}

func TestWhatGitHubRefusesIsAWarning(t *testing.T) {
	server, repo := flake(t)
	repo.AddLabels("deps")
	repo.NoDrafts = true
	server.SetToken("ghs_x", githubtest.Actions())
	p := proposal("0.32.15")
	p.Labels, p.Reviewers, p.Assignees = []string{"deps", "brand-new"}, []string{
		"me", "stranger",
		"github-actions[bot]",
	}, []string{"me", "stranger"}
	p.Draft, p.AutoMerge = true, true
	c, _ := client(t, server, func(o *github.Options) { o.Token = "ghs_x" })
	out, err := c.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, github.Bumped, out.Status)
	require.Len(t, out.Warnings, 6)
	for i, want := range []string{
		"the pull request is not a draft: this repository's plan has no drafts",
		"add label brand-new: 403 You do not have permission to create labels on this repository.: Repository label " +
			"unauthorized; in a workflow add `permissions:`",
		"assign stranger: GitHub did not; only people who can push to the repository can be assigned",
		"request review from github-actions[bot]: 422 Review cannot be requested from pull request author.",
		"request review from stranger: 422 Reviews may only be requested from collaborators.",
		`enable auto-merge: Auto merge is not allowed for this repository; ` +
			`tick "Allow auto-merge" in Settings → General`,
	} {
		assert.True(t, strings.HasPrefix(out.Warnings[i], want), out.Warnings[i])
	}
	pull := requireTidy(t, repo, "0.32.15")
	assert.Equal(t, []string{"deps"}, pull.Labels)
	assert.Equal(t, []string{"me"}, pull.Reviewers)
	assert.Equal(t, []string{"me"}, pull.Assignees)
	assert.False(t, pull.Draft)
	assert.Equal(t, "GitHub", committer(t, repo), "what an App commits is signed by GitHub")
}

// committer is the committer of the proposal's commit, as git shows it.
func committer(t *testing.T, repo *githubtest.Repo) string {
	t.Helper()
	return repo.Commit(repo.Head(branch15)).Committer
}

func TestRightsAreLookedAtBeforeAnythingIsWritten(t *testing.T) {
	for _, test := range []struct {
		name      string
		token     string
		rights    githubtest.Rights
		archived  bool
		err, hint string
		standing  bool // reading shows it
	}{
		{"no token", "", githubtest.Rights{}, false, "requires a token, but none is set", "$GITHUB_TOKEN", true},
		{
			"archived", canary, githubtest.All(), true, "me/flake: the repository is archived, so it is read-only",
			"Options.Repo", true,
		},
		{
			"a reader's token", canary,
			githubtest.Rights{Contents: githubtest.Read},
			false, "the token lacks contents: write",
			"`contents: write`", true,
		},
		{
			"GITHUB_TOKEN that only reads", "ghs_x",
			githubtest.Rights{App: true, Contents: githubtest.Read},
			false,
			"the token lacks contents: write", "add `permissions:`", false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, repo := flake(t)
			repo.Archived = test.archived
			if test.token != "" {
				server.SetToken(test.token, test.rights)
			}
			c, _ := client(t, server, func(o *github.Options) { o.Token = test.token })
			standing, err := c.Standing(t.Context(), proposal("0.32.15"))
			require.NoError(t, err)
			assert.Equal(t, test.standing, standing.Rights != nil)
			_, err = c.Propose(t.Context(), proposal("0.32.15"))
			require.ErrorContains(t, err, test.err)
			var hint hinter
			require.ErrorAs(t, err, &hint)
			assert.Contains(t, hint.Hint(), test.hint)
			assert.Equal(t, []string{"main"}, keys(repo.Branches()))
			for _, call := range server.Calls() {
				assert.True(t, !call.Writes() || !test.standing, call.Path)
			}
		})
	}
}

func TestPullRequestsThatActionsMayNotCreate(t *testing.T) {
	server, repo := flake(t)
	rights := githubtest.Actions()
	rights.NoPulls = true
	server.SetToken("ghs_x", rights)
	actions := func(o *github.Options) { o.Token = "ghs_x" }
	for range 2 { // the branch of the first run does not break the second
		c, _ := client(t, server, actions)
		_, err := c.Propose(t.Context(), proposal("0.32.15"))
		require.EqualError(t, err,
			"open pull request from branch "+branch15+", which is ready: GitHub Actions is not permitted to create or "+
				"approve pull requests")
		var hint hinter
		require.ErrorAs(t, err, &hint)
		assert.Contains(t, hint.Hint(), `"Allow GitHub Actions to create and approve pull requests"`)
	}
	rights.NoPulls = false
	server.SetToken("ghs_x", rights)
	c, _ := client(t, server, actions)
	out, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.NoError(t, err)
	assert.Equal(t, github.Created, out.Operation)
	requireTidy(t, repo, "0.32.15")
}

func TestMissingPullRequestRight(t *testing.T) {
	server, _ := flake(t)
	server.SetToken(canary, githubtest.Rights{Contents: githubtest.Write, PullRequests: githubtest.Read})
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.ErrorContains(t, err, "the token lacks pull-requests: write")
}

func TestRulesetsAreNamed(t *testing.T) {
	server, repo := flake(t)
	repo.Rules = []string{"ollama-bump/*"}
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.ErrorContains(t, err, "write branch "+branch15+": refused by a ruleset or branch protection: ")
	require.ErrorContains(t, err, "Repository rule violations found Cannot create ref due to creations being "+
		"restricted.")
	var hint hinter
	require.ErrorAs(t, err, &hint)
	assert.Contains(t, hint.Hint(), "Options.Branch")
}

func TestBranchThatIsAFolder(t *testing.T) {
	server, repo := flake(t)
	repo.Push("ollama-bump", "mine", map[string]string{"a": "b"})
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.ErrorContains(t, err, "create branch "+branch15+" failed")
	var hint hinter
	require.ErrorAs(t, err, &hint)
	assert.Contains(t, hint.Hint(), "Options.Branch")
}

func TestEventualConsistency(t *testing.T) {
	for lag := 1; lag <= 3; lag++ {
		server, repo := flake(t)
		server.SetLag(lag)
		out := propose(t, server, proposal("0.32.15"))
		assert.Equal(t, github.Created, out.Operation)
		out = propose(t, server, proposal("0.32.15"))
		assert.Equal(t, 1, out.Number)
		requireTidy(t, repo, "0.32.15")
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	for range 20 {
		server, repo := flake(t)
		propose(t, server, proposal("0.32.14"))
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				c, _ := client(t, server, func(o *github.Options) {
					o.Sleep = func(context.Context, time.Duration) error { time.Sleep(time.Millisecond); return nil }
				})
				_, err := c.Propose(t.Context(), proposal("0.32.15"))
				assert.NoError(t, err)
			})
		}
		wait.Wait()
		requireTidy(t, repo, "0.32.15")
	}
}

func TestSomebodyPushesWhileWeLook(t *testing.T) {
	server, repo := flake(t)
	propose(t, server, proposal("0.32.15"))
	repo.Push("main", "other", map[string]string{"README.md": "new\n"})
	c, _ := client(t, server, func(o *github.Options) {
		o.Transport = before(http.MethodPost, "/git/commits", func() {
			repo.Push(branch15, "mine",
				map[string]string{"a": "b"})
		})
	})
	out, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.NoError(t, err)
	assert.Equal(t, github.Skipped, out.Status)
	assert.Equal(t, "b", repo.File(branch15, "a"), "a push is not lost")
}

func TestSomebodyPushesWhileWeSupersede(t *testing.T) {
	for _, at := range []struct{ method, end string }{
		{http.MethodPost, "/comments"}, {http.MethodPatch, "/pulls/1"},
	} {
		server, repo := flake(t)
		propose(t, server, proposal("0.32.14"))
		c, _ := client(t, server, func(o *github.Options) {
			o.Transport = before(at.method, at.end, func() {
				repo.Push("ollama-bump/0.32.14", "mine",
					map[string]string{"a": "b"})
			})
		})
		out, err := c.Propose(t.Context(), proposal("0.32.15"))
		require.NoError(t, err)
		assert.Equal(t, []string{"the branch ollama-bump/0.32.14 has just been pushed to: it stays"}, out.Warnings)
		assert.Equal(t, "b", repo.File("ollama-bump/0.32.14", "a"), "a push is not lost")
		assert.Equal(t, "closed", repo.Pull(1).State)
	}
}

func TestWhatIsRefusedWhileWeSupersedeIsAWarning(t *testing.T) {
	for _, test := range []struct {
		fault   githubtest.Fault
		warning string
	}{
		{
			githubtest.Fault{
				Method: http.MethodDelete, Status: 422,
				Body: `{"message":"Cannot delete this protected ref."}`,
			},
			"delete branch ollama-bump/0.32.14: 422 Cannot delete this protected ref.",
		},
		{
			githubtest.Fault{
				Method: http.MethodDelete, Status: 403,
				Body: `{"message":"Resource not accessible by integration"}`,
			},
			"delete branch ollama-bump/0.32.14: 403 Resource not accessible by integration; in a workflow",
		},
		{
			githubtest.Fault{
				Method: http.MethodPost, Path: "/comments", Status: 403,
				Body: `{"message":"Unable to create comment because issue is locked."}`,
			},
			"comment on pull request #1: 403 Unable to create comment because issue is locked.",
		},
	} {
		server, repo := flake(t)
		propose(t, server, proposal("0.32.14"))
		test.fault.Kind, test.fault.Times = githubtest.Custom, -1
		server.Inject(test.fault)
		out := propose(t, server, proposal("0.32.15"))
		require.Len(t, out.Warnings, 1)
		assert.True(t, strings.HasPrefix(out.Warnings[0], test.warning), out.Warnings[0])
		assert.Equal(t, "closed", repo.Pull(1).State)
		assert.Len(t, repo.Open(), 1)
		out = propose(t, server, proposal("0.32.15"))
		assert.Equal(t, github.Current, out.Status)
		assert.Empty(t, out.Warnings, "said once")
	}
}

func TestANewerProposalAppearsMeanwhile(t *testing.T) {
	server, repo := flake(t)
	c, _ := client(t, server, func(o *github.Options) {
		o.Transport = before(http.MethodPost, "/pulls", func() { propose(t, server, proposal("0.33.0")) })
	})
	out, err := c.Propose(t.Context(), proposal("0.32.15"))
	require.NoError(t, err)
	assert.Equal(t, github.Skipped, out.Status)
	assert.Equal(t, "pull request #1 for the newer version 0.33.0 was opened meanwhile", out.Reason)
	requireTidy(t, repo, "0.33.0")
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// before does something once, just before a request to a path that ends so.
func before(method, end string, do func()) http.RoundTripper {
	var once sync.Once
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == method && strings.HasSuffix(r.URL.Path, end) {
			once.Do(do)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

func TestModesAndNeighboursStay(t *testing.T) {
	server := githubtest.New(t)
	repo := server.AddRepo("me", "flake", nil)
	repo.PushEntries("main", "start", []githubtest.Entry{
		{Path: "sub/dir/pin.nix", Mode: "100755", Data: "old"},
		{Path: "sub/dir/link", Mode: "120000", Data: "pin.nix"},
		{Path: "sub/dir.nix", Data: "x"},
		{Path: "sub/dir0", Data: "x"},
		{Path: "z", Mode: "120000", Data: "target"},
	})
	p := proposal("0.32.15")
	p.Files = []github.File{
		{Path: "sub/dir/pin.nix", Old: []byte("old"), New: []byte("new\x00\xff")},
		{Path: "z", Old: []byte("target"), New: []byte("elsewhere")},
		{Path: "new/deep/file.json", New: []byte("{}")},
	}
	propose(t, server, p)
	assert.Equal(t, []githubtest.Entry{
		{Path: "new/deep/file.json", Mode: "100644", Data: "{}"},
		{Path: "sub/dir.nix", Mode: "100644", Data: "x"},
		{Path: "sub/dir/link", Mode: "120000", Data: "pin.nix"},
		{Path: "sub/dir/pin.nix", Mode: "100755", Data: "new\x00\xff"},
		{Path: "sub/dir0", Mode: "100644", Data: "x"},
		{Path: "z", Mode: "120000", Data: "elsewhere"},
	}, repo.Files(branch15))
	fsck(t, repo)
}

func TestWorkflowFilesNeedTheirRight(t *testing.T) {
	server := githubtest.New(t)
	server.AddRepo("me", "flake", map[string]string{".github/workflows/x.yml": "old"})
	server.SetToken("ghs_x", githubtest.Actions())
	p := proposal("0.32.15")
	p.Files = []github.File{{Path: ".github/workflows/x.yml", Old: []byte("old"), New: []byte("new")}}
	c, _ := client(t, server, func(o *github.Options) { o.Token = "ghs_x" })
	_, err := c.Propose(t.Context(), p)
	require.ErrorContains(t, err, "the token lacks workflows: write")
}

func TestEnterpriseAndRenamedRepository(t *testing.T) {
	server, repo := flake(t)
	server.SetEnterprise(true)
	repo.AutoMerge = true
	repo.Rename("us", "config")
	p := proposal("0.32.15")
	p.AutoMerge = true
	out := propose(t, server, p)
	assert.Empty(t, out.Warnings)
	assert.Equal(t, "merge", requireTidy(t, repo, "0.32.15").AutoMerge)
	assert.Equal(t, "https://github.com/us/config/pull/1", out.URL)
}

func TestBadProposals(t *testing.T) {
	server, _ := flake(t)
	server.AddRepo("me", "empty", nil)
	for _, test := range []struct {
		change func(*github.Proposal)
		err    string
	}{
		{
			func(p *github.Proposal) { p.Version = "1 -->" },
			`check proposal: "ollama" "1 -->" is not a package and its version`,
		},
		{
			func(p *github.Proposal) { p.Branch = "a..b" },
			`check proposal: "a..b" is not a valid branch name; choose another Options.Branch`,
		},
		{
			func(p *github.Proposal) { p.Branch = "main" },
			"check proposal: Options.Branch=main is the base branch itself",
		},
		{
			func(p *github.Proposal) { p.Base, p.Branch = "x", "x" },
			"check proposal: Options.Base and Options.Branch are both x",
		},
		{
			func(p *github.Proposal) { p.Title = "a\nb" },
			"check proposal: the title is not one line of at most 256 characters: a b",
		},
		{
			func(p *github.Proposal) { p.Base = "nope" },
			"read base branch nope of me/flake (see Options.Base): not found (404)",
		},
		{func(p *github.Proposal) { p.Repo = "nope" }, "read repository me/nope: not found (404)"},
		{
			func(p *github.Proposal) { p.Repo = "empty" },
			"read branch main: the repository me/empty is empty; push a first commit",
		},
		{func(p *github.Proposal) { p.Files = nil }, "check proposal: no files"},
		{func(p *github.Proposal) { p.Files[0].Path = "../x" }, `check proposal: bad or repeated path "../x"`},
		{
			func(p *github.Proposal) { p.Files[0].Path = "README.md/x" },
			"compare README.md/x with branch main: it does not exist there",
		},
		{
			func(p *github.Proposal) { p.Files[0].Old = nil },
			"compare nix/ollama.nix with branch main: it exists there already",
		},
	} {
		p := proposal("0.32.15")
		test.change(&p)
		c, _ := client(t, server)
		_, err := c.Propose(t.Context(), p)
		require.ErrorContains(t, err, test.err)
	}
}

func TestScopesKeepProposalsApart(t *testing.T) {
	server, repo := flake(t)
	one, two := proposal("0.32.14"), proposal("0.32.15")
	one.Scope, one.Branch = "hosts/a b", "bump-a"
	two.Scope, two.Branch = "hosts/c", "bump-c"
	propose(t, server, one)
	propose(t, server, two)
	assert.Len(t, repo.Open(), 2, "another flake of the same repository")
	assert.Equal(t, github.Untouched, propose(t, server, one).Operation)
	two.Branch = "bump-a"
	c, _ := client(t, server)
	_, err := c.Propose(t.Context(), two)
	require.EqualError(t, err, `write branch bump-a: a proposal of scope "hosts/a b" made it, not one of scope `+
		`"hosts/c"`)
	two.Branch, two.Scope = "bump-c", ""
	_, err = c.Propose(t.Context(), two)
	require.EqualError(t, err, "write branch bump-c: a proposal of scope \"hosts/c\" made it, not one of scope \"\"")
	var other *github.OtherScope
	require.ErrorAs(t, err, &other)
	assert.Equal(t, github.OtherScope{Branch: "bump-c", Scope: "hosts/c"}, *other)
	assert.Contains(t, other.Hint(), "Options.Branch")
}

func TestABranchThatPeopleFinishedAndMergedIsSpent(t *testing.T) {
	for _, squash := range []bool{true, false} {
		server, repo := flake(t)
		p := proposal("0.32.14")
		p.Branch = "bump"
		propose(t, server, p)
		repo.Push("bump", "tune", map[string]string{"README.md": "mine\n"})
		repo.Merge(1, squash)
		p = proposal("0.32.15")
		p.Branch, p.Files[0].Old = "bump", []byte(flakeFile("0.32.14"))
		out := propose(t, server, p)
		assert.Equal(t, github.Created, out.Operation, "squash: %v", squash)
		assert.Equal(t, []string{repo.Head("main")}, repo.Commit(repo.Head("bump")).Parents)
		assert.Equal(t, flakeFile("0.32.15"), repo.File("bump", "nix/ollama.nix"))
		assert.Equal(t, "mine\n", repo.File("bump", "README.md"), "it is on the base")

		repo.Push("bump", "more", map[string]string{"README.md": "not merged\n"})
		out = propose(t, server, p)
		assert.Equal(t, github.Skipped, out.Status)
	}
}

func TestOneBranchForAllVersions(t *testing.T) {
	server, repo := flake(t)
	p := proposal("0.32.14")
	p.Branch = "bump"
	propose(t, server, p)
	p = proposal("0.32.15")
	p.Branch = "bump"
	out := propose(t, server, p)
	assert.Equal(t, github.Updated, out.Operation)
	assert.Equal(t, 1, out.Number)
	assert.Equal(t, "ollama: 0.32.13 -> 0.32.15", repo.Pull(1).Title)
	repo.Merge(1, true)
	p.Version = "0.32.16"
	p.Files = []github.File{{
		Path: "nix/ollama.nix", Old: []byte(flakeFile("0.32.15")),
		New: []byte(flakeFile("0.32.16")),
	}}
	out = propose(t, server, p)
	assert.Equal(t, github.Created, out.Operation)
	assert.Equal(t, 2, out.Number)
}
