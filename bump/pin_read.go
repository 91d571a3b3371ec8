package bump

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

var (
	versionAttr = regexp.MustCompile(`^(v?)([0-9]+\.[0-9]+\.[0-9]+(?:-rc[0-9]+)?)(?:$|[^0-9.])`)
	commitRef   = regexp.MustCompile(`^[0-9a-f]{40}$`)
	urlVersion  = regexp.MustCompile(`(?:releases/download|archive(?:/refs/tags)?|tarball(?:/refs/tags)?|(?:tar\.gz|zip)(?:/refs/tags)?)/v?([0-9]+\.[0-9]+\.[0-9]+(?:-rc[0-9]+)?)(?:[/.?#]|$)`)
)

// readPin reads a derivation as a pin. It returns neither a pin nor an error for what is none of the
// package's business, and an error for what looks like its pin and cannot be rewritten.
func (f *finder) readPin(d *derivation, body *eval.Set) (*pin, *Error) {
	at := d.place()
	if body.Get("src") == nil && body.Get("srcs") == nil {
		return f.sourceless(d, body, at)
	}
	p := &pin{place: at}
	if d.call.Node != nil {
		p.names = namesAround(d.call.File, d.call.Node)
	}
	if d.base != nil {
		bases := f.baseNames(d.base)
		p.names = union(p.names, bases)
		if len(bases) > 0 {
			p.base = bases[0]
		}
	}
	ours := false
	for _, s := range f.sources(d, body) {
		switch s.kind {
		case sourceOther:
			continue
		case sourceFork:
			return nil, at.error(fmt.Sprintf("find pin: this is the fork %s/%s, not %s/%s", s.owner, s.repo, f.pkg.Owner, f.pkg.Repo),
				"a fork has releases of its own; it is left alone")
		case sourceFloat:
			return nil, at.error(fmt.Sprintf("find pin: the source %s names no release, so its content changes without its URL", shownURL(knownText(s.url))),
				fmt.Sprintf("fetch https://github.com/%s/%s/releases/download/v${version}/… instead", f.pkg.Owner, f.pkg.Repo))
		}
		ours = true
		if err := f.readSource(d, p, s); err != nil {
			return nil, err
		}
	}
	if !ours {
		return nil, nil
	}
	if err := f.readVersion(d, p, body); err != nil {
		return nil, err
	}
	if err := f.readVendor(d, p, body); err != nil {
		return nil, err
	}
	f.readCompanions(d, p, body)
	f.readCopies(d, p, body)
	p.dedupe()
	return p, nil
}

// sourceless reads an override that has no source of its own.
func (f *finder) sourceless(d *derivation, body *eval.Set, at place) (*pin, *Error) {
	if d.base == nil || !f.isPackage(d.base) {
		return nil, nil
	}
	version, literal := f.constant(body.Get("version"))
	switch {
	case literal && versionAttr.MatchString(version):
		return nil, at.error("find pin: version "+version+" is set here but src is not, so the package would build the old source under a new name",
			"override src as well, with this version's tag and hash")
	case body.Get("vendorHash") != nil && f.carrier(d.base) != nil:
		return f.carried(d, body, at)
	case body.Get("vendorHash") != nil:
		return nil, at.error("find pin: only vendorHash is overridden here; version and src are those of the nixpkgs input that the package comes from",
			"update that input (nix flake update INPUT), or override version and src here")
	}
	return nil, at.error("find pin: this override of "+strings.Join(f.baseNames(d.base), ", ")+" pins no version", "")
}

// readSource reads one source's ref or URL and its hash.
func (f *finder) readSource(d *derivation, p *pin, s source) *Error {
	switch s.kind {
	case sourceInput:
		p.input, p.tagless = s.input, true
		return nil
	case sourceURL:
		return f.readURL(d, p, s)
	}
	refDef := s.args.Get("tag")
	for _, name := range []string{"rev", "ref"} {
		if refDef == nil {
			refDef = s.args.Get(name)
		}
	}
	if refDef == nil {
		return p.error("find pin: the source names no tag and no rev", `add tag = "v${version}";`)
	}
	if err := f.readRef(d, p, refDef); err != nil {
		return err
	}
	if s.kind == sourceGit {
		p.tagless = true
		if s.args.Get("hash") == nil && s.args.Get("sha256") == nil && s.args.Get("narHash") == nil {
			return nil
		}
	}
	return f.readHash(p, s, &fixed{role: roleSrc, fetch: s.fetcher + " " + s.owner + "/" + s.repo})
}

