package githubtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// ask sends a request without following redirects.
func ask(t *testing.T, server *githubtest.Server, method, path, token, body string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var answer map[string]any
	_ = json.Unmarshal(data, &answer) // a list, or nothing
	return resp, answer
}

// world has a repository with a branch, an open pull request from it, and an empty repository.
func world(t *testing.T) (*githubtest.Server, *githubtest.Repo) {
	t.Helper()
	server := githubtest.New(t)
	repo := server.AddRepo("me", "flake", map[string]string{"a": "1"})
	repo.SetBranch("topic", repo.Head("main"))
	repo.Push("topic", "change", map[string]string{"a": "2"})
	repo.SetBranch("same", repo.Head("main"))
	repo.AddPull(githubtest.Pull{Title: "topic", Head: "topic"})
	server.AddRepo("me", "empty", nil)
	server.AddRepo("me", "secret", map[string]string{"a": "1"}).Private = true
	return server, repo
}

func TestRefusals(t *testing.T) {
	const zeros = "0000000000000000000000000000000000000000"
	server, repo := world(t)
	main := repo.Head("main")
	long := strings.Repeat("x", 65537)
	for _, test := range []struct {
		method, path, body string
		status             int
		message            string // and the first of errors
	}{
		{"GET", "/repos/me/nope", "", 404, "Not Found"},
		{"GET", "/repos/me/flake/git/ref/heads/nope", "", 404, "Not Found"},
		{"GET", "/repos/me/flake/releases/latest", "", 404, "Not Found"},
		{"GET", "/repos/me/empty/git/ref/heads/main", "", 409, "Git Repository is empty."},
		{"POST", "/repos/me/empty/git/blobs", `{"content":"x"}`, 409, "Git Repository is empty."},
		{
			"POST", "/repos/me/flake/git/refs", `{"ref":"refs/heads/main","sha":"` + main + `"}`, 422,
			"Reference already exists",
		},
		{
			"POST", "/repos/me/flake/git/refs", `{"ref":"refs/heads/new","sha":"` + zeros + `"}`, 422,
			"Object does not exist",
		},
		{
			"POST", "/repos/me/flake/git/refs", `{"ref":"refs/heads/main/x","sha":"` + main + `"}`, 422,
			"Reference update failed",
		},
		{"PATCH", "/repos/me/flake/git/refs/heads/nope", `{"sha":"` + main + `"}`, 422, "Reference does not exist"},
		{
			"PATCH", "/repos/me/flake/git/refs/heads/topic", `{"sha":"` + main + `"}`, 422,
			"Update is not a fast forward",
		},
		{"PATCH", "/repos/me/flake/git/ref/heads/topic", `{"sha":"` + main + `"}`, 404, "Not Found"},
		{"DELETE", "/repos/me/flake/git/refs/heads/nope", "", 422, "Reference does not exist"},
		{
			"POST", "/repos/me/flake/git/commits", `{"message":"m","tree":"` + zeros + `"}`, 422,
			"Tree SHA does not exist",
		},
		{
			"POST", "/repos/me/flake/git/trees", `{"tree":[{"path":"a","mode":"100644","sha":"` + zeros + `"}]}`, 422,
			"tree.sha " + zeros + " is not a valid blob",
		},
		{
			"POST", "/repos/me/flake/pulls", `{"title":"t","head":"topic","base":"main"}`, 422,
			"Validation Failed: A pull request already exists for me:topic.",
		},
		{
			"POST", "/repos/me/flake/pulls", `{"title":"t","head":"same","base":"main"}`, 422,
			"Validation Failed: No commits between main and same",
		},
		{
			"POST", "/repos/me/flake/pulls", `{"title":"t","head":"nope","base":"main"}`, 422,
			"Validation Failed: head invalid",
		},
		{
			"POST", "/repos/me/flake/pulls", `{"title":"t","head":"topic","base":"nope"}`, 422,
			"Validation Failed: base invalid",
		},
		{
			"PATCH", "/repos/me/flake/pulls/1", `{"body":"` + long + `"}`, 422,
			"Validation Failed: body is too long (maximum is 65536 characters)",
		},
		{
			"PATCH", "/repos/me/flake/pulls/1", `{"title":"` + long[:257] + `"}`, 422,
			"Validation Failed: title is too long (maximum is 256 characters)",
		},
		{"PATCH", "/repos/me/flake/pulls/9", `{}`, 404, "Not Found"},
		{
			"POST", "/repos/me/flake/pulls/1/requested_reviewers", `{"reviewers":["x"]}`, 422,
			"Reviews may only be requested from collaborators. One or more of the users or teams you specified is " +
				"not a collaborator of the me/flake repository.",
		},
		{
			"POST", "/repos/me/flake/pulls/1/requested_reviewers", `{"reviewers":["mona"]}`, 422,
			"Review cannot be requested from pull request author.",
		},
		{"POST", "/repos/me/flake/pulls", `{`, 400, "Problems parsing JSON"},
	} {
		resp, answer := ask(t, server, test.method, test.path, "x", test.body)
		assert.Equal(t, test.status, resp.StatusCode, "%s %s", test.method, test.path)
		message, _ := answer["message"].(string)
		if errors, ok := answer["errors"].([]any); ok {
			first := errors[0].(map[string]any)
			if text, ok := first["message"].(string); ok {
				message += ": " + text
			} else {
				message += ": " + first["field"].(string) + " " + first["code"].(string)
			}
		}
		assert.Equal(t, test.message, message)
		if test.status == 422 {
			assert.Equal(t, "422", answer["status"], "a string")
		}
	}
	assert.Len(t, repo.Pulls(), 1, "nothing was done")
}

