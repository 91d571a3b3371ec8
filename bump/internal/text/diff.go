package text

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// Diff returns the change of one file as git apply takes it at the repository's root.
func Diff(name string, before, after []byte) string {
	if string(before) == string(after) {
		return ""
	}
	from := diffName("a/" + name)
	if before == nil {
		from = "/dev/null"
	}
	return udiff.Unified(from, diffName("b/"+name), string(before), string(after))
}

// diffName writes a file's name as git does: quoted where it holds a quote, a backslash, a control
// character or bytes that are no UTF-8; with a tab behind one with blanks, where it would end otherwise.
func diffName(name string) string {
	special := func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }
	if strings.IndexFunc(name, special) >= 0 || !utf8.ValidString(name) {
		return quoted(name)
	}
	if strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}

// quoted is git's quoting of a path (quote.c): C's escapes, and three octal digits for every other byte
// that is not printable ASCII. Go's quoting has \x and \u, which git does not read.
func quoted(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			if at := strings.IndexByte("\a\b\t\n\v\f\r", c); at >= 0 {
				b.WriteString(`\` + "abtnvfr"[at:at+1])
				continue
			}
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
