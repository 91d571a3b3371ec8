package bump

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/git"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// candidate is a throw-away copy of the flake, outside the tree, in which a bump is tried out.
type candidate struct {
	tree  *tree.Set
	repo  *git.Scratch             // of a flake in a subfolder, which sees its repository only through git
	files map[string]*nixexpr.File // parsed, by name; the sources that edits apply to
	data  map[string][]byte        // JSON and lock files, likewise
	ws    *workspace.Workspace
	now   map[string][]byte // what the changed files hold at the moment
}

// newCandidate copies the files that Nix sees into the workspace.
func newCandidate(ctx context.Context, t *tree.Set, ws *workspace.Workspace, s sources) (*candidate, error) {
	c := &candidate{tree: t, files: s.nix, data: s.data, ws: ws, now: map[string][]byte{}}
	for _, name := range t.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.take(ctx, name); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &Error{Text: fmt.Sprintf("copy flake: %s: %v", name, plainError(err)), Hint: copyHint(err), Err: err}
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

// change is a slot with the value that it gets.
type change struct {
	slot
	value string
}

// apply writes the copy's files with changes, always from the originals.
func (c *candidate) apply(changes []change) error {
	byFile := map[string][]nixexpr.Edit{}
	for _, ch := range changes {
		byFile[ch.file] = append(byFile[ch.file], ch.edit(ch.value))
	}
	for name := range c.now {
		if byFile[name] == nil && (c.files[name] != nil || c.data[name] != nil) && name != c.tree.Lock() {
			byFile[name] = []nixexpr.Edit{}
		}
	}
	for name, edits := range byFile {
		out, err := c.edited(name, edits)
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

// edited is a file with edits, checked: everything else is as it was.
func (c *candidate) edited(name string, edits []nixexpr.Edit) ([]byte, error) {
	if f := c.files[name]; f != nil {
		out, err := f.Apply(edits)
		if err != nil {
			return nil, fmt.Errorf("edit %s: %w", name, err)
		}
		return out, nil
	}
	src, ok := c.data[name]
	if !ok {
		return nil, fmt.Errorf("edit %s: not read", name)
	}
	out, err := splice(src, edits)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", name, err)
	}
	if !json.Valid(out) {
		return nil, fmt.Errorf("edit %s: the result is no JSON", name)
	}
	return out, nil
}

// splice replaces parts of src, which must not overlap.
func splice(src []byte, edits []nixexpr.Edit) ([]byte, error) {
	sorted := append([]nixexpr.Edit{}, edits...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Start < sorted[j].Start })
	var out []byte
	last := 0
	for _, e := range sorted {
		if e.Start < last || e.End < e.Start || e.End > len(src) {
			return nil, errors.New("edits overlap")
		}
		out = append(append(out, src[last:e.Start]...), e.New...)
		last = e.End
	}
	return append(out, src[last:]...), nil
}
