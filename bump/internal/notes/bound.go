package notes

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Parsing Markdown can cost far more than its length suggests: the cells of a table are its rows times
// its columns, each mark of nesting is looked at again on every further line, and emphasis and links
// that stay open cost the square of their number. So a text is bounded before it is parsed.

const (
	maxSource  = 20_000 // bytes of one text that are looked at; notes of ollama's releases have 1 to 8 kB
	maxCells   = 4_000  // of all tables of a text
	maxNesting = 16     // quotes and list items that one line opens
	maxMarks   = 4_000  // characters that may open or close emphasis and links
)

// ending stands for what was left out at the end of a text.
const ending = "…"

// bounded returns the part of a text that is cheap to parse, and whether that is less than the whole.
// Of a text that is all marks nothing is left.
func bounded(markdown string) (source string, cut bool) {
	if len(markdown) > maxSource {
		cut, markdown = true, markdown[:diag.Fit(markdown, maxSource, func(c string) int { return len(c) })]
		if end := strings.LastIndexByte(markdown, '\n'); end > 0 {
			markdown = markdown[:end]
		}
	}
	if countAny(markdown, "*_[]~") > maxMarks {
		return "", true
	}
	return flattened(markdown), cut
}

func countAny(text, chars string) (n int) {
	for i := range len(text) {
		if strings.IndexByte(chars, text[i]) >= 0 {
			n++
		}
	}
	return n
}

// containers matches the marks of quotes and list items at the beginning of a line.
var containers = regexp.MustCompile(`^(?:[ \t]*(?:>|[-+*](?:[ \t]|$)|[0-9]{1,9}[.)](?:[ \t]|$)))+`)

var container = regexp.MustCompile(`[ \t]*(?:>|[-+*](?:[ \t]|$)|[0-9]{1,9}[.)](?:[ \t]|$))`)

// flattened drops marks of nesting beyond the first few of a line.
func flattened(markdown string) string {
	var b strings.Builder
	for line := range strings.Lines(markdown) {
		marks := containers.FindString(line)
		if all := container.FindAllStringIndex(marks, maxNesting+1); len(all) > maxNesting {
			line = line[:all[maxNesting][0]] + line[len(marks):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// delimiters matches a line that may stand below the head of a table, wherever that lies.
var delimiters = regexp.MustCompile(`^[-+*>0-9.)|: \t]*-[-|: \t]*$`)

// cells returns how many cells the tables of a text have at most: every line from a row of delimiters
// to the next blank line has as many as that row.
func cells(markdown string) (n int) {
	columns := 0
	for line := range strings.SplitSeq(markdown, "\n") {
		switch line = strings.TrimRight(line, "\r"); {
		case strings.Trim(line, "> \t") == "":
			columns = 0
		case delimiters.MatchString(line):
			columns = max(columns, strings.Count(line, "|")+1)
		}
		n += columns
	}
	return n
}
