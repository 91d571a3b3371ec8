package bump

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// foreignUse is a call that fixes content by a hash. As long as it is no pin's own, whatever it is made
// of must stand still: a version that moves there would get a hash that is not its own.
type foreignUse struct {
	place   // of the call
	name    string
	literal map[literalKey]bool
	hashes  []slotKey
	other   bool // it gets another package, whichever pin has the same hash
}

// literalKey is a literal by its file and its first byte.
type literalKey struct {
	file string
	at   int
}

// fetchKey is a fetch with the hash that it has: a function may fetch several things at one place.
type fetchKey struct {
	place
	hash slotKey
}

// hashAttr is the name of an attribute that fixes content.
var hashAttr = regexp.MustCompile(`^(hash|md5|sha1|sha256|sha512|imageDigest)$|(Hash|Sha256|Sha512)$`)

// noteHashed notes a call that has a hash among its arguments.
func (f *finder) noteHashed(o *eval.Unknown) {
	if o.Fn == nil {
		return
	}
	name, args := o.Callee()
	use := foreignUse{place: callPlace(o), literal: map[literalKey]bool{}}
	hashed := false
	for _, arg := range args {
		for _, alt := range eval.Alternatives(f.prog.Value(arg)) {
			if set, ok := alt.(*eval.Set); ok && f.noteHashes(&use, set) {
				hashed = true
			}
		}
	}
	if !hashed {
		return
	}
	for _, arg := range args {
		f.noteLiterals(use.literal, f.prog.Value(arg), 0)
	}
	s := f.source(&derivation{}, o)
	use.name = nameOfSource(s)
	use.other = s.repo != "" && (s.kind == sourceOther || s.kind == sourceFork) && f.companionSource(s) == nil
	if use.name == "" {
		use.name = "the result of " + name
	}
	f.foreign = append(f.foreign, use)
}

// readForeign notes a derivation of another package: the literals that it is fetched by, and those of its
// name where it has a hash of its own.
func (f *finder) readForeign(d *derivation, body *eval.Set) {
	use := foreignUse{place: d.place(), literal: map[literalKey]bool{}}
	hashed := false
	for _, s := range f.sources(d, body) {
		if s.kind != sourceOther && s.kind != sourceFork {
			return
		}
		if name := nameOfSource(s); name != "" {
			use.name, use.other = name, true
		}
		if s.args != nil && f.noteHashes(&use, s.args) {
			hashed = true
			f.noteLiterals(use.literal, s.args, 0)
		}
	}
	if !hashed && d.base != nil && f.isPackage(d.base) {
		return
	}
	if !f.noteHashes(&use, body) && !hashed {
		return
	}
	for _, name := range []string{"name", "pname", "version"} {
		if def := body.Get(name); def != nil {
			f.noteLiterals(use.literal, f.prog.Value(def), 0)
		}
	}
	if use.name == "" {
		use.name, _ = f.constant(body.Get("pname"))
	}
	if use.name == "" {
		use.name = "another package"
	}
	f.foreign = append(f.foreign, use)
}

// nameOfSource is what a fetch gets, for messages.
func nameOfSource(s source) string {
	if s.repo != "" {
		return strings.Trim(s.owner+"/"+s.repo, "/")
	}
	if s.url != nil {
		return strings.ReplaceAll(knownText(s.url), "\x00", "…")
	}
	return ""
}

func callPlace(o *eval.Unknown) place {
	if o == nil || o.Node == nil {
		return place{}
	}
	return placeOf(o.File, o.Node.Start())
}

// noteHashes notes where the hashes of a set are written, and says whether there is one. What a function
// gets as an argument is seen where it is called.
func (f *finder) noteHashes(use *foreignUse, set *eval.Set) bool {
	hashed := false
	for _, name := range set.Names() {
		if !hashAttr.MatchString(name) {
			continue
		}
		def := set.Get(name)
		if s, _, err := f.hashSlot(def, name); err == nil {
			use.hashes, hashed = append(use.hashes, s.key()), true
			continue
		}
		for _, alt := range eval.Alternatives(f.prog.Value(def)) {
			if t, ok := alt.(*eval.Text); ok {
				hashed = true
				if s, err := wholeSlot(t, name); err == nil {
					use.hashes = append(use.hashes, s.key())
				}
			}
		}
	}
	return hashed
}

// noteDepth is how far below an argument its literals are looked for.
const noteDepth = 8

