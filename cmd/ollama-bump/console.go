package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/nixtars/ollama-bump/bump"
)

// What is said, and where:
//
// Stdout holds the result: a diff and a pull request (--dry-run) or one JSON object (--json).
// Everything else goes to stderr, in lines that begin with "ollama-bump: " or the name of a stage,
// so that nothing that a release or a builder wrote ever stands at the beginning of a line. Further
// lines of one message begin with "  | ".
//
// On a terminal the stages share one live line that is gone in the end; elsewhere each one is a
// line. Colours are for terminals, and NO_COLOR or TERM=dumb switch them off. Under GitHub Actions
// errors, warnings and the result are annotations besides. Tokens are never said.

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
	w       io.Writer
	level   verbosity
	colour  bool
	actions bool                // GitHub Actions reads what we say
	width   func() int          // of the terminal, in columns; nil without one
	secrets bump.Secrets        // never shown
	words   func(string) string // puts flags or inputs in place of the options that bump names
	now     func() time.Time

	mu     sync.Mutex
	live   string    // shown in the live line
	since  time.Time // when the run began, as the live line counts it
	tick   *time.Ticker
	warned map[string]bool
}

// newConsole looks at the stream and the environment for what it may use.
func newConsole(w io.Writer, getenv func(string) string, level verbosity) *console {
	s := &console{
		w: w, level: level, now: time.Now, warned: map[string]bool{},
		actions: getenv("GITHUB_ACTIONS") == "true",
		secrets: secrets(getenv), words: asFlags,
	}
	if file, ok := terminal(w, getenv); ok && !s.actions {
		s.colour = getenv("NO_COLOR") == ""
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

// event is bump's Progress.
func (s *console) event(e bump.Event) {
	text := s.clean(e.Text)
	switch {
	case e.Kind == bump.Warning:
		s.warning(e.Text)
	case s.level == quiet, e.Kind == bump.Detail && s.level != verbose, e.Kind == bump.Live && s.width == nil:
	case s.width != nil && (e.Kind == bump.Live || s.level != verbose):
		s.setLive(e.Stage+": "+text, e.Elapsed)
	default:
		s.line(e.Stage + ": " + text + elapsed(e.Elapsed))
	}
}

// elapsed returns " [1m2s]", or nothing for what took no time worth a word.
func elapsed(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return " [" + d.Truncate(time.Second).String() + "]"
}

// warning says a warning, once.
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

// failure says an error: where and what, then what to do. failure is nil when err has no place.
func (s *console) failure(err error, failure *bump.Error, hint string) {
	s.done()
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
		where = []property{{"file", s.clean(failure.File)}, {"line", fmt.Sprint(failure.Line)}, {"col", fmt.Sprint(failure.Column)}}
		text = s.cleanLines(failure.Text)
	}
	if hint != "" {
		text += "\nhint: " + hint
	}
	s.line(annotation("error", where, text))
}

// result says how the run ended.
func (s *console) result(text string) {
	text = s.clean(text)
	if s.level != quiet {
		s.line(s.paint("32;1", "ollama-bump:") + " " + text)
	}
	if s.actions {
		s.line(annotation("notice", nil, text))
	}
}

// line writes one message, above the live line if there is one.
func (s *console) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	// Nothing can be told of a stderr that is gone, and the job itself does not need it.
	_, _ = io.WriteString(s.w, text+"\n")
	s.draw()
}

// setLive shows text in the live line; total is the time since the run began.
func (s *console) setLive(text string, total time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.live, s.since = text, s.now().Add(-total)
	s.draw()
	if s.tick == nil {
		s.tick = time.NewTicker(time.Second)
		go s.keepTime(s.tick)
	}
}

// keepTime redraws the live line, so that a long download does not look like a hang.
func (s *console) keepTime(tick *time.Ticker) {
	for range tick.C {
		s.mu.Lock()
		if s.tick != tick {
			s.mu.Unlock()
			return
		}
		s.erase()
		s.draw()
		s.mu.Unlock()
	}
}

// done removes the live line.
func (s *console) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.live = ""
	if s.tick != nil {
		s.tick.Reset(time.Millisecond) // wakes keepTime, which then ends
		s.tick = nil
	}
}

func (s *console) erase() {
	if s.live != "" {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
	}
}

func (s *console) draw() {
	if s.live == "" {
		return
	}
	_, _ = io.WriteString(s.w, fit(s.live, elapsed(s.now().Sub(s.since)), s.width()-1))
}

// fit cuts text so that it and the suffix take at most width columns.
func fit(text, suffix string, width int) string {
	room := width - utf8.RuneCountInString(suffix)
	if utf8.RuneCountInString(text) > room {
		text = string([]rune(text)[:max(room-1, 0)]) + "…"
	}
	return text + suffix
}

// paint colours text on a terminal. code is that of ECMA-48's SGR.
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
