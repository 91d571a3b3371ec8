package nixexpr

import "strings"

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
		return Edit{}, f.editError(s.Start(), "a string cannot hold a NUL byte: %q", value)
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
		return f.editError(s.Start(), "the value %q does not fit into this string: %s", clip(value),
			err.(*SyntaxError).Msg)
	}
	str, ok := got.Root.(*Str)
	if ok {
		if text, constant := got.StringValue(str); constant && text == value {
			return nil
		}
	}
	return f.editError(s.Start(), "the value %q cannot be written in this kind of string", clip(value))
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
	if lineStart {
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
		return Edit{}, f.editError(p.Start(), "bytes %d to %d are not within this text of %d bytes",
			from, to, p.End()-p.Start())
	}
	if i := strings.IndexAny(text, "\x00\r\n"); i >= 0 {
		return Edit{}, f.editError(p.Start(), "a part of a string cannot be replaced by a text with %q in it", text[i])
	}
	e := Edit{Start: p.Start() + from, End: p.Start() + to, New: escape(text)}
	if s.Indented {
		e.New = escapeQuotes(text)
	}
	if f.keepsAround(s, part, e, text) {
		return e, nil
	}
	return e, f.provePart(s, part, e, text)
}

// keepsAround reports whether a look at what is next to an edit proves that it only puts text in the place of
// a piece of a string. It is quick where a string is edited at many places, and false where more of the string
// must be looked at: line ends, and indentation.
func (f *File) keepsAround(s *Str, part int, e Edit, text string) bool {
	old := f.text[e.Start:e.End]
	if text == "" || strings.ContainsAny(old, "\r\n") || s.Indented && (old == "" || old[0] == ' ' || text[0] == ' ') {
		return false
	}
	// Escapes end with the byte before from, and the byte behind to, that is none of these.
	const special = `\$'`
	p := &s.Parts[part]
	from, to := e.Start, e.End
	for from > p.Start() && strings.IndexByte(special, f.text[from-1]) >= 0 {
		from--
	}
	for to < p.End() && strings.IndexByte(special, f.text[to]) >= 0 {
		to++
	}
	behind := "x"
	switch {
	case to < p.End():
		to++
	case part == len(s.Parts)-1:
		behind = ""
	default:
		behind = "${x}"
	}
	before, ok1 := readPiece(s.Indented, f.text[from:e.Start], "x")
	gone, ok2 := readPiece(s.Indented, old, "x")
	after, ok3 := readPiece(s.Indented, f.text[e.End:to], behind)
	was, ok4 := readPiece(s.Indented, f.text[from:to], behind)
	is, ok5 := readPiece(s.Indented, f.text[from:e.Start]+e.New+f.text[e.End:to], behind)
	return ok1 && ok2 && ok3 && ok4 && ok5 && was == before+gone+after && is == before+text+after
}

// readPiece is what a piece of the text of a string means, between an x and what stands behind it.
func readPiece(indented bool, raw, behind string) (string, bool) {
	quotes := `"`
	if indented {
		quotes = "''"
	}
	f, err := Parse("", []byte(quotes+"x"+raw+behind+quotes))
	if err != nil {
		return "", false
	}
	s, ok := f.Root.(*Str)
	if !ok || len(s.Parts) > 2 || len(s.Parts) == 2 && behind != "${x}" {
		return "", false
	}
	text := f.PartTexts(s)[0]
	if behind == "x" {
		text = strings.TrimSuffix(text, "x")
	}
	return text[1:], true
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
	refused := f.editError(e.Start, "replacing %q by %q would change the string around it",
		f.text[e.Start:e.End], clip(text))
	after, ok := got.Root.(*Str)
	if !ok {
		return refused
	}
	was, is := f.PartTexts(s), got.PartTexts(after)
	if len(was) != len(is) {
		return refused
	}
	for i := range was {
		same := was[i] == is[i]
		if i == part {
			same = spliced(was[i], is[i], text)
		}
		if !same || (s.Parts[i].Expr == nil) != (after.Parts[i].Expr == nil) {
			return refused
		}
	}
	return nil
}

// spliced reports whether is comes from was by putting text in the place of something.
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

// ReplaceURI puts a text in the place of the bytes from to to of a URI, which must be behind its scheme. The
// result must be a URI too.
func (f *File) ReplaceURI(u *URI, from, to int, text string) (Edit, error) {
	uri := f.Text(u)
	scheme := strings.IndexByte(uri, ':') + 1
	e := Edit{Start: u.Start() + from, End: u.Start() + to, New: text}
	switch {
	case from < scheme || to < from || to > len(uri):
		return Edit{}, f.editError(u.Start(), "bytes %d to %d are not within the text of this URI behind its scheme",
			from, to)
	case text == "" && from == scheme && to == len(uri):
		return Edit{}, f.editError(u.Start(), "a URI must not end behind its scheme")
	}
	for i := range len(text) {
		if byteClass[text[i]]&classURI == 0 {
			return Edit{}, f.editError(u.Start(), "a URI cannot hold %q", text[i])
		}
	}
	return e, nil
}

// ReplaceExpr puts a string literal that means the value in the place of an expression. A value with a NUL
// is refused.
func (f *File) ReplaceExpr(e Expr, value string) (Edit, error) {
	if strings.IndexByte(value, 0) >= 0 {
		return Edit{}, f.editError(e.Start(), "a string cannot hold a NUL byte: %q", value)
	}
	return Edit{Start: e.Start(), End: e.End(), New: `"` + escape(value) + `"`}, nil
}
