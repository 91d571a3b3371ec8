package github_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

func TestContents(t *testing.T) {
	server := githubtest.New(t)
	repo := server.AddRepo("ollama", "ollama", map[string]string{"go.mod": "go 1.24.1\n"})
	repo.Tag("v0.1.0", repo.Head("main"), false)
	big := strings.Repeat("x", 1<<20+1)
	repo.Push("main", "newer", map[string]string{"go.mod": "go 1.26.0\n", "a b/{ü}?.json": `{"a": 1}`, "big": big})
	c, _ := client(t, server)
	for _, test := range []struct{ ref, path, want, err string }{
		{"v0.1.0", "go.mod", "go 1.24.1\n", ""},
		{"main", "go.mod", "go 1.26.0\n", ""},
		{repo.Head("main"), "a b/{ü}?.json", `{"a": 1}`, ""},
		{"main", "a b", "", "read a b at main of ollama/ollama: it is not a file"},
		{"main", "big", "", "read big at main of ollama/ollama: larger than 1 MB"},
		{"main", "../x", "", "read ../x at main of ollama/ollama: not a path from the repository's root"},
		{"main", "x//y", "", "read x//y at main of ollama/ollama: not a path from the repository's root"},
	} {
		data, err := c.Contents(t.Context(), "ollama", "ollama", test.ref, test.path)
		assert.Equal(t, test.want, string(data), test.path)
		if test.err != "" {
			require.EqualError(t, err, test.err)
		} else {
			require.NoError(t, err)
		}
	}
	var missing *github.NotFound
	_, err := c.Contents(t.Context(), "ollama", "ollama", "v9", "go.mod")
	require.ErrorAs(t, err, &missing)
	_, err = c.Contents(t.Context(), "ollama", "ollama", "main", "none")
	require.ErrorAs(t, err, &missing)
}

// A page that something before the API answers with is not taken for the file.
func TestContentsAreNoPage(t *testing.T) {
	server, requests := respond(t, answer(200, "<html>log in</html>", "Content-Type", "text/html; charset=utf-8"),
		answer(200, "go 1.26", "Content-Type", "application/vnd.github.raw+json; charset=utf-8"))
	c, err := github.New(github.Options{BaseURL: server.URL + "/api/v3", Sleep: noSleep})
	require.NoError(t, err)
	data, err := c.Contents(t.Context(), "o", "r", "main", "go.mod")
	require.NoError(t, err)
	assert.Equal(t, "go 1.26", string(data))
	assert.Len(t, requests.all(), 2)
	assert.Equal(t, "application/vnd.github.raw+json", requests.all()[0].Header.Get("Accept"))
}
