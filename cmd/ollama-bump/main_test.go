package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"github.com/nixtars/ollama-bump/bump"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ollama-bump": mainNoted})
}

// saidIn names a folder where runs of scripts keep what they say, for the end of a world looks there for its token.
const saidIn = "OLLAMA_BUMP_TEST_SAID_IN"

// heartbeatIs gives runs of scripts another heartbeat, in seconds.
const heartbeatIs = "OLLAMA_BUMP_TEST_HEARTBEAT"

// mainNoted is main, which keeps what it says unless it says it to a terminal.
func mainNoted() {
	dir := os.Getenv(saidIn)
	if dir == "" || term.IsTerminal(int(os.Stderr.Fd())) {
		main()
	}
	said, err := os.CreateTemp(dir, "said-")
	if err != nil {
		panic(err)
	}
	noCore()
	completionTime = time.Minute
	if seconds, err := strconv.Atoi(os.Getenv(heartbeatIs)); err == nil {
		heartbeat = time.Duration(seconds) * time.Second
	}
	os.Exit(run(signalContext(), os.Args[1:], os.Environ(), io.MultiWriter(os.Stdout, said),
		io.MultiWriter(os.Stderr, said), bump.Run))
}

// outcome is what one run in the process showed.
type outcome struct {
	status         int
	stdout, stderr string
	opts           *bump.Options // nil when bump was not called
}

// runWith runs the command with a bump that ends as told.
func runWith(env []string, result bump.Result, failure error, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	var o outcome
	o.status = run(context.Background(), args, env, &stdout, &stderr,
		func(_ context.Context, opts bump.Options) (bump.Result, error) {
			o.opts = &opts
			for _, e := range events {
				opts.Progress(e)
			}
			return result, failure
		})
	o.stdout, o.stderr = stdout.String(), stderr.String()
	return o
}

// events is what every stand-in bump reports.
var events = []bump.Event{
	{Stage: "release", Text: "0.32.15 is the newest"},
	{Stage: "hash", Kind: bump.Detail, Text: "a detail"},
	{Stage: "hash", Kind: bump.Live, Text: "downloading"},
	{Stage: "hash", Kind: bump.Warning, Text: "a llama.cpp fork was left alone"},
}

// available is what a dry run yields.
var available = bump.Result{
	Schema: 1, Status: bump.Available, OldVersion: "0.32.13", NewVersion: "0.32.15",
	Files: []bump.FileChange{{
		Path:  "flake.nix",
		Edits: []bump.Edit{{Line: 8, Column: 19, Field: "version", Old: "0.32.13", New: "0.32.15"}},
	}},
	Diff:  "diff --git a/flake.nix b/flake.nix\n--- a/flake.nix\n+++ b/flake.nix\n@@ -1 +1 @@\n-old\n+new\n",
	Title: "ollama: 0.32.13 -> 0.32.15",
	Body:  "Bumps ollama.\n\n::set-output name=status::pwned\n",
}

func TestFlagsBecomeOptions(t *testing.T) {
	t.Parallel()
	o := runWith([]string{"A=b"}, bump.Result{Status: bump.Current}, nil,
		"--flake", "hosts/gpu", "--to", "v0.32.15", "--pre", "--allow-downgrade", "--force", "--accept-retag",
		"--attr", "packages.x86_64-linux.ollama", "--verify", "build",
		"--repo", "me/nixos", "--base", "main", "--branch", "b/x",
		"--label", "deps, nix", "--label=deps", "--label", "x", "--reviewer", "a,org/team", "--assignee", "c\nd",
		"--draft", "--auto-merge", "--recreate",
		"--api-url", "https://ghe.example/api/v3", "--upstream-api-url", "http://127.0.0.1:1",
		"--timeout", "45m", "--max-wait", "90s", "--", "--builders", "ssh://big", "--to", "x")
	require.Equal(t, exitOK, o.status, o.stderr)
	o.opts.Progress = nil
	assert.Equal(t, &bump.Options{
		Dir: "hosts/gpu", Mode: bump.Propose, To: "v0.32.15", Pre: true, AllowDowngrade: true, Force: true,
		AcceptRetag: true,
		Attr:        "packages.x86_64-linux.ollama", Verify: bump.VerifyBuild,
		Repo: "me/nixos", Base: "main", Branch: "b/x",
		Labels: []string{"deps", "nix", "x"}, Reviewers: []string{"a", "org/team"}, Assignees: []string{"c", "d"},
		Draft: true, AutoMerge: true, Recreate: true,
		APIURL: "https://ghe.example/api/v3", UpstreamAPIURL: "http://127.0.0.1:1",
		NixArgs: []string{"--builders", "ssh://big", "--to", "x"}, Env: []string{"A=b"},
		Timeout: 45 * 60e9, MaxWait: 90e9, Version: programVersion(),
	}, o.opts)
}

