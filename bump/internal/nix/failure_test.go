package nix

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/child"
)

// Every kind of failure that can be brought about here, with real Nix: what a caller branches on and
// what a user reads.
func TestFailuresOfRealNix(t *testing.T) {
	for _, test := range []struct {
		what, outputs, attr string
		args                []string
		kind                Kind
		words               string // the error holds them
		position            string // its end; "" for none
		hint                string
	}{
		{"attribute", `{ }`, "nope", nil, MissingAttribute, "does not provide attribute " +
			"'packages.x86_64-linux.nope', 'legacyPackages.x86_64-linux.nope' or 'nope'", "", "Options.Attr"},
		{
			"nested attribute", `{ a = { }.b; }`, "a", nil, MissingAttribute, "attribute 'b' missing", "flake.nix:8:",
			"Options.Attr",
		},
		{"throw", `{ a = throw "no\nluck"; }`, "a", nil, Eval, "no luck", "", "nix flake show"},
		{"syntax", `{ a = ; }`, "a", nil, Eval, "syntax error, unexpected ';'", "flake.nix:8:", ""},
		{
			"recursion", `{ a = let x = x + 1; in x; }`, "a", nil, Eval, "infinite recursion encountered",
			"flake.nix:8:", "",
		},
		{"wrong type", `{ a = 1 + { }; }`, "a", nil, Eval, "a set", "flake.nix:8:", ""},
		{
			"no such file", `{ a = import ./absent.nix; }`, "a", nil, MissingFile, "absent.nix", "",
			"git add absent.nix: ",
		},
		{
			"vendor empty", `{ a = fod "m-go-modules" "` + fakeOne + `" "echo \"vendor folder is empty, please set ` +
				`'vendorHash = null;' in your expression\"; exit 10"; }`, "a", nil, VendorEmpty,
			"exit code 10: vendor folder is empty, please set 'vendorHash = null;'", "", "vendorHash = null",
		},
		{
			"vendor exists", `{ a = fod "m-go-modules" "` + fakeOne + `" "echo \"vendor folder exists, please set ` +
				`'vendorHash = null;' in your expression\"; exit 10"; }`, "a", nil, VendorExists,
			"vendor folder exists", "", "vendorHash = null",
		},
		{
			"builder", `{ a = fod "x" "` + fakeOne + `" "printf 'a\\033[1mb\\007\\n'; exit 3"; }`, "a", nil, Builder,
			"exit code 3: ab", "", "nix log /",
		},
		{"file of a server", `{ a = import <nix/fetchurl.nix> { url = "file:///nonexistent/x"; hash = "` + fakeOne +
			`"; }; }`, "a", nil, Fetch, "unable to download 'file:///nonexistent/x'", "", "network"},
		{
			"no host", `{ a = import <nix/fetchurl.nix> { url = "http://no-such-host.invalid/x"; hash = "` + fakeOne +
				`"; }; }`, "a",
			[]string{"--option", "download-attempts", "1"},
			Fetch, "no-such-host.invalid", "", "network",
		},
		{
			"hash spelled wrong", `{ a = fod "x" "sha256-AAAA" "true"; }`, "a", nil, HashInvalid,
			"invalid SRI hash 'AAAA'", "", "lib.fakeHash",
		},
		{
			"other system", `{ a = run "x" "true" { system = "mips-plan9"; }; }`, "a", nil, WrongSystem, "mips-plan9",
			"", "--builders",
		},
		{
			"no output", `{ a = fod "x" "` + fakeOne + `" "true"; }`, "a", nil, MissingOutput,
			"failed to produce output path", "", "",
		},
		{
			"too slow", `{ a = fod "x" "` + fakeOne + `" "sleep 20"; }`, "a",
			[]string{"--timeout", "1"},
			BuildTimeout,
			"timed out after 1 seconds", "", "timeout",
		},
		{
			"wrong argument", `{ a = 1; }`, "a",
			[]string{"--no-such-flag"},
			BadArguments, "--no-such-flag", "",
			"Options.NixArgs",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			r, dir := testRunner(t)
			r.Args = test.args
			_, err := r.Build(t.Context(),
				BuildRequest{Installables: []string{writeFlake(t, dir, test.outputs) + "#" + test.attr}})
			var f *Failure
			require.ErrorAs(t, err, &f)
			assert.Equal(t, test.kind.String(), f.Kind.String(), f.Text)
			assert.Contains(t, err.Error(), test.words)
			assert.NotRegexp(t, "[\x00-\x1f]", err.Error())
			assert.NotContains(t, err.Error(), dir+"/store", "a store path")
			assert.Contains(t, f.Hint, test.hint)
			if test.position != "" {
				require.NotEmpty(t, f.Positions, f.Text)
				assert.Contains(t, f.Positions[0].String(), "-source/"+test.position)
			}
		})
	}
}

func TestStoreThatCannotBeWritten(t *testing.T) {
	r, dir := testRunner(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	r.Env = child.With(r.Env, "NIX_STORE_DIR="+file+"/store", "NIX_STATE_DIR="+file+"/var")
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{writeFlake(t, dir, `{ a = 1; }`) + "#a"}})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, StoreUnavailable.String(), f.Kind.String(), f.Text)
	assert.NotEmpty(t, f.Hint)
}

