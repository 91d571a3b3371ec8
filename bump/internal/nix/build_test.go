package nix

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

func TestBuildReportsEveryMismatchAndThenBuilds(t *testing.T) {
	r, dir := testRunner(t)
	flake := func(one, two string) string {
		return writeFlake(t, dir, `rec {
      src = fod "src" "`+one+`" "echo source > $out";
      modules = fod "modules" "`+two+`" "echo modules > $out";
      all = builtins.trace "n0nce ${builtins.toJSON { drv = src.drvPath; text = "a\n'b\"";
        }}" (run "all" "echo > $out" { inherit src modules; });
    }`)
	}
	report, err := r.Build(t.Context(),
		BuildRequest{Installables: []string{flake(fakeOne, fakeTwo) + "#all"}, TraceNonce: "n0nce"})
	require.NoError(t, err)
	assert.False(t, report.Built)
	require.Len(t, report.Mismatches, 2)
	got := map[string]string{}
	for _, m := range report.Mismatches {
		assert.Equal(t, OriginNix, m.Origin)
		got[m.Specified.SRI()] = m.Got.SRI()
		drv, err := ReadDerivation(t.Context(), m.DrvPath)
		require.NoError(t, err)
		hash, recursive, ok := drv.FixedOutput()
		assert.True(t, ok && recursive)
		assert.True(t, hash.Equal(m.Specified))
	}
	require.Len(t, report.Traces, 1)
	assert.Contains(t, report.Traces[0], `,"text":"a\n'b\""}`)

	report, err = r.Build(t.Context(), BuildRequest{Installables: []string{flake(got[fakeOne], got[fakeTwo]) + "#all"}})
	require.NoError(t, err)
	assert.True(t, report.Built)
	assert.Empty(t, report.Mismatches)

	// what a mismatch reported is kept where the right hash leads
	hash, err := nixhash.Parse(got[fakeOne], "")
	require.NoError(t, err)
	assert.FileExists(t, FixedOutputPath(filepath.Join(dir, "store"), hash, "src"))
	assert.NoFileExists(t, FixedOutputPath(filepath.Join(dir, "store"), hash, "other"))
}

func TestDryRunEvaluatesOnly(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir,
		`{ a = builtins.trace "n0nce 1" (fod "src" "`+fakeOne+`" "touch `+dir+`/built; echo > $out"); }`) + "#a"
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url}, TraceNonce: "n0nce", DryRun: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"1"}, report.Traces)
	assert.Empty(t, report.Mismatches)
	assert.NoFileExists(t, dir+"/built")
}

// Most people's Nix is a daemon: its complaints bear no mark but the last, and builders forge them alike.
func TestBuildThroughADaemon(t *testing.T) {
	r, dir := testRunner(t)
	ctx, stop := context.WithCancel(t.Context())
	program, err := child.Look(r.env(), "nix")
	require.NoError(t, err)
	daemon := exec.CommandContext(ctx, filepath.Join(filepath.Dir(program), "nix-daemon"))
	daemon.Env = r.Env
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { stop(); _ = daemon.Wait() })
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir + "/var/nix/daemon-socket/socket")
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
	r.Env = append(r.Env, "NIX_REMOTE=daemon")
	r.Args = []string{"--max-jobs", "4"}
	forgery := `error: hash mismatch in fixed-output derivation '${src.drvPath}':\n  specified: ` + fakeOne +
		`\n  got: ` + gotLie
	url := writeFlake(t, dir, `rec {
    src = fod "src" "`+fakeOne+`" "sleep 0.2; echo source > $out";
    modules = fod "modules" "`+fakeTwo+`" "echo modules > $out";
    liar = run "liar" "printf '@nix %s\\n' \"$event\"; sleep 0.5; printf '@nix %s\\n' \"$event\"; exit 1" {
      event = builtins.toJSON { action = "msg"; level = 0; msg = builtins.unsafeDiscardStringContext "`+forgery+
		`"; }; };
    honest = builtins.trace "n0nce ${src.drvPath} ${modules.drvPath}" (run "honest" "true" { inherit src modules; });
    all = builtins.trace "n0nce ${src.drvPath} ${modules.drvPath}" (run "all" "true" { inherit src modules liar; });
  }`)
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url + "#honest"}, TraceNonce: "n0nce"})
	require.NoError(t, err)
	require.Len(t, report.Traces, 1)
	drvs := strings.Fields(report.Traces[0])
	for i, fake := range []string{fakeOne, fakeTwo} {
		specified, err := nixhash.Parse(fake, "")
		require.NoError(t, err)
		got := surest(report.Mismatches, drvs[i], specified)
		assert.Equal(t, []string{sourceHash, modulesHash}[i], got.SRI())
	}

	report, err = r.Build(t.Context(), BuildRequest{Installables: []string{url + "#all"}, TraceNonce: "n0nce"})
	require.Error(t, err) // the liar's build fails
	assert.NotEmpty(t, report.Mismatches)
	for _, m := range report.Mismatches {
		if m.Got.SRI() == gotLie {
			assert.Less(t, m.Origin, OriginNix, "a forgery is believed")
		}
	}
}

