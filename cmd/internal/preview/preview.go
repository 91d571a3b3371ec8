// Package preview renders the body of a pull request for a terminal: what it says, without the marks of Markdown and
// HTML that GitHub does not show either. It knows the Markdown that this project writes, not every Markdown there is.
package preview

import (
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
)

// Paint colours text for a terminal; code is that of ECMA-48's SGR.
type Paint func(code, text string) string

// The looks of text, as codes of SGR.
const (
	bold = "1"
	code = "36"
)

var (
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	summaryText = regexp.MustCompile(`<summary>(.*?)</summary>`)
	element     = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	heading     = regexp.MustCompile(`^#{1,6} +`)
	strong      = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	emphasis    = regexp.MustCompile(`\*([^*\s][^*]*)\*`)
	link        = regexp.MustCompile(`\[([^\]\[]+)\]\([^()\s]*\)`)
	escaped     = regexp.MustCompile("\\\\([!-/:-@\\[-`{-~])")
	ruler       = regexp.MustCompile(`^\|?[\s:|-]*---[\s:|-]*$`)
	codeSpan    = regexp.MustCompile("`+[^`]+`+")
)

// Lines returns the lines of a pull request. Folds are closed, as on GitHub, unless all is wanted.
func Lines(title, body string, all bool, paint Paint) []string {
	r := renderer{paint: paint, all: all}
	r.add(paint(bold, title))
	r.add("")
	for line := range strings.SplitSeq(strings.TrimSpace(comment.ReplaceAllString(body, "")), "\n") {
		r.line(line)
	}
	r.endTable()
	for len(r.lines) > 0 && r.lines[len(r.lines)-1] == "" {
		r.lines = r.lines[:len(r.lines)-1]
	}
	return r.lines
}

type renderer struct {
	paint  Paint
	all    bool
	lines  []string
	fence  bool
	hidden int        // how many closed folds the line is in
	table  [][]string // rows of the table that is being read
}

// add appends a line, and never a second blank one.
func (r *renderer) add(line string) {
	if line != "" || len(r.lines) == 0 || r.lines[len(r.lines)-1] != "" {
		r.lines = append(r.lines, line)
	}
}

func (r *renderer) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "```"):
		r.fence = !r.fence
		return
	case r.fence:
		if r.hidden == 0 {
			r.add("  " + r.paint(code, line))
		}
		return
	case r.fold(trimmed), r.hidden > 0:
		return
	case strings.HasPrefix(trimmed, "|"):
		if !ruler.MatchString(trimmed) {
			r.table = append(r.table, r.cells(trimmed))
		}
		return
	}
	r.endTable()
	plain := strings.TrimRight(element.ReplaceAllString(line, ""), " ")
	if ruler.MatchString(plain) || plain == "" && trimmed != "" {
		return
	}
	if heading.MatchString(plain) {
		r.add(r.paint(bold, r.inline(heading.ReplaceAllString(plain, ""))))
		return
	}
	indent, item, isItem := strings.Cut(plain, "- ")
	if isItem && strings.TrimSpace(indent) == "" {
		if box, ok := strings.CutPrefix(item, "[ ] "); ok {
			r.add(indent + "☐ " + r.inline(box))
			return
		}
		r.add(indent + "• " + r.inline(item))
		return
	}
	r.add(r.inline(plain))
}

// fold reports whether a line only opens or closes folds, and keeps count of them.
func (r *renderer) fold(line string) bool {
	if !strings.Contains(line, "<details") && !strings.Contains(line, "<summary>") &&
		!strings.Contains(line, "</details>") {
		return false
	}
	r.endTable()
	if summary := summaryText.FindStringSubmatch(line); summary != nil && r.hidden == r.outer(line) {
		r.add("▸ " + r.inline(element.ReplaceAllString(summary[1], "")))
	}
	if !r.all {
		r.hidden += strings.Count(line, "<details>") - strings.Count(line, "</details>")
		r.hidden = max(r.hidden, 0)
	}
	return true
}