func TestModes(t *testing.T) {
	t.Parallel()
	for flag, mode := range map[string]bump.Mode{
		"--dry-run": bump.DryRun, "--no-pr": bump.Write, "--check": bump.Check, "--force": bump.Propose,
		"--dry-run --no-pr": bump.DryRun, "--check --no-pr": bump.Check, "--no-pr --dry-run=false": bump.Write,
	} {
		o := runWith(nil, bump.Result{Status: bump.Current, OldVersion: "1.2.3"}, nil, strings.Fields(flag)...)
		require.NotNil(t, o.opts, flag)
		assert.Equal(t, mode, o.opts.Mode, flag)
		assert.Equal(t, exitOK, o.status, flag)
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		text string
	}{
		{[]string{"--bogus"}, "unknown flag: --bogus"},
		{[]string{"flake.nix"}, `unexpected argument "flake.nix"`},
		{[]string{"--to"}, "flag needs an argument: --to"},
		{[]string{"--to", "latest"}, `--to must be a release such as 0.32.15 or 0.33.0-rc2, not "latest"`},
		{[]string{"--to", "0.32"}, "--to must be a release"},
		{[]string{"--to", "$(id)"}, "--to must be a release"},
		{[]string{"--dry-run", "--check"}, "--dry-run and --check cannot be used together"},
		{[]string{"-v", "-q"}, "--verbose and --quiet cannot be used together"},
		{[]string{"--check", "--force"}, "--check starts no Nix"},
		{[]string{"--no-pr", "--label", "x"}, "--no-pr and --label cannot be used together"},
		{[]string{"--check", "--draft"}, "--check and --draft cannot be used together"},
		{[]string{"--allow-downgrade"}, "--allow-downgrade needs --to"},
		{[]string{"--flake", ""}, "--flake must be a folder"},
		{[]string{"--timeout", "45"}, `--timeout must be a time above zero such as 45m, not "45"`},
		{[]string{"--pre=maybe"}, `--pre must be true or false, not "maybe"`},
		{[]string{"--repo", "https://github.com/me/nixos"}, "--repo must be OWNER/NAME"},
		{[]string{"--repo", "../etc"}, "--repo must be OWNER/NAME"},
		{[]string{"--branch", "a b"}, `--branch: "a b" is not a valid branch name`},
		{[]string{"--branch", "-x"}, `--branch: "-x" is not a valid branch name`},
		{[]string{"--branch", "a..b"}, `--branch: "a..b" is not a valid branch name`},
		{[]string{"--branch", "x.lock"}, `--branch: "x.lock" is not a valid branch name`},
		{[]string{"--branch", "@"}, `--branch: "@" is not a valid branch name`},
		{[]string{"--base", "m", "--branch", "refs/heads/m"}, `--base and --branch are both "m"`},
		{[]string{"--base", "a\nb"}, "--base: \"a\\nb\" is not a valid branch name"},
		{[]string{"--verify", "all"}, `--verify must be hashes, eval, build or build=ATTR,ATTR, not "all"`},
		{[]string{"--timeout", "0s"}, "--timeout must be a time above zero such as 45m, not \"0s\""},
		{[]string{"--timeout", "soon"}, "--timeout must be a time above zero such as 45m, not \"soon\""},
		{[]string{"--max-wait=-1s"}, "--max-wait must be a time above zero such as 60s"},
		{[]string{"--api-url", "api.github.com"}, "--api-url must be an address"},
		{[]string{"--upstream-api-url", "ftp://x/"}, "--upstream-api-url must be an address"},
		{[]string{"--api-url", "https://user:pass@x/"}, "without user"},
		{[]string{"completion"}, "completion needs a shell: bash"},
		{[]string{"completion", "tcsh"}, "completion needs a shell: bash"},
		{[]string{"completion", "bash", "x"}, "unknown command"},
		{[]string{"man", "x"}, "unknown command"},
	} {
		o := runWith(nil, bump.Result{}, nil, c.args...)
		assert.Equal(t, exitUsage, o.status, c.args)
		assert.Nil(t, o.opts, "%q: work was begun", c.args)
		assert.Empty(t, o.stdout, c.args)
		assert.Regexp(t, "^ollama-bump: ", o.stderr, c.args)
		assert.Contains(t, o.stderr, c.text, c.args)
		assert.Contains(t, o.stderr, "\nhint: ", c.args)
		assert.NotContains(t, o.stderr, "pass@", c.args)
	}
}

