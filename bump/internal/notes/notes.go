// Package notes makes upstream's text harmless before it goes into a pull request.
//
// Markdown is parsed as GitHub does it (CommonMark with tables, strikethrough and bare links) and then
// written anew from the tree: what comes out holds only what this package writes. Text in it shows as
// text: it mentions nobody, refers to and closes nothing, and holds no HTML, no comment, no image and
// no character that reorders others. Links lead where they led, but for those to GitHub's issues,
// pull requests and commits, which go through redirect.github.com so that nothing is cross-referenced.
package notes

import (
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// gap is the zero-width space that keeps GitHub from seeing a mention, a reference or a link.
const gap = "\u200b"

// bar is a vertical bar that ends no cell of a table.
const bar = "&vert;"

// Size is how long GitHub may count a text: in UTF-16 units, never fewer than its characters.
func Size(text string) int {
	n := 0
	for _, r := range text {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}

var (
	special   = regexp.MustCompile("[\\\\`*_{}\\[\\]|~&$^]")
	lineStart = regexp.MustCompile(`(?m)^[ \t]*(?:[-+=:#]|[0-9]{1,9}[.)](?:[ \t]|$))`)
	brackets  = strings.NewReplacer("<", "&lt;", ">", "&gt;")
	trigger   = regexp.MustCompile(`(?i)[@#]|gh-|://|www\.|(?:mailto|xmpp):`)
	hexName   = regexp.MustCompile(`[0-9a-fA-F]{7,}`)
	everySix  = regexp.MustCompile(`.{6}`)
)

// escape writes plain text as Markdown that shows it; start says that it begins a line.
func escape(text string, start bool) string {
	text = hexName.ReplaceAllStringFunc(text, func(name string) string {
		if len(name) < 40 && (!strings.ContainsAny(name, "0123456789") || !strings.ContainsAny(name, "abcdefABCDEF")) {
			return name // a word, or a number
		}
		return everySix.ReplaceAllString(name, "$0"+gap)
	})
	text = trigger.ReplaceAllStringFunc(text, func(m string) string {
		switch {
		case m == "://":
			return ":" + gap + "//"
		case strings.EqualFold(m, "www."):
			return m[:3] + gap + "."
		}
		return m + gap
	})
	text = brackets.Replace(escapeMarks(text))
	if bare, ok := strings.CutSuffix(text, "!"); ok {
		text = bare + `\!` // before a link it would make an image
	}
	if !start {
		return escapeStarts("x" + text)[1:]
	}
	return escapeStarts(text)
}

// escapeMarks puts a backslash before what Markdown reads, but for the underscore within a word, which it
// does not.
func escapeMarks(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range special.FindAllStringIndex(text, -1) {
		i := at[0]
		b.WriteString(text[last:i])
		if text[i] != '_' || i == 0 || i+1 == len(text) || !wordByte(text[i-1]) || !wordByte(text[i+1]) {
			b.WriteByte('\\')
		}
		last = i
	}
	b.WriteString(text[last:])
	return b.String()
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// escapeStarts keeps lines from beginning with what makes a list, a heading or the like.
func escapeStarts(text string) string {
	return lineStart.ReplaceAllStringFunc(text, func(m string) string {
		m = strings.TrimLeft(m, " \t")
		at := len(strings.TrimLeft(m, "0123456789"))
		return m[:len(m)-at] + `\` + m[len(m)-at:]
	})
}

// inCode keeps text in code from looking like the end of a fold or a comment to who reads no Markdown.
var inCode = strings.NewReplacer("<!--", "<"+gap+"!--", "</details", "<"+gap+"/details", "<details", "<"+gap+"details")

// Text writes one line of plain text as Markdown that shows it, in a table's cell too.
func Text(text string) string {
	text = strings.Join(strings.Fields(diag.Safe(text)), " ")
	return strings.ReplaceAll(escape(text, true), `\|`, bar)
}

// Code writes a value as a code span that stands anywhere, in a table's cell too. A value that no code
// span can hold there comes out as text.
func Code(value string) string {
	value = strings.TrimSpace(strings.ReplaceAll(diag.Safe(value), "\n", " "))
	if value == "" || strings.ContainsAny(value, "`|\\") {
		return Text(value)
	}
	return "`" + inCode.Replace(value) + "`"
}

// Link writes a link; without an address that a browser should open, only its text, which is plain.
func Link(text, address string) string {
	target, ok := URL(address)
	if !ok {
		return Text(text)
	}
	return "[" + Text(text) + "](<" + target + ">)"
}

// crossReferenced are the pages of GitHub that note who links to them.
var crossReferenced = regexp.MustCompile(`^/[^/]+/[^/]+/(issues|pull|pulls|discussions|commit|commits)(/|$)`)

// plainHost matches a host in ASCII, with its port. Others may look like a host that they are not.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// URL makes an address fit for a link: http or https, no credentials, and nothing in it that ends a
// link or means something in Markdown.
func URL(address string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(html.UnescapeString(diag.Safe(address))))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || !plainHost.MatchString(u.Host) {
		return "", false
	}
	if host := strings.ToLower(u.Host); (host == "github.com" || host == "www.github.com") &&
		crossReferenced.MatchString(u.Path) {
		u.Host = "redirect.github.com"
	}
	if strings.Trim(u.Fragment, "0123456789") == "" {
		u.Fragment, u.RawFragment = "", ""
	}
	return inLink.Replace(u.String()), true
}

// inLink escapes what would end a link's address or means something in Markdown.
var inLink = strings.NewReplacer(
	"@", "%40", "<", "%3C", ">", "%3E", " ", "%20", "\\", "%5C", "|", "%7C", "`", "%60", "\n", "", "\t", "",
)

// fence finds the fence that a line of our own Markdown opens or closes, behind quotes and list marks.
var fence = regexp.MustCompile("^([ >]*(?:(?:-|[0-9]+\\.) [ >]*)*)(`{3,})[^`]*$")

// Fit cuts Markdown that Defuse wrote to limit, as Size counts, at the end of a line, and closes an open
// fence. cut says that something is missing.
func Fit(markdown string, limit int) (fitted string, cut bool) {
	if Size(markdown) <= limit {
		return markdown, false
	}
	var open string // what would close the fence that is open
	var best strings.Builder
	size, closing := 0, ""
	for line := range strings.Lines(markdown) {
		size += Size(line)
		bare := strings.TrimRight(line, "\n")
		if parts := fence.FindStringSubmatch(bare); parts != nil {
			indent := strings.Map(blankMarks, parts[1])
			switch {
			case open == "":
				open = indent + parts[2]
			case strings.TrimLeft(bare, " >") == strings.TrimLeft(open, " >"):
				open = ""
			}
		}
		if size+Size(open) > limit {
			break
		}
		closing = open
		best.WriteString(line)
	}
	fitted = strings.TrimRight(best.String(), "\n")
	if closing != "" {
		fitted += "\n" + closing
	}
	return fitted, true
}

// blankMarks turns list marks into the blanks that continue the item.
func blankMarks(r rune) rune {
	if r == '>' {
		return r
	}
	return ' '
}
