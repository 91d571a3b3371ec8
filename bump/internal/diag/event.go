package diag

import (
	"fmt"
	"time"
)

// Event is one thing to tell whoever watches a run.
type Event struct {
	Stage   string // "pin", "release", "hash", "verify", "report", "write" or "propose"
	Text    string // one line, no full stop, control characters removed
	Kind    EventKind
	Elapsed time.Duration // since the run began

	// Bytes so far and in all of what is downloaded; 0 where unknown.
	Done, Total int64
}

// EventKind says how loud an Event is.
type EventKind int

// The kinds.
const (
	Step    EventKind = iota // a stage begins or ends: a line in CI, the live line on a terminal
	Detail                   // with -v only
	Live                     // what Nix does just now: the live line only, never a line in CI
	Warning                  // always shown
)

// Log sends the events of one run and keeps its warnings. A nil Log discards everything.
type Log struct {
	send     func(Event)
	start    time.Time
	warnings []string
}

// NewLog returns the log of a run that begins now; send may be nil.
func NewLog(send func(Event)) *Log { return &Log{send: send, start: time.Now()} }

// Say sends an event; a warning is kept as well.
func (l *Log) Say(kind EventKind, stage, format string, args ...any) {
	if l == nil {
		return
	}
	text := Line(fmt.Sprintf(format, args...))
	if kind == Warning {
		l.warnings = append(l.warnings, text)
	}
	if l.send != nil {
		l.send(Event{Stage: stage, Kind: kind, Text: text, Elapsed: time.Since(l.start)})
	}
}

// Warn sends a warning and keeps it.
func (l *Log) Warn(stage, format string, args ...any) { l.Say(Warning, stage, format, args...) }

// Warnings returns the warnings so far, the oldest first.
func (l *Log) Warnings() []string {
	if l == nil {
		return nil
	}
	return l.warnings
}
