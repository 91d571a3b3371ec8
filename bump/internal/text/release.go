package text

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

const (
	cutNotice   = "*(cut here; the rest is behind the link above)*"
	notesBudget = 10 * time.Second // for all notes together; ordinary ones take milliseconds
)

// releaseNotes shows what upstream wrote of the newest release, and folds away the older ones, in at most
// room characters. Every release keeps its heading as long as those fit; notes that come too late for the
// budget of time are left out.
func releaseNotes(ctx context.Context, all []ReleaseNote, room int) (string, error) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b ReleaseNote) int { return -version.Compare(a.Version, b.Version) })
	const title = "### Release notes\n\n"
	start, end := "", ""
	if len(all) > 1 {
		start, end, _ = strings.Cut(fold(older(len(all)-1), "\x00"), "\x00")
	}
	heads, room := headings(all, room-notes.Size(title)-notes.Size(start)-notes.Size(end))
	if len(heads) == 0 {
		return "", ctx.Err()
	}
	var b strings.Builder
	b.WriteString(title)
	deadline := time.Now().Add(notesBudget)
	for i, head := range heads {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if i == 1 {
			b.WriteString(start)
		}
		if time.Now().After(deadline) {
			room = 0
		}
		text := note(all[i].Body, room)
		b.WriteString(head + text)
		room = max(room-notes.Size(text), 0)
	}
	if len(heads) > 1 {
		b.WriteString(end)
	}
	return b.String(), nil
}

func older(n int) string {
	if n == 1 {
		return "1 older release"
	}
	return fmt.Sprintf("%d older releases", n)
}

// headings returns those that fit, and the room that is left when each note is followed by a notice.
func headings(all []ReleaseNote, room int) ([]string, int) {
	var heads []string
	for _, note := range all {
		head := "#### " + notes.Link(clip(note.Version), note.URL) + "\n\n"
		least := notes.Size(head) + len(cutNotice) + len("\n\n")
		if room < least {
			break
		}
		room -= least
		heads = append(heads, head)
	}
	return heads, room
}

// note is one note in at most room characters, besides the notice that it was cut.
func note(body string, room int) string {
	if strings.TrimSpace(body) == "" {
		return ""
	}
	text, cut := "", true
	if room > len("\n\n") {
		text, cut = notes.Fit(notes.Defuse(body), room-len("\n\n"))
	}
	if text != "" {
		text += "\n\n"
	}
	if cut {
		text += cutNotice + "\n\n"
	}
	return text
}
