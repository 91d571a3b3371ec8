package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// checkout makes a repository of files and returns its root.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o755))
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// Flag over environment over file over default; a list replaces what stands below it.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	const file = "# why\nverify: eval\nlabel: [file, common]\ndraft: true\ntimeout: 45m\nbase: dev\n"
	for _, c := range []struct {
		name  string
		env   []string
		args  []string
		check func(*bump.Options)
	}{
		{"file", nil, nil, func(o *bump.Options) {
			assert.Equal(t, bump.VerifyEval, o.Verify)
			assert.Equal(t, []string{"file", "common"}, o.Labels)
			assert.True(t, o.Draft)
			assert.Equal(t, 45*60e9, float64(o.Timeout))
		}},
		{
			"environment",
			[]string{"OLLAMA_BUMP_LABEL=env", "OLLAMA_BUMP_DRAFT=false", "OLLAMA_BUMP_VERIFY="},
			nil,
			func(o *bump.Options) {
				assert.Equal(t, bump.VerifyEval, o.Verify, "an empty variable is none")
				assert.Equal(t, []string{"env"}, o.Labels)
				assert.False(t, o.Draft)
			},
		},
		{
			"command line",
			[]string{"OLLAMA_BUMP_LABEL=env"},
			strings.Fields("--label a,b --label=c --draft=false --verify build --base="), func(o *bump.Options) {
				assert.Equal(t, []string{"a", "b", "c"}, o.Labels)
				assert.False(t, o.Draft)
				assert.Equal(t, bump.VerifyBuild, o.Verify)
				assert.Empty(t, o.Base)
			},
		},
		{
			"nothing of it concerns --no-pr", nil,
			[]string{"--no-pr"},
			func(o *bump.Options) { assert.Equal(t, bump.Write, o.Mode) },
		},
	} {
		dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: file})
		o := runWith(c.env, bump.Result{Status: bump.Current}, nil, append([]string{"--flake", dir}, c.args...)...)
		require.Equal(t, exitOK, o.status, "%s: %s", c.name, o.stderr)
		c.check(o.opts)
	}
}

func TestForceOfTheFileDoesNotConcernCheck(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: "force: true\n"})
	assert.True(t, runWith(nil, bump.Result{}, nil, "--flake", dir).opts.Force)
	assert.False(t, runWith(nil, bump.Result{}, nil, "--flake", dir, "--check").opts.Force)
	assert.Equal(t, exitUsage, runWith(nil, bump.Result{}, nil, "--flake", dir, "--check", "--force").status)
}

func TestUnpinOfTheFileDoesNotConcernCheck(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: "unpin: true\n"})
	assert.True(t, runWith(nil, bump.Result{}, nil, "--flake", dir).opts.Unpin)
	o := runWith(nil, bump.Result{}, nil, "--flake", dir, "--check")
	assert.Equal(t, exitOK, o.status, o.stderr)
	assert.False(t, o.opts.Unpin)
	assert.Equal(t, exitUsage, runWith(nil, bump.Result{}, nil, "--flake", dir, "--check", "--unpin").status)

	env := []string{"OLLAMA_BUMP_UNPIN=true"}
	dir = checkout(t, map[string]string{"flake.nix": "{ }"})
	o = runWith(env, bump.Result{}, nil, "--flake", dir, "--check")
	assert.Equal(t, exitOK, o.status, o.stderr)
	assert.False(t, o.opts.Unpin)
}

// Who asks for more on the command line gets more, whatever the file says.
func TestVerbosityOfTheFile(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: "quiet: true\n"})
	assert.NotContains(t, runWith(nil, available, nil, "--flake", dir, "--dry-run").stderr, "0.32.15 is the newest")
	assert.Contains(t, runWith(nil, available, nil, "--flake", dir, "--dry-run", "-v").stderr, "hash: a detail")
}

func TestPlacesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	const common = ".github/" + configName
	dir := checkout(t, map[string]string{"nix/flake.nix": "{ }", "nix/sub/x": "", common: "base: common\n"})
	o := runWith(nil, bump.Result{}, nil, "--flake", filepath.Join(dir, "nix", "sub"))
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.Equal(t, "common", o.opts.Base)
	assert.Equal(t, filepath.Join(dir, "nix"), filepath.Clean(o.opts.Dir), "the flake is found from a subfolder")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "nix", configName), []byte("base: own\n"), 0o644))
	o = runWith(nil, bump.Result{}, nil, "--flake", filepath.Join(dir, "nix"))
	assert.Equal(t, exitUsage, o.status)
	assert.Contains(t, o.stderr, "ollama-bump: read configuration: there are two files, nix/ollama-bump.yaml and "+
		".github/ollama-bump.yaml\nhint: keep one of them\n")

	require.NoError(t, os.Remove(filepath.Join(dir, common)))
	assert.Equal(t, "own", runWith(nil, bump.Result{}, nil, "--flake", filepath.Join(dir, "nix")).opts.Base)

	require.NoError(t, os.Rename(filepath.Join(dir, "nix", configName), filepath.Join(dir, "nix", "ollama-bump.yml")))
	o = runWith(nil, bump.Result{}, nil, "--flake", filepath.Join(dir, "nix"))
	assert.Contains(t, o.stderr,
		"read configuration: nix/ollama-bump.yml must be called ollama-bump.yaml\nhint: rename it\n")
}

func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"verfy: eval", `1:1: read configuration: unknown key "verfy"` + "\nhint: did you mean verify?"},
		{"labels: [a]", `1:1: read configuration: unknown key "labels"` + "\nhint: did you mean label?"},
		{"# x\n\nrepo: me/x", `3:1: read configuration: "repo" cannot be set in a file; set it on the command line`},
		{"api-url: https://evil.example", `1:1: read configuration: "api-url" cannot be set in a file`},
		{"upstream-api-url: https://example.org", `1:1: read configuration: "upstream-api-url" cannot be set`},
		{"json: true", `1:1: read configuration: "json" cannot be set in a file`},
		{"check: true", `1:1: read configuration: "check" cannot be set in a file`},
		{"dry-run: true", `1:1: read configuration: "dry-run" cannot be set in a file`},
		{"no-pr: true", `1:1: read configuration: "no-pr" cannot be set in a file`},
		{"verify: all", `1:9: read configuration: verify must be hashes, eval, build or build=ATTR,ATTR, not "all"`},
		{"draft: yes", `1:8: read configuration: draft must be true or false, not "yes"`},
		{"draft: [true]", `1:8: read configuration: draft must be true or false`},
		{"to: 0.32", `1:5: read configuration: to must be a release such as 0.32.15 or 0.33.0-rc2, not "0.32"`},
		{"timeout: 45", `1:10: read configuration: timeout must be a time above zero such as 45m, not "45"`},
		{"branch: a..b", `1:9: read configuration: branch "a..b" is not a valid branch name`},
		{"base:", `1:6: read configuration: base must be a text`},
		{"base: &a x\nbranch: *a", `2:9: read configuration: branch must be a text`},
		{"label:\n- a\n- [b]", `3:3: read configuration: label must be a list of texts`},
		{"base: a\nbase: b", `2:1: read configuration: key "base" is set twice`},
		{"- a", `1:1: read configuration: must be keys and values, such as min-age: 3d`},
		{"flake: ../x", `1:8: read configuration: flake must be a folder below "."`},
		{"flake: /x", `1:8: read configuration: flake must be a folder below "."`},
		{"flakes: x", `1:9: read configuration: flakes must be a list, each item with a key flake: DIR`},
		{"flakes: []", `1:9: read configuration: flakes must be a list`},
		{"flakes:\n- base: x", `2:3: read configuration: an item of flakes needs a key flake: DIR`},
		{"flakes:\n- flake: a\n- flake: ./a/", `3:3: read configuration: flake "a" is set twice`},
		{"flakes:\n- flake: a\n  flakes: []", `3:3: read configuration: unknown key "flakes"`},
		{"flakes:\n- flake: a\n  repo: me/x", `3:3: read configuration: "repo" cannot be set in a file`},
		{"a: [", `1:1: parse: did not find expected node content`},
		{"a: b\nc: d: e", `2:1: parse: mapping values are not allowed in this context`},
	} {
		dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: c.text + "\n"})
		o := runWith(nil, bump.Result{}, nil, "--flake", dir)
		assert.Equal(t, exitUsage, o.status, c.text)
		assert.Nil(t, o.opts, c.text)
		want := "ollama-bump: " + c.want
		if c.want[0] == '1' || c.want[0] == '2' || c.want[0] == '3' {
			want = "ollama-bump: ollama-bump.yaml:" + c.want
		}
		assert.Contains(t, o.stderr, want, c.text)
		assert.Contains(t, o.stderr, "\nhint: ", c.text)
	}
}

