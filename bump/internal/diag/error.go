// Package diag holds what every stage uses to report: errors with a place and advice.
package diag

import "fmt"

// Error is a failed run: where, what and what to do.
type Error struct {
	File         string // from the repository's root; "" without a place
	Line, Column int    // from 1; Column in bytes
	Text         string // lower case, operation first
	Hint         string // what to do; may be empty
	Err          error  // the cause, may be nil; Text includes what matters of it
}

func (e *Error) Error() string {
	if e.File == "" {
		return e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
