package text

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

const (
	maxTitle   = 200    // characters; GitHub takes 256
	maxMessage = 20_000 // bytes of a commit message
	maxAppend  = 10_000 // bytes of what a template adds to the body
)

// Fields is what templates of the title, the commit message and the body may name. All are plain text of
// letters, digits and "._+-", but ReleaseURL, Title and the names of files.
type Fields struct {
	Package    string   // ollama
	OldVersion string   // 0.32.13
	NewVersion string   // 0.32.15
	Repair     bool     // the version stays, hashes are repaired
	Unpinned   bool     // the pin is removed, NewVersion is nixpkgs' own
	Security   bool     // the bump fixes a known vulnerability
	ReleaseURL string   // https://github.com/ollama/ollama/releases/tag/v0.32.15
	Files      []string // that change, from the repository's root
	Title      string   // as it is without a template
}

// Templates are the user's texts in Go's text/template, in place of ours; "" keeps ours.
type Templates struct {
	Title   string // one line
	Message string // of the commit; its first line is the subject
	Append  string // Markdown, added to the body
}

// Check returns a *TemplateError for a template that cannot be read, or names what is no field.
func (t Templates) Check() error {
	for _, c := range t.list() {
		for _, sample := range samples() {
			if _, err := c.execute(sample); err != nil {
				return err
			}
		}
	}
	return nil
}

// samples returns fields of every kind of bump: a template may look at different ones in each.
func samples() []Fields {
	plain := Fields{
		Package: "x", OldVersion: "x", NewVersion: "y", ReleaseURL: "x", Files: []string{"x"}, Title: "x",
	}
	repair, removal, fix := plain, plain, plain
	repair.Repair, repair.NewVersion = true, repair.OldVersion
	removal.Unpinned, fix.Security = true, true
	return []Fields{plain, repair, removal, fix}
}

// namedTemplate is one of the user's texts.
type namedTemplate struct {
	name   string // for people
	option string // that it comes from
	text   string
	limit  int  // bytes of what it makes
	empty  bool // it may make nothing
}

func (t Templates) title() namedTemplate {
	return namedTemplate{"title template", "Options.Title", t.Title, maxTitle * utf8.UTFMax, false}
}

func (t Templates) message() namedTemplate {
	return namedTemplate{"commit message template", "Options.CommitMessage", t.Message, maxMessage, false}
}

func (t Templates) appendix() namedTemplate {
	return namedTemplate{"body template", "Options.BodyAppend", t.Append, maxAppend, true}
}

func (t Templates) list() []namedTemplate {
	return []namedTemplate{t.title(), t.message(), t.appendix()}
}

var errTooLong = errors.New("the text is too long")

// bounded is a writer that takes limit bytes and no more.
type bounded struct {
	strings.Builder
	limit int
}

func (w *bounded) Write(p []byte) (int, error) {
	if w.Len()+len(p) > w.limit {
		return 0, errTooLong
	}
	return w.Builder.Write(p)
}

// execute returns what the template makes of a bump, "" without a template.
func (t namedTemplate) execute(f Fields) (string, error) {
	if t.text == "" {
		return "", nil
	}
	parsed, err := template.New("").Option("missingkey=error").Parse(t.text)
	if err != nil {
		return "", t.failed(placeInTemplate.ReplaceAllString(err.Error(), "line $1: "))
	}
	out := &bounded{limit: t.limit}
	switch err := parsed.Execute(out, f); {
	case errors.Is(err, errTooLong):
		return "", t.failed(errTooLong.Error())
	case err != nil:
		why := executing.ReplaceAllString(placeInTemplate.ReplaceAllString(err.Error(), "line $1: "), "")
		return "", t.failed(strings.TrimSuffix(why, " in type text.Fields"))
	}
	if strings.TrimSpace(out.String()) == "" && !t.empty {
		return "", t.failed("the text is empty")
	}
	return strings.TrimSpace(diag.Safe(out.String())), nil
}

func (t namedTemplate) failed(why string) error { return &TemplateError{t.name, t.option, why} }