// A failure stands beside the mismatches that were found before it.
func TestMismatchBesideAFailure(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir, `rec { good = fod "good" "`+fakeOne+`" "echo > $out"; bad = fod "bad" "`+fakeTwo+
		`" "exit 3"; both = run "both" "true" { inherit good bad; }; }`)
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url + "#both"}})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, Builder, f.Kind)
	assert.Equal(t, "bad", derivationName(f.Derivation))
	require.Len(t, report.Mismatches, 1)
	assert.Equal(t, fakeOne, report.Mismatches[0].Specified.SRI())
}

// A flake's nixConfig is not accepted, and evaluation is pure.
func TestFlakeCannotConfigureNixNorReadTheEnvironment(t *testing.T) {
	r, dir := testRunner(t)
	r.Env = append(r.Env, "GITHUB_TOKEN="+canary)
	url := writeFlake(t, dir, `{ env = builtins.getEnv "GITHUB_TOKEN"; }`)
	flake := filepath.Join(dir, "flake", "flake.nix")
	text, err := os.ReadFile(flake)
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), "{\n", "{\n  nixConfig.post-build-hook = \"/bin/touch "+dir+
		"/hooked\";\n", 1))
	require.NoError(t, os.WriteFile(flake, text, 0o644))
	out, err := r.Eval(t.Context(), url+"#env")
	require.NoError(t, err)
	assert.Equal(t, `""`, string(out))
	_, err = r.Build(t.Context(), BuildRequest{Installables: []string{url + "#env"}})
	require.Error(t, err)
	assert.NoFileExists(t, filepath.Join(dir, "hooked"))
}

func TestProgress(t *testing.T) {
	r, dir := testRunner(t)
	var seen []string
	r.Progress = func(a Activity) { seen = append(seen, string(a.What)+" "+a.Text) }
	url := writeFlake(t, dir,
		`{ a = fod "src" "`+fakeOne+`" "for i in 1 2 3; do echo step $i; sleep 0.15; done; echo > $out"; }`)
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{url + "#a"}})
	require.NoError(t, err)
	assert.Equal(t, "evaluating the flake", seen[0])
	assert.Regexp(t, "^running nix build .*'nix-command flakes' .* "+regexp.QuoteMeta(url)+"#a$", seen[1])
	assert.Contains(t, seen, "building src")
	assert.Contains(t, seen, "building src: step 3")
	for i := 1; i <= 3; i++ { // every line once, however fast they come
		assert.Equal(t, 1, strings.Count(strings.Join(seen, "\n")+"\n", fmt.Sprintf("log src> step %d\n", i)))
	}
	assert.Less(t, len(seen), 20)
}

func TestProgressOfADownload(t *testing.T) {
	var last Activity
	log := newLogReader("", func(a Activity) { last = a })
	_, _ = log.Write([]byte(eventLine(t, map[string]any{
		"action": "start", "id": 3, "type": 101, "text": "downloading",
		"fields": []any{"https://example.org/a.tar.gz\x1b[2J"},
	})))
	log.shown = log.shown.Add(-throttle)
	_, _ = log.Write([]byte(eventLine(t,
		map[string]any{"action": "result", "id": 3, "type": 105, "fields": []any{512, 2048, 0, 0}})))
	assert.Equal(t, Activity{What: "downloading", Text: "https://example.org/a.tar.gz", Done: 512, Total: 2048}, last)
}

func TestEveryKindHasAName(t *testing.T) {
	names := map[string]bool{}
	for kind := range numKinds {
		assert.NotEmpty(t, kind.String())
		names[kind.String()] = true
	}
	assert.Len(t, names, int(numKinds))
}

// A machine that starts no more programs has a Nix all the same.
func TestNixThatDoesNotStart(t *testing.T) {
	for err, kind := range map[error]Kind{
		syscall.EAGAIN: NotStarted, syscall.EMFILE: NotStarted, syscall.ENOMEM: NotStarted,
		syscall.ENOENT: NotInstalled, syscall.ENOEXEC: NotInstalled,
	} {
		f := notStarted(&fs.PathError{Op: "fork/exec", Path: "/bin/nix", Err: err})
		assert.Equal(t, kind.String(), f.Kind.String())
		assert.Equal(t, kind == NotInstalled, strings.Contains(f.Hint, "install Nix"))
	}
}

// Nix 2.34 names the line and column behind an event's file once more, and an empty line of the excerpt.
func TestPlaceNamedTwice(t *testing.T) {
	text := "error:\n       … while evaluating\n          120|\n       error: attribute 'nope' missing\n          " +
		"120|\n"
	f := classify(message{
		text: text, own: true,
		at: Position{
			"/nix/store/00000000000000000000000000000000-source/flake.nix:121:42", 121,
			42,
		},
	}, func(string) []string { return nil })
	assert.Equal(t, []Position{{"/nix/store/00000000000000000000000000000000-source/flake.nix", 121, 42}}, f.Positions)
	assert.Equal(t, "attribute 'nope' missing", f.Text)
}
