package bump_test

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byInterface are the methods that packages of others call by an interface.
var byInterface = map[string]bool{
	"RoundTrip": true, "Unwrap": true, "Error": true, "String": true, "Hint": true, "UnmarshalJSON": true,
	"MarshalJSON": true, "Write": true, "Read": true, "Close": true, "Is": true,
}

// public are the packages that others may import, with the names that are promised to them.
var public = map[string][]string{
	"bump":    nil, // all of it
	"nixexpr": {"Parse", "Tokens", "MaxDepth", "MaxHeight", "ReplaceString", "Apply"},
}

// product is the module's code without its tests, with types.
type product struct {
	fset     *token.FileSet
	export   map[string]string // files of export data, by path
	packages map[string]*types.Package
	info     types.Info
	others   types.Importer
}

// load type-checks the packages of the module.
func load(t *testing.T) *product {
	t.Helper()
	const ours = `{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}`
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-export", "-f",
		`{{.ImportPath}} `+ours+` {{.Export}} {{range .GoFiles}},{{.}}{{end}}`, "./...")
	list.Dir = ".."
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	require.NoError(t, err, stderr.String())
	p := &product{
		fset: token.NewFileSet(), export: map[string]string{}, packages: map[string]*types.Package{},
		info: types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}},
	}
	p.others = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(p.export[path])
	})
	for _, line := range strings.Split(string(out), "\n") { // what a package imports stands before it
		field := strings.Split(line, " ")
		if len(field) < 4 {
			continue
		}
		if p.export[field[0]] = field[2]; field[1] != "" {
			p.check(t, field[0], field[1], strings.Split(field[3], ",")[1:])
		}
	}
	return p
}

// check type-checks one package.
func (p *product) check(t *testing.T, path, dir string, names []string) {
	t.Helper()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(p.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	conf := types.Config{Importer: p}
	pkg, err := conf.Check(path, p.fset, files, &p.info)
	require.NoError(t, err)
	p.packages[path] = pkg
}

// Import makes a product an importer: what another package of the module means is the object that was checked.
func (p *product) Import(path string) (*types.Package, error) {
	if pkg := p.packages[path]; pkg != nil {
		return pkg, nil
	}
	return p.others.Import(path)
}

// used returns the objects that another package of the product refers to, the types that these are made of, and the
// constants of those types.
func (p *product) used() map[types.Object]bool {
	used := map[types.Object]bool{}
	for id, obj := range p.info.Uses {
		if obj.Pkg() != nil && p.packages[obj.Pkg().Path()] == obj.Pkg() && p.importer(id) != obj.Pkg().Path() {
			p.use(used, origin(obj))
		}
	}
	for _, obj := range p.info.Defs {
		if c, ok := obj.(*types.Const); ok && c.Exported() {
			if named, ok := c.Type().(*types.Named); ok && used[named.Obj()] {
				used[c] = true
			}
		}
	}
	return used
}

// importer returns the package in which a name stands.
func (p *product) importer(id *ast.Ident) string {
	dir := filepath.Dir(p.fset.Position(id.Pos()).Filename)
	root, _ := filepath.Abs("..")
	rel, _ := filepath.Rel(root, dir)
	return module + filepath.ToSlash(rel)
}

// origin returns the method of a generic type that a method of an instance comes from.
func origin(obj types.Object) types.Object {
	if f, ok := obj.(*types.Func); ok {
		return f.Origin()
	}
	return obj
}

// use adds an object, and the types that whoever has it sees.
func (p *product) use(used map[types.Object]bool, obj types.Object) {
	if used[obj] {
		return
	}
	used[obj] = true
	p.useType(used, obj.Type())
	if _, ok := obj.(*types.TypeName); ok {
		p.useType(used, obj.Type().Underlying())
	}
}

func (p *product) useType(used map[types.Object]bool, t types.Type) {
	switch t := t.(type) {
	case *types.Named:
		p.use(used, t.Origin().Obj())
	case *types.Alias:
		p.use(used, t.Obj())
	case *types.Pointer:
		p.useType(used, t.Elem())
	case *types.Slice:
		p.useType(used, t.Elem())
	case *types.Map:
		p.useType(used, t.Key())
		p.useType(used, t.Elem())
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range tuple.Variables() {
				p.useType(used, v.Type())
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				p.useType(used, f.Type())
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			used[m] = true
			p.useType(used, m.Type())
		}
	}
}

// interfaces returns the interfaces of the module that a type implements.
func (p *product) interfaces(t types.Type) (list []*types.Interface) {
	for _, pkg := range p.packages {
		for _, name := range pkg.Scope().Names() {
			i, ok := pkg.Scope().Lookup(name).Type().Underlying().(*types.Interface)
			if ok && i.NumMethods() > 0 && types.Implements(types.NewPointer(t), i) {
				list = append(list, i)
			}
		}
	}
	return list
}

// TestNothingIsExportedForNothing finds the functions, methods, types, constants and variables that have a capital and
// that no other package of the product uses.
func TestNothingIsExportedForNothing(t *testing.T) {
	p := load(t)
	used := p.used()
	count := 0
	for path, pkg := range p.packages {
		name := strings.TrimPrefix(path, module)
		promised, isPublic := public[name]
		if isPublic && promised == nil || strings.HasPrefix(name, "bump/bumptest") || pkg.Name() == "main" {
			continue
		}
		isFree := map[string]bool{}
		for _, name := range promised {
			isFree[name] = true
		}
		report := func(obj types.Object) {
			count++
			assert.True(t, used[obj] || isFree[obj.Name()], "%s: nobody else uses %s", p.fset.Position(obj.Pos()),
				obj.Name())
		}
		for _, name := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(name)
			named, ok := obj.Type().(*types.Named)
			if _, isType := obj.(*types.TypeName); !isType || !ok {
				if obj.Exported() {
					report(obj)
				}
				continue
			}
			interfaces := p.interfaces(named)
			if obj.Exported() && len(interfaces) == 0 { // a member of a sum is named where the sum is
				report(obj)
			}
			for m := range named.Methods() {
				if m.Exported() && !byInterface[m.Name()] && !anyHas(interfaces, m.Name()) {
					report(m)
				}
			}
		}
	}
	require.Greater(t, count, 200)
}

// anyHas reports whether an interface has a method.
func anyHas(interfaces []*types.Interface, method string) bool {
	return slices.ContainsFunc(interfaces, func(i *types.Interface) bool {
		for m := range i.Methods() {
			if m.Name() == method {
				return true
			}
		}
		return false
	})
}
