package notes

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// maxDepth is how deep quotes and lists may lie; deeper ones lose their marks.
const maxDepth = 12

// Defuse writes upstream's Markdown anew so that it is harmless anywhere in a pull request's body.
// Headings become small ones. What it returns has no blank lines at the ends. Of a long text it takes
// the first 20,000 bytes, and ends with an ellipsis; a table of thousands of cells shows as text. What
// it costs is bounded whatever the text.
func Defuse(markdown string) string {
	source, cut := bounded(diag.Safe(markdown))
	text := defuse(source)
	if cut {
		text = strings.TrimLeft(text+"\n\n"+ending, "\n")
	}
	return text
}

func defuse(markdown string) string {
	extensions := []goldmark.Extender{extension.Strikethrough, extension.Linkify}
	if cells(markdown) <= maxCells {
		extensions = append(extensions, extension.Table)
	}
	source := []byte(markdown)
	parser := goldmark.New(goldmark.WithExtensions(extensions...)).Parser()
	w := &writer{source: source}
	return strings.Trim(strings.Join(w.blocks(parser.Parse(text.NewReader(source)), 0), "\n"), "\n")
}

// writer writes a tree as Markdown: blocks as lines, inlines as text.
type writer struct {
	source []byte
	cell   bool // within a table, where a bar ends the cell, in code too
}

// blocks writes the children of a block, with a blank line between two.
func (w *writer) blocks(parent ast.Node, depth int) (lines []string) {
	tight := isTight(parent)
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		more := w.block(n, depth)
		if len(more) == 0 {
			continue
		}
		if len(lines) > 0 && !tight {
			lines = append(lines, "")
		}
		lines = append(lines, more...)
	}
	return lines
}

func isTight(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.List:
		return n.IsTight
	case *ast.ListItem:
		list, ok := n.Parent().(*ast.List)
		return ok && list.IsTight
	}
	return false
}

func (w *writer) block(n ast.Node, depth int) []string {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return split(w.inlines(n, true))
	case *ast.Heading:
		title := strings.ReplaceAll(w.inlines(n, false), "\n", " ")
		return []string{strings.Repeat("#", min(n.Level+3, 6)) + " " + strings.TrimSpace(title)}
	case *ast.ThematicBreak:
		return []string{"***"}
	case *ast.CodeBlock:
		return w.code(n, "")
	case *ast.FencedCodeBlock:
		return w.code(n, string(n.Language(w.source)))
	case *ast.Blockquote:
		return prefixed(w.blocks(n, depth+1), "> ", "> ", depth)
	case *ast.List:
		return w.list(n, depth)
	case *ast.HTMLBlock:
		return w.html(n)
	case *east.Table:
		return w.table(n)
	}
	return w.blocks(n, depth) // nothing else is known to be
}

func split(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return strings.Split(strings.Trim(text, "\n"), "\n")
}

// prefixed puts marks in front of a block's lines, unless it lies too deep.
func prefixed(lines []string, first, rest string, depth int) []string {
	if depth >= maxDepth {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		mark := rest
		if i == 0 {
			mark = first
		}
		out[i] = strings.TrimRight(mark+line, " ")
	}
	return out
}

func (w *writer) list(n *ast.List, depth int) (lines []string) {
	number := max(n.Start, 0)
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if n.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number%1_000_000_000)
			number++
		}
		if len(lines) > 0 && !n.IsTight {
			lines = append(lines, "")
		}
		content := w.blocks(item, depth+1)
		if len(content) == 0 {
			content = []string{""}
		}
		lines = append(lines, prefixed(content, mark, strings.Repeat(" ", len(mark)), depth)...)
	}
	return lines
}

var language = regexp.MustCompile(`^[A-Za-z0-9+-]{1,20}$`)

// active are the languages that GitHub does not show but runs.
var active = map[string]bool{
	"mermaid":    true,
	"math":       true,
	"geojson":    true,
	"topojson":   true,
	"stl":        true,
	"suggestion": true,
}

// code writes a block of code behind a fence longer than any run of backticks in it.
func (w *writer) code(n ast.Node, lang string) []string {
	content := inCode.Replace(string(n.Lines().Value(w.source)))
	fence := strings.Repeat("`", max(longestRun(content)+1, 3))
	if !language.MatchString(lang) || active[strings.ToLower(lang)] {
		lang = ""
	}
	lines := append([]string{fence + lang}, strings.Split(strings.TrimRight(content, "\n"), "\n")...)
	return append(lines, fence)
}