func TestWrongVariable(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }"})
	o := runWith([]string{"OLLAMA_BUMP_TIMEOUT=45"}, bump.Result{}, nil, "--flake", dir)
	assert.Equal(t, exitUsage, o.status)
	assert.Contains(t, o.stderr, `ollama-bump: $OLLAMA_BUMP_TIMEOUT must be a time above zero such as 45m, not "45"`)
}

// What stands in place of the file is never waited for, nor followed out of the folder.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("base: hunter2\n"), 0o644))
	for name, plant := range map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"link":   func(path string) error { return os.Symlink(secret, path) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"large":  func(path string) error { return os.WriteFile(path, make([]byte, configMax+1), 0o644) },
	} {
		dir := checkout(t, map[string]string{"flake.nix": "{ }"})
		require.NoError(t, plant(filepath.Join(dir, configName)))
		o := runWith(nil, bump.Result{}, nil, "--flake", dir)
		assert.Equal(t, exitUsage, o.status, name)
		assert.Contains(t, o.stderr, "ollama-bump: read configuration: ", name)
		assert.NotContains(t, o.stderr, "hunter2", name)
	}
}

const severalFlakes = `label: [deps]
verify: eval
flakes:
- flake: hosts/gpu
  label: gpu
- flake: .
  branch: mine
`

// checkoutOfTwo makes a repository with two flakes and a configuration file for both.
func checkoutOfTwo(t *testing.T) string {
	t.Helper()
	return checkout(t, map[string]string{
		"flake.nix": "{ }", "hosts/gpu/flake.nix": "{ }", ".github/" + configName: severalFlakes,
	})
}

func TestSeveralFlakes(t *testing.T) {
	t.Parallel()
	dir := checkoutOfTwo(t)
	var seen []bump.Options
	results := map[string]error{}
	bumped := func(o bump.Options) (bump.Result, error) {
		o.Progress = nil
		seen = append(seen, o)
		if err := results[filepath.Base(o.Dir)]; err != nil {
			return bump.Result{}, err
		}
		return bump.Result{
			Status: bump.Bumped, OldVersion: "1.0.0", NewVersion: "2.0.0",
			PullRequest: &bump.PullRequest{Number: 1, URL: "https://gh/1", Operation: "created"},
		}, nil
	}
	status, _, stderr := runFunc(nil, bumped, "--flake", dir)
	require.Equal(t, exitOK, status, stderr)
	require.Len(t, seen, 1, "the command line names one")
	assert.Equal(t, []string{"deps"}, seen[0].Labels)
	assert.Equal(t, "mine", seen[0].Branch, "the section of the flake that the command line names")

	seen = nil
	status, _, stderr = runIn(t, dir, bumped, "--json")
	require.Equal(t, exitOK, status, stderr)
	require.Len(t, seen, 2)
	assert.Equal(t, "hosts/gpu", seen[0].BranchFolder)
	assert.Equal(t, []string{"gpu"}, seen[0].Labels, "a flake's list replaces the common one")
	assert.Equal(t, bump.VerifyEval, seen[0].Verify)
	assert.Empty(t, seen[1].BranchFolder)
	assert.Equal(t, []string{"deps"}, seen[1].Labels)
	assert.Contains(t, stderr, "ollama-bump: flake hosts/gpu\n")

	results["gpu"] = &bump.Error{
		Pos: bump.Pos{File: "hosts/gpu/a.nix", Line: 1, Column: 2}, Text: "find pin: no",
		Hint: "look",
	}
	status, stdout, stderr := runIn(t, dir, bumped, "--json")
	assert.Equal(t, exitFailed, status, "one failed")
	assert.JSONEq(t, `{"schema":1,"flakes":[
		{"flake":"hosts/gpu","status":"failed","error":{
		 "message":"find pin: no","hint":"look","file":"hosts/gpu/a.nix","line":1,"column":2}},
		{"flake":".","schema":1,"status":"bumped","old_version":"1.0.0","new_version":"2.0.0","files":[],"diff":"",
		 "pull_request":{"number":1,"url":"https://gh/1","branch":"","operation":"created"}}]}`, stdout)
	assert.Contains(t, stderr, "ollama-bump: hosts/gpu/a.nix:1:2: find pin: no\nhint: look\n")

	status, stdout, _ = runIn(t, dir, bumped)
	assert.Equal(t, exitFailed, status)
	assert.Equal(t, "https://gh/1\n", stdout)

	results["gpu"] = nil
	available := func(bump.Options) (bump.Result, error) { return bump.Result{Status: bump.Available}, nil }
	status, _, _ = runIn(t, dir, available, "--check")
	assert.Equal(t, exitAvailable, status)
}

