package bump

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// noPin is the error for a flake without a pin: the place that most looks like one, what else the
// package comes from, or what was looked for.
func (j *job) noPin() error {
	refused := append([]*Error{}, j.finder.refused...)
	sort.SliceStable(refused, func(a, b int) bool { return refused[a].Hint != "" && refused[b].Hint == "" })
	if len(refused) > 0 && refused[0].Hint != "" {
		return refused[0]
	}
	if other := j.notSource(); other != nil {
		return other
	}
	e := &Error{
		Text: fmt.Sprintf("find pin: no %s pin in %d Nix files of the flake: looked for overrideAttrs, buildGoModule and the like whose src is %s/%s with version, tag and hash written as strings",
			j.pkg.Name, len(j.sources.nix), j.pkg.Owner, j.pkg.Repo),
		Hint: "see README, Supported shapes; Nix sees only files that git tracks",
	}
	if len(refused) > 0 {
		e.Text += "; nearest: " + refused[0].Error()
	}
	return e
}

// nixpkgsRevision is a whole nixpkgs by its commit, as an input or an archive.
var nixpkgsRevision = regexp.MustCompile(`(?i)\bnixos/nixpkgs/(?:archive/|tarball/)?[0-9a-f]{40}\b`)

// notSource finds the first way to get the package that pins no source: an image, or a whole nixpkgs.
func (j *job) notSource() *Error {
	var found *Error
	for _, name := range j.tree.Files {
		f := j.sources.nix[name]
		if f == nil || found != nil {
			continue
		}
		nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
			if found != nil {
				return false
			}
			switch n := n.(type) {
			case *nixexpr.Str:
				text, _ := f.StringValue(n)
				found = j.notSourceIn(f, n, text)
			case *nixexpr.URI:
				found = j.notSourceIn(f, n, f.Text(n))
			}
			return found == nil
		})
	}
	return found
}

// notSourceIn is what one string says of where the package comes from; nil for nothing.
func (j *job) notSourceIn(f *nixexpr.File, n nixexpr.Node, text string) *Error {
	image := j.pkg.Owner + "/" + j.pkg.Repo
	src := string(f.Src)
	at := placeOf(f, n.Start())
	switch {
	case strings.HasPrefix(text, image+":"), strings.HasSuffix(text, "/"+image), strings.Contains(text, "/"+image+":"),
		text == image && strings.Contains(src, "dockerTools"):
		return at.error(fmt.Sprintf("find pin: %q is a container image: it is pinned by tag or digest, and there is no source hash to rewrite", text),
			"update it with what updates your images, or pin the package: "+j.pkg.Name+".overrideAttrs")
	case nixpkgsRevision.MatchString(text) && strings.Contains(src, j.pkg.Name):
		return at.error(fmt.Sprintf("find pin: %q is a whole revision of nixpkgs: its %s has the version that nixpkgs had then, and there is no literal of it to rewrite", text, j.pkg.Name),
			"name a newer revision there, or pin version and src with "+j.pkg.Name+".overrideAttrs")
	}
	return nil
}
