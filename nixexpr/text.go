package nixexpr

import "strings"

// StringValue is the value of a string, escapes decoded and, in an indented string, the
// indentation stripped. False when something is interpolated, even when that is constant.
func (f *File) StringValue(s *Str) (string, bool) {
	for i := range s.Parts {
		if s.Parts[i].Expr != nil {
			return "", false
		}
	}
	return strings.Join(f.PartTexts(s), ""), true
}

// PartTexts is the text of each part as it takes part in the value; "" for interpolations.
func (f *File) PartTexts(s *Str) []string {
	if s.Indented {
		return f.stripIndent(s.Parts)
	}
	texts := make([]string, len(s.Parts))
	for i := range s.Parts {
		texts[i] = f.quotedText(&s.Parts[i])
	}
	return texts
}

func (f *File) quotedText(part *StrPart) string {
	if part.Expr != nil {
		return ""
	}
	return unescape(f.Text(part))
}

// stripIndent decodes the parts of an indented string.
func (f *File) stripIndent(parts []StrPart) []string {
	texts := make([]string, len(parts))
	var joined []byte // the pieces of one part
	last := 0
	flush := func(next int) {
		texts[last] = string(joined)
		joined, last = joined[:0], next
	}
	f.stripPieces(parts, func(i int, text string) {
		if i != last {
			flush(i)
		}
		joined = append(joined, text...)
	})
	if len(parts) > 0 {
		flush(0)
	}
	return texts
}

// stripPieces calls add with each stripped and decoded piece of text of an indented string
// and the part that it stands in.
func (f *File) stripPieces(parts []StrPart, add func(part int, text string)) {
	cut := cutter{indent: f.indentation(parts), lineStart: true}
	for i := range parts {
		if parts[i].Expr != nil {
			cut.lineStart, cut.dropped = false, 0
			continue
		}
		for raw := f.Text(&parts[i]); len(raw) > 0; {
			p := nextPiece(raw)
			text := cut.strip(p.text(raw))
			raw = raw[p.size:]
			if len(raw) == 0 && i == len(parts)-1 {
				text = trimLastLine(text)
			}
			add(i, text)
		}
	}
}

// indentation is how many spaces every line starts with, as Nix counts: a line of spaces does
// not count, the last one neither; tabs are no indentation; an escape or an interpolation
// ends it; and what an escape stands for is no line end.
func (f *File) indentation(parts []StrPart) int {
	const most = 1_000_000 // Nix starts with this, and so a larger indentation is not seen
	c := indentCounter{least: most, lineStart: true}
	for i := range parts {
		if parts[i].Expr != nil {
			c.content()
			continue
		}
		for raw := f.Text(&parts[i]); len(raw) > 0; {
			p := nextPiece(raw)
			if p.plain {
				c.plain(raw[:p.size])
			} else {
				c.content()
			}
			raw = raw[p.size:]
		}
	}
	return c.least
}

// An indentCounter finds the least indentation of the lines that it is given.
type indentCounter struct {
	least, current int
	lineStart      bool // only spaces so far in this line
}

// content ends the indentation of the line.
func (c *indentCounter) content() {
	if c.lineStart {
		c.lineStart = false
		c.least = min(c.least, c.current)
	}
}

func (c *indentCounter) plain(text string) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\n':
			c.lineStart, c.current = true, 0
		case !c.lineStart:
		case text[i] == ' ':
			c.current++
		default:
			c.content()
		}
	}
}

// A cutter removes the indentation.
type cutter struct {
	indent, dropped int
	lineStart       bool
}

func (c *cutter) strip(text string) string {
	if !c.lineStart && strings.IndexByte(text, '\n') < 0 {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case b == '\n':
			c.lineStart, c.dropped = true, 0
		case !c.lineStart:
		case b == ' ':
			c.dropped++
			if c.dropped <= c.indent {
				continue
			}
		default:
			c.lineStart, c.dropped = false, 0
		}
		out.WriteByte(b)
	}
	return out.String()
}

// trimLastLine drops the spaces of the last line when there is nothing else on it.
func trimLastLine(text string) string {
	n := strings.LastIndexByte(text, '\n')
	if n >= 0 && strings.Trim(text[n+1:], " ") == "" {
		return text[:n+1]
	}
	return text
}

// literalString is the value of an expression that Nix's parser reduces to a string without
// evaluating: such a string is no dynamic attribute, though it stands in ${}.
func (f *File) literalString(e Expr) (string, bool) {
	for {
		switch n := e.(type) {
		case *Paren:
			e = n.X
		case *URI:
			return f.Text(n), true
		case *Str:
			if n.Indented {
				return f.literalIndented(n)
			}
			return f.StringValue(n)
		default:
			return "", false
		}
	}
}

// literalIndented is literalString for an indented string: Nix joins what is left of it after
// stripping only when that is one piece. An escape is a piece, and when all else is stripped
// so is a string that is interpolated.
func (f *File) literalIndented(s *Str) (string, bool) {
	var value string
	var only Expr
	pieces := 0
	f.stripPieces(s.Parts, func(_ int, text string) {
		if text != "" {
			value = text
			pieces++
		}
	})
	for i := range s.Parts {
		if s.Parts[i].Expr != nil {
			only = s.Parts[i].Expr
			pieces++
		}
	}
	switch {
	case pieces > 1:
		return "", false
	case only != nil:
		return f.literalString(only)
	}
	return value, true
}
