// Package open reads the files of a flake and finds the pins in them.
package open

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

// Flake is what to read, and who is told of it.
type Flake struct {
	Tree    *source.Set
	Package *pin.Package
	Log     func(kind diag.EventKind, format string, args ...any)
}

// Pins reads the files and finds every pin in them. No pin is an error that names the nearest misses.
func (f Flake) Pins(ctx context.Context) (*pin.Files, *pin.Found, error) {
	files, err := f.files(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := pin.Find(ctx, files, f.Package)
	if err != nil {
		return nil, nil, f.nameUntracked(ctx, err)
	}
	for _, text := range found.Warnings {
		f.Log(diag.Warning, "%s", text)
	}
	for _, p := range found.Pins {
		f.Log(diag.Detail, "%s: %s %s", p.Pos, f.Package.Name, p.Version)
	}
	for _, refused := range found.Refused {
		if refused.Hint != "" {
			f.Log(diag.Warning, "%s", refused.Error())
		}
	}
	return files, found, nil
}

// nameUntracked adds to the error of a flake without a pin which files mention the package and are not
// tracked by git, for Nix does not see them.
func (f Flake) nameUntracked(ctx context.Context, err error) error {
	set := f.Tree
	var failure *diag.Error
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
		if src, err := set.Read(ctx, name); err == nil && bytes.Contains(src, []byte(f.Package.Name)) {
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

// files reads and parses the files. One that does not parse matters when it is flake.nix or
// mentions the package.
func (f Flake) files(ctx context.Context) (*pin.Files, error) {
	set := f.Tree
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
			f.Log(diag.Warning, "%s is not read: %v", name, err)
		case isData:
			files.Data[name] = src
		default:
			code, err := nixexpr.Parse(name, src)
			switch {
			case err == nil:
				files.Nix[name] = code
			case name == files.Flake || strings.Contains(strings.ToLower(string(src)), f.Package.Name):
				return nil, syntaxError(err)
			default:
				f.Log(diag.Detail, "%s is not read: %v", name, err)
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
		return &diag.Error{
			Pos:  diag.Pos{File: se.File, Line: se.Line, Column: se.Column},
			Text: "parse: " + se.Msg, Hint: "correct the file; Nix cannot read it either", Err: err,
		}
	}
	return fmt.Errorf("parse: %w", err)
}
