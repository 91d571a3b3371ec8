package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/nixtars/ollama-bump/cmd/internal/preview"
)

// previewLines is how much of a pull request a dry run shows on a terminal.
const previewLines = 16

// preview renders a pull request for a terminal. Unless all is wanted it ends after some lines.
func (p *program) preview(title, body string, all bool) string {
	clean := strings.Split(body, "\n")
	for i, line := range clean { // each for itself: cleaning takes blank lines away
		clean[i] = p.log.cleanLines(line)
	}
	lines := preview.Lines(p.log.clean(title), strings.Join(clean, "\n"), all, p.log.paint)
	if more := len(lines) - previewLines; !all && more > 1 {
		lines = append(lines[:previewLines], p.log.paint("2", fmt.Sprintf("… %d more lines, --full shows them", more)))
	}
	return strings.Join(lines, "\n") + "\n"
}

// wrapped breaks lines between words where a terminal would break them within.
func wrapped(text string, terminal *os.File) string {
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil || width <= 0 {
		return text
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, preview.Wrap(line, width)...)
	}
	return strings.Join(lines, "\n")
}

// page shows text through the reader's pager when it is longer than the screen, as git does, and
// reports whether it did.
func (p *program) page(file *os.File, text string) bool {
	pager := p.pager()
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil || pager == "" || preview.Rows(text, width) < height {
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

// pager returns the reader's pager, "" for none.
func (p *program) pager() string {
	pager, set := lookupEnv(p.env, "PAGER")
	switch {
	case pager == "cat":
		return ""
	case !set && p.installed("less"):
		return "less"
	}
	return pager
}

// pagerEnv are the variables that a pager gets; it needs no token.
var pagerEnv = []string{
	"PATH", "HOME", "TERM", "TERMINFO", "TERMINFO_DIRS", "LANG", "LANGUAGE", "LESS", "LESSCHARSET", "LV", "MORE",
	"XDG_CONFIG_HOME",
}
