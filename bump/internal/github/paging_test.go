package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// endless links each page to another one: the one that link returns for the page asked for.
func endless(body string, link func(page string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		page := query.Get("page") + query.Get("after")
		w.Header().Set("Link", `<http://`+r.Host+r.URL.Path+"?"+link(page)+`>; rel="next"`)
		_, _ = w.Write([]byte(body))
	}
}

func TestListingsEnd(t *testing.T) {
	count := func(page string) string {
		n := 1
		_, _ = fmt.Sscan(page, &n)
		return fmt.Sprint("page=", n+1)
	}
	releases := func(c *github.Client) error {
		return c.Releases(t.Context(), "o", "r", func([]github.Release) (bool, error) { return true, nil })
	}
	advisories := func(c *github.Client) error {
		_, err := c.Advisories(t.Context(), "go", "p")
		return err
	}
	for _, test := range []struct {
		name, body string
		link       func(string) string
		list       func(*github.Client) error
		requests   int
		err        string
	}{
		{"empty pages", "[]", count, releases, 3, "list releases of o/r: 3 empty pages in a row"},
		{
			"the same page", `[{"tag_name":"v1"}]`, func(string) string { return "page=1" }, releases, 1,
			"list releases of o/r: page 1 links to page 1, which was read already",
		},
		{"a circle", `[{"tag_name":"v1"}]`, func(page string) string {
			return "page=" + map[string]string{"1": "2", "2": "3"}[page] + map[string]string{"3": "2"}[page]
		}, releases, 3, "list releases of o/r: page 3 links to page 2, which was read already"},
		{"no end", `[{"tag_name":"v1"}]`, count, releases, 100, "list releases of o/r: more than 100 pages"},
		{
			"the same cursor", `[{"ghsa_id":"x"}]`, func(string) string { return "after=x" }, advisories, 2,
			"list advisories on p: page 2 links to page x, which was read already",
		},
		{
			"empty cursors", `[]`, func(page string) string { return "after=" + page + "x" }, advisories, 3,
			"list advisories on p: 3 empty pages in a row",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, requests := respond(t, endless(test.body, test.link))
			c, err := github.New(github.Options{BaseURL: server.URL + "/api/v3", Sleep: noSleep})
			require.NoError(t, err)
			require.EqualError(t, test.list(c), test.err)
			assert.Len(t, requests.all(), test.requests)
		})
	}
}

// An API that lists pull requests without an end costs a bounded number of requests, and proposes nothing.
func TestPullRequestListingsEnd(t *testing.T) {
	for name, test := range map[string]struct{ body, err string }{
		"of others": {`[{"number":7,"state":"open"}]`, "list pull requests: more than 100 pages"},
		"empty":     {`[]`, "list pull requests: 3 empty pages in a row"},
	} {
		t.Run(name, func(t *testing.T) {
			server, repo := flake(t)
			target, err := url.Parse(server.URL)
			require.NoError(t, err)
			pages := endless(test.body, func(page string) string {
				n := 1
				_, _ = fmt.Sscan(page, &n)
				return fmt.Sprint("page=", n+1)
			})
			all := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
			hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && r.URL.Path == "/repos/me/flake/pulls" {
					pages(w, r)
					return
				}
				all.ServeHTTP(w, r)
			}))
			defer hostile.Close()
			c, err := github.New(github.Options{BaseURL: hostile.URL, Token: canary, Sleep: noSleep})
			require.NoError(t, err)
			_, err = c.Propose(t.Context(), proposal("0.32.15"))
			require.ErrorContains(t, err, test.err)
			assert.Empty(t, repo.Open())
			assert.Empty(t, repo.Head(branch15))
		})
	}
}
