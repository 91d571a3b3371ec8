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

// An EditError says why edits cannot be applied.
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
// and at the place to which the edits before it move it.
//
// Whatever the new texts are, a string whose text is edited stays one string with no
// interpolation that it did not have, and an expression that is replaced becomes one
// expression. The order of the edits does not matter. The error is an *[EditError].
func (f *File) Apply(edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	if err := f.checkSpans(sorted); err != nil {
		return nil, err
	}
	out := f.splice(sorted)
	edited, err := Parse(f.Name, out)
	if err != nil {
		return nil, &EditError{
			Position: f.firstPlace(sorted), Msg: "the edited file is not Nix any more: " + err.Error(), Err: err,
		}
	}
	for _, check := range []func(*File, []Edit) error{f.checkTokens, f.checkStrings, f.checkExprs} {
		if err := check(edited, sorted); err != nil {
			return nil, err
		}
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
			return f.editError(e.Start, "an edit of bytes %d to %d is not within the file's %d bytes",
				e.Start, e.End, len(f.text))
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
		size += e.grows()
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