func TestTokens(t *testing.T) {
	server, _ := world(t)
	server.SetToken("reader", githubtest.Rights{Contents: githubtest.Read})
	server.SetToken("app", githubtest.Rights{App: true})
	for _, test := range []struct {
		token, path, body string
		status            int
		message           string
	}{
		{"", "/repos/me/flake/git/blobs", `{"content":"x"}`, 401, "Requires authentication"},
		{"nobody", "/repos/me/flake/git/blobs", `{"content":"x"}`, 401, "Bad credentials"},
		{
			"reader", "/repos/me/flake/git/blobs", `{"content":"x"}`, 403,
			"Resource not accessible by personal access token",
		},
		{
			"app", "/repos/me/flake/pulls", `{"title":"t","head":"topic","base":"main"}`, 403,
			"Resource not accessible by integration",
		},
		{"app", "/repos/me/secret/git/blobs", `{"content":"x"}`, 404, "Not Found"},
	} {
		resp, answer := ask(t, server, "POST", test.path, test.token, test.body)
		assert.Equal(t, test.status, resp.StatusCode)
		assert.Equal(t, test.message, answer["message"])
		assert.Equal(t, test.status == 403, resp.Header.Get("X-Accepted-GitHub-Permissions") != "")
	}
}

func TestRenamed(t *testing.T) {
	server, repo := world(t)
	repo.Rename("us", "config")
	for method, status := range map[string]int{"GET": 301, "PATCH": 307} {
		resp, answer := ask(t, server, method, "/api/v3/repos/me/flake/pulls/1?x=y", "x", "{}")
		assert.Equal(t, status, resp.StatusCode)
		assert.Equal(t, server.URL+"/api/v3/repositories/1001/pulls/1?x=y", resp.Header.Get("Location"))
		assert.Equal(t, "Moved Permanently", answer["message"])
	}
	resp, answer := ask(t, server, "GET", "/repositories/1001/pulls/1", "x", "")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "topic", answer["title"])
}

