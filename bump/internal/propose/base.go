package propose

import (
	"context"
	"errors"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/checkout"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/git"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// A pull request is about its base branch, so its hashes must come from the files of that branch. Where the
// files here are others, the run starts over from a checkout of the base.

const (
	maxMoves    = 1 // of the base branch in one run
	maxGitFiles = 20_000
	maxGitBytes = 4 << 30
	maxAPIFiles = 100 // each is a request
	maxAPIBytes = 20 << 20
)

// Base is what a proposal is worked out from: a tree, and the commit of the base branch that it holds, once the remote
// side was asked. The zero value is that of a run which has done nothing yet.
type Base struct {
	Tree *source.Set // nil until it was read

	branch, commit string
	here           *source.Set          // the files here, where the commit has others; else nil
	ws             *workspace.Workspace // holds the checkout; nil without one
	moves          int                  // how often the branch moved meanwhile
}

// Close lets go of the trees and removes the checkout.
func (b Base) Close() {
	b.LeaveFor(Base{})
	if b.here != nil {
		b.here.Close()
	}
}

// LeaveFor lets go of what the next base of the run does not have.
func (b Base) LeaveFor(next Base) {
	if b.Tree != nil && b.Tree != next.Tree && b.Tree != next.here {
		b.Tree.Close()
	}
	b.ws.Close()
}

// About adds to an error that it is about the base branch, where the files here are others.
func (b Base) About(err error) error {
	var e *diag.Error
	if b.here == nil || !errors.As(err, &e) {
		return err
	}
	about := fmt.Sprintf("this is about branch %s, which differs from the files here", b.branch)
	said := *e
	if said.Hint != "" {
		about = said.Hint + "; " + about
	}
	said.Hint, said.Err = about, err
	return &said
}

// Rebase is the error that asks to start the run over from another commit of the base branch.
type Rebase struct {
	Base Base
	Repo string // OWNER/NAME, which a checkout does not tell
}

func (e *Rebase) Error() string {
	return fmt.Sprintf("work from commit %.12s of %s", e.Base.commit, e.Base.branch)
}

// fromBase returns the base at a commit when the files that the run is about are those of the commit, and a *Rebase
// when the run is to start over from there.
func (j Job) fromBase(
	ctx context.Context, at Base, c *github.Client, p github.Proposal, branch, commit string,
) (Base, error) {
	if at.commit == commit {
		return at, nil
	}
	here := at.here
	if here == nil {
		here = j.Tree
	}
	entries, fetch, limit, err := baseFiles(ctx, here, c, p, commit)
	if err != nil {
		return at, fmt.Errorf("compare with branch %s: %w", branch, err)
	}
	differing, err := checkout.Compare(ctx, here.Root, here.Files, entries)
	if err != nil {
		return at, fmt.Errorf("compare with branch %s: %w", branch, err)
	}
	relevant := differing[:0:0]
	for _, name := range differing {
		if !ignores(j.Files, name) {
			relevant = append(relevant, name)
		}
	}
	b := Base{Tree: here, branch: branch, commit: commit, moves: at.moves}
	if len(relevant) == 0 && at.here == nil {
		return b, nil
	}
	if len(relevant) == 0 {
		return at, &Rebase{b, p.Owner + "/" + p.Repo}
	}
	b.here = here
	j.say(diag.Step, "pin", "%s here from branch %s: working from its commit %.12s", differ(relevant), branch, commit)
	if b.ws, err = workspace.Open(j.Remote.Env); err != nil {
		return at, err
	}
	if b.Tree, err = checkOut(ctx, b.ws, here, entries, limit, fetch); err != nil {
		b.ws.Close()
		var much *checkout.TooMuch
		if errors.As(err, &much) {
			return at, &diag.Error{
				Text: fmt.Sprintf("compare with branch %s: %s, and git does not have commit %s: %v", branch,
					differ(relevant), commit, much),
				Hint: "fetch the branch with git, or check out its newest commit, and run again", Err: err,
			}
		}
		return at, fmt.Errorf("check out branch %s: %w", branch, err)
	}
	return at, &Rebase{b, p.Owner + "/" + p.Repo}
}

// differ says of a list of files that they differ.
func differ(names []string) string {
	switch len(names) {
	case 1:
		return names[0] + " differs"
	case 2:
		return names[0] + " and another file differ"
	}
	return fmt.Sprintf("%s and %d other files differ", names[0], len(names)-1)
}

// checkOut writes a commit below the workspace and returns it as a tree.
func checkOut(ctx context.Context, ws *workspace.Workspace, here *source.Set, entries []git.Entry,
	limit checkout.Limit, fetch fetcher,
) (*source.Set, error) {
	root, err := ws.Folder("base")
	if err != nil {
		return nil, err
	}
	if err := checkout.Write(ctx, root, here.Root, entries, limit, fetch); err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if e.Mode != git.Submodule {
			files = append(files, e.Path)
		}
	}
	return source.OpenCheckout(root, here.Sub, files)
}

type fetcher = func(context.Context, git.Entry) ([]byte, error)

// baseFiles lists a commit's files, with a way to get them: from git where it has the commit, else from the API.
func baseFiles(ctx context.Context, here *source.Set, c *github.Client, p github.Proposal, commit string) ([]git.Entry,
	fetcher, checkout.Limit, error,
) {
	requests := 0
	ask := func(ctx context.Context, e git.Entry) ([]byte, error) {
		if requests++; requests > maxAPIFiles {
			return nil, &checkout.TooMuch{Files: requests}
		}
		return c.Blob(ctx, p.Owner, p.Repo, e.Blob)
	}
	if here.Repo != nil {
		entries, err := here.Repo.Commit(ctx, commit)
		if err == nil {
			fetch := func(ctx context.Context, e git.Entry) ([]byte, error) {
				if content, err := here.Repo.Blob(ctx, e.Blob); err == nil {
					return content, nil
				}
				return ask(ctx, e) // a partial clone does not have everything
			}
			return entries, fetch, checkout.Limit{Files: maxGitFiles, Bytes: maxGitBytes}, nil
		}
		if ctx.Err() != nil {
			return nil, nil, checkout.Limit{}, ctx.Err()
		}
	}
	list, err := c.Files(ctx, p.Owner, p.Repo, commit)
	if err != nil {
		return nil, nil, checkout.Limit{}, err
	}
	entries := make([]git.Entry, len(list))
	for i, e := range list {
		entries[i] = git.Entry(e)
	}
	return entries, ask, checkout.Limit{Files: maxAPIFiles, Bytes: maxAPIBytes}, nil
}
