package pin

import (
	"path"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

var (
	githubURL = regexp.MustCompile(`^(?:git\+)?https://(?:(?:codeload\.` +
		`|www\.)?github\.com|api\.github\.com/repos)/([^/]+)/([^/?#]+?)(?:\.git)?(?:[/?#].*)?$`)
	// releasePath is what stands before a version in the URLs of a release's files and archives.
	releasePath = regexp.MustCompile(`(?:releases/download|archive(?:/refs/tags)?|tarball(?:/refs/tags)?|(?:tar\.gz` +
		`|zip)(?:/refs/tags)?)/`)
)

// urlVersion returns the release that a URL is of.
func urlVersion(url string) (v version.Version, ok bool) {
	for _, m := range releasePath.FindAllStringIndex(url, -1) {
		v, rest, ok := version.Leading(url[m[1]:])
		if ok && (rest == "" || strings.ContainsAny(rest[:1], "/.?#")) {
			return v, true
		}
	}
	return "", false
}

// sources reads every value that src may have, or every element of srcs; those that other attributes hold of a package
// that has neither.
func (f *finder) sources(d *derivation, body *eval.Set) []source {
	var defs []*eval.Def
	if src := body.Get("src"); src != nil {
		defs = append(defs, src)
	} else if srcs := body.Get("srcs"); srcs != nil {
		if list, ok := f.prog.Value(srcs).(*eval.List); ok {
			defs = list.Elems
		}
	} else {
		return f.embedded(d, body)
	}
	var all []source
	for _, def := range defs {
		for _, v := range eval.Alternatives(f.prog.Value(def)) {
			all = append(all, f.described(d, v)...)
		}
	}
	return all
}

// described reads a value of src that may be a set: what is known of a source, with its outPath, as tools write it that
// keep sources in a file of data.
func (f *finder) described(d *derivation, v eval.Value) []source {
	set, ok := v.(*eval.Set)
	if !ok || set.Get("outPath") == nil {
		return []source{f.source(d, v)}
	}
	var all []source
	for _, path := range eval.Alternatives(f.prog.Value(set.Get("outPath"))) {
		s := f.source(d, path)
		s.beside = set
		all = append(all, s)
	}
	return all
}

// embedded are the files of a release that a package without a source has in its attributes: installPhase unpacks them,
// say, and no phase needs a src. A package of another name that has them, and a version of its own, is another program.
func (f *finder) embedded(d *derivation, body *eval.Set) []source {
	if d.builder() == nil || body.Get("version") == nil {
		return nil
	}
	pname, _ := f.constant(body.Get("pname"))
	text, _ := f.constant(body.Get("version"))
	own, _, _ := attrVersion(text)
	var all []source
	known := map[*eval.Unknown]bool{}
	for _, name := range body.Names() {
		text, ok := f.prog.Value(body.Get(name)).(*eval.Text)
		if !ok {
			continue
		}
		for _, piece := range text.Pieces {
			o, ok := piece.Value.(*eval.Unknown)
			if !ok || o.Fn == nil || known[o] {
				continue
			}
			known[o] = true
			s := f.source(d, o)
			if s.kind != urlSource || s.url == nil {
				continue
			}
			if v, ok := urlVersion(knownText(s.url)); ok && (v == own || f.pkg.isVariant(pname)) {
				all = append(all, s)
			}
		}
	}
	return all
}

// maxWraps bounds how many functions a source is wrapped in: what is made of itself is wrapped for ever.
const maxWraps = 8

// source reads one value of src, by the table of fetchers.
func (f *finder) source(d *derivation, v eval.Value) source { return f.sourceWithin(d, v, maxWraps) }

// sourceWithin reads a source that is wrapped in at most so many functions.
func (f *finder) sourceWithin(d *derivation, v eval.Value, wraps int) source {
	if t, ok := v.(*eval.Text); ok && knownText(t) == unknownPart { // "${input}"
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
		return f.inputOf(o)
	}
	c := fetchCall{term: o, name: name, last: f.prog.Value(args[len(args)-1]), wraps: wraps}
	if fn, ok := c.last.(*eval.Func); ok && name == "override" { // of the arguments that it replaces
		c.last = f.prog.Apply(fn, eval.Known(&eval.Unknown{Name: "args", Reason: eval.OldArgs}), nil, nil)
	}
	c.args, _ = c.last.(*eval.Set)
	if c.args != nil && f.throws(c.args) {
		return source{}
	}
	for _, row := range f.fetchers {
		if row.name.MatchString(name) {
			return row.read(f, d, c)
		}
	}
	return source{}
}

// throws reports whether an argument of a fetch cannot be had: the system that the flake is evaluated for is one
// that the package is not for.
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
	return map[string]string{"owner": f.pkg.Owner(), "repo": f.pkg.Repo, "pname": f.pkg.Name}[o.Name]
}

// repository is kind for the package's repository, else what another one is.
func (f *finder) repository(owner, repo string, kind sourceKind) sourceKind {
	switch {
	case !strings.EqualFold(repo, f.pkg.Repo):
		return otherSource
	case owns(f.pkg.Owners, owner):
		return kind
	}
	return forkSource
}

// unknownPart stands in knownText for what is not known.
const unknownPart = "\x00"

// knownText is the text of t with a mark in the place of what is not known.
func knownText(t *eval.Text) string {
	var b strings.Builder
	for _, p := range t.Pieces {
		if p.Value != nil {
			b.WriteString(unknownPart)
			continue
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// shownURL is a URL without what may be secret in it: the user, the query and the fragment.
func shownURL(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, slash := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if slash {
		host += "/"
	}
	return scheme + "://" + host + path
}

// archives are the endings of archives, the longer ones first.
var archives = []string{".tar.zst", ".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".zip", ".tar"}

// Stem is a file's name without the ending that says how it is packed.
func Stem(name string) string {
	for _, a := range archives {
		if s, ok := strings.CutSuffix(name, a); ok {
			return s
		}
	}
	return name
}

// ending is where the ending of an asset's name is written, .tgz say; NoSlot when that is not the end of a
// literal.
func (f *finder) ending(t *eval.Text, url string) SlotID {
	name := path.Base(url)
	ending := strings.TrimPrefix(name, Stem(name))
	last := t.Pieces[len(t.Pieces)-1]
	source := last.At.Source()
	if ending == "" || last.At.File == "" || !strings.HasSuffix(source, ending) {
		return NoSlot
	}
	slot := textSlot(last.At, len(source)-len(ending), len(source), endingField, ending)
	return f.slots.add(slot, last.At.Span.Start())
}