// A signal in a run of several flakes says which of them are done.
func TestInterruptedAmongFlakes(t *testing.T) {
	t.Parallel()
	dir := checkoutOfTwo(t)
	for name, c := range map[string]struct {
		during string // the flake in which the signal comes
		failed bool   // that bump ends with an error then
		want   string
	}{
		"in the first": {"gpu", true, "interrupted: nothing was changed in hosts/gpu; not begun: ."},
		"in the second": {
			filepath.Base(dir), true, "interrupted: nothing was changed in .; done: hosts/gpu",
		},
		"between the two": {"gpu", false, "interrupted: nothing was changed in .; done: hosts/gpu"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		p := &program{ctx: ctx, stdout: &stdout, stderr: &stderr, dir: dir}
		p.bump = func(_ context.Context, o bump.Options) (bump.Result, error) {
			if filepath.Base(o.Dir) != c.during {
				return bump.Result{Status: bump.Bumped, OldVersion: "1.0.0", NewVersion: "2.0.0"}, nil
			}
			cancel()
			if c.failed {
				return bump.Result{}, ctx.Err()
			}
			return bump.Result{Status: bump.Bumped}, nil
		}
		assert.Equal(t, exitFailed, p.run([]string{"--no-pr", "--json"}), name)
		assert.Contains(t, stderr.String(),
			"ollama-bump: "+c.want+"\nhint: run it again: flakes that are done stay as they are\n", name)
		assert.Contains(t, stdout.String(), `"status":"failed","error":{"message":"`+c.want+`"`, name)
		assert.Equal(t, 1, strings.Count(stdout.String(), "\n"), "%s: one object", name)
	}
}

func TestSeveralFlakesInTheAction(t *testing.T) {
	t.Parallel()
	dir := checkoutOfTwo(t)
	env, outputs, summary := runner(t)
	status, _, stderr := runFuncIn(t, dir, env, func(o bump.Options) (bump.Result, error) {
		if filepath.Base(o.Dir) == "gpu" {
			return bump.Result{Status: bump.Bumped, OldVersion: "1", NewVersion: "2", Diff: "gpu\n"}, nil
		}
		return bump.Result{Status: bump.Current, OldVersion: "2"}, nil
	}, "action")
	require.Equal(t, exitOK, status, stderr)
	values := parseOutputs(t, outputs)
	assert.Equal(t, "bumped", values["status"])
	assert.Equal(t, "2", values["new-version"])
	assert.Equal(t, "gpu", values["diff"])
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Contains(t, string(text), "### hosts/gpu: ollama 1 -> 2")
	assert.Contains(t, string(text), "### .: ollama 2 is current")
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: "# x\nlabel:\n- deps\n- nix\ntimeout: 45m\n"})
	var calls int
	status, stdout, stderr := runFuncIn(t, dir, []string{"OLLAMA_BUMP_BASE=dev"},
		func(bump.Options) (bump.Result, error) {
			calls++
			return bump.Result{}, nil
		}, "config", "--draft")
	require.Equal(t, exitOK, status, stderr)
	assert.Zero(t, calls)
	for _, want := range []string{
		`(?m)^label: \[deps, nix\] +# ollama-bump\.yaml:3$`, `(?m)^timeout: 45m +# ollama-bump\.yaml:5$`,
		`(?m)^base: dev +# \$OLLAMA_BUMP_BASE$`,
		`(?m)^draft: true +# command line$`, `(?m)^verify: hashes +# default$`, `(?m)^attr: "" +# default$`,
	} {
		assert.Regexp(t, want, stdout)
	}
	assert.NotContains(t, stdout, "api-url")
	var read map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(stdout), &read), "it is YAML")

	dir = checkoutOfTwo(t)
	_, stdout, _ = runFuncIn(t, dir, nil, nil, "config")
	assert.Regexp(t, `^flakes:\n  - flake: hosts/gpu +# \.github/ollama-bump\.yaml:4\n`, stdout)
	assert.Contains(t, stdout, "\n  - flake: .")
	require.NoError(t, yaml.Unmarshal([]byte(stdout), &read))
}

