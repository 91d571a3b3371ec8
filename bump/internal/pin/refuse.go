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

// nothing returns the most helpful error for a flake without a pin: the nearest miss, what the evaluation shows near
// one (a fetch, a whole nixpkgs), another packaging (an image), a source that nothing uses, the package as it is, or
// what was searched for.
func nothing(files *Files, pkg *Package, refused, near []*diag.Error) *diag.Error {
	if i := slices.IndexFunc(refused, func(err *diag.Error) bool { return err.Hint != "" }); i >= 0 {
		return refused[i]
	}
	if len(near) > 0 {
		return near[0]
	}
	if other := notSource(files, pkg); other != nil {
		return other
	}
	if dead := unusedSource(files, pkg); dead != nil {
		return dead
	}
	if asIs := takenAsIs(files, pkg); asIs != nil && len(refused) == 0 {
		return asIs
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

// imageName is the package's image by its name, with a registry before it and a tag or a digest behind it or not.
func imageName(pkg *Package) *regexp.Regexp {
	return regexp.MustCompile(`^(docker://)?([\w-]+\.[\w.-]+(?::[0-9]+)?/)?` + regexp.QuoteMeta(pkg.Upstream()) +
		`(:[\w.-]+)?(@sha256:[0-9a-f]+)?$`)
}

// notSource finds the first way to get the package that pins no source: an image.
func notSource(files *Files, pkg *Package) *diag.Error {
	var found *diag.Error
	image := imageName(pkg)
	for _, name := range slices.Sorted(maps.Keys(files.Nix)) {
		f := files.Nix[name]
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			if found != nil {
				return false
			}
			switch n := n.(type) {
			case *nixexpr.Str:
				text, _ := f.StringValue(n)
				found = notSourceIn(pkg, image, f, n, text)
			case *nixexpr.URI:
				found = notSourceIn(pkg, image, f, n, f.Text(n))
			}
			return found == nil
		})
	}
	return found
}

// notSourceIn is what one string says of where the package comes from; nil for nothing.
func notSourceIn(pkg *Package, image *regexp.Regexp, f *nixexpr.File, n nixexpr.Node, text string) *diag.Error {
	m := image.FindStringSubmatch(text)
	if m == nil || m[2] == githubHost+"/" {
		return nil
	}
	// OWNER/NAME alone may be anything
	if strings.Join(m[1:], "") == "" && !bytes.Contains(f.Src, []byte("dockerTools")) {
		return nil
	}
	return diag.At(posIn(f, n.Start()),
		fmt.Sprintf("find pin: %q is a container image: it is pinned by tag or digest, and there is no source hash to "+
			"rewrite", text),
		"update it with what updates your images, or pin the package: "+pkg.Name+".overrideAttrs")
}

// settings are the names of sets that hold settings for a package and not the package.
var settings = []string{"services", "options", "config", "programs"}

// takenAsIs is the error of a flake that takes the package from elsewhere as it is; nil for one that does not.
func takenAsIs(files *Files, pkg *Package) *diag.Error {
	var found *diag.Error
	for _, name := range slices.Sorted(maps.Keys(files.Nix)) {
		f := files.Nix[name]
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			sel, ok := n.(*nixexpr.Select)
			if !ok || found != nil {
				return found == nil
			}
			words := strings.Split(f.Text(sel), ".")
			last := sel.Path[len(sel.Path)-1]
			// what a call made, of overlays say, is not known to be as it was
			if last.Expr != nil || !pkg.isVariant(last.Name) || strings.Contains(f.Text(sel), "(") ||
				slices.ContainsFunc(words, func(w string) bool { return slices.Contains(settings, w) }) {
				return true
			}
			found = diag.At(posIn(f, sel.Start()),
				fmt.Sprintf("find pin: %s is taken as it is, and no version of it is written in this flake",
					f.Text(sel)),
				fmt.Sprintf("nix flake update brings the one that the input has by now; "+
					"to choose the release, pin it: %s.overrideAttrs with version and src", pkg.Name))
			return false
		})
	}
	return found
}
