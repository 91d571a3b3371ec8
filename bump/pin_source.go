package bump

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// source is what a derivation's src attribute says of where the source comes from.
type source struct {
	kind    sourceKind
	call    *eval.Unknown // the fetch; nil for an input
	args    *eval.Set     // of the fetch; nil when it has none
	url     *eval.Text    // of kind sourceURL
	owner   string
	repo    string
	fetcher string
	input   *inputPin
}

type sourceKind int

const (
	sourceOther  sourceKind = iota // not the package's, as far as can be seen
	sourceGitHub                   // fetchFromGitHub { owner; repo; … }
	sourceOld                      // old.src.override { … }
	sourceURL                      // fetchurl and the like, of the package's repository
	sourceGit                      // fetchGit: a ref, no hash
	sourceInput                    // a flake input
	sourceFork                     // the package's repository name, another owner
	sourceFloat                    // a URL that names no release
)

var (
	githubURL = regexp.MustCompile(`^(?:git\+)?https://(?:codeload\.|www\.)?github\.com/([^/]+)/([^/?#]+?)(?:\.git)?(?:[/?#].*)?$`)
	floating  = regexp.MustCompile(`^https://(?:www\.)?ollama\.com/(?:download|install)`)
)

// sources reads every value that src may have, or every element of srcs.
func (f *finder) sources(d *derivation, body *eval.Set) []source {
	defs := []*eval.Def{}
	if src := body.Get("src"); src != nil {
		defs = append(defs, src)
	} else if srcs := body.Get("srcs"); srcs != nil {
		if list, ok := f.prog.Value(srcs).(*eval.List); ok {
			defs = list.Elems
		}
	}
	var all []source
	for _, def := range defs {
		for _, v := range eval.Alternatives(f.prog.Value(def)) {
			all = append(all, f.source(d, v))
		}
	}
	return all
}

func (f *finder) source(d *derivation, v eval.Value) source {
	if t, ok := v.(*eval.Text); ok && knownText(t) == "\x00" { // "${input}"
		for _, piece := range t.Pieces {
			if piece.Value != nil {
				v = piece.Value
			}
		}
	}
	o, ok := v.(*eval.Unknown)
	if !ok {
		return source{}
	}
	name, args := o.Callee()
	if len(args) == 0 {
		return f.inputSource(o)
	}
	last := f.prog.Value(args[len(args)-1])
	if fn, ok := last.(*eval.Func); ok && name == "override" { // of the arguments that it replaces
		last = f.prog.Apply(fn, eval.Known(&eval.Unknown{Name: "args", Reason: eval.OldArgs}), nil, nil)
	}
	set, _ := last.(*eval.Set)
	switch {
	case set != nil && f.throws(set):
		return source{}
	case name == "override" && set != nil && f.isOldSource(d, o):
		return source{kind: sourceOld, call: o, args: set, fetcher: "fetchFromGitHub", owner: f.pkg.Owner, repo: f.pkg.Repo}
	case name == "overrideAttrs" || name == "overrideDerivation":
		return source{}
	case (name == "applyPatches" || name == "srcOnly") && set != nil && set.Get("src") != nil:
		return f.source(d, f.prog.Value(set.Get("src")))
	case strings.HasPrefix(name, "fetchFromGitHub") && set != nil:
		return f.githubSource(d, o, name, set)
	case strings.HasPrefix(name, "fetch") || name == "requireFile":
		return f.urlSource(o, name, set, last)
	}
	return source{}
}

// throws says whether an argument of a fetch cannot be had: the system that the flake is read for is one that the
// package is not for.
func (f *finder) throws(set *eval.Set) bool {
	for _, name := range set.Names() {
		v := f.prog.Value(set.Get(name))
		values := []eval.Value{v}
		if t, ok := v.(*eval.Text); ok {
			for _, piece := range t.Pieces {
				values = append(values, piece.Value)
			}
		}
		for _, v := range values {
			if o, ok := v.(*eval.Unknown); ok {
				if callee, args := o.Root().Callee(); len(args) == 1 && (callee == "throw" || callee == "abort") {
					return true
				}
			}
		}
	}
	return false
}

