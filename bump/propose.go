package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// branchPrefix begins the names of our branches.
const branchPrefix = "ollama-bump/"

// work is a bump that is to be carried out.
type work struct {
	plan    pin.Plan
	changes []source.Change
	to      version.Version
	message string // of the commit

	removes bool           // the pins are removed, and to is what nixpkgs has without them
	shown   []probe.Output // that showed them
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
		return r.propose(ctx, b.flake, at, w, res)
	}
	return nil
}

// propose makes the pull request. Nothing in the checkout changes.
func (r *run) propose(ctx context.Context, f *flake, at *start, w work, res *Result) error {
	p, err := r.proposal(ctx, f, w, res)
	if err != nil {
		return err
	}
	p.BaseCommit, p.Ignore = at.base.commit, f.ignores
	p.Title, p.Message, p.Body = res.Title, w.message, res.Body
	for _, c := range w.changes {
		p.Files = append(p.Files, github.File{Path: c.File, Old: c.Old, New: c.New})
	}
	c, err := r.target()
	if err != nil {
		return err
	}
	r.say(Step, "propose", "%s/%s: %s", p.Owner, p.Repo, p.Title)
	out, err := c.Propose(ctx, p)
	var moved *github.BaseMoved
	if errors.As(err, &moved) && at.base.moves < maxMoves {
		at.base.moves++
		r.say(Step, "pin", "branch %s has moved, in %s", moved.Base, moved.Path)
		if err := r.fromBase(ctx, f, at, c, p, moved.Base, moved.To); err != nil {
			return err
		}
		return r.propose(ctx, f, at, w, res)
	}
	// A pull request that is there but unfinished comes with an error; the next run finishes it.
	if out.Number != 0 || err == nil {
		r.outcome(out, res)
	}
	if err != nil {
		return fmt.Errorf("propose to %s/%s: %w", p.Owner, p.Repo, inScope(err))
	}
	return nil
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

// redo reports whether a pull request that was merged settles nothing: its hashes are to be repaired, or
// somebody asked for this very version.
func (r *run) redo(f *flake, plan pin.Plan) bool {
	return r.opts.Force || r.opts.To != "" || f.found.Repairs(plan)
}

// scope tells the proposals for one repository apart as Nix names what they are for: FOLDER#ATTR.
func (r *run) scope(set *source.Set) string {
	if r.opts.Attr == "" {
		return set.Sub
	}
	return set.Sub + "#" + r.opts.Attr
}

// otherScope is a branch that was made for another flake of the repository, or another attribute.
type otherScope struct{ *github.OtherScope }

func (e otherScope) Error() string {
	return fmt.Sprintf("write branch %s: it belongs to the pull request for %s, and this run is for %s", e.Branch,
		scopeName(e.Scope), scopeName(e.Wanted))
}

func (e otherScope) Hint() string {
	return "give each flake, and each Options.Attr, a branch of its own with Options.Branch"
}

func (e otherScope) Unwrap() error { return e.OtherScope }

// inScope names scopes in an error as people know them.
func inScope(err error) error {
	var other *github.OtherScope
	if errors.As(err, &other) {
		return otherScope{other}
	}
	return err
}

// scopeName is a scope in words.
func scopeName(scope string) string {
	folder, attr, _ := strings.Cut(scope, "#")
	flake := "the flake in the repository's root"
	if folder != "" {
		flake = "the flake in " + folder
	}
	if attr == "" {
		return flake
	}
	return "Options.Attr=" + attr + " of " + flake
}

// proposal is what is proposed, without its content.
func (r *run) proposal(ctx context.Context, f *flake, w work, res *Result) (github.Proposal, error) {
	owner, repo, err := r.repository(ctx, f.tree)
	if err != nil {
		return github.Proposal{}, err
	}
	if r.token() == "" {
		return github.Proposal{}, &Error{
			Text: "propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
			Hint: "set GITHUB_TOKEN to a token with contents: write and pull-requests: write, or use " +
				"Options.Mode=DryRun or Options.Mode=Write", Err: ErrNoToken,
		}
	}
	return github.Proposal{
		Owner: owner, Repo: repo, Base: r.opts.Base, Branch: r.branch(w), BranchPrefix: branchPrefix,
		Package: r.pkg.Name, OldVersion: res.OldVersion, Version: string(w.to), Removal: w.removes,
		Scope:  r.scope(f.tree),
		Labels: r.labels(len(res.Security) > 0), Reviewers: r.opts.Reviewers, Assignees: r.opts.Assignees,
		Draft: r.opts.Draft, AutoMerge: r.opts.AutoMerge, Recreate: r.opts.Recreate, Redo: r.redo(f, w.plan),
		RebaseBox: text.RebaseBox,
	}, nil
}

// branch is the branch that the options name, or "" for the default one.
func (r *run) branch(w work) string {
	switch {
	case r.opts.Branch == "" && r.opts.BranchFolder != "" && w.removes:
		return branchPrefix + r.opts.BranchFolder + "/unpin"
	case r.opts.Branch == "" && r.opts.BranchFolder != "":
		return branchPrefix + r.opts.BranchFolder + "/" + string(w.to)
	}
	return r.opts.Branch
}

// labels are those of the options, and one for a bump that fixes a vulnerability.
func (r *run) labels(fixes bool) []string {
	if !fixes || slices.Contains(r.opts.Labels, "security") {
		return r.opts.Labels
	}
	return append(slices.Clone(r.opts.Labels), "security")
}
