package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v66/github"
)

// decorated reports whether the pull request gets labels, assignees, reviewers or auto-merge.
func (r *run) decorated() bool {
	return len(r.p.Labels)+len(r.p.Reviewers)+len(r.p.Assignees) > 0 || r.p.AutoMerge
}

// decorate adds labels, assignees and reviewers and enables auto-merge. What GitHub refuses is a
// warning; what fails in passing is an error, and the next run does it.
func (r *run) decorate(ctx context.Context, pull *gh.PullRequest) error {
	n := pull.GetNumber()
	err := r.each(ctx, r.p.Labels, "add label", func(names []string) error {
		_, err := unwrap(r.c.api.Issues.AddLabelsToIssue(ctx, r.s.owner, r.s.name, n, names))
		return err
	})
	if err != nil {
		return err
	}
	if err := r.assign(ctx, n); err != nil {
		return err
	}
	err = r.each(ctx, r.p.Reviewers, "request review from", func(names []string) error {
		_, err := unwrap(r.c.api.PullRequests.RequestReviewers(ctx, r.s.owner, r.s.name, n, reviewers(names)))
		return err
	})
	if err != nil || !r.p.AutoMerge {
		return err
	}
	return r.autoMerge(ctx, pull)
}

// each calls do with all names at once and, when GitHub refuses one of them and so all, with each in turn.
func (r *run) each(ctx context.Context, names []string, what string, do func([]string) error) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) == 0 {
		return nil
	}
	call := func(names []string) error {
		return r.c.eventually(ctx, func() error { return do(names) }, "Could not resolve to a node")
	}
	err := call(names)
	if err == nil || !refused(err) {
		return err
	}
	for _, name := range names {
		if len(names) > 1 {
			err = call([]string{name})
		}
		if err == nil {
			continue
		}
		if !refused(err) {
			return err
		}
		r.warn("%s %s: %s", what, oneLine(name, 80), advice(err))
	}
	return nil
}

// advice is an error and, where there is one, its hint.
func advice(err error) string {
	var e interface {
		error
		Hint() string
	}
	text := apiError(err).short()
	if errors.As(err, &e) {
		text += "; " + e.Hint()
	}
	return text
}

// refused reports whether GitHub understood the request and declined it, so that a retry is of no use.
func refused(err error) bool {
	status := apiError(err).Status
	return status >= 400 && status < 500 && status != http.StatusUnauthorized
}

// reviewers separates teams, ORG/TEAM, from users.
func reviewers(names []string) gh.ReviewersRequest {
	var out gh.ReviewersRequest
	for _, name := range names {
		if _, team, ok := strings.Cut(name, "/"); ok {
			out.TeamReviewers = append(out.TeamReviewers, team)
		} else {
			out.Reviewers = append(out.Reviewers, name)
		}
	}
	return out
}

// assign adds the assignees and checks who is missing: GitHub ignores strangers silently.
func (r *run) assign(ctx context.Context, n int) error {
	if len(r.p.Assignees) == 0 {
		return nil
	}
	issue, err := unwrap(r.c.api.Issues.AddAssignees(ctx, r.s.owner, r.s.name, n, r.p.Assignees))
	if err != nil {
		if !refused(err) {
			return err
		}
		r.warn("assign %s: %s", strings.Join(r.p.Assignees, ", "), advice(err))
		return nil
	}
	for _, name := range r.p.Assignees {
		if !slices.ContainsFunc(issue.Assignees,
			func(u *gh.User) bool { return strings.EqualFold(u.GetLogin(), name) }) {
			r.warn("assign %s: GitHub did not; only people who can push to the repository can be assigned",
				oneLine(name, 80))
		}
	}
	return nil
}

const autoMergeQuery = `mutation($id: ID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { pullRequest { number } }
}`

// autoMerge enables auto-merge, which only GraphQL can do; its errors come with status 200.
func (r *run) autoMerge(ctx context.Context, pull *gh.PullRequest) error {
	in := map[string]any{
		"query": autoMergeQuery, "variables": map[string]string{"id": pull.GetNodeID(), "method": r.mergeMethod()},
	}
	var out struct {
		Errors []struct{ Type, Message string }
	}
	req, err := r.c.api.NewRequest(http.MethodPost, r.c.transport.graphQL(), in)
	if err == nil {
		_, err = r.c.api.Do(ctx, req, &out)
	}
	switch {
	case err != nil && refused(err):
		r.warn("enable auto-merge: %s", advice(err))
		return nil
	case err != nil:
		return fmt.Errorf("enable auto-merge: %w", unwrapError(err))
	}
	for _, e := range out.Errors {
		r.warn("enable auto-merge: %s; %s", oneLine(e.Message, 200), autoMergeHint(e.Message))
	}
	return nil
}

func autoMergeHint(message string) string {
	switch {
	case strings.Contains(message, "not allowed for this repository"):
		return `tick "Allow auto-merge" in Settings → General`
	case strings.Contains(message, "clean status"):
		return "nothing has to pass before it can be merged: require a status check on the base branch, or merge it " +
			"by hand"
	case strings.Contains(message, "not accessible"):
		return "the token needs contents: write and pull-requests: write"
	}
	return "merge it by hand"
}

// mergeMethod is the first that the repository allows.
func (r *run) mergeMethod() string {
	repo := r.s.repo
	switch {
	case repo.AllowMergeCommit == nil || *repo.AllowMergeCommit:
		return "MERGE"
	case repo.AllowSquashMerge == nil || *repo.AllowSquashMerge:
		return "SQUASH"
	}
	return "REBASE"
}
