package github_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

const canary = "ghp_canary0123456789"

// client returns a client of the stand-in that waits for nothing; waits are what it would have waited. Where its token
// went is looked at in the end.
func client(t *testing.T, server *githubtest.Server, change ...func(*github.Options)) (c *github.Client, waits *[]time.Duration) {
	t.Helper()
	waits = new([]time.Duration)
	o := github.Options{
		BaseURL: server.URL, Token: canary, RequestTimeout: 5 * time.Second,
		Log: func(line string) { assert.NotContains(t, line, canary) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := github.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { requireTokenHidden(t, server) })
	return c, waits
}

// upstream has count stable releases v0.1.0, v0.1.1, …
func upstream(t *testing.T, count int) *githubtest.Server {
	t.Helper()
	server := githubtest.New(t)
	for i := range count {
		server.AddRelease("ollama", "ollama", githubtest.Release{
			Tag: fmt.Sprintf("v0.1.%d", i), Name: "v0.1", Body: "notes",
			Assets: []githubtest.Asset{{Name: "ollama-linux-amd64.tgz", Size: 12, Digest: "sha256:00"}},
		})
	}
	return server
}

func TestReleases(t *testing.T) {
	server := upstream(t, 250)
	c, _ := client(t, server)
	var pages []int
	var tags []string
	err := c.Releases(t.Context(), "ollama", "ollama", func(page []github.Release) (bool, error) {
		pages = append(pages, len(page))
		for _, r := range page {
			tags = append(tags, r.Tag)
		}
		return true, nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{100, 100, 50}, pages)
	assert.Equal(t, "v0.1.249", tags[0])
	assert.Equal(t, "v0.1.0", tags[249])
	assert.Len(t, server.Calls(), 3)
}

func TestReleasesStopWhenEnoughIsSeen(t *testing.T) {
	server := upstream(t, 250)
	c, _ := client(t, server)
	err := c.Releases(t.Context(), "ollama", "ollama", func([]github.Release) (bool, error) { return false, nil })
	require.NoError(t, err)
	assert.Len(t, server.Calls(), 1)
}

func TestReleaseByTag(t *testing.T) {
	server := upstream(t, 3)
	c, _ := client(t, server)
	r, err := c.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.1.1")
	require.NoError(t, err)
	assert.Equal(t, "https://github.com/ollama/ollama/releases/tag/v0.1.1", r.URL)
	assert.Equal(t, []github.Asset{{
		Name: "ollama-linux-amd64.tgz", Size: 12, Digest: "sha256:00", State: "uploaded",
		URL: "https://github.com/ollama/ollama/releases/download/v0.1.1/ollama-linux-amd64.tgz",
	}}, r.Assets)

	var missing *github.NotFound
	_, err = c.ReleaseByTag(t.Context(), "ollama", "ollama", "v9.9.9")
	require.ErrorAs(t, err, &missing)
	assert.EqualError(t, err, "looking for release v9.9.9 of ollama/ollama: not found (404)")
	_, err = c.ReleaseByTag(t.Context(), "ollama", "../../user", "v1")
	assert.EqualError(t, err, `naming the repository: "ollama/../../user" is not OWNER/NAME`)
}

func TestTagCommitPeelsAnnotatedTags(t *testing.T) {
	server := upstream(t, 1)
	repo := server.Repo("ollama", "ollama")
	head := repo.Head("main")
	repo.Tag("v0.2.0", head, true)
	c, _ := client(t, server)
	for _, tag := range []string{"v0.1.0", "v0.2.0"} {
		sha, err := c.TagCommit(t.Context(), "ollama", "ollama", tag)
		require.NoError(t, err)
		assert.Equal(t, head, sha)
	}
	var missing *github.NotFound
	_, err := c.TagCommit(t.Context(), "ollama", "ollama", "v3")
	require.ErrorAs(t, err, &missing)
}

func TestRenamedRepository(t *testing.T) {
	server := upstream(t, 1)
	server.Repo("ollama", "ollama").Rename("newllama", "llama")
	c, _ := client(t, server)
	r, err := c.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.1.0")
	require.NoError(t, err)
	assert.Equal(t, "v0.1.0", r.Tag)
}

func TestEnterpriseIsFoundWithoutItsPath(t *testing.T) {
	server := upstream(t, 1)
	server.SetEnterprise(true)
	c, _ := client(t, server)
	for range 2 {
		_, err := c.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.1.0")
		require.NoError(t, err)
	}
	assert.Len(t, server.Calls(), 3, "the path is looked for once")
	given, _ := client(t, server, func(o *github.Options) { o.BaseURL = server.URL + "/api/v3/" })
	_, err := given.ReleaseByTag(t.Context(), "ollama", "ollama", "v0.1.0")
	require.NoError(t, err)
}
