package nixexpr

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"
)

// A File is a parsed source. It is not changed after [Parse] and safe for concurrent use.
type File struct {
	Name   string  // as given to Parse; for messages only
	Src    []byte  // as given to Parse; must not be changed while the File is in use
	Root   Expr    // the expression that the source is
	Tokens []Token // all of the source, comments and blanks included

	text  string      // the source as a string; every name in the tree is a part of it
	kinds []tokenKind // the kinds of the Tokens

	linesOnce sync.Once
	lines     []int32 // where each line starts
}

// LineComments returns the comments that start with # and end with their line.
func (f *File) LineComments() []Token {
	var list []Token
	for i, kind := range f.kinds {
		if kind == kindLineComment {
			list = append(list, f.Tokens[i])
		}
	}
	return list
}

// Text is the source of a node, as written.
func (f *File) Text(n Node) string { return f.text[n.Start():n.End()] }

// A Position is a place in a file as people count it.
type Position struct {
	File   string
	Line   int // from 1; a line ends with LF, CR LF or CR, as in Nix
	Column int // in bytes, from 1
}

// String is file:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Position is the place of a byte of the source. Offsets outside of the source count as the
// nearest inside; len(Src) is the end.
func (f *File) Position(offset int) Position {
	f.linesOnce.Do(func() { f.lines = lineStarts(f.text) })
	offset = max(0, min(offset, len(f.text)))
	line := sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > offset })
	return Position{File: f.Name, Line: line, Column: offset - int(f.lines[line-1]) + 1}
}

// lineStarts returns the offset of each line: 0, and those behind a line end.
func lineStarts(src string) []int32 {
	starts := []int32{0}
	for i := range len(src) {
		if src[i] == '\n' || src[i] == '\r' && !strings.HasPrefix(src[i+1:], "\n") {
			starts = append(starts, int32(i+1))
		}
	}
	return starts
}

// maxSize is the largest source in bytes: offsets in the tree are 32 bits wide.
const maxSize = math.MaxInt32 - 1

// Parse reads one Nix expression, the whole of src. The name is for messages. The error is a
// *[SyntaxError]. Neither src nor what the result holds may be changed afterwards.
func Parse(name string, src []byte) (*File, error) {
	f := &File{Name: name, Src: src, text: string(src)}
	if len(src) > maxSize {
		msg := fmt.Sprintf("the file has %d bytes; the limit is %d", len(src), maxSize)
		return nil, &SyntaxError{Position: Position{name, 1, 1}, Msg: msg}
	}
	lexErr := f.lex()
	p := newParser(f, lexErr)
	root := p.file()
	if p.err != nil {
		return nil, f.syntaxError(p.err)
	}
	f.Root = root
	return f, nil
}

// lex fills in the tokens. Their number is known only at the end, so they are first noted in
// two bytes each, which is cheaper than slices that grow to up to twice their need.
func (f *File) lex() *lexError {
	notes := tokenNotes{block: min(notesPerBlock, len(f.text)/2+1)}
	l := lexer{src: f.text}
	for {
		start := l.pos
		kind := l.next()
		if kind == kindEOF || kind == kindError {
			f.Tokens, f.kinds = notes.tokens()
			f.kinds = append(f.kinds, kind)
			return l.err
		}
		notes.add(kind, l.pos-start)
	}
}

// tokenNotes are the kinds and lengths of tokens, in blocks.
type tokenNotes struct {
	blocks [][]tokenNote
	long   []int // the lengths that do not fit
	block  int   // size of the blocks
	count  int
}

// A tokenNote is a token; length 0 stands for the next of the long ones.
type tokenNote struct {
	kind   tokenKind
	length uint8
}

// notesPerBlock makes a block of 8 kB, unless the source is short.
const notesPerBlock = 4096

func (n *tokenNotes) add(kind tokenKind, length int) {
	note := tokenNote{kind: kind, length: uint8(length)}
	if length > math.MaxUint8 {
		note.length = 0
		n.long = append(n.long, length)
	}
	if n.count%n.block == 0 {
		n.blocks = append(n.blocks, make([]tokenNote, 0, n.block))
	}
	last := &n.blocks[len(n.blocks)-1]
	*last = append(*last, note)
	n.count++
}

// tokens are the noted tokens and their kinds, with room for one more kind.
func (n *tokenNotes) tokens() ([]Token, []tokenKind) {
	tokens := make([]Token, 0, n.count)
	kinds := make([]tokenKind, 0, n.count+1)
	start, long := 0, n.long
	for _, block := range n.blocks {
		for _, note := range block {
			length := int(note.length)
			if length == 0 {
				length, long = long[0], long[1:]
			}
			tokens = append(tokens, Token{Start: start, End: start + length})
			kinds = append(kinds, note.kind)
			start += length
		}
	}
	return tokens, kinds
}

// tokenAt is the index of the token that holds the byte at an offset, or len(Tokens).
func (f *File) tokenAt(offset int) int {
	return sort.Search(len(f.Tokens), func(i int) bool { return f.Tokens[i].End > offset })
}
