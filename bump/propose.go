package bump

import (
	"context"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/github"
)

// propose makes the pull request. Nothing in the checkout changes.
func (j *job) propose(ctx context.Context) error {
	p, err := j.proposal(ctx)
	if err != nil {
		return err
	}
	p.Title, p.Message, p.Body = j.result.Title, CommitMessage(j.rep), j.result.Body
	for _, f := range j.changed {
		p.Files = append(p.Files, github.File{Path: f.name, Old: f.old, New: f.new})
	}
	c, err := j.target()
	if err != nil {
		return err
	}
	j.say(Step, "propose", "%s/%s: %s", p.Owner, p.Repo, p.Title)
	out, err := c.Propose(ctx, p)
	// A pull request that is there but unfinished comes with an error; the next run finishes it.
	if out.Number != 0 || err == nil {
		j.outcome(out)
	}
	if err != nil {
		return fmt.Errorf("propose to %s/%s: %w", p.Owner, p.Repo, err)
	}
	return nil
}

// outcome takes over how a proposal ended.
func (j *job) outcome(out github.Outcome) {
	j.result.Status = Status(out.Status)
	if out.Number != 0 || out.URL != "" {
		j.result.PullRequest = &PullRequest{Number: out.Number, URL: out.URL, Branch: out.Branch, Operation: string(out.Operation)}
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
