package bump

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// settled reports whether there is nothing to work out: no pin is due, nothing is to change, or the remote side has
// the proposal. What cannot be replaced is refused before any work is done for it.
func (r *run) settled(ctx context.Context, f *flake, at *start, w work, res *Result) (bool, error) {
	switch {
	case len(w.plan.Pins) == 0:
		res.Status = Current
		return true, nil
	case r.opts.Mode == Check:
		res.Status = Available
		return true, nil
	case r.opts.Mode == Write:
		return false, writable(f, w.plan)
	case r.opts.Mode == Propose:
		return r.standing(ctx, f, at, w, res)
	}
	return false, nil
}

// standing asks the remote side, before any Nix runs, whether there is anything left to propose.
func (r *run) standing(ctx context.Context, f *flake, at *start, w work, res *Result) (settled bool, err error) {
	p, err := r.proposal(ctx, f, w, res)
	if err != nil {
		return false, err
	}
	c, err := r.target()
	if err != nil {
		return false, err
	}
	for _, name := range w.files() {
		src, err := f.tree.Read(ctx, name)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", name, err)
		}
		p.Files = append(p.Files, github.File{Path: name, Old: src})
	}
	st, err := c.Standing(ctx, p)
	if err != nil {
		return false, fmt.Errorf("propose to %s/%s: %w", p.Owner, p.Repo, inScope(err))
	}
	if st.Rights != nil {
		return false, st.Rights
	}
	// What is proposed already is settled, unless the hashes are wanted anew.
	out, done := st.Final()
	if !done || r.opts.Force && st.State == github.Ours {
		return false, r.fromBase(ctx, f, at, c, p, st.Base, st.Commit)
	}
	r.outcome(out, res)
	return true, nil
}

// files returns the names of the files that the pins to move stand in, and of those that change.
func (w work) files() []string {
	var files []string
	for _, p := range w.plan.Pins {
		files = append(files, p.File)
	}
	for _, c := range w.changes {
		files = append(files, c.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}
