package bump

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/propose"
)

// run is what one run carries through all stages.
type run struct {
	opts     Options
	secrets  diag.Secrets
	pkg      *pin.Package
	remote   propose.Remote
	start    time.Time
	stage    string // of the last event
	warnings []string
	goLines  decide.GoLines
}

// newRun fills in the defaults and refuses options that contradict each other.
func newRun(o Options) (*run, error) {
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
	r := &run{
		opts: o, secrets: diag.SecretsOf(o.Env), pkg: &pin.Ollama, start: time.Now(), stage: "pin",
		goLines: decide.GoLines{},
	}
	r.remote = propose.Remote{
		Repo: o.Repo, APIURL: o.APIURL, UpstreamAPIURL: o.UpstreamAPIURL, Env: o.Env,
		UserAgent: "ollama-bump/" + o.Version, MaxWait: o.MaxWait,
		Log: func(line string) { r.say(Step, "github", "%s", line) },
	}
	return r, nil
}

// newResult returns the result of a run that found nothing yet.
func newResult() Result { return Result{Schema: 1, Files: []FileChange{}} }

// say tells whoever watches what happens.
func (r *run) say(kind EventKind, stage, format string, args ...any) {
	r.send(Event{Stage: stage, Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// send sends an event, with its text made harmless.
func (r *run) send(e Event) {
	r.stage = e.Stage
	if r.opts.Progress == nil {
		return
	}
	e.Text, e.Elapsed = diag.Line(r.secrets.Redact(e.Text)), time.Since(r.start)
	r.opts.Progress(e)
}

// warn sends a warning and keeps it for the result.
func (r *run) warn(stage, format string, args ...any) {
	text := diag.Line(r.secrets.Redact(fmt.Sprintf(format, args...)))
	r.warnings = append(r.warnings, text)
	r.say(Warning, stage, "%s", text)
}

// logFor returns say for the packages below: it keeps warnings.
func (r *run) logFor(stage string) func(EventKind, string, ...any) {
	return func(kind EventKind, format string, args ...any) {
		if kind == Warning {
			r.warn(stage, format, args...)
			return
		}
		r.say(kind, stage, format, args...)
	}
}

// timedOut says of an error that the whole run took too long, where it did, and in which stage it was.
func (r *run) timedOut(ctx context.Context, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return &Error{
		Text: fmt.Sprintf("%s: timed out after %s", r.stage, r.opts.Timeout),
		Hint: "raise Options.Timeout", Err: err,
	}
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

// redacted returns a result without the run's secrets, which other people's text and the flake's own
// files may hold.
func (r *run) redacted(res Result) Result {
	hide := r.secrets.Exact
	res.Reason = r.secrets.Redact(res.Reason)
	res.Diff, res.Title, res.Body = hide(res.Diff), hide(res.Title), hide(res.Body)
	for i := range res.Warnings {
		res.Warnings[i] = r.secrets.Redact(res.Warnings[i])
	}
	for i := range res.Verified {
		res.Verified[i].Attr = hide(res.Verified[i].Attr)
	}
	for i := range res.Files {
		for k := range res.Files[i].Edits {
			e := &res.Files[i].Edits[k]
			e.Old, e.New = hide(e.Old), hide(e.New)
		}
	}
	return res
}

// redactedError returns err with no secret in what it says.
func (r *run) redactedError(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Text, e.Hint = r.secrets.Redact(e.Text), r.secrets.Redact(e.Hint)
	}
	return err
}
