package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Standing finds out how the remote side stands before p is worked out; Title, Message and Body play no
// part, and of Files only Old, by which a base that went back is told from files here that are behind. It
// writes nothing. Somebody else's branch under p's name is a *ForeignBranch.
func (c *Client) Standing(ctx context.Context, p Proposal) (Standing, error) {
	p, err := p.normal()
	if err != nil {
		return Standing{}, err
	}
	s, err := c.inspect(ctx, p)
	if err != nil {
		return Standing{}, err
	}
	return s.standing, nil
}

// remote is the remote side as one look found it.
type remote struct {
	proposal    Proposal
	owner, name string // as the repository is called now
	repo        *gh.Repository
	base        string
	baseSHA     string
	branchSHA   string     // "" without the branch
	commit      *gh.Commit // that the branch points to
	own         trailer    // of that commit, when it is ours; else the zero value
	spent       bool       // that commit was merged from a pull request of ours: nothing is lost when the branch moves on
	pull        *gh.PullRequest
	older       []*competitor // that p supersedes
	newer       *competitor   // that supersedes p
	standing    Standing
}

// competitor is an open pull request of ours for the same package and scope.
type competitor struct {
	*gh.PullRequest
	version string
	kind    string // as in its marker
	head    string // the commit of its branch
	own     bool   // that commit is ours; else people went on with one of ours
}

// inspect reads the remote side and classifies it.
func (c *Client) inspect(ctx context.Context, p Proposal) (*remote, error) {
	s := &remote{proposal: p}
	var err error
	if s.repo, err = unwrap(c.api.Repositories.Get(ctx, p.Owner, p.Repo)); err != nil {
		return nil, c.named(err, "repository "+p.Owner+"/"+p.Repo)
	}
	s.owner, s.name = s.repo.GetOwner().GetLogin(), s.repo.GetName()
	if s.base = p.Base; s.base == "" {
		s.base = s.repo.GetDefaultBranch()
	}
	if s.base == p.Branch {
		return nil, fmt.Errorf("check proposal: Options.Branch=%s is the base branch itself", p.Branch)
	}
	if s.baseSHA, err = c.head(ctx, s, s.base); err != nil {
		return nil, err
	}
	if s.baseSHA == "" {
		return nil, &NotFound{
			What:  fmt.Sprintf("base branch %s of %s/%s (see Options.Base)", s.base, s.owner, s.name),
			Token: c.transport.token != "",
		}
	}
	if err := c.readBranch(ctx, s); err != nil {
		return nil, err
	}
	if err := c.readPulls(ctx, s); err != nil {
		return nil, err
	}
	s.standing = Standing{Branch: p.Branch, Base: s.base, Commit: s.baseSHA, Rights: c.rights(s)}
	return s, c.classify(ctx, s)
}

