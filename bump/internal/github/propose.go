package github

import (
	"context"
	"errors"
	"fmt"

	gh "github.com/google/go-github/v66/github"
)

const maxLooks = 6 // how often a proposal starts over because somebody else was at work

// Propose makes the remote side as p wants it: one branch with one commit on the newest base, one open
// pull request. It may be interrupted anywhere; run again, it ends in the same state. What people did is
// left alone, which the outcome says. An error may come with an outcome when the pull request is there
// but something about it is not finished.
func (c *Client) Propose(ctx context.Context, p Proposal) (Outcome, error) {
	p, err := p.normal()
	if err == nil {
		err = p.checkFiles()
	}
	if err != nil {
		return Outcome{}, err
	}
	r := &run{c: c, p: p, branch: "none"}
	for look := 1; ; look++ {
		if r.s, err = c.inspect(ctx, p); err != nil {
			return Outcome{}, err
		}
		out, err := r.once(ctx)
		var again *startOver
		if !errors.As(err, &again) {
			return out, err
		}
		if look == maxLooks {
			return out, fmt.Errorf("gave up after %d attempts: %s: %w", look, again.why, again.err)
		}
		if err := c.transport.pause(ctx, backoff(min(look, 4)), again.why); err != nil {
			return Outcome{}, err
		}
	}
}

// startOver is the error for a remote side that changed since it was read.
type startOver struct {
	why string
	err error
}

func (e *startOver) Error() string { return e.why + ": " + e.err.Error() }
func (e *startOver) Unwrap() error { return e.err }

// run is one Propose on its way.
type run struct {
	c        *Client
	p        Proposal
	s        *remote
	branch   Operation         // what was done to the branch
	head     string            // the commit that the branch is at
	posted   bool              // a pull request was asked for
	made     map[string]string // commits written, by tree and parent
	unmoved  string            // a commit of the base that is as good as Proposal.BaseCommit
	warnings []string
}

func (r *run) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// once goes from what was seen to what is wanted, or asks to start over.
func (r *run) once(ctx context.Context) (Outcome, error) {
	s := r.s
	if out, final := s.standing.Final(); final && s.standing.State != Ours {
		return out, nil
	}
	if s.standing.Rights != nil {
		return Outcome{}, s.standing.Rights
	}
	if err := r.checkBase(ctx); err != nil {
		return Outcome{}, err
	}
	pl, err := r.c.plan(ctx, s)
	if err != nil {
		return Outcome{}, err
	}
	if len(pl.changed) == 0 {
		reason := fmt.Sprintf("branch %s has %s already", s.base, r.p.Version)
		if r.p.Removal {
			reason = fmt.Sprintf("branch %s no longer has the pin", s.base)
		}
		return Outcome{Status: Current, Operation: Untouched, Branch: r.p.Branch, Reason: reason}, nil
	}
	if err := r.moveBranch(ctx, pl); err != nil {
		return Outcome{}, err
	}
	pull, op, err := r.openPull(ctx)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{
		Status: Bumped, Operation: op, Number: pull.GetNumber(), URL: pull.GetHTMLURL(), Branch: r.p.Branch,
	}
	return r.finish(ctx, pull, out)
}

// checkBase compares the base with the commit that the proposal was worked out from.
func (r *run) checkBase(ctx context.Context) error {
	from, to := r.p.BaseCommit, r.s.baseSHA
	if from == "" || from == to || r.unmoved == to {
		return nil
	}
	path, err := r.c.moved(ctx, r.s, from, to)
	if isNotFound(err) { // somebody rewrote the branch
		path, err = r.p.Files[0].Path, nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("compare branch %s with commit %.12s: %w", r.s.base, from, err)
	case path != "":
		return &BaseMoved{Base: r.s.base, From: from, To: to, Path: path}
	}
	r.unmoved = to
	return nil
}

// finish adds what a pull request has besides its text, and ends the ones that it supersedes.
func (r *run) finish(ctx context.Context, pull *gh.PullRequest, out Outcome) (Outcome, error) {
	m, _ := r.p.marked(pull)
	err := error(nil)
	if out.Operation == Created || m.State == pending {
		err = r.decorate(ctx, pull)
		if err == nil && m.State == pending {
			err = r.edit(ctx, pull, &gh.PullRequest{Body: gh.String(r.p.fullBody(""))})
			if out.Operation == Untouched {
				out.Operation = Updated
			}
		}
	}
	if err == nil {
		out, err = r.supersede(ctx, pull, out)
	}
	if out.Operation == Untouched && out.Status == Bumped {
		out.Status, out.Reason = Current, fmt.Sprintf("pull request #%d proposes it already", pull.GetNumber())
	}
	out.Warnings = r.warnings
	if err != nil {
		return out, fmt.Errorf("finish pull request #%d: %w", pull.GetNumber(), err)
	}
	return out, nil
}

// moveBranch points the branch at the finished commit, in one step: on its way through the base's commit
// GitHub would close the pull request.
func (r *run) moveBranch(ctx context.Context, pl *plan) error {
	s := r.s
	if pl.tree == "" {
		if err := r.c.writeTree(ctx, s, pl); err != nil {
			return err
		}
	}
	if r.p.made(s.own) && s.commit.GetTree().GetSHA() == pl.tree && s.commit.Parents[0].GetSHA() == s.baseSHA {
		r.head = s.branchSHA
		return nil
	}
	key := pl.tree + s.baseSHA
	if r.made[key] == "" {
		sha, err := r.c.write(ctx, s, pl)
		if err != nil {
			return err
		}
		if r.made == nil {
			r.made = map[string]string{}
		}
		r.made[key] = sha
	}
	r.head = r.made[key]
	if s.branchSHA == "" {
		return r.createRef(ctx, r.head)
	}
	return r.updateRef(ctx, r.head)
}

