package pin

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// noteFetched notes a fetch of the package, or of a whole nixpkgs: what is to be said of a flake that has no pin.
func (f *finder) noteFetched(o *eval.Unknown) {
	if o.Fn == nil {
		return
	}
	name, _ := o.Callee()
	if !isFetch(name) || isPatch(name) {
		return
	}
	s := f.source(&derivation{}, o)
	if s.call == nil {
		return
	}
	at := callPos(s.call)
	switch {
	case s.kind == refSource, s.kind == urlSource && s.url != nil && s.repo != "", s.kind == gitSource:
		f.facts.fetched = append(f.facts.fetched, diag.At(at,
			fmt.Sprintf("find pin: %s is fetched here, but it is the src of no derivation with a version",
				shownSource(s)),
			fmt.Sprintf("make it the src of one: stdenv.mkDerivation rec { pname = %q; version = …; src = …; }",
				f.pkg.Name)))
	case isNixpkgs(s.owner, s.repo):
		f.facts.nixpkgs = append(f.facts.nixpkgs, wholeNixpkgs(f.pkg, at, shownSource(s)))
	}
}

// shownSource is what a fetch gets, for messages: its URL, or the repository.
func shownSource(s source) string {
	if s.url != nil {
		return shownURL(strings.ReplaceAll(knownText(s.url), unknownPart, "…"))
	}
	return s.owner + "/" + s.repo
}

// isNixpkgs reports whether a repository on GitHub is nixpkgs, or was the one of its channels.
func isNixpkgs(owner, repo string) bool {
	return strings.EqualFold(owner, "NixOS") &&
		(strings.EqualFold(repo, "nixpkgs") || strings.EqualFold(repo, "nixpkgs-channels"))
}

// wholeNixpkgs is the error of a flake that takes the package of a nixpkgs.
func wholeNixpkgs(pkg *Package, at diag.Pos, what string) *diag.Error {
	return diag.At(at,
		fmt.Sprintf("find pin: %s is a whole nixpkgs: its %s has the version that nixpkgs had then, and there is no "+
			"literal of it to rewrite", what, pkg.Name),
		"name a newer revision there, or pin version and src with "+pkg.Name+".overrideAttrs")
}

// noteNixpkgsInput notes an input that is a nixpkgs of one commit.
func (f *finder) noteNixpkgsInput(in *flakeInput, at diag.Pos) {
	if !isNixpkgs(in.at.owner, in.at.repo) || in.at.rev == "" {
		return
	}
	url := in.URL
	if !strings.Contains(url, in.at.rev) {
		url += " at " + in.at.rev
	}
	f.facts.nixpkgs = append(f.facts.nixpkgs, wholeNixpkgs(f.pkg, at, fmt.Sprintf("the input %s (%s)", in.Name, url)))
}