func TestUsageErrorOfBump(t *testing.T) {
	t.Parallel()
	o := runWith(nil, bump.Result{}, fmt.Errorf("wrapped: %w", &bump.UsageError{Text: "no"}), "--check")
	assert.Equal(t, exitUsage, o.status)
}

func TestDryRunOutput(t *testing.T) {
	t.Parallel()
	o := runWith(nil, available, nil, "--dry-run")
	assert.Equal(t, exitOK, o.status)
	assert.Equal(t, available.Diff+`
| ollama: 0.32.13 -> 0.32.15
|
| Bumps ollama.
|
| ::set-output name=status::pwned
`, o.stdout)
	assert.Equal(t, `release: 0.32.15 is the newest
ollama-bump: warning: a llama.cpp fork was left alone
ollama-bump: ollama 0.32.13 -> 0.32.15: nothing was written, nothing was sent
`, o.stderr)
}

func TestLoudness(t *testing.T) {
	t.Parallel()
	loud := runWith(nil, available, nil, "--dry-run", "-v")
	assert.Contains(t, loud.stderr, "hash: a detail\n")
	assert.NotContains(t, loud.stderr, "downloading", "live text is for terminals")
	low := runWith(nil, available, nil, "--dry-run", "-q")
	assert.Equal(t, "ollama-bump: warning: a llama.cpp fork was left alone\n", low.stderr)
	assert.Equal(t, loud.stdout, low.stdout)
}

func TestWarningsAreSaidOnce(t *testing.T) {
	t.Parallel()
	result := available
	result.Warnings = []string{"a llama.cpp fork was left alone", "another"}
	o := runWith(nil, result, nil, "--no-pr")
	assert.Equal(t, 1, strings.Count(o.stderr, "fork was left alone"))
	assert.Equal(t, 1, strings.Count(o.stderr, "warning: another"))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	o := runWith(nil, bump.Result{Status: bump.Available, OldVersion: "0.32.13", NewVersion: "0.32.15"}, nil, "--check")
	assert.Equal(t, exitAvailable, o.status)
	assert.Contains(t, o.stderr, "ollama 0.32.15 is available, 0.32.13 is pinned\n")
	assert.Empty(t, o.stdout)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	result := available
	result.Diff += "##[add-mask]x\n"
	o := runWith(nil, result, nil, "--dry-run", "--json")
	assert.Equal(t, exitOK, o.status)
	assert.NotContains(t, o.stdout, "##[", "old runners take it for a command")
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &got))
	assert.Equal(t, map[string]any{
		"schema": 1.0, "status": "available", "old_version": "0.32.13", "new_version": "0.32.15", "diff": result.Diff,
		"title": result.Title, "body": result.Body,
		"files": []any{map[string]any{"path": "flake.nix", "edits": []any{map[string]any{
			"line": 8.0, "column": 19.0, "field": "version", "old": "0.32.13", "new": "0.32.15",
		}}}},
	}, got)
	empty := runWith(nil, bump.Result{Status: bump.Current}, nil, "--json")
	assert.JSONEq(t, `{"schema":1,"status":"current","old_version":"","new_version":"","files":[],"diff":""}`,
		empty.stdout)
}

