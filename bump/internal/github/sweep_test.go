package github_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// sweepWorld is a repository in which a proposal has much to do: a base that moved, an older proposal to
// supersede, and things of others that must stay as they are.
func sweepWorld(t *testing.T) (*githubtest.Server, *githubtest.Repo) {
	t.Helper()
	server, repo := flake(t)
	repo.AutoMerge = true
	propose(t, server, proposal("0.32.14"))
	repo.Push("main", "other", map[string]string{"README.md": "moved on\n"})
	repo.Push("feature", "mine", map[string]string{"x": "y"})
	repo.AddPull(githubtest.Pull{Title: "a person's", Head: "feature", Body: "hello"})
	server.ResetCalls()
	return server, repo
}

func sweepProposal() github.Proposal {
	p := proposal("0.32.15")
	p.Labels, p.Assignees, p.Reviewers, p.AutoMerge = []string{"deps"}, []string{"me"}, []string{"me"}, true
	return p
}

// requireSwept checks the end state of the sweep's world.
func requireSwept(t *testing.T, repo *githubtest.Repo, warnings []string, where string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log("after " + where)
		}
	}()
	feature := repo.Head("feature")
	require.NotEmpty(t, feature)
	repo.ChangePull(2, func(p *githubtest.Pull) {
		require.Equal(t, "open", p.State)
		require.Equal(t, "hello", p.Body)
		require.Empty(t, p.Comments)
		p.State = "out of the way"
	})
	repo.SetBranch("feature", "")
	pull := requireTidy(t, repo, "0.32.15")
	if len(warnings) == 0 { // or the first run said what it could not have
		require.Equal(t, []string{"deps"}, pull.Labels)
		require.Equal(t, []string{"me"}, pull.Assignees)
		require.Equal(t, []string{"me"}, pull.Reviewers)
		require.Equal(t, "merge", pull.AutoMerge)
	}
	old := repo.Pull(1)
	require.Equal(t, "closed", old.State)
	if strings.Contains(strings.Join(warnings, "\n"), "comment on pull request #1: ") {
		require.LessOrEqual(t, len(old.Comments), 1)
		return
	}
	require.Len(t, old.Comments, 1, "said once that it is superseded")
	require.Equal(t, fmt.Sprintf("<!-- ollama-bump: superseded by=%d -->\nSuperseded by #%d.", pull.Number,
		pull.Number), old.Comments[0].Body)
}

// requireTokenKept checks that an error does not show the token, and that every request to the server had it.
func requireTokenKept(t *testing.T, server *githubtest.Server, err error) {
	t.Helper()
	if err != nil {
		require.NotContains(t, fmt.Sprintf("%v %+v", err, err), canary)
	}
	for _, call := range server.Calls() {
		require.Equal(t, "Bearer "+canary, call.Header.Get("Authorization"))
		require.Equal(t, strings.TrimPrefix(server.URL, "http://"), call.Host)
	}
}

// requireTokenHidden checks that the token was in no place but the header of the requests that a server got.
func requireTokenHidden(t *testing.T, server *githubtest.Server) {
	t.Helper()
	for _, call := range server.Calls() {
		header := call.Header.Clone()
		header.Del("Authorization")
		assert.NotContains(t, fmt.Sprint(call.Path, call.Query, header, string(call.Body)), canary)
	}
}

// lasting are the kinds that are also tried as if they had no end: each stands for all that leave the same
// behind, nothing done or all done at the last call, and an error that others do not have.
var lasting = map[githubtest.Kind]bool{
	githubtest.ResetBefore: true, githubtest.ResetAfter: true, githubtest.Empty: true, githubtest.SecondaryLimit: true,
	githubtest.ForbiddenApp: true, githubtest.Missing: true, githubtest.Ruleset: true,
}

func TestSweep(t *testing.T) {
	server, repo := sweepWorld(t)
	propose(t, server, sweepProposal())
	requireSwept(t, repo, nil, "nothing")
	fsck(t, repo)
	calls := len(server.Calls())
	t.Logf("%d calls in one proposal", calls)
	require.Greater(t, calls, 20)

	kinds := append(githubtest.Transient(), githubtest.Permanent()...)
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			for _, nth := range eachCall(calls) {
				sweepOnce(t, kind, nth, 1)
				if lasting[kind] {
					sweepOnce(t, kind, nth, -1) // for the rest of the run
				}
			}
		})
	}
}

// eachCall returns the calls that a sweep breaks, from 1: all of them, with -short a sample.
func eachCall(calls int) []int {
	step := 1
	if testing.Short() {
		step = 7
	}
	var all []int
	for nth := 1; nth <= calls; nth += step {
		all = append(all, nth)
	}
	return all
}

