// Package source is the flake as it stands on disk: the files that Nix sees of it, read once.
//
// Nothing outside of the tree is opened, and nothing in it but regular files; see package foreign. Names of
// files are paths from the tree's root, with slashes.
package source

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/git"
)

// Set is the files of a flake.
type Set struct {
	Root  string          // absolute, symbolic links resolved: the repository's root, or the flake's folder without git
	Sub   string          // the flake's folder below Root; "" when it is Root
	Repo  *git.Repository // nil without git
	Files []string        // those that Nix sees, symbolic links among them

	dir    *foreign.Dir
	has    map[string]bool
	links  map[string]string // to what they point to in the tree
	strays map[string]string // links that leave the tree, to what they point to; "" for those that lead nowhere
	read   map[string][]byte
}

// MaxFile is the size in bytes up to which a file is read: people's files stay far below it, generated
// ones do not hold pins.
const MaxFile = 8 << 20

// Open finds the flake in the folder dir ("" is the current one) and lists the files that Nix sees of it:
// those that git tracks, or all of them where no repository is. env is git's environment.
func Open(ctx context.Context, dir string, env []string) (*Set, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("open flake: %v", err),
			Hint: "give the folder of the flake with Options.Dir=DIR", Err: err,
		}
	}
	if _, err := os.Stat(filepath.Join(abs, "flake.nix")); err != nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("open flake: no flake.nix in %s", abs),
			Hint: "run in the flake's folder, or name it with Options.Dir=DIR", Err: err,
		}
	}
	s := &Set{
		Root: abs, has: map[string]bool{}, links: map[string]string{}, strays: map[string]string{},
		read: map[string][]byte{},
	}
	if s.Repo, err = git.Find(ctx, abs, env); err != nil {
		return nil, err
	}
	if err := s.list(ctx, abs); err != nil {
		return nil, err
	}
	if s.dir, err = foreign.Open(s.Root); err != nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("open flake: %v", err), Hint: "see that the folder can be read",
			Err: err,
		}
	}
	return s, s.check()
}

// OpenCheckout opens the flake in the folder sub below root, which a commit's files were written to: all of
// them, and no repository.
func OpenCheckout(root, sub string, files []string) (*Set, error) {
	s := &Set{
		Root: root, Sub: sub, has: map[string]bool{}, links: map[string]string{}, strays: map[string]string{},
		read: map[string][]byte{},
	}
	for _, name := range files {
		info, err := os.Lstat(s.Abs(name))
		if err != nil {
			return nil, fmt.Errorf("open flake: %w", err)
		}
		s.add(name, info.Mode())
	}
	if !s.has[s.InFlake("flake.nix")] {
		return nil, fmt.Errorf("open flake: no %s", s.InFlake("flake.nix"))
	}
	var err error
	if s.dir, err = foreign.Open(root); err != nil {
		return nil, fmt.Errorf("open flake: %w", err)
	}
	return s, s.check()
}

// list fills in the files, the root and the flake's folder below it.
func (s *Set) list(ctx context.Context, flake string) error {
	if s.Repo == nil {
		return s.walk(ctx)
	}
	s.Root = s.Repo.Root
	rel, err := filepath.Rel(s.Root, flake)
	if err != nil || !filepath.IsLocal(rel) {
		return &diag.Error{
			Text: fmt.Sprintf("open flake: %s is not in the work tree of its repository, %s", flake, s.Root),
			Hint: "see core.worktree in the repository's configuration", Err: err,
		}
	}
	if rel != "." {
		s.Sub = filepath.ToSlash(rel)
	}
	tracked, err := s.Repo.Files(ctx)
	if err != nil {
		return err
	}
	for _, name := range tracked {
		if err := ctx.Err(); err != nil {
			return err
		}
		// a deleted file is not seen by Nix either
		if info, err := os.Lstat(s.Abs(name)); err == nil && !info.IsDir() {
			s.add(name, info.Mode())
		}
	}
	return nil
}

