// Package bump keeps the ollama that a Nix flake pins in step with ollama's releases.
//
// Run is one bump from beginning to end. Each stage has a file, in the order in which they run:
// tree and pin (what is pinned, and where), release (what there is), candidate (a throw-away copy
// with the new version), hash (the fakeHash-then-build trick, which also proves that the edits take
// effect), verify, write or propose, report. The user's files change last, and all at once.
package bump

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// Run does one bump. The error is a *UsageError for options that contradict each other; an *Error
// says where and what to do. The result is filled as far as the run came.
func Run(ctx context.Context, o Options) (Result, error) {
	j, err := newJob(o)
	if err != nil {
		return Result{Schema: 1, Files: []FileChange{}}, err
	}
	ctx, cancel := context.WithTimeout(ctx, j.opts.Timeout)
	defer cancel()
	for {
		err = j.run(ctx)
		j.unlock()
		if j.ws != nil {
			j.ws.Close()
		}
		var other *rebase
		var lower *tooNew
		switch {
		case errors.As(err, &other):
			defer other.ws.Close()
			j = j.startOver(other)
			continue
		case errors.As(err, &lower):
			j = j.aimLower(lower)
			continue
		}
		break
	}
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = &Error{
			Text: fmt.Sprintf("timed out after %s", j.opts.Timeout),
			Hint: "raise Options.Timeout", Err: err,
		}
	}
	return j.redacted(), j.redactedError(j.aboutBase(withHint(err)))
}

// run calls the stages.
func (j *job) run(ctx context.Context) error {
	if err := j.findPins(ctx); err != nil {
		return err
	}
	if err := j.findRelease(ctx); err != nil {
		return err
	}
	if j.opts.Unpin {
		if done, err := j.unpin(ctx); done || err != nil {
			return err
		}
	}
	if len(j.plan.Pins) == 0 {
		j.result.Status = Current
		return nil
	}
	if j.opts.Mode == Check {
		j.result.Status = Available
		return nil
	}
	if j.opts.Mode == Write {
		if err := j.writable(); err != nil {
			return err
		}
	}
	if settled, err := j.standing(ctx); settled || err != nil {
		return err
	}
	if err := j.findHashes(ctx); err != nil {
		return err
	}
	if err := j.verify(ctx); err != nil {
		return err
	}
	if err := j.report(ctx); err != nil {
		return err
	}
	switch {
	case len(j.changed) == 0:
		j.result.Status = Current
		return nil
	case j.opts.Mode == DryRun:
		j.result.Status = Available
		return nil
	case j.opts.Mode == Write:
		return j.write(ctx, j.ws)
	}
	return j.propose(ctx)
}

// job is one run: the options, and what each stage found.
type job struct {
	opts    Options
	secrets diag.Secrets
	pkg     *pin.Package
	start   time.Time
	stage   string // that runs Nix
	result  Result
	unlock  func() // gives the tree back to other runs

	tree    *tree.Set
	base    base
	files   *pin.Files
	found   *pin.Found
	rel     *release.Release
	plan    pin.Plan
	ws      *workspace.Workspace // nil until something is evaluated
	runner  *nix.Runner
	bench   *probe.Bench
	hashes  *resolve.Solution
	rep     text.Report
	message string // of the commit
	changed []tree.Change

	toolchain toolchain
	states    []PinInfo
	goLines   map[version.Version]string // the Go that releases need, as far as it was asked for
	removal   version.Version            // of nixpkgs' own package, when the pin is removed; else ""
}

// newJob fills in the defaults and refuses options that contradict each other.
func newJob(o Options) (*job, error) {
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Verify == "" {
		o.Verify = VerifyHashes
	}
	if o.UpstreamAPIURL == "" {
		o.UpstreamAPIURL = child.Getenv(o.Env, "OLLAMA_BUMP_UPSTREAM_API_URL")
	}
	if o.APIURL == "" {
		o.APIURL = child.Getenv(o.Env, "GITHUB_API_URL")
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &job{
		opts: o, secrets: diag.SecretsOf(o.Env), pkg: &pin.Ollama, start: time.Now(), unlock: func() {},
		result: Result{Schema: 1, Files: []FileChange{}}, goLines: map[version.Version]string{},
	}, nil
}

// say tells whoever watches what happens.
func (j *job) say(kind EventKind, stage, format string, args ...any) {
	j.send(Event{Stage: stage, Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// send sends an event, with its text made harmless.
func (j *job) send(e Event) {
	if j.opts.Progress == nil {
		return
	}
	e.Text, e.Elapsed = diag.Line(j.secrets.Redact(e.Text)), time.Since(j.start)
	j.opts.Progress(e)
}

// warn tells it, and puts it into the result.
func (j *job) warn(stage, format string, args ...any) {
	text := diag.Line(j.secrets.Redact(fmt.Sprintf(format, args...)))
	j.result.Warnings = append(j.result.Warnings, text)
	j.say(Warning, stage, "%s", text)
}

// hinted is an error of a package below that knows what to do.
type hinted interface{ Hint() string }

// withHint makes an *Error of any error, with what it says there is to do.
func withHint(err error) error {
	var ours *Error
	var usage *UsageError
	if err == nil || errors.As(err, &ours) || errors.As(err, &usage) {
		return err
	}
	e := &Error{Text: diag.Line(err.Error()), Err: err}
	var h hinted
	if errors.As(err, &h) {
		e.Hint = h.Hint()
	}
	return e
}
