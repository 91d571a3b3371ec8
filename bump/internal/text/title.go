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
	sample := Fields{Package: "x", OldVersion: "x", NewVersion: "x", Title: "x", Files: []string{"x"}}
	for _, c := range t.list() {
		if _, err := execute(c.name, c.text, sample, c.limit); err != nil {
			return err
		}
	}
	return nil
}

type namedTemplate struct {
	name, text string
	limit      int
}

func (t Templates) list() []namedTemplate {
	return []namedTemplate{
		{"Options.Title", t.Title, maxTitle * utf8.UTFMax},
		{"Options.CommitMessage", t.Message, maxMessage},
		{"Options.BodyAppend", t.Append, maxAppend},
	}
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

func execute(name, text string, f Fields, limit int) (string, error) {
	if text == "" {
		return "", nil
	}
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", &TemplateError{name, "line " + strings.TrimPrefix(err.Error(), "template: "+name+":")}
	}
	out := &bounded{limit: limit}
	var wrong template.ExecError
	switch err := t.Execute(out, f); {
	case errors.Is(err, errTooLong):
		return "", &TemplateError{name, errTooLong.Error()}
	case errors.As(err, &wrong):
		return "", &TemplateError{name, placeInTemplate.ReplaceAllString(wrong.Err.Error(), "")}
	case err != nil:
		return "", &TemplateError{name, err.Error()}
	}
	if strings.TrimSpace(out.String()) == "" {
		return "", &TemplateError{name, "the text is empty"}
	}
	return strings.TrimSpace(diag.Safe(out.String())), nil
}

// placeInTemplate matches what text/template says in front of a cause that names its place itself.
var placeInTemplate = regexp.MustCompile(`^template: .*?: executing .*? at | in type text\.Fields$`)

// TemplateError is a template that cannot be read or executed.
type TemplateError struct{ Name, Why string }

func (e *TemplateError) Error() string { return e.Name + ": " + e.Why }

// Hint returns what a template may name.
func (e *TemplateError) Hint() string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Fields]()) {
		names = append(names, field.Name)
	}
	return "it is a template of Go's text/template; its fields are " + strings.Join(names, ", ")
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
	text, err := execute("Options.Title", t.Title, r.fields(), maxTitle*utf8.UTFMax)
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

// repaired names what a bump to the same version changes, as Nix calls it.
func repaired(changes []Change) string {
	var names []string
	for _, c := range changes {
		name, ok := map[string]string{"vendor hash": "vendorHash", "src hash": "src.hash"}[c.Field]
		if !ok {
			return "the pin"
		}
		names = append(names, name)
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
	text, err := execute("Options.CommitMessage", t.Message, r.fields(), maxMessage)
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
