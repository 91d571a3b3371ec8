package diag

import (
	"time"
)

// Event is one thing to tell whoever watches a run.
type Event struct {
	Stage   string // "pin", "release", "hash", "verify", "report", "write", "propose" or "github"
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
