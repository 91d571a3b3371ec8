package nixexpr

import (
	"fmt"
	"strings"
)

// ReplaceString makes a string literal mean the value. The quotes stay as they are; what the
// value needs escaped is escaped. A value that an indented string would strip is refused, and
// so is one with a NUL, which Nix has no way to write. What was interpolated goes.
func (f *File) ReplaceString(s *Str, value string) (Edit, error) {
	opening, closing := 1, 1
	if s.Indented {
		opening, closing = f.openingSize(s), 2
	}
	e := Edit{Start: s.Start() + opening, End: s.End() - closing, New: escape(value)}
	if strings.IndexByte(value, 0) >= 0 {
		return Edit{}, f.editError(s.Start(), "a string can not hold a NUL byte: %q", value)
	}
	if old, ok := f.StringValue(s); ok && old == value {
		e.New = f.text[e.Start:e.End]
		return e, nil
	}
	if s.Indented {
		e.New = f.escapeIndented(s, value)
	}
	return e, f.proveValue(s, e, value)
}

// openingSize is the length of the quotes that open an indented string and of the blank rest of its line.
func (f *File) openingSize(s *Str) int {
	if len(s.Parts) > 0 {
		return s.Parts[0].Start() - s.Start()
	}
	return s.End() - s.Start() - 2
}

// proveValue reads the edited literal alone and compares what it means.
func (f *File) proveValue(s *Str, e Edit, value string) error {
	literal := f.text[s.Start():e.Start] + e.New + f.text[e.End:s.End()]
	got, err := Parse(f.Name, []byte(literal))
	if err != nil {
		return f.editError(s.Start(), "the value %q does not fit into this string: %s", clip(value), err.(*SyntaxError).Msg)
	}
	str, ok := got.Root.(*Str)
	if ok {
		if text, constant := got.StringValue(str); constant && text == value {
			return nil
		}
	}
	return f.editError(s.Start(), "the value %q can not be written in this kind of string", clip(value))
}