func (r *run) createRef(ctx context.Context, sha string) error {
	name := "refs/heads/" + r.p.Branch
	_, err := unwrap(r.c.api.Git.CreateRef(ctx, r.s.owner, r.s.name,
		&gh.Reference{Ref: &name, Object: &gh.GitObject{SHA: &sha}}))
	if err != nil {
		return r.refError("create", err)
	}
	r.branch = Created
	return nil
}

// refError classifies a failure to create or move the branch: some of them mean that the remote side changed.
func (r *run) refError(what string, err error) error {
	e := apiError(err)
	var rule *RulesetRefused
	switch {
	case errors.As(err, &rule):
		rule.Branch = r.p.Branch
		return rule
	case e.says("already exists"):
		return &startOver{"the branch " + r.p.Branch + " exists since a moment ago", err}
	case e.says("Reference does not exist"):
		return &startOver{"the branch " + r.p.Branch + " is gone", err}
	case e.says("Object does not exist"):
		return &startOver{"the new commit is not everywhere yet", err}
	case e.says("Reference update failed"):
		return &startOver{what + " branch " + r.p.Branch + " failed", &RulesetRefused{Branch: r.p.Branch, Err: err}}
	}
	return fmt.Errorf("%s branch %s: %w", what, r.p.Branch, err)
}

// updateRef moves the branch, unless somebody else has since it was read.
func (r *run) updateRef(ctx context.Context, sha string) error {
	now, err := r.c.head(ctx, r.s, r.p.Branch)
	if err != nil {
		return err
	}
	if now != r.s.branchSHA {
		return &startOver{"the branch " + r.p.Branch + " has just been moved", errors.New("now at " + now)}
	}
	name := "refs/heads/" + r.p.Branch
	_, err = unwrap(r.c.api.Git.UpdateRef(ctx, r.s.owner, r.s.name,
		&gh.Reference{Ref: &name, Object: &gh.GitObject{SHA: &sha}}, true))
	if err != nil {
		return r.refError("move", err)
	}
	if r.branch != Created {
		r.branch = Updated
	}
	return nil
}

// openPull opens the pull request, or brings the open one up to date.
func (r *run) openPull(ctx context.Context) (*gh.PullRequest, Operation, error) {
	pull := r.s.pull
	if pull == nil {
		pull, err := r.createPull(ctx)
		return pull, Created, err
	}
	op := Untouched
	if r.branch != "none" {
		op = Updated
	}
	m, marked := r.p.marked(pull)
	same := marked && m.Digest == r.p.digest() && r.p.proposes(m) && m.State != superseded && !r.p.asked(pull.GetBody())
	switch {
	case same && r.posted:
		op = Created // ours after all: its answer was lost
	case !same:
		// What is pending stays so until finish is done with it.
		op = Updated
		state := ""
		if m.State == pending {
			state = pending
		}
		body := r.p.fullBody(state)
		if err := r.edit(ctx, pull, &gh.PullRequest{Title: &r.p.Title, Body: &body}); err != nil {
			return nil, op, err
		}
		pull.Body = &body
	}
	return pull, op, nil
}

// edit changes a pull request. v66 fills in nothing by itself.
func (r *run) edit(ctx context.Context, pull, to *gh.PullRequest) error {
	_, err := unwrap(r.c.api.PullRequests.Edit(ctx, r.s.owner, r.s.name, pull.GetNumber(), to))
	if err != nil {
		return fmt.Errorf("edit pull request #%d: %w", pull.GetNumber(), err)
	}
	return nil
}

// createPull opens the pull request. When that is refused the branch stays, and the next run adopts it:
// deleting it would close a pull request whose answer was lost, as if somebody had closed it.
func (r *run) createPull(ctx context.Context) (*gh.PullRequest, error) {
	state := ""
	if r.decorated() {
		state = pending
	}
	in := &gh.NewPullRequest{
		Title: &r.p.Title, Head: &r.p.Branch, Base: &r.s.base, Body: gh.String(r.p.fullBody(state)), Draft: &r.p.Draft,
	}
	var pull *gh.PullRequest
	r.posted = true
	post := func() (err error) {
		pull, err = unwrap(r.c.api.PullRequests.Create(ctx, r.s.owner, r.s.name, in))
		return err
	}
	early := []string{"No commits between", "PullRequest head invalid"}
	err := r.c.eventually(ctx, post, early...)
	if apiError(err).says("Draft pull requests are not supported") {
		r.warn("the pull request is not a draft: this repository's plan has no drafts")
		in.Draft = gh.Bool(false)
		err = r.c.eventually(ctx, post, early...)
	}
	e := apiError(err)
	switch {
	case err == nil && pull.GetNumber() == 0:
		return nil, errors.New("open pull request: GitHub returned no number")
	case err == nil:
		pull.Body = in.Body
		return pull, nil
	case e.says("already exists"):
		return nil, &startOver{"a pull request from " + r.p.Branch + " exists since a moment ago", err}
	case e.field("base", "invalid"):
		return nil, &NotFound{What: "base branch " + r.s.base + " (see Options.Base)", Token: true, Err: err}
	}
	return nil, fmt.Errorf("open pull request from branch %s, which is ready: %w", r.p.Branch, err)
}
