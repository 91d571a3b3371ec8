package nixexpr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A JSONFile is a JSON file that Nix code reads, and that is edited as [File] is.
type JSONFile struct {
	Name string // for messages
	Src  []byte // must not be changed while the JSONFile is in use
}

// lines is the file as far as places are asked of it.
func (j *JSONFile) lines() *File { return &File{Name: j.Name, Src: j.Src, text: string(j.Src)} }

// ReplaceString makes the edit that puts a text in the place of the bytes from to to of a string. Span is that of
// the string, quotes included; offsets count from behind its first quote, escapes as written. The new text is
// escaped. A place within an escape is refused, and so is text that is not UTF-8, which JSON cannot hold.
func (j *JSONFile) ReplaceString(span Span, from, to int, text string) (Edit, error) {
	start := span.Start() + 1
	raw := j.Src[start : span.End()-1]
	switch {
	case from < 0 || to < from || to > len(raw):
		return Edit{}, j.lines().editError(span.Start(), "bytes %d to %d are not within this text of %d bytes",
			from, to, len(raw))
	case cutsEscape(raw, from) || cutsEscape(raw, to):
		return Edit{}, j.lines().editError(start+from, "bytes %d to %d of this text begin or end within an escape", from, to)
	case !utf8.ValidString(text):
		return Edit{}, j.lines().editError(span.Start(), "JSON cannot hold %q", clip(text))
	}
	return Edit{Start: start + from, End: start + to, New: escapeJSON(text)}, nil
}

// escapeJSON is a text as it stands in a JSON string.
func escapeJSON(text string) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string always has an encoding
	quoted := strings.TrimSuffix(out.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// cutsEscape reports whether an offset in the raw text of a JSON string is within an escape: \n, \u00e9, or
// the two of a character beyond U+FFFF.
func cutsEscape(raw []byte, at int) bool {
	const longest = len(`\ud83d\ude00`)
	for start := max(0, at-longest+1); start < at; start++ {
		size := escapeSize(raw, start)
		if size > 0 && start+size > at {
			return true
		}
	}
	return false
}

// escapeSize is how long the escape is that begins at an offset; 0 when none does.
func escapeSize(raw []byte, at int) int {
	if raw[at] != '\\' {
		return 0
	}
	slashes := 0
	for i := at - 1; i >= 0 && raw[i] == '\\'; i-- {
		slashes++
	}
	if slashes%2 == 1 { // it is escaped itself
		return 0
	}
	const short, long = len(`\n`), len(`\u00e9`)
	if !bytes.HasPrefix(raw[at:], []byte(`\u`)) {
		return short
	}
	if at+2*long <= len(raw) && bytes.HasPrefix(raw[at+long:], []byte(`\u`)) && isSurrogate(raw[at+2:at+long], "89ab") &&
		isSurrogate(raw[at+long+2:at+2*long], "cdef") {
		return 2 * long
	}
	return long
}

// isSurrogate reports whether four hexadecimal digits are dX.., X one of the given digits.
func isSurrogate(digits []byte, second string) bool {
	lower := bytes.ToLower(digits)
	return lower[0] == 'd' && strings.IndexByte(second, lower[1]) >= 0
}

// Apply makes the edits and returns the new source. It proves what [File.Apply] proves of a Nix file: the edits
// are within strings, the result is JSON, and everything that no edit touches has the value that it had. The error
// is an *[EditError].
func (j *JSONFile) Apply(edits []Edit) ([]byte, error) {
	f := j.lines()
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	if err := f.checkSpans(sorted); err != nil {
		return nil, err
	}
	out := f.splice(sorted)
	if err := json.Unmarshal(j.Src, new(json.RawMessage)); err != nil {
		return nil, &EditError{Position: f.Position(0), Msg: "the file is not JSON: " + err.Error(), Err: err}
	}
	if err := json.Unmarshal(out, new(json.RawMessage)); err != nil {
		return nil, &EditError{
			Position: f.firstPlace(sorted), Msg: "the edited file is not JSON any more: " + err.Error(), Err: err,
		}
	}
	was, is := newJSONTokens(j.Src), newJSONTokens(out)
	for {
		old, err := was.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		edited, err2 := is.next()
		if err := errors.Join(err, err2); err != nil {
			return nil, &EditError{Position: f.Position(old.start), Msg: "read JSON: " + err.Error(), Err: err}
		}
		if err := f.checkJSON(old, edited, overlapping(sorted, old.start, old.end)); err != nil {
			return nil, err
		}
	}
}

// checkJSON compares a token with what it is after the edits that touch it, or the blanks before it.
func (f *File) checkJSON(old, edited jsonToken, touching []Edit) error {
	if len(touching) == 0 {
		if old.value == edited.value {
			return nil
		}
		return f.editError(old.start, "an edit would change the meaning of %v, which is outside of it", old.value)
	}
	quote := old.start + strings.IndexByte(f.text[old.start:old.end], '"')
	_, isString := old.value.(string)
	_, stays := edited.value.(string)
	last := touching[len(touching)-1]
	if !isString || !stays || touching[0].Start <= quote || last.End >= old.end {
		return f.editError(touching[0].Start, "the edit is not within a string: %s", f.describe(touching[0]))
	}
	return nil
}

// jsonTokens reads a JSON file.
type jsonTokens struct{ dec *json.Decoder }

// A jsonToken is a token with the blanks, commas and colons before it.
type jsonToken struct {
	start, end int
	value      json.Token
}

func newJSONTokens(src []byte) jsonTokens {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	return jsonTokens{dec}
}

func (t jsonTokens) next() (jsonToken, error) {
	start := int(t.dec.InputOffset())
	value, err := t.dec.Token()
	return jsonToken{start: start, end: int(t.dec.InputOffset()), value: value}, err
}
