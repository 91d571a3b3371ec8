package nix

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/child"
)

const canary = "ghp_C4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4ry"

func TestTokenGoesToNixInItsConfigurationOnly(t *testing.T) {
	dir := t.TempDir()
	r := fakeNix(t, `printf '%s\n' "$@" > `+dir+`/args; printf '%s' "$NIX_CONFIG" > `+dir+`/config
    echo "error: cannot reach https://`+canary+`@github.com/a/b and https://u:`+canary+`@x.org" >&2; exit 1`)
	r.Env = append(r.Env, "NIX_CONFIG=cores = 1")
	r.Token = canary
	r.Args = []string{"--max-jobs", "0"}
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{"path:/x#y"}})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), canary)
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	assert.NotContains(t, string(args), canary)
	assert.Contains(t, string(args), "--max-jobs\n0\n")
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	require.NoError(t, err)
	assert.Equal(t, "cores = 1\nextra-access-tokens = github.com="+canary+"\n", string(config))
}

// An evaluation that may read variables reads no token.
func TestImpureEvaluationGetsNoToken(t *testing.T) {
	dir := t.TempDir()
	r := fakeNix(t, `env > `+dir+`/env; exit 1`)
	r.Token = canary
	r.Args = []string{"--impure"}
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{"path:/x#y"}})
	require.Error(t, err)
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	require.NoError(t, err)
	assert.Contains(t, string(env), "GIT_TERMINAL_PROMPT=0\n")
	assert.NotContains(t, string(env), canary)
}

// accessTokens asks Nix which tokens it would use.
func accessTokens(t *testing.T, r *Runner) string {
	program, err := child.Look(r.env(), "nix")
	require.NoError(t, err)
	text, err := r.version(t.Context())
	require.NoError(t, err)
	args := []string{"--extra-experimental-features", "nix-command", "show-config"}
	if v, _ := parseVersion(text); v.atLeast(2, 20) {
		args = []string{"--extra-experimental-features", "nix-command", "config", "show"}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = r.environment()
	out, err := cmd.Output()
	require.NoError(t, err)
	for line := range strings.SplitSeq(string(out), "\n") {
		if tokens, ok := strings.CutPrefix(line, "access-tokens = "); ok {
			return strings.TrimSpace(tokens)
		}
	}
	return ""
}

func TestTokenNeverReplacesTheUsers(t *testing.T) {
	for _, test := range []struct{ what, conf, variable, host, want string }{
		{"none set", "", "", "", "github.com=" + canary},
		{"another host in nix.conf", "access-tokens = example.org=theirs", "", "", "example.org=theirs github.com=" +
			canary},
		{"the host in nix.conf", "access-tokens = github.com=theirs", "", "", "github.com=theirs"},
		{"the host in NIX_CONFIG", "", "access-tokens = github.com=theirs", "", "github.com=theirs"},
		{
			"another host in NIX_CONFIG", "", "access-tokens = example.org=theirs\n\n", "",
			"example.org=theirs github.com=" + canary,
		},
		{"both", "access-tokens = a.org=1", "extra-access-tokens = github.com=theirs", "", "a.org=1 github.com=theirs"},
		{
			"a server of one's own", "access-tokens = github.com=theirs", "", "ghe.example.org",
			"ghe.example.org=" + canary + " github.com=theirs",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			r, dir := testRunner(t)
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "etc"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "etc", "nix.conf"), []byte(test.conf+"\n"), 0o644))
			if test.variable != "" {
				r.Env = append(r.Env, "NIX_CONFIG="+child.Getenv(r.Env, "NIX_CONFIG")+test.variable)
			}
			r.Token, r.TokenHost = canary, test.host
			assert.Equal(t, test.want, accessTokens(t, r))
		})
	}
}

func TestEnvironmentIsPassedOn(t *testing.T) {
	r := &Runner{Env: []string{
		"PATH=/bin", "HTTPS_PROXY=http://proxy:3128", "NO_COLOR=", "NIX_GET_COMPLETIONS=1",
		"TERM=xterm",
	}}
	env := r.environment()
	assert.Subset(t, env, []string{
		"PATH=/bin", "HTTPS_PROXY=http://proxy:3128", "NO_COLOR=1", "TERM=dumb",
		"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_KEY_0=core.hooksPath", "GIT_CONFIG_VALUE_0=/dev/null",
	})
	for _, entry := range env {
		assert.NotContains(t, entry, "NIX_GET_COMPLETIONS")
		assert.NotContains(t, entry, "NIX_CONFIG")
	}
	r.Token = "two\nlines = evil"
	assert.Empty(t, child.Getenv(r.environment(), "NIX_CONFIG"))
}

func TestNoNix(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "nix"), 0o755)) // a folder is no program
	for what, path := range map[string]string{"empty": "", "without nix": "/nonexistent:" + dir, "relative": "."} {
		t.Run(what, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("nix", []byte("#!/bin/sh\necho hijacked\n"), 0o755))
			r := &Runner{Env: []string{"PATH=" + path}}
			_, err := r.version(t.Context())
			var f *Failure
			require.ErrorAs(t, err, &f)
			assert.Equal(t, NotInstalled, f.Kind)
			assert.Contains(t, f.Hint, "install Nix")
		})
	}
}

