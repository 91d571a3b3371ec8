package pin

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// nothing returns the most helpful error for a flake without a pin: the nearest miss, another packaging (an image,
// a nixpkgs revision), or what was searched for.
func nothing(files *Files, pkg *Package, refused []*diag.Error) *diag.Error {
	if i := slices.IndexFunc(refused, func(err *diag.Error) bool { return err.Hint != "" }); i >= 0 {
		return refused[i]
	}
	if other := notSource(files, pkg); other != nil {
		return other
	}
	e := &diag.Error{
		Text: fmt.Sprintf("find pin: no %s pin in %d Nix files of the flake: looked for overrideAttrs, buildGoModule "+
			"and the like whose src is %s with version, tag and hash written as strings",
			pkg.Name, len(files.Nix), pkg.Upstream()),
		Hint: "https://github.com/nixtars/ollama-bump/blob/main/docs/shapes.md shows what is found; " +
			"Nix sees only files that git tracks",
	}
	if len(refused) > 0 {
		e.Text += "; nearest: " + refused[0].Error()
	}
	return e
}

// nixpkgsRevision is a whole nixpkgs by its commit, as an input or an archive.
var nixpkgsRevision = regexp.MustCompile(`(?i)\bnixos/nixpkgs/(?:archive/|tarball/)?[0-9a-f]{40}\b`)

// notSource finds the first way to get the package that pins no source: an image, or a whole nixpkgs.
func notSource(files *Files, pkg *Package) *diag.Error {
	var found *diag.Error
	for _, name := range slices.Sorted(maps.Keys(files.Nix)) {
		f := files.Nix[name]
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			if found != nil {
				return false
			}
			switch n := n.(type) {
			case *nixexpr.Str:
				text, _ := f.StringValue(n)
				found = notSourceIn(pkg, f, n, text)
			case *nixexpr.URI:
				found = notSourceIn(pkg, f, n, f.Text(n))
			}
			return found == nil
		})
	}
	return found
}

// notSourceIn is what one string says of where the package comes from; nil for nothing.
func notSourceIn(pkg *Package, f *nixexpr.File, n nixexpr.Node, text string) *diag.Error {
	image, at := pkg.Upstream(), posIn(f, n.Start())
	switch {
	case strings.HasPrefix(text, image+":"), strings.HasSuffix(text, "/"+image), strings.Contains(text, "/"+image+":"),
		text == image && bytes.Contains(f.Src, []byte("dockerTools")):
		return diag.At(at,
			fmt.Sprintf("find pin: %q is a container image: it is pinned by tag or digest, and there is no source "+
				"hash to rewrite", text),
			"update it with what updates your images, or pin the package: "+pkg.Name+".overrideAttrs")
	case nixpkgsRevision.MatchString(text) && bytes.Contains(f.Src, []byte(pkg.Name)):
		return diag.At(at,
			fmt.Sprintf("find pin: %q is a whole revision of nixpkgs: its %s has the version that nixpkgs had then, "+
				"and there is no literal of it to rewrite", text, pkg.Name),
			"name a newer revision there, or pin version and src with "+pkg.Name+".overrideAttrs")
	}
	return nil
}
