package bump

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// foreignUse is a literal that another package's version, ref or URL is made of. A pin that shares it
// cannot move it: the other package would get a version that its hash is not of.
type foreignUse struct {
	place   // of the call that makes the other package
	name    string
	literal map[literalKey]bool
}

// literalKey is a literal by its file and its first byte.
type literalKey struct {
	file string
	at   int
}

// readForeign notes the literals that a derivation of another package is fetched by.
func (f *finder) readForeign(d *derivation, body *nixexpr.Set) {
	use := foreignUse{place: d.place(), literal: map[literalKey]bool{}}
	for _, s := range f.sources(d, body) {
		if s.kind != sourceOther && s.kind != sourceFork {
			return
		}
		if s.args == nil {
			continue
		}
		use.name = strings.Trim(s.owner+"/"+s.repo, "/")
		for _, name := range []string{"tag", "rev", "ref", "url"} {
			f.noteLiterals(use.literal, s.args.Get(name))
		}
	}
	if len(use.literal) > 0 {
		f.foreign = append(f.foreign, use)
	}
}

func (f *finder) noteLiterals(into map[literalKey]bool, d *nixexpr.Def) {
	if d == nil {
		return
	}
	t, ok := f.prog.Value(d).(*nixexpr.Text)
	if !ok {
		return
	}
	for _, p := range t.Pieces {
		if p.Value == nil && p.At.File != "" {
			into[literalKey{p.At.File, p.At.Span.Start()}] = true
		}
	}
}

// refuseShared drops the pins whose version is another package's as well, and leaves the companions
// whose tag is.
func (f *finder) refuseShared() {
	var kept []*pin
	for _, p := range f.pins {
		for _, c := range p.companions {
			if use := f.sharedWith(c.refs); use != nil && c.left == "" {
				c.left = fmt.Sprintf("its tag is that of %s, too (%s:%d:%d); give it a literal of its own", use.name, use.file, use.line, use.column)
			}
		}
		use := f.sharedWith(p.texts)
		if use == nil {
			kept = append(kept, p)
			continue
		}
		f.refuse(p.error(
			fmt.Sprintf("find pin: the version %s is written in a literal that %s (%s:%d:%d) is fetched by, too", p.version, use.name, use.file, use.line, use.column),
			"give each of the two a literal of its own"))
	}
	f.pins = kept
}

// sharedWith is another package that one of the literals belongs to as well; nil when there is none.
func (f *finder) sharedWith(slots []versionSlot) *foreignUse {
	for i := range f.foreign {
		for _, s := range slots {
			if f.foreign[i].literal[literalKey{s.file, s.at}] {
				return &f.foreign[i]
			}
		}
	}
	return nil
}
