package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

const (
	bodyLimit  = 59_500 // of 60,000, as notes.Size counts: the rest is for what is added to the marker
	tableLimit = 24_000 // of the table of changes; an ordinary bump has half a dozen rows
	listLimit  = 7_000  // of each list: companions, what was verified, warnings
	valueLimit = 120    // characters of one value shown
	urlLimit   = 1_000  // of the release's address, which is given twice
)

// Title is the title of r's pull request and the first line of its commit: one line of plain text.
func Title(r Report) string {
	return fmt.Sprintf("%s: %s -> %s", bare(r.Package), bare(r.OldVersion), bare(r.NewVersion))
}

// CommitMessage is Title and the release's address.
func CommitMessage(r Report) string {
	message := Title(r)
	if address, ok := notes.URL(r.ReleaseURL); ok {
		message += "\n\n" + address
	}
	return message + "\n"
}

// bare keeps what names and versions are made of: a title is not Markdown, and nothing in it may mean
// anything to GitHub.
func bare(value string) string {
	kept := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r)) {
			return r
		}
		return -1
	}, value)
	return kept[:min(len(kept), 60)]
}

// Body is the pull request's text in Markdown, at most 60,000 characters. marker is its first line, as
// the package github recognises the pull request by; "" leaves it out. Every value of r is taken for
// hostile. What is too long is cut in the release notes only.
func Body(r Report, marker string) string {
	var b strings.Builder
	if marker != "" {
		b.WriteString(marker + "\n\n")
	}
	b.WriteString(summary(r) + "\n\n")
	b.WriteString(changeTable(r.Changes))
	b.WriteString(companionList(r.Companions))
	b.WriteString(verification(r))
	tail := instructions(r)
	room := bodyLimit - notes.Size(b.String()) - notes.Size(tail)
	b.WriteString(releaseNotes(r.Notes, room))
	return b.String() + tail
}

// summary says what goes where, with links to read on.
func summary(r Report) string {
	text := fmt.Sprintf("Bumps **%s** from %s to %s", notes.Text(clip(r.Package)), notes.Code(clip(r.OldVersion)), notes.Code(clip(r.NewVersion)))
	var links []string
	if address, ok := notes.URL(r.ReleaseURL); ok && len(address) <= urlLimit {
		links = append(links, "[release](<"+address+">)")
		if home, _, ok := strings.Cut(address, "/releases/"); ok && r.OldVersion != r.NewVersion {
			links = append(links, notes.Link("all changes", fmt.Sprintf("%s/compare/v%s...v%s", home, bare(r.OldVersion), bare(r.NewVersion))))
		}
	}
	if len(links) > 0 {
		text += " (" + strings.Join(links, ", ") + ")"
	}
	return text + "."
}

// clip keeps a value from filling the page.
func clip(value string) string {
	if runes := []rune(value); len(runes) > valueLimit {
		return string(runes[:valueLimit]) + "…"
	}
	return value
}

