package nixexpr

// A Token is a piece of the source that the grammar does not divide: a word, an operator, a
// run of string text, a comment, a run of blanks. The tokens of a [File] tile its source:
// each starts where the one before it ends, the first at 0, the last ends at len(Src).
type Token struct {
	Start int // byte in the source, from 0
	End   int // byte after the token
}

// TokenKind says what a token is; see [File.Kind].
type TokenKind uint8

// The kinds of tokens. The text of a string, indented string or path stands in tokens of its
// own, between its delimiters and interpolations.
const (
	KindEOF          TokenKind = iota // the end of the source; no token of a File has it
	KindBlank                         // spaces, tabs, line feeds, carriage returns
	KindLineComment                   // # up to the end of the line, which is not included
	KindBlockComment                  // /* … */
	KindIdent                         // pkgs
	KindInt                           // 42
	KindFloat                         // .5
	KindPath                          // a run of path text: ./a, ~/a, the /b of ./${a}/b
	KindSearchPath                    // <nixpkgs/lib>
	KindURI                           // https://example.org
	KindQuote                         // ", open or closed
	KindText                          // text between quotes
	KindIndentOpen                    // '' and, when only blanks follow, the rest of its line
	KindIndentText                    // text between '' and ''
	KindIndentClose                   // ''
	KindInterp                        // ${
	KindIf
	KindThen
	KindElse
	KindAssert
	KindWith
	KindLet
	KindIn
	KindRec
	KindInherit
	KindOr        // the word or
	KindEllipsis  // ...
	KindEqual     // ==
	KindNotEqual  // !=
	KindLessEq    // <=
	KindGreaterEq // >=
	KindAnd       // &&
	KindOrOp      // ||
	KindImpl      // ->
	KindUpdate    // //
	KindConcat    // ++
	KindPipeLeft  // <|
	KindPipeRight // |>
	KindBraceOpen
	KindBraceClose
	KindBracketOpen
	KindBracketClose
	KindParenOpen
	KindParenClose
	KindSemicolon
	KindColon
	KindDot
	KindComma
	KindAssign // =
	KindAt
	KindQuestion
	KindPlus
	KindMinus
	KindStar
	KindSlash
	KindLess
	KindGreater
	KindNot
	kindInvalid // a byte that starts no token
	kindError   // where the lexer gave up; its error is in lexed.err
)

// kindNames is how a message calls a token of each kind.
var kindNames = [...]string{
	KindEOF: "the end of the file", KindBlank: "blanks", KindLineComment: "a comment", KindBlockComment: "a comment",
	KindIdent: "a name", KindInt: "an integer", KindFloat: "a float", KindPath: "a path", KindSearchPath: "a search path",
	KindURI: "a URI", KindQuote: "'\"'", KindText: "string text", KindIndentOpen: "\"''\"", KindIndentText: "string text",
	KindIndentClose: "\"''\"", KindInterp: "'${'", KindIf: "'if'", KindThen: "'then'", KindElse: "'else'",
	KindAssert: "'assert'", KindWith: "'with'", KindLet: "'let'", KindIn: "'in'", KindRec: "'rec'", KindInherit: "'inherit'",
	KindOr: "'or'", KindEllipsis: "'...'", KindEqual: "'=='", KindNotEqual: "'!='", KindLessEq: "'<='", KindGreaterEq: "'>='",
	KindAnd: "'&&'", KindOrOp: "'||'", KindImpl: "'->'", KindUpdate: "'//'", KindConcat: "'++'", KindPipeLeft: "'<|'",
	KindPipeRight: "'|>'", KindBraceOpen: "'{'", KindBraceClose: "'}'", KindBracketOpen: "'['", KindBracketClose: "']'",
	KindParenOpen: "'('", KindParenClose: "')'", KindSemicolon: "';'", KindColon: "':'", KindDot: "'.'", KindComma: "','",
	KindAssign: "'='", KindAt: "'@'", KindQuestion: "'?'", KindPlus: "'+'", KindMinus: "'-'", KindStar: "'*'",
	KindSlash: "'/'", KindLess: "'<'", KindGreater: "'>'", KindNot: "'!'", kindInvalid: "a stray character",
	kindError: "an invalid token",
}

// String is the name of the kind as messages print it: "'->'", "a name".
func (k TokenKind) String() string { return kindNames[k] }

// blank tells whether the grammar ignores tokens of this kind.
func (k TokenKind) blank() bool { return k >= KindBlank && k <= KindBlockComment }

// keyword is the kind of a word that is no name, else KindIdent.
func keyword(word string) TokenKind {
	switch word {
	case "if":
		return KindIf
	case "then":
		return KindThen
	case "else":
		return KindElse
	case "assert":
		return KindAssert
	case "with":
		return KindWith
	case "let":
		return KindLet
	case "in":
		return KindIn
	case "rec":
		return KindRec
	case "inherit":
		return KindInherit
	case "or":
		return KindOr
	}
	return KindIdent
}
