// Package checkout compares a folder with a commit and writes the files of one, as git stores them: what
// attributes and filters do to files in a work tree (line ends, large files) is left out.
//
// A commit's listing may come from an API. Its paths and sizes are checked before anything is done with
// them, and contents are checked against the names of their objects.
package checkout

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/git"
)

// Compare returns the paths at which files below root, by their paths with slashes, are not what entries
// say, sorted: another content, another kind, or executable here and not there. It reads no submodule, and passes
// over names that are not UTF-8, which not every listing has right.
func Compare(ctx context.Context, root string, files []string, entries []git.Entry) ([]string, error) {
	dir, err := foreign.Open(root)
	if err != nil {
		return nil, fmt.Errorf("compare files: %w", err)
	}
	defer dir.Close()
	here := map[string]bool{}
	for _, name := range files {
		here[name] = plainName(name)
	}
	var differing, submodules []string
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch {
		case e.Mode == git.Submodule:
			submodules = append(submodules, e.Path+"/")
		case plainName(e.Path) && (!here[e.Path] || !same(ctx, dir, e) || !sameMode(dir, e)):
			differing = append(differing, e.Path)
		}
		delete(here, e.Path)
	}
	for name, counts := range here {
		if counts && !slices.ContainsFunc(submodules,
			func(sub string) bool { return strings.HasPrefix(name+"/", sub) }) {
			differing = append(differing, name)
		}
	}
	slices.Sort(differing)
	return differing, nil
}

// plainName reports whether every listing has a name as it is.
func plainName(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsRune(name, utf8.RuneError)
}

// same reports whether the file in dir is what an entry says. One that cannot be read is not.
func same(ctx context.Context, dir *foreign.Dir, e git.Entry) bool {
	content, err := read(ctx, dir, e)
	return err == nil && git.BlobID(content) == e.Blob
}

// sameMode reports whether the file in dir is executable exactly if an entry says so, as Nix's hash of a file tells
// too.
func sameMode(dir *foreign.Dir, e git.Entry) bool {
	return dir.Executable(e.Path) == (e.Mode == git.Executable)
}

// read returns a file's content, or where a symbolic link leads, if it is of the entry's kind and size.
func read(ctx context.Context, dir *foreign.Dir, e git.Entry) ([]byte, error) {
	content, link, err := dir.Literal(ctx, e.Path, e.Size)
	if err == nil && link != (e.Mode == git.Link) {
		err = fs.ErrInvalid
	}
	return content, err
}

// Limit bounds what is fetched for a checkout.
type Limit struct {
	Files int
	Bytes int64
}

// TooMuch is a checkout for which more would have to be fetched than its Limit allows.
type TooMuch struct {
	Files int   // to fetch
	Bytes int64 // in them
}

func (e *TooMuch) Error() string {
	return fmt.Sprintf("%d files with %d bytes would have to be fetched", e.Files, e.Bytes)
}

// Write writes entries below the folder to, which must be empty. What stands below from as an entry says is
// taken from there, everything else comes from fetch. Submodules are left out.
func Write(ctx context.Context, to, from string, entries []git.Entry, limit Limit,
	fetch func(context.Context, git.Entry) ([]byte, error),
) error {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e git.Entry) bool { return e.Mode == git.Submodule })
	if err := check(entries); err != nil {
		return err
	}
	here, err := foreign.Open(from)
	if err != nil {
		return fmt.Errorf("write files: %w", err)
	}
	defer here.Close()
	there, err := os.OpenRoot(to)
	if err != nil {
		return fmt.Errorf("write files: %w", err)
	}
	defer there.Close()
	if err := within(ctx, limit, here, entries); err != nil {
		return err
	}
	// Links come last: nothing is written through one.
	slices.SortStableFunc(entries, func(a, b git.Entry) int { return strings.Compare(kind(a), kind(b)) })
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		content, err := read(ctx, here, e)
		if err != nil || git.BlobID(content) != e.Blob {
			if content, err = fetch(ctx, e); err != nil {
				return fmt.Errorf("write %s: %w", e.Path, err)
			}
		}
		if int64(len(content)) != e.Size || git.BlobID(content) != e.Blob {
			return fmt.Errorf("write %s: the content is not that of object %s", e.Path, e.Blob)
		}
		if err := put(there, e, content); err != nil {
			return fmt.Errorf("write %s: %w", e.Path, err)
		}
	}
	return nil
}

func kind(e git.Entry) string {
	if e.Mode == git.Link {
		return "link"
	}
	return "file"
}

// check refuses listings that no git repository has.
func check(entries []git.Entry) error {
	seen := map[string]bool{}
	for _, e := range entries {
		ours := func(part string) bool { return strings.EqualFold(part, ".git") }
		local := e.Path != "" && path.Clean(e.Path) == e.Path && filepath.IsLocal(filepath.FromSlash(e.Path))
		if !local || seen[e.Path] || slices.ContainsFunc(strings.Split(e.Path, "/"), ours) || e.Size < 0 {
			return fmt.Errorf("write files: bad or repeated path %q", e.Path)
		}
		seen[e.Path] = true
	}
	return nil
}

// within refuses to fetch more than the limit.
func within(ctx context.Context, limit Limit, here *foreign.Dir, entries []git.Entry) error {
	var need TooMuch
	for _, e := range entries {
		if !same(ctx, here, e) {
			need.Files++
			need.Bytes += e.Size
		}
	}
	if need.Files > limit.Files || need.Bytes > limit.Bytes {
		return &need
	}
	return nil
}

// put makes one file or link.
func put(root *os.Root, e git.Entry, content []byte) error {
	name := filepath.FromSlash(e.Path)
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if e.Mode == git.Link {
		return root.Symlink(string(content), name)
	}
	mode := fs.FileMode(0o644)
	if e.Mode == git.Executable {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