func TestListsHaveTheirQuirks(t *testing.T) {
	server, repo := world(t)
	for range 3 {
		repo.AddPull(githubtest.Pull{Title: "more", Head: "same"})
	}
	list := func(query string) (titles []string, link string) {
		resp, err := http.Get(server.URL + "/repos/me/flake/pulls?" + query)
		require.NoError(t, err)
		defer resp.Body.Close()
		var pulls []struct{ Title string }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&pulls))
		for _, p := range pulls {
			titles = append(titles, p.Title)
		}
		return titles, resp.Header.Get("Link")
	}
	titles, link := list("head=me:topic")
	assert.Equal(t, []string{"topic"}, titles)
	assert.Empty(t, link, "one page has no links")
	titles, _ = list("head=topic")
	assert.Len(t, titles, 4, "without an owner the filter is ignored")
	_, link = list("per_page=2&page=2")
	root := "<" + server.URL + "/repositories/1001/pulls?page="
	assert.Equal(t, root+`1&per_page=2>; rel="prev", `+root+`1&per_page=2>; rel="first"`, link)
}

func TestPullRequestsFollowTheirBranches(t *testing.T) {
	for name, test := range map[string]struct {
		do     func(*githubtest.Repo)
		state  string
		merged bool
	}{
		"pushed": {
			func(r *githubtest.Repo) { r.Push("topic", "more", map[string]string{"b": "1"}) }, "open",
			false,
		},
		"deleted":       {func(r *githubtest.Repo) { r.SetBranch("topic", "") }, "closed", false},
		"moved to base": {func(r *githubtest.Repo) { r.SetBranch("topic", r.Head("main")) }, "closed", false},
		"base moved": {
			func(r *githubtest.Repo) { r.Push("main", "more", map[string]string{"b": "1"}) }, "open",
			false,
		},
		"pushed to base": {func(r *githubtest.Repo) { r.SetBranch("main", r.Head("topic")) }, "closed", true},
		"merged":         {func(r *githubtest.Repo) { r.Merge(1, false) }, "closed", true},
		"squashed":       {func(r *githubtest.Repo) { r.Merge(1, true) }, "closed", true},
		"another branch": {func(r *githubtest.Repo) { r.SetBranch("same", "") }, "open", false},
	} {
		_, repo := world(t)
		test.do(repo)
		pull := repo.Pull(1)
		assert.Equal(t, test.state, pull.State, name)
		assert.Equal(t, test.merged, pull.Merged, name)
		if pull.State == "open" {
			assert.Equal(t, repo.Head("topic"), pull.HeadSHA, name)
		}
	}
}

func TestClosedAndForcePushedCannotBeReopened(t *testing.T) {
	server, repo := world(t)
	head := repo.Head("topic")
	repo.SetBranch("topic", "")
	repo.SetBranch("topic", head)
	resp, answer := ask(t, server, "PATCH", "/repos/me/flake/pulls/1", "x", `{"state":"open"}`)
	assert.Equal(t, 422, resp.StatusCode)
	assert.Contains(t, answer["errors"].([]any)[0].(map[string]any)["message"],
		"state cannot be changed. The topic branch was force-pushed or recreated.")
}

func TestGitGoesInAndOut(t *testing.T) {
	server, repo := world(t)
	repo.Tag("v1", repo.Head("main"), true)
	repo.PushEntries("main", "modes", []githubtest.Entry{
		{Path: "d/x", Mode: "100755", Data: "run"},
		{Path: "d/l", Mode: "120000", Data: "x"},
		{Path: "d.x", Data: ""},
	})
	dir := t.TempDir()
	require.NoError(t, repo.WriteGit(dir))
	out, err := exec.Command("git", "-C", dir, "fsck", "--strict").CombinedOutput()
	require.NoError(t, err, "%s", out)
	again, err := server.AddRepoFromGit("you", "copy", dir)
	require.NoError(t, err)
	assert.Equal(t, repo.Branches(), again.Branches())
	assert.Equal(t, repo.Files("main"), again.Files("main"))
	_, err = server.AddRepoFromGit("you", "nothing", t.TempDir())
	require.Error(t, err)
}
