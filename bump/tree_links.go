package bump

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// link takes in a symbolic link of the tree, and says whether name is one. Nix code that names it means the file
// or folder behind it, so that one is read and edited, under its own name. What lies outside of the tree, Nix
// does not see.
func (j *job) link(name string) bool {
	info, err := os.Lstat(j.tree.abs(name))
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	target, err := filepath.EvalSymlinks(j.tree.abs(name))
	if err != nil {
		return true // it leads nowhere
	}
	rel, err := filepath.Rel(j.tree.root, target)
	if err == nil && filepath.IsLocal(rel) {
		j.sources.links[name] = filepath.ToSlash(rel)
		return true
	}
	if src, err := j.tree.read(name); err == nil && strings.Contains(strings.ToLower(string(src)), j.pkg.Name) {
		j.sources.outside = append(j.sources.outside, &Error{
			Pos:  diag.Pos{File: name, Line: 1, Column: 1},
			Text: fmt.Sprintf("read: a link to %s, outside of the flake, where Nix does not see it", target),
			Hint: "put the file itself into the flake",
		})
	}
	return true
}