func TestSentences(t *testing.T) {
	t.Parallel()
	pr := func(operation string) *bump.PullRequest {
		return &bump.PullRequest{Number: 7, URL: "https://gh/7", Branch: "ollama-bump/2.0.0", Operation: operation}
	}
	for _, c := range []struct {
		status bump.Status
		reason string
		pr     *bump.PullRequest
		want   string
	}{
		{bump.Bumped, "", pr("created"), "ollama 1.0.0 -> 2.0.0: created pull request #7: https://gh/7"},
		{bump.Bumped, "", pr("updated"), "ollama 1.0.0 -> 2.0.0: updated pull request #7: https://gh/7"},
		{bump.Bumped, "", nil, "ollama 1.0.0 -> 2.0.0: wrote a.nix, b.nix"},
		{bump.Current, "", nil, "ollama 1.0.0 is current"},
		{bump.Current, "branch main has 2.0.0 already", nil, "ollama 2.0.0 is current: branch main has 2.0.0 already"},
		{
			bump.Current, "pull request #7 proposes it already", pr("none"),
			"ollama 2.0.0 is current: pull request #7 proposes it already: https://gh/7",
		},
		{
			bump.Skipped, "pull request #7 for 2.0.0 was closed", pr("none"),
			"ollama 1.0.0 -> 2.0.0: skipped: pull request #7 for 2.0.0 was closed: https://gh/7",
		},
		{
			bump.Skipped, "branch x has commits of others", nil,
			"ollama 1.0.0 -> 2.0.0: skipped: branch x has commits of others",
		},
	} {
		r := bump.Result{
			Status: c.status, Reason: c.reason, OldVersion: "1.0.0", NewVersion: "2.0.0", PullRequest: c.pr,
			Files: []bump.FileChange{{Path: "a.nix"}, {Path: "b.nix"}},
		}
		o := runWith(nil, r, nil)
		assert.Equal(t, exitOK, o.status)
		assert.Contains(t, o.stderr, "ollama-bump: "+c.want+"\n")
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	failure := &bump.Error{
		Pos: bump.Pos{
			File: "nix/a,b.nix", Line: 12,
			Column: 7,
		}, Text: "find the pin: 100% wrong\nsecond\x1b[31m line", Hint: "change it",
	}
	o := runWith(nil, bump.Result{}, fmt.Errorf("run: %w", failure), "--dry-run")
	assert.Equal(t, exitFailed, o.status)
	assert.Empty(t, o.stdout)
	assert.Contains(t, o.stderr,
		"ollama-bump: run: nix/a,b.nix:12:7: find the pin: 100% wrong\n  | second line\nhint: change it\n")
	assert.NotContains(t, o.stderr, "::error")

	o = runWith([]string{"GITHUB_ACTIONS=true"}, bump.Result{}, failure, "--dry-run")
	assert.Contains(t, o.stderr, "\n::error title=ollama-bump,file=nix/a%2Cb.nix,line=12,col=7::find the pin: 100%25 "+
		"wrong%0Asecond line%0Ahint: change it\n")
	assert.Contains(t, o.stderr, "\n::warning title=ollama-bump::a llama.cpp fork was left alone\n")
}

func TestPlainErrorsHaveNoPlace(t *testing.T) {
	t.Parallel()
	o := runWith([]string{"GITHUB_ACTIONS=true", "NO_COLOR=1"}, bump.Result{}, errors.New("no"), "--check")
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "ollama-bump: no\n::error title=ollama-bump::no\n")
}