func longestRun(text string) (longest int) {
	run := 0
	for i := range len(text) {
		if text[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// html keeps a block's text and drops its tags and comments.
func (w *writer) html(n *ast.HTMLBlock) []string {
	raw := string(n.Lines().Value(w.source))
	if n.HasClosure() {
		raw += string(n.ClosureLine.Value(w.source))
	}
	var lines []string
	for _, line := range strings.Split(stripTags(raw), "\n") {
		if line = strings.TrimSpace(diag.Safe(html.UnescapeString(line))); line != "" {
			lines = append(lines, split(escape(line, true))...)
		}
	}
	return lines
}

// stripTags cuts out everything between < and >, and comments; one that is not closed runs to the end.
func stripTags(raw string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(raw, "<")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		end := ">"
		if strings.HasPrefix(rest, "!--") {
			end = "-->"
		}
		_, raw, _ = strings.Cut(rest, end)
		b.WriteString(gap)
	}
}

func (w *writer) table(n *east.Table) (lines []string) {
	w.cell = true
	defer func() { w.cell = false }()
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var line strings.Builder
		line.WriteString("|")
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			text := strings.ReplaceAll(w.inlines(cell, false), "\n", " ")
			line.WriteString(" " + strings.ReplaceAll(text, `\|`, bar) + " |")
		}
		lines = append(lines, line.String())
		if _, head := row.(*east.TableHeader); head {
			lines = append(lines, "|"+strings.Repeat(" --- |", len(n.Alignments)))
		}
	}
	return lines
}

// inlines writes what a block's line or a link holds.
func (w *writer) inlines(parent ast.Node, start bool) string {
	var b, plain strings.Builder
	lost := false // the last inline lost its marks
	flush := func() {
		before, shown := b.String(), plain.String()
		begins := start && before == "" || strings.HasSuffix(before, "\n")
		if begins {
			shown = strings.TrimLeft(shown, " \t")
		}
		if lost {
			shown = apart(before, shown)
		}
		b.WriteString(escape(shown, begins))
		plain.Reset()
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			plain.WriteString(w.plain(n))
			continue
		case *ast.String:
			plain.WriteString(diag.Safe(string(n.Value)))
			continue
		case *ast.RawHTML:
			plain.WriteString(gap) // or what is on its two sides would join
			continue
		}
		flush()
		text := w.inline(n)
		if lost = text == "" || !strings.ContainsRune("*~`[", rune(text[0])); lost {
			text = apart(b.String(), text)
		}
		b.WriteString(text)
	}
	flush()
	return b.String()
}

// apart keeps two pieces of text from joining to something that means more than they do.
func apart(before, text string) string {
	if before == "" || text == "" || strings.ContainsAny(before[len(before)-1:]+text[:1], " \n") {
		return text
	}
	return gap + text
}

// plain is what a piece of text shows.
func (w *writer) plain(n *ast.Text) string {
	value := n.Segment.Value(w.source)
	if !n.IsRaw() {
		value = util.UnescapePunctuations(value)
		value = util.ResolveNumericReferences(value)
		value = util.ResolveEntityNames(value)
	}
	shown := strings.ReplaceAll(diag.Safe(string(value)), "\n", " ")
	switch {
	case n.HardLineBreak(), n.SoftLineBreak():
		shown += "\n"
	}
	return shown
}

func (w *writer) inline(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CodeSpan:
		return w.codeSpan(n)
	case *ast.Emphasis:
		return around(w.inlines(n, false), strings.Repeat("*", n.Level))
	case *east.Strikethrough:
		return around(w.inlines(n, false), "~~")
	case *ast.Link:
		return link(w.inlines(n, false), string(n.Destination))
	case *ast.AutoLink:
		return link(escape(shortLabel(diag.Safe(string(n.Label(w.source)))), false), string(n.URL(w.source)))
	}
	return w.inlines(n, false) // an image is its description
}

var issueURL = regexp.MustCompile(`^(?:https?://)?(?:www\.)?github\.com/[^/]+/[^/]+/(?:issues|pull)/([0-9]+)$`)

// shortLabel is how GitHub shows a bare link: #12 for an issue, else the address, here without its scheme.
func shortLabel(address string) string {
	if parts := issueURL.FindStringSubmatch(address); parts != nil {
		return "#" + parts[1]
	}
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	return rest
}

// around puts marks around text that can bear them.
func around(text, mark string) string {
	tildes := mark == "~~" && (strings.HasPrefix(text, "~") || strings.HasSuffix(text, "~")) // with them a fence
	if text == "" || text != strings.TrimSpace(text) || tildes {
		return text
	}
	return mark + text + mark
}

func link(text, address string) string {
	target, ok := URL(address)
	if !ok || strings.TrimSpace(text) == "" {
		return text
	}
	return "[" + text + "](<" + target + ">)"
}

func (w *writer) codeSpan(n *ast.CodeSpan) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(w.source))
		}
	}
	code := inCode.Replace(strings.ReplaceAll(b.String(), "\n", " "))
	if strings.TrimSpace(code) == "" || w.cell && strings.Contains(code, "|") {
		return escape(code, false)
	}
	mark := strings.Repeat("`", longestRun(code)+1)
	if strings.HasPrefix(code, "`") || strings.HasSuffix(code, "`") ||
		strings.HasPrefix(code, " ") && strings.HasSuffix(code, " ") {
		code = " " + code + " "
	}
	return mark + code + mark
}
