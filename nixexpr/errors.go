package nixexpr

import "fmt"

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
	switch kind {
	case KindIdent, KindInt, KindFloat, KindPath, KindSearchPath, KindURI:
		return fmt.Sprintf("'%s'", clip(f.text[f.Tokens[i].Start:f.Tokens[i].End]))
	case kindInvalid:
		return fmt.Sprintf("the stray character %q", f.text[f.Tokens[i].Start:f.Tokens[i].End])
	}
	return kind.String()
}