// impatient makes timeouts short where they are waited for.
func impatient(kind githubtest.Kind) func(*github.Options) {
	return func(o *github.Options) {
		if o.RequestTimeout = 5 * time.Second; strings.HasPrefix(string(kind), "timeout") {
			o.RequestTimeout = 200 * time.Millisecond // a busy machine needs some for any request
		}
	}
}

// sweepOnce breaks a proposal at one call and lets the next one finish.
func sweepOnce(t *testing.T, kind githubtest.Kind, nth, times int) {
	t.Helper()
	server, repo := sweepWorld(t)
	where := func() string {
		all := server.Calls()
		at := all[min(nth, len(all))-1]
		return fmt.Sprintf("%s at call %d, %s %s, %d times", kind, nth, at.Method, at.Path, times)
	}
	server.Inject(githubtest.Fault{Kind: kind, Nth: nth, Times: times})
	c, _ := client(t, server, impatient(kind))
	out, err := c.Propose(t.Context(), sweepProposal())
	require.NotZero(t, server.ClearFaults(), where())
	requireTokenKept(t, server, err)
	requireHonest(t, out, err, repo, where())
	c, _ = client(t, server)
	_, err = c.Propose(t.Context(), sweepProposal())
	require.NoError(t, err, where())
	requireTokenKept(t, server, nil)
	if strings.Contains(strings.Join(out.Warnings, "\n"), "delete branch ollama-bump/0.32.14: ") {
		repo.SetBranch("ollama-bump/0.32.14", "") // GitHub keeps it, and the warning told
	}
	requireSwept(t, repo, out.Warnings, where())
	if nth == 13 {
		fsck(t, repo) // once for each kind: the objects are the same everywhere
	}
	server.Close()
}

// requireHonest checks that a broken run says what it did.
func requireHonest(t *testing.T, out github.Outcome, err error, repo *githubtest.Repo, where string) {
	t.Helper()
	for _, open := range repo.Open() {
		if open.Head == branch15 && err == nil {
			require.Equal(t, open.Number, out.Number, where)
		}
	}
	if err == nil {
		require.Equal(t, github.Bumped, out.Status, where)
		require.Equal(t, github.Created, out.Operation, where)
		return
	}
	require.NotContains(t, err.Error(), "\n", where)
}

func TestTransientFaultsAreSurvived(t *testing.T) {
	for _, kind := range githubtest.Transient() {
		t.Run(string(kind), func(t *testing.T) {
			server, repo := sweepWorld(t)
			server.Inject(githubtest.Fault{Kind: kind, Path: "/(git|pulls|issues)", Method: http.MethodPost, Nth: 2})
			c, waits := client(t, server, impatient(kind))
			_, err := c.Propose(t.Context(), sweepProposal())
			require.NoError(t, err)
			assert.NotEmpty(t, *waits)
			requireSwept(t, repo, nil, string(kind))
		})
	}
}

// staleWorld is a repository in which our pull request is to follow a base that moved.
func staleWorld(t *testing.T) (*githubtest.Server, *githubtest.Repo) {
	t.Helper()
	server, repo := flake(t)
	p := proposal("0.32.15")
	p.Body = "an older body"
	propose(t, server, p)
	repo.Push("main", "other", map[string]string{"README.md": "moved on\n"})
	server.ResetCalls()
	return server, repo
}

// eachFault calls do with every kind of fault at each of so many calls.
func eachFault(t *testing.T, calls int, do func(t *testing.T, f githubtest.Fault)) {
	t.Helper()
	for _, kind := range append(githubtest.Transient(), githubtest.Permanent()...) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			for _, nth := range eachCall(calls) {
				do(t, githubtest.Fault{Kind: kind, Nth: nth, Times: 1})
				if lasting[kind] {
					do(t, githubtest.Fault{Kind: kind, Nth: nth, Times: -1})
				}
			}
		})
	}
}

func TestSweepOfAnUpdate(t *testing.T) {
	server, _ := staleWorld(t)
	changed := proposal("0.32.15")
	propose(t, server, changed)
	eachFault(t, len(server.Calls()), func(t *testing.T, f githubtest.Fault) {
		t.Helper()
		server, repo := staleWorld(t)
		defer server.Close()
		server.Inject(f)
		c, _ := client(t, server, impatient(f.Kind))
		_, err := c.Propose(t.Context(), changed)
		require.NotZero(t, server.ClearFaults())
		requireTokenKept(t, server, err)
		propose(t, server, changed)
		requireTidy(t, repo, "0.32.15")
		require.Equal(t, 1, repo.Open()[0].Number, "%s at call %d", f.Kind, f.Nth)
	})
}

