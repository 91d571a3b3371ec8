package nixexpr

import (
	"cmp"
	"slices"
	"sort"
)

// A DataToken is a token of a file that holds data: JSON, or TOML. The strings among them are in the order of the file.
type DataToken struct {
	Kind  string // what it is; the same for every string
	Text  Span   // of a string: what is between its quotes
	Value any    // what it means, which can be compared
}

// KindString is the kind of the strings among the tokens of data, which alone can be edited.
const KindString = "string"

// ApplyData makes edits of a file that holds data and returns the new source. Format is the name of its format, and
// read reads it. ApplyData proves what [File.Apply] proves of a Nix file: the edits are within strings, the result is
// of the format, and everything that no edit touches has the value that it had. The error is an *[EditError].
func ApplyData(
	name string, src []byte, edits []Edit, format string, read func(src []byte) ([]DataToken, error),
) ([]byte, error) {
	f := &File{Name: name, Src: src, text: string(src)}
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	if err := f.checkSpans(sorted); err != nil {
		return nil, err
	}
	was, err := read(src)
	if err != nil {
		return nil, &EditError{Position: f.Position(0), Msg: "the file is not " + format + ": " + err.Error(), Err: err}
	}
	touched, err := f.touchedStrings(was, sorted)
	if err != nil {
		return nil, err
	}
	out := f.splice(sorted)
	is, err := read(out)
	if err != nil {
		return nil, &EditError{
			Position: f.firstPlace(sorted), Msg: "the edited file is not " + format + " any more: " + err.Error(),
			Err: err,
		}
	}
	for i, old := range was {
		if i >= len(is) || is[i].Kind != old.Kind || is[i].Value != old.Value && !touched[i] {
			return nil, f.editError(old.Text.Start(),
				"an edit would change the meaning of %v, which is outside of it", old.Value)
		}
	}
	if len(is) != len(was) {
		return nil, &EditError{Position: f.firstPlace(sorted), Msg: "an edit would add to the file"}
	}
	return out, nil
}

// DataError returns the error of an edit of a file that holds data, at a byte of it.
func DataError(name string, src []byte, offset int, format string, args ...any) *EditError {
	return (&File{Name: name, Src: src, text: string(src)}).editError(offset, format, args...)
}

// touchedStrings returns the indices of the strings that edits are within; every edit must be within one.
func (f *File) touchedStrings(tokens []DataToken, sorted []Edit) (map[int]bool, error) {
	var strs []int
	for i := range tokens {
		if tokens[i].Kind == KindString {
			strs = append(strs, i)
		}
	}
	touched := map[int]bool{}
	for _, e := range sorted {
		last := sort.Search(len(strs), func(i int) bool { return tokens[strs[i]].Text.Start() > e.Start }) - 1
		if last < 0 || e.End > tokens[strs[last]].Text.End() {
			return nil, f.editError(e.Start, "the edit is not within a string: %s", f.describe(e))
		}
		touched[strs[last]] = true
	}
	return touched, nil
}
