package bump

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// inShellComment says whether an offset in a string stands in a comment of the shell script that the string
// is: behind a # that begins a word, outside of the shell's quotes.
func inShellComment(file *nixexpr.File, s *nixexpr.Str, offset int) bool {
	if !s.Indented && !strings.Contains(string(file.Src[s.Start():offset]), "\n") {
		return false
	}
	sh := shell{begins: true}
	for _, part := range s.Parts {
		if part.Start() >= offset {
			break
		}
		if part.Expr != nil {
			sh.next('x')
			continue
		}
		sh.read(file.Src[part.Start():min(part.End(), offset)], s.Indented)
	}
	return sh.comment
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

// read takes a part of a Nix string, as it is written.
func (s *shell) read(text []byte, indented bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		rest := text[i:]
		switch {
		case indented && len(rest) > 2 && c == '\'' && rest[1] == '\'' && rest[2] == '\'':
			i += 2 // two quotes, one behind the other, change nothing
			continue
		case indented && len(rest) > 2 && c == '\'' && rest[1] == '\'' && rest[2] == '$':
			i, c = i+2, '$'
		case indented && len(rest) > 3 && c == '\'' && rest[1] == '\'' && rest[2] == '\\':
			i, c = i+3, escape(rest[3])
		case !indented && len(rest) > 1 && c == '\\':
			i, c = i+1, escape(rest[1])
		}
		s.next(c)
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