// named says what was looked for when it was not found, and what was done when that failed.
func (c *Client) named(err error, what string) error {
	if isNotFound(err) {
		return &NotFound{What: what, Token: c.transport.token != "", Err: err}
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// head returns a branch's commit, "" when there is no such branch.
func (c *Client) head(ctx context.Context, s *remote, branch string) (string, error) {
	ref, err := unwrap(c.api.Git.GetRef(ctx, s.owner, s.name, "heads/"+branch))
	switch {
	case isNotFound(err):
		return "", nil
	case apiError(err).Status == http.StatusConflict:
		return "", fmt.Errorf("read branch %s: the repository %s/%s is empty; push a first commit: %w", branch, s.owner,
			s.name, err)
	case err != nil:
		return "", fmt.Errorf("read branch %s: %w", branch, err)
	case !isObjectID(ref.GetObject().GetSHA()):
		return "", fmt.Errorf("read branch %s: GitHub names no commit", branch)
	}
	return ref.GetObject().GetSHA(), nil
}

func (c *Client) readBranch(ctx context.Context, s *remote) (err error) {
	if s.branchSHA, err = c.head(ctx, s, s.proposal.Branch); err != nil || s.branchSHA == "" {
		return err
	}
	if s.commit, err = c.commit(ctx, s, s.branchSHA); err != nil {
		return err
	}
	s.own, _ = s.proposal.ownCommit(s.commit)
	return nil
}

func (c *Client) commit(ctx context.Context, s *remote, sha string) (*gh.Commit, error) {
	commit, err := unwrap(c.api.Git.GetCommit(ctx, s.owner, s.name, sha))
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", sha, err)
	}
	if commit.GetSHA() != sha {
		return nil, fmt.Errorf("read commit %s: the answer is about %q", sha, oneLine(commit.GetSHA(), 40))
	}
	return commit, nil
}

// readPulls sorts the open pull requests to the base branch.
func (c *Client) readPulls(ctx context.Context, s *remote) error {
	s.pull, s.older, s.newer = nil, nil, nil
	open, err := c.pulls(ctx, s, &gh.PullRequestListOptions{State: "open", Base: s.base})
	if err != nil {
		return err
	}
	for _, pull := range open {
		if !s.mine(pull) || pull.GetBase().GetRef() != s.base {
			continue
		}
		if pull.GetHead().GetRef() == s.proposal.Branch {
			if s.pull = pull; s.ours() && s.proposal.yields(s.own.Kind, s.own.Version) {
				s.newer = &competitor{pull, s.own.Version, s.own.Kind, s.branchSHA, true}
			}
			continue
		}
		other, err := c.competitor(ctx, s, pull)
		switch {
		case err != nil:
			return err
		case other == nil:
		case s.proposal.yields(other.kind, other.version):
			s.newer = other
		default:
			if told, err := c.told(ctx, s, other); told || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			s.older = append(s.older, other)
		}
	}
	return nil
}

// ours reports whether the branch is at a commit of ours that nobody changed.
func (s *remote) ours() bool { return s.own.Tool != "" }

// yields reports whether an open proposal of ours goes before p: a bump to a newer version before another bump.
// Between a bump and a removal the present one goes first, as the base may have moved either way.
func (p Proposal) yields(kind, v string) bool {
	return kind == "" && !p.Removal && version.Compare(v, p.Version) > 0
}

// told reports whether nothing is left to do about an overtaken pull request: one that people went on with stays
// as it is once a comment has said so, or when nobody may comment.
func (c *Client) told(ctx context.Context, s *remote, old *competitor) (bool, error) {
	if old.own {
		return false, nil
	}
	if old.GetLocked() {
		return true, nil
	}
	return c.commented(ctx, s, old.PullRequest, s.proposal.commentStart())
}

// competitor recognises one of ours by the commit, which counts for more than the body: anybody can copy a
// marker, and anybody can write over it. nil is somebody else's.
func (c *Client) competitor(ctx context.Context, s *remote, pull *gh.PullRequest) (*competitor, error) {
	p, head := s.proposal, pull.GetHead()
	m, marked := p.marked(pull)
	if !marked && !strings.HasPrefix(head.GetRef(), p.BranchPrefix) || head.GetSHA() == "" {
		return nil, nil
	}
	commit, err := c.commit(ctx, s, head.GetSHA())
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if t, ok := p.ownCommit(commit); ok {
		return &competitor{pull, t.Version, t.Kind, head.GetSHA(), true}, nil
	}
	if !marked {
		return nil, nil // rewritten and gone on with: it is people's by now
	}
	began, err := c.began(ctx, s, head.GetSHA())
	if !began || err != nil {
		return nil, err
	}
	return &competitor{pull, m.Version, m.Kind, head.GetSHA(), false}, nil
}

// mine reports whether a pull request comes from the repository itself: forks have branches of any name.
func (s *remote) mine(pull *gh.PullRequest) bool {
	return pull.GetHead().GetRepo() != nil && pull.GetHead().GetRepo().GetID() == s.repo.GetID()
}

// pulls lists pull requests, all pages.
func (c *Client) pulls(ctx context.Context, s *remote, o *gh.PullRequestListOptions) ([]*gh.PullRequest, error) {
	o.PerPage = 100
	var all []*gh.PullRequest
	for pages := (paging{}); ; {
		page, resp, err := c.api.PullRequests.List(ctx, s.owner, s.name, o)
		if err != nil {
			return nil, fmt.Errorf("list pull requests: %w", unwrapError(err))
		}
		all = append(all, page...)
		more, err := pages.nextPage(len(page), resp.NextPage)
		if err != nil {
			return nil, fmt.Errorf("list pull requests: %w", err)
		}
		if !more {
			return all, nil
		}
		o.Page = resp.NextPage
	}
}

// setState fills in the standing.
func (s *remote) setState(state State, pull *gh.PullRequest, reason string, args ...any) {
	s.standing.State, s.standing.Reason = state, fmt.Sprintf(reason, args...)
	s.standing.Number, s.standing.URL = pull.GetNumber(), pull.GetHTMLURL()
}

// classify decides what state the remote side is in.
func (c *Client) classify(ctx context.Context, s *remote) error {
	p := s.proposal
	if s.newer != nil {
		s.setState(Superseded, s.newer.PullRequest,
			"pull request #%d for the newer version %s is open; close it to get one for %s", s.newer.GetNumber(),
			s.newer.version, p.Version)
		return nil
	}
	if s.pull == nil {
		done, err := c.classifyPast(ctx, s)
		if done || err != nil {
			return err
		}
	}
	if s.branchSHA != "" && !s.ours() && !s.spent {
		return c.classifyForeign(ctx, s)
	}
	switch {
	case s.branchSHA == "" && s.pull == nil:
		s.setState(Fresh, nil, "")
	case s.upToDate():
		s.setState(Ours, s.pull, "pull request #%d proposes it already", s.pull.GetNumber())
	default:
		s.setState(Stale, s.pull, "")
	}
	return nil
}

// upToDate reports whether nothing but the content could still be wrong.
func (s *remote) upToDate() bool {
	p := s.proposal
	if s.pull == nil || s.commit == nil || !p.made(s.own) || len(s.older) > 0 || p.asked(s.pull.GetBody()) {
		return false
	}
	m, marked := p.marked(s.pull)
	return marked && m.State == "" && p.proposes(m) && s.commit.Parents[0].GetSHA() == s.baseSHA
}

// classifyPast looks at pull requests of the branch that are over, and at open ones to other bases.
func (c *Client) classifyPast(ctx context.Context, s *remote) (done bool, err error) {
	p := s.proposal
	all, err := c.pulls(ctx, s, &gh.PullRequestListOptions{State: "all", Head: s.owner + ":" + p.Branch})
	if err != nil {
		return false, err
	}
	s.spent = slices.ContainsFunc(all, func(pull *gh.PullRequest) bool {
		_, marked := p.marked(pull)
		return marked && s.from(pull) && pull.MergedAt != nil && pull.GetHead().GetSHA() == s.branchSHA
	})
	for _, pull := range all { // newest first
		if !s.from(pull) {
			continue // the filter is not to be relied on
		}
		if pull.GetBase().GetRef() != s.base {
			if pull.GetState() == "open" {
				return true, &ForeignBranch{p.Branch, fmt.Sprintf("pull request #%d to %s comes from it", pull.GetNumber(),
					pull.GetBase().GetRef())}
			}
			continue
		}
		past, err := c.past(ctx, s, pull)
		if err != nil {
			return false, err
		}
		switch {
		case !past || p.Recreate || pull.GetState() == "open":
		case pull.MergedAt == nil:
			s.setState(Closed, pull, "pull request #%d for %s was closed; Options.Recreate proposes it again", pull.GetNumber(),
				p.subject())
			return true, nil
		case p.Redo:
			return false, nil
		default:
			return true, c.classifyMerged(ctx, s, pull)
		}
	}
	return false, nil
}

// classifyMerged distinguishes files here that are behind the base from a base that was reverted.
func (c *Client) classifyMerged(ctx context.Context, s *remote, pull *gh.PullRequest) error {
	went, err := c.reverted(ctx, s)
	switch {
	case err != nil:
		return err
	case went:
		s.setState(Reverted, pull,
			"pull request #%d for %s was merged, but the files here pin %s; Options.Recreate proposes it again",
			pull.GetNumber(), s.proposal.subject(), s.proposal.OldVersion)
	default:
		s.setState(Merged, pull, "pull request #%d for %s was merged; Options.Recreate proposes it again", pull.GetNumber(),
			s.proposal.subject())
	}
	return nil
}

// reverted reports whether the base branch still has the old files. git may have converted the line ends of
// those in a work tree.
func (c *Client) reverted(ctx context.Context, s *remote) (bool, error) {
	for _, convert := range []func([]byte) []byte{slices.Clone[[]byte], withoutCarriageReturns} {
		same := *s
		same.proposal.Files = nil
		for _, f := range s.proposal.Files {
			if f.Old != nil {
				old := convert(f.Old)
				same.proposal.Files = append(same.proposal.Files, File{Path: f.Path, Old: old, New: old})
			}
		}
		if len(same.proposal.Files) == 0 {
			return false, nil
		}
		_, err := c.plan(ctx, &same)
		var differs *BaseDiffers
		if !errors.As(err, &differs) {
			return err == nil, err
		}
	}
	return false, nil
}

func withoutCarriageReturns(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// from reports whether a pull request comes from the proposal's branch.
func (s *remote) from(pull *gh.PullRequest) bool {
	return s.mine(pull) && pull.GetHead().GetRef() == s.proposal.Branch
}

// past reports whether a pull request was ours, for this version, and ended by people.
func (c *Client) past(ctx context.Context, s *remote, pull *gh.PullRequest) (bool, error) {
	if m, ok := s.proposal.marked(pull); ok {
		return s.proposal.proposes(m) && m.State != superseded, nil
	}
	commit, err := c.commit(ctx, s, pull.GetHead().GetSHA()) // somebody rewrote the body
	if err != nil {
		if isNotFound(err) {
			return false, nil
		}
		return false, err
	}
	t, ok := s.proposal.ownCommit(commit)
	return ok && s.proposal.made(t), nil
}

// classifyForeign distinguishes a branch of ours that people pushed to from one that was never ours.
func (c *Client) classifyForeign(ctx context.Context, s *remote) error {
	began, err := c.began(ctx, s, s.branchSHA)
	if err != nil {
		return err
	}
	marked := false
	if s.pull != nil {
		_, marked = s.proposal.marked(s.pull)
	}
	if began || marked {
		s.setState(People, s.pull, "branch %s has commits of others; it is left to them", s.proposal.Branch)
		return nil
	}
	if scope, ok := s.proposal.scopeOf(s.commit.GetMessage()); ok && scope != s.proposal.Scope {
		return &OtherScope{Branch: s.proposal.Branch, Scope: scope, Wanted: s.proposal.Scope}
	}
	return &ForeignBranch{s.proposal.Branch, "it exists and was not made by " + s.proposal.tool()}
}

// began reports whether a commit, or one between the base and it, began as one of ours.
func (c *Client) began(ctx context.Context, s *remote, head string) (bool, error) {
	diff, err := unwrap(c.api.Repositories.CompareCommits(ctx, s.owner, s.name, s.baseSHA, head, nil))
	if err != nil {
		if isNotFound(err) { // no common history
			return false, nil
		}
		return false, fmt.Errorf("compare %s with %s: %w", head, s.base, err)
	}
	for _, commit := range diff.Commits {
		if s.proposal.traces(commit.GetCommit().GetMessage()) {
			return true, nil
		}
	}
	return false, nil
}

// rights says what keeps the token from writing, as far as a look shows it. An installation's token
// (ghs_…, GITHUB_TOKEN too) has rights of its own that the repository's answer does not tell.
func (c *Client) rights(s *remote) error {
	token := c.transport.token
	push, told := s.repo.GetPermissions()["push"]
	switch {
	case s.repo.GetArchived():
		return &Archived{Repo: s.owner + "/" + s.name}
	case token == "":
		return &Unauthorized{Host: c.transport.base.Host}
	case strings.HasPrefix(token, "ghs_") || !told || push:
		return nil
	}
	return &PermissionMissing{
		Permission: "contents: write", Token: true,
		Err: errors.New(s.owner + "/" + s.name + " may not be pushed to with it"),
	}
}
