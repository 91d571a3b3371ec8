package pin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// What the hints tell people to write.
const (
	writeString = "write it as a string, or in a variable of this flake"
	writeTag    = `write tag = "v${version}";`
)

// read reads a derivation as a pin. It returns neither a reading nor an error for what is none of the package's
// business, and an error for what looks like its pin and cannot be rewritten.
func (f *finder) read(d *derivation, body *eval.Set) (*reading, *diag.Error) {
	if body.Get("src") == nil && body.Get("srcs") == nil && len(f.embedded(d, body)) == 0 {
		return f.readWithoutSource(d, body)
	}
	r := f.newReading(d)
	ours := false
	for _, s := range f.sources(d, body) {
		if in := s.input; in != nil && (in.mirror || in.refused != nil) && !f.mayBeFork(d) {
			continue // another program, from a repository of that name
		}
		switch s.kind {
		case otherSource:
			if err := f.renamedFork(d, r, s); err != nil {
				return nil, err
			}
			continue
		case forkSource:
			if !f.mayBeFork(d) {
				continue
			}
			return nil, diag.At(r.Pos,
				fmt.Sprintf("find pin: this is the fork %s/%s, not %s", s.owner, s.repo, f.pkg.Upstream()),
				"a fork has releases of its own; it is left alone")
		case floatingSource:
			return nil, diag.At(r.Pos,
				fmt.Sprintf("find pin: the source %s names no release, so its content changes without its URL",
					shownURL(knownText(s.url))),
				f.fetchHint()+" instead")
		}
		ours = true
		if err := f.readSource(d, r, s); err != nil {
			return nil, err
		}
		f.readRevision(r, s)
	}
	if !ours {
		return nil, nil
	}
	if err := f.readVersion(d, r, body); err != nil {
		return nil, err
	}
	if err := f.readVendor(d, r, body); err != nil {
		return nil, err
	}
	f.readCompanions(d, r, body)
	f.offerCompanions(d, r, body)
	f.readCopies(d, r, body)
	r.Versions = unique(r.Versions)
	return r, nil
}

// mayBeFork reports whether a derivation is one of the package, by what it overrides or by how it is built: what has
// the name of its repository besides is another program, a client say.
func (f *finder) mayBeFork(d *derivation) bool {
	if d.base != nil {
		return f.isPackage(d.base)
	}
	return d.builder() != nil
}

// isNamed reports whether a derivation has the name of the package: it overrides it, or builds Go code under that name.
func (f *finder) isNamed(d *derivation) bool {
	if d.base != nil {
		return f.isPackage(d.base)
	}
	b := d.builder()
	body, ok := d.body.(*eval.Set)
	if !ok || b == nil || !b.modules || body.Get("pname") == nil {
		return false
	}
	pname, _ := f.constant(body.Get("pname"))
	return pname == f.pkg.Name
}

// hasAnotherName reports whether a derivation overrides nothing, and has a name in which that of the package does not
// occur.
func (f *finder) hasAnotherName(d *derivation, body *eval.Set) bool {
	pname, known := f.constant(body.Get("pname"))
	return d.base == nil && known && !strings.Contains(pname, f.pkg.Name)
}

// renamedFork is the error of the package by name whose source is a repository that is called otherwise.
func (f *finder) renamedFork(d *derivation, r *reading, s source) *diag.Error {
	if s.owner == "" || s.repo == "" || !f.isNamed(d) || f.companionOf(s) != nil {
		return nil
	}
	return diag.At(r.Pos,
		fmt.Sprintf("find pin: the source of this %s is %s/%s, not %s", f.pkg.Name, s.owner, s.repo, f.pkg.Upstream()),
		"a fork has releases of its own; it is left alone")
}

// newReading begins the reading of a derivation.
func (f *finder) newReading(d *derivation) *reading {
	r := &reading{
		Pin: &Pin{Pos: d.pos(), Origin: Tag{}}, call: d.call, uses: map[*Fetch]SlotID{},
		speculative: f.speculative,
	}
	if d.call.Node != nil {
		r.Names = namesAround(d.call.File, d.call.Node)
	}
	if d.base != nil {
		r.Overrides = true
		bases := f.baseNames(d.base)
		r.Names = Union(r.Names, bases)
		if len(bases) > 0 {
			r.base = bases[0]
		}
	}
	return r
}

