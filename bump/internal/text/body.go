package text

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

const (
	bodyLimit  = 59_500 // of 60,000, as notes.Size counts: the rest is for what is added to the marker
	listLimit  = 5_000  // of each list: an ordinary one has half a dozen lines
	valueLimit = 120    // characters of one value shown
	urlLimit   = 1_000  // of the release's address, which is given twice
)

// RebaseBox is the comment in the line of the check box by which people ask for a rebase. The box is
// checked when the line holds "[x]".
const RebaseBox = "<!-- ollama-bump-rebase -->"

// writeBody returns the pull request's text in Markdown, at most 60,000 characters. marker is its first line, by
// which the pull request is recognised; "" leaves it out. Every value of r is taken for hostile. What is
// too long is cut, first of all the release notes. The error is that of the context or of a template.
func writeBody(ctx context.Context, r Report, t Templates, marker string) (string, error) {
	own, err := t.appendix().execute(r.fields())
	if err != nil {
		return "", err
	}
	var head, tail strings.Builder
	if marker != "" {
		head.WriteString(marker + "\n\n")
	}
	for _, part := range []string{
		summary(r), decision(r), values(r.Changes), effect(r.Effect), proof(r.Proof),
		section("Worth a look", sentences(r.Warnings)), instructions(r),
	} {
		head.WriteString(part)
	}
	if own != "" {
		tail.WriteString(own + "\n\n")
	}
	tail.WriteString(footer(r))
	room := bodyLimit - notes.Size(head.String()) - notes.Size(tail.String())
	text, err := releaseNotes(ctx, r.Release.Notes, room)
	return head.String() + text + tail.String(), err
}

// summary is the table of what goes where.
func summary(r Report) string {
	var b strings.Builder
	b.WriteString("| Package | Version | |\n| --- | --- | --- |\n")
	fmt.Fprintf(&b, "| **%s** | %s | %s |\n", notes.Text(clip(r.Package)), step(r), strings.Join(news(r), ", "))
	for i, c := range r.Companions {
		if notes.Size(b.String()) > listLimit {
			fmt.Fprintf(&b, "| and %d more | | |\n", len(r.Companions)-i)
			break
		}
		name := notes.Text(clip(c.Name))
		switch {
		case !c.Moved:
			fmt.Fprintf(&b, "| %s | %s | **not moved** |\n", name, plain(abbreviated(c.Old)))
		case c.Old != c.New:
			old, to := abbreviated(c.Old), abbreviated(c.New)
			with := notes.Text(clip(r.Package))
			fmt.Fprintf(&b, "| %s | %s%s | moves with %s |\n", name, from(old, to), plain(to), with)
		}
	}
	return b.String() + "\n"
}

// commit matches the name of a commit, which is too long for a table.
var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// abbreviated returns a ref as people write it.
func abbreviated(ref string) string {
	if commit.MatchString(ref) {
		return ref[:12]
	}
	return ref
}

// step is the package's way from the old version to the new one.
func step(r Report) string {
	to := plain(r.NewVersion)
	if address, ok := notes.URL(r.Release.URL); ok && len(address) <= urlLimit {
		to = "[" + to + "](<" + address + ">)"
	}
	switch {
	case r.Decision.Dropped:
		return from(r.OldVersion, r.NewVersion) + to + " from nixpkgs"
	case r.repair():
		return to
	}
	return from(r.OldVersion, r.NewVersion) + to
}

// from is the old version and an arrow to the new one, which stay on one line when they are short.
func from(old, to string) string {
	if len(old)+len(to) <= 24 {
		return plain(old) + "\u00a0→\u00a0"
	}
	return plain(old) + " → "
}

// news is what there is to know of the step: the release's age and the list of changes, or what is repaired.
func news(r Report) []string {
	if r.repair() {
		return []string{"repairs " + notes.Text(repaired(r.Changes))}
	}
	var all []string
	if r.Release.Age > 0 {
		all = append(all, "released "+ago(r.Release.Age))
	}
	if address, ok := notes.URL(r.Release.URL); ok && len(address) <= urlLimit {
		if home, _, ok := strings.Cut(address, "/releases/"); ok {
			compare := fmt.Sprintf("%s/compare/v%s...v%s", home, bare(r.OldVersion), bare(r.NewVersion))
			all = append(all, notes.Link("all changes", compare))
		}
	}
	return all
}

