package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// flake is what stands in a flake: its files, and the pins in them.
type flake struct {
	tree   *source.Set
	files  *pin.Files
	found  *pin.Found
	unlock func() // gives the tree back to other runs; nil when it was not taken
}

// close lets other runs have the tree.
func (f *flake) close() {
	if f.unlock != nil {
		f.unlock()
	}
}

// open reads the flake and finds every pin in it. No pin is an error that names the nearest misses.
func (r *run) open(ctx context.Context, at *start) (*flake, error) {
	if at.base.Tree == nil {
		set, err := source.Open(ctx, r.opts.Dir, r.opts.Env)
		if err != nil {
			return nil, err
		}
		at.base.Tree = set
	}
	f := &flake{tree: at.base.Tree}
	if r.opts.Mode == Write {
		unlock, err := f.tree.Exclude()
		if err != nil {
			return nil, err
		}
		f.unlock = unlock
	}
	if err := r.findPins(ctx, f); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// findPins reads the files and says what is pinned in them.
func (r *run) findPins(ctx context.Context, f *flake) (err error) {
	if f.files, err = r.readFiles(ctx, f.tree); err != nil {
		return err
	}
	if f.found, err = pin.Find(ctx, f.files, r.pkg); err != nil {
		return r.nameUntracked(ctx, f.tree, err)
	}
	for _, text := range f.found.Warnings {
		r.warn("pin", "%s", text)
	}
	for _, p := range f.found.Pins {
		r.say(Detail, "pin", "%s: %s %s", p.Pos, r.pkg.Name, p.Version)
	}
	for _, refused := range f.found.Refused {
		if refused.Hint != "" {
			r.warn("pin", "%s", refused.Error())
		}
	}
	return nil
}

// nameUntracked adds to the error of a flake without a pin which files mention the package and are not
// tracked by git, for Nix does not see them.
func (r *run) nameUntracked(ctx context.Context, set *source.Set, err error) error {
	var failure *Error
	if !errors.As(err, &failure) || set.Repo == nil {
		return err
	}
	files, listErr := set.Repo.Untracked(ctx)
	if listErr != nil {
		return err // what is missing is only a hint
	}
	var names []string
	for _, name := range files {
		isNix := strings.HasSuffix(name, ".nix") || pin.IsData(name)
		if !isNix || len(names) == maxUntracked || path.Base(name) != name && set.Sibling(name) {
			continue
		}
		if src, err := set.Read(ctx, name); err == nil && bytes.Contains(src, []byte(r.pkg.Name)) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return err
	}
	named := *failure
	named.Hint = fmt.Sprintf("git add %s: Nix sees only the files that git tracks", strings.Join(names, " "))
	return &named
}

// maxUntracked bounds how many files a hint names.
const maxUntracked = 3

// readFiles reads and parses the files. One that does not parse matters when it is flake.nix or
// mentions the package.
func (r *run) readFiles(ctx context.Context, set *source.Set) (*pin.Files, error) {
	files := &pin.Files{
		Flake: set.InFlake("flake.nix"), Nix: map[string]*nixexpr.File{}, Data: map[string][]byte{},
		Links: map[string]string{},
	}
	for _, name := range set.Files {
		isNix, isData := strings.HasSuffix(name, ".nix"), pin.IsData(name)
		if target, inside, isLink := set.Link(name); isLink {
			readLink(files, name, target, inside, isNix || isData)
			continue
		}
		if !isNix && !isData || set.Sibling(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := set.Read(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			r.warn("pin", "%s is not read: %v", name, err)
		case isData:
			files.Data[name] = src
		default:
			f, err := nixexpr.Parse(name, src)
			switch {
			case err == nil:
				files.Nix[name] = f
			case name == files.Flake || strings.Contains(strings.ToLower(string(src)), r.pkg.Name):
				return nil, syntaxError(err)
			default:
				r.say(Detail, "pin", "%s is not read: %v", name, err)
			}
		}
	}
	return files, nil
}

// readLink takes in a symbolic link of the tree. Nix code that names it means the file or folder behind it, so
// that one is read and edited, under its own name. What lies outside of the tree, Nix does not see, and is not
// opened.
func readLink(files *pin.Files, name, target string, inside, readable bool) {
	switch {
	case inside:
		files.Links[name] = target
	case target != "" && readable:
		files.Strays = append(files.Strays, diag.At(diag.Pos{File: name, Line: 1, Column: 1},
			fmt.Sprintf("read: a link to %s, outside of the flake, where Nix does not see it", target),
			"put the file itself into the flake"))
	}
}

func syntaxError(err error) error {
	var se *nixexpr.SyntaxError
	if errors.As(err, &se) {
		return &Error{
			Pos:  diag.Pos{File: se.File, Line: se.Line, Column: se.Column},
			Text: "parse: " + se.Msg, Hint: "correct the file; Nix cannot read it either", Err: err,
		}
	}
	return fmt.Errorf("parse: %w", err)
}