// fetchHint is what to fetch instead of what names no release.
func (f *finder) fetchHint() string {
	return fmt.Sprintf("fetch https://github.com/%s/releases/download/v${version}/…", f.pkg.Upstream())
}

// readWithoutSource reads an override that has no source of its own.
func (f *finder) readWithoutSource(d *derivation, body *eval.Set) (*reading, *diag.Error) {
	if d.base == nil || !f.isPackage(d.base) {
		return nil, nil
	}
	v, literal := f.constant(body.Get("version"))
	_, _, release := attrVersion(v)
	switch at := d.pos(); {
	case literal && release:
		return nil, diag.At(at,
			"find pin: version "+v+" is set here but src is not, so the package would build the old source under a "+
				"new name", "override src as well, with this version's tag and hash")
	case first(body, vendorAttrs...) != nil && f.provider(d.base) != nil:
		return f.readProvided(d, body)
	case first(body, vendorAttrs...) != nil:
		return nil, diag.At(at,
			"find pin: only vendorHash is overridden here; version and src are those of the nixpkgs input that the "+
				"package comes from",
			"update that input (nix flake update INPUT), or override version and src here")
	default:
		return nil, diag.At(at, "find pin: this override of "+strings.Join(f.baseNames(d.base), ", ")+
			" pins no version", "")
	}
}

// readProvided reads an override of vendorHash alone: version and source are the input's, so the lock's node
// and the hash move.
func (f *finder) readProvided(d *derivation, body *eval.Set) (*reading, *diag.Error) {
	r, in := f.newReading(d), f.provider(d.base)
	r.Origin, r.Label = in, "untagged"
	if err := f.readVendor(d, r, body); err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, "version and source are those of the input "+in.Name+", which moves to the head of its "+
		"branch, whatever release that has")
	return r, nil
}

// readSource reads one source's ref or URL and its hash.
func (f *finder) readSource(d *derivation, r *reading, s source) *diag.Error {
	switch s.kind {
	case inputSource:
		return f.readInputSource(d, r, s.input)
	case urlSource:
		return f.readURL(d, r, s)
	}
	ref := first(s.args, "tag", "rev", "ref")
	if ref == nil {
		return diag.At(r.Pos, "find pin: the source names no tag and no rev", `add tag = "v${version}";`)
	}
	if err := f.readRef(d, r, ref); err != nil {
		return err
	}
	if s.kind == gitSource && first(s.args, hashAttrs...) == nil {
		return nil
	}
	return f.readHash(r, s, &Fetch{Role: Source, Ending: NoSlot, Via: s.fetcher + " " + s.owner + "/" + s.repo})
}

// readRevision reads the commit of a tag that is kept beside it. Nothing needs to read it, but it would be the old one.
func (f *finder) readRevision(r *reading, s source) {
	if _, isTag := r.Origin.(Tag); !isTag || s.beside == nil {
		return
	}
	def := first(s.beside, "revision", "rev")
	if def == nil {
		return
	}
	text, ok := f.prog.Value(def).(*eval.Text)
	if !ok || !version.IsObjectID(knownText(text)) {
		return
	}
	if id, err := f.slots.whole(text, refField); err == nil {
		r.Revisions = append(r.Revisions, id)
	}
}

// readInputSource takes an input for the source.
func (f *finder) readInputSource(d *derivation, r *reading, in *flakeInput) *diag.Error {
	if in.refused != nil {
		return in.refused
	}
	r.Origin, r.Versions = in.Input, append(r.Versions, in.also...)
	if in.mirror {
		r.Notes = append(r.Notes, fmt.Sprintf("the input %s is %s: that its tags are those of %s is not checked",
			in.Name, in.URL, f.pkg.Upstream()))
	}
	return nil
}

