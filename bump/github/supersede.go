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
		if err := r.c.lookAtPulls(ctx, r.s); err != nil {
			return out, err
		}
	}
	for _, older := range r.s.older {
		if older.GetNumber() > pull.GetNumber() {
			m, _ := r.p.marked(older)
			if m.Version == r.p.Version {
				r.warn("pull request #%d proposes %s too, from branch %s: use one --branch", older.GetNumber(), m.Version, older.GetHead().GetRef())
				continue
			}
		}
		if err := r.end(ctx, older, pull); err != nil {
			return out, err
		}
	}
	if r.s.newer == nil {
		return out, nil
	}
	newer := r.s.newer
	if err := r.end(ctx, pull, newer); err != nil {
		return out, err
	}
	m, _ := r.p.marked(newer)
	out.Status, out.Operation = Skipped, Untouched
	out.Reason = fmt.Sprintf("pull request #%d for the newer version %s was opened meanwhile", newer.GetNumber(), m.Version)
	return out, nil
}

// end closes a pull request in favour of another one and deletes its branch, unless people have pushed
// to it. Its body says superseded before anything closes it: interrupted here, the next run does not
// take it for one that somebody closed.
func (r *run) end(ctx context.Context, old, by *gh.PullRequest) error {
	branch := old.GetHead().GetRef()
	own, began, err := r.ownBranch(ctx, branch)
	if err != nil {
		return err
	}
	if !own && !began {
		r.warn("pull request #%d looks like one of ours and is not: its branch %s was made by others; it is left alone", old.GetNumber(), branch)
		return nil
	}
	if err := r.comment(ctx, old, by, own); err != nil {
		return err
	}
	m, _ := r.p.marked(old)
	m.State = superseded
	_, rest, _ := strings.Cut(old.GetBody(), "\n")
	body := m.line(r.p.tool()) + "\n" + rest
	if !own {
		return r.edit(ctx, old, &gh.PullRequest{Body: &body, State: gh.String("closed")})
	}
	if err := r.edit(ctx, old, &gh.PullRequest{Body: &body}); err != nil {
		return err
	}
	_, err = r.c.api.Git.DeleteRef(ctx, r.s.owner, r.s.name, "heads/"+branch)
	if err != nil && !apiError(err).says("does not exist") {
		var rule *RulesetRefused
		if !errors.As(err, &rule) {
			return fmt.Errorf("deleting the branch %s: %w", branch, bareError(err))
		}
		r.warn("deleting the branch %s: %s", branch, advice(err))
	}
	return r.edit(ctx, old, &gh.PullRequest{State: gh.String("closed")}) // GitHub has done so, sooner or later
}

// ownBranch says whether a branch holds our commit and nothing else, and whether it began so.
func (r *run) ownBranch(ctx context.Context, branch string) (own, began bool, err error) {
	sha, err := r.c.head(ctx, r.s, branch)
	if err != nil || sha == "" {
		return true, true, err // gone already: there is nothing to lose
	}
	commit, err := r.c.commit(ctx, r.s, sha)
	if err != nil {
		return false, false, err
	}
	if _, own = r.p.ownCommit(commit); own {
		return true, true, nil
	}
	began, err = r.c.began(ctx, r.s, branch)
	return false, began, err
}

// comment says once which pull request takes over. A repetition would stand there twice, so whether the
// comment arrived is looked up after each failure.
func (r *run) comment(ctx context.Context, old, by *gh.PullRequest, own bool) error {
	head := fmt.Sprintf("<!-- %s: superseded by=%d -->", r.p.tool(), by.GetNumber())
	text := fmt.Sprintf("%s\nSuperseded by #%d.", head, by.GetNumber())
	if !own {
		text += fmt.Sprintf(" The branch `%s` has commits of others and stays.", strings.ReplaceAll(old.GetHead().GetRef(), "`", ""))
	}
	for try := 1; ; try++ {
		there, err := r.commented(ctx, old, head)
		if err != nil || there {
			return err
		}
		_, err = bare(r.c.api.Issues.CreateComment(once(ctx), r.s.owner, r.s.name, old.GetNumber(), &gh.IssueComment{Body: &text}))
		var down *Unavailable
		if !errors.As(err, &down) || try == maxTries {
			return wrap(err, "commenting on pull request #%d", old.GetNumber())
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

// commented looks for a comment that begins with a line.
func (r *run) commented(ctx context.Context, pull *gh.PullRequest, line string) (bool, error) {
	o := &gh.IssueListCommentsOptions{ListOptions: gh.ListOptions{PerPage: 100}}
	for {
		page, resp, err := r.c.api.Issues.ListComments(ctx, r.s.owner, r.s.name, pull.GetNumber(), o)
		if err != nil {
			return false, wrap(bareError(err), "reading the comments of pull request #%d", pull.GetNumber())
		}
		for _, c := range page {
			if first, _, _ := strings.Cut(c.GetBody(), "\n"); strings.TrimRight(first, "\r") == line {
				return true, nil
			}
		}
		if resp.NextPage <= o.Page {
			return false, nil
		}
		o.Page = resp.NextPage
	}
}