// isOldSource recognises old.src.override, prev.ollama.src.override and the like.
func (f *finder) isOldSource(d *derivation, call *eval.Unknown) bool {
	fn, ok := call.Fn.(*eval.Unknown)
	if !ok {
		return false
	}
	src, ok := fn.Base.(*eval.Unknown)
	if !ok || src.Name != "src" {
		return false
	}
	base := src.Base
	if base == eval.Value(d.old) && d.old != nil {
		base = d.base
	}
	return f.isPackage(base)
}

// isPackage says whether a value is nixpkgs' package or a variant of it.
func (f *finder) isPackage(v eval.Value) bool {
	if v == nil {
		return false
	}
	for _, n := range f.baseNames(v) {
		if f.pkg.isVariant(n) {
			return true
		}
	}
	return false
}

// coordinate is an owner or a repository: a known text, or what the overridden package has.
func (f *finder) coordinate(d *derivation, def *eval.Def) string {
	if text, ok := f.constant(def); ok || def == nil {
		return text
	}
	o, ok := f.prog.Value(def).(*eval.Unknown)
	if !ok || o.Fn != nil {
		return ""
	}
	base := o.Base
	if src, ok := base.(*eval.Unknown); ok && src.Name == "src" && src.Fn == nil {
		base = src.Base
	}
	if d.old != nil && base == eval.Value(d.old) {
		base = d.base
	}
	if !f.isPackage(base) {
		return ""
	}
	return map[string]string{"owner": f.pkg.Owner, "repo": f.pkg.Repo, "pname": f.pkg.Name}[o.Name]
}

func (f *finder) githubSource(d *derivation, o *eval.Unknown, name string, set *eval.Set) source {
	s := source{call: o, args: set, fetcher: name}
	s.owner = f.coordinate(d, set.Get("owner"))
	s.repo = f.coordinate(d, set.Get("repo"))
	s.kind = f.repository(s.owner, s.repo, sourceGitHub)
	return s
}

// repository is kind for the package's repository, else what another one is.
func (f *finder) repository(owner, repo string, kind sourceKind) sourceKind {
	switch {
	case strings.EqualFold(owner, f.pkg.Owner) && strings.EqualFold(repo, f.pkg.Repo):
		return kind
	case strings.EqualFold(repo, f.pkg.Repo):
		return sourceFork
	}
	return sourceOther
}

func (f *finder) urlSource(o *eval.Unknown, name string, set *eval.Set, last eval.Value) source {
	s := source{call: o, args: set, fetcher: name}
	url, _ := last.(*eval.Text)
	if set != nil {
		if d := set.Get("url"); d != nil {
			url, _ = f.prog.Value(d).(*eval.Text)
		} else if d := set.Get("urls"); d != nil {
			if list, ok := f.prog.Value(d).(*eval.List); ok && len(list.Elems) > 0 {
				url, _ = f.prog.Value(list.Elems[0]).(*eval.Text)
			}
		}
	}
	if url == nil {
		return s
	}
	s.url = url
	text := knownText(url)
	if floating.MatchString(text) {
		s.kind = sourceFloat
		return s
	}
	m := githubURL.FindStringSubmatch(text)
	if m == nil {
		return s
	}
	kind := sourceURL
	if name == "fetchGit" || name == "fetchgit" || name == "fetchTree" && strings.HasPrefix(text, "git") {
		kind = sourceGit
	}
	s.owner, s.repo = m[1], m[2]
	s.kind = f.repository(s.owner, s.repo, kind)
	return s
}

