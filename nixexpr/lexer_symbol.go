package nixexpr

import "strings"

// single is the kind of each byte that is a token when nothing longer matches.
var single = [256]tokenKind{
	'{': kindBraceOpen, '}': kindBraceClose, '[': kindBracketOpen, ']': kindBracketClose,
	'(': kindParenOpen, ')': kindParenClose, ';': kindSemicolon, ':': kindColon, '.': kindDot,
	',': kindComma, '=': kindAssign, '@': kindAt, '?': kindQuestion, '+': kindPlus, '-': kindMinus,
	'*': kindStar, '/': kindSlash, '<': kindLess, '>': kindGreater, '!': kindNot,
}

// double is the kind of a token of two bytes, or kindEOF.
func double(a, b byte) tokenKind {
	switch uint16(a)<<8 | uint16(b) {
	case '='<<8 | '=':
		return kindEqual
	case '!'<<8 | '=':
		return kindNotEqual
	case '<'<<8 | '=':
		return kindLessEq
	case '>'<<8 | '=':
		return kindGreaterEq
	case '&'<<8 | '&':
		return kindAnd
	case '|'<<8 | '|':
		return kindOrOp
	case '-'<<8 | '>':
		return kindImpl
	case '/'<<8 | '/':
		return kindUpdate
	case '+'<<8 | '+':
		return kindConcat
	case '<'<<8 | '|':
		return kindPipeLeft
	case '|'<<8 | '>':
		return kindPipeRight
	case '$'<<8 | '{':
		return kindInterp
	}
	return kindEOF
}

// symbol takes an operator, a delimiter or a byte that starts no token.
func (l *lexer) symbol(c byte) tokenKind {
	switch c {
	case '{':
		l.push(modeExpr)
		return l.emit(l.pos+1, kindBraceOpen)
	case '}':
		l.pop()
		return l.emit(l.pos+1, kindBraceClose)
	case '~':
		if l.slashStartsPath(l.pos + 1) {
			return l.path(l.pos + 1)
		}
	case '<':
		if end, ok := l.searchPath(); ok {
			return l.emit(end, kindSearchPath)
		}
	case '.':
		if l.at(1) == '.' && l.at(2) == '.' {
			return l.emit(l.pos+3, kindEllipsis)
		}
	}
	if kind := double(c, l.at(1)); kind != kindEOF {
		if kind == kindInterp {
			l.push(modeExpr)
		}
		return l.emit(l.pos+2, kind)
	}
	if kind := single[c]; kind != kindEOF {
		return l.emit(l.pos+1, kind)
	}
	return l.emit(l.pos+1, kindInvalid)
}

// inString takes the next token between double quotes.
func (l *lexer) inString() tokenKind {
	end := stringText(l.src, l.pos)
	switch {
	case end > l.pos:
		return l.text(end, kindText)
	case end >= len(l.src):
		return kindEOF
	case l.src[end] == '"':
		l.pop()
		return l.emit(end+1, kindQuote)
	}
	l.push(modeExpr)
	return l.emit(end+2, kindInterp)
}

// stringText is the end of the text at i of a string in double quotes: the offset of the
// closing quote, of an interpolation or of the end.
func stringText(src string, i int) int {
	for i < len(src) {
		switch src[i] {
		case '"':
			return i
		case '\\':
			i++ // whatever comes next is text
		case '$':
			if i+1 < len(src) && src[i+1] == '{' {
				return i
			}
			if i+1 < len(src) && src[i+1] != '"' && src[i+1] != '\\' {
				i++ // the second $ of $${ is no start either
			}
		}
		i++
	}
	return min(i, len(src))
}

// indentOpen takes two single quotes and the rest of the line when nothing but spaces are on it.
func (l *lexer) indentOpen() tokenKind {
	l.push(modeIndent)
	end := l.pos + 2
	for end < len(l.src) && l.src[end] == ' ' {
		end++
	}
	if end < len(l.src) && l.src[end] == '\n' {
		return l.emit(end+1, kindIndentOpen)
	}
	return l.emit(l.pos+2, kindIndentOpen)
}

// inIndent takes the next token between two single quotes and two single quotes.
func (l *lexer) inIndent() tokenKind {
	i := l.pos
	for piece := nextPiece(l.src[i:]); piece.size > 0; piece = nextPiece(l.src[i:]) {
		i += piece.size
	}
	switch {
	case i > l.pos:
		return l.text(i, kindIndentText)
	case i >= len(l.src):
		return kindEOF
	case l.src[i] == '\'':
		l.pop()
		return l.emit(i+2, kindIndentClose)
	}
	l.push(modeExpr)
	return l.emit(i+2, kindInterp)
}

// text ends a token of string text.
func (l *lexer) text(end int, kind tokenKind) tokenKind {
	if i := strings.IndexByte(l.src[l.pos:end], 0); i >= 0 {
		return l.fail(l.pos+i, "a NUL byte is not allowed in a string")
	}
	return l.emit(end, kind)
}

// A piece is what Nix's lexer takes at once of the text of an indented string. Stripping
// the indentation needs these, for only plain ones count as indentation.
type piece struct {
	size  int  // bytes of the source; 0 when text ends here
	plain bool // stands for itself
	// The pieces that are not plain are '' and one or two bytes, or a lone $ or '; see text.
}

// nextPiece is the piece that the source starts with.
func nextPiece(src string) piece {
	if n := plainPiece(src); n > 0 {
		return piece{size: n, plain: true}
	}
	if len(src) == 0 {
		return piece{}
	}
	if src[0] == '$' {
		if len(src) > 1 && src[1] == '{' {
			return piece{}
		}
		return piece{size: 1}
	}
	if len(src) == 1 || src[1] != '\'' {
		return piece{size: 1} // a quote that is not doubled
	}
	switch {
	case len(src) > 2 && (src[2] == '$' || src[2] == '\''):
		return piece{size: 3}
	case len(src) > 3 && src[2] == '\\':
		return piece{size: 4}
	}
	return piece{}
}

// plainPiece is the length of ([^$']|\$[^{']|'[^'$])* at the start of the source.
func plainPiece(src string) int {
	i := 0
	for i < len(src) {
		if c := src[i]; c != '$' && c != '\'' {
			i++
			continue
		}
		if i+1 >= len(src) || src[i+1] == '\'' {
			break
		}
		if src[i] == '$' && src[i+1] == '{' || src[i] == '\'' && src[i+1] == '$' {
			break
		}
		i += 2
	}
	return i
}

// text is what a piece stands for; src is its source.
func (p piece) text(src string) string {
	switch {
	case p.plain || p.size == 1:
		return src[:p.size]
	case p.size == 4:
		return unescape(src[2:4])
	case src[2] == '$':
		return "$"
	}
	return "''"
}