// readMore reads what decides about a release, and the files of a commit.
func readMore(t *testing.T, c *github.Client, commit string) error {
	t.Helper()
	data, err := c.Contents(t.Context(), "me", "flake", commit, "README.md")
	if err != nil {
		return err
	}
	files, err := c.Files(t.Context(), "me", "flake", commit)
	if err != nil {
		return err
	}
	advisories, err := c.Advisories(t.Context(), "go", ollamaModule)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(files, func(e github.Entry) bool { return e.Path == "README.md" })
	blob, err := c.Blob(t.Context(), "me", "flake", files[at].Blob)
	if err == nil && (string(data) != string(blob) || len(files) != 4 || len(advisories) != 1) {
		err = fmt.Errorf("%q, %q, %d files, %d advisories", data, blob, len(files), len(advisories))
	}
	return err
}

// TestSweepOfTheReading is about the other calls of a bump: which releases there are, and how the remote
// side stands.
func TestSweepOfTheReading(t *testing.T) {
	look := func(c *github.Client) error {
		found := 0
		err := c.Releases(t.Context(), "ollama", "ollama", func(page []github.Release) (bool, error) {
			found += len(page)
			return true, nil
		})
		if err != nil {
			return err
		}
		if found != 150 {
			return fmt.Errorf("%d releases of 150", found)
		}
		standing, err := c.Standing(t.Context(), proposal("0.32.15"))
		if err == nil && standing.State != github.Stale {
			err = fmt.Errorf("state %s", standing.State)
		}
		if err != nil {
			return err
		}
		return readMore(t, c, standing.Commit)
	}
	world := func(t *testing.T) *githubtest.Server {
		t.Helper()
		server, _ := staleWorld(t)
		for i := range 150 {
			server.AddRelease("ollama", "ollama", githubtest.Release{Tag: fmt.Sprintf("v0.1.%d", i)})
		}
		server.AddAdvisory(githubtest.Advisory{
			GHSA:            "GHSA-x",
			Vulnerabilities: []githubtest.Vulnerability{{Package: ollamaModule}},
		})
		return server
	}
	server := world(t)
	c, _ := client(t, server)
	require.NoError(t, look(c))
	eachFault(t, len(server.Calls()), func(t *testing.T, f githubtest.Fault) {
		t.Helper()
		server := world(t)
		defer server.Close()
		server.Inject(f)
		c, _ := client(t, server, impatient(f.Kind), func(o *github.Options) {
			o.RequestTimeout = max(o.RequestTimeout, 400*time.Millisecond) // a page of releases takes its time
		})
		err := look(c)
		require.NotZero(t, server.ClearFaults())
		requireTokenKept(t, server, err)
		if slices.Contains(githubtest.Transient(), f.Kind) && f.Times == 1 {
			require.NoError(t, err, "%s at call %d", f.Kind, f.Nth)
		}
		c, _ = client(t, server)
		require.NoError(t, look(c))
		for _, call := range server.Calls() {
			require.False(t, call.Writes())
		}
	})
}

// TestSweepOfAnOvertaken has people go on with a proposal that a newer one overtakes: it stays as they left it,
// with one comment.
func TestSweepOfAnOvertaken(t *testing.T) {
	world := func(t *testing.T) (*githubtest.Server, *githubtest.Repo) {
		t.Helper()
		server, repo := flake(t)
		propose(t, server, proposal("0.32.14"))
		repo.Push("ollama-bump/0.32.14", "tune", map[string]string{"README.md": "mine\n"})
		server.ResetCalls()
		return server, repo
	}
	server, _ := world(t)
	propose(t, server, proposal("0.32.15"))
	eachFault(t, len(server.Calls()), func(t *testing.T, f githubtest.Fault) {
		t.Helper()
		server, repo := world(t)
		defer server.Close()
		server.Inject(f)
		c, _ := client(t, server, impatient(f.Kind))
		_, err := c.Propose(t.Context(), proposal("0.32.15"))
		require.NotZero(t, server.ClearFaults())
		requireTokenKept(t, server, err)
		propose(t, server, proposal("0.32.15"))
		where := fmt.Sprintf("%s at call %d", f.Kind, f.Nth)
		require.Equal(t, "open", repo.Pull(1).State, where)
		require.Zero(t, repo.Pull(1).Updates, where)
		require.Len(t, repo.Pull(1).Comments, 1, where)
		require.Equal(t, "mine\n", repo.File("ollama-bump/0.32.14", "README.md"), where)
		require.Len(t, repo.Open(), 2, where)
	})
}
