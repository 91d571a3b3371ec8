package github_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// manySegments are path parameters that hold slashes.
var manySegments = regexp.MustCompile(`\{(ref|path|branch|basehead)\}`)

// contract loads GitHub's own description of its API, pruned to the operations that the stand-in serves.
func contract(t *testing.T) (router routers.Router, operations []string) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../testdata/github/openapi.json")
	require.NoError(t, err)
	doc.Servers = nil
	paths := openapi3.NewPaths()
	for path, item := range doc.Paths.Map() {
		path = manySegments.ReplaceAllString(path, "{$1:.+}")
		paths.Set(path, item)
		for method := range item.Operations() {
			operations = append(operations, method+" "+path)
		}
	}
	doc.Paths = paths
	router, err = gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return router, operations
}

// requireContract checks a request and its answer; it returns the operation.
func requireContract(t *testing.T, router routers.Router, call githubtest.Call) string {
	t.Helper()
	target := &url.URL{Scheme: "https", Host: "api.github.com", Path: call.Path, RawQuery: call.Query.Encode()}
	body := call.Body
	if strings.HasSuffix(call.Path, "/labels") {
		body = []byte(`{"labels":` + string(body) + `}`) // "You can also pass an array", says the description's prose
	}
	req, err := http.NewRequest(call.Method, target.String(), bytes.NewReader(body))
	require.NoError(t, err)
	req.Header = call.Header.Clone()
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	route, params, err := router.FindRoute(req)
	require.NoError(t, err, "%s %s", call.Method, call.Path)
	operation := call.Method + " " + route.Path
	options := &openapi3filter.Options{
		MultiError: true, IncludeResponseStatus: true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
	if call.Status < 400 { // what was refused may well have been wrong
		require.NoError(t, openapi3filter.ValidateRequest(t.Context(), in), "%s\n%s", operation, call.Body)
	}
	if call.Header.Get("Accept") == "application/vnd.github.raw+json" && call.Status == 200 {
		return operation // the file itself, which the description leaves out
	}
	if call.Status >= 400 && route.Operation.Responses.Status(call.Status) == nil {
		return operation // not every error is described
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: call.Status, Header: call.AnswerHeader, Options: options,
		Body: io.NopCloser(bytes.NewReader(call.Answer)),
	}
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), answer), "%s %d\n%s", operation, call.Status,
		call.Answer)
	return operation
}

// TestContract holds the stand-in, and what we ask of it, against GitHub's description.
func TestContract(t *testing.T) {
	server, repo := sweepWorld(t)
	server.AddRelease("me", "flake", githubtest.Release{
		Tag:    "v1.0.0",
		Assets: []githubtest.Asset{{Name: "a.tgz", Size: 1}},
	})
	repo.Tag("v2.0.0", repo.Head("main"), true)
	propose(t, server, sweepProposal())
	repo.Push("main", "more", map[string]string{"README.md": "once more\n"})
	propose(t, server, sweepProposal()) // moves the branch
	repo.Push(branch15, "people", map[string]string{"README.md": "mine\n"})
	propose(t, server, sweepProposal()) // compares
	repo.Merge(repo.Open()[1].Number, false)
	c, _ := client(t, server)
	_, err := c.TagCommit(t.Context(), "me", "flake", "v2.0.0")
	require.NoError(t, err)
	_, err = c.ReleaseByTag(t.Context(), "me", "flake", "v1.0.0")
	require.NoError(t, err)
	require.NoError(t, c.Releases(t.Context(), "me", "flake",
		func([]github.Release) (bool, error) { return true, nil }))
	server.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-2vw3-qpvv-m2j9", CVE: "CVE-2024-37032", Withdrawn: true,
		Vulnerabilities: []githubtest.Vulnerability{
			{Package: ollamaModule, Range: "< 0.1.34", FirstPatched: "0.1.34"}, {Package: ollamaModule},
		},
	})
	list, err := c.Advisories(t.Context(), "go", ollamaModule)
	require.NoError(t, err)
	require.Len(t, list, 1)
	_, err = c.Contents(t.Context(), "me", "flake", "main", "README.md")
	require.NoError(t, err)
	files, err := c.Files(t.Context(), "me", "flake", repo.Head("main"))
	require.NoError(t, err)
	_, err = c.Blob(t.Context(), "me", "flake", files[0].Blob)
	require.NoError(t, err)
	_, err = c.ReleaseByTag(t.Context(), "me", "flake", "v0")
	require.Error(t, err)
	blob := writtenBlob(t, server)
	for _, path := range []string{
		"/git/blobs/" + blob, "/contents/README.md?ref=main", "/contents/nix?ref=main", "/releases/latest",
		"/git/matching-refs/heads/", "/pulls/2",
	} {
		resp, err := http.Get(server.URL + "/repos/me/flake" + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode, path)
	}

	router, operations := contract(t)
	seen := map[string]bool{}
	for _, call := range server.Calls() {
		if call.Path != "/graphql" {
			seen[requireContract(t, router, call)] = true
		}
	}
	assert.ElementsMatch(t, operations, slices.Collect(maps.Keys(seen)))
}

// writtenBlob returns the name of a blob that was written.
func writtenBlob(t *testing.T, server *githubtest.Server) string {
	t.Helper()
	for _, call := range server.Calls() {
		if call.Method == http.MethodPost && strings.HasSuffix(call.Path, "/git/blobs") {
			var answer struct{ SHA string }
			require.NoError(t, json.Unmarshal(call.Answer, &answer))
			return answer.SHA
		}
	}
	t.Fatal("no blob was written")
	return ""
}
