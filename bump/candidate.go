package bump

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// candidate is a throw-away copy of the flake, outside the tree, in which a bump is tried out.
type candidate struct {
	tree  *tree
	files map[string]*nixexpr.File // parsed, by name; the sources that edits apply to
	data  map[string][]byte        // JSON and lock files, likewise
	ws    *workspace
	now   map[string][]byte // what the changed files hold at the moment
}

// newCandidate copies the files that Nix sees into the workspace.
func newCandidate(ctx context.Context, t *tree, ws *workspace, s sources) (*candidate, error) {
	c := &candidate{tree: t, files: s.nix, data: s.data, ws: ws, now: map[string][]byte{}}
	for _, name := range t.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := copyFile(t.abs(name), c.abs(name)); err != nil {
			return nil, &Error{Text: fmt.Sprintf("copy flake: %v", err), Hint: "make room, or set TMPDIR to a folder with more of it", Err: err}
		}
	}
	if t.sub != "" {
		return c, c.git(ctx, "init", "--quiet")
	}
	return c, nil
}

// abs is a file's place in the copy.
func (c *candidate) abs(name string) string {
	return filepath.Join(c.ws.dir, "flake", filepath.FromSlash(name))
}

// url is the flake reference of the copy. A flake in a subfolder sees its repository only through git.
func (c *candidate) url() string {
	root := filepath.Join(c.ws.dir, "flake")
	if c.tree.sub == "" {
		return "path:" + root
	}
	// Nix's reader of references knows %20, and takes a plain blank or # for an end
	sub := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(c.tree.sub))
	return "git+file://" + root + "?dir=" + sub
}

// commit makes the present content of the copy what git+file shows, with a revision, so that it
// counts as locked.
func (c *candidate) commit(ctx context.Context) error {
	if c.tree.sub == "" {
		return nil
	}
	if err := c.git(ctx, "add", "--all", "--force"); err != nil {
		return err
	}
	return c.git(ctx, "-c", "user.name=ollama-bump", "-c", "user.email=ollama-bump@localhost", "-c", "commit.gpgsign=false",
		"commit", "--quiet", "--allow-empty", "--no-verify", "--message=candidate")
}

func (c *candidate) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = filepath.Join(c.ws.dir, "flake"), c.tree.env
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("prepare candidate: git %s: %w: %s", args[0], err, out)
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
		if byFile[name] == nil && (c.files[name] != nil || c.data[name] != nil) && name != c.tree.flakeFile("flake.lock") {
			byFile[name] = []nixexpr.Edit{}
		}
	}
	for name, edits := range byFile {
		out, err := c.edited(name, edits)
		if err != nil {
			return err
		}
		c.now[name] = out
		if err := os.WriteFile(c.abs(name), out, 0o644); err != nil {
			return fmt.Errorf("write candidate: %w", err)
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

// copyFile copies a regular file or a symbolic link; the copy is readable for Nix's build users.
func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	mode := os.FileMode(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// readLock takes over the flake.lock that Nix wrote in the copy.
func (c *candidate) readLock() error {
	name := c.tree.flakeFile("flake.lock")
	lock, err := os.ReadFile(c.abs(name))
	if err != nil {
		return fmt.Errorf("read candidate: %w", err)
	}
	c.now[name] = lock
	return nil
}

// restoreLock puts the tree's flake.lock back into the copy.
func (c *candidate) restoreLock() error {
	name := c.tree.flakeFile("flake.lock")
	delete(c.now, name)
	lock, err := c.tree.read(name)
	if errors.Is(err, os.ErrNotExist) {
		return os.RemoveAll(c.abs(name))
	}
	if err == nil {
		err = os.WriteFile(c.abs(name), lock, 0o644)
	}
	if err != nil {
		return fmt.Errorf("restore flake.lock in candidate: %w", err)
	}
	return nil
}