// Whatever upstream or a builder writes, no line of ours is a workflow command but our own.
func TestNoForeignWorkflowCommands(t *testing.T) {
	t.Parallel()
	hostile := "a\n::set-output name=status::x\r::add-mask::y ##[error]z\u202e"
	var stdout, stderr bytes.Buffer
	result := available
	result.Title, result.Body = hostile, hostile
	result.Warnings = []string{hostile}
	status := run(context.Background(), []string{"--dry-run", "-v"}, []string{"GITHUB_ACTIONS=true"}, &stdout, &stderr,
		func(_ context.Context, opts bump.Options) (bump.Result, error) {
			for _, kind := range []bump.EventKind{bump.Step, bump.Detail, bump.Live, bump.Warning} {
				opts.Progress(bump.Event{Stage: "hash", Kind: kind, Text: hostile})
			}
			return result, nil
		})
	assert.Equal(t, exitOK, status)
	for line := range strings.Lines(stderr.String()) {
		line = strings.TrimSpace(line)
		assert.NotContains(t, line, "##[")
		assert.NotContains(t, line, "\u202e")
		if strings.HasPrefix(line, "::") {
			assert.Regexp(t, `^::((warning|notice) title=ollama-bump::[^:]|group::hash$|endgroup::$)`, line)
		}
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	word, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	require.True(t, ok, lines[0])
	assert.Equal(t, "::"+word+"::", lines[len(lines)-1])
	assert.Equal(t, 1, strings.Count(stdout.String(), "::"+word+"::"))
}

// Azure Pipelines has nothing that makes it ignore commands, so the diff is changed: what git apply would
// take then does not match, and is refused.
func TestNoCommandsForAzurePipelines(t *testing.T) {
	t.Parallel()
	result := available
	result.Diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n # ##vso[task.setvariable variable=PATH]x\n"
	assert.Contains(t, runWith([]string{"TF_BUILD=True"}, result, nil, "--dry-run").stdout, " # ## vso[task")
	assert.Contains(t, runWith(nil, result, nil, "--dry-run").stdout, result.Diff)
}

func TestTokensAreNeverSaid(t *testing.T) {
	t.Parallel()
	const token = "ghp_canary0123456789"
	result := available
	result.Body, result.Title = "body "+token, "title "+token
	result.Warnings = []string{"warn " + token}
	dir := t.TempDir()
	env := []string{
		"GITHUB_TOKEN=" + token, "GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + dir + "/o",
		"GITHUB_STEP_SUMMARY=" + dir + "/s", "OLLAMA_BUMP_INPUT_DRY_RUN=true",
	}
	for _, failure := range []error{nil, &bump.Error{Text: "get https://x:" + token + "@github.com", Hint: token}} {
		o := runWith(env, result, failure, "action")
		assert.NotContains(t, o.stdout+o.stderr, token)
		assert.Contains(t, o.stderr, "***")
	}
	for _, name := range []string{"o", "s"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.NotContains(t, string(text), token)
		assert.NotEmpty(t, text)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	var stderr bytes.Buffer
	status := run(ctx, []string{"--no-pr"}, nil, &bytes.Buffer{}, &stderr,
		func(ctx context.Context, _ bump.Options) (bump.Result, error) {
			cancel()
			return bump.Result{}, fmt.Errorf("build: %w", ctx.Err())
		})
	assert.Equal(t, exitFailed, status)
	assert.Contains(t, stderr.String(),
		"ollama-bump: interrupted: nothing was changed\nhint: run it again: it starts afresh")

	const early = "ollama-bump: interrupted: nothing was changed\nhint: run it again: it starts afresh"
	const late = "ollama-bump: interrupted: the pull request may be unfinished\n" +
		"hint: run it again: it resumes where it stopped"
	for stages, want := range map[string]string{
		"propose": late, "propose github": late, "github": early, "release github": early,
		"propose github pin": early, "propose pin github": early,
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var stderr bytes.Buffer
		run(ctx, nil, nil, &bytes.Buffer{}, &stderr, func(ctx context.Context, o bump.Options) (bump.Result, error) {
			for _, stage := range strings.Fields(stages) {
				o.Progress(bump.Event{Stage: stage, Text: "me/flake"})
			}
			cancel()
			return bump.Result{}, ctx.Err()
		})
		assert.Contains(t, stderr.String(), want, stages)
	}
}

func TestStdoutThatFails(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	for _, args := range [][]string{{"--dry-run"}, {"--json"}, {"man"}, {"--version"}, {"completion", "fish"}} {
		var stderr bytes.Buffer
		status := run(context.Background(), args, nil, full, &stderr,
			func(context.Context, bump.Options) (bump.Result, error) { return available, nil })
		assert.Equal(t, exitFailed, status, args)
		assert.Contains(t, stderr.String(), "no space left on device", args)
	}
}

func TestLookupTakesTheLast(t *testing.T) {
	t.Parallel()
	env := []string{"AB=0", "A=1", "A=2=3", "B="}
	assert.Equal(t, "2=3", lookup(env, "A"))
	assert.Empty(t, lookup(env, "B"))
	assert.Empty(t, lookup(env, "C"))
}

// Release notes may hold a patch. What git apply and patch take from a dry run is our diff alone.
func TestReleaseNotesAreNoPatch(t *testing.T) {
	t.Parallel()
	const theirs = "diff --git a/evil.nix b/evil.nix\nnew file mode 100644\n--- /dev/null\n+++ b/evil.nix\n" +
		"@@ -0,0 +1 @@\n+evil\n"
	result := available
	result.Body = "Notes\n\n```diff\n" + theirs + "```\n\n    " + strings.ReplaceAll(theirs, "\n",
		"\n    ") + "\n0a1\n> evil\n"
	o := runWith(nil, result, nil, "--dry-run")
	for _, apply := range []string{"git apply --verbose", "patch -p1 --batch"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte("old\n"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "input"), []byte(o.stdout), 0o644))
		output, err := command(t, dir, "sh", "-c", "git init -q && "+apply+" <input")
		require.NoError(t, err, "%s: %s", apply, output)
		text, err := os.ReadFile(filepath.Join(dir, "flake.nix"))
		require.NoError(t, err)
		assert.Equal(t, "new\n", string(text), "%s: %s", apply, output)
		assert.NoFileExists(t, filepath.Join(dir, "evil.nix"), "%s: %s", apply, output)
	}
}

