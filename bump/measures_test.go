package bump_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The measures of the product's code.
const (
	maxFields   = 12
	maxFunction = 60  // lines
	maxFile     = 600 // lines
	maxColumns  = 120 // a tab counts as four
)

// wide are the types that may have more than maxFields fields.
var wide = map[string]string{
	"bump.Options":    "options",
	"bump.Result":     "the result, as JSON",
	"github.Proposal": "options",
	"probe.request":   "what probe.nix reads, as JSON",
	"probe.Answer":    "an answer",
	"probe.Output":    "what probe.nix writes, as JSON",
}

// goFile is a file of the product or a test.
type goFile struct {
	name string // from the root of the project
	src  string
	test bool // or the tests' world
	ast  *ast.File
	fset *token.FileSet
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var all []goFile
	root := os.DirFS("..")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f := goFile{name: name, src: string(src), fset: token.NewFileSet()}
		f.test = strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "bump/bumptest/")
		f.ast, err = parser.ParseFile(f.fset, name, src, parser.SkipObjectResolution)
		all = append(all, f)
		return err
	}))
	require.Greater(t, len(all), 200)
	return all
}

// TestMeasures keeps types, functions, files and lines small enough to be read at once.
func TestMeasures(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range goFiles(t) {
		lines := strings.Split(f.src, "\n")
		for i, line := range lines {
			columns := len([]rune(strings.ReplaceAll(line, "\t", "    ")))
			assert.LessOrEqual(t, columns, maxColumns, "%s:%d: columns", f.name, i+1)
		}
		if f.test {
			continue
		}
		assert.LessOrEqual(t, len(lines), maxFile, "%s: lines", f.name)
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				length := f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line
				assert.LessOrEqual(t, length, maxFunction, "%s: lines of %s", f.name, n.Name.Name)
			case *ast.TypeSpec:
				name := f.ast.Name.Name + "." + n.Name.Name
				if fields := fieldsOf(n); fields > maxFields {
					seen[name] = true
					assert.Contains(t, wide, name, "%s: %d fields", f.name, fields)
				}
			}
			return true
		})
	}
	for name := range wide {
		assert.True(t, seen[name], "%s is small", name)
	}
}

// fieldsOf counts the fields of a struct.
func fieldsOf(n *ast.TypeSpec) (fields int) {
	if s, ok := n.Type.(*ast.StructType); ok {
		for _, field := range s.Fields.List {
			fields += max(1, len(field.Names))
		}
	}
	return fields
}

// byInterface are the methods that are called by an interface.
var byInterface = map[string]bool{"RoundTrip": true, "Unwrap": true, "Error": true, "String": true, "Hint": true}

// TestNothingIsExportedForNothing finds the functions and methods that no other package of the product uses. Names are
// compared, without their types.
func TestNothingIsExportedForNothing(t *testing.T) {
	exported := map[string]map[string]string{} // by folder and name, where
	used := map[string]map[string]bool{}       // by name, the folders
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		dir := path.Dir(f.name)
		if exported[dir] == nil {
			exported[dir] = map[string]string{}
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && strings.Contains(dir, "internal") {
				exported[dir][fn.Name.Name] = fmt.Sprint(f.fset.Position(fn.Pos()))
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if used[sel.Sel.Name] == nil {
					used[sel.Sel.Name] = map[string]bool{}
				}
				used[sel.Sel.Name][dir] = true
			}
			return true
		})
	}
	require.NotEmpty(t, exported["bump/internal/pin"])
	for dir, names := range exported {
		for name, where := range names {
			users := len(used[name])
			if used[name][dir] {
				users--
			}
			assert.True(t, users > 0 || byInterface[name], "%s: nobody else uses %s", where, name)
		}
	}
}
