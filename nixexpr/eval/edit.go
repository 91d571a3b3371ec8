package eval

import (
	"errors"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Content returns where the text of a literal stands in its file: between the quotes, from one interpolation to
// the next.
func (l Literal) Content() (start, end int) {
	start, end = l.Span.Start(), l.Span.End()
	switch {
	case l.Data != nil:
		return l.Data.Content(l.Span)
	case l.Str == nil: // a URI has no quotes
		return start, end
	case l.Part >= 0:
		return l.Str.Parts[l.Part].Start(), l.Str.Parts[l.Part].End()
	case l.Str.Indented:
		return end - 2, end - 2
	}
	return end - 1, end - 1
}

// Source returns the text of a literal as it is written, with its escapes; "" for what is written nowhere.
func (l Literal) Source() string {
	if l.File == "" {
		return ""
	}
	start, end := l.Content()
	if l.Data != nil {
		return string(l.Data.Source()[start:end])
	}
	return string(l.Nix.Src[start:end])
}

// Replace makes the edit that puts a text in the place of the bytes from to to of the literal's source. The text
// is escaped for the kind of literal; the rest of the literal keeps its meaning.
func (l Literal) Replace(from, to int, text string) (nixexpr.Edit, error) {
	switch {
	case l.File == "":
		return nixexpr.Edit{}, errors.New("the text is written nowhere")
	case l.Data != nil:
		return l.Data.ReplaceString(l.Span, from, to, text)
	case l.Str == nil:
		return l.Nix.ReplaceURI(&nixexpr.URI{Span: l.Span}, from, to, text)
	case l.Part < 0:
		return l.Nix.ReplaceString(l.Str, text)
	}
	return l.Nix.ReplaceStringPart(l.Str, l.Part, from, to, text)
}