// gh prints the address of a pull request on stdout, and so does a proposal.
func TestAddressOfThePullRequest(t *testing.T) {
	t.Parallel()
	pull := &bump.PullRequest{Number: 7, URL: "https://gh/7", Operation: "created"}
	for _, c := range []struct {
		status bump.Status
		args   []string
		stdout string
	}{
		{bump.Bumped, nil, "https://gh/7\n"},
		{bump.Bumped, []string{"-q"}, "https://gh/7\n"},
		{bump.Current, nil, "https://gh/7\n"},
		{bump.Skipped, nil, ""}, // somebody closed it
		{bump.Bumped, []string{"--no-pr"}, ""},
	} {
		o := runWith(nil, bump.Result{Status: c.status, Reason: "x", PullRequest: pull}, nil, c.args...)
		assert.Equal(t, exitOK, o.status)
		assert.Equal(t, c.stdout, o.stdout, "%v %v", c.status, c.args)
	}
}

func TestFailureAsJSON(t *testing.T) {
	t.Parallel()
	place := bump.Pos{File: "hosts/a.nix", Line: 3, Column: 7}
	for _, c := range []struct {
		err    error
		args   []string
		status int
		want   string
	}{
		{
			&bump.Error{Pos: place, Text: "find pin: two", Hint: "see Options.Attr"},
			[]string{"--json"},
			exitFailed,
			`{"schema":1,"status":"failed","error":{"message":"find pin: two","hint":"see --attr",` +
				`"file":"hosts/a.nix","line":3,"column":7}}`,
		},
		{
			errors.New("no"),
			[]string{"--dry-run", "--json=true"},
			exitFailed,
			`{"schema":1,"status":"failed","error":{"message":"no"}}`,
		},
		{
			nil,
			[]string{"--json", "--to", "x"},
			exitUsage,
			`{"schema":1,"status":"failed","error":{"message":"--to must be a release such as 0.32.15 or ` +
				`0.33.0-rc2, not \"x\"","hint":"see ollama-bump --help"}}`,
		},
		{
			nil,
			[]string{"--drift", "--json"},
			exitUsage,
			`{"schema":1,"status":"failed","error":{"message":"unknown flag: --drift","hint":"did you mean --draft?"}}`,
		},
		{errors.New("no"), []string{"--no-pr", "--", "--json"}, exitFailed, ""},
	} {
		o := runWith(nil, bump.Result{}, c.err, c.args...)
		assert.Equal(t, c.status, o.status)
		assert.Equal(t, c.want, strings.TrimSuffix(o.stdout, "\n"))
		assert.Contains(t, o.stderr, "ollama-bump: ")
	}
}