// readHash reads the hash of a fetch into h.
func (f *finder) readHash(r *reading, s source, h *Fetch) *diag.Error {
	def := first(s.args, hashAttrs...)
	if def == nil {
		return diag.At(r.Pos, "find pin: the source has no hash", `add hash = lib.fakeHash;`)
	}
	field := SrcHash
	if h.Role == ReleaseAsset {
		field = AssetHash
	}
	at, err := f.hash(def, field)
	if err != nil {
		return f.noLiteral("the hash of the source", def, defPos(def, r.Pos))
	}
	r.addFetch(h, at)
	r.own = append(r.own, fetchKey{callPos(s.call), at.slot})
	return nil
}

// addFetch adds a fetch with the hash that is written at a place.
func (r *reading) addFetch(h *Fetch, at hashAt) {
	h.Slot, h.Had = at.slot, at.had
	r.Fetches, r.uses[h] = append(r.Fetches, h), at.use
}

// readRef reads a tag, a tag's full name, or a commit.
func (f *finder) readRef(d *derivation, r *reading, def *eval.Def) *diag.Error {
	at := defPos(def, r.Pos)
	t, ok := f.prog.Value(def).(*eval.Text)
	if !ok {
		if f.isOld(d, def) {
			return diag.At(at, "find pin: the ref is the overridden package's, not this pin's", writeTag)
		}
		return f.noLiteral("the ref of the source", def, at)
	}
	ref, known := t.String()
	if !known {
		return f.unknownText(d, t, at, "ref")
	}
	if version.IsObjectID(ref) {
		id, err := f.slots.whole(t, refField)
		if err != nil {
			return diag.At(at, "find pin: the commit of the source is not a single literal", "write it as one string")
		}
		r.Origin = Commit{id}
		return nil
	}
	v, ok := version.ParseRef(ref)
	if !ok {
		return diag.At(at, fmt.Sprintf("find pin: the ref %q names no release of %s", ref, f.pkg.Upstream()),
			`pin a release: tag = "v${version}";`)
	}
	r.ref = v
	return f.addVersion(r, t, v, refField, at)
}

// unknownText says why a text that must be known is not.
func (f *finder) unknownText(d *derivation, t *eval.Text, at diag.Pos, what string) *diag.Error {
	for _, piece := range t.Pieces {
		o, ok := piece.Value.(*eval.Unknown)
		if !ok {
			continue
		}
		if d.old != nil && o.Root() == d.old {
			return diag.At(at, fmt.Sprintf("find pin: the %s takes its %s from the overridden package, which has the "+
				"old one", what, o.Name),
				"use the new attributes: (finalAttrs: prevAttrs: { … ${finalAttrs.version} … }) or rec { … "+
					"${version} … }")
		}
		name := o.Name
		if name == "" {
			name, _ = o.Callee()
		}
		why := o.Reason.String()
		if o.Reason == eval.CallOfUnknown || o.Reason == eval.FreeVariable {
			why = "which this flake does not define"
		}
		e := diag.At(at, fmt.Sprintf("find pin: the %s depends on %s, %s", what, name, why), writeString)
		ofParameter(e, o)
		return e
	}
	return diag.At(at, "find pin: the "+what+" is not known", "write it as a string")
}

// addVersion adds the literals of a text that its version is written in.
func (f *finder) addVersion(r *reading, t *eval.Text, v version.Version, field Field, at diag.Pos) *diag.Error {
	ids, err := f.slots.inText(t, v, field)
	if err != nil {
		return diag.At(at, fmt.Sprintf("find pin: version %s of the %s is not written in one literal", v, field),
			"write the version as one string")
	}
	r.Versions = append(r.Versions, ids...)
	return nil
}

