package github_test

import (
	"context"
	"fmt"
	"strings"
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
func client(
	t *testing.T, server *githubtest.Server, change ...func(*github.Options),
) (c *github.Client, waits *[]time.Duration) {
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
		URL:       "https://github.com/ollama/ollama/releases/download/v0.1.1/ollama-linux-amd64.tgz",
		UpdatedAt: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	}}, r.Assets)

	var missing *github.NotFound
	_, err = c.ReleaseByTag(t.Context(), "ollama", "ollama", "v9.9.9")
	require.ErrorAs(t, err, &missing)
	assert.EqualError(t, err, "read release v9.9.9 of ollama/ollama: not found (404)")
	_, err = c.ReleaseByTag(t.Context(), "ollama", "../../user", "v1")
	assert.EqualError(t, err, `name repository: "ollama/../../user" is not OWNER/NAME`)
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

func TestUpdatedAt(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 8, n, 0, 0, 0, 0, time.UTC) }
	server := githubtest.New(t)
	add := func(tag string, published time.Time, uploads ...time.Time) {
		r := githubtest.Release{Tag: tag, PublishedAt: published, NoDate: published.IsZero()}
		for i, at := range uploads {
			r.Assets = append(r.Assets, githubtest.Asset{Name: fmt.Sprint(i), UpdatedAt: at})
		}
		server.AddRelease("o", "r", r)
	}
	add("v1", day(3))
	add("v2", day(3), day(1), day(9), day(4))
	add("v3", time.Time{}, day(5))
	add("v4", time.Time{})
	c, _ := client(t, server)
	for tag, want := range map[string]time.Time{"v1": day(3), "v2": day(9), "v3": day(5), "v4": {}} {
		r, err := c.ReleaseByTag(t.Context(), "o", "r", tag)
		require.NoError(t, err)
		assert.True(t, want.Equal(r.UpdatedAt()), "%s: %s", tag, r.UpdatedAt())
	}
	c, _ = clientOf(t, `[{"tag_name":"v1","published_at":null,"assets":[{"name":"a","updated_at":null},{"name":"b"}]}]`)
	require.NoError(t, c.Releases(t.Context(), "o", "r", func(page []github.Release) (bool, error) {
		assert.True(t, page[0].UpdatedAt().IsZero())
		return true, nil
	}))
}

// What an API says a commit is called is written into Nix code.
func TestACommitIsFortyHexDigits(t *testing.T) {
	for _, sha := range []string{
		"", "310b50d5", strings.Repeat("0", 39) + "g", strings.Repeat("A", 40), strings.Repeat("a", 64),
		strings.Repeat("0", 40) + `\"; name = \"source`, strings.Repeat("0", 40) + `\n`,
	} {
		c, _ := clientOf(t, `{"object":{"type":"commit","sha":"`+sha+`"}}`)
		got, err := c.TagCommit(t.Context(), "o", "r", "v1")
		require.ErrorContains(t, err, "not a commit id", "%q", sha)
		assert.Empty(t, got)
	}
	c, _ := clientOf(t, `{"object":{"type":"commit","sha":"`+strings.Repeat("0a", 20)+`"}}`)
	got, err := c.TagCommit(t.Context(), "o", "r", "v1")
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("0a", 20), got)
}
