package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/term"
)

// previewLines is how much of a pull request a dry run shows on a terminal.
const previewLines = 16

// preview renders a pull request for a terminal: what it says, without the marks of Markdown and HTML
// that GitHub does not show either. Unless all is wanted it ends after some lines.
func (p *program) preview(title, body string, all bool) string {
	lines := []string{p.log.paint("1", title), ""}
	for line := range strings.SplitSeq(strings.TrimSpace(comment.ReplaceAllString(body, "")), "\n") {
		line, shown := p.rendered(line)
		if shown && (line != "" || lines[len(lines)-1] != "") {
			lines = append(lines, line)
		}
	}
	if more := len(lines) - previewLines; !all && more > 1 {
		lines = append(lines[:previewLines], p.log.paint("2", fmt.Sprintf("… %d more lines, --full shows them", more)))
	}
	return strings.Join(lines, "\n") + "\n"
}

var (
	comment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	summaryText = regexp.MustCompile(`<summary>(.*?)</summary>`)
	element     = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	heading     = regexp.MustCompile(`^#{1,6} +`)
	strong      = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	link        = regexp.MustCompile(`\[([^\]\[]+)\]\([^()\s]*\)`)
	escaped     = regexp.MustCompile("\\\\([!-/:-@\\[-`{-~])")
	ruler       = regexp.MustCompile(`^\|?[\s:|-]*---[\s:|-]*$`)
)

// rendered returns a line of Markdown as it reads, and whether there is anything to read.
func (p *program) rendered(line string) (text string, shown bool) {
	line = p.log.cleanLines(line)
	if ruler.MatchString(line) || strings.HasPrefix(strings.TrimSpace(line), "```") {
		return "", false
	}
	fold := summaryText.MatchString(line)
	plain := strings.TrimSpace(element.ReplaceAllString(line, ""))
	if plain == "" && line != "" {
		return "", false
	}
	bold := heading.MatchString(plain)
	plain = heading.ReplaceAllString(plain, "")
	plain = link.ReplaceAllString(plain, "$1")
	plain = strong.ReplaceAllStringFunc(plain, func(s string) string { return p.log.paint("1", strings.Trim(s, "*")) })
	plain = escaped.ReplaceAllString(plain, "$1")
	switch {
	case fold:
		plain = "▸ " + plain
	case bold:
		plain = p.log.paint("1", plain)
	}
	return plain, true
}

// page shows text through the reader's pager when it is longer than the screen, as git does, and
// reports whether it did.
func (p *program) page(file *os.File, text string) bool {
	pager, set := lookupEnv(p.env, "PAGER")
	if !set {
		pager = "less"
	}
	_, height, err := term.GetSize(int(file.Fd()))
	if err != nil || strings.Count(text, "\n") < height || pager == "" || pager == "cat" {
		return false
	}
	cmd := exec.CommandContext(p.ctx, "sh", "-c", pager)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), file, p.stderr
	cmd.Env = []string{"LESS=FRX", "LV=-c"} // what git sets; the reader's own come after
	for _, entry := range p.env {
		if name, _, _ := strings.Cut(entry, "="); slices.Contains(pagerEnv, name) || strings.HasPrefix(name, "LC_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd.Run() == nil
}

// pagerEnv are the variables that a pager gets; it needs no token.
var pagerEnv = []string{"PATH", "HOME", "TERM", "TERMINFO", "TERMINFO_DIRS", "LANG", "LANGUAGE", "LESS", "LESSCHARSET", "LV", "MORE", "XDG_CONFIG_HOME"}
