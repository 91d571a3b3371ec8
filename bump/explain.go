package bump

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
)

// explain turns what Nix, or GitHub, says into an error of ours.
func (r *resolver) explain(err error) error {
	f := asFailure(err)
	if f == nil {
		return err
	}
	if e := r.missingHelper(f); e != nil {
		e.Err = err
		return e
	}
	e := &Error{Hint: f.Hint, Err: err}
	for _, pos := range f.Positions {
		if name, ok := r.inTree(pos.File); ok {
			e.File, e.Line, e.Column = name, pos.Line, pos.Column
			break
		}
	}
	own := *f
	if e.File == "" {
		own.Positions = slices.DeleteFunc(slices.Clone(f.Positions), r.misleads)
	}
	e.Text = "run " + own.Error()
	if attr := r.probe.req.Attr; len(attr) > 0 && e.File == "" && f.Kind == nix.MissingAttribute {
		e.Text = fmt.Sprintf("find package: the flake has no %s: %s", strings.Join(attr, "."), own.Error())
		e.Hint = "see what it has with nix flake show, and name the package with Options.Attr=ATTR"
	}
	return e
}

// inTree returns the file of the tree that Nix names by a copy: the candidate's own files, or what Nix put into the
// store of them.
func (r *resolver) inTree(file string) (string, bool) {
	if rest, ok := strings.CutPrefix(file, r.cand.abs(".")+"/"); ok {
		return rest, true
	}
	root, name, ok := inSource(file)
	if !ok || !r.cand.tree.Has(name) {
		return "", false
	}
	// Every input is a -source, too, and has files of the same names.
	for _, same := range []string{r.cand.tree.InFlake("flake.nix"), name} {
		if !sameContent(root, r.cand.abs("."), same) {
			return "", false
		}
	}
	return name, true
}

// misleads reports whether a place without its store path looks like one in the tree: one of the probe's,
// or a file of an input by the name of one of the tree's.
func (r *resolver) misleads(pos nix.Position) bool {
	_, name, ok := inSource(pos.File)
	return ok && (r.cand.tree.Has(name) || name == "flake.nix") || strings.HasPrefix(pos.File, r.cand.ws.Dir+"/")
}

// inSource splits the name of a file in a store path of a flake's source.
func inSource(file string) (root, name string, ok bool) {
	before, name, ok := strings.Cut(file, "-source/")
	return before + "-source", name, ok
}

func sameContent(a, b, name string) bool {
	ctx := context.Background()
	one, err := foreign.Read(ctx, a, name, tree.MaxFile)
	if err != nil {
		return false
	}
	two, err := foreign.Read(ctx, filepath.Clean(b), name, tree.MaxFile)
	return err == nil && bytes.Equal(one, two)
}