// readHash reads the hash of a fetch into h.
func (f *finder) readHash(p *pin, s source, h *fixed) *Error {
	for _, name := range []string{"hash", "sha256", "outputHash", "narHash"} {
		def := s.args.Get(name)
		if def == nil {
			continue
		}
		field := "src hash"
		if h.role == roleAsset {
			field = "asset hash"
		}
		sl, old, err := f.hashSlot(def, field)
		if err != nil {
			return f.defPlace(def, p.place).error("find pin: the hash of the source is no literal: "+f.describe(def), "write it as a string, or in a variable of this flake")
		}
		h.slot, h.old = sl, old
		p.hashes = append(p.hashes, h)
		p.fetches = append(p.fetches, fetchKey{callPlace(s.call), sl.key()})
		return nil
	}
	return p.error("find pin: the source has no hash", `add hash = lib.fakeHash;`)
}

// readRef reads a tag, a tag's full name, or a commit.
func (f *finder) readRef(d *derivation, p *pin, def *eval.Def) *Error {
	at := f.defPlace(def, p.place)
	t, ok := f.prog.Value(def).(*eval.Text)
	if !ok {
		if f.isOld(d, def) {
			return at.error("find pin: the ref is the overridden package's, not this pin's", `write tag = "v${version}";`)
		}
		return at.error("find pin: the ref of the source is no literal: "+f.describe(def), "write it as a string, or in a variable of this flake")
	}
	ref, known := t.String()
	if !known {
		return f.unknownText(d, t, at, "ref")
	}
	if commitRef.MatchString(ref) {
		s, err := wholeSlot(t, "ref")
		if err != nil {
			return at.error("find pin: the commit of the source is no single literal", "write it as one string")
		}
		p.commit = &s
		return nil
	}
	m := releaseRef.FindStringSubmatch(ref)
	if m == nil {
		return at.error(fmt.Sprintf("find pin: the ref %q names no release of %s/%s", ref, f.pkg.Owner, f.pkg.Repo), `pin a release: tag = "v${version}";`)
	}
	p.refOf = m[1]
	return p.addTexts(t, m[1], "ref", at)
}

// unknownText says why a text that must be known is not.
func (f *finder) unknownText(d *derivation, t *eval.Text, at place, what string) *Error {
	for _, piece := range t.Pieces {
		o, ok := piece.Value.(*eval.Unknown)
		if !ok {
			continue
		}
		if d.old != nil && o.Root() == d.old {
			return at.error(fmt.Sprintf("find pin: the %s takes its %s from the overridden package, which has the old one", what, o.Name),
				"use the new attributes: (finalAttrs: prevAttrs: { … ${finalAttrs.version} … }) or rec { … ${version} … }")
		}
		name := o.Name
		if name == "" {
			name, _ = o.Callee()
		}
		return at.error(fmt.Sprintf("find pin: the %s holds %s, %s, which this flake does not define", what, name, o.Reason),
			"write it as a string, or in a variable of this flake")
	}
	return at.error("find pin: the "+what+" is not known", "write it as a string")
}

func (p *pin) addTexts(t *eval.Text, version, field string, at place) *Error {
	slots, err := textSlots(t, version, field)
	if err != nil {
		return at.error(fmt.Sprintf("find pin: version %s of the %s is not written in one literal", version, field), "write the version as one string")
	}
	p.texts = append(p.texts, slots...)
	return nil
}

