package bump

import (
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// unifiedDiff is the change of one file as git apply takes it at the repository's root.
func unifiedDiff(name string, before, after []byte) string {
	if string(before) == string(after) {
		return ""
	}
	from := diffName("a/" + name)
	if before == nil {
		from = "/dev/null"
	}
	return udiff.Unified(from, diffName("b/"+name), string(before), string(after))
}

// diffName writes a file's name as git does: quoted where it holds a quote, a backslash or a control
// character; with a tab behind one with blanks, where it would end otherwise.
func diffName(name string) string {
	if strings.ContainsAny(name, "\"\\") || strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return strconv.Quote(name)
	}
	if strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}