// What this machine offers besides is said with an error.
func TestAdvice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := &bump.Error{Text: "propose: no token", Hint: "set GITHUB_TOKEN", Err: bump.ErrNoToken}
	assert.NotContains(t, runWith([]string{"PATH=" + dir}, bump.Result{}, token).stderr, "gh auth")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gh"), nil, 0o755))
	assert.Contains(t, runWith([]string{"PATH=" + dir}, bump.Result{}, token).stderr,
		"hint: set GITHUB_TOKEN; you have gh: GITHUB_TOKEN=$(gh auth token) ollama-bump\n")
	slow := &bump.Error{Text: "timed out", Hint: "raise Options.Timeout", Err: context.DeadlineExceeded}
	assert.Contains(t, runWith(nil, bump.Result{}, slow).stderr,
		"hint: raise --timeout, or use -v to see what is slow\n")
	assert.Contains(t, runWith(nil, bump.Result{}, slow, "-v").stderr, "hint: raise --timeout\n")
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	set := newSettings().flags()
	for name, hint := range map[string]string{
		"dryrun": "did you mean --dry-run?", "dry_run": "did you mean --dry-run?",
		"chekc": "did you mean --check?", "labels": "did you mean --label?",
		"option": helpHint + "; arguments for Nix go after --", "x": helpHint + "; arguments for Nix go after --",
	} {
		assert.Equal(t, hint, suggestFlag(set, name), name)
	}
}

// Nobody without less wants to read that the shell does not find it.
func TestPager(t *testing.T) {
	t.Parallel()
	with := t.TempDir()
	writeProgram(t, filepath.Join(with, "less"), "#!/bin/sh\n")
	for _, c := range []struct {
		env  []string
		want string
	}{
		{[]string{"PATH=" + with}, "less"},
		{[]string{"PATH=" + t.TempDir()}, ""},
		{[]string{"PATH=" + with, "PAGER="}, ""},
		{[]string{"PATH=" + with, "PAGER=cat"}, ""},
		{[]string{"PATH=" + t.TempDir(), "PAGER=most -s"}, "most -s"},
	} {
		assert.Equal(t, c.want, (&program{env: c.env}).pager(), "%q", c.env)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	p := &program{log: newConsole(io.Discard, func(string) string { return "" }, normal)}
	body := "<!-- ours -->\nBumps **ollama** for [x86\\_64](https://x/y).\n\n\n" +
		"<details><summary>Notes <b>of</b> 0.32.15</summary>\n\n## Heading\n```\nx\x1b[2J\n```\n</details>\n"
	assert.Equal(t, "T\n\nBumps ollama for x86_64.\n\n▸ Notes of 0.32.15\n", p.preview("T", body, false))
	full := p.preview("T", body, true)
	assert.Contains(t, full, "▸ Notes of 0.32.15\n\nHeading\n  x")
	assert.NotContains(t, full, "\x1b")
	long := strings.Repeat("line\n", 40)
	assert.Equal(t, "T\n\n"+strings.Repeat("line\n", previewLines-2)+"… 26 more lines, --full shows them\n",
		p.preview("T", long, false))
	assert.Equal(t, "T\n\n"+long, p.preview("T", long, true))
}

// runFunc runs the command with a bump of the test's.
func runFunc(
	env []string, do func(bump.Options) (bump.Result, error), args ...string,
) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), args, env, &out, &err,
		func(_ context.Context, o bump.Options) (bump.Result, error) { return do(o) })
	return status, out.String(), err.String()
}

// runFuncIn is runFunc with dir as the place where the flake is looked for.
func runFuncIn(
	t *testing.T, dir string, env []string, do func(bump.Options) (bump.Result, error), args ...string,
) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	p := &program{ctx: context.Background(), env: env, stdout: &out, stderr: &err, dir: dir}
	p.bump = func(_ context.Context, o bump.Options) (bump.Result, error) { return do(o) }
	status = p.run(args)
	return status, out.String(), err.String()
}

func runIn(
	t *testing.T, dir string, do func(bump.Options) (bump.Result, error), args ...string,
) (status int, stdout, stderr string) {
	t.Helper()
	return runFuncIn(t, dir, nil, do, args...)
}
