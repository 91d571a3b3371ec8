package bump

import (
	"errors"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// errNoLiteral says that a value is not written anywhere as a literal.
var errNoLiteral = errors.New("no literal")

// contentSpan is where the text of a literal stands in its file, without the quotes.
func contentSpan(at eval.Literal) (start, end int) {
	start, end = at.Span.Start(), at.Span.End()
	switch {
	case at.Nix == nil:
		return start + 1, end - 1
	case at.Str == nil: // a URI has no quotes
		return start, end
	case at.Part >= 0:
		part := at.Str.Parts[at.Part]
		return part.Start(), part.End()
	case at.Str.Indented:
		return start + 2, start + 2
	}
	return start + 1, start + 1
}

// raw is the source text of a literal, escapes as written.
func raw(at eval.Literal) string {
	if at.Nix == nil {
		return at.Raw
	}
	start, end := contentSpan(at)
	return string(at.Nix.Src[start:end])
}

// textSlots finds the literals in which a string's version is written.
func textSlots(t *eval.Text, version, field string) ([]versionSlot, error) {
	var slots []versionSlot
	for _, p := range t.Pieces {
		if p.Value != nil {
			continue
		}
		slots = append(slots, literalSlots(p.At, version, field)...)
	}
	if len(slots) == 0 {
		return nil, errNoLiteral
	}
	return slots, nil
}

// literalSlots finds a version in one literal.
func literalSlots(at eval.Literal, v, field string) []versionSlot {
	if at.File == "" {
		return nil
	}
	start, _ := contentSpan(at)
	var slots []versionSlot
	source := raw(at)
	for _, i := range version.Version(v).Places(source) {
		slots = append(slots, versionSlot{version: v, slot: slot{
			field: field, file: at.File, at: at.Span.Start(), start: start + i, end: start + i + len(v), old: v,
		}})
	}
	return slots
}

// wholeSlot is the slot of a string that is one literal.
func wholeSlot(t *eval.Text, field string) (slot, error) {
	var only *eval.Piece
	for i := range t.Pieces {
		p := &t.Pieces[i]
		if p.Value != nil || p.At.File == "" {
			return slot{}, errNoLiteral
		}
		if p.Text == "" && len(t.Pieces) > 1 {
			continue
		}
		if only != nil {
			return slot{}, errNoLiteral
		}
		only = p
	}
	if only == nil {
		return slot{}, errNoLiteral
	}
	start, end := contentSpan(only.At)
	return slot{field: field, file: only.At.File, at: only.At.Span.Start(), start: start, end: end, old: only.Text}, nil
}

// fakeNames are nixpkgs' placeholders for a hash.
var fakeNames = regexp.MustCompile(`^fake(Hash|Sha256|Sha512)$`)

// hashSlot reads a hash attribute: a literal in any spelling, or a placeholder. The hash is nil for
// a placeholder.
func (f *finder) hashSlot(d *eval.Def, field string) (slot, *nix.Hash, error) {
	s, hash, err := f.writtenHash(d, field)
	if err == nil && f.apart[s.key()] {
		if use, ok := useSlot(d, field, s.old); ok {
			return use, hash, nil
		}
	}
	return s, hash, err
}

// useSlot is where a hash is used, when it is written somewhere else and named here: hash = todo;.
func useSlot(d *eval.Def, field, old string) (slot, bool) {
	if len(d.Trail()) < 2 || d.Binding == nil || d.Expr == nil || d.Binding.Value != d.Expr {
		return slot{}, false
	}
	start, end := d.Expr.Start(), d.Expr.End()
	return slot{
		field: field, file: d.File.Name, at: start, start: start, end: end, old: old, before: `"`, after: `"`,
	}, true
}

// writtenHash is hashSlot, where the hash is written.
func (f *finder) writtenHash(d *eval.Def, field string) (slot, *nix.Hash, error) {
	switch v := f.prog.Value(d).(type) {
	case *eval.Text:
		s, err := wholeSlot(v, field)
		if err != nil {
			return slot{}, nil, err
		}
		return s, parseHash(s.old), nil
	case *eval.Unknown:
		if v.Fn == nil && fakeNames.MatchString(v.Name) {
			s, err := exprSlot(d, field, v.Name)
			return s, nil, err
		}
	case *eval.Scalar:
		if v.Text == "null" {
			s, err := exprSlot(d, field, "null")
			return s, nil, err
		}
	}
	return slot{}, nil, errNoLiteral
}

// parseHash reads a hash in any spelling; nil when it is none, or a placeholder: one character again
// and again, which is what people type and no source hashes to.
func parseHash(text string) *nix.Hash {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text[strings.IndexAny(text, "-:")+1:], "=")
	if digits == "" || strings.Trim(digits, digits[:1]) == "" {
		return nil
	}
	for _, algo := range []string{"sha256", ""} {
		if h, err := nix.ParseHash(text, algo); err == nil {
			return &h
		}
	}
	return nil
}

// exprSlot is the slot of an expression that a string literal takes the place of.
func exprSlot(d *eval.Def, field, old string) (slot, error) {
	hops := d.Trail()
	last := hops[len(hops)-1]
	if last.Expr == nil || last.File == nil {
		return slot{}, errNoLiteral
	}
	start, end := last.Expr.Start(), last.Expr.End()
	return slot{
		field: field, file: last.File.Name, at: start, start: start, end: end, old: old, before: `"`, after: `"`,
	}, nil
}