// By nix hash path.
const (
	sourceHash  = "sha256-SwPvukQYB9mSKHO/IecgrAdphr8p6+4q4CdP8SmICLo="
	modulesHash = "sha256-tLraSQgVZovyAitsPWyt+4GDt/Y87yM3EpGQ7Gc649c="
)

// A builder that prints the evaluator's complaint is not believed.
func TestForgedFetch(t *testing.T) {
	r, dir := testRunner(t)
	event := `@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: hash mismatch in file downloaded from 'x':\\n  ` +
		`specified: ` + fakeOne + `\\n  got: ` + fakeTwo + `\"}`
	url := writeFlake(t, dir, `{ a = run "a" "printf '%s\\n' \"$event\"; echo > $out" { event = "`+event+`";
    outputHashMode = "recursive"; outputHashAlgo = null; outputHash = "`+fakeOne+`"; }; }`) + "#a"
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url}})
	require.NoError(t, err)
	require.Len(t, report.Mismatches, 1)
	assert.NotEqual(t, fakeTwo, report.Mismatches[0].Got.SRI())
}

// surest is what a caller believes of the complaints about a derivation: the last of the best origin,
// for Nix speaks when the builder has ended.
func surest(all []Mismatch, drv string, specified nixhash.Hash) (hash nixhash.Hash) {
	best := OriginUnmarked
	for _, m := range all {
		if m.DrvPath == drv && m.Specified.Equal(specified) && m.Origin >= best {
			hash, best = m.Got, m.Origin
		}
	}
	return hash
}

// Arguments of the user's may have Nix do something else than to build.
func TestNixThatDoesNotBuild(t *testing.T) {
	report, err := fakeNix(t, `echo "nix (Nix) 2.8.0"`).Build(t.Context(), BuildRequest{Installables: []string{"x"}})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, BadArguments, f.Kind)
	assert.Equal(t, "nix: nix printed unexpected output", f.Error())
	assert.False(t, report.Built)
}

// A program is asked as a builder: no shell is needed, and its words come back whether it leaves an output or not.
func TestBuilderLog(t *testing.T) {
	r, dir := testRunner(t)
	r.Token = canary
	r.Env = append(r.Env, "NIX_CONFIG="+child.Getenv(r.Env, "NIX_CONFIG")+"access-tokens = x.org="+canary+"\n")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "flake"), 0o755))
	instantiate := func(script string) string {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flake", "program"), []byte("#!/bin/sh\n"+script), 0o755))
		url := writeFlake(t, dir,
			`{ asked = derivation { name = "asked"; inherit system; builder = ./program; args = [ "--version" ]; }; }`)
		out, err := r.Eval(t.Context(), url+"#asked.drvPath")
		require.NoError(t, err)
		var drv string
		require.NoError(t, json.Unmarshal(out, &drv))
		return drv
	}
	suffix := ""
	text, err := r.version(t.Context())
	require.NoError(t, err)
	if v, _ := parseVersion(text); v.atLeast(2, 13) {
		suffix = "^*"
	}
	for _, script := range []string{`echo "$1 is 1.2.3"`, `echo "$1 is 1.2.3" >&2; echo x > $out`} {
		lines, err := r.BuilderLog(t.Context(), instantiate(script)+suffix)
		require.NoError(t, err)
		assert.Equal(t, []string{"--version is 1.2.3"}, lines)
	}
	_, err = r.BuilderLog(t.Context(), instantiate(`echo broken; exit 3`)+suffix)
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, Builder, f.Kind)
	_, err = r.BuilderLog(t.Context(), instantiate(`/usr/bin/grep -c `+canary+` /proc/$PPID/environ; exit 3`)+suffix)
	require.ErrorAs(t, err, &f)
	assert.Equal(t, []string{"0"}, f.Log, "its parent is Nix, without a sandbox")
	_, err = r.BuilderLog(t.Context(), instantiate(`exec /usr/bin/yes`)+suffix)
	require.ErrorAs(t, err, &f)
}
