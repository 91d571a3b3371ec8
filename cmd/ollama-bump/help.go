package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// helpWidth is how wide the help may be, in columns.
const helpWidth = 80

// writeHelp writes the text of --help.
func writeHelp(w io.Writer, groups []group) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s.\n\n", strings.ToUpper(summary[:1]), summary[1:])
	for _, paragraph := range description {
		b.WriteString(wrap(paragraph, 0, helpWidth) + "\n\n")
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n", strings.Join(append([]string{synopsis}, commands...), "\n  "))
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		writeRows(&b, flagRows(g.set), 24)
	}
	b.WriteString("\n" + afterDashes + "\n")
	for _, c := range manual {
		fmt.Fprintf(&b, "\n%s:\n", c.title)
		if c.lead != "" {
			b.WriteString(wrap("  "+c.lead, 2, helpWidth) + "\n")
		}
		writeRows(&b, c.rows, columnFor(c.rows))
	}
	b.WriteString("\nMore: " + homepage + "\n")
	_, _ = io.WriteString(w, b.String()) // like every --help: a closed pipe is the reader's wish
}

// flagRows returns the flags of a set, spelled as they are typed.
func flagRows(set *pflag.FlagSet) []row {
	var rows []row
	set.VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		if value != "" {
			term += " " + value
		}
		rows = append(rows, row{term, usage + defaultOf(f)})
	})
	return rows
}

// defaultOf returns the words for a default that the usage does not name.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "[]":
		return ""
	}
	return " (default: " + f.DefValue + ")"
}

// columnFor returns where the second column of a table begins.
func columnFor(rows []row) int {
	column := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r.term); n <= 34 {
			column = max(column, n)
		}
	}
	return column + 4
}

// writeRows writes terms and their meanings in two columns; the second begins at column.
func writeRows(b *strings.Builder, rows []row, column int) {
	for _, r := range rows {
		text := wrap(strings.Repeat(" ", column)+r.text, column, helpWidth)
		if n := utf8.RuneCountInString(r.term) + 2; n <= column-2 {
			text = "  " + r.term + text[n:]
		} else {
			text = "  " + r.term + "\n" + text
		}
		b.WriteString(text + "\n")
	}
}

// wrap breaks text between words so that no line is wider than width, and indents all lines but
// the first. Blanks at the beginning of text stay.
func wrap(text string, indent, width int) string {
	words := strings.Fields(text)
	line := text[:len(text)-len(strings.TrimLeft(text, " "))]
	var lines []string
	empty := true
	for _, word := range words {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line, empty = strings.Repeat(" ", indent), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return strings.Join(append(lines, line), "\n")
}

// writeMan writes the manual page.
func writeMan(w io.Writer, groups []group) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH OLLAMA-BUMP 1 \"\" \"ollama-bump %s\"\n", roff(programVersion()))
	fmt.Fprintf(&b, ".SH NAME\nollama-bump \\- %s\n", roff(summary))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(synopsis))
	for _, command := range commands {
		fmt.Fprintf(&b, ".br\n.B %s\n", roff(command))
	}
	b.WriteString(".SH DESCRIPTION\n")
	for _, paragraph := range description {
		b.WriteString(roff(paragraph) + "\n.PP\n")
	}
	b.WriteString(roff(afterDashes) + "\n.SH OPTIONS\n")
	for _, g := range groups {
		fmt.Fprintf(&b, ".SS %s\n", roff(g.title))
		manRows(&b, flagRows(g.set))
	}
	for _, c := range manual {
		fmt.Fprintf(&b, ".SH %s\n", roff(strings.ToUpper(c.title)))
		if c.lead != "" {
			b.WriteString(roff(c.lead) + "\n")
		}
		manRows(&b, c.rows)
	}
	b.WriteString(".SH SEE ALSO\n.BR nix (1)\n.PP\n" + roff(homepage) + "\n")
	return mustWrite(w, b.String())
}

func manRows(b *strings.Builder, rows []row) {
	for _, r := range rows {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(r.term), roff(r.text))
	}
}

// roff escapes text for a manual page: backslashes, hyphens that are to stay ASCII, and the
// control characters of a line's beginning.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
