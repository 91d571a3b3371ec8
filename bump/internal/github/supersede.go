package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	gh "github.com/google/go-github/v66/github"
)

// supersede leaves one pull request of ours open: older ones end, and if one for a newer version
// appeared meanwhile, ours does.
func (r *run) supersede(ctx context.Context, pull *gh.PullRequest, out Outcome) (Outcome, error) {
	if out.Operation == Created {
		if err := r.c.readPulls(ctx, r.s); err != nil {
			return out, err
		}
	}
	for _, older := range r.s.older {
		if older.GetNumber() > pull.GetNumber() && older.version == r.p.Version && older.kind == r.p.kind() {
			r.warn("pull request #%d proposes %s too, from branch %s: use one Options.Branch", older.GetNumber(),
				older.version, older.GetHead().GetRef())
			continue
		}
		if err := r.end(ctx, older, pull); err != nil {
			return out, err
		}
	}
	if r.s.newer == nil {
		return out, nil
	}
	newer := r.s.newer
	if err := r.end(ctx, &competitor{pull, r.p.Version, r.p.kind(), r.head, true}, newer.PullRequest); err != nil {
		return out, err
	}
	out.Status, out.Operation = Skipped, Untouched
	out.Reason = fmt.Sprintf("pull request #%d for the newer version %s was opened meanwhile", newer.GetNumber(),
		newer.version)
	return out, nil
}

// end closes a pull request in favour of another one and deletes its branch. One that people have pushed to
// is theirs: it stays as it is, and a comment names the other one. The body says superseded before anything
// closes it: interrupted here, the next run does not take it for one that somebody closed. A comment or a
// deletion that GitHub refuses, for a locked conversation or a protected branch, is a warning: it must not leave
// two pull requests of ours open.
func (r *run) end(ctx context.Context, old *competitor, by *gh.PullRequest) error {
	if err := r.comment(ctx, old, by); err != nil {
		if !refused(err) {
			return err
		}
		r.warn("comment on pull request #%d: %s", old.GetNumber(), advice(err))
	}
	if !old.own {
		return nil
	}
	m := marker{Package: r.p.Package, Version: old.version, Kind: old.kind, Scope: r.p.Scope, State: superseded}
	rest := "\n" + old.GetBody() // somebody wrote over the marker
	if was, ok := r.p.marked(old.PullRequest); ok {
		m.Digest = was.Digest
		_, rest, _ = strings.Cut(old.GetBody(), "\n")
	}
	body := m.line(r.p.tool()) + "\n" + rest
	if err := r.edit(ctx, old.PullRequest, &gh.PullRequest{Body: &body}); err != nil {
		return err
	}
	if err := r.deleteBranch(ctx, old.GetHead().GetRef(), old.head); err != nil {
		return err
	}
	// GitHub has done so, sooner or later
	return r.edit(ctx, old.PullRequest, &gh.PullRequest{State: gh.String("closed")})
}

// deleteBranch deletes a branch that is still at the commit it was judged by: comments and edits take
// their time, and a push meanwhile must not be lost.
func (r *run) deleteBranch(ctx context.Context, branch, head string) error {
	now, err := r.c.head(ctx, r.s, branch)
	switch {
	case err != nil:
		return err
	case now != "" && now != head:
		r.warn("the branch %s has just been pushed to: it stays", branch)
		return nil
	}
	_, err = r.c.api.Git.DeleteRef(ctx, r.s.owner, r.s.name, "heads/"+branch)
	switch {
	case err == nil || apiError(err).says("does not exist"):
		return nil
	case refused(err):
		r.warn("delete branch %s: %s", branch, advice(err))
		return nil
	}
	return fmt.Errorf("delete branch %s: %w", branch, unwrapError(err))
}

// commentStart is how the first line of a comment on a pull request that was overtaken begins.
func (p Proposal) commentStart() string { return "<!-- " + p.tool() + ": superseded by=" }

// comment says once which pull request takes over. A repetition would stand there twice, so whether the
// comment arrived is looked up after each failure.
func (r *run) comment(ctx context.Context, old *competitor, by *gh.PullRequest) error {
	first := fmt.Sprintf("%s%d -->", r.p.commentStart(), by.GetNumber())
	text := fmt.Sprintf("%s\nSuperseded by #%d.", first, by.GetNumber())
	start := first
	if !old.own {
		text = fmt.Sprintf("%s\n#%d is for %s. This pull request has other people's commits, so it stays open as it "+
			"is.", first, by.GetNumber(), r.p.Version)
		start = r.p.commentStart() // another release later says nothing new
	}
	for try := 1; ; try++ {
		there, err := r.c.commented(ctx, r.s, old.PullRequest, start)
		if err != nil || there {
			return err
		}
		_, err = unwrap(r.c.api.Issues.CreateComment(once(ctx), r.s.owner, r.s.name, old.GetNumber(),
			&gh.IssueComment{Body: &text}))
		var down *Unavailable
		if !errors.As(err, &down) || try == maxTries {
			return wrap(err, "comment on pull request #%d", old.GetNumber())
		}
		if err := r.c.transport.pause(ctx, backoff(try), down.Reason); err != nil {
			return err
		}
	}
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// commented reports whether a comment begins with start, the whole first line or its beginning.
func (c *Client) commented(ctx context.Context, s *remote, pull *gh.PullRequest, start string) (bool, error) {
	o := &gh.IssueListCommentsOptions{ListOptions: gh.ListOptions{PerPage: 100}}
	for pages := (paging{}); ; {
		page, resp, err := c.api.Issues.ListComments(ctx, s.owner, s.name, pull.GetNumber(), o)
		if err != nil {
			return false, wrap(unwrapError(err), "read comments on pull request #%d", pull.GetNumber())
		}
		for _, comment := range page {
			if strings.HasPrefix(comment.GetBody(), start) {
				return true, nil
			}
		}
		more, err := pages.nextPage(len(page), resp.NextPage)
		if err != nil || !more {
			return false, wrap(err, "read comments on pull request #%d", pull.GetNumber())
		}
		o.Page = resp.NextPage
	}
}
