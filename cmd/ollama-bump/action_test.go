package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// runner is the environment of a GitHub runner, with the files that it reads afterwards.
func runner(t *testing.T, inputs ...string) (env []string, outputs, summary string) {
	dir := t.TempDir()
	outputs, summary = filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	return append([]string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + outputs, "GITHUB_STEP_SUMMARY=" + summary},
		inputs...), outputs, summary
}

// parseOutputs reads GITHUB_OUTPUT as the runner does.
func parseOutputs(t *testing.T, path string) map[string]string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	values := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for len(lines) > 0 {
		name, end, ok := strings.Cut(lines[0], "<<")
		require.True(t, ok, "%q", lines[0])
		var value []string
		for lines = lines[1:]; lines[0] != end; lines = lines[1:] {
			value = append(value, lines[0])
		}
		values[name], lines = strings.Join(value, "\n"), lines[1:]
	}
	return values
}

func TestActionOutputs(t *testing.T) {
	t.Parallel()
	env, outputs, summary := runner(t, "OLLAMA_BUMP_INPUT_LABELS=deps\nnix", "OLLAMA_BUMP_INPUT_DRAFT= true ",
		"OLLAMA_BUMP_INPUT_PRE=false",
		"OLLAMA_BUMP_INPUT_BRANCH=$(id)`x`", `OLLAMA_BUMP_INPUT_NIX_ARGS=--max-jobs 0 --option substituters 'a b'`)
	result := available
	result.Status, result.Diff = bump.Bumped, "a\nGHA_EOF\n```\nstatus<<x\n"
	result.PullRequest = &bump.PullRequest{Number: 7, URL: "https://gh/7", Branch: "b", Operation: "created"}
	o := runWith(env, result, nil, "action")
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.Equal(t, []string{"deps", "nix"}, o.opts.Labels)
	assert.True(t, o.opts.Draft)
	assert.False(t, o.opts.Pre)
	assert.Equal(t, "$(id)`x`", o.opts.Branch)
	assert.Equal(t, []string{"--max-jobs", "0", "--option", "substituters", "a b"}, o.opts.NixArgs)
	assert.Equal(t, map[string]string{
		"status": "bumped", "old-version": "0.32.13", "new-version": "0.32.15", "diff": "a\nGHA_EOF\n```\nstatus<<x",
		"pull-request-number": "7", "pull-request-url": "https://gh/7", "pull-request-operation": "created",
		"pull-request-branch": "b",
		"title":               result.Title, "body": strings.TrimSuffix(result.Body, "\n"),
	}, parseOutputs(t, outputs))
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	const said = "ollama 0.32.13 -> 0.32.15: created pull request #7: https://gh/7\n"
	assert.Equal(t, "### "+said+"\n````diff\na\nGHA_EOF\n```\nstatus<<x\n````\n\n"+result.Body+"\n", string(text))
	assert.Contains(t, o.stderr, "\n::notice title=ollama-bump::"+said)
	assert.Empty(t, o.stdout)
}

// A check in a workflow decides whether Nix is installed, so it is about what is left to propose.
func TestActionCheckLooksForThePullRequest(t *testing.T) {
	t.Parallel()
	env, outputs, _ := runner(t, "OLLAMA_BUMP_INPUT_CHECK=true", "OLLAMA_BUMP_INPUT_BRANCH=ollama-bump/gpu")
	o := runWith(env, bump.Result{
		Status: bump.Current, OldVersion: "1", NewVersion: "2", Reason: "pull request #7 proposes it already",
		PullRequest: &bump.PullRequest{Number: 7, URL: "https://gh/7", Operation: "none"},
	}, nil, "action")
	assert.Equal(t, exitOK, o.status)
	assert.True(t, o.opts.Unproposed)
	assert.Equal(t, bump.Check, o.opts.Mode)
	assert.Equal(t, "ollama-bump/gpu", o.opts.Branch)
	values := parseOutputs(t, outputs)
	assert.Equal(t, "current", values["status"])
	assert.Equal(t, "7", values["pull-request-number"])
	assert.Contains(t, o.stderr, "ollama 2 is current: pull request #7 proposes it already: https://gh/7\n")

	assert.False(t, runWith(nil, available, nil, "--check").opts.Unproposed)
	env, _, _ = runner(t, "OLLAMA_BUMP_INPUT_DRY_RUN=true")
	assert.False(t, runWith(env, available, nil, "action").opts.Unproposed)
}

