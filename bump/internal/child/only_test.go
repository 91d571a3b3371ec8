package child

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// elsewhere are the files outside of the packages at the boundary that may use what only those use.
var elsewhere = map[string]string{
	"exec.CommandContext cmd/ollama-bump/preview.go": "the reader's own pager",
	"os.OpenFile cmd/ollama-bump/action.go":          "the files of a step, which the runner names",
	"os.OpenFile bump/internal/probe/copy.go":        "writes the copy, never through a link",
	"os.Open bump/internal/source/exclusive.go":      "locks the flake's folder",
	"os.Open bump/internal/replace/staged.go":        "syncs a folder",
}

// Other programs are started here only, and other people's files are opened in package foreign only: what is
// checked in one place cannot be forgotten in another.
func TestOnlyHere(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	only := map[string]string{
		"exec.Command": "bump/internal/child/", "exec.CommandContext": "bump/internal/child/",
		"os.StartProcess": "bump/internal/child/",
		"syscall.Exec":    "", "syscall.ForkExec": "", "os.Open": "bump/internal/foreign/",
		"os.OpenFile": "bump/internal/foreign/", "os.ReadFile": "bump/internal/foreign/",
	}
	seen := map[string]bool{}
	for _, dir := range []string{"bump", "nixexpr", "cmd/ollama-bump"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, dir),
			func(path string, d fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
					strings.Contains(path, "/bumptest/") {
					return err
				}
				name, _ := filepath.Rel(root, path)
				file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
				ast.Inspect(file, func(n ast.Node) bool {
					sel, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if pkg, ok := sel.X.(*ast.Ident); ok {
						used := pkg.Name + "." + sel.Sel.Name
						home, watched := only[used]
						if watched && (home == "" || !strings.HasPrefix(name, home)) {
							seen[used+" "+name] = true
						}
					}
					return true
				})
				return err
			}))
	}
	for use := range seen {
		require.Contains(t, elsewhere, use)
	}
	for use := range elsewhere {
		require.Contains(t, seen, use, "is no longer needed")
	}
}
