package nixexpr

import (
	"fmt"
	"unicode/utf8"
)

// A SyntaxError says where a source is not Nix, and why: what was expected there and what
// was found, or which rule is broken.
type SyntaxError struct {
	Position
	Offset int    // the same place in bytes from 0
	Msg    string // one line, lower case, no place: "expected ';' after attribute, found '}'"
}

// Error is file:line:column: message.
func (e *SyntaxError) Error() string { return e.Position.String() + ": " + e.Msg }

// syntaxError places an error of the lexer or parser.
func (f *File) syntaxError(e *lexError) *SyntaxError {
	return &SyntaxError{Position: f.Position(e.offset), Offset: e.offset, Msg: e.msg}
}

// found names the token at an index as messages do.
func (f *File) found(i int) string {
	kind := f.kinds[i]
	switch {
	case kind == kindEOF || kind == kindError:
		return kind.String()
	case kind == kindInvalid:
		char, _ := utf8.DecodeRuneInString(f.text[f.Tokens[i].Start:])
		if char == utf8.RuneError {
			return fmt.Sprintf("the stray byte %#x", f.text[f.Tokens[i].Start])
		}
		return fmt.Sprintf("the stray character %q", char)
	case kind >= kindIf && kind <= kindInherit:
		return "the keyword " + kind.String()
	case kind == kindIdent || kind >= kindInt && kind <= kindURI:
		return fmt.Sprintf("'%s'", clip(f.text[f.Tokens[i].Start:f.Tokens[i].End]))
	}
	return kind.String()
}
