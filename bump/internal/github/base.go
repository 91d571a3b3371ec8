package github

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Entry is a file, symbolic link or submodule of a commit.
type Entry struct {
	Path string `json:"path"` // from the repository's root; bytes that are not UTF-8 are replaced
	Mode string `json:"mode"` // "100644", "100755", "120000" for a symbolic link, "160000" for a submodule
	Blob string `json:"sha"`  // name of the object
	Size int64  `json:"size"` // bytes; 0 for a submodule
}

// Files lists everything in a commit, in one request. A commit with too much for one answer, about 100,000
// files, is a *TooManyFiles.
func (c *Client) Files(ctx context.Context, owner, repo, commit string) ([]Entry, error) {
	if err := checkName(owner, repo); err != nil {
		return nil, err
	}
	if !version.IsObjectID(commit) {
		return nil, fmt.Errorf("list files: not a commit id: %q", oneLine(commit, 60))
	}
	var tree struct {
		Tree []struct {
			Entry
			Type string `json:"type"`
		} `json:"tree"`
		Truncated bool `json:"truncated"`
	}
	address := fmt.Sprintf("repos/%s/%s/git/trees/%s?recursive=1", owner, repo, commit)
	if _, err := c.get(ctx, address, &tree); err != nil {
		return nil, fmt.Errorf("list files of commit %s: %w", commit, err)
	}
	if tree.Truncated {
		return nil, &TooManyFiles{Commit: commit}
	}
	var files []Entry
	for _, e := range tree.Tree {
		if !version.IsObjectID(e.Blob) {
			return nil, fmt.Errorf("list files of commit %s: %s has no object name", commit, oneLine(e.Path, 200))
		}
		if e.Type != "tree" {
			files = append(files, e.Entry)
		}
	}
	return files, nil
}

// Blob returns the content of a file by its object's name, which is checked.
func (c *Client) Blob(ctx context.Context, owner, repo, sha string) ([]byte, error) {
	if err := checkName(owner, repo); err != nil {
		return nil, err
	}
	blob, err := unwrap(c.api.Git.GetBlob(ctx, owner, repo, sha))
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", oneLine(sha, 60), err)
	}
	data := []byte(blob.GetContent())
	if blob.GetEncoding() == "base64" {
		if data, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(blob.GetContent(), "\n", "")); err != nil {
			return nil, fmt.Errorf("read object %s: %w", oneLine(sha, 60), err)
		}
	}
	if objectName("blob", data) != sha {
		return nil, fmt.Errorf("read object %s: the answer has another content", oneLine(sha, 60))
	}
	return data, nil
}

// maxFolders is how many pairs of folders that differ are compared to find out what changed on the base
// branch: a change that reaches further is not read to its end.
const maxFolders = 40

// moved returns the first file that differs between two commits and that the proposal does not ignore, ""
// when there is none. Folders that are the same are not read.
func (c *Client) moved(ctx context.Context, s *remote, from, to string) (string, error) {
	var trees [2]string
	for i, sha := range []string{from, to} {
		commit, err := c.commit(ctx, s, sha)
		if err != nil {
			return "", err
		}
		trees[i] = commit.GetTree().GetSHA()
	}
	d := &treeDiff{c: c, s: s, left: maxFolders}
	return d.first(ctx, trees[0], trees[1], "")
}

// treeDiff compares two trees, folder by folder.
type treeDiff struct {
	c    *Client
	s    *remote
	left int // pairs of folders that may still be read
}

// first returns the first path below prefix that differs and counts. A tree that does not exist is "".
func (d *treeDiff) first(ctx context.Context, from, to, prefix string) (string, error) {
	if from == to {
		return "", nil
	}
	if d.left--; d.left < 0 {
		return prefix, nil
	}
	old, err := d.entries(ctx, from)
	if err != nil {
		return "", err
	}
	now, err := d.entries(ctx, to)
	if err != nil {
		return "", err
	}
	for _, e := range now {
		was := entryOf(old, e.GetPath())
		if path, err := d.compare(ctx, was, e, prefix); path != "" || err != nil {
			return path, err
		}
	}
	for _, e := range old {
		if find(now, e.GetPath()) >= 0 {
			continue
		}
		if path, err := d.compare(ctx, e, &gh.TreeEntry{}, prefix); path != "" || err != nil {
			return path, err
		}
	}
	return "", nil
}

// compare compares what stands under one name; an entry without a type does not exist.
func (d *treeDiff) compare(ctx context.Context, was, is *gh.TreeEntry, prefix string) (string, error) {
	if was.GetSHA() == is.GetSHA() && was.GetMode() == is.GetMode() {
		return "", nil
	}
	path := prefix + was.GetPath()
	if is.GetPath() != "" {
		path = prefix + is.GetPath()
	}
	folder := func(e *gh.TreeEntry) string {
		if e.GetMode() == folderMode {
			return e.GetSHA()
		}
		return ""
	}
	file := was.GetPath() != "" && folder(was) == "" || is.GetPath() != "" && folder(is) == ""
	if file && !d.s.proposal.ignores(path) {
		return path, nil
	}
	return d.first(ctx, folder(was), folder(is), path+"/")
}

func (d *treeDiff) entries(ctx context.Context, sha string) ([]*gh.TreeEntry, error) {
	if sha == "" {
		return nil, nil
	}
	entries, _, err := d.c.tree(ctx, d.s, sha)
	return entries, err
}

// entryOf returns the entry of that name, an empty one when there is none.
func entryOf(entries []*gh.TreeEntry, name string) *gh.TreeEntry {
	if at := find(entries, name); at >= 0 {
		return entries[at]
	}
	return &gh.TreeEntry{}
}

// BaseMoved is a base branch that moved since the proposal was worked out, in files that matter to it.
type BaseMoved struct {
	Base     string // branch
	From, To string // commits
	Path     string // of the first file that differs and counts
}

func (e *BaseMoved) Error() string {
	return fmt.Sprintf("compare %s with branch %s: the branch was at %.12s and is at %.12s by now", e.Path, e.Base,
		e.From, e.To)
}

// Hint returns what to do about it.
func (e *BaseMoved) Hint() string { return "run again when nobody pushes to " + e.Base }

// TooManyFiles is a commit whose files GitHub does not list in one answer.
type TooManyFiles struct{ Commit string }

func (e *TooManyFiles) Error() string {
	return fmt.Sprintf("list files of commit %s: too many for one answer", e.Commit)
}

// Hint returns what to do about it.
func (e *TooManyFiles) Hint() string { return "fetch the base branch with git and run again" }
