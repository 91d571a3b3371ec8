package probe

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// Explain makes an error with a place of what Nix has against the flake; any other error stays as it is.
func (b *Bench) Explain(ctx context.Context, err error) error {
	f := Failed(err)
	if f == nil {
		return err
	}
	e := &diag.Error{Hint: f.Hint, Err: err}
	for _, pos := range f.Positions {
		if name, ok := b.inTree(ctx, pos.File); ok {
			e.Pos = diag.Pos{File: name, Line: pos.Line, Column: pos.Column}
			break
		}
	}
	own := *f
	if e.File == "" {
		own.Positions = slices.DeleteFunc(slices.Clone(f.Positions), b.misleads)
	}
	e.Text = "run " + own.Error()
	if len(b.attr) > 0 && e.File == "" && f.Kind == nix.MissingAttribute {
		e.Text = fmt.Sprintf("find package: the flake has no %s: %s", strings.Join(b.attr, "."), own.Error())
		e.Hint = "list its outputs with nix flake show, and name the package with Options.Attr=ATTR"
	}
	return e
}

// inTree returns the file of the tree that Nix names by a copy: the candidate's own files, or what Nix put into the
// store of them.
func (b *Bench) inTree(ctx context.Context, file string) (string, bool) {
	if rest, ok := strings.CutPrefix(file, b.abs(".")+"/"); ok {
		return rest, true
	}
	root, name, ok := inSource(file)
	if !ok || !b.tree.Has(name) {
		return "", false
	}
	// Every input is a -source, too, and has files of the same names.
	for _, same := range []string{b.tree.InFlake("flake.nix"), name} {
		if !sameContent(ctx, root, b.abs("."), same) {
			return "", false
		}
	}
	return name, true
}

// misleads reports whether a place without its store path looks like one in the tree: one of the probe's,
// or a file of an input by the name of one of the tree's.
func (b *Bench) misleads(pos nix.Position) bool {
	_, name, ok := inSource(pos.File)
	return ok && (b.tree.Has(name) || name == "flake.nix") || strings.HasPrefix(pos.File, b.ws.Dir+"/")
}

// inSource splits the name of a file in a store path of a flake's source.
func inSource(file string) (root, name string, ok bool) {
	before, name, ok := strings.Cut(file, "-source/")
	return before + "-source", name, ok
}

func sameContent(ctx context.Context, a, b, name string) bool {
	one, err := foreign.Read(ctx, a, name, source.MaxFile)
	if err != nil {
		return false
	}
	two, err := foreign.Read(ctx, filepath.Clean(b), name, source.MaxFile)
	return err == nil && bytes.Equal(one, two)
}