// ago says how long ago something was, in one unit.
func ago(age time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length, from time.Duration
		name         string
	}{
		{365 * day, 2 * 365 * day, "year"},
		{30 * day, 60 * day, "month"},
		{7 * day, 21 * day, "week"},
		{day, day, "day"},
		{time.Hour, time.Hour, "hour"},
	} {
		if age >= unit.from {
			return count(int(age/unit.length), unit.name) + " ago"
		}
	}
	return "less than an hour ago"
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// clip keeps a value from filling the page.
func clip(value string) string { return diag.Clip(value, valueLimit) }

// place keeps a place in a file from filling the page: its end says the most.
func place(where string) string {
	short, cut := where, false
	for len(short) > valueLimit {
		_, rest, ok := strings.Cut(short, "/")
		if !ok {
			return clip(where)
		}
		short, cut = rest, true
	}
	if cut {
		return "…/" + short
	}
	return where
}

// plain is a value in running text.
func plain(value string) string {
	if strings.TrimSpace(value) == "" {
		return "*(empty)*"
	}
	return notes.Text(clip(value))
}

// value is a value as it stands in a file.
func value(text string) string {
	if strings.TrimSpace(text) == "" {
		return "*(empty)*"
	}
	return notes.Code(clip(text))
}

// decision says why this version, and what else there is to know of the pin.
func decision(r Report) string {
	var lines []string
	for _, a := range r.Decision.Security {
		lines = append(lines, security(a))
	}
	d := r.Decision
	if text := base(d); text != "" {
		name := notes.Text(clip(r.Package))
		lines = append(lines, "nixpkgs itself has "+name+" "+plain(d.Base)+text)
	}
	for _, h := range d.Holds {
		line := fmt.Sprintf("%s says %s", notes.Code(place(h.Where)), value(h.Text))
		if h.Expired {
			line += "; it has expired and was ignored"
		}
		if h.Stays != "" {
			line += ", so that " + plain(h.Stays) + " stays there"
		}
		lines = append(lines, line+".")
	}
	for _, p := range d.Passed {
		why := strings.TrimSuffix(sentence(p.Why), ".")
		lines = append(lines, fmt.Sprintf("%s was not taken: %s.", plain(p.Version), why))
	}
	for _, c := range r.Companions {
		if !c.Moved {
			lines = append(lines, notes.Text(clip(c.Name))+" was **not moved**: "+sentence(c.Why))
		}
	}
	return bullets(lines)
}

// base says what the version of nixpkgs' own package means for the pin.
func base(d Decision) string {
	switch {
	case d.Base == "":
		return ""
	case d.Dropped:
		return ": the pin is no longer needed."
	case d.Kept && d.State != Needed:
		return ", which a comment rules out: the pin stays."
	case d.State == CaughtUp:
		return ": **the pin can be removed**."
	case d.State == HoldingBack:
		return ", newer than what was pinned: **the pin held it back**."
	case d.State == Needed:
		return ": the pin is still needed."
	}
	return ""
}

// security is one vulnerability that the bump fixes.
func security(a Advisory) string {
	ids := []string{notes.Link(clip(a.GHSA), a.URL)}
	if a.GHSA == "" {
		ids = nil
	}
	if a.CVE != "" {
		ids = slices.Insert(ids, 0, notes.Link(clip(a.CVE), cvePage(a.CVE)))
	}
	text := "**Security**: fixes " + strings.Join(ids, ", ")
	if a.Severity != "" {
		text += ", severity " + notes.Text(clip(a.Severity))
	}
	if a.Summary != "" {
		text += ": " + strings.TrimSuffix(sentence(a.Summary), ".")
	}
	return text + "."
}

var cveSyntax = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// cvePage returns the address of a vulnerability's record, "" for what is no identifier of one.
func cvePage(id string) string {
	if !cveSyntax.MatchString(id) {
		return ""
	}
	return "https://www.cve.org/CVERecord?id=" + id
}