// walk lists the regular files and symbolic links below the root. Sockets and pipes cannot be part of
// a flake.
func (s *Set) walk(ctx context.Context) error {
	err := filepath.WalkDir(s.Root, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(s.Root, name)
		link := d.Type()&fs.ModeSymlink != 0
		if err == nil && (d.Type().IsRegular() || link && !strings.HasPrefix(d.Name(), "result")) {
			s.add(filepath.ToSlash(rel), d.Type())
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		return &diag.Error{Text: fmt.Sprintf("list files: %v", err), Hint: "see that the folder can be read", Err: err}
	}
	return err
}

// add takes in a file that is there.
func (s *Set) add(name string, mode fs.FileMode) {
	s.Files = append(s.Files, name)
	s.has[name] = true
	if mode&fs.ModeSymlink == 0 {
		return
	}
	target, err := filepath.EvalSymlinks(s.Abs(name))
	rel := ""
	if err == nil {
		rel, err = filepath.Rel(s.Root, target)
	}
	if err == nil && filepath.IsLocal(rel) {
		s.links[name] = filepath.ToSlash(rel)
		return
	}
	s.strays[name] = target
}

// check refuses a set without a flake.nix, and one whose lock file lies elsewhere.
func (s *Set) check() error {
	name := s.InFlake("flake.nix")
	if !s.has[name] {
		return &diag.Error{
			Text: fmt.Sprintf("open flake: %s is not tracked by git, so Nix does not see it", name),
			Hint: "git add " + name,
		}
	}
	for _, name := range []string{name, s.InFlake("flake.lock")} {
		if target, stray := s.strays[name]; stray {
			if target == "" {
				target, _ = os.Readlink(s.Abs(name))
			}
			return &diag.Error{
				Pos:  diag.Pos{File: name, Line: 1, Column: 1},
				Text: fmt.Sprintf("open flake: a link to %s, which is not in the flake", target),
				Hint: "put the file itself into the flake",
			}
		}
	}
	return nil
}

// Close lets go of the tree.
func (s *Set) Close() { s.dir.Close() }

// Has reports whether Nix sees a file of that name.
func (s *Set) Has(name string) bool { return s.has[name] }

// Abs returns the place of a file on disk.
func (s *Set) Abs(name string) string { return filepath.Join(s.Root, filepath.FromSlash(name)) }

// InFlake returns the name of a file of the flake's own folder.
func (s *Set) InFlake(name string) string { return path.Join(s.Sub, name) }

// Lock returns the name of the flake's lock file: the file that a link of that name means.
func (s *Set) Lock() string { return s.resolve(s.InFlake("flake.lock")) }

// Sibling reports whether a file lies in the folder of another flake of the repository, beside this one:
// its pins are that flake's. A flake around this one or below it may share files with it.
func (s *Set) Sibling(name string) bool {
	for dir := path.Dir(name); dir != "." && !within(dir, s.Sub); dir = path.Dir(dir) {
		if !within(s.Sub, dir) && s.has[path.Join(dir, "flake.nix")] {
			return true
		}
	}
	return false
}

// within reports whether a folder is another one or lies in it; "" is the root.
func within(dir, other string) bool {
	rest, ok := strings.CutPrefix(dir, other)
	return ok && (other == "" || rest == "" || rest[0] == '/')
}

// Link returns what a symbolic link of the tree means: a file or folder of the tree. inside is false for a
// link that leaves the tree or leads nowhere; target is then where it leads, "" for nowhere. isLink is false for
// what is no link.
func (s *Set) Link(name string) (target string, inside, isLink bool) {
	if target, ok := s.links[name]; ok {
		return target, true, true
	}
	target, stray := s.strays[name]
	return target, false, stray
}

// resolve returns the name of the file that a name means: its target for a link in the tree.
func (s *Set) resolve(name string) string {
	if target, ok := s.links[name]; ok {
		return target
	}
	return name
}

// Read returns the content of a file of the tree, as it was when it was first read.
func (s *Set) Read(ctx context.Context, name string) ([]byte, error) {
	name = s.resolve(name)
	if data, ok := s.read[name]; ok {
		return data, nil
	}
	if _, stray := s.strays[name]; stray {
		return nil, fmt.Errorf("%s: it is a link out of the flake", name)
	}
	data, err := s.dir.Read(ctx, name, MaxFile)
	if err != nil {
		return nil, foreign.Plain(err)
	}
	s.read[name] = data
	return data, nil
}

// maxCopied is the size in bytes up to which a file is copied: Nix would copy it to the store at each evaluation.
const maxCopied = 4 << 30

// Copy writes the content of a file to w, and reports whether its owner may execute it.
func (s *Set) Copy(ctx context.Context, w io.Writer, name string) (executable bool, err error) {
	mode, err := s.dir.Copy(ctx, w, s.resolve(name), maxCopied)
	return mode&0o100 != 0, err
}
