package release

import (
	"fmt"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Hold is a comment beside a pin that says which releases the pin may move to:
//
//	# ollama-bump: hold <0.32 until 2026-12-01: CUDA is broken
//
// Without a constraint the pin stays where it is; without a date the hold lasts; the reason is for people.
type Hold struct {
	Only   Allowed // what may be taken; "" is nothing newer
	Until  time.Time
	Reason string
	Quote  string // the comment as it stands
	File   string
	Line   int // from 1
}

// Directive begins a comment that is addressed to this program.
const Directive = "ollama-bump:"

const dateForm = "2006-01-02"

// addressed returns what a comment tells this program.
func addressed(comment string) (words string, ok bool) {
	return strings.CutPrefix(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(comment), "#")), Directive)
}

// IsAddressed reports whether a comment is addressed to this program.
func IsAddressed(comment string) bool {
	_, ok := addressed(comment)
	return ok
}

// parseHold reads a comment of a file. ok is false for a comment that is not addressed to this program; one that is and
// cannot be read is an error.
func parseHold(comment string) (hold Hold, ok bool, err error) {
	hold.Quote = strings.TrimSpace(comment)
	rest, ok := addressed(comment)
	if !ok {
		return Hold{}, false, nil
	}
	head, reason, _ := strings.Cut(strings.TrimSpace(rest), ":")
	hold.Reason = strings.TrimSpace(reason)
	word, head, _ := strings.Cut(strings.TrimSpace(head), " ")
	if word != "hold" {
		return Hold{}, true, fmt.Errorf("unknown instruction %q: only hold is known", word)
	}
	only, date, dated := cutWord(head, "until")
	hold.Only = Allowed(strings.TrimSpace(only))
	if err := hold.Only.Check(); err != nil {
		return Hold{}, true, fmt.Errorf("what follows hold %w", err)
	}
	if dated {
		hold.Until, err = time.Parse(dateForm, strings.TrimSpace(date))
		if err != nil {
			date = strings.TrimSpace(date)
			return Hold{}, true, fmt.Errorf("what follows until must be the last day of the hold, such as 2026-12-01, "+
				"not %q", date)
		}
	}
	return hold, true, nil
}

// cutWord cuts text around a word.
func cutWord(text, word string) (before, after string, found bool) {
	fields := strings.Fields(text)
	for i, field := range fields {
		if field == word {
			return strings.Join(fields[:i], " "), strings.Join(fields[i+1:], " "), true
		}
	}
	return text, "", false
}

// Where is FILE:LINE of the comment.
func (h Hold) Where() string { return fmt.Sprintf("%s:%d", h.File, h.Line) }

// InForce reports whether the hold counts: its date is the last day that it does, in UTC.
func (h Hold) InForce(now time.Time) bool {
	return h.Until.IsZero() || now.Before(h.Until.AddDate(0, 0, 1))
}

// Allows reports whether the pin may move to a newer release v while the hold is in force.
func (h Hold) Allows(v version.Version) bool { return h.Only != "" && h.Only.match(v) }

// Comment is a comment of a file that takes one line.
type Comment struct {
	Line  int    // from 1
	Text  string // with its mark
	Alone bool   // nothing but blanks stands before it
}

// HoldsOf returns the holds for a pin: of comments on one of its lines, and of those in the block of
// comments directly above one. The comments are those of the pin's file in their order.
func HoldsOf(file string, comments []Comment, lines []int) (holds []Hold, err error) {
	concerned := map[int]bool{}
	for _, line := range lines {
		concerned[line] = true
	}
	for i := len(comments) - 1; i >= 0; i-- { // a block grows upwards
		if c := comments[i]; c.Alone && concerned[c.Line+1] {
			concerned[c.Line] = true
		}
	}
	for _, c := range comments {
		if !concerned[c.Line] {
			continue
		}
		hold, ok, err := parseHold(c.Text)
		switch {
		case err != nil:
			return nil, &HoldError{File: file, Line: c.Line, Err: err}
		case ok:
			hold.File, hold.Line = file, c.Line
			holds = append(holds, hold)
		}
	}
	return holds, nil
}

// HoldError is a comment that is addressed to this program and cannot be read.
type HoldError struct {
	File string
	Line int
	Err  error
}

func (e *HoldError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns what is wrong with the comment.
func (e *HoldError) Unwrap() error { return e.Err }
