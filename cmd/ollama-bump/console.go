package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/nixtars/ollama-bump/bump"
)

// What is printed, and where:
//
// Stdout holds the result: a diff and a pull request (--dry-run), one JSON object (--json) or the address
// of the pull request. Everything else goes to stderr, in lines that begin with "ollama-bump: " or the
// name of a stage, so that nothing that a release or a builder wrote ever begins a line. Further lines
// of one message begin with "  | ".
//
// On a terminal the stages share one live line that is gone in the end; elsewhere each one is a line,
// and one more tells every half minute what still goes on. Colours are for terminals and for the log of
// GitHub Actions; NO_COLOR or TERM=dumb switch them off. Under GitHub Actions the lines of a stage are
// a group, and errors, warnings and the result are annotations besides. Tokens are never printed.

// verbosity is how much is printed.
type verbosity int

const (
	quiet   verbosity = iota - 1 // warnings and errors
	normal                       // and the steps of the run
	verbose                      // and what happens within a step
)

func (s *settings) verbosity() verbosity {
	switch {
	case s.quiet:
		return quiet
	case s.verbose:
		return verbose
	}
	return normal
}

// console writes to stderr.
type console struct {
	w io.Writer
	style
	secrets bump.Secrets        // never printed
	words   func(string) string // puts flags or inputs in place of the options that bump names
	now     func() time.Time

	mu      sync.Mutex
	warned  map[string]bool
	group   string // of GitHub Actions that is open
	sending bool   // the remote side is being changed
	progress
}

// style is what a console prints for whom.
type style struct {
	level   verbosity
	colour  bool
	actions bool       // GitHub Actions reads what is printed
	width   func() int // of the terminal, in columns; nil without one
}

// newConsole returns the console for a stream; the environment says what may be used there.
func newConsole(w io.Writer, getenv func(string) string, level verbosity) *console {
	s := &console{
		w: w, now: time.Now, warned: map[string]bool{},
		style:   style{level: level, actions: getenv("GITHUB_ACTIONS") == "true"},
		secrets: secrets(getenv), words: asFlags,
	}
	file, ok := terminal(w, getenv)
	s.colour = (ok || s.actions) && getenv("NO_COLOR") == ""
	if ok && !s.actions {
		s.width = func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil || width < 20 {
				return 80
			}
			return width
		}
	}
	return s
}

// terminal reports whether w is a terminal that can redraw a line.
func terminal(w io.Writer, getenv func(string) string) (*os.File, bool) {
	file, ok := w.(*os.File)
	return file, ok && getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}

// secrets returns the secrets of the environment.
func secrets(getenv func(string) string) bump.Secrets {
	var env []string
	for _, name := range []string{"GITHUB_TOKEN", "GH_TOKEN", "NIX_CONFIG"} {
		env = append(env, name+"="+getenv(name))
	}
	return bump.SecretsOf(env)
}

// event prints an event of bump.
func (s *console) event(e bump.Event) {
	if e.Kind == bump.Warning {
		s.warning(e.Text)
		return
	}
	if e.Stage != "github" { // a wait of the API client's, within whatever stage it waits for
		s.sending = e.Stage == "propose"
	}
	text := s.clean(e.Stage + ": " + e.Text)
	step := e.Kind == bump.Step || e.Kind == bump.Detail && s.level == verbose
	switch {
	case s.level == quiet, e.Kind == bump.Detail && !step:
		return
	case step && (s.width == nil || s.level == verbose):
		s.stage(e.Stage)
		s.line(text + elapsed(e.Elapsed))
	}
	if e.Kind != bump.Detail {
		s.show(text, e)
	}
}

// stage opens the group of a stage in the log of GitHub Actions.
func (s *console) stage(name string) {
	if !s.actions || s.group == name {
		return
	}
	s.endGroup()
	s.line("::group::" + name)
	s.group = name
}

// endGroup closes the group, for what is printed from here on must be seen.
func (s *console) endGroup() {
	if s.group != "" {
		s.line("::endgroup::")
	}
	s.group = ""
}

// elapsed returns " [1m2s]", or nothing for what took no time worth a word.
func elapsed(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return " [" + d.Truncate(time.Second).String() + "]"
}

// warning prints a warning, once.
func (s *console) warning(text string) {
	text = s.clean(text)
	s.mu.Lock()
	known := s.warned[text]
	s.warned[text] = true
	s.mu.Unlock()
	if known {
		return
	}
	s.line(s.paint("33", "ollama-bump: warning:") + " " + text)
	if s.actions {
		s.line(annotation("warning", nil, text))
	}
}

// failure prints an error: where and what, then what to do. failure is nil when err has no place.
func (s *console) failure(err error, failure *bump.Error, hint string) {
	s.done()
	s.endGroup()
	text := s.cleanLines(err.Error())
	s.line(s.paint("31;1", "ollama-bump:") + " " + strings.ReplaceAll(text, "\n", "\n  | "))
	hint = s.cleanLines(hint)
	if hint != "" {
		s.line(s.paint("36", "hint:") + " " + strings.ReplaceAll(hint, "\n", "\n  | "))
	}
	if !s.actions {
		return
	}
	var where []property
	if failure != nil && failure.File != "" {
		where = []property{
			{"file", s.clean(failure.File)}, {"line", fmt.Sprint(failure.Line)}, {"col", fmt.Sprint(failure.Column)},
		}
		text = s.cleanLines(failure.Text)
	}
	if hint != "" {
		text += "\nhint: " + hint
	}
	s.line(annotation("error", where, text))
}

// result prints how the run ended.
func (s *console) result(text string) {
	s.endGroup()
	text = s.clean(text)
	if s.level != quiet {
		s.line(s.paint("32;1", "ollama-bump:") + " " + text)
	}
	if s.actions {
		s.line(annotation("notice", nil, text))
	}
}

// paint colours text where colours are shown. code is that of ECMA-48's SGR.
func (s *console) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clean makes one harmless line of text, without secrets.
func (s *console) clean(text string) string {
	return bump.Printable(s.secrets.Redact(s.words(text)))
}

// cleanLines is clean for text of several lines, without blank ones.
func (s *console) cleanLines(text string) string {
	return bump.PrintableLines(s.secrets.Redact(s.words(text)))
}
