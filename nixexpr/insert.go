package nixexpr

import "strings"

// InsertString adds a definition of a name as a string, vendorHash = "…";, behind another one of the same set
// or let: on a line of its own with the same indentation and line end when the other one has its lines for itself,
// else on the same line after a space. A value with a NUL is refused, and so is a name that needs quotes.
func (f *File) InsertString(b *Binding, name, value string) (Edit, error) {
	if strings.IndexByte(value, 0) >= 0 {
		return Edit{}, f.editError(b.Start(), "a string cannot hold a NUL byte: %q", value)
	}
	if !isName(name) {
		return Edit{}, f.editError(b.Start(), "%q is no name of an attribute", clip(name))
	}
	return f.InsertLines(b, name+` = "`+escape(value)+`";`), nil
}

// InsertLines adds the lines of a definition behind another one, where InsertString would: with the same indentation
// before each, or all on the other one's line. A tab that begins a line is a level of indentation, written as two
// spaces where the other definition is not indented by tabs. That the lines are a definition is for Apply to check.
func (f *File) InsertLines(b *Binding, lines ...string) Edit {
	lineEnd, indent, startsLine := f.lineStartBefore(b.Start())
	at, endsLine := f.lineEndBehind(b.End())
	var text strings.Builder
	for _, line := range lines {
		bare := strings.TrimLeft(line, "\t")
		if !startsLine || !endsLine {
			text.WriteString(" " + bare)
			continue
		}
		unit := "  "
		if strings.HasPrefix(indent, "\t") {
			unit = "\t"
		}
		text.WriteString(lineEnd + indent + strings.Repeat(unit, len(line)-len(bare)) + bare)
	}
	if !startsLine || !endsLine {
		at = b.End()
	}
	return Edit{Start: at, End: at, New: text.String()}
}

// isName reports whether a text is an identifier.
func isName(text string) bool {
	f, err := Parse("", []byte(text))
	if err != nil {
		return false
	}
	id, ok := f.Root.(*Ident)
	return ok && id.Name == text
}

// lineStartBefore returns the line end (LF, CR LF or CR) and the blanks directly before an offset; false when
// something else stands on the line.
func (f *File) lineStartBefore(offset int) (lineEnd, indent string, ok bool) {
	before := strings.TrimRight(f.text[:offset], " \t")
	for _, lineEnd := range []string{"\r\n", "\n", "\r"} {
		if strings.HasSuffix(before, lineEnd) {
			return lineEnd, f.text[len(before):offset], true
		}
	}
	return "", "", false
}

// lineEndBehind is where the line of an offset ends, or its last comment, which belongs to the
// definition before it. False when there is more on the line.
func (f *File) lineEndBehind(offset int) (int, bool) {
	at := offset
	for i := f.tokenAt(offset); ; i++ { // in or a brace follows
		t := f.Tokens[i]
		switch f.kinds[i] {
		case kindBlank:
			if strings.ContainsAny(f.text[t.Start:t.End], "\r\n") {
				return at, true
			}
		case kindLineComment, kindBlockComment:
			at = t.End
		default:
			return offset, false
		}
	}
}
