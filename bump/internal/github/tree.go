package github

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// plan is what the commit will be: the files that change, and the name of the tree that results, which
// is worked out here so that a commit that has it already need not be made again.
type plan struct {
	baseTree string
	tree     string // "" when GitHub has to tell, see tree
	changed  []change
	written  bool // blobs and tree are on GitHub
}

// change is one file that changes.
type change struct {
	path, mode, blob string
	data             []byte
}

const (
	folderMode = "040000"
	fileMode   = "100644"
)

// objectName is the name that git gives to an object.
func objectName(kind string, data []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// plan compares the proposal's files with the base branch: a *BaseDiffers when a file is neither as it
// was nor as it shall be.
func (c *Client) plan(ctx context.Context, s *remote) (*plan, error) {
	commit, err := c.commit(ctx, s, s.baseSHA)
	if err != nil {
		return nil, err
	}
	pl := &plan{baseTree: commit.GetTree().GetSHA()}
	pl.tree, err = c.planTree(ctx, s, pl, pl.baseTree, "", s.proposal.Files)
	return pl, err
}

// tree reads one folder. It is not exact when a name in it is not UTF-8: GitHub replaces such bytes, so
// the name of a tree with that entry cannot be worked out.
func (c *Client) tree(ctx context.Context, s *remote, sha string) (entries []*gh.TreeEntry, exact bool, err error) {
	tree, err := unwrap(c.api.Git.GetTree(ctx, s.owner, s.name, sha, false))
	if err != nil {
		return nil, false, fmt.Errorf("read tree %s: %w", sha, err)
	}
	replaced := slices.ContainsFunc(tree.Entries, func(e *gh.TreeEntry) bool {
		return strings.ContainsRune(e.GetPath(),
			utf8.RuneError)
	})
	exact = treeName(tree.Entries) == sha
	if tree.GetTruncated() || !exact && !replaced {
		return nil, false, fmt.Errorf("read tree %s: GitHub's answer is not the whole of it", sha)
	}
	return tree.Entries, exact, nil
}

// planTree plans one folder, prefix "" or ending in a slash, and returns its new tree's name, "" when it
// cannot be worked out.
func (c *Client) planTree(ctx context.Context, s *remote, pl *plan, sha, prefix string, files []File) (string, error) {
	var entries []*gh.TreeEntry
	exact := true
	if sha != "" {
		var err error
		if entries, exact, err = c.tree(ctx, s, sha); err != nil {
			return "", err
		}
	}
	below := map[string][]File{}
	for _, f := range files {
		name, _, deeper := strings.Cut(strings.TrimPrefix(f.Path, prefix), "/")
		if deeper {
			below[name] = append(below[name], f)
			continue
		}
		var err error
		if entries, err = pl.file(s.base, entries, name, f); err != nil {
			return "", err
		}
	}
	for name, files := range below {
		old := ""
		at := find(entries, name)
		if at >= 0 && entries[at].GetType() == "tree" {
			old = entries[at].GetSHA()
		} else if at >= 0 || files[0].Old != nil {
			return "", &BaseDiffers{Path: files[0].Path, Base: s.base, Reason: "does not exist there"}
		}
		child, err := c.planTree(ctx, s, pl, old, prefix+name+"/", files)
		if err != nil {
			return "", err
		}
		exact = exact && child != ""
		entries = put(entries, name, folderMode, child)
	}
	if !exact {
		return "", nil
	}
	return treeName(entries), nil
}

// file plans one file among its folder's entries.
func (pl *plan) file(base string, entries []*gh.TreeEntry, name string, f File) ([]*gh.TreeEntry, error) {
	blob, mode := objectName("blob", f.New), fileMode
	at := find(entries, name)
	switch {
	case at < 0 && f.Old != nil:
		return nil, &BaseDiffers{Path: f.Path, Base: base, Reason: "does not exist there"}
	case at < 0:
	case entries[at].GetSHA() == blob:
		return entries, nil
	case f.Old == nil:
		return nil, &BaseDiffers{Path: f.Path, Base: base, Reason: "exists there already"}
	case entries[at].GetSHA() != objectName("blob", f.Old):
		return nil, &BaseDiffers{Path: f.Path, Base: base, Reason: "differs from what is here"}
	default:
		mode = entries[at].GetMode()
	}
	pl.changed = append(pl.changed, change{f.Path, mode, blob, f.New})
	return put(entries, name, mode, blob), nil
}

func find(entries []*gh.TreeEntry, name string) int {
	return slices.IndexFunc(entries, func(e *gh.TreeEntry) bool { return e.GetPath() == name })
}

func put(entries []*gh.TreeEntry, name, mode, sha string) []*gh.TreeEntry {
	kept := slices.DeleteFunc(slices.Clone(entries), func(e *gh.TreeEntry) bool { return e.GetPath() == name })
	return append(kept, &gh.TreeEntry{Path: &name, Mode: &mode, SHA: &sha})
}

// treeName works out a tree's name; "" when an entry has no object name.
func treeName(entries []*gh.TreeEntry) string {
	key := func(e *gh.TreeEntry) string { // a folder sorts as if its name ended in a slash
		if e.GetMode() == folderMode {
			return e.GetPath() + "/"
		}
		return e.GetPath()
	}
	sorted := slices.SortedFunc(slices.Values(entries), func(a,
		b *gh.TreeEntry,
	) int {
		return cmp.Compare(key(a), key(b))
	})
	var data []byte
	for _, e := range sorted {
		raw, err := hex.DecodeString(e.GetSHA())
		if err != nil {
			return ""
		}
		data = append(data, strings.TrimLeft(e.GetMode(), "0")+" "+e.GetPath()+"\x00"...)
		data = append(data, raw...)
	}
	return objectName("tree", data)
}

// write makes blobs, tree and commit, which nobody sees until a branch points to the commit.
func (c *Client) write(ctx context.Context, s *remote, pl *plan) (string, error) {
	if !pl.written {
		if err := c.writeTree(ctx, s, pl); err != nil {
			return "", err
		}
	}
	return c.writeCommit(ctx, s, pl)
}

// writeTree makes the blobs and the tree.
func (c *Client) writeTree(ctx context.Context, s *remote, pl *plan) error {
	var entries []*gh.TreeEntry
	for _, ch := range pl.changed {
		blob := &gh.Blob{Content: gh.String(base64.StdEncoding.EncodeToString(ch.data)), Encoding: gh.String("base64")}
		made, err := unwrap(c.api.Git.CreateBlob(ctx, s.owner, s.name, blob))
		if err == nil && made.GetSHA() != ch.blob {
			err = fmt.Errorf("GitHub named it %q, not %s", oneLine(made.GetSHA(), 40), ch.blob)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", ch.path, err)
		}
		entries = append(entries, &gh.TreeEntry{Path: &ch.path, Mode: &ch.mode, Type: gh.String("blob"), SHA: &ch.blob})
	}
	err := c.eventually(ctx, func() error {
		made, err := unwrap(c.api.Git.CreateTree(ctx, s.owner, s.name, pl.baseTree, entries))
		switch {
		case err != nil:
			return err
		case pl.tree == "" && version.IsObjectID(made.GetSHA()):
			pl.tree = made.GetSHA()
		case made.GetSHA() != pl.tree:
			return fmt.Errorf("GitHub named it %q, not %s", oneLine(made.GetSHA(), 40), pl.tree)
		}
		return nil
	}, "is not a valid blob", "does not exist")
	if err != nil {
		return fmt.Errorf("write tree: %w", err)
	}
	pl.written = true
	return nil
}

// writeCommit names no author: GitHub takes the token's, and signs what an App commits.
func (c *Client) writeCommit(ctx context.Context, s *remote, pl *plan) (sha string, err error) {
	commit := &gh.Commit{
		Message: gh.String(s.proposal.commitMessage(pl.tree)), Tree: &gh.Tree{SHA: &pl.tree},
		Parents: []*gh.Commit{{SHA: &s.baseSHA}},
	}
	err = c.eventually(ctx, func() error {
		made, err := unwrap(c.api.Git.CreateCommit(ctx, s.owner, s.name, commit, nil))
		if err == nil && !version.IsObjectID(made.GetSHA()) {
			err = fmt.Errorf("GitHub named it %q", oneLine(made.GetSHA(), 40))
		}
		sha = made.GetSHA()
		return err
	}, "does not exist")
	if err != nil {
		return "", fmt.Errorf("write commit: %w", err)
	}
	return sha, nil
}

// eventually repeats a call that GitHub refuses with one of these words as long as what was just
// written has not reached all its servers: at once, after 1, 2 and 4 seconds.
func (c *Client) eventually(ctx context.Context, call func() error, words ...string) error {
	for try := 1; ; try++ {
		err := call()
		e := apiError(err)
		early := e.Status == http.StatusUnprocessableEntity && slices.ContainsFunc(words, e.says)
		if !early || try == 4 {
			return err
		}
		if err := c.transport.pause(ctx, backoff(try), e.short()); err != nil {
			return err
		}
	}
}
