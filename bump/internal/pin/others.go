package pin

import (
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// otherUse is a call that fixes content by a hash. As long as it is no pin's own, the literals that it is made of
// must not change: its hash would no longer match.
type otherUse struct {
	diag.Pos     // of the call
	name         string
	literals     map[literalKey]bool
	hashes       []SlotID
	otherPackage bool // it gets another package, whichever pin has the same hash
}

// literalKey is a literal by where it begins.
type literalKey = diag.Pos

// fetchKey is a fetch with the hash that it has: a function may fetch several things at one place.
type fetchKey struct {
	diag.Pos
	hash SlotID
}

// noteHashed notes a call that has a hash among its arguments.
func (f *finder) noteHashed(o *eval.Unknown) {
	if o.Fn == nil {
		return
	}
	name, args := o.Callee()
	use := otherUse{Pos: callPos(o), literals: map[literalKey]bool{}}
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
		f.noteLiterals(use.literals, f.prog.Value(arg), 0)
	}
	s := f.source(&derivation{}, o)
	use.name = nameOfSource(s)
	use.otherPackage = s.repo != "" && (s.kind == otherSource || s.kind == forkSource) && f.companionOf(s) == nil
	if use.name == "" {
		use.name = "the result of " + name
	}
	f.facts.others = append(f.facts.others, use)
}

// noteOther notes a derivation of another package: the literals that it is fetched by, and those of its
// name where it has a hash of its own.
func (f *finder) noteOther(d *derivation, body *eval.Set) {
	use := otherUse{Pos: d.pos(), literals: map[literalKey]bool{}}
	hashed := false
	for _, s := range f.sources(d, body) {
		if s.kind != otherSource && s.kind != forkSource {
			return
		}
		if name := nameOfSource(s); name != "" {
			use.name, use.otherPackage = name, true
		}
		if s.args != nil && f.noteHashes(&use, s.args) {
			hashed = true
			f.noteLiterals(use.literals, s.args, 0)
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
			f.noteLiterals(use.literals, f.prog.Value(def), 0)
		}
	}
	if use.name == "" {
		use.name, _ = f.constant(body.Get("pname"))
	}
	if use.name == "" {
		use.name = "another package"
	}
	f.facts.others = append(f.facts.others, use)
}

// nameOfSource is what a fetch gets, for messages.
func nameOfSource(s source) string {
	if s.repo != "" {
		return strings.Trim(s.owner+"/"+s.repo, "/")
	}
	if s.url != nil {
		return strings.ReplaceAll(knownText(s.url), unknownPart, "…")
	}
	return ""
}

// noteHashes notes where the hashes of a set are written, and reports whether there is one. What a function
// gets as an argument is seen where it is called.
func (f *finder) noteHashes(use *otherUse, set *eval.Set) bool {
	hashed := false
	for _, name := range set.Names() {
		if !hashAttr.MatchString(name) {
			continue
		}
		def := set.Get(name)
		if at, err := f.hash(def, ""); err == nil {
			use.hashes, hashed = append(use.hashes, at.slot), true
			continue
		}
		for _, alt := range eval.Alternatives(f.prog.Value(def)) {
			if t, ok := alt.(*eval.Text); ok {
				hashed = true
				if id, err := f.slots.whole(t, ""); err == nil {
					use.hashes = append(use.hashes, id)
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
				into[f.slots.files.pos(p.At.File, p.At.Span.Start())] = true
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

// makes reports whether a term is a derivation, or a call that fixes content.
func (f *finder) makes(o *eval.Unknown) bool {
	if o.Fn == nil {
		return false
	}
	if f.derivation(o) != nil {
		return true
	}
	set, ok := f.prog.Value(o.Arg).(*eval.Set)
	return ok && f.noteHashes(&otherUse{}, set)
}
