package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump"
)

// report prints how a run ended and returns the exit status.
func (p *program) report(s *settings, r bump.Result) int {
	for _, warning := range r.Warnings {
		p.log.warning(warning)
	}
	if err := p.output(s, r); err != nil {
		return p.fail(err)
	}
	p.log.result(sentence(s.Mode, r))
	if p.action {
		if err := p.publish(s.Mode, r); err != nil {
			return p.fail(err)
		}
	}
	if s.Mode == bump.Check && r.Status == bump.Available && !p.action {
		return exitAvailable
	}
	return exitOK
}

// output writes to stdout what a run yields.
func (p *program) output(s *settings, r bump.Result) error {
	switch {
	case s.json:
		text, err := p.marshal(filled(r))
		if err != nil {
			return err
		}
		return mustWrite(p.stdout, text)
	case s.Mode == bump.DryRun && r.Diff != "":
		return p.show(s, r)
	case s.Mode != bump.Propose || p.action || r.Status == bump.Skipped:
		return nil
	case r.PullRequest != nil && r.PullRequest.URL != "":
		return mustWrite(p.stdout, p.log.clean(r.PullRequest.URL)+"\n")
	}
	return nil
}

// show writes the diff and, unless no pull request would be made, the pull request. A terminal gets
// something to read, everything else what git apply takes.
func (p *program) show(s *settings, r bump.Result) error {
	diff := p.log.secrets.Exact(r.Diff)
	if p.getenv("TF_BUILD") != "" { // Azure Pipelines obeys commands anywhere in a line, the flake's own text too
		diff = bump.WithoutCommands(diff)
	}
	file, interactive := terminal(p.stdout, p.getenv)
	if interactive && !p.log.actions {
		text := p.colourDiff(diff)
		if !s.noPR {
			text += "\n" + wrapped(p.preview(r.Title, p.log.secrets.Exact(r.Body), s.full), file)
		}
		if p.page(file, text) {
			return nil
		}
		return mustWrite(p.stdout, text)
	}
	text := diff
	if p.action {
		text = p.colourDiff(diff)
	}
	if !s.noPR {
		text += "\n" + p.quote(r.Title+"\n\n"+r.Body)
	}
	if p.log.actions {
		text = silenced(text)
	}
	return mustWrite(p.stdout, text)
}

// failed is the JSON object of a run that failed.
type failed struct {
	Schema int         `json:"schema"`
	Status bump.Status `json:"status"`
	Error  failedError `json:"error"`
}

type failedError struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	File    string `json:"file,omitempty"` // from the repository's root
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

// failureObject returns what --json prints of an error.
func (p *program) failureObject(err error, failure *bump.Error, hint string) failed {
	e := failedError{Message: p.log.cleanLines(err.Error()), Hint: p.log.cleanLines(hint)}
	if failure != nil && failure.File != "" {
		e.Message = p.log.cleanLines(failure.Text)
		e.File, e.Line, e.Column = p.log.clean(failure.File), failure.Line, failure.Column
	}
	return failed{Schema: 1, Status: "failed", Error: e}
}

// filled returns a result with what a bump that did not come far leaves out.
func filled(r bump.Result) bump.Result {
	r.Schema = 1
	if r.Files == nil {
		r.Files = []bump.FileChange{}
	}
	return r
}

// marshal returns the JSON object, without secrets and without commands for CI runners.
func (p *program) marshal(object any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		return "", fmt.Errorf("write JSON object: %w", err)
	}
	return p.log.secrets.JSON(b.String()), nil
}

// quote puts "| " in front of each line. Release notes may hold a patch: behind the bar neither
// git apply nor patch takes it for one, and what they apply is our diff alone.
func (p *program) quote(text string) string {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimRight(p.log.secrets.Exact(text), "\n"), "\n") {
		b.WriteString(strings.TrimRight("| "+bump.PrintableLines(line), " ") + "\n")
	}
	return b.String()
}

// colourDiff colours a unified diff as git does.
func (p *program) colourDiff(diff string) string {
	if p.getenv("NO_COLOR") != "" {
		return diff
	}
	var b strings.Builder
	for line := range strings.Lines(diff) {
		code := map[byte]string{'+': "32", '-': "31", '@': "36", 'd': "1"}[line[0]]
		if code == "" {
			b.WriteString(line)
			continue
		}
		body := strings.TrimSuffix(line, "\n")
		b.WriteString("\x1b[" + code + "m" + body + "\x1b[0m" + line[len(body):])
	}
	return b.String()
}

// sentence says in one line how a run ended.
func sentence(mode bump.Mode, r bump.Result) string {
	step := fmt.Sprintf("ollama %s -> %s", r.OldVersion, r.NewVersion)
	switch {
	case r.Unpinned:
		step = fmt.Sprintf("override of ollama %s removed, nixpkgs has %s", r.OldVersion, r.NewVersion)
	case r.OldVersion == r.NewVersion:
		step = fmt.Sprintf("ollama %s repaired", r.NewVersion)
	}
	switch {
	case r.Status == bump.Current && r.Reason != "":
		return fmt.Sprintf("ollama %s is current: %s", r.NewVersion, withURL(r.Reason, r.PullRequest))
	case r.Status == bump.Current:
		return fmt.Sprintf("ollama %s is current", r.OldVersion)
	case r.Status == bump.Available && mode == bump.DryRun:
		return step + ": nothing was written, nothing was sent"
	case r.Status == bump.Available:
		return fmt.Sprintf("ollama %s is available, %s is pinned", r.NewVersion, r.OldVersion)
	case r.Status == bump.Skipped:
		return step + ": skipped: " + withURL(r.Reason, r.PullRequest)
	case r.PullRequest != nil && r.PullRequest.Number > 0:
		pr := r.PullRequest
		return withURL(fmt.Sprintf("%s: %s pull request #%d", step, pr.Operation, pr.Number), pr)
	}
	return step + ": wrote " + strings.Join(paths(r.Files), ", ")
}

// withURL adds the address of the pull request that a text is about.
func withURL(text string, pr *bump.PullRequest) string {
	if pr == nil || pr.URL == "" {
		return text
	}
	return text + ": " + pr.URL
}

func paths(files []bump.FileChange) []string {
	var all []string
	for _, file := range files {
		all = append(all, file.Path)
	}
	return all
}
