package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/checkout"
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

// fromBase returns nil when the files that the run is about are those of the commit, and a *rebase
// when the run is to start over.
func (r *run) fromBase(
	ctx context.Context, f *flake, at *start, c *github.Client, p github.Proposal, branch, commit string,
) error {
	if at.base.commit == commit {
		return nil
	}
	local := at.base.local
	if local == nil {
		local = f.tree
	}
	entries, fetch, limit, err := baseFiles(ctx, local, c, p, commit)
	if err != nil {
		return fmt.Errorf("compare with branch %s: %w", branch, err)
	}
	differing, err := checkout.Compare(ctx, local.Root, local.Files, entries)
	if err != nil {
		return fmt.Errorf("compare with branch %s: %w", branch, err)
	}
	relevant := differing[:0:0]
	for _, name := range differing {
		if !f.ignores(name) {
			relevant = append(relevant, name)
		}
	}
	b := base{branch: branch, commit: commit, local: local, moves: at.base.moves}
	if len(relevant) == 0 {
		if at.base.local == nil {
			at.base.branch, at.base.commit = branch, commit
			return nil
		}
		return &rebase{base: b, tree: local, repo: p.Owner + "/" + p.Repo}
	}
	r.say(Step, "pin", "%s here from branch %s: working from its commit %.12s", differ(relevant), branch, commit)
	ws, err := workspace.Open(r.opts.Env)
	if err != nil {
		return err
	}
	t, err := checkOut(ctx, ws, local, entries, limit, fetch)
	if err != nil {
		ws.Close()
		var much *checkout.TooMuch
		if errors.As(err, &much) {
			return &Error{
				Text: fmt.Sprintf("compare with branch %s: %s, and git does not have commit %s: %v", branch,
					differ(relevant), commit, much),
				Hint: "fetch the branch with git, or check out its newest commit, and run again", Err: err,
			}
		}
		return fmt.Errorf("check out branch %s: %w", branch, err)
	}
	return &rebase{b, t, ws, p.Owner + "/" + p.Repo}
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

// ignores reports whether no evaluation reads a file: documentation, and what CI systems and git are told.
// A file that the flake's code names may be read all the same.
func (f *flake) ignores(name string) bool {
	if !isDocumentation(name) {
		return false
	}
	for _, code := range f.files.Nix {
		if bytes.Contains(code.Src, []byte(path.Base(name))) {
			return false
		}
	}
	return true
}

// isDocumentation reports whether a file is for people, for a CI system or for git alone.
func isDocumentation(name string) bool {
	for _, dir := range []string{".github/", ".gitlab/", ".forgejo/", ".gitea/", ".circleci/", ".woodpecker/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	file := strings.ToLower(path.Base(name))
	switch path.Ext(file) {
	case ".md", ".markdown", ".rst", ".adoc":
		return true
	case "":
		stem, _, _ := strings.Cut(file, "-")
		switch stem {
		case "readme", "changelog", "license", "copying", "contributing", "security", "codeowners", "authors", "todo":
			return true
		}
	}
	return file == ".gitignore" || file == ".gitattributes" || file == ".editorconfig" || file == ".mailmap" ||
		file == ".gitlab-ci.yml"
}

// checkOut writes a commit below the workspace and returns it as a tree.
func checkOut(ctx context.Context, ws *workspace.Workspace, local *source.Set, entries []git.Entry,
	limit checkout.Limit, fetch fetcher,
) (*source.Set, error) {
	root, err := ws.Folder("base")
	if err != nil {
		return nil, err
	}
	if err := checkout.Write(ctx, root, local.Root, entries, limit, fetch); err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if e.Mode != git.Submodule {
			files = append(files, e.Path)
		}
	}
	return source.OpenCheckout(root, local.Sub, files)
}

type fetcher = func(context.Context, git.Entry) ([]byte, error)

// baseFiles lists a commit's files, with a way to get them: from git where it has the commit, else from the API.
func baseFiles(ctx context.Context, local *source.Set, c *github.Client, p github.Proposal, commit string) ([]git.Entry,
	fetcher, checkout.Limit, error,
) {
	requests := 0
	ask := func(ctx context.Context, e git.Entry) ([]byte, error) {
		if requests++; requests > maxAPIFiles {
			return nil, &checkout.TooMuch{Files: requests}
		}
		return c.Blob(ctx, p.Owner, p.Repo, e.Blob)
	}
	if local.Repo != nil {
		entries, err := local.Repo.Commit(ctx, commit)
		if err == nil {
			fetch := func(ctx context.Context, e git.Entry) ([]byte, error) {
				if content, err := local.Repo.Blob(ctx, e.Blob); err == nil {
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
