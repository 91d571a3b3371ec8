package bump

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/git"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// candidate is a throw-away copy of the flake, outside the tree, in which a bump is tried out.
type candidate struct {
	tree  *tree.Set
	repo  *git.Scratch // of a flake in a subfolder, which sees its repository only through git
	files *pin.Files   // that edits apply to
	found *pin.Found
	ws    *workspace.Workspace
	now   map[string][]byte // what the changed files hold at the moment
}

// newCandidate copies the files that Nix sees into the workspace.
func newCandidate(ctx context.Context, t *tree.Set, ws *workspace.Workspace, files *pin.Files, found *pin.Found) (*candidate, error) {
	c := &candidate{tree: t, files: files, found: found, ws: ws, now: map[string][]byte{}}
	for _, name := range t.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.take(ctx, name); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &Error{Text: fmt.Sprintf("copy flake: %s: %v", name, foreign.Plain(err)), Hint: copyHint(err), Err: err}
		}
	}
	if t.Sub == "" {
		return c, nil
	}
	var err error
	if c.repo, err = git.NewScratch(ctx, c.abs("."), ws.Env); err != nil {
		return nil, fmt.Errorf("prepare candidate: %w", err)
	}
	return c, nil
}

// abs is a file's place in the copy.
func (c *candidate) abs(name string) string {
	return filepath.Join(c.ws.Dir, "flake", filepath.FromSlash(name))
}

// url is the flake reference of the copy. A flake in a subfolder sees its repository only through git.
func (c *candidate) url() string {
	root := filepath.Join(c.ws.Dir, "flake")
	if c.repo == nil {
		return "path:" + root
	}
	// Nix's reader of references knows %20, and takes a plain blank or # for an end
	sub := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(c.tree.Sub))
	return "git+file://" + root + "?dir=" + sub
}

// commit makes the present content of the copy what git+file shows, with a revision, so that it
// counts as locked.
func (c *candidate) commit(ctx context.Context) error {
	if c.repo == nil {
		return nil
	}
	if err := c.repo.Commit(ctx, "candidate"); err != nil {
		return fmt.Errorf("prepare candidate: %w", err)
	}
	return nil
}

// apply writes the copy's files with the values of slots, always from the originals.
func (c *candidate) apply(now values) error {
	byFile := map[string][]nixexpr.Edit{}
	for id, value := range now {
		s := c.found.Slot(id)
		edit, err := s.Edit(value)
		if err != nil {
			return err
		}
		byFile[s.File] = append(byFile[s.File], edit)
	}
	for name := range c.now {
		if byFile[name] == nil && (c.files.Nix[name] != nil || c.files.Data[name] != nil) && name != c.tree.Lock() {
			byFile[name] = []nixexpr.Edit{}
		}
	}
	for name, edits := range byFile {
		out, err := c.files.Edit(name, edits)
		if err != nil {
			return err
		}
		c.now[name] = out
		if err := c.put(name, out); err != nil {
			return err
		}
	}
	return nil
}