// knownText is the text of t with a mark in the place of what is not known.
func knownText(t *eval.Text) string {
	var b strings.Builder
	for _, p := range t.Pieces {
		if p.Value != nil {
			b.WriteString("\x00")
			continue
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// inputSource recognises inputs.NAME, or a parameter of that name, that is an input of the flake.
func (f *finder) inputSource(o *eval.Unknown) source {
	if o.Name == "outPath" {
		if base, ok := o.Base.(*eval.Unknown); ok {
			o = base
		}
	}
	in := f.inputs[o.Name]
	if in == nil || o.Fn != nil {
		return source{}
	}
	if base, ok := o.Base.(*eval.Unknown); ok && base.Name != "inputs" && base.Base == nil && base.Reason != eval.Parameter {
		return source{}
	}
	return source{kind: sourceInput, input: in}
}

// findInputs lists the flake's inputs that are the package's repository, and the others.
func (f *finder) findInputs(flake string) (found, others map[string]*inputPin) {
	found, others = map[string]*inputPin{}, map[string]*inputPin{}
	file := f.prog.File(flake)
	if file == nil {
		return found, others
	}
	root, ok := f.prog.Value(f.prog.Root(file)).(*eval.Set)
	if !ok || root.Get("inputs") == nil {
		return found, others
	}
	inputs, ok := f.prog.Value(root.Get("inputs")).(*eval.Set)
	if !ok {
		return found, others
	}
	for _, name := range inputs.Names() {
		set, ok := f.prog.Value(inputs.Get(name)).(*eval.Set)
		if !ok {
			continue
		}
		if in := f.inputSet(name, set); in != nil {
			found[name] = in
		}
		if set.Get("url") == nil {
			continue
		}
		text, ok := f.prog.Value(set.Get("url")).(*eval.Text)
		if !ok {
			continue
		}
		if in := f.inputPin(name, text); in != nil {
			found[name] = in
		} else {
			others[name] = &inputPin{name: name, url: knownText(text)}
		}
	}
	return found, others
}

// inputSet reads a flake input that is given as a set, { type = "github"; owner; repo; ref; }: nil when it is not the
// package's repository.
func (f *finder) inputSet(name string, set *eval.Set) *inputPin {
	text := map[string]string{}
	for _, attr := range []string{"type", "owner", "repo", "ref"} {
		text[attr], _ = f.constant(set.Get(attr))
	}
	if text["type"] != "github" || f.repository(text["owner"], text["repo"], sourceInput) != sourceInput {
		return nil
	}
	in := &inputPin{name: name, url: strings.TrimSuffix(fmt.Sprintf("github:%s/%s/%s", text["owner"], text["repo"], text["ref"]), "/")}
	if m := releaseRef.FindStringSubmatch(text["ref"]); m != nil {
		ref, _ := f.prog.Value(set.Get("ref")).(*eval.Text)
		if slots, err := textSlots(ref, m[1], "input ref"); err == nil && len(slots) == 1 {
			in.slot = &slots[0]
		}
	}
	return in
}

var (
	inputShort = regexp.MustCompile(`^github:([^/?#]+)/([^/?#]+)(?:/([^?#]+))?(?:\?.*)?$`)
	inputRef   = regexp.MustCompile(`[?&]ref=([^&#]+)`)
	releaseRef = regexp.MustCompile(`^(?:refs/tags/)?v?([0-9]+\.[0-9]+\.[0-9]+(?:-rc[0-9]+)?)$`)
	archiveRef = regexp.MustCompile(`/archive/(?:refs/tags/)?v?([0-9]+\.[0-9]+\.[0-9]+(?:-rc[0-9]+)?)\.(?:tar\.gz|zip)`)
)

// inputPin reads the URL of a flake input: nil when it is not the package's repository.
func (f *finder) inputPin(name string, text *eval.Text) *inputPin {
	url := knownText(text)
	var owner, repo, ref string
	if m := inputShort.FindStringSubmatch(url); m != nil {
		owner, repo, ref = m[1], m[2], m[3]
	} else if m := githubURL.FindStringSubmatch(strings.TrimPrefix(url, "tarball+")); m != nil {
		owner, repo = m[1], m[2]
	}
	if m := inputRef.FindStringSubmatch(url); m != nil && ref == "" {
		ref = strings.ReplaceAll(m[1], "%2F", "/")
	}
	if f.repository(owner, repo, sourceInput) != sourceInput {
		return nil
	}
	in := &inputPin{name: name, url: url}
	version := ""
	if m := releaseRef.FindStringSubmatch(ref); m != nil {
		version = m[1]
	} else if m := archiveRef.FindStringSubmatch(url); m != nil {
		version = m[1]
	}
	if version == "" {
		return in
	}
	if slots, err := textSlots(text, version, "input URL"); err == nil && len(slots) == 1 {
		in.slot = &slots[0]
	}
	return in
}