// changeTable lists every value rewritten.
func changeTable(changes []Change) string {
	if len(changes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| Where | What | Old | New |\n| --- | --- | --- | --- |\n")
	for i, c := range changes {
		where := c.File
		if c.Line > 0 {
			where = fmt.Sprintf("%s:%d", c.File, c.Line)
		}
		row := fmt.Sprintf("| %s | %s | %s | %s |\n", notes.Code(clip(where)), notes.Text(clip(c.Field)), value(c.Old), value(c.New))
		if notes.Size(b.String())+notes.Size(row) > tableLimit {
			fmt.Fprintf(&b, "\nand %d more.\n", len(changes)-i)
			break
		}
		b.WriteString(row)
	}
	return b.String() + "\n"
}

func value(text string) string {
	if strings.TrimSpace(text) == "" {
		return "*(empty)*"
	}
	return notes.Code(clip(text))
}

func companionList(companions []Companion) string {
	var lines []string
	for _, c := range companions {
		if c.Moved {
			lines = append(lines, fmt.Sprintf("%s moved with it, from %s to %s.", notes.Text(clip(c.Name)), value(c.Old), value(c.New)))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s did **not** move (it stays at %s): %s", notes.Text(clip(c.Name)), value(c.Old), sentence(c.Why)))
	}
	return bullets(lines)
}

// bullets is a list of lines, as many as there is room for: escaped, a line may be many times as long as
// what it says.
func bullets(lines []string) string {
	var b strings.Builder
	room := listLimit
	for i, line := range lines {
		if room -= notes.Size(line) + len("- \n"); room < 0 {
			fmt.Fprintf(&b, "- and %d more\n", len(lines)-i)
			break
		}
		b.WriteString("- " + line + "\n")
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

func sentences(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, sentence(text))
	}
	return all
}

// sentence is a text that may hold code spans, on one line.
func sentence(text string) string {
	return strings.Join(strings.Fields(notes.Defuse(clipLine(text))), " ")
}

func clipLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 5*valueLimit {
		return string(runes[:5*valueLimit]) + "…"
	}
	return text
}

// verification says what was proved, by what, and what to look at.
func verification(r Report) string {
	var b strings.Builder
	if len(r.Verified) > 0 {
		b.WriteString("**Verified**")
		if r.NixVersion != "" {
			fmt.Fprintf(&b, " with Nix %s", notes.Text(clip(r.NixVersion)))
		}
		if r.System != "" {
			fmt.Fprintf(&b, " on %s", notes.Code(clip(r.System)))
		}
		b.WriteString(":\n\n")
		b.WriteString(bullets(sentences(r.Verified)))
	}
	if len(r.Warnings) > 0 {
		b.WriteString("**Worth a look**:\n\n")
		b.WriteString(bullets(sentences(r.Warnings)))
	}
	return b.String()
}

func instructions(r Report) string {
	tool := ""
	if r.Tool != "" {
		tool = fmt.Sprintf("\n\nMade by %s.", notes.Text(clip(r.Tool)))
	}
	return "**Try it**: check this branch out (`gh pr checkout` and the number of this pull request) and build what uses the package, with " +
		"`nix build` or `nixos-rebuild test --flake .`.\n" +
		"**Undo it**: before the merge, close this pull request; it will not come back for this version. After the merge, press *Revert* below, " +
		"or `git revert` the commit." + tool + "\n"
}

const (
	foldStart = "<details>\n<summary>Release notes of %d %s</summary>\n\n"
	foldEnd   = "</details>\n\n"
	cutNotice = "*(cut here; the rest is behind the link above)*"
)

// releaseNotes folds away what upstream wrote, newest release first, in at most room characters. Every
// release keeps its heading as long as those fit.
func releaseNotes(all []ReleaseNote, room int) string {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b ReleaseNote) int { return -version.Compare(a.Version, b.Version) })
	releases := "releases"
	if len(all) == 1 {
		releases = "release"
	}
	start := fmt.Sprintf(foldStart, len(all), releases)
	room -= notes.Size(start) + notes.Size(foldEnd)
	var heads []string
	for _, note := range all {
		head := "### " + notes.Link(clip(note.Version), note.URL) + "\n\n"
		least := notes.Size(head) + len(cutNotice) + len("\n\n")
		if room < least {
			break
		}
		room -= least
		heads = append(heads, head)
	}
	if len(heads) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(start)
	for i, head := range heads {
		b.WriteString(head)
		text, cut := "", strings.TrimSpace(all[i].Body) != ""
		if room > 0 {
			text, cut = notes.Fit(notes.Defuse(all[i].Body), room)
		}
		room = max(room-notes.Size(text)-len("\n\n"), 0)
		if text != "" {
			b.WriteString(text + "\n\n")
		}
		if cut {
			b.WriteString(cutNotice + "\n\n")
			room = 0
		}
	}
	return b.String() + foldEnd
}
