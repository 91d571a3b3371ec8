package pin

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// comments finds the comments of the shell script that a string is: what stands behind a # that begins a
// word, outside of the shell's quotes. It reads the string once when it is asked for places in their order.
type comments struct {
	file    *nixexpr.File
	str     *nixexpr.Str
	script  bool // the string may have more than one line
	newline int  // the first line end of a string in double quotes: before it nothing is a comment
	sh      shell
	part    int // that is read
	at      int // up to where
}

func commentsIn(file *nixexpr.File, s *nixexpr.Str) *comments {
	c := &comments{file: file, str: s, script: s.Indented, sh: shell{begins: true}, at: s.Start()}
	if !s.Indented {
		i := bytes.IndexByte(file.Src[s.Start():s.End()], '\n')
		c.script, c.newline = i >= 0, s.Start()+i
	}
	return c
}

// cover reports whether an offset in the string stands in a comment.
func (c *comments) cover(offset int) bool {
	if !c.script || offset <= c.newline {
		return false
	}
	if offset < c.at {
		*c = *commentsIn(c.file, c.str)
	}
	for ; c.part < len(c.str.Parts); c.part++ {
		part := &c.str.Parts[c.part]
		if part.Start() >= offset {
			break
		}
		c.at = max(c.at, part.Start())
		if part.Expr != nil {
			c.sh.next('x')
			c.at = part.End()
			continue
		}
		for c.at < min(part.End(), offset) {
			c.at += c.sh.read(c.file.Src[c.at:part.End()], c.str.Indented)
		}
		if c.at < part.End() {
			break
		}
	}
	return c.sh.comment
}

// shell follows a script's quotes and comments.
type shell struct {
	quote   byte // that is open; 0 for none
	escaped bool // by a backslash
	comment bool
	begins  bool   // the next byte begins a word
	line    []byte // as far as it was read
	until   string // the word that ends a here-document; "" outside of one
}

// read takes one byte of the script from a Nix string as it is written, and returns how many bytes spell it.
func (s *shell) read(text []byte, indented bool) int {
	switch c := text[0]; {
	case indented && bytes.HasPrefix(text, []byte("'''")):
		return 3 // two quotes, one behind the other, change nothing
	case indented && bytes.HasPrefix(text, []byte("''$")):
		s.next('$')
		return 3
	case indented && bytes.HasPrefix(text, []byte("''\\")) && len(text) > 3:
		s.next(escape(text[3]))
		return 4
	case !indented && c == '\\' && len(text) > 1:
		s.next(escape(text[1]))
		return 2
	default:
		s.next(c)
		return 1
	}
}

// escape is the byte that Nix reads a backslash and c as.
func escape(c byte) byte {
	switch c {
	case 'n', 'r':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

// hereDocument is the beginning of one, with the word that ends it.
var hereDocument = regexp.MustCompile(`(?:^|[^<])<<-?\s*["'\\]?([A-Za-z_]\w*)`)

func (s *shell) next(c byte) {
	if c == '\n' {
		s.newline()
		return
	}
	if s.comment {
		return
	}
	s.line = append(s.line, c)
	begins := s.begins
	s.begins = false
	switch {
	case s.escaped:
		s.escaped = false
	case s.until == "" && c == '\\' && s.quote != '\'':
		s.escaped = true
	case s.quote != 0:
		if c == s.quote {
			s.quote = 0
		}
	case s.until == "" && (c == '\'' || c == '"'):
		s.quote = c
	case c == '#' && begins:
		s.comment = true
	default:
		s.begins = strings.IndexByte(" \t;&|(", c) >= 0
	}
}

func (s *shell) newline() {
	switch m := hereDocument.FindSubmatch(s.line); {
	case s.until != "" && strings.TrimSpace(string(s.line)) == s.until:
		s.until = ""
	case s.until == "" && s.quote == 0 && m != nil:
		s.until = string(m[1])
	}
	s.line, s.comment, s.escaped, s.begins = s.line[:0], false, false, s.quote == 0
}
