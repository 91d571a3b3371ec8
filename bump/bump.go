// Package bump keeps the ollama that a Nix flake pins in step with ollama's releases.
//
// Run is one bump from beginning to end. The stages are packages below bump/internal: open, decide, resolve, verify,
// unpin, text, and replace or propose. Here they are called in their order, and what they say becomes a Result. The
// user's files change last, and all at once.
package bump

import (
	"context"

	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// Run does one bump. The error is a *UsageError for options that contradict each other; an *Error
// says where and what to do. The result is filled as far as the run came.
func Run(ctx context.Context, o Options) (Result, error) {
	r, err := newRun(o)
	if err != nil {
		return newResult(), err
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	at := &start{}
	defer func() { at.base.Close() }()
	for {
		res := newResult()
		err := r.bump(ctx, at, &res)
		if r.startOver(at, err) { // from the base branch, or for an older Go
			continue
		}
		res.Warnings = r.warnings
		return r.redacted(res), r.redactedError(at.base.About(withHint(r.timedOut(ctx, err))))
	}
}

// bump calls the stages, in order, from where at says.
func (r *run) bump(ctx context.Context, at *start, res *Result) error {
	f, err := r.open(ctx, at)
	if err != nil {
		return err
	}
	defer f.close()
	sel, err := r.selectRelease(ctx, f, at.evaluated)
	if err != nil {
		return err
	}
	res.selected(sel)
	plan, err := r.plan(ctx, f, sel, res)
	if err != nil {
		return err
	}
	b := r.newBench(f) // the first question opens it
	defer b.close()
	if done, err := r.unpin(ctx, b, at, sel, plan, res); done || err != nil {
		return err
	}
	r.warnUnfixed(sel) // a removal may fix it
	if done, err := r.settled(ctx, f, at, work{plan: plan, to: sel.Release.Version}, res); done || err != nil {
		return err
	}
	found, err := r.resolve(ctx, b, sel, plan, at.evaluated)
	res.resolved(found, &sel.Decision)
	if err != nil {
		return err
	}
	proof, effect, err := r.verify(ctx, b, found.Solution)
	if err != nil {
		return err
	}
	res.Verified = verifiedOf(proof)
	w := work{plan: plan, to: found.release.Version}
	if w.changes, err = b.Changes(ctx, found.State); err != nil {
		return err
	}
	rep := text.Report{Decision: sel.Decision, Proof: proof, Effect: effect}
	if w.texts, err = r.texts(ctx, f, found, w.changes, &rep, res); err != nil {
		return err
	}
	return r.deliver(ctx, b, at, w, res)
}
