package bump_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows are the packages of this module that each package may import. Everything below bump/internal is named by its
// last element there. A leaf imports nothing of this module.
var arrows = map[string]string{
	"cmd/ollama-bump":      "bump cmd/internal/preview",
	"cmd/demo":             "bump/bumptest bump/bumptest/githubtest cmd/internal/preview",
	"cmd/internal/preview": "",

	"bump": "open decide resolve verify probe pin release propose replace text channel github dependabot unpin " +
		"source workspace child nix diag version",
	"open":    "pin source nixexpr diag",
	"decide":  "probe pin release text github gomod diag version nixexpr",
	"resolve": "probe release pin nix nixhash diag version",
	"verify":  "resolve probe pin nix text diag version",
	"probe":   "pin nix nixhash source workspace git foreign diag nixexpr",
	"release": "pin github diag version",
	"pin":     "toml nixexpr/eval nixexpr nixhash diag version",
	"toml":    "nixexpr/eval nixexpr",
	"unpin":   "unpin/edit probe pin source nixhash nixexpr diag",
	"propose": "github checkout git source workspace pin text child diag",
	"text":    "notes diag version",
	"notes":   "diag",
	"github":  "diag version",
	"channel": "nixexpr diag version",

	"replace":   "source foreign child diag",
	"checkout":  "git foreign diag",
	"source":    "git foreign diag",
	"git":       "child diag",
	"workspace": "child diag",
	"nix":       "child foreign nixhash diag",
	"foreign":   "",

	"dependabot": "foreign",

	"nixexpr/eval": "nixexpr",
	"unpin/edit":   "nixexpr diag",

	"nixexpr": "", "diag": "", "nixhash": "", "version": "", "child": "", "gomod": "", "docs": "",
	"testdata/github":          "",
	"bump/bumptest":            "bump/bumptest/githubtest", // the tests' world knows nothing of the product
	"bump/bumptest/githubtest": "",
}

const module = "github.com/nixtars/ollama-bump/"

// TestArrows lists what every package imports: the stages depend on one another in one direction only.
func TestArrows(t *testing.T) {
	packages := 0
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		if name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		imports, isPackage := importsOf(t, root, name)
		if !isPackage {
			return nil
		}
		packages++
		allowed, known := arrows[short(name)]
		assert.True(t, known, "package %s has no row", name)
		for _, to := range imports {
			assert.Contains(t, strings.Fields(allowed), short(to), "%s imports %s", name, to)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, packages, 20)
}

func short(name string) string { return strings.TrimPrefix(name, "bump/internal/") }

// importsOf returns what the product's files in a folder import of this module.
func importsOf(t *testing.T, root fs.FS, dir string) (imports []string, isPackage bool) {
	t.Helper()
	entries, err := fs.ReadDir(root, dir)
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		isPackage = true
		src, err := fs.ReadFile(root, path.Join(dir, e.Name()))
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), src, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if to, ours := strings.CutPrefix(to, module); ours && !slices.Contains(imports, to) {
				imports = append(imports, to)
			}
		}
	}
	return imports, isPackage
}
