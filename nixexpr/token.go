package nixexpr

// A Token is a piece of the source that the grammar does not divide: a word, an operator, a
// run of string text, a comment, a run of blanks. The tokens of a [File] tile its source:
// each starts where the one before it ends, the first at 0, the last ends at len(Src).
type Token struct {
	Start int // byte in the source, from 0
	End   int // byte after the token
}

// tokenKind says what a token is.
type tokenKind uint8

// The kinds of tokens. The text of a string, indented string or path stands in tokens of its
// own, between its delimiters and interpolations.
const (
	kindEOF          tokenKind = iota // the end of the source; no token of a File has it
	kindBlank                         // spaces, tabs, line feeds, carriage returns
	kindLineComment                   // # up to the end of the line, which is not included
	kindBlockComment                  // /* … */
	kindIdent                         // pkgs
	kindInt                           // 42
	kindFloat                         // .5
	kindPath                          // a run of path text: ./a, ~/a, the /b of ./${a}/b
	kindSearchPath                    // <nixpkgs/lib>
	kindURI                           // https://example.org
	kindQuote                         // ", open or closed
	kindText                          // text between quotes
	kindIndentOpen                    // '' and, when only blanks follow, the rest of its line
	kindIndentText                    // text between '' and ''
	kindIndentClose                   // ''
	kindInterp                        // ${
	kindIf
	kindThen
	kindElse
	kindAssert
	kindWith
	kindLet
	kindIn
	kindRec
	kindInherit
	kindOr        // the word or
	kindEllipsis  // ...
	kindEqual     // ==
	kindNotEqual  // !=
	kindLessEq    // <=
	kindGreaterEq // >=
	kindAnd       // &&
	kindOrOp      // ||
	kindImpl      // ->
	kindUpdate    // //
	kindConcat    // ++
	kindPipeLeft  // <|
	kindPipeRight // |>
	kindBraceOpen
	kindBraceClose
	kindBracketOpen
	kindBracketClose
	kindParenOpen
	kindParenClose
	kindSemicolon
	kindColon
	kindDot
	kindComma
	kindAssign // =
	kindAt
	kindQuestion
	kindPlus
	kindMinus
	kindStar
	kindSlash
	kindLess
	kindGreater
	kindNot
	kindInvalid // a byte that starts no token
	kindError   // where the lexer gave up; its error is in lexed.err
)

// kindNames is how a message calls a token of each kind.
var kindNames = [...]string{
	kindEOF: "the end of the file", kindBlank: "blanks", kindLineComment: "a comment", kindBlockComment: "a comment",
	kindIdent: "a name", kindInt: "an integer", kindFloat: "a float", kindPath: "a path",
	kindSearchPath: "a search path",
	kindURI:        "a URI", kindQuote: "'\"'", kindText: "string text", kindIndentOpen: "\"''\"",
	kindIndentText:  "string text",
	kindIndentClose: "\"''\"", kindInterp: "'${'", kindIf: "'if'", kindThen: "'then'", kindElse: "'else'",
	kindAssert: "'assert'", kindWith: "'with'", kindLet: "'let'", kindIn: "'in'",
	kindRec: "'rec'", kindInherit: "'inherit'",
	kindOr: "'or'", kindEllipsis: "'...'", kindEqual: "'=='", kindNotEqual: "'!='", kindLessEq: "'<='",
	kindGreaterEq: "'>='",
	kindAnd:       "'&&'", kindOrOp: "'||'", kindImpl: "'->'", kindUpdate: "'//'", kindConcat: "'++'",
	kindPipeLeft:  "'<|'",
	kindPipeRight: "'|>'", kindBraceOpen: "'{'", kindBraceClose: "'}'", kindBracketOpen: "'['", kindBracketClose: "']'",
	kindParenOpen: "'('", kindParenClose: "')'", kindSemicolon: "';'", kindColon: "':'", kindDot: "'.'",
	kindComma:  "','",
	kindAssign: "'='", kindAt: "'@'", kindQuestion: "'?'", kindPlus: "'+'", kindMinus: "'-'", kindStar: "'*'",
	kindSlash: "'/'", kindLess: "'<'", kindGreater: "'>'", kindNot: "'!'", kindInvalid: "a stray character",
	kindError: "an invalid token",
}

// String is the name of the kind as messages print it: "'->'", "a name".
func (k tokenKind) String() string { return kindNames[k] }

// blank reports whether the grammar ignores tokens of this kind.
func (k tokenKind) blank() bool { return k >= kindBlank && k <= kindBlockComment }

// keyword is the kind of a word that is no name, else kindIdent.
func keyword(word string) tokenKind {
	switch word {
	case "if":
		return kindIf
	case "then":
		return kindThen
	case "else":
		return kindElse
	case "assert":
		return kindAssert
	case "with":
		return kindWith
	case "let":
		return kindLet
	case "in":
		return kindIn
	case "rec":
		return kindRec
	case "inherit":
		return kindInherit
	case "or":
		return kindOr
	}
	return kindIdent
}