// readURL reads a fetch of one of the repository's archives or release assets.
func (f *finder) readURL(d *derivation, r *reading, s source) *diag.Error {
	at := r.Pos
	if s.call.Node != nil {
		at = callPos(s.call)
	}
	url, known := s.url.String()
	if !known {
		return f.unknownText(d, s.url, at, "URL")
	}
	v, ok := urlVersion(url)
	if !ok {
		return diag.At(at, fmt.Sprintf("find pin: the URL %s names no release", shownURL(url)), f.fetchHint())
	}
	if err := f.addVersion(r, s.url, v, urlField, at); err != nil {
		return err
	}
	if r.ref == "" {
		r.ref = v
	}
	if s.args == nil {
		return nil
	}
	h := &Fetch{Role: Source, Ending: NoSlot, Flat: s.fetcher == "fetchurl"}
	if strings.Contains(url, "/releases/download/") {
		h.Role, h.URL, r.prebuilt = ReleaseAsset, shownURL(url), true
		h.Ending = f.ending(s.url, url)
		if _, isTag := r.Origin.(Tag); isTag {
			r.Origin = Asset{}
		}
	}
	return f.readHash(r, s, h)
}

// attrVersion reads the text of a version attribute: a release, with or without v, and perhaps something behind it
// that is no part of its number.
func attrVersion(text string) (v version.Version, withV, ok bool) {
	v, rest, ok := version.Leading(text)
	if !ok || rest != "" && strings.ContainsAny(rest[:1], "0123456789.") {
		return "", false, false
	}
	return v, text[0] == 'v', true
}

// readVersion reads the version attribute.
func (f *finder) readVersion(d *derivation, r *reading, body *eval.Set) *diag.Error {
	r.Version = r.ref
	in := r.Input()
	if in != nil && in.Slot != NoSlot {
		r.Version = version.Version(f.slots.all[in.Slot].Old)
	}
	def := body.Get("version")
	if def == nil {
		if _, commit := r.Commit(); commit && r.Version == "" {
			return diag.At(r.Pos, "find pin: the source is a commit, and nothing says which release it belongs to",
				"pin a release: "+writeTag+" or, where it is a release's commit, add that release's version")
		}
		if r.Version == "" {
			return diag.At(r.Pos, "find pin: neither a version nor a tag is written here", `add version = "X.Y.Z";`)
		}
		return nil
	}
	at := defPos(def, r.Pos)
	t, ok := f.prog.Value(def).(*eval.Text)
	text, known := "", false
	if ok {
		text, known = t.String()
	}
	v, withV, release := attrVersion(text)
	switch {
	case known && release && r.ref != "" && v != r.ref && f.hasAnotherName(d, body):
		return diag.At(at,
			fmt.Sprintf("find pin: version %s is not that of the source, %s, and the package has another name", v,
				r.ref),
			"a program of its own that contains "+f.pkg.Name+" has versions of its own; it is left alone")
	case known && release:
		r.Version, r.Attr = v, VersionPlain
		if withV {
			r.Attr = VersionWithV
		}
		return f.addVersion(r, t, v, VersionField, at)
	case ok && r.Version != "" && f.addVersion(r, t, r.Version, copyField, at) == nil:
		return nil
	case in != nil || r.ref != "" && !ok && f.isOld(d, def):
		r.Label = "untagged"
		if known {
			r.Label = text
		}
		r.Notes = append(r.Notes, fmt.Sprintf("the version at line %d is left as it is: it is not a release's",
			at.Line))
		return nil
	case known:
		e := diag.At(at, fmt.Sprintf("find pin: the version %q is not a release", text),
			`pin a release: version = "X.Y.Z";`)
		if _, commit := r.Commit(); commit { // a version alone would be refused next
			e.Text += ", and the source is a commit that no release is named for"
			e.Hint = `pin a release: version = "X.Y.Z"; and, in place of the commit, ` + writeTag
		}
		return e
	case ok:
		return f.unknownText(d, t, at, "version")
	}
	return f.noLiteral("the version", def, at)
}

