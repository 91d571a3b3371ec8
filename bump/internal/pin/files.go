package pin

import (
	"bytes"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/toml"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// Files are the files of a flake that pins may stand in. Names are paths from the tree's root, with slashes.
type Files struct {
	Flake  string // flake.nix
	Nix    map[string]*nixexpr.File
	Data   map[string][]byte // JSON and TOML, see IsData
	Links  map[string]string // symbolic links, to the place in the tree that they mean
	Strays []*diag.Error     // files that could hold a pin, behind links that Nix does not follow
}

// IsData reports whether a file is, by its name, one of data that Nix code reads and a pin may stand in.
func IsData(name string) bool { return path.Ext(name) == ".json" || path.Ext(name) == ".toml" }

// LineComments returns the comments of a file that start with # and end with their line.
func (f *Files) LineComments(name string) []nixexpr.Token {
	switch code := f.Nix[name]; {
	case code != nil:
		return code.LineComments()
	case path.Ext(name) == ".toml":
		return (&toml.File{Name: name, Src: f.Data[name]}).Comments()
	}
	return nil
}

// data returns a file of data as one that can be read and edited.
func (f *Files) data(name string) eval.DataFile {
	if path.Ext(name) == ".toml" {
		return &toml.File{Name: name, Src: f.Data[name]}
	}
	return eval.JSON(name, f.Data[name])
}

// program returns the files as a program, evaluated under ctx.
func (f *Files) program(ctx context.Context) *eval.Program {
	list := make([]*nixexpr.File, 0, len(f.Nix))
	for _, file := range f.Nix {
		list = append(list, file)
	}
	prog := eval.NewProgram(ctx, list)
	for name := range f.Data {
		prog.AddData(name, f.data(name))
	}
	for name, target := range f.Links {
		prog.AddLink(name, target)
	}
	return prog
}

// roots returns the entry points: the files that mention the package, and those that call a function which such
// a file holds. Whatever else these need is reached by import. A repository of a thousand files has a handful
// of them.
func (f *Files) roots(pkg *Package) []*nixexpr.File {
	var queue []string
	for name, file := range f.Nix {
		if bytes.Contains(bytes.ToLower(file.Src), []byte(pkg.Name)) {
			queue = append(queue, name)
		}
	}
	want, callers := map[string]bool{}, f.callers()
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if !want[name] {
			want[name] = true
			queue = append(queue, callers[name]...)
		}
	}
	var files []*nixexpr.File
	for _, name := range slices.Sorted(maps.Keys(want)) {
		files = append(files, f.Nix[name])
	}
	return files
}

// callers lists, for each file, the files that call what it holds: import ./file.nix x, callPackage ./file.nix { }
// and the like. A path in a list, as in a module's imports, is no call.
func (f *Files) callers() map[string][]string {
	callers := map[string][]string{}
	for name, file := range f.Nix {
		nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
			call, ok := n.(*nixexpr.Apply)
			if !ok {
				return true
			}
			p, ok := call.Arg.(*nixexpr.Path)
			if !ok || len(p.Parts) != 1 || p.Parts[0].Expr != nil {
				return true
			}
			target := path.Join(path.Dir(name), file.Text(p))
			for _, callee := range []string{target, path.Join(target, "default.nix")} {
				if f.Nix[callee] != nil && !strings.HasPrefix(callee, "../") {
					callers[callee] = append(callers[callee], name)
				}
			}
			return true
		})
	}
	return callers
}

// mention reports whether any of the files holds a text.
func mention(files []*nixexpr.File, text string) bool {
	return slices.ContainsFunc(files, func(f *nixexpr.File) bool { return bytes.Contains(f.Src, []byte(text)) })
}
