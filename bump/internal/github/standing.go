package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	gh "github.com/google/go-github/v66/github"
)

// Standing returns the state of the remote side before p is worked out; Title, Message and Body play no
// part, and of Files only Old, which distinguishes a reverted base from files here that are behind. It writes
// nothing. Somebody else's branch under p's name is a *ForeignBranch.
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

// upToDate reports whether everything but the content is as it should be.
func (s *remote) upToDate() bool {
	p := s.proposal
	if s.pull == nil || s.commit == nil || !p.made(s.own) || len(s.older) > 0 || p.asked(s.pull.GetBody()) {
		return false
	}
	m, marked := p.marked(s.pull)
	return marked && m.State == "" && p.proposes(m) && s.commit.Parents[0].GetSHA() == s.baseSHA
}

// classifyPast classifies by closed and merged pull requests of the branch, and by open ones to other bases.
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
				return true, &ForeignBranch{p.Branch, fmt.Sprintf("pull request #%d to %s comes from it",
					pull.GetNumber(), pull.GetBase().GetRef())}
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
			s.setState(Closed, pull, "pull request #%d for %s was closed; Options.Recreate proposes it again",
				pull.GetNumber(), p.subject())
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
		s.setState(Merged, pull, "pull request #%d for %s was merged; Options.Recreate proposes it again",
			pull.GetNumber(), s.proposal.subject())
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

// past reports whether a pull request was ours, for this version, and closed or merged by people.
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

// classifyForeign distinguishes a branch of ours that others pushed to from one that was never ours.
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
		s.setState(People, s.pull, "branch %s has other people's commits, so it is left alone", s.proposal.Branch)
		return nil
	}
	if scope, ok := s.proposal.scopeOf(s.commit.GetMessage()); ok && scope != s.proposal.Scope {
		return &OtherScope{Branch: s.proposal.Branch, Scope: scope, Wanted: s.proposal.Scope}
	}
	return &ForeignBranch{s.proposal.Branch, "it exists and was not made by " + s.proposal.tool()}
}
