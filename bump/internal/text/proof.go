package text

import (
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

// proof says what was checked and what was not, the strongest level first.
func proof(p Proof) string {
	var lines []string
	for _, level := range []struct {
		level Level
		title string
	}{
		{Ran, "**Built and run**"},
		{Built, "**Built**, not run"},
		{Evaluated, "**Evaluated**, not built"},
		{Unchecked, "**Not checked**"},
	} {
		if text := checked(p.Checks, level.level); text != "" {
			lines = append(lines, level.title+": "+text)
		}
	}
	lines = append(lines, sentences(p.Facts)...)
	if len(lines) == 0 {
		return ""
	}
	return "### Verified\n\n" + machine(p) + bullets(lines)
}

// machine says with what and where.
func machine(p Proof) string {
	if p.NixVersion == "" {
		return ""
	}
	text := "With Nix " + notes.Text(clip(p.NixVersion))
	if p.System != "" {
		text += " on " + notes.Code(clip(p.System))
	}
	return text + ":\n\n"
}

// checked lists what was checked to one level.
func checked(checks []Check, level Level) string {
	var parts []string
	more := 0
	for _, c := range checks {
		switch {
		case c.Level != level:
		case len(parts) == maxNames:
			more++
		default:
			parts = append(parts, c.text())
		}
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

func (c Check) text() string {
	text := notes.Code(clip(c.Attr))
	var more []string
	if c.System != "" && !strings.Contains(c.Attr, c.System) {
		more = append(more, "for "+notes.Text(clip(c.System)))
	}
	if c.Why != "" {
		more = append(more, sentence(c.Why))
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ": ") + ")"
	}
	return text
}