// outer returns how many closed folds a visible summary on this line may be in: its own, when that began before.
func (r *renderer) outer(line string) int {
	if r.all || strings.Contains(line, "<details>") {
		return 0
	}
	return 1
}

// cells renders a row of a table.
func (r *renderer) cells(line string) []string {
	const bar = "\x00" // stands for an escaped one
	line = strings.Trim(strings.ReplaceAll(line, `\|`, bar), "|")
	cells := strings.Split(line, "|")
	for i, cell := range cells {
		cells[i] = r.inline(strings.TrimSpace(strings.ReplaceAll(element.ReplaceAllString(cell, ""), bar, "|")))
	}
	return cells
}

// endTable writes the table that was read, its columns aligned.
func (r *renderer) endTable() {
	widths := map[int]int{}
	for _, row := range r.table {
		for i, cell := range row {
			widths[i] = max(widths[i], columnsOf(cell))
		}
	}
	for i, row := range r.table {
		line := ""
		for column, cell := range row {
			if i == 0 && cell != "" {
				cell = r.paint(bold, cell)
			}
			line += cell + strings.Repeat(" ", widths[column]-columnsOf(cell)+2)
		}
		r.add(strings.TrimRight(line, " "))
	}
	r.table = nil
}

// inline renders what stands within a line. Code is taken as it is.
func (r *renderer) inline(text string) string {
	var b strings.Builder
	at := 0
	for _, span := range codeSpan.FindAllStringIndex(text, -1) {
		b.WriteString(r.words(text[at:span[0]]))
		b.WriteString(r.paint(code, strings.Trim(text[span[0]:span[1]], "`")))
		at = span[1]
	}
	b.WriteString(r.words(text[at:]))
	return b.String()
}

func (r *renderer) words(text string) string {
	text = link.ReplaceAllString(text, "$1")
	text = strong.ReplaceAllStringFunc(text, func(s string) string { return r.paint(bold, strings.Trim(s, "*")) })
	text = emphasis.ReplaceAllString(text, "$1")
	return escaped.ReplaceAllString(text, "$1")
}

// Wrap breaks a line between words so that no part takes more columns than it may. The parts of an item stand below
// its text, and a word that is longer than a line stays whole: a terminal breaks that as it breaks every line.
func Wrap(line string, columns int) []string {
	indent := strings.Repeat(" ", columnsOf(mark.FindString(line)))
	lines := []string{""}
	for i, word := range strings.Split(line, " ") {
		last := &lines[len(lines)-1]
		switch {
		case i == 0:
			*last = word
		case columnsOf(*last)+1+columnsOf(word) > columns && strings.TrimSpace(*last) != "":
			lines = append(lines, indent+word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// mark is what stands before the text of an item.
var mark = regexp.MustCompile(`^ *(?:[•☐▸] )?`)

// Rows returns how many rows a terminal of so many columns needs for lines of text. It breaks a line that is longer
// than a row, and does not part a character that takes two columns. Where the columns are not known (0) it breaks none.
func Rows(text string, columns int) int {
	rows := 0
	for line := range strings.Lines(text) {
		rows += rowsOf(strings.TrimRight(sgr.ReplaceAllString(line, ""), "\r\n"), columns)
	}
	return rows
}

// tab is how far the tab stops of a terminal are apart.
const tab = 8

// rowsOf is Rows for one line without colours.
func rowsOf(line string, columns int) int {
	rows, at := 1, 0
	for state, cluster, width := -1, "", 0; line != ""; {
		cluster, line, width, state = uniseg.FirstGraphemeClusterInString(line, state)
		if cluster == "\t" { // which never leaves the row
			at = min(at-at%tab+tab, max(columns-1, 0))
			continue
		}
		if at+width > columns && at > 0 && columns > 0 {
			rows, at = rows+1, 0
		}
		at += width
	}
	return rows
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// columnsOf returns how many columns of a terminal a line takes.
func columnsOf(line string) int { return uniseg.StringWidth(sgr.ReplaceAllString(line, "")) }
