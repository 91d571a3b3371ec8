package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// branchPrefix begins the names of our branches.
const branchPrefix = "ollama-bump/"

// propose makes the pull request. Nothing in the checkout changes.
func (j *job) propose(ctx context.Context) error {
	p, err := j.proposal(ctx)
	if err != nil {
		return err
	}
	p.BaseCommit, p.Ignore = j.base.commit, j.ignores
	p.Title, p.Message, p.Body = j.result.Title, j.message, j.result.Body
	for _, f := range j.changed {
		p.Files = append(p.Files, github.File{Path: f.File, Old: f.Old, New: f.New})
	}
	c, err := j.target()
	if err != nil {
		return err
	}
	j.say(Step, "propose", "%s/%s: %s", p.Owner, p.Repo, p.Title)
	out, err := c.Propose(ctx, p)
	var moved *github.BaseMoved
	if errors.As(err, &moved) && j.base.moves < maxMoves {
		j.base.moves++
		j.say(Step, "propose", "branch %s has moved, in %s", moved.Base, moved.Path)
		if err := j.fromBase(ctx, c, p, moved.Base, moved.To); err != nil {
			return err
		}
		return j.propose(ctx)
	}
	// A pull request that is there but unfinished comes with an error; the next run finishes it.
	if out.Number != 0 || err == nil {
		j.outcome(out)
	}
	if err != nil {
		return fmt.Errorf("propose to %s/%s: %w", p.Owner, p.Repo, inScope(err))
	}
	return nil
}

// outcome takes over how a proposal ended.
func (j *job) outcome(out github.Outcome) {
	j.result.Status, j.result.Reason = Status(out.Status), out.Reason
	if out.Number != 0 || out.URL != "" {
		j.result.PullRequest = &PullRequest{
			Number: out.Number, URL: out.URL, Branch: out.Branch,
			Operation: string(out.Operation),
		}
	}
	for _, w := range out.Warnings {
		j.warn("propose", "%s", w)
	}
	switch {
	case out.Reason != "":
		j.say(Step, "propose", "%s", out.Reason)
	case out.URL != "":
		j.say(Step, "propose", "%s %s", out.Operation, out.URL)
	}
}

// standing asks the remote side, before any Nix runs, whether there is anything left to propose.
func (j *job) standing(ctx context.Context) (settled bool, err error) {
	if j.opts.Mode != Propose {
		return false, nil
	}
	p, err := j.proposal(ctx)
	if err != nil {
		return false, err
	}
	c, err := j.target()
	if err != nil {
		return false, err
	}
	for _, f := range j.dueFiles() {
		src, err := j.tree.Read(ctx, f)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", f, err)
		}
		p.Files = append(p.Files, github.File{Path: f, Old: src})
	}
	st, err := c.Standing(ctx, p)
	if err != nil {
		return false, fmt.Errorf("read %s/%s: %w", p.Owner, p.Repo, inScope(err))
	}
	if st.Rights != nil {
		return false, st.Rights
	}
	// What is proposed already is settled, unless the hashes are wanted anew.
	out, done := st.Final()
	if !done || j.opts.Force && st.State == github.Ours {
		return false, j.fromBase(ctx, c, p, st.Base, st.Commit)
	}
	j.outcome(out)
	return true, nil
}

// dueFiles are the files that the pins to move stand in.
func (j *job) dueFiles() []string {
	var files []string
	for _, p := range j.plan.Pins {
		files = append(files, p.File)
	}
	for _, c := range j.changed {
		files = append(files, c.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// redo reports whether a pull request that was merged settles nothing: its hashes are to be repaired, or
// somebody asked for this very version.
func (j *job) redo() bool {
	return j.opts.Force || j.opts.To != "" || j.found.Repairs(j.plan)
}

// scope tells the proposals for one repository apart as Nix names what they are for: FOLDER#ATTR.
func (j *job) scope() string {
	if j.opts.Attr == "" {
		return j.tree.Sub
	}
	return j.tree.Sub + "#" + j.opts.Attr
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
func (j *job) proposal(ctx context.Context) (github.Proposal, error) {
	owner, repo, err := j.repository(ctx)
	if err != nil {
		return github.Proposal{}, err
	}
	if j.token() == "" {
		return github.Proposal{}, &Error{
			Text: "propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
			Hint: "set GITHUB_TOKEN to a token with contents: write and pull-requests: write, or use Options.Mode=DryRun or " +
				"Options.Mode=Write", Err: ErrNoToken,
		}
	}
	to := j.rel.Version
	if j.removal != "" {
		to = j.removal
	}
	return github.Proposal{
		Owner: owner, Repo: repo, Base: j.opts.Base, Branch: j.branch(), BranchPrefix: branchPrefix,
		Package: j.pkg.Name, OldVersion: j.result.OldVersion, Version: string(to), Removal: j.removal != "", Scope: j.scope(),
		Labels: j.labels(), Reviewers: j.opts.Reviewers, Assignees: j.opts.Assignees,
		Draft: j.opts.Draft, AutoMerge: j.opts.AutoMerge, Recreate: j.opts.Recreate, Redo: j.redo(),
		RebaseBox: text.RebaseBox,
	}, nil
}

// branch is the branch that the options name, or "" for the default one.
func (j *job) branch() string {
	switch {
	case j.opts.Branch == "" && j.opts.BranchFolder != "" && j.removal != "":
		return branchPrefix + j.opts.BranchFolder + "/unpin"
	case j.opts.Branch == "" && j.opts.BranchFolder != "":
		return branchPrefix + j.opts.BranchFolder + "/" + string(j.rel.Version)
	}
	return j.opts.Branch
}

// labels are those of the options, and one for a bump that fixes a vulnerability.
func (j *job) labels() []string {
	if len(j.result.Security) == 0 || slices.Contains(j.opts.Labels, "security") {
		return j.opts.Labels
	}
	return append(slices.Clone(j.opts.Labels), "security")
}
