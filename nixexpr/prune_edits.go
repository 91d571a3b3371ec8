package nixexpr

import (
	"cmp"
	"slices"
	"strings"
)

// A line is one line of a file that is pruned.
type line struct {
	start, end int  // end is behind the line end
	gone       bool // it holds something that goes
	word       bool // what goes in it begins with a let or an in, which the comment above is not about
	kept       bool // it holds something that stays: neither blank nor a comment
	comment    bool // it holds a comment
	inner      bool // it is a part of a comment of several lines
	removed    bool
}

// Edits returns the edits that take out what goes, sorted and without overlap. [File.Apply] proves that
// everything else stays.
func (p *Pruning) Edits() []Edit {
	runs := mergeSpans(p.gone)
	lines := p.lines(runs)
	markComments(lines)
	p.tidyBlankLines(lines)
	edits := slices.Clone(p.joined)
	for _, l := range joinLines(lines) {
		edits = append(edits, Edit{Start: l.start, End: l.end})
	}
	for _, run := range runs {
		edits = append(edits, p.inline(run))
	}
	return mergeEdits(edits)
}

// mergeSpans sorts the spans and joins those that share a byte or touch.
func mergeSpans(spans []Span) []Span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var out []Span
	for _, s := range sorted {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// mergeEdits sorts the edits and joins those that overlap or touch: what one takes out and the other replaces is
// replaced.
func mergeEdits(edits []Edit) []Edit {
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	var out []Edit
	for _, e := range edits {
		if n := len(out); n > 0 && e.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, e.End)
			out[n-1].New += e.New
			continue
		}
		out = append(out, e)
	}
	return out
}

// lines cuts the source into lines and notes what they hold.
func (p *Pruning) lines(runs []Span) []line {
	f := p.file
	starts := append(lineStarts(f.text), int32(len(f.text)))
	lines := make([]line, len(starts)-1)
	for i := range lines {
		lines[i] = line{start: int(starts[i]), end: int(starts[i+1])}
	}
	at := 0
	for i, t := range f.Tokens {
		for lines[at].end <= t.Start {
			at++
		}
		inRun := slices.ContainsFunc(runs, func(s Span) bool { return s.Start() <= t.Start && t.End <= s.End() })
		for j := at; j < len(lines) && lines[j].start < t.End; j++ {
			l := &lines[j]
			switch kind := f.kinds[i]; {
			case inRun:
				l.word = l.word || !l.gone && (kind == kindLet || kind == kindIn)
				l.gone = true
			case kind == kindBlank:
			case kind.blank():
				l.comment = true
				l.inner = l.inner || t.Start < l.start || t.End > l.end
			default:
				l.kept = true
			}
		}
	}
	for i := range lines {
		lines[i].removed = lines[i].gone && !lines[i].kept
	}
	p.keepShared(lines, runs)
	return lines
}

// keepShared takes back that lines are removed which are a part of a run that begins or ends in a line
// that stays: the run is cut out by itself.
func (p *Pruning) keepShared(lines []line, runs []Span) {
	for _, run := range runs {
		first, last := lineOf(lines, run.Start()), lineOf(lines, run.End()-1)
		if !lines[first].kept && !lines[last].kept {
			continue
		}
		for i := first; i <= last; i++ {
			lines[i].removed = false
		}
	}
}

func lineOf(lines []line, offset int) int {
	i, found := slices.BinarySearchFunc(lines, offset, func(l line, at int) int { return cmp.Compare(l.start, at) })
	if !found {
		i--
	}
	return i
}

// markComments removes the comments that stand directly above a removed line, and the lines between two
// removed ones that hold nothing. Behind each line that is removed there is one that stays: the last of the root.
func markComments(lines []line) {
	for i := range lines {
		if !lines[i].removed || lines[i].word {
			continue
		}
		for j := i - 1; j >= 0 && lines[j].comment && !lines[j].kept && !lines[j].gone && !lines[j].inner; j-- {
			lines[j].removed = true
		}
	}
	for i := range lines {
		if !lines[i].removed {
			continue
		}
		next := i + 1
		for lines[next].empty() {
			next++
		}
		if lines[next].removed {
			for k := range lines[i:next] {
				lines[i+k].removed = true
			}
		}
	}
}

func (l line) empty() bool { return !l.removed && !l.gone && !l.kept && !l.comment && !l.inner }

// tidyBlankLines removes the blank lines on one side of removed lines where there are some on the other
// one, or where a bracket opens or closes there.
func (p *Pruning) tidyBlankLines(lines []line) {
	for i := 0; i < len(lines); i++ {
		if !lines[i].removed {
			continue
		}
		last := i
		for lines[last+1].removed {
			last++
		}
		above, below := i-1, last+1
		atTop := above < 0 || lines[above].empty() || p.opens(lines[above])
		for atTop && lines[below].empty() {
			lines[below].removed = true
			below++
		}
		if p.closes(lines[below]) {
			for above >= 0 && lines[above].empty() {
				lines[above].removed = true
				above--
			}
		}
		i = last
	}
}

func (p *Pruning) opens(l line) bool {
	text := strings.TrimRight(p.file.text[l.start:l.end], " \t\r\n")
	if !l.kept || text == "" {
		return false
	}
	return strings.IndexByte("{[(", text[len(text)-1]) >= 0 || endsWithWord(text, "let")
}

func (p *Pruning) closes(l line) bool {
	text := strings.Trim(p.file.text[l.start:l.end], " \t\r\n")
	if !l.kept || text == "" {
		return false
	}
	return strings.IndexByte("}])", text[0]) >= 0 || text == "in" || strings.HasPrefix(text, "in ")
}

func endsWithWord(text, word string) bool {
	rest, ok := strings.CutSuffix(text, word)
	return ok && (rest == "" || strings.IndexByte(" \t", rest[len(rest)-1]) >= 0)
}

// joinLines are the runs of lines that are removed.
func joinLines(lines []line) []line {
	var out []line
	for _, l := range lines {
		switch n := len(out); {
		case !l.removed:
		case n > 0 && out[n-1].end == l.start:
			out[n-1].end = l.end
		default:
			out = append(out, l)
		}
	}
	return out
}

// inline is the edit that cuts a run out of the lines in which it stands: of the blanks on its two sides
// only those before it stay.
func (p *Pruning) inline(run Span) Edit {
	start, end := run.Start(), run.End()
	text := p.file.text
	before := start == 0 || strings.IndexByte(" \t\r\n", text[start-1]) >= 0
	for before && end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		end++
	}
	// At the end of a line the blanks before it would be left hanging.
	if end < len(text) && (text[end] == '\n' || text[end] == '\r') {
		for start > 0 && (text[start-1] == ' ' || text[start-1] == '\t') {
			start--
		}
	}
	if !p.file.apart(start-1) && !p.file.apart(end) && !p.file.selects(start-1, end) {
		return Edit{Start: start, End: end, New: " "}
	}
	return Edit{Start: start, End: end}
}

// selects reports whether a name ends at the offset before, and the dot of a selection from it is at the
// other one.
func (f *File) selects(before, dot int) bool {
	return f.kinds[f.tokenAt(before)] == kindIdent && f.kinds[f.tokenAt(dot)] == kindDot
}

func hasLineEnd(s string) bool { return strings.ContainsAny(s, "\r\n") }
