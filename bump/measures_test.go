package bump_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
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

// composed are the types that have more than maxFields fields only with those of the structs that they embed: each of
// these is a group with a name and a comment.
var composed = map[string]string{
	"decide.decider": "a job and the tools for it",
	"eval.Program":   "hooks, files, a budget and what is known",
	"github.remote":  "a repository, a branch and a pull request",
	"main.console":   "a style, a progress line and what was said",
	"main.task":      "settings and where they come from",
	"nix.logReader":  "a reader for each kind of message",
	"nixexpr.nodes":  "an arena for each kind of node",
	"nixexpr.parser": "a place in the tokens, arenas and stacks",
	"pin.Pin":        "a definition, a version and fetches",
	"pin.reading":    "a pin and the call that shows it",
	"probe.line":     "what probe.nix writes, as JSON",
	"resolve.driver": "tools and a state",
	"resolve.state":  "a job, groups of pins and what was learnt",
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
	seen, files := map[string]bool{}, goFiles(t)
	structs := structsOf(files)
	for _, f := range files {
		lines := strings.Split(f.src, "\n")
		for i, line := range lines {
			assert.LessOrEqual(t, columnsOf(line), maxColumns, "%s:%d: columns", f.name, i+1)
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
				if fields := fieldsOf(n.Type, nil); fields > maxFields {
					seen[name] = true
					assert.Contains(t, wide, name, "%s: %d fields", f.name, fields)
				} else if all := fieldsOf(n.Type, structs[path.Dir(f.name)]); all > maxFields {
					seen[name] = true
					assert.Contains(t, composed, name, "%s: %d fields with those of what it embeds", f.name, all)
				}
			}
			return true
		})
	}
	for _, list := range []map[string]string{wide, composed} {
		for name := range list {
			assert.True(t, seen[name], "%s is small", name)
		}
	}
}

// TestLinesAreShort looks at the product's files that are not Go: Nix, shell, YAML and what runs make and CI.
func TestLinesAreShort(t *testing.T) {
	count := 0
	root := os.DirFS("..")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(name, "testdata/") || name == ".git" || name == ".cache"):
			return fs.SkipDir // the flakes and packages there try something
		case d.IsDir():
			return nil
		}
		code := []string{".nix", ".sh", ".yml", ".yaml", ".service", ".timer"}
		if !slices.Contains(code, path.Ext(name)) && name != "Makefile" && path.Dir(name) != ".ci" {
			return nil
		}
		count++
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(src), "\n") {
			assert.LessOrEqual(t, columnsOf(line), maxColumns, "%s:%d: columns", name, i+1)
		}
		return nil
	}))
	require.Greater(t, count, 20)
}

// columnsOf returns how wide a line is.
func columnsOf(line string) int { return len([]rune(strings.ReplaceAll(line, "\t", "    "))) }

// structsOf returns what the names of types stand for, by folder.
func structsOf(files []goFile) map[string]map[string]ast.Expr {
	structs := map[string]map[string]ast.Expr{}
	for _, f := range files {
		dir := path.Dir(f.name)
		if structs[dir] == nil {
			structs[dir] = map[string]ast.Expr{}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				structs[dir][spec.Name.Name] = spec.Type
			}
			return true
		})
	}
	return structs
}

// fieldsOf counts the fields of a struct, with those of the structs of its package that it embeds.
func fieldsOf(n ast.Expr, structs map[string]ast.Expr) (fields int) {
	s, ok := n.(*ast.StructType)
	if !ok {
		return 0
	}
	for _, field := range s.Fields.List {
		fields += len(field.Names)
		if len(field.Names) > 0 {
			continue
		}
		embedded := field.Type
		if star, ok := embedded.(*ast.StarExpr); ok {
			embedded = star.X
		}
		name, _ := embedded.(*ast.Ident)
		if name == nil || structs[name.Name] == nil { // of another package
			fields++
			continue
		}
		fields += max(1, fieldsOf(structs[name.Name], structs))
	}
	return fields
}