func TestActionCheckIsNoFailure(t *testing.T) {
	t.Parallel()
	env, outputs, _ := runner(t, "OLLAMA_BUMP_INPUT_CHECK=true")
	o := runWith(env, bump.Result{Status: bump.Available, OldVersion: "1.0.0", NewVersion: "2.0.0"}, nil, "action")
	assert.Equal(t, exitOK, o.status)
	assert.Equal(t, "available", parseOutputs(t, outputs)["status"])
}

func TestActionFailure(t *testing.T) {
	t.Parallel()
	env, outputs, summary := runner(t)
	failure := &bump.Error{
		Pos: bump.Pos{File: "a.nix", Line: 1, Column: 2}, Text: "find `the` ```pin```", Hint: "look",
	}
	o := runWith(env, bump.Result{}, failure, "action")
	assert.Equal(t, exitFailed, o.status)
	assert.Equal(t, map[string]string{"status": "failed"}, parseOutputs(t, outputs))
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Equal(t, "### ollama-bump failed\n\n````text\na.nix:1:2: find `the` ```pin```\nhint: look\n````\n",
		string(text))
	assert.Contains(t, o.stderr, "::error title=ollama-bump,file=a.nix,line=1,col=2::")
}

func TestActionInputsThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ input, text string }{
		{"OLLAMA_BUMP_INPUT_DRAFT=yes", `input draft must be true or false, not "yes"`},
		{"OLLAMA_BUMP_INPUT_NIX_ARGS='x", "input nix-args: 1:1: reached EOF without closing quote"},
		{"OLLAMA_BUMP_INPUT_TO=--help", `the input to must be a release such as 0.32.15 or 0.33.0-rc2, not "--help"`},
		{"OLLAMA_BUMP_INPUT_BRANCH=a\n::error::b", `the input branch: "a\n::error::b" is not a valid branch name`},
	} {
		env, outputs, _ := runner(t, c.input)
		o := runWith(env, bump.Result{}, nil, "action")
		assert.Equal(t, exitUsage, o.status, c.input)
		assert.Nil(t, o.opts, c.input)
		assert.Contains(t, o.stderr, c.text)
		assert.Equal(t, "failed", parseOutputs(t, outputs)["status"])
	}
}

func TestActionWhoseFilesFail(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		o := runWith([]string{name + "=/dev/full"}, available, nil, "action")
		assert.Equal(t, exitFailed, o.status, name)
		assert.Contains(t, o.stderr, "write runner's file: write /dev/full: no space left on device", name)
		o = runWith([]string{name + "=/no/such/folder/x"}, available, nil, "action")
		assert.Equal(t, exitFailed, o.status, name)
	}
}

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" \n\t", nil},
		{"a  b\nc", []string{"a", "b", "c"}},
		{`'a b' "c d"e '' \ f`, []string{"a b", "c de", "", " f"}},
		{`'$(id)' '$HOME' \; * "\""`, []string{"$(id)", "$HOME", ";", "*", `"`}},
		{
			`.#ollama --override-input nixpkgs 'github:a/b?dir=c&ref=d'`,
			[]string{".#ollama", "--override-input", "nixpkgs", "github:a/b?dir=c&ref=d"},
		},
		{`'a\b' a\\b`, []string{`a\b`, `a\b`}},
	} {
		got, err := splitWords(c.text)
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, got, c.text)
	}
	for _, text := range []string{"'", `"a`, `"\"`, "$(id)", "`id`", "$HOME", "a; b", "a & b", "a | b", "a >b"} {
		_, err := splitWords(text)
		assert.Error(t, err, text)
	}
}