// readVendor reads vendorHash.
func (f *finder) readVendor(d *derivation, r *reading, body *eval.Set) *diag.Error {
	if r.prebuilt {
		return nil
	}
	def := first(body, vendorAttrs...)
	if def == nil {
		if b := d.builder(); b != nil && b.modules {
			return diag.At(r.Pos, "find pin: vendorHash is missing", `add vendorHash = lib.fakeHash;`)
		}
		if d.base != nil {
			return f.inheritVendor(r, body)
		}
		return nil
	}
	if s, ok := f.prog.Value(def).(*eval.Scalar); ok && s.Text == "null" {
		return nil
	}
	h := &Fetch{Role: Vendor, Ending: NoSlot}
	if at, err := f.hash(def, VendorHash); err == nil {
		r.addFetch(h, at)
		return nil
	}
	if f.isOldOrNull(d, def) {
		if id, err := f.slots.expression(def, VendorHash, ""); err == nil {
			r.addFetch(h, hashAt{slot: id, had: Inherited{}, use: NoSlot})
			return nil
		}
	}
	return f.noLiteral("vendorHash", def, defPos(def, r.Pos))
}

// isOldOrNull reports whether a value is the overridden package's, or null where that has none.
func (f *finder) isOldOrNull(d *derivation, def *eval.Def) bool {
	old := false
	for _, alt := range eval.Alternatives(f.prog.Value(def)) {
		switch v := alt.(type) {
		case *eval.Unknown:
			if d.old == nil || v.Root() != d.old {
				return false
			}
			old = true
		case *eval.Scalar:
			if v.Text != "null" {
				return false
			}
		default:
			return false
		}
	}
	return old
}

// inheritVendor adds the slot of a vendorHash that the file does not have: after src, in its indentation.
func (f *finder) inheritVendor(r *reading, body *eval.Set) *diag.Error {
	src := body.Get("src")
	if src == nil || src.Binding == nil || src.File == nil {
		return diag.At(r.Pos, "find pin: vendorHash is not set, and there is no place beside src to add it",
			"add vendorHash = lib.fakeHash;")
	}
	added := binding{src.File, src.Binding, vendorAttrs[0]}
	e, err := added.write("")
	if err != nil {
		return diag.At(r.Pos, "find pin: vendorHash is not set: "+err.Error(), "add vendorHash = lib.fakeHash;")
	}
	id := f.slots.add(Slot{
		Field: VendorHash, File: src.File.Name, Start: e.Start, End: e.End, form: added,
	}, src.Binding.Start())
	r.addFetch(&Fetch{Role: Vendor, Ending: NoSlot}, hashAt{slot: id, had: Inherited{}, use: NoSlot})
	return nil
}

// errParameter is the cause of an error about a parameter that nothing gives a value.
var errParameter = errors.New("nothing calls the function with a literal")

// noLiteral is the error of a value that is not a literal.
func (f *finder) noLiteral(what string, def *eval.Def, at diag.Pos) *diag.Error {
	e := diag.At(at, fmt.Sprintf("find pin: %s is not a literal: %s", what, f.describe(def)), writeString)
	hops := def.Trail()
	if o, ok := f.prog.Value(hops[len(hops)-1]).(*eval.Unknown); ok {
		ofParameter(e, o)
	}
	return e
}

// ofParameter gives an error about an unknown value its cause.
func ofParameter(e *diag.Error, o *eval.Unknown) {
	if o.Root().Reason == eval.Parameter {
		e.Err = errParameter
	}
}

// describe says how a value that is no literal came about, for messages.
func (f *finder) describe(d *eval.Def) string {
	hops := d.Trail()
	last := hops[len(hops)-1]
	if o, ok := f.prog.Value(last).(*eval.Unknown); ok {
		if name, args := o.Callee(); len(args) > 0 && name != "" {
			return fmt.Sprintf("the result of %s", name)
		}
		if o.Name != "" {
			return fmt.Sprintf("%s, %s", o.Name, o.Reason)
		}
		return o.Reason.String()
	}
	return "several values are possible"
}

// unique returns ids, each once, in order.
func unique(ids []SlotID) []SlotID {
	have := map[SlotID]bool{}
	var kept []SlotID
	for _, id := range ids {
		if !have[id] {
			have[id] = true
			kept = append(kept, id)
		}
	}
	return kept
}