func TestNixTooOldOrBroken(t *testing.T) {
	for _, test := range []struct {
		what, script string
		kind         Kind
		message      string
	}{
		{"2.3", `echo "error: unrecognised flag '--log-format'" >&2; echo "Try 'nix --help' for more information." ` +
			`>&2; exit 1`, TooOld, "nix: unrecognised flag '--log-format'"},
		{
			"flakes off", `echo "error: experimental Nix feature 'flakes' is disabled; ` +
				`use '--extra-experimental-features flakes' to override" >&2; exit 1`, NoFlakes,
			"nix: experimental Nix feature 'flakes' is disabled",
		},
		{"no words", `exit 7`, Other, "nix: exit status 7"},
		{
			"words that are none of Nix's", `echo 'nix: error while loading shared libraries: libnixmain.so' >&2; ` +
				`exit 127`, Other, "nix: exit status 127: nix: error while loading shared libraries: libnixmain.so",
		},
		{"no store", `echo "error: cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection ` +
			`refused" >&2; exit 1`, StoreUnavailable, "nix: cannot connect to socket"},
		{
			"no space", `echo "error: writing to file: No space left on device" >&2; exit 1`, NoSpace,
			"nix: writing to file: No space left on device",
		},
		{
			"rate limit", `echo "error: unable to download 'https://api.github.com/repos/a/b': HTTP error 403

       response body:

       {\"message\":\"API rate limit exceeded for 1.2.3.4\"}" >&2; exit 1`, Fetch,
			"nix: unable to download 'https://api.github.com/repos/a/b': HTTP error 403",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			_, err := fakeNix(t, test.script).Build(t.Context(), BuildRequest{Installables: []string{"x"}})
			var f *Failure
			require.ErrorAs(t, err, &f)
			assert.Equal(t, test.kind.String(), f.Kind.String())
			assert.True(t, strings.HasPrefix(err.Error(), test.message), err.Error())
		})
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]versionNumber{
		"nix (Nix) 2.8.0": {2, 8}, "nix (Lix, like Nix) 2.91.1": {2, 91}, "nix (Determinate Nix 3.5.1) 2.29.0": {2, 29},
		"nix (Nix) 2.4pre20210126_f15f0b8": {2, 4},
	} {
		v, ok := parseVersion(text)
		assert.True(t, ok)
		assert.Equal(t, want, v)
	}
	_, ok := parseVersion("guix 1.4")
	assert.False(t, ok)
	assert.True(t, versionNumber{3, 0}.atLeast(2, 19))
	assert.False(t, versionNumber{2, 18}.atLeast(2, 19))

	r, _ := testRunner(t)
	text, err := r.version(t.Context())
	require.NoError(t, err)
	v, ok := parseVersion(text)
	assert.True(t, ok && v.atLeast(2, 4), text)
}

// lockText is the lock file of the flake in dir.
func lockText(t *testing.T, dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "flake.lock"))
	require.NoError(t, err)
	return string(text)
}

func TestUpdateLockMovesOneInput(t *testing.T) {
	r, dir := testRunner(t)
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "flake.nix"), []byte(text), 0o644))
	}
	write("one", `{ outputs = _: { value = 1; }; }`)
	write("two", `{ outputs = _: { value = 1; }; }`)
	write("top", `{ inputs.one.url = "path:`+dir+`/one"; inputs.two.url = "path:`+dir+`/two"; outputs = { one, two, `+
		`... }: { sum = one.value * 10 + two.value; }; }`)
	top := filepath.Join(dir, "top")
	sum := func() string {
		out, err := r.Eval(t.Context(), "path:"+top+"#sum")
		require.NoError(t, err)
		return string(out)
	}
	require.NoError(t, r.UpdateLock(t.Context(), top, "one"))
	before := lockText(t, top)
	write("one", `{ outputs = _: { value = 2; }; }`)
	write("two", `{ outputs = _: { value = 3; }; }`)
	require.NoError(t, r.UpdateLock(t.Context(), top, "one"))
	assert.NotEqual(t, before, lockText(t, top))
	assert.Equal(t, "21", sum(), "one moved, and two did not")

	require.NoError(t, os.Remove(filepath.Join(top, "flake.lock")))
	assert.Equal(t, "23", sum())
	assert.NoFileExists(t, filepath.Join(top, "flake.lock"), "an evaluation wrote a lock")
}

// Nix quotes a line that it cannot read, with the token in it, and nobody but Nix reads nix.conf.
func TestMistypedTokensAreNotQuoted(t *testing.T) {
	needNix(t)
	for _, line := range []string{
		"acess-tokens github.com=0paqueT0ken", "access-tokens=github.com=0paqueT0ken", "access-tokens " +
			"github.com=PAT:0paqueT0ken",
	} {
		for _, file := range []bool{true, false} {
			r := &Runner{Env: os.Environ()}
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "nix.conf"), []byte(line+"\n"), 0o600))
			if file {
				r.Env = append(r.Env, "NIX_CONF_DIR="+dir)
			} else {
				r.Env = append(r.Env, "NIX_CONFIG="+line)
			}
			_, err := r.Eval(t.Context(), "path:"+dir+"#x")
			require.Error(t, err)
			assert.Contains(t, err.Error(), "configuration line")
			assert.NotContains(t, err.Error(), "0paqueT0ken")
		}
	}
}
