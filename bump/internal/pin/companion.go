package pin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// readCompanions finds the other sources that the derivation is made with: those that the package
// names as companions, which move with it, and any other, which the report says were left.
func (f *finder) readCompanions(d *derivation, r *reading, body *eval.Set) {
	seen := map[nixexpr.Node]bool{}
	for _, s := range f.sources(d, body) {
		if s.call != nil {
			seen[s.call.Node] = true // "${src}" is no other source
		}
	}
	for _, name := range body.Names() {
		if name == "src" || name == "srcs" || hashAttr.MatchString(name) {
			continue
		}
		f.prog.Reach(f.prog.Value(body.Get(name)), func(o *eval.Unknown) bool {
			old := f.isOldCompanion(d, o)
			if o == d.old || f.derivation(o) != nil && !old {
				return false
			}
			name, args := o.Callee()
			if len(args) == 0 || seen[o.Node] || !isFetch(name) && !old {
				return true
			}
			if set, ok := f.prog.Value(args[len(args)-1]).(*eval.Set); ok {
				seen[o.Node] = true
				f.readCompanion(d, r, o, name, set)
				return false
			}
			return true
		})
	}
}

// readCompanion reads one fetch that is not the source itself.
func (f *finder) readCompanion(d *derivation, r *reading, o *eval.Unknown, fetcher string, set *eval.Set) {
	at := r.Pos
	if o.Node != nil {
		at = callPos(o)
	}
	s := f.source(d, o)
	if s.kind == urlSource && !isPatch(fetcher) {
		// Another asset of the same release: it moves with the version.
		if err := f.readURL(d, r, s); err != nil {
			r.Notes = append(r.Notes, err.Error())
		}
		return
	}
	of := f.companionOf(s)
	if of == nil {
		of = f.oldCompanion(d, o)
	}
	if of == nil {
		what := fetcher
		if s.repo != "" {
			what = s.owner + "/" + s.repo
		}
		if isPatch(fetcher) {
			what = "a patch of " + what
		}
		r.Companions = append(r.Companions, &Companion{
			Pos: at, Old: what, Skip: "it follows no file of the release that is known here; check it by hand",
		})
		return
	}
	c := &Companion{Of: of, Pos: at}
	r.Companions = append(r.Companions, c)
	if s.owner == "" {
		s.owner = of.Owners[0] // that of the recipe's own source, which is overridden
	}
	if c.Skip = f.readCompanionSlots(r, c, set, s.owner); c.Skip == "" {
		r.own = append(r.own, fetchKey{callPos(o), c.Hash.Slot})
	}
}

// Passthru is what people write into an override to give it the companion of a tag.
func (c *CompanionSource) Passthru(tag string) string {
	return fmt.Sprintf("passthru = (old.passthru or { }) // rec { %s = %q; %s = old.passthru.%s.override { tag = %s; "+
		"hash = lib.fakeHash; }; };", c.VersionAttr, tag, c.Attr, c.Attr, c.VersionAttr)
}

// companionOf is the package's companion that a fetch gets, or nil.
func (f *finder) companionOf(s source) *CompanionSource {
	for i := range f.pkg.Companions {
		if c := &f.pkg.Companions[i]; strings.EqualFold(s.repo, c.Repo) {
			return c
		}
	}
	return nil
}

// isOldCompanion reports whether a call overrides the source of a companion that the overridden package has.
func (f *finder) isOldCompanion(d *derivation, o *eval.Unknown) bool {
	return f.oldCompanion(d, o) != nil
}

// oldCompanion is the companion whose source prev.passthru.ATTR.override and the like change, or nil.
func (f *finder) oldCompanion(d *derivation, o *eval.Unknown) *CompanionSource {
	fn, ok := o.Fn.(*eval.Unknown)
	if !ok || fn.Name != "override" && fn.Name != "overrideAttrs" {
		return nil
	}
	src, ok := fn.Base.(*eval.Unknown)
	if !ok || src.Fn != nil {
		return nil
	}
	for i := range f.pkg.Companions {
		c := &f.pkg.Companions[i]
		if src.Name == c.Attr && (d.old != nil && src.Root() == d.old || f.isPackage(packageOf(src))) {
			return c
		}
	}
	return nil
}

// packageOf is the value that an attribute, or an attribute of its passthru, is selected from.
func packageOf(attr *eval.Unknown) eval.Value {
	base, ok := attr.Base.(*eval.Unknown)
	if ok && base.Fn == nil && base.Name == "passthru" {
		return base.Base
	}
	return attr.Base
}

// readCompanionSlots reads a companion's ref and hash; it returns why they cannot be moved.
func (f *finder) readCompanionSlots(r *reading, c *Companion, set *eval.Set, owner string) (skip string) {
	if !owns(c.Of.Owners, owner) {
		return fmt.Sprintf("it is the fork %s/%s; move it to what the release's %s names by hand", owner, c.Of.Repo,
			c.Of.VersionFile)
	}
	ref := first(set, "tag", "rev")
	if ref == nil {
		return "it names no tag and no rev"
	}
	if skip := f.readCompanionRef(c, ref, c.Of.tag()); skip != "" {
		return skip
	}
	def := first(set, hashAttrs...)
	if def == nil {
		return "it has no hash"
	}
	at, err := f.hash(def, c.Of.hash())
	if err != nil {
		return "its hash is not a literal: " + f.describe(def)
	}
	c.Hash = &Fetch{Role: CompanionSrc, Slot: at.slot, Had: at.had, Ending: NoSlot}
	r.uses[c.Hash] = at.use
	return ""
}

func (f *finder) readCompanionRef(c *Companion, def *eval.Def, field Field) (skip string) {
	t := oneText(f.prog.Value(def))
	ref, known := "", false
	if t != nil {
		ref, known = t.String()
	}
	if !known {
		c.Derived = true
		return ""
	}
	ref = strings.TrimPrefix(ref, "refs/tags/")
	c.Old = ref
	switch {
	case version.IsObjectID(ref):
		id, err := f.slots.whole(t, field)
		if err != nil {
			return "its commit is not a single literal"
		}
		c.Commit, c.Refs = true, []SlotID{id}
		return ""
	case !c.Of.Tag.MatchString(ref):
		return fmt.Sprintf("its ref %q is not a release tag", ref)
	}
	// The number may stand in a variable without the letter before it.
	for _, text := range []string{ref, tagNumber(ref)} {
		if ids, err := f.slots.inText(t, version.Version(text), field); err == nil {
			c.Refs = ids
			return ""
		}
	}
	return "its tag is not written in one literal"
}

// oneText is the string that a value is, whichever of several it is; nil when it may be another one.
func oneText(v eval.Value) *eval.Text {
	var one *eval.Text
	for _, alt := range eval.Alternatives(v) {
		t, ok := alt.(*eval.Text)
		if !ok || one != nil && !slices.Equal(one.Pieces, t.Pieces) {
			return nil
		}
		one = t
	}
	return one
}

// tagNumber is a companion's tag without the letter before the number.
func tagNumber(tag string) string { return strings.TrimLeft(tag, "bv") }

// Ref is the new value of one of a companion's refs, which holds old now, when its tag is tag and its commit is
// commit.
func (c *Companion) Ref(old, tag, commit string) string {
	switch {
	case c.Commit:
		return commit
	case old == c.Old:
		return tag
	}
	return tagNumber(tag)
}