// readURL reads a fetch of one of the repository's archives or release assets.
func (f *finder) readURL(d *derivation, p *pin, s source) *Error {
	at := p.place
	if s.call.Node != nil {
		at = placeOf(s.call.File, s.call.Node.Start())
	}
	url, known := s.url.String()
	if !known {
		return f.unknownText(d, s.url, at, "URL")
	}
	m := urlVersion.FindStringSubmatch(url)
	if m == nil {
		return at.error(fmt.Sprintf("find pin: the URL %s names no release", shownURL(url)),
			fmt.Sprintf("fetch https://github.com/%s/%s/releases/download/v${version}/…", f.pkg.Owner, f.pkg.Repo))
	}
	if err := p.addTexts(s.url, m[1], "URL", at); err != nil {
		return err
	}
	if p.refOf == "" {
		p.refOf = m[1]
	}
	if s.args == nil {
		p.tagless = true
		return nil
	}
	h := &fixed{role: roleSrc, flat: s.fetcher == "fetchurl"}
	if strings.Contains(url, "/releases/download/") {
		h.role, h.url, p.noVendor = roleAsset, shownURL(url), true
		h.ending = endingSlot(s.url, url)
	}
	return f.readHash(p, s, h)
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

// endingSlot is where the ending of an asset's name is written, .tgz say; nil when that is not the end
// of a literal.
func endingSlot(t *eval.Text, url string) *change {
	name := path.Base(url)
	ending := strings.TrimPrefix(name, stem(name))
	last := t.Pieces[len(t.Pieces)-1]
	if ending == "" || last.At.File == "" || !strings.HasSuffix(raw(last.At), ending) {
		return nil
	}
	_, end := contentSpan(last.At)
	return &change{slot: slot{
		field: "asset name", file: last.At.File, at: last.At.Span.Start(), start: end - len(ending), end: end, old: ending,
	}}
}

// readVersion reads the version attribute.
func (f *finder) readVersion(d *derivation, p *pin, body *eval.Set) *Error {
	p.version = p.refOf
	if p.input != nil && p.input.slot != nil {
		p.version = p.input.slot.version
	}
	def := body.Get("version")
	if def == nil {
		if p.version == "" {
			return p.error("find pin: neither a version nor a tag is written here", `add version = "X.Y.Z";`)
		}
		return nil
	}
	at := f.defPlace(def, p.place)
	t, ok := f.prog.Value(def).(*eval.Text)
	text, known := "", false
	if ok {
		text, known = t.String()
	}
	m := versionAttr.FindStringSubmatch(text)
	switch {
	case known && m != nil:
		p.version, p.vprefix = m[2], m[1] != ""
		return p.addTexts(t, m[2], "version", at)
	case ok && p.version != "" && p.addTexts(t, p.version, "version copy", at) == nil:
		return nil
	case p.input != nil || p.refOf != "" && !ok && f.isOld(d, def):
		p.label = "untagged"
		if known {
			p.label = text
		}
		p.notes = append(p.notes, fmt.Sprintf("the version at line %d is left as it is: it is no release's, but says what the source is by itself", at.line))
		return nil
	case known:
		return at.error(fmt.Sprintf("find pin: the version %q is no release", text), `pin a release: version = "X.Y.Z";`)
	case ok:
		return f.unknownText(d, t, at, "version")
	}
	return at.error("find pin: the version is no literal: "+f.describe(def), "write it as a string, or in a variable of this flake")
}

// isOld says whether a value is the overridden package's.
func (f *finder) isOld(d *derivation, def *eval.Def) bool {
	o, ok := f.prog.Value(def).(*eval.Unknown)
	return ok && d.old != nil && o.Root() == d.old
}

// readVendor reads vendorHash.
func (f *finder) readVendor(d *derivation, p *pin, body *eval.Set) *Error {
	if p.noVendor {
		return nil
	}
	def := body.Get("vendorHash")
	if def == nil {
		def = body.Get("vendorSha256")
	}
	if def == nil {
		name, _ := builder(d.call)
		if d.base == nil && strings.HasPrefix(name, "buildGo") {
			return p.error("find pin: vendorHash is missing", `add vendorHash = lib.fakeHash;`)
		}
		if d.base != nil {
			return f.inheritVendor(p, body)
		}
		p.noVendor = true
		return nil
	}
	if s, ok := f.prog.Value(def).(*eval.Scalar); ok && s.Text == "null" {
		p.noVendor = true
		return nil
	}
	h := &fixed{role: roleVendor}
	var err error
	if h.slot, h.old, err = f.hashSlot(def, "vendor hash"); err == nil {
		p.hashes = append(p.hashes, h)
		return nil
	}
	if f.isOld(d, def) {
		if h.slot, err = exprSlot(def, "vendor hash", f.describe(def)); err == nil {
			h.inherited = true
			p.hashes = append(p.hashes, h)
			return nil
		}
	}
	return f.defPlace(def, p.place).error("find pin: vendorHash is no literal: "+f.describe(def), "write it as a string, or in a variable of this flake")
}

// inheritVendor adds the slot of a vendorHash that the file does not have: after src, in its indentation.
func (f *finder) inheritVendor(p *pin, body *eval.Set) *Error {
	src := body.Get("src")
	if src == nil || src.Binding == nil || src.File == nil {
		return p.error("find pin: vendorHash is not set, and there is no place beside src to add it", "add vendorHash = lib.fakeHash;")
	}
	e := src.File.InsertBindingAfter(src.Binding, `vendorHash = "`+"\x00"+`";`)
	before, after, _ := strings.Cut(e.New, "\x00")
	p.hashes = append(p.hashes, &fixed{role: roleVendor, inherited: true, slot: slot{
		field: "vendor hash", file: src.File.Name, start: e.Start, end: e.End, at: src.Binding.Start(),
		before: before, after: after,
	}})
	return nil
}

// defPlace is where a definition's value is written, or fallback.
func (f *finder) defPlace(d *eval.Def, fallback place) place {
	for _, hop := range d.Trail() {
		switch {
		case hop.File != nil && hop.Expr != nil:
			fallback = placeOf(hop.File, hop.Expr.Start())
		case hop.File != nil && hop.Attr != nil:
			fallback = placeOf(hop.File, hop.Attr.Start())
		}
	}
	return fallback
}

// dedupe keeps one slot of each place.
func (p *pin) dedupe() {
	seen := map[slotKey]int{}
	var texts []versionSlot
	for _, t := range p.texts {
		known, ok := seen[t.key()]
		switch {
		case !ok:
			seen[t.key()] = len(texts)
			texts = append(texts, t)
		case t.field == "version":
			texts[known].field = t.field // a ref made of the version is the version's place
		}
	}
	p.texts = texts
}
