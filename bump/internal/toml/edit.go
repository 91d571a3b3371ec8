package toml

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Content returns where the text of a string stands: between its quotes, and behind a line's end that follows the
// three that open it.
func (f *File) Content(span nixexpr.Span) (start, end int) {
	quote := quoteOf(f.Src[span.Start():span.End()])
	start, end = span.Start()+len(quote), span.End()-len(quote)
	if len(quote) == len(threeQuotes) {
		for _, lineEnd := range []string{"\r\n", "\n"} {
			if strings.HasPrefix(string(f.Src[start:end]), lineEnd) {
				return start + len(lineEnd), end
			}
		}
	}
	return start, end
}

const threeQuotes = `"""`

// quoteOf is what opens and closes a string.
func quoteOf(literal []byte) string {
	q := string(literal[:1])
	three := strings.Repeat(q, len(threeQuotes))
	if len(literal) >= 2*len(three) && strings.HasPrefix(string(literal), three) {
		return three
	}
	return q
}

// ReplaceString makes the edit that puts a text in the place of the bytes from to to of a string. Span is that of the
// string, quotes included; offsets count from where its text begins, escapes as written. The new text is escaped. A
// place within an escape is refused, and so is a text that the string's quotes cannot hold.
func (f *File) ReplaceString(span nixexpr.Span, from, to int, text string) (nixexpr.Edit, error) {
	start, end := f.Content(span)
	raw, quote := string(f.Src[start:end]), quoteOf(f.Src[span.Start():span.End()])
	if from < 0 || to < from || to > len(raw) {
		return nixexpr.Edit{}, nixexpr.DataError(f.Name, f.Src, span.Start(),
			"bytes %d to %d are not within this text of %d bytes", from, to, len(raw))
	}
	before, ok1 := decode(quote, raw[:from])
	after, ok2 := decode(quote, raw[to:])
	if !ok1 || !ok2 {
		return nixexpr.Edit{}, nixexpr.DataError(f.Name, f.Src, start+from,
			"bytes %d to %d of this text begin or end within an escape", from, to)
	}
	escaped := text
	if quote[0] == '"' {
		escaped = escape(text)
	}
	if got, ok := decode(quote, raw[:from]+escaped+raw[to:]); !ok || got != before+text+after {
		return nixexpr.Edit{}, nixexpr.DataError(f.Name, f.Src, span.Start(),
			"the quotes %s cannot hold %q here", quote, text)
	}
	return nixexpr.Edit{Start: start + from, End: start + to, New: escaped}, nil
}

// decode is the text of a string that is written as raw.
func decode(quote, raw string) (text string, ok bool) {
	lineEnd := ""
	if len(quote) == len(threeQuotes) {
		lineEnd = "\n"
	}
	literal := quote + lineEnd + raw + quote
	f, lines := &File{Src: []byte("x=" + literal)}, 0
	err := f.expressions(func(n *unstable.Node) error {
		if n.Kind == unstable.KeyValue && n.Value().Kind == unstable.String {
			text, ok = string(n.Value().Data), int(n.Value().Raw.Length) == len(literal)
		}
		lines++
		return nil
	})
	return text, ok && err == nil && lines == 1
}

// escape is a text as it stands in a string with double quotes.
func escape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Apply makes the edits and returns the new source, see [nixexpr.ApplyData].
func (f *File) Apply(edits []nixexpr.Edit) ([]byte, error) {
	return nixexpr.ApplyData(f.Name, f.Src, edits, "TOML", tokens)
}

// tokens reads TOML as tokens: the kinds of its lines and values, its names, and its values.
func tokens(src []byte) ([]nixexpr.DataToken, error) {
	f := &File{Src: src}
	var list []nixexpr.DataToken
	var add func(n *unstable.Node, depth int) error
	add = func(n *unstable.Node, depth int) error {
		if depth > maxDepth {
			return fmt.Errorf("nested deeper than %d", maxDepth)
		}
		t := nixexpr.DataToken{Kind: n.Kind.String(), Value: string(n.Data), Text: span(n)}
		if n.Kind == unstable.String {
			start, end := f.Content(span(n))
			t.Kind, t.Text = nixexpr.KindString, nixexpr.Span{From: int32(start), To: int32(end)}
		}
		list = append(list, t)
		for it := n.Children(); it.Next(); {
			if err := add(it.Node(), depth+1); err != nil {
				return err
			}
		}
		list = append(list, nixexpr.DataToken{Kind: "end of " + n.Kind.String(), Text: t.Text})
		return nil
	}
	err := f.expressions(func(n *unstable.Node) error { return add(n, 0) })
	return list, err
}
