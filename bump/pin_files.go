package bump

import (
	"bytes"
	"path"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// relevant are the files that are evaluated for themselves: those that speak of the package, and those
// that call a function that such a file holds. Whatever else these need is reached by import. A
// repository of a thousand files has a handful of them.
func (s sources) relevant(name string) []*nixexpr.File {
	want := map[string]bool{}
	for file, f := range s.nix {
		if bytes.Contains(bytes.ToLower(f.Src), []byte(name)) {
			want[file] = true
		}
	}
	callers := s.callers()
	queue := make([]string, 0, len(want))
	for file := range want {
		queue = append(queue, file)
	}
	for len(queue) > 0 {
		file := queue[0]
		queue = queue[1:]
		for _, caller := range callers[file] {
			if !want[caller] {
				want[caller] = true
				queue = append(queue, caller)
			}
		}
	}
	names := make([]string, 0, len(want))
	for file := range want {
		names = append(names, file)
	}
	sort.Strings(names)
	files := make([]*nixexpr.File, 0, len(names))
	for _, file := range names {
		files = append(files, s.nix[file])
	}
	return files
}

// callers lists, for each file, the files that call what it holds: import ./file.nix x, callPackage ./file.nix { }
// and the like. A path in a list, as in a module's imports, is no call.
func (s sources) callers() map[string][]string {
	callers := map[string][]string{}
	for name, f := range s.nix {
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			call, ok := n.(*nixexpr.Apply)
			if !ok {
				return true
			}
			p, ok := call.Arg.(*nixexpr.Path)
			if !ok || len(p.Parts) != 1 || p.Parts[0].Expr != nil {
				return true
			}
			target := path.Join(path.Dir(name), f.Text(p))
			for _, file := range []string{target, path.Join(target, "default.nix")} {
				if s.nix[file] != nil && !strings.HasPrefix(file, "../") {
					callers[file] = append(callers[file], name)
				}
			}
			return true
		})
	}
	return callers
}