// The schema in the repository is that of the flags, and takes what the program takes.
func TestSchema(t *testing.T) {
	t.Parallel()
	want, err := schema()
	require.NoError(t, err)
	assert.Equal(t, want, inProject(t, "docs", "ollama-bump.schema.json"),
		"go run ./cmd/ollama-bump schema >docs/ollama-bump.schema.json")
	var document any
	require.NoError(t, json.Unmarshal([]byte(want), &document))
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", document))
	compiled, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	for text, valid := range map[string]bool{
		severalFlakes: true, "": true, "draft: true\ntimeout: 1h30m\nlabel: a,b\n": true,
		"draft: 1": false, "timeout: 45": false, "verify: all": false, "labels: [a]": false,
		"repo: a/b": false, "flakes: [{base: x}]": false,
	} {
		var value any
		require.NoError(t, yaml.Unmarshal([]byte(text), &value))
		assert.Equal(t, valid, compiled.Validate(value) == nil, "%s: %v", text, compiled.Validate(value))
		dir := checkout(t, map[string]string{"flake.nix": "{ }", "hosts/gpu/flake.nix": "{ }", configName: text})
		status, _, stderr := runFuncIn(t, dir, nil, nil, "config")
		assert.Equal(t, valid, status == exitOK, "%s: %s", text, strings.TrimSpace(stderr))
	}
}

func TestFlakesThatAreNoFolders(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"nix/flake.nix": "{ }", "x/y": ""})
	for arg, want := range map[string]string{
		".#ollama": `must be a folder, not ".#ollama"` + "\nhint: write --flake . --attr " +
			"packages." + bumptest.System() + ".ollama\n",
		"./a#packages.x86_64-linux.x^*": "hint: write --flake ./a --attr packages.x86_64-linux.x\n",
		"github:me/x": "hint: clone the repository, and give its folder: git clone " +
			"https://github.com/me/x\n",
		"github:me/x/branch?dir=nix":     "git clone https://github.com/me/x\n",
		"git+https://git.example/a?ref=": "git clone https://git.example/a\n",
		"path:./nix":                     "hint: write --flake ./nix\n",
		dir + "/nix/flake.nix":           "hint: write --flake " + dir + "/nix\n",
		"":                               "--flake must be a folder\n",
	} {
		o := runWith(nil, bump.Result{}, nil, "--flake", arg)
		assert.Equal(t, exitUsage, o.status, arg)
		assert.Contains(t, o.stderr, want, arg)
	}
	o := runWith(nil, bump.Result{}, nil, "--flake", dir)
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stderr, "open flake: no flake.nix in "+dir)
	assert.Contains(t, o.stderr, "hint: there is one in nix: write --flake nix\n")
	o = runWith(nil, bump.Result{}, nil, "--flake", filepath.Join(dir, "nix"))
	assert.Equal(t, exitOK, o.status, o.stderr)
}
