package diag

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Text from outside (release notes, build logs, API answers, the flake's files, file names) is shown on
// terminals, in CI logs and in pull requests. The functions below are the only place that decides which
// characters of it may be shown.

// Safe returns text without the characters that act on a terminal, reorder other characters or hide
// among them, and without invalid UTF-8. Tabs stay; every kind of line end becomes a line feed.
func Safe(text string) string {
	text = strings.ReplaceAll(StripEscapes(text), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// StripEscapes returns text without a terminal's escape sequences, everything else as it was.
func StripEscapes(text string) string {
	if !strings.Contains(text, "\x1b") {
		return text
	}
	return escapeSequence.ReplaceAllString(text, "")
}

// escapeSequence matches the sequences of ECMA-48 that colour text, move the cursor, set a title or
// make a link.
var escapeSequence = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\a\x1b\n]*(?:\a|\x1b\\\\)|[@-Z\\\\-_])")

// hidden reports whether a character is invisible or reorders others: control and format characters,
// private use, and two letters that show as blanks. The joiner that emoji are made with is neither.
func hidden(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) || r == '\u034f' ||
		r == '\u3164'
}

// Line returns text as one line that is safe to print anywhere: runs of blanks and line ends
// made one blank, and no command for a CI runner in it.
func Line(text string) string {
	return Neutral(strings.Join(strings.Fields(Safe(text)), " "))
}

// Lines is Line for text of several lines. Indentation stays, with blanks for tabs; blanks at the ends
// of lines and empty lines go.
func Lines(text string) string {
	var kept []string
	for line := range strings.SplitSeq(strings.ReplaceAll(Safe(text), "\t", " "), "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			kept = append(kept, Neutral(line))
		}
	}
	return strings.Join(kept, "\n")
}

// command matches the beginning of a command to a CI runner that is obeyed anywhere in a line:
// "##[set-env" of old GitHub runners, "##vso[" of Azure Pipelines, "##teamcity[". "::set-env" of
// GitHub is obeyed at the beginning of a line only, where no foreign text is printed.
var command = regexp.MustCompile(`##([A-Za-z]*)\[`)

// Neutral returns text with a blank in every command that a CI runner would obey anywhere in a line.
func Neutral(line string) string {
	if !strings.Contains(line, "##") {
		return line
	}
	return command.ReplaceAllString(line, "## $1[")
}

// Clip returns text cut to at most limit characters, the ellipsis that shows the cut included. What
// people see as one character (a grapheme cluster) is kept or dropped as a whole.
func Clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return text[:Fit(text, max(limit-1, 0), utf8.RuneCountInString)] + "…"
}

// Fit returns the length in bytes of the longest beginning of text that measures at most limit and
// ends between two grapheme clusters.
func Fit(text string, limit int, measure func(string) int) int {
	end, state, rest, cluster := 0, -1, text, ""
	for rest != "" {
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if limit -= measure(cluster); limit < 0 {
			break
		}
		end += len(cluster)
	}
	return end
}
