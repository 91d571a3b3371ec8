package nix

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// BuildRequest is one run of nix build. Nothing is linked and no lock file is written: where it would have to change,
// the changed one is used for this run only.
type BuildRequest struct {
	Installables []string // such as path:/dir#attr
	// TraceNonce begins the text of every builtins.trace that is to come back: a random word, so that
	// nobody else's trace counts. "" keeps none. Trace nonce + " " + builtins.toJSON value: a string is
	// printed as it is by every Nix since 2.4, and JSON keeps it on a line.
	TraceNonce string
	// DryRun only evaluates: what is asked for is instantiated, and nothing is built or fetched.
	DryRun bool
}

// BuildReport is what a build showed, complete or not.
type BuildReport struct {
	Built      bool       // everything was built, or was there
	Traces     []string   // what follows the nonce and a blank, in the order of evaluation
	Mismatches []Mismatch // every one that Nix reported, in its order; also those that nobody asked for
	Plan       Plan       // of a dry run
}

// Build builds with --keep-going in one process. There is always a report, of as far as it came.
//
// The error is a *Failure. It is nil when everything was built, and also when mismatches are all that
// Nix complains of (Built is false then): they are what a caller with fake hashes asks for. Which of
// them count is the caller's to say, by DrvPath, Specified and Origin.
//
// Nix 2.8 to 2.22 report one mismatch only when several installables fail; the others come in the next
// run, without a second download. One derivation that needs all of them gets all reports at once.
func (r *Runner) Build(ctx context.Context, req BuildRequest) (*BuildReport, error) {
	args := append([]string{"build"}, baseArgs...)
	args = append(args, "--no-link", "--keep-going", "--no-eval-cache", "--json", keepLock)
	if req.DryRun {
		args = append(args, "--dry-run")
	}
	args = append(args, r.Args...)
	args = append(args, "--log-format", "internal-json", "--")
	args = append(args, req.Installables...)

	log := r.newLog(req.TraceNonce)
	log.progress(Activity{What: "evaluating", Text: "the flake"})
	stdout, failed, err := r.run(ctx, log, args...)
	report := &BuildReport{Built: !failed, Traces: log.traces, Mismatches: log.mismatches, Plan: log.plan.plan}
	if !failed && !json.Valid(stdout) {
		report.Built = false // an argument such as --version has Nix do something else
		return report, &Failure{
			Kind: BadArguments, Text: "nix printed unexpected output",
			Hint: hints[BadArguments],
		}
	}
	return report, err
}

// keepLock leaves the flake's lock file as it is.
const keepLock = "--no-write-lock-file"

// Eval returns the value of an installable as JSON. extra are arguments of nix eval, such as --apply f.
func (r *Runner) Eval(ctx context.Context, installable string, extra ...string) ([]byte, error) {
	args := append([]string{"eval"}, baseArgs...)
	args = append(args, "--json", "--no-eval-cache", keepLock)
	args = append(args, extra...)
	args = append(args, r.Args...)
	args = append(args, "--log-format", "internal-json", "--", installable)
	log := r.newLog("")
	log.progress(Activity{What: "evaluating", Text: "the flake"})
	return r.result(ctx, log, args...)
}

// maxAsked bounds a program that BuilderLog runs, in seconds and in bytes that it prints.
const (
	maxAskedTime   = "60"
	maxAskedOutput = "65536"
)

// BuilderLog builds a derivation, which was instantiated before, for what its builder prints, and returns the last
// lines. It is no failure when the builder ends well and leaves no output. No token is in the environment of
// Nix, for without a sandbox the builder may look there, nor what an impure evaluation may read: nothing is evaluated.
func (r *Runner) BuilderLog(ctx context.Context, derivation string) ([]string, error) {
	bare := *r
	bare.Token = ""
	bare.Env = withoutTokens(r.env())
	bare.Args = slices.DeleteFunc(slices.Clone(r.Args), func(arg string) bool { return arg == "--impure" })
	args := append([]string{"build"}, baseArgs...)
	args = append(args, "--no-link")
	args = append(args, bare.Args...)
	args = append(args, "--option", "timeout", maxAskedTime, "--option", "max-build-log-size", maxAskedOutput)
	args = append(args, "--log-format", "internal-json", "--", derivation)
	log := r.newLog("")
	_, failed, err := bare.run(ctx, log, args...)
	var f *Failure
	switch {
	case errors.As(err, &f) && f.Kind == MissingOutput:
		return f.Log, nil
	case failed && err == nil:
		err = r.redacted(classify(log.errors[0], log.buildLog))
	}
	if err != nil || len(log.order) == 0 {
		return nil, err
	}
	return log.buildLog(log.order[len(log.order)-1]), nil
}

// withoutTokens leaves access tokens out of the configuration in an environment.
func withoutTokens(env []string) []string {
	var kept []string
	for line := range strings.Lines(child.Getenv(env, "NIX_CONFIG")) {
		if !strings.Contains(line, "access-tokens") {
			kept = append(kept, line)
		}
	}
	return child.With(env, "NIX_CONFIG="+strings.Join(kept, ""))
}

// Prefetch downloads a file into the store and returns its sha256, as fetchurl promises it on any system.
func (r *Runner) Prefetch(ctx context.Context, url string) (nixhash.Hash, error) {
	log := r.newLog("")
	log.progress(Activity{What: "downloading", Text: r.secrets().Redact(url)})
	args := append([]string{"--type", "sha256"}, r.Args...)
	out, failed, err := r.runProgram(ctx, "nix-prefetch-url", log, append(args, "--", url)...)
	if failed && err == nil {
		err = r.redacted(classify(log.errors[0], log.buildLog))
	}
	if err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.Parse(string(bytes.TrimSpace(out)), "sha256")
}

// result is run for commands that report no mismatches of their own: one is a failure.
func (r *Runner) result(ctx context.Context, log *logReader, args ...string) ([]byte, error) {
	stdout, failed, err := r.run(ctx, log, args...)
	if failed && err == nil {
		f := classify(log.errors[0], log.buildLog)
		err = r.redacted(f)
	}
	return bytes.TrimSpace(stdout), err
}

// UpdateLock locks one input of the flake in dir anew and writes its flake.lock; the other inputs stay
// as they are. The folder is the caller's copy, never the user's tree.
func (r *Runner) UpdateLock(ctx context.Context, dir, input string) error {
	text, err := r.version(ctx)
	if err != nil {
		return err
	}
	flake := "path:" + dir
	forms := [][]string{ // before 2.19 and since
		{"flake", "lock", "--update-input", input, flake},
		{"flake", "update", input, "--flake", flake},
	}
	if version, ok := parseVersion(text); ok && version.atLeast(2, 19) {
		slices.Reverse(forms)
	}
	err = r.lock(ctx, input, forms[0])
	var f *Failure
	if errors.As(err, &f) && f.Kind == BadArguments && r.lock(ctx, input, forms[1]) == nil {
		return nil // a relative of Nix that counts its versions in another way
	}
	return err
}

func (r *Runner) lock(ctx context.Context, input string, args []string) error {
	args = append(args, baseArgs...)
	args = append(args, r.Args...)
	args = append(args, "--log-format", "internal-json")
	log := r.newLog("")
	log.progress(Activity{What: "fetching", Text: "the flake input " + input})
	_, err := r.result(ctx, log, args...)
	return err
}
