package nixexpr

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
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
		return Edit{}, j.lines().editError(start+from, "bytes %d to %d of this text begin or end within an escape",
			from, to)
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

// jsonEscape matches an escape of a JSON string: \n, \u00e9, or the two of a character beyond U+FFFF.
var jsonEscape = regexp.MustCompile(`^\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)`)

// cutsEscape reports whether an offset in the raw text of a JSON string is within an escape.
func cutsEscape(raw []byte, at int) bool {
	const longest = len(`\ud83d\ude00`)
	for start := max(0, at-longest); start < at; start++ {
		slashes := start - len(bytes.TrimRight(raw[:start], `\`))
		if slashes%2 == 0 && start+len(jsonEscape.Find(raw[start:])) > at { // it is not escaped itself
			return true
		}
	}
	return false
}

// Apply makes the edits and returns the new source, see [ApplyData].
func (j *JSONFile) Apply(edits []Edit) ([]byte, error) {
	return ApplyData(j.Name, j.Src, edits, "JSON", jsonTokens)
}

// jsonTokens reads JSON as tokens.
func jsonTokens(src []byte) ([]DataToken, error) {
	if err := json.Unmarshal(src, new(json.RawMessage)); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	var list []DataToken
	for {
		before := int(dec.InputOffset())
		value, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		end := int(dec.InputOffset())
		token := DataToken{Kind: "value", Value: value, Text: Span{From: int32(before), To: int32(end)}}
		if _, isString := value.(string); isString {
			// Between two tokens stand only blanks and punctuation, so the next quote opens this one.
			quote := before + bytes.IndexByte(src[before:], '"')
			token.Kind, token.Text = KindString, Span{From: int32(quote + 1), To: int32(end - 1)}
		}
		list = append(list, token)
	}
}
