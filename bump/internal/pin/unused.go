package pin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// unusedSource is the error of a flake that fetches the package in a variable which nothing refers to; nil for one that
// does not. Nix never evaluates such a variable, so that it pins nothing.
func unusedSource(files *Files, pkg *Package) *diag.Error {
	var found *diag.Error
	for _, name := range slices.Sorted(maps.Keys(files.Nix)) {
		f := files.Nix[name]
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			let, ok := n.(*nixexpr.Let)
			if !ok || found != nil {
				return found == nil
			}
			for i := range let.Bindings {
				b := &let.Bindings[i]
				if len(b.Path) != 1 || b.Value == nil || isUsed(let, b) || !fetchesPackage(f, pkg, b.Value) {
					continue
				}
				found = diag.At(posIn(f, b.Start()),
					fmt.Sprintf("find pin: %s fetches %s, but nothing refers to it, so that it has no effect",
						b.Path[0].Name, pkg.Upstream()),
					"use it, an overlay in nixpkgs.overlays and a package as "+pkg.Option+" for example, or remove it")
				return false
			}
			return true
		})
	}
	return found
}

// isUsed reports whether anything but a variable itself refers to it.
func isUsed(let *nixexpr.Let, variable *nixexpr.Binding) bool {
	used := false
	see := func(nixexpr.Node) { used = true }
	name := variable.Path[0].Name
	nixexpr.Uses(let.Body, name, see)
	for i := range let.Bindings {
		switch b := &let.Bindings[i]; {
		case b == variable:
		case b.Value != nil:
			nixexpr.Uses(b.Value, name, see)
		case b.From != nil:
			nixexpr.Uses(b.From, name, see)
		}
	}
	return used
}

// fetchesPackage reports whether an expression has an address of the package's files, or its repository as arguments.
func fetchesPackage(f *nixexpr.File, pkg *Package, e nixexpr.Expr) bool {
	found := false
	nixexpr.Walk(e, func(n nixexpr.Node) bool {
		switch n := n.(type) {
		case *nixexpr.Str:
			_, path, ok := strings.Cut(f.Text(n), "github.com/")
			part := strings.SplitN(path, "/", 4)
			found = found || ok && len(part) == 4 && owns(pkg.Owners, part[0]) && part[1] == pkg.Repo &&
				(part[2] == "archive" || strings.HasPrefix(part[2]+"/"+part[3], "releases/download/"))
		case *nixexpr.AttrSet:
			text := func(name string) string {
				for _, b := range n.Bindings {
					if s, ok := b.Value.(*nixexpr.Str); ok && len(b.Path) == 1 && b.Path[0].Name == name {
						value, _ := f.StringValue(s)
						return value
					}
				}
				return ""
			}
			found = found || owns(pkg.Owners, text("owner")) && text("repo") == pkg.Repo
		}
		return !found
	})
	return found
}
