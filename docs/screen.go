package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// screen is a terminal that remembers: every line that was ever shown, and when.
type screen struct {
	lines       [][]cell    // from the first one, also those that have scrolled away
	row, column int         // of the cursor
	style       string      // as in SGR
	versions    [][]version // what each line said, oldest first
	scrolls     []scroll
	end         time.Duration
}

// cell is a character of a terminal, and its looks as in SGR.
type cell struct {
	char  rune
	style string
}

// version is what a line said from a time on, until the next version.
type version struct {
	at    time.Duration
	cells []cell
}

// scroll is a time from which top is the first line that is seen.
type scroll struct {
	at  time.Duration
	top int
}

var sequence = regexp.MustCompile("^\x1b\\[([0-9;]*)([A-Za-z])")

// write shows text. A sequence that it does not know is an error: the picture would be wrong.
func (s *screen) write(text string, at time.Duration) error {
	for text != "" {
		if text[0] == 0x1b {
			match := sequence.FindStringSubmatch(text)
			if match == nil || match[2] != "m" && match[2] != "K" || match[2] == "K" && match[1] != "" {
				return fmt.Errorf("show %.20q: an unknown sequence", text)
			}
			if match[2] == "m" {
				s.style = strings.Trim(match[1], "0")
			} else {
				s.line(s.row)
				s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
			}
			text = text[len(match[0]):]
			continue
		}
		char, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch {
		case char == '\r':
			s.column = 0
		case char == '\n':
			s.row++
			s.line(s.row)
		case unicode.Is(unicode.Cf, char): // takes no column
		case char < ' ':
			return fmt.Errorf("show %q: an unknown character", char)
		default:
			s.put(char)
		}
	}
	s.note(at)
	return nil
}

// line makes sure that a line is there.
func (s *screen) line(row int) {
	for len(s.lines) <= row {
		s.lines = append(s.lines, nil)
		s.versions = append(s.versions, nil)
	}
}

func (s *screen) put(char rune) {
	if s.column == columns {
		s.row, s.column = s.row+1, 0
	}
	s.line(s.row)
	for len(s.lines[s.row]) <= s.column {
		s.lines[s.row] = append(s.lines[s.row], cell{' ', ""})
	}
	s.lines[s.row][s.column] = cell{char, s.style}
	s.column++
}

// note remembers what has changed.
func (s *screen) note(at time.Duration) {
	for i, cells := range s.lines {
		said := s.versions[i]
		if len(said) == 0 && len(cells) == 0 || len(said) > 0 && slices.Equal(said[len(said)-1].cells, cells) {
			continue
		}
		s.versions[i] = append(said, version{at, slices.Clone(cells)})
	}
	top := max(0, len(s.lines)-rows)
	if len(s.scrolls) == 0 || s.scrolls[len(s.scrolls)-1].top != top {
		s.scrolls = append(s.scrolls, scroll{at, top})
	}
	s.end = at
}

// The picture, in pixels.
const (
	charWidth  = 84 // in tenths
	lineHeight = 19
	margin     = 16
)

// draw writes the picture, an animation that repeats. A viewer without animations shows the last screen.
func (s *screen) draw(w io.Writer) {
	total := s.end + lastRest
	percent := func(at time.Duration) string {
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", 100*float64(at)/float64(total)), "0"), ".") +
			"%"
	}
	width, height := columns*charWidth/10, rows*lineHeight
	top := s.scrolls[len(s.scrolls)-1].top
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">`+
		"\n", width+2*margin, height+2*margin)
	fmt.Fprint(w, "<style>text{font:14px "+
		"ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d0d7de}")
	fmt.Fprint(w, ".b{font-weight:bold;fill:#fff}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}"+
		".y{fill:#e3b341}.c{fill:#79c0ff}\n")
	fmt.Fprintf(w, "g,text{animation:%.2fs step-end "+
		"infinite}.s{transform:translateY(-%dpx);animation-name:s}@keyframes s{", total.Seconds(), top*lineHeight)
	for i, scroll := range s.scrolls {
		fmt.Fprintf(w, "%s{transform:translateY(-%dpx)}", percent(at(i, scroll.at)), scroll.top*lineHeight)
	}
	fmt.Fprint(w, "}\n")
	var body strings.Builder
	spans := map[string]string{} // the names of animations
	for row, versions := range s.versions {
		for i, v := range versions {
			if len(v.cells) == 0 {
				continue
			}
			from, until := v.at, total
			if i+1 < len(versions) {
				until = versions[i+1].at
			}
			if from == until {
				continue
			}
			fmt.Fprintf(&body, `<text xml:space="preserve" y="%d"%s>%s</text>`+"\n", (row+1)*lineHeight-5,
				attributes(w, spans, from, until, total, percent), runs(v.cells))
		}
	}
	fmt.Fprintf(w, "</style>\n"+`<rect width="%d" height="%d" rx="8" fill="#161b22"/>`+"\n", width+2*margin,
		height+2*margin)
	fmt.Fprintf(w, `<svg x="%d" y="%d" width="%d" height="%d"><g class="s">`+"\n%s</g></svg>\n</svg>\n", margin, margin,
		width+margin, height, body.String())
}

// at is the time of the i-th scroll; the first one is from the beginning.
func at(i int, t time.Duration) time.Duration {
	if i == 0 {
		return 0
	}
	return t
}

// attributes makes a line visible for a time. It writes the animation when no other line has the same.
func attributes(w io.Writer, spans map[string]string, from, until, total time.Duration,
	percent func(time.Duration) string,
) string {
	if from == 0 && until == total {
		return ""
	}
	frames := "0%{visibility:hidden}" + percent(from) + "{visibility:visible}"
	if from == 0 {
		frames = "0%{visibility:visible}"
	}
	hidden := ""
	if until != total {
		frames += percent(until) + "{visibility:hidden}"
		hidden = ` visibility="hidden"`
	}
	name, ok := spans[frames]
	if !ok {
		name = fmt.Sprintf("t%d", len(spans))
		spans[frames] = name
		fmt.Fprintf(w, ".%[1]s{animation-name:%[1]s}@keyframes %[1]s{%[2]s}\n", name, frames)
	}
	return fmt.Sprintf(` class="%s"%s`, name, hidden)
}

// looks are the classes of the styles that the program uses.
var looks = map[string]string{
	"": "", "1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c", "31;1": "r", "32;1": "g",
}

// runs draws the characters of a line, each run of the same looks at once.
func runs(cells []cell) string {
	var b strings.Builder
	for len(cells) > 0 {
		n := slices.IndexFunc(cells, func(c cell) bool { return c.style != cells[0].style })
		if n < 0 {
			n = len(cells)
		}
		var text strings.Builder
		for _, c := range cells[:n] {
			text.WriteRune(c.char)
		}
		class := looks[cells[0].style]
		if class != "" {
			fmt.Fprintf(&b, `<tspan class="%s">`, class)
		}
		_ = xml.EscapeText(&b, []byte(text.String())) // a buffer takes everything
		if class != "" {
			b.WriteString("</tspan>")
		}
		cells = cells[n:]
	}
	return b.String()
}
