package nixexpr

import (
	"cmp"
	"fmt"
	"slices"
)

// An Edit puts New in the place of the bytes Start to End of a source. When both are the
// same, New is inserted there.
type Edit struct {
	Start int // byte in the source, from 0
	End   int // byte after the part that goes
	New   string
}

// An EditError says why edits can not be applied.
type EditError struct {
	Position        // where the edit stands that is at fault
	Msg      string // one line, lower case
	Err      error  // the *SyntaxError when the result does not parse, else nil
}

// Error is file:line:column: message.
func (e *EditError) Error() string { return e.Position.String() + ": " + e.Msg }

// Unwrap is the error of parsing the result.
func (e *EditError) Unwrap() error { return e.Err }

// Apply makes the edits and returns the new source, of its own memory. It proves that nothing
// else changes: the edits are within the source, do not overlap and do not begin at the same
// place; the result parses; and every token that no edit touches is in it, of the same kind
// and at the place to which the edits before it move it. The order of the edits does not
// matter. The error is an *[EditError].
func (f *File) Apply(edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	if err := f.checkSpans(sorted); err != nil {
		return nil, err
	}
	out := f.splice(sorted)
	edited, err := Parse(f.Name, out)
	if err != nil {
		return nil, &EditError{Position: f.firstPlace(sorted), Msg: "the edited file is not Nix any more: " + err.Error(), Err: err}
	}
	if err := f.checkTokens(edited, sorted); err != nil {
		return nil, err
	}
	return out, nil
}

func (f *File) editError(offset int, format string, args ...any) *EditError {
	return &EditError{Position: f.Position(offset), Msg: fmt.Sprintf(format, args...)}
}

func (f *File) firstPlace(sorted []Edit) Position {
	if len(sorted) == 0 {
		return f.Position(0)
	}
	return f.Position(sorted[0].Start)
}

// describe names an edit in a message.
func (f *File) describe(e Edit) string {
	const most = 40
	text := e.New
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("bytes %d to %d at %s become %q", e.Start, e.End, f.Position(e.Start), text)
}

func (f *File) checkSpans(sorted []Edit) error {
	for i, e := range sorted {
		if e.Start < 0 || e.End < e.Start || e.End > len(f.text) {
			return f.editError(e.Start, "an edit of bytes %d to %d is not within the file's %d bytes", e.Start, e.End, len(f.text))
		}
		if i == 0 {
			continue
		}
		if last := sorted[i-1]; e.Start < last.End || e.Start == last.Start {
			return f.editError(e.Start, "two edits overlap: %s; %s", f.describe(last), f.describe(e))
		}
	}
	return nil
}

func (f *File) splice(sorted []Edit) []byte {
	size := len(f.text)
	for _, e := range sorted {
		size += len(e.New) - (e.End - e.Start)
	}
	out := make([]byte, 0, size)
	at := 0
	for _, e := range sorted {
		out = append(out, f.text[at:e.Start]...)
		out = append(out, e.New...)
		at = e.End
	}
	return append(out, f.text[at:]...)
}

// checkTokens looks for every token outside of the edits in the edited file. An edit touches
// the tokens that it shares a byte with. Blanks and texts beside an edit may have become part
// of larger ones; all others must be there as they were.
func (f *File) checkTokens(edited *File, sorted []Edit) error {
	next, shift, j := 0, 0, 0
	for i, t := range f.Tokens {
		for next < len(sorted) && sorted[next].End <= t.Start {
			shift += len(sorted[next].New) - (sorted[next].End - sorted[next].Start)
			next++
		}
		if touched(t, sorted, next) {
			continue
		}
		moved := Token{Start: t.Start + shift, End: t.End + shift}
		for j < len(edited.Tokens) && edited.Tokens[j].End <= moved.Start {
			j++
		}
		grown := growing(f.kinds[i]) && beside(t, sorted, next)
		if j == len(edited.Tokens) || edited.kinds[j] != f.kinds[i] || !covers(edited.Tokens[j], moved, grown) {
			return f.editError(t.Start, "an edit would change the meaning of %s, which is outside of it", f.found(i))
		}
	}
	return nil
}

// growing tells whether tokens of a kind that touch each other are one token.
func growing(kind TokenKind) bool {
	return kind == KindBlank || kind == KindText || kind == KindIndentText
}

// covers tells whether a token is the other one or, when it may have grown, holds it.
func covers(token, other Token, grown bool) bool {
	return token == other || grown && token.Start <= other.Start && other.End <= token.End
}

// touched tells whether the next edit, the first that does not end before the token, shares
// a byte with it.
func touched(t Token, sorted []Edit, next int) bool {
	return next < len(sorted) && sorted[next].Start < t.End
}

// beside tells whether an edit ends where the token starts or starts where it ends.
func beside(t Token, sorted []Edit, next int) bool {
	return next > 0 && sorted[next-1].End == t.Start || next < len(sorted) && sorted[next].Start == t.End
}
