package diag

import (
	"fmt"
	"slices"
)

// Pos is a place in a file of the flake.
type Pos struct {
	File   string // from the repository's root, with slashes; "" without a place
	Line   int    // from 1
	Column int    // from 1, in bytes
}

// String returns the place as compilers write it, FILE:LINE:COLUMN.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is a failed run: where, what and what to do.
type Error struct {
	Pos         // the zero value without a place
	Text string // lower case, operation first
	Hint string // what to do; may be empty
	Err  error  // the cause, may be nil; Text includes what matters of it
}

// At returns an error about a place.
func At(pos Pos, text, hint string) *Error { return &Error{Pos: pos, Text: text, Hint: hint} }

// Error returns the place, when there is one, and the text. The hint is shown apart.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Text
	}
	return e.Pos.String() + ": " + e.Text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Limit returns at most n elements of a list for a message, and says how many more there are.
func Limit(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(slices.Clone(list[:n]), fmt.Sprintf("and %d more", len(list)-n))
}
