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
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// findPins reads the flake and finds every pin in it. No pin is an error that names the nearest misses.
func (j *job) findPins(ctx context.Context) error {
	var err error
	if j.tree == nil {
		if j.tree, err = tree.Open(ctx, j.opts.Dir, j.opts.Env); err != nil {
			return err
		}
	}
	if j.opts.Mode == Write {
		unlock, err := j.tree.Exclude()
		if err != nil {
			return err
		}
		j.unlock = unlock
	}
	if j.files, err = j.readFiles(ctx); err != nil {
		return err
	}
	if j.found, err = pin.Find(ctx, j.files, j.pkg); err != nil {
		return j.nameUntracked(ctx, err)
	}
	for _, text := range j.found.Warnings {
		j.warn("pin", "%s", text)
	}
	for _, p := range j.found.Pins {
		j.say(Detail, "pin", "%s: %s %s", p.Pos, j.pkg.Name, p.Version)
	}
	for _, r := range j.found.Refused {
		if r.Hint != "" {
			j.warn("pin", "%s", r.Error())
		}
	}
	return nil
}

// nameUntracked adds to the error of a flake without a pin which files mention the package and are not
// tracked by git, for Nix does not see them.
func (j *job) nameUntracked(ctx context.Context, err error) error {
	var failure *Error
	if !errors.As(err, &failure) || j.tree.Repo == nil {
		return err
	}
	files, listErr := j.tree.Repo.Untracked(ctx)
	if listErr != nil {
		return err // what is missing is only a hint
	}
	var names []string
	for _, name := range files {
		isNix := strings.HasSuffix(name, ".nix") || strings.HasSuffix(name, ".json")
		if !isNix || len(names) == maxUntracked || path.Base(name) != name && j.tree.Sibling(name) {
			continue
		}
		if src, err := j.tree.Read(ctx, name); err == nil && bytes.Contains(src, []byte(j.pkg.Name)) {
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
func (j *job) readFiles(ctx context.Context) (*pin.Files, error) {
	files := &pin.Files{
		Flake: j.tree.InFlake("flake.nix"), Nix: map[string]*nixexpr.File{}, Data: map[string][]byte{}, Links: map[string]string{},
	}
	for _, name := range j.tree.Files {
		isNix, isJSON := strings.HasSuffix(name, ".nix"), strings.HasSuffix(name, ".json")
		if target, inside, isLink := j.tree.Link(name); isLink {
			readLink(files, name, target, inside, isNix || isJSON)
			continue
		}
		if !isNix && !isJSON || j.tree.Sibling(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := j.tree.Read(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			j.warn("pin", "%s is not read: %v", name, err)
		case isJSON:
			files.Data[name] = src
		default:
			f, err := nixexpr.Parse(name, src)
			switch {
			case err == nil:
				files.Nix[name] = f
			case name == files.Flake || strings.Contains(strings.ToLower(string(src)), j.pkg.Name):
				return nil, syntaxError(err)
			default:
				j.say(Detail, "pin", "%s is not read: %v", name, err)
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
			Text: "parse: " + se.Msg, Hint: "correct the file; Nix does not read it either", Err: err,
		}
	}
	return fmt.Errorf("parse: %w", err)
}
