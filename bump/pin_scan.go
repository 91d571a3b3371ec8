package bump

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// sources are the flake's files that pins may stand in.
type sources struct {
	nix     map[string]*nixexpr.File
	data    map[string][]byte // JSON
	links   map[string]string // symbolic links to the place that they mean
	outside []*Error          // links that Nix does not follow, whose files could hold a pin
}

// findPins reads the flake and finds every pin in it. No pin is an error that names the nearest misses.
func (j *job) findPins(ctx context.Context) error {
	if j.tree == nil {
		var err error
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
	if err := j.readSources(ctx); err != nil {
		return err
	}
	roots := j.sources.relevant(j.pkg.Name)
	for _, w := range systemWorlds(roots) {
		prog := eval.NewProgram(ctx, j.programFiles())
		for name, data := range j.sources.data {
			prog.AddData(name, data)
		}
		for name, target := range j.sources.links {
			prog.AddLink(name, target)
		}
		prog.External = w.assume
		f := findPins(prog, j.pkg, j.tree.InFlake("flake.nix"), roots)
		f.system = w.system
		if err := prog.Err(); errors.Is(err, eval.ErrBudget) {
			j.warn("pin", "the flake is too intertwined to be read to its end; a pin may be missed")
		} else if err != nil {
			return err
		}
		if j.finder != nil {
			j.finder.merge(f)
			continue
		}
		j.finder = f
		if len(f.pins) == 0 && !mention(roots, "/releases/download/") {
			break // another system would show no more
		}
	}
	j.finder.refuseShared()
	j.finder.settle()
	if len(j.finder.pins) == 0 {
		j.finder.refused = append(j.finder.refused, j.sources.outside...)
		return j.noPin()
	}
	for _, p := range j.finder.pins {
		j.say(Detail, "pin", "%s:%d:%d: %s %s", p.file, p.line, p.column, j.pkg.Name, p.version)
	}
	for _, r := range j.finder.refused {
		if r.Hint != "" {
			j.warn("pin", "%s", r.Error())
		}
	}
	return nil
}

// programFiles are the files that may be imported.
func (j *job) programFiles() []*nixexpr.File {
	files := make([]*nixexpr.File, 0, len(j.sources.nix))
	for _, f := range j.sources.nix {
		files = append(files, f)
	}
	return files
}

// readSources reads and parses the files. One that does not parse matters when it is flake.nix or
// speaks of the package.
func (j *job) readSources(ctx context.Context) error {
	j.sources = sources{nix: map[string]*nixexpr.File{}, data: map[string][]byte{}, links: map[string]string{}}
	for _, name := range j.tree.Files {
		if j.link(name) {
			continue
		}
		isNix, isJSON := strings.HasSuffix(name, ".nix"), strings.HasSuffix(name, ".json")
		if !isNix && !isJSON || j.tree.Sibling(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		src, err := j.tree.Read(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			j.warn("pin", "%s is not read: %v", name, err)
			continue
		}
		if isJSON {
			j.sources.data[name] = src
			continue
		}
		f, err := nixexpr.Parse(name, src)
		if err == nil {
			j.sources.nix[name] = f
			continue
		}
		if name == j.tree.InFlake("flake.nix") || strings.Contains(strings.ToLower(string(src)), j.pkg.Name) {
			return syntaxError(err)
		}
		j.say(Detail, "pin", "%s is not read: %v", name, err)
	}
	return nil
}

// link takes in a symbolic link of the tree, and reports whether name is one. Nix code that names it means the
// file or folder behind it, so that one is read and edited, under its own name. What lies outside of the tree,
// Nix does not see, and is not opened.
func (j *job) link(name string) bool {
	target, inside, isLink := j.tree.Link(name)
	switch {
	case inside:
		j.sources.links[name] = target
	case isLink && target != "" && (strings.HasSuffix(name, ".nix") || strings.HasSuffix(name, ".json")):
		j.sources.outside = append(j.sources.outside, &Error{
			Pos:  diag.Pos{File: name, Line: 1, Column: 1},
			Text: fmt.Sprintf("read: a link to %s, outside of the flake, where Nix does not see it", target),
			Hint: "put the file itself into the flake",
		})
	}
	return isLink
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