// escape is a text as it stands between double quotes.
func escape(value string) string {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c == '$' && i+1 < len(value) && value[i+1] == '{':
			out.WriteString(`\$`)
		case c == '\r':
			out.WriteString(`\r`)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// escapeIndented is a text as it stands between two single quotes: every line with the
// indentation that the string has now, and the last line, when it is blank, as it is now.
func (f *File) escapeIndented(s *Str, value string) string {
	indent := f.lineIndent(s)
	var out strings.Builder
	lineStart := f.openingSize(s) > 2 // the text starts on a line of its own
	for i := 0; i < len(value); i++ {
		c := value[i]
		if lineStart && c != '\n' {
			out.WriteString(indent)
		}
		lineStart = c == '\n'
		switch {
		case c == '$' && i+1 < len(value) && value[i+1] == '{':
			out.WriteString("''$")
		case c == '\'' && (i+1 == len(value) || value[i+1] == '\'' || value[i+1] == '$'):
			out.WriteString(`''\'`)
		case c == '$' && (i+1 == len(value) || value[i+1] == '\'' || value[i+1] == '$'):
			out.WriteString(`''\$`)
		default:
			out.WriteByte(c)
		}
	}
	if lineStart && len(value) > 0 {
		out.WriteString(f.closingIndent(s))
	}
	return out.String()
}

// lineIndent is the spaces that the lines of an indented string start with.
func (f *File) lineIndent(s *Str) string {
	n := f.indentation(s.Parts)
	if n >= len(f.text) { // no line has any text
		return ""
	}
	return strings.Repeat(" ", n)
}

// closingIndent is the spaces before the closing quotes when they stand on their own line.
func (f *File) closingIndent(s *Str) string {
	text := f.text[s.Start() : s.End()-2]
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if len(line) == len(text) || strings.Trim(line, " ") != "" {
		return ""
	}
	return line
}

// ReplaceStringPart puts a text in the place of the bytes from to to of the source of
// Parts[part], which must be text, no interpolation. Offsets count from the start of that
// part, escapes as written: in "https://x/v0.1.0/${y}" the version is at 11 to 16 of part 0.
// The new text is escaped for the kind of string; the rest of the string keeps its meaning.
func (f *File) ReplaceStringPart(s *Str, part, from, to int, text string) (Edit, error) {
	if part < 0 || part >= len(s.Parts) || s.Parts[part].Expr != nil {
		return Edit{}, f.editError(s.Start(), "this string has no text as part %d", part)
	}
	p := &s.Parts[part]
	if from < 0 || to < from || to > p.End()-p.Start() {
		return Edit{}, f.editError(p.Start(), "bytes %d to %d are not within this text of %d bytes", from, to, p.End()-p.Start())
	}
	if i := strings.IndexAny(text, "\x00\r\n"); i >= 0 {
		return Edit{}, f.editError(p.Start(), "a part of a string can not be replaced by a text with %q in it", text[i])
	}
	e := Edit{Start: p.Start() + from, End: p.Start() + to, New: escape(text)}
	if s.Indented {
		e.New = escapeQuotes(text)
	}
	return e, f.provePart(s, part, e, text)
}

// escapeQuotes is a text of one line as it stands anywhere between two single quotes.
func escapeQuotes(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'', '$':
			out.WriteString(`''\`)
			fallthrough
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// provePart compares the parts of the string before and after the edit: only the one part's
// text may differ, by the new text.
func (f *File) provePart(s *Str, part int, e Edit, text string) error {
	literal := f.text[s.Start():e.Start] + e.New + f.text[e.End:s.End()]
	got, err := Parse(f.Name, []byte(literal))
	if err != nil {
		return f.editError(e.Start, "the text %q does not fit into this string: %s", clip(text), err.(*SyntaxError).Msg)
	}
	refused := f.editError(e.Start, "replacing %q by %q would change the string around it", f.text[e.Start:e.End], clip(text))
	after, ok := got.Root.(*Str)
	if !ok {
		return refused
	}
	was, is := f.PartTexts(s), got.PartTexts(after)
	if len(was) != len(is) {
		return refused
	}
	for i := range was {
		if i == part {
			if !spliced(was[i], is[i], text) {
				return refused
			}
		} else if was[i] != is[i] || (s.Parts[i].Expr == nil) != (after.Parts[i].Expr == nil) {
			return refused
		}
	}
	return nil
}

// spliced tells whether is comes from was by putting text in the place of something.
func spliced(was, is, text string) bool {
	for i := 0; i+len(text) <= len(is); i++ {
		if strings.HasPrefix(is[i:], text) && strings.HasSuffix(was[min(i, len(was)):], is[i+len(text):]) {
			return true
		}
		if i >= len(was) || was[i] != is[i] {
			return false
		}
	}
	return false
}

// ReplaceExpr puts the source of an expression in the place of another one. When the new
// expression is no literal it belongs in parentheses; [File.Apply] only proves that it parses.
func (f *File) ReplaceExpr(e Expr, src string) Edit {
	return Edit{Start: e.Start(), End: e.End(), New: src}
}

// InsertBindingAfter adds a definition such as `vendorHash = "…";` behind another one of the
// same set or let: on a line of its own with the same indentation and line end when the other
// one has its lines for itself, else on the same line after a space.
func (f *File) InsertBindingAfter(b *Binding, definition string) Edit {
	indent, startsLine := f.lineStartBefore(b.Start())
	at, endsLine := f.lineEndBehind(b.End())
	if !startsLine || !endsLine {
		return Edit{Start: b.End(), End: b.End(), New: " " + definition}
	}
	return Edit{Start: at, End: at, New: f.lineEndBefore(b.Start()) + indent + definition}
}

// lineStartBefore is the blanks between the start of the line and an offset; false when
// something else stands there.
func (f *File) lineStartBefore(offset int) (string, bool) {
	start := strings.LastIndexAny(f.text[:offset], "\r\n") + 1
	indent := f.text[start:offset]
	return indent, start > 0 && strings.Trim(indent, " \t") == ""
}

// lineEndBefore is the line end before the line of an offset: LF, CR LF or CR.
func (f *File) lineEndBefore(offset int) string {
	end := strings.LastIndexAny(f.text[:offset], "\r\n") + 1
	switch {
	case end == 0:
		return "\n"
	case strings.HasSuffix(f.text[:end], "\r\n"):
		return "\r\n"
	}
	return f.text[end-1 : end]
}

// lineEndBehind is where the line of an offset ends, or its last comment, which belongs to the
// definition before it. False when there is more on the line.
func (f *File) lineEndBehind(offset int) (int, bool) {
	at := offset
	for i := f.tokenAt(offset); i < len(f.Tokens); i++ {
		t := f.Tokens[i]
		switch f.kinds[i] {
		case KindBlank:
			if strings.ContainsAny(f.text[t.Start:t.End], "\r\n") {
				return at, true
			}
		case KindLineComment, KindBlockComment:
			at = t.End
		default:
			return offset, false
		}
	}
	return at, true
}

// ReplaceURL is [File.ReplaceString] for the address of a flake's input, which may also be a
// URI without quotes.
func (f *File) ReplaceURL(e Expr, url string) (Edit, error) {
	switch n := e.(type) {
	case *Str:
		return f.ReplaceString(n, url)
	case *URI:
		edit := f.ReplaceExpr(n, url)
		if got, err := Parse(f.Name, []byte(url)); err == nil {
			if uri, ok := got.Root.(*URI); ok && got.Text(uri) == url {
				return edit, nil
			}
		}
		edit.New = `"` + escape(url) + `"`
		return edit, nil
	}
	return Edit{}, fmt.Errorf("%s: the address is no literal but %s", f.Position(e.Start()), clip(f.Text(e)))
}
