package bump

import (
	"context"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/propose"
	"github.com/nixtars/ollama-bump/bump/internal/replace"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// work is a bump that is to be carried out.
type work struct {
	plan    pin.Plan
	changes []source.Change
	to      version.Version
	texts   text.Texts

	removes bool           // the pins are removed, and to is what nixpkgs has without them
	shown   []probe.Output // that showed them
}

// settled reports whether there is nothing to work out: no pin is due, nothing is to change, or the remote side has
// the proposal. What cannot be replaced is refused before any work is done for it.
func (r *run) settled(ctx context.Context, f *flake, at *start, w work, res *Result) (bool, error) {
	switch {
	case len(w.plan.Pins) == 0:
		res.Status = Current
		return true, nil
	case r.opts.Mode == Check:
		if r.opts.Unproposed {
			return true, r.checkProposal(ctx, f, w, res)
		}
		res.Status = Available
		return true, nil
	case r.opts.Mode == Write:
		return false, writable(f, w.plan)
	case r.opts.Mode == Propose:
		return r.standing(ctx, f, at, w, res)
	}
	return false, nil
}

// checkProposal takes over how the remote side stands, when that leaves nothing to do. Where that cannot be known a
// bump will say why.
func (r *run) checkProposal(ctx context.Context, f *flake, w work, res *Result) error {
	out, err := r.job(f).Settled(ctx, r.proposal(f, w, res))
	if err != nil && ctx.Err() != nil {
		return err
	}
	res.Status = Available
	switch {
	case err != nil:
		r.say(Detail, "propose", "whether the release is proposed is not known: %v", err)
	case out != nil:
		r.outcome(*out, res)
	}
	return nil
}

// writable refuses files that cannot be replaced, before any work is done for them.
func writable(f *flake, plan pin.Plan) error {
	for _, p := range plan.Pins {
		if err := replace.Check(f.tree.Root, f.found.Files(p.Slots()...)); err != nil {
			return err
		}
	}
	return nil
}

// standing asks the remote side whether there is anything left to propose.
func (r *run) standing(ctx context.Context, f *flake, at *start, w work, res *Result) (done bool, err error) {
	out, base, err := r.job(f).Standing(ctx, at.base, r.proposal(f, w, res))
	if at.base = base; out == nil {
		return false, err
	}
	r.outcome(*out, res)
	return true, nil
}

// deliver does with the work what Options.Mode asks for.
func (r *run) deliver(ctx context.Context, b *bench, at *start, w work, res *Result) error {
	switch {
	case len(w.changes) == 0:
		res.Status = Current
	case r.opts.Mode == DryRun:
		res.Status = Available
	case r.opts.Mode == Write:
		if err := r.replace(ctx, b, w); err != nil {
			return err
		}
		res.Status = Bumped
	default:
		out, err := r.job(b.flake).Propose(ctx, at.base, r.proposal(b.flake, w, res))
		if out.Number != 0 || err == nil {
			r.outcome(out, res)
		}
		return err
	}
	return nil
}

// replace replaces the files in the tree, those that name the version last: as long as the old one is named somewhere,
// the next run finds the pin due and finishes.
func (r *run) replace(ctx context.Context, b *bench, w work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tree, gitDir := b.flake.tree, ""
	if tree.Repo != nil {
		gitDir, _ = tree.Repo.Dir(ctx) // there are other places
	}
	changes := replace.Last(w.changes, b.flake.found.VersionFiles(w.plan.Pins))
	if err := replace.Files(tree.Root, changes, replace.TempPatterns(tree.Root, gitDir, b.ws.Dir)); err != nil {
		return err
	}
	for _, c := range changes {
		r.say(Step, "write", "%s", c.File)
	}
	return nil
}

// job is the flake, and what the options say of its proposal.
func (r *run) job(f *flake) propose.Job {
	o := r.opts
	return propose.Job{
		Remote: r.remote, Package: r.pkg.Name, Tree: f.tree, Files: f.files, Say: r.send,
		Options: propose.Options{
			Base: o.Base, Branch: o.Branch, Folder: o.BranchFolder, Attr: o.Attr,
			Labels: o.Labels, Reviewers: o.Reviewers, Assignees: o.Assignees,
			Draft: o.Draft, AutoMerge: o.AutoMerge, Recreate: o.Recreate, Force: o.Force,
		},
	}
}

// proposal is the work as it is proposed. A merged pull request does not settle it when its hashes are to be repaired,
// or somebody asked for this very version.
func (r *run) proposal(f *flake, w work, res *Result) propose.Work {
	return propose.Work{
		OldVersion: res.OldVersion, Version: string(w.to), Removes: w.removes,
		Redo:     r.opts.Force || r.opts.To != "" || f.found.Repairs(w.plan),
		Security: len(res.Security) > 0, Pinned: pin.PinFiles(w.plan.Pins), Changes: w.changes, Texts: w.texts,
	}
}

// outcome takes over how a proposal ended.
func (r *run) outcome(out github.Outcome, res *Result) {
	res.Status, res.Reason = Status(out.Status), out.Reason
	if out.Number != 0 || out.URL != "" {
		res.PullRequest = &PullRequest{
			Number: out.Number, URL: out.URL, Branch: out.Branch,
			Operation: string(out.Operation),
		}
	}
	for _, w := range out.Warnings {
		r.warn("propose", "%s", w)
	}
	switch {
	case out.Reason != "":
		r.say(Step, "propose", "%s", out.Reason)
	case out.URL != "":
		r.say(Step, "propose", "%s %s", out.Operation, out.URL)
	}
}

// changed puts changes into the result.
func (res *Result) changed(changes []source.Change) {
	var diff strings.Builder
	for _, c := range changes {
		// a list in JSON
		res.Files = append(res.Files, FileChange{Path: c.File, Edits: slices.Concat([]Edit{}, c.Edits)})
		diff.WriteString(text.Diff(c.File, c.Old, c.New))
	}
	res.Diff = diff.String()
}
