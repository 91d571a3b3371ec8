package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// The token goes to GitHub, in a header, and nowhere else: whatever happens and however much is said. Every run in a
// world has it, and the end of every test looks for it.
func TestTheTokenIsSeenNowhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	s.Repository(dir, "me/flake")
	private := filepath.Join(s.Dir, "step")
	action := []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + private, "GITHUB_OUTPUT=" + private}
	for _, args := range [][]string{
		{"--dry-run", "-v"},
		{"--dry-run", "--json"},
		{"--check", "-v"},
		{"--dry-run", "--", "--debug", "-vvvvv"},
	} {
		s.run(dir, nil, args...)
	}
	e := s.bumps(dir, nil, "--repo", "me/flake", "-v")
	require.Contains(t, e.stderr, "created pull request #1")
	s.bumps(dir, nil, "--repo", "me/flake", "--json")
	s.GitHub.Inject(githubtest.Fault{Kind: githubtest.BadCredentials, Times: -1})
	s.run(dir, nil, "--repo", "me/flake", "-v")
	s.GitHub.ClearFaults()
	s.GitHub.Inject(githubtest.Fault{
		Kind: githubtest.Custom, Times: -1, Status: 400,
		Body: `{"message":"you said ` + bumptest.Token + `"}`,
	})
	s.run(dir, action, "--repo", "me/flake", "-v")
	s.GitHub.ClearFaults()
	s.Break("/v0.32.15.tar.gz", 404)
	s.run(dir, action, "--dry-run", "--to", "0.32.15", "-v")
	s.run(dir, []string{"GOPROXY=off"}, "--no-pr", "-v")
}

// Whatever a token got into, no output repeats it; and what is a command to a CI runner in upstream's text
// is none in ours.
func TestOutputsAreRedacted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	note := "a token: " + bumptest.Token + "\n\n```\nbuild ##vso[task.setvariable variable=PATH]x ##[set-env " +
		"name=PATH]y\n```\n"
	s.GitHub.AddRelease("ollama", "ollama",
		githubtest.Release{Tag: "v0.32.14", Name: "v0.32.14", Body: note, PublishedAt: time.Now()})
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	repo := s.Repository(dir, "me/flake")
	files := filepath.Join(s.Dir, "step")
	action := []string{
		"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + files, "GITHUB_OUTPUT=" + files,
		"OLLAMA_BUMP_INPUT_DRY_RUN=true",
	}
	e := s.run(dir, action, "action")
	require.Equal(t, 0, e.status, e.String())
	shown := e.stdout + e.stderr
	for _, args := range [][]string{{"--dry-run", "-v"}, {"--dry-run", "--json"}, {"--repo", "me/flake", "--json"}} {
		e := s.run(dir, nil, args...)
		require.Equal(t, 0, e.status, e.String())
		shown += e.stdout + e.stderr
	}
	require.NotContains(t, shown, "##vso[")
	require.NotContains(t, shown, "##[")
	require.Contains(t, shown, "## vso[", "the note is shown")
	step, err := os.ReadFile(files)
	require.NoError(t, err)
	require.Contains(t, string(step), "a token: \\*\\*\\*")
	require.Len(t, repo.Pulls(), 1)
	require.Contains(t, repo.Pulls()[0].Body, "a token: \\*\\*\\*")
	require.NotContains(t, shown+string(step)+repo.Pulls()[0].Body, bumptest.Token)
}

// Nix quotes a line of the configuration that it cannot read, with the token of another host in it.
func TestMistypedAccessTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	e := s.run(dir, []string{"NIX_CONFIG=acess-tokens git.example=hunter2hunter2hunter2"}, "--no-pr", "-v")
	require.Equal(t, 1, e.status, e.String())
	require.Contains(t, e.stderr, "configuration line 'acess-tokens ***'")
	require.NotContains(t, e.stdout+e.stderr, "hunter2")
}

// Releases may be read from another host than the one that the token is for.
func TestTheTokenGoesToOneHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	s.Repository(dir, "me/flake")
	other := strings.Replace(s.GitHub.URL, "127.0.0.1", "localhost", 1)
	require.NotEqual(t, other, s.GitHub.URL)
	s.bumps(dir, nil, "--repo", "me/flake", "--upstream-api-url", other)
	hosts := map[string]bool{}
	for _, call := range s.GitHub.Calls() {
		has := strings.Contains(fmt.Sprint(call.Header), bumptest.Token)
		host, _, _ := strings.Cut(call.Host, ":")
		hosts[host] = hosts[host] || has
	}
	require.Equal(t, map[string]bool{"localhost": false, "127.0.0.1": true}, hosts)
}

// Passwords stand in the addresses of flake inputs and remotes, too.
func TestPasswordsInAddresses(t *testing.T) {
	t.Parallel()
	const password = "hunter2hunter2"
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	text := strings.Replace(s.Expand(overlayFlake), "inputs.nixpkgs.url",
		`inputs.own.url = "git+https://me:`+password+`@github.com/me/own";
  inputs.nixpkgs.url`, 1)
	text = strings.Replace(text, "outputs = { self, nixpkgs }", "outputs = { self, nixpkgs, own }", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(text), 0o644))
	s.Git(dir, "remote", "add", "origin", "https://me:"+password+"@github.com/me/flake")
	for _, args := range [][]string{
		{"--dry-run", "-v"},
		{"--no-pr", "-v"},
		{"--json"},
		{"--dry-run", "--", "--debug"},
	} {
		e := s.run(dir, nil, args...)
		require.Equal(t, 1, e.status, e.String())
		require.NotContains(t, e.stdout+e.stderr, password)
	}
}

// A core file would hold the token. Nix inherits the limit.
func TestNoCoreFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	limits := filepath.Join(s.Dir, "limits")
	bin := filepath.Join(s.Dir, "limited")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	spy := "#!/bin/sh\ncat /proc/$$/limits /proc/$PPID/limits >" + limits + "\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "nix"), []byte(spy), 0o755))
	s.run(dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}, "--dry-run")
	text, err := os.ReadFile(limits)
	require.NoError(t, err)
	found := regexp.MustCompile(`Max core file size +(\S+)`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, found, 2)
	for _, limit := range found {
		require.Equal(t, "0", limit[1])
	}
}