// noteLiterals collects the literals that a value is made of. What is made of other packages is not: those
// have calls of their own.
func (f *finder) noteLiterals(into map[literalKey]bool, v eval.Value, depth int) {
	if depth > noteDepth {
		return
	}
	def := func(d *eval.Def) {
		if d != nil {
			f.noteLiterals(into, f.prog.Value(d), depth+1)
		}
	}
	switch v := v.(type) {
	case *eval.Text:
		for _, p := range v.Pieces {
			switch {
			case p.Value != nil:
				f.noteLiterals(into, p.Value, depth+1)
			case p.At.File != "":
				into[literalKey{p.At.File, p.At.Span.Start()}] = true
			}
		}
	case *eval.Choice:
		for _, alt := range v.Alts {
			f.noteLiterals(into, alt, depth+1)
		}
	case *eval.List:
		for _, d := range v.Elems {
			def(d)
		}
	case *eval.Set:
		for _, name := range v.Names() {
			def(v.Get(name))
		}
	case *eval.Unknown:
		if f.makes(v) {
			return
		}
		f.noteLiterals(into, v.Fn, depth+1)
		def(v.Arg)
		for _, d := range v.Operands {
			def(d)
		}
	}
}

// makes says whether a term is a derivation, or a call that fixes content.
func (f *finder) makes(o *eval.Unknown) bool {
	if o.Fn == nil {
		return false
	}
	if f.derivation(o) != nil {
		return true
	}
	set, ok := f.prog.Value(o.Arg).(*eval.Set)
	return ok && f.noteHashes(&foreignUse{}, set)
}

// refuseShared drops the pins that share a literal with what is not theirs, and leaves the companions that
// do. What a dropped pin fetches is then no pin's own, so the others are looked at again.
func (f *finder) refuseShared() {
	for dropped := true; dropped; {
		dropped = false
		foreign := f.notOwn()
		var kept []*pin
		for _, p := range f.pins {
			for _, c := range p.companions {
				if use := sharedWith(foreign, c.refs); use != nil && c.left == "" {
					c.left = fmt.Sprintf("its tag is that of %s, too (%s:%d:%d); give it a literal of its own", use.name, use.file, use.line, use.column)
				}
			}
			if err := p.refuseSharedWith(foreign); err != nil {
				f.refuse(err)
				dropped = true
				continue
			}
			kept = append(kept, p)
		}
		f.pins = kept
	}
}

// refuseSharedWith is the error of a pin that shares a literal with what is not its own; nil when it does not.
func (p *pin) refuseSharedWith(foreign []foreignUse) *Error {
	if use := sharedWith(foreign, p.texts); use != nil {
		return p.error(
			fmt.Sprintf("find pin: the version %s is written in a literal that %s (%s:%d:%d) is fetched by, too", p.version, use.name, use.file, use.line, use.column),
			"give each of the two a literal of its own")
	}
	for _, h := range p.allHashes() {
		if use := h.sharedWith(foreign); use != nil {
			return p.error(
				fmt.Sprintf("find pin: the %s is written in a literal that %s (%s:%d:%d) has for a hash, too", h.slot.field, use.name, use.file, use.line, use.column),
				"write the hash of each where it is used, lib.fakeHash where it is not known")
		}
	}
	return nil
}

// notOwn are the uses that are no pin's own, nor a companion's that moves along.
func (f *finder) notOwn() []foreignUse {
	own, known := map[fetchKey]bool{}, map[slotKey]bool{}
	for _, p := range f.pins {
		for _, k := range p.fetches {
			own[k] = true
		}
		for _, h := range p.allHashes() {
			known[h.slot.key()] = h.old != nil
		}
	}
	var foreign []foreignUse
	for _, use := range f.foreign {
		mine, same := false, len(use.hashes) > 0
		for _, hash := range use.hashes {
			mine = mine || own[fetchKey{use.place, hash}]
			same = same && known[hash] // the same content, by whatever call, and it moves along
		}
		if use.other || !mine && !same {
			foreign = append(foreign, use)
		}
	}
	return foreign
}

// sharedWith is a use that one of the literals belongs to as well; nil when there is none.
func sharedWith(foreign []foreignUse, slots []versionSlot) *foreignUse {
	for i := range foreign {
		for _, s := range slots {
			if foreign[i].literal[literalKey{s.file, s.at}] {
				return &foreign[i]
			}
		}
	}
	return nil
}

// sharedWith is a use that a hash belongs to as well; nil when there is none.
func (h *fixed) sharedWith(foreign []foreignUse) *foreignUse {
	if h.inherited {
		return nil
	}
	for i := range foreign {
		for _, hash := range foreign[i].hashes {
			if hash == h.slot.key() {
				return &foreign[i]
			}
		}
	}
	return nil
}

// sharedPlaceholders are the placeholders that a pin has together with what is not its own: todo = lib.fakeHash
// is a blank for each that uses it, and is filled in where the pin does.
func (f *finder) sharedPlaceholders() map[slotKey]bool {
	apart := map[slotKey]bool{}
	foreign := f.notOwn()
	for _, p := range f.pins {
		for _, h := range p.allHashes() {
			if h.old == nil && h.sharedWith(foreign) != nil {
				apart[h.slot.key()] = true
			}
		}
	}
	return apart
}
