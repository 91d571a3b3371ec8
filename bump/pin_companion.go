package bump

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// readCompanions finds the other sources that the derivation is made with: those that the package
// names as companions, which move with it, and any other, which the report says were left.
func (f *finder) readCompanions(d *derivation, p *pin, body *eval.Set) {
	seen := map[nixexpr.Node]bool{}
	for _, name := range body.Names() {
		if name == "src" || name == "srcs" || name == "vendorHash" {
			continue
		}
		f.prog.Reach(f.prog.Value(body.Get(name)), func(o *eval.Unknown) bool {
			if o == d.old || f.derivation(o) != nil {
				return false
			}
			name, args := o.Callee()
			if !strings.HasPrefix(name, "fetch") || len(args) == 0 || seen[o.Node] {
				return true
			}
			if set, ok := f.prog.Value(args[len(args)-1]).(*eval.Set); ok {
				seen[o.Node] = true
				f.readCompanion(d, p, o, name, set)
				return false
			}
			return true
		})
	}
}

// readCompanion reads one fetch that is not the source itself.
func (f *finder) readCompanion(d *derivation, p *pin, o *eval.Unknown, fetcher string, set *eval.Set) {
	at := p.place
	if o.Node != nil {
		at = placeOf(o.File, o.Node.Start())
	}
	s := f.source(d, o)
	if s.kind == sourceURL && fetcher != "fetchpatch" && fetcher != "fetchpatch2" {
		// Another asset of the same release: it moves with the version.
		if err := f.readURL(d, p, s); err != nil {
			p.notes = append(p.notes, err.Error())
		}
		return
	}
	of := f.companionSource(s)
	if of == nil {
		what := fetcher
		if s.repo != "" {
			what = s.owner + "/" + s.repo
		}
		if strings.HasPrefix(fetcher, "fetchpatch") {
			what = "a patch of " + what
		}
		p.companions = append(p.companions, &companionPin{
			place: at, old: what, left: "it follows no file of the release that is known here; check it by hand",
		})
		return
	}
	c := &companionPin{of: of, place: at}
	p.companions = append(p.companions, c)
	if why := f.readCompanionSlots(p, c, set, s.owner); why != "" {
		c.left = why
		return
	}
	p.fetches = append(p.fetches, fetchKey{callPlace(o), c.hash.slot.key()})
}

// companionSource is the package's companion that a fetch gets, or nil.
func (f *finder) companionSource(s source) *CompanionSource {
	for i := range f.pkg.Companions {
		if c := &f.pkg.Companions[i]; strings.EqualFold(s.repo, c.Repo) {
			return c
		}
	}
	return nil
}

// readCompanionSlots reads a companion's ref and hash; it returns why they cannot be moved.
func (f *finder) readCompanionSlots(p *pin, c *companionPin, set *eval.Set, owner string) string {
	ours := false
	for _, o := range c.of.Owners {
		ours = ours || strings.EqualFold(o, owner)
	}
	if !ours {
		return fmt.Sprintf("it is the fork %s/%s; move it to what the release's %s names by hand", owner, c.of.Repo, c.of.VersionFile)
	}
	field := c.of.Name + " tag"
	def := set.Get("tag")
	if def == nil {
		def = set.Get("rev")
	}
	if def == nil {
		return "it names no tag and no rev"
	}
	if why := f.readCompanionRef(c, def, field); why != "" {
		return why
	}
	for _, name := range []string{"hash", "sha256"} {
		if hd := set.Get(name); hd != nil {
			h := &fixed{role: roleCompanion}
			var err error
			if h.slot, h.old, err = f.hashSlot(hd, c.of.Name+" hash"); err != nil {
				return "its hash is no literal: " + f.describe(hd)
			}
			c.hash = h
			return ""
		}
	}
	return "it has no hash"
}

func (f *finder) readCompanionRef(c *companionPin, def *eval.Def, field string) string {
	t, ok := f.prog.Value(def).(*eval.Text)
	if !ok {
		c.derived = true
		return ""
	}
	ref, known := t.String()
	if !known {
		c.derived = true
		return ""
	}
	ref = strings.TrimPrefix(ref, "refs/tags/")
	c.old = ref
	switch {
	case commitRef.MatchString(ref):
		s, err := wholeSlot(t, field)
		if err != nil {
			return "its commit is no single literal"
		}
		c.commit, c.refs = true, []versionSlot{{slot: s, version: ref}}
		return ""
	case !c.of.Tag.MatchString(ref):
		return fmt.Sprintf("its ref %q is no release tag", ref)
	}
	// The number may stand in a variable without the letter before it.
	for _, text := range []string{ref, strings.TrimLeft(ref, "bv")} {
		if slots, err := textSlots(t, text, field); err == nil {
			c.refs = slots
			return ""
		}
	}
	return "its tag is not written in one literal"
}

// move is the new value of a companion's ref slot when its tag is tag, or its commit is commit.
func (c *companionPin) move(s versionSlot, tag, commit string) string {
	switch {
	case c.commit:
		return commit
	case s.version == c.old:
		return tag
	}
	return strings.TrimLeft(tag, "bv")
}