var (
	// placeInTemplate matches how text/template begins an error, with the line in the nameless template.
	placeInTemplate = regexp.MustCompile(`^template: :(\d+)(?::\d+)?: `)
	// executing matches what it says then of an error of execution, up to the part that the error is about.
	executing = regexp.MustCompile(`executing "" at `)
)

// TemplateError is a template that cannot be read or executed.
type TemplateError struct {
	Name   string // for people: "title template"
	Option string // "Options.Title"
	Why    string
}

func (e *TemplateError) Error() string { return e.Name + ": " + e.Why }

// Hint returns what a template may name.
func (e *TemplateError) Hint() string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Fields]()) {
		names = append(names, field.Name)
	}
	return e.Option + " is a template of Go's text/template; its fields are ." + strings.Join(names, ", .")
}

// fields returns r as templates see it.
func (r Report) fields() Fields {
	f := Fields{
		Package: bare(r.Package), OldVersion: bare(r.OldVersion), NewVersion: bare(r.NewVersion),
		Repair: r.repair(), Unpinned: r.Decision.Dropped, Security: len(r.Decision.Security) > 0, Title: title(r),
	}
	f.ReleaseURL, _ = notes.URL(r.Release.URL)
	for _, c := range r.Changes {
		f.Files = append(f.Files, diag.Line(c.File))
	}
	slices.Sort(f.Files)
	f.Files = slices.Compact(f.Files)
	return f
}

// Texts are what people read of a proposal.
type Texts struct {
	Title   string // one line
	Message string // of the commit
	Body    string // Markdown
}

// Write writes the texts of a report. The error is that of the context or of a template.
func Write(ctx context.Context, r Report, t Templates) (Texts, error) {
	title, err := writeTitle(r, t)
	if err != nil {
		return Texts{}, err
	}
	message, err := writeMessage(r, t)
	if err != nil {
		return Texts{}, err
	}
	body, err := writeBody(ctx, r, t, "")
	if err != nil {
		return Texts{}, fmt.Errorf("report: %w", err)
	}
	return Texts{title, message, body}, nil
}

// writeTitle returns the title of r's pull request and the first line of its commit: one line of plain text.
func writeTitle(r Report, t Templates) (string, error) {
	text, err := t.title().execute(r.fields())
	if err != nil || text == "" {
		return title(r), err
	}
	return diag.Clip(diag.Line(text), maxTitle), nil
}

func title(r Report) string {
	name := bare(r.Package)
	switch {
	case r.Decision.Dropped:
		return fmt.Sprintf("%s: drop the override (nixpkgs has %s)", name, bare(r.NewVersion))
	case r.repair():
		return fmt.Sprintf("%s: repair %s", name, repaired(r.Changes))
	}
	return fmt.Sprintf("%s: %s -> %s", name, bare(r.OldVersion), bare(r.NewVersion))
}

// repaired names what a bump to the same version changes, as Nix code calls it where all of that is known.
func repaired(changes []Change) string {
	var names []string
	for _, c := range changes {
		if c.Attr == "" {
			return "the pin"
		}
		names = append(names, c.Attr)
	}
	slices.Sort(names)
	switch names = slices.Compact(names); len(names) {
	case 0:
		return "the pin"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// writeMessage returns the title and the release's address, or what the template says.
func writeMessage(r Report, t Templates) (string, error) {
	text, err := t.message().execute(r.fields())
	if err != nil || text != "" {
		return text + "\n", err
	}
	message, err := writeTitle(r, t)
	if address, ok := notes.URL(r.Release.URL); ok {
		message += "\n\n" + address
	}
	return message + "\n", err
}

// bare keeps what names and versions are made of: a title is not Markdown, and nothing in it may mean
// anything to GitHub.
func bare(value string) string {
	kept := strings.Map(func(r rune) rune {
		if r < 0x80 &&
			(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r)) {
			return r
		}
		return -1
	}, value)
	return kept[:min(len(kept), 60)]
}
