package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// remote is the state of the remote side at one moment.
type remote struct {
	proposal Proposal
	repository
	branch
	pull     *gh.PullRequest
	older    []*competitor // that p supersedes
	newer    *competitor   // that supersedes p
	standing Standing
}

// repository is where a proposal goes.
type repository struct {
	owner, name string // as it is called now
	repo        *gh.Repository
	base        string
	baseSHA     string
}

// branch is the branch of a proposal.
type branch struct {
	branchSHA string     // "" without the branch
	commit    *gh.Commit // that the branch points to
	own       trailer    // of that commit, when it is ours; else the zero value
	spent     bool       // that commit was merged from a pull request of ours: nothing is lost when the branch moves on
}

// competitor is an open pull request of ours for the same package and scope.
type competitor struct {
	*gh.PullRequest
	version string
	kind    string // as in its marker
	head    string // the commit of its branch
	own     bool   // that commit is ours; else others pushed on top of one of ours
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

// named returns the error for reading something by its name: a *NotFound that names it, or err with the operation.
func (c *Client) named(err error, what string) error {
	if isNotFound(err) {
		return &NotFound{What: what, Token: c.transport.token != "", Err: err}
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// head returns the commit of a branch, "" when there is no such branch.
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
	case !version.IsObjectID(ref.GetObject().GetSHA()):
		return "", fmt.Errorf("read branch %s: GitHub returned no commit", branch)
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

// told reports whether nothing is left to do about an overtaken pull request: one with commits of others stays as
// it is once a comment has said so, or when its conversation is locked.
func (c *Client) told(ctx context.Context, s *remote, old *competitor) (bool, error) {
	if old.own {
		return false, nil
	}
	if old.GetLocked() {
		return true, nil
	}
	return c.commented(ctx, s, old.PullRequest, s.proposal.commentStart())
}

// competitor returns a pull request of ours as a competitor, nil for one of somebody else. The commit counts
// for more than the body: anybody can copy a marker, or write over it.
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
		return nil, nil // both body and commit were rewritten: it belongs to others by now
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

// rights returns what keeps the token from writing, as far as reading shows it. An installation's token
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
