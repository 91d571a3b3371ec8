package nixexpr

import "strings"

// Classes of bytes, as bits of byteClass.
const (
	classIdent      = 1 << iota // continues a name
	classIdentStart             // starts a name
	classDigit
	classPath   // may stand in a path, apart from the slash
	classScheme // continues the scheme of a URI
	classURI    // may stand behind the colon of a URI
	classBlank
	classGoesOn // may stand behind a name that is the start of a path or URI
)

// byteClass is the classes of each byte.
var byteClass = classify()

func classify() (classes [256]uint8) {
	mark := func(chars string, class uint8) {
		for i := 0; i < len(chars); i++ {
			classes[chars[i]] |= class
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	mark(letters, classIdent|classIdentStart|classPath|classScheme|classURI)
	mark(digits, classIdent|classDigit|classPath|classScheme|classURI)
	mark("_", classIdent|classIdentStart)
	mark("'-", classIdent)
	mark("._-+", classPath)
	mark("+-.", classScheme)
	mark("%/?:@&=+$,-_.!~*'", classURI)
	mark(" \t\r\n", classBlank)
	mark(".+/:", classGoesOn)
	return classes
}

// mode is what the lexer stands in. Blanks mean something else in each.
type mode uint8

const (
	modeExpr mode = iota
	modeString
	modeIndent
	modePath
)

// A lexer cuts the source into tokens as the rules of Nix's lexer.l do: the longest match
// wins, and of equally long ones the first rule.
type lexer struct {
	src   string
	pos   int
	stack []mode // the modes around the one it is in, which is the last; empty: modeExpr
	err   *lexError

	// Ends of the runs that were looked through last, so that a.a.a.a… is not looked through
	// again from each of its tokens.
	pathEnd, schemeEnd int
}

// lexError is an error of the lexer; the parser reports it when it gets that far.
type lexError struct {
	offset int
	msg    string
}

func (l *lexer) mode() mode {
	if len(l.stack) == 0 {
		return modeExpr
	}
	return l.stack[len(l.stack)-1]
}

func (l *lexer) push(m mode) { l.stack = append(l.stack, m) }

func (l *lexer) pop() {
	if len(l.stack) > 0 {
		l.stack = l.stack[:len(l.stack)-1]
	}
}

// next takes the next token, which is src[start:l.pos]. At the end it is kindEOF. After
// kindError it must not be called again.
func (l *lexer) next() tokenKind {
	for {
		switch l.mode() {
		case modeString:
			return l.inString()
		case modeIndent:
			return l.inIndent()
		case modePath:
			if kind, ok := l.inPath(); ok {
				return kind
			}
			continue // the path has ended before this byte
		}
		return l.inExpr()
	}
}

// fail gives up at an offset.
func (l *lexer) fail(offset int, msg string) tokenKind {
	l.err = &lexError{offset: offset, msg: msg}
	return kindError
}

// at is the byte i places on, 0 past the end. (A 0 in the source is refused elsewhere.)
func (l *lexer) at(i int) byte {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return 0
}

// run is the first offset from i on whose byte is not in the class.
func (l *lexer) run(i int, class uint8) int {
	for i < len(l.src) && byteClass[l.src[i]]&class != 0 {
		i++
	}
	return i
}

// emit ends the token at an offset.
func (l *lexer) emit(end int, kind tokenKind) tokenKind {
	l.pos = end
	return kind
}

func (l *lexer) inExpr() tokenKind {
	if l.pos >= len(l.src) {
		return kindEOF
	}
	c := l.src[l.pos]
	class := byteClass[c]
	switch {
	case class&classBlank != 0:
		return l.emit(l.run(l.pos+1, classBlank), kindBlank)
	case class&classIdentStart != 0:
		return l.name()
	case c == '#':
		return l.emit(lineEnd(l.src, l.pos), kindLineComment)
	case class&classPath != 0 || c == '/':
		return l.word(c, class)
	case c == '"':
		l.push(modeString)
		return l.emit(l.pos+1, kindQuote)
	case c == '\'' && l.at(1) == '\'':
		return l.indentOpen()
	case c == 0:
		return l.fail(l.pos, "a NUL byte is not allowed here")
	}
	return l.symbol(c)
}

// lineEnd is the offset of the line feed or carriage return that ends the line of an offset.
func lineEnd(src string, from int) int {
	if n := strings.IndexAny(src[from:], "\r\n"); n >= 0 {
		return from + n
	}
	return len(src)
}

// name takes what starts with a letter or an underscore: a name, a path or a URI.
func (l *lexer) name() tokenKind {
	end := l.run(l.pos+1, classIdent)
	// A path or URI is longer than the name, and goes on behind it with one of these bytes.
	if end < len(l.src) && byteClass[l.src[end]]&classGoesOn != 0 {
		if l.pathStarts() {
			return l.path(l.pos)
		}
		if end, ok := l.uri(); ok {
			return l.emit(end, kindURI)
		}
	}
	start := l.pos
	return l.emit(end, keyword(l.src[start:end]))
}

// word takes what starts with another byte that a path may hold, or with a slash: a path, a
// number, a comment, or one of the operators + ++ - -> . ... / //.
func (l *lexer) word(c byte, class uint8) tokenKind {
	if l.pathStarts() {
		return l.path(l.pos)
	}
	switch {
	case class&classDigit != 0 || c == '.' && byteClass[l.at(1)]&classDigit != 0:
		return l.number()
	case c == '/' && l.at(1) == '*':
		return l.blockComment()
	}
	return l.symbol(c)
}

// pathStarts reports whether a path starts here: path bytes, a slash, and then either another
// path byte or an interpolation.
func (l *lexer) pathStarts() bool {
	if l.pathEnd <= l.pos {
		l.pathEnd = l.run(l.pos, classPath)
	}
	return l.slashStartsPath(l.pathEnd)
}

// slashStartsPath reports whether at i there is a slash that has more of a path behind it.
func (l *lexer) slashStartsPath(i int) bool {
	if i+1 >= len(l.src) || l.src[i] != '/' {
		return false
	}
	return byteClass[l.src[i+1]]&classPath != 0 || strings.HasPrefix(l.src[i+1:], "${")
}

// uri looks for a URI here.
func (l *lexer) uri() (end int, ok bool) {
	if byteClass[l.src[l.pos]]&classScheme == 0 {
		return 0, false // the underscore
	}
	if l.schemeEnd <= l.pos {
		l.schemeEnd = l.run(l.pos, classScheme)
	}
	i := l.schemeEnd
	if i >= len(l.src) || l.src[i] != ':' {
		return 0, false
	}
	end = l.run(i+1, classURI)
	return end, end > i+1
}

func (l *lexer) blockComment() tokenKind {
	n := strings.Index(l.src[l.pos+2:], "*/")
	if n < 0 {
		return l.fail(l.pos, "the comment that starts here is not closed: expected '*/' before the end of the file")
	}
	return l.emit(l.pos+2+n+2, kindBlockComment)
}

// number takes [0-9]+ or (([1-9][0-9]*\.[0-9]*)|(0?\.[0-9]+))([Ee][+-]?[0-9]+)?
func (l *lexer) number() tokenKind {
	start := l.pos
	end := l.run(start, classDigit)
	if end >= len(l.src) || l.src[end] != '.' {
		return l.integer(end)
	}
	fraction := l.run(end+1, classDigit)
	if l.src[start] == '0' && (end > start+1 || fraction == end+1) {
		return l.integer(end)
	}
	return l.float(l.exponent(fraction))
}

// exponent is the end of the exponent at i, or i when there is none.
func (l *lexer) exponent(i int) int {
	if i >= len(l.src) || l.src[i]|0x20 != 'e' {
		return i
	}
	digits := i + 1
	if digits < len(l.src) && (l.src[digits] == '+' || l.src[digits] == '-') {
		digits++
	}
	if end := l.run(digits, classDigit); end > digits {
		return end
	}
	return i
}

func (l *lexer) integer(end int) tokenKind {
	if text := l.src[l.pos:end]; !fitsInt(text) {
		return l.fail(l.pos, "invalid integer '"+clip(text)+"': the largest is 9223372036854775807")
	}
	return l.emit(end, kindInt)
}

func (l *lexer) float(end int) tokenKind {
	if text := l.src[l.pos:end]; !fitsFloat(text) {
		return l.fail(l.pos, "invalid float '"+clip(text)+"': too large or too small for 64 bits")
	}
	return l.emit(end, kindFloat)
}

// inPath takes the next run of path text or interpolation. False when the path has ended.
func (l *lexer) inPath() (tokenKind, bool) {
	if end := l.pathText(l.pos); end > l.pos {
		return l.emit(end, kindPath), true
	}
	if strings.HasPrefix(l.src[l.pos:], "${") {
		l.push(modeExpr)
		return l.emit(l.pos+2, kindInterp), true
	}
	if l.src[l.pos-1] == '/' {
		return l.fail(l.pos-1, "a path must not end in a slash"), true
	}
	l.pop()
	return 0, false
}

// pathText is the end of the path bytes and slashes from i on.
func (l *lexer) pathText(i int) int {
	for i < len(l.src) && (byteClass[l.src[i]]&classPath != 0 || l.src[i] == '/') {
		i++
	}
	return i
}

// path takes the text that a path starts with; from is behind the ~, if there is one. Nix
// cuts the text behind the first of two slashes, and its grammar allows one further piece
// there, but only when it is followed by an interpolation.
func (l *lexer) path(from int) tokenKind {
	end := l.pathText(from)
	if i := strings.Index(l.src[from:end], "//"); i >= 0 {
		rest := l.src[from+i+1 : end]
		if strings.Contains(rest, "//") || !strings.HasPrefix(l.src[end:], "${") {
			return l.fail(from+i, "a path must not have two slashes in a row")
		}
	}
	l.push(modePath)
	return l.emit(end, kindPath)
}

// searchPath looks for <a/b> here.
func (l *lexer) searchPath() (end int, ok bool) {
	i := l.pos + 1
	for {
		end = l.run(i, classPath)
		if end == i || end >= len(l.src) {
			return 0, false
		}
		if l.src[end] == '>' {
			return end + 1, true
		}
		if l.src[end] != '/' {
			return 0, false
		}
		i = end + 1
	}
}