// values folds away every value rewritten: the diff shows them as well.
func values(changes []Change) string {
	if len(changes) == 0 {
		return ""
	}
	files := map[string]bool{}
	var lines []string
	for _, c := range changes {
		files[c.File] = true
		where := c.File
		if c.Line > 0 {
			where = fmt.Sprintf("%s:%d", c.File, c.Line)
		}
		what := notes.Code(place(where)) + ", " + notes.Text(clip(c.Field))
		lines = append(lines, what+": "+value(c.Old)+" → "+value(c.New))
	}
	return fold(count(len(changes), "value")+" in "+count(len(files), "file"), bullets(lines))
}

// fold hides Markdown behind a summary, which is plain text of ours.
func fold(summary, markdown string) string {
	return "<details>\n<summary>" + summary + "</summary>\n\n" + markdown + "</details>\n\n"
}

// section is a list below a heading, or nothing without lines.
func section(title string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "### " + title + "\n\n" + bullets(lines)
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
	text = diag.Clip(strings.Join(strings.Fields(text), " "), 5*valueLimit)
	return strings.Join(strings.Fields(notes.Defuse(text)), " ")
}

// instructions say how to try the change and how to undo it.
func instructions(r Report) string {
	var b strings.Builder
	b.WriteString("### Try it\n\n")
	if command := r.Try.command(); command != "" {
		b.WriteString("```sh\n" + command + "\n```\n\n")
	} else {
		b.WriteString("Check this branch out (`gh pr checkout` and the number of this pull request) " +
			"and build what uses the package: `nix build`, or `nixos-rebuild test --flake .` on the machine.\n\n")
	}
	undo := "after the merge, press *Revert* below."
	if r.Try.Rebase { // another program's pull request may come back
		undo = "close this pull request, and it will not come back for this version. A" + undo[1:]
	}
	return b.String() + "**Undo it**: " + undo + "\n\n"
}

// shellWord matches what a shell takes as it is; what is long is no name.
var shellWord = regexp.MustCompile(`^[A-Za-z0-9._+/-]{0,120}$`)

// command runs the new version without a checkout; "" when that is not possible, or the names do not go
// into a shell as they are.
func (t Try) command() string {
	if t.Repository == "" || t.Branch == "" || t.Attr == "" {
		return ""
	}
	for _, part := range []string{t.Repository, t.Branch, t.Folder, t.Attr} {
		if !shellWord.MatchString(part) {
			return ""
		}
	}
	reference := "github:" + t.Repository + "/" + t.Branch
	if t.Folder != "" {
		reference += "?dir=" + t.Folder
	}
	reference += "#" + t.Attr
	switch quoted := "'" + reference + "'"; {
	case t.Folder != "" && len(quoted) <= phone-4: // a shell expands the question mark
		return "nix run \\\n  " + quoted + " \\\n  -- --version"
	case len(reference) > phone-4:
		return "nix run \"" + strings.Join(pieces(reference), "\\\n") + "\" \\\n  -- --version"
	case len(reference) > 24:
		return "nix run \\\n  " + reference + " \\\n  -- --version"
	}
	return "nix run " + reference + " -- --version"
}

const phone = 49 // characters in a line of a code block, in a narrow window

// pieces cuts a reference so that each piece fits into a line of a phone, behind slashes where there are any. In double
// quotes a shell puts lines that end in a backslash together.
func pieces(reference string) []string {
	var all []string
	room := phone - len(`nix run "\`)
	for len(reference) > room-2 { // the last one is followed by a quote and a backslash
		room = min(room, len(reference)-1)
		at := strings.LastIndex(reference[:room], "/") + 1
		if at < room/2 {
			at = room
		}
		all = append(all, reference[:at])
		reference, room = reference[at:], phone-1
	}
	return append(all, reference)
}

// footer holds the check box and says who made the pull request.
func footer(r Report) string {
	var b strings.Builder
	b.WriteString("---\n\n")
	if r.Try.Rebase {
		b.WriteString("- [ ] " + RebaseBox + "Check this box to rebase this pull request on the " +
			"next run, unless it has other people's commits\n\n")
	}
	if r.Tool.Name != "" {
		b.WriteString("Made by " + notes.Link(clip(r.Tool.Name), r.Tool.URL))
		if r.Tool.Version != "" {
			b.WriteString(" " + notes.Text(clip(r.Tool.Version)))
		}
		b.WriteString(".\n")
	}
	return b.String()
}
