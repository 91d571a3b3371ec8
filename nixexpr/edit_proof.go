package nixexpr

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
)

// The proof of edits compares the tokens and the tree of a file before and after: what an edit does not touch
// is the same, and what it replaces is still one literal, or one expression.

// checkTokens looks for every token outside of the edits in the edited file. An edit touches
// the tokens that it shares a byte with. Blanks and texts beside an edit may have become part
// of larger ones; all others must be there as they were.
func (f *File) checkTokens(edited *File, sorted []Edit) error {
	next, shift, j := 0, 0, 0
	for i, t := range f.Tokens {
		for next < len(sorted) && sorted[next].End <= t.Start {
			shift += sorted[next].grows()
			next++
		}
		if touched(t, sorted, next) {
			continue
		}
		moved := Token{Start: t.Start + shift, End: t.End + shift}
		for edited.Tokens[j].End <= moved.Start { // one holds it: the token's bytes are in the edited file
			j++
		}
		grown := growing(f.kinds[i]) && beside(t, sorted, next)
		if edited.kinds[j] != f.kinds[i] || !covers(edited.Tokens[j], moved, grown) {
			return f.editError(t.Start, "an edit would change the meaning of %s, which is outside of it", f.found(i))
		}
	}
	return nil
}

// grows is by how much an edit makes the source longer.
func (e Edit) grows() int { return len(e.New) - (e.End - e.Start) }

// growing reports whether tokens of a kind that touch each other are one token.
func growing(kind tokenKind) bool {
	return kind == kindBlank || kind == kindText || kind == kindIndentText
}

// covers reports whether a token is the other one or, when it may have grown, holds it.
func covers(token, other Token, grown bool) bool {
	return token == other || grown && token.Start <= other.Start && other.End <= token.End
}

// touched reports whether the next edit, the first that does not end before the token, shares
// a byte with it.
func touched(t Token, sorted []Edit, next int) bool {
	return next < len(sorted) && sorted[next].Start < t.End
}

// beside reports whether an edit ends where the token starts or starts where it ends.
func beside(t Token, sorted []Edit, next int) bool {
	return next > 0 && sorted[next-1].End == t.Start || next < len(sorted) && sorted[next].Start == t.End
}

// A literalToken is a string, of either kind, as its tokens show it: that of an expression as well as that of
// an attribute name.
type literalToken struct {
	start, end int    // quotes included
	from, to   int    // the text between them
	holes      []Span // of the interpolations in it, not those within them
}

// literalTokens lists the strings of a file by their start.
func (f *File) literalTokens() []literalToken {
	var list []literalToken
	type opened struct {
		kind   tokenKind
		start  int
		string int // index in list, of a string
	}
	var stack []opened
	for i, t := range f.Tokens {
		kind := f.kinds[i]
		inside := len(stack) > 0 && (stack[len(stack)-1].kind == kindQuote ||
			stack[len(stack)-1].kind == kindIndentOpen)
		switch {
		case kind == kindIndentClose || kind == kindQuote && inside:
			l := &list[stack[len(stack)-1].string]
			l.to, l.end = t.Start, t.End
			stack = stack[:len(stack)-1]
		case kind == kindQuote || kind == kindIndentOpen:
			stack = append(stack, opened{kind: kind, start: t.Start, string: len(list)})
			list = append(list, literalToken{start: t.Start, from: t.End})
		case kind == kindInterp || kind == kindBraceOpen:
			stack = append(stack, opened{kind: kind, start: t.Start})
		case kind == kindBraceClose:
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			n := len(stack)
			inString := n > 0 && stack[n-1].kind != kindInterp && stack[n-1].kind != kindBraceOpen
			if top.kind == kindInterp && inString {
				l := &list[stack[n-1].string]
				l.holes = append(l.holes, Span{From: int32(top.start), To: int32(t.End)})
			}
		}
	}
	return list
}

// checkStrings proves that every string that is edited is one string still, which ends where it ended,
// and that it has no interpolation that it did not have before.
func (f *File) checkStrings(edited *File, sorted []Edit) error {
	if len(sorted) == 0 {
		return nil
	}
	after := map[int]*literalToken{}
	list := edited.literalTokens()
	for i := range list {
		after[list[i].start] = &list[i]
	}
	m := newMover(sorted)
	for _, l := range f.literalTokens() {
		touching := overlapping(sorted, l.start, l.end)
		inText, err := f.inText(&l, touching)
		if err != nil {
			return err
		}
		if !inText {
			continue
		}
		kept := 0
		for _, hole := range l.holes {
			if !cuts(overlapping(touching, hole.Start(), hole.End()), hole) {
				kept++
			}
		}
		is := after[m.moved(l.start)]
		if is == nil || is.end != m.moved(l.end-1)+1 || len(is.holes) != kept {
			return f.editError(touching[0].Start, "the edit would not leave the string at %s one string: %s",
				f.Position(l.start), f.describe(touching[0]))
		}
	}
	return nil
}

// inText reports whether any of the edits that touch a string is within it. An edit that takes one of its two
// quotes is refused.
func (f *File) inText(l *literalToken, touching []Edit) (bool, error) {
	found := false
	for _, e := range touching {
		switch {
		case e.Start <= l.start && l.end <= e.End: // the string goes as a whole
		case e.Start < l.from || l.to < e.End:
			return false, f.editError(e.Start, "an edit takes one end of the string at %s: %s",
				f.Position(l.start), f.describe(e))
		default:
			found = true
		}
	}
	return found, nil
}

// cuts reports whether one of the edits that touch an interpolation takes an end of it, or all of it.
func cuts(edits []Edit, hole Span) bool {
	for _, e := range edits {
		if e.Start < hole.Start()+len("${") || hole.End()-1 < e.End {
			return true
		}
	}
	return false
}

// overlapping returns the edits that share a byte with a part of the source, or insert into it.
func overlapping(sorted []Edit, start, end int) []Edit {
	from := sort.Search(len(sorted), func(i int) bool { return sorted[i].End > start })
	to := sort.Search(len(sorted), func(i int) bool { return sorted[i].Start >= end })
	return sorted[from:max(from, to)]
}

// A mover knows where the bytes outside of edits are afterwards.
type mover struct {
	sorted []Edit
	shifts []int // of what is behind each edit
}

func newMover(sorted []Edit) *mover {
	m := &mover{sorted: sorted, shifts: make([]int, len(sorted))}
	shift := 0
	for i, e := range sorted {
		shift += e.grows()
		m.shifts[i] = shift
	}
	return m
}

// moved is the new offset of a byte that no edit takes.
func (m *mover) moved(offset int) int {
	i := sort.Search(len(m.sorted), func(i int) bool { return m.sorted[i].End > offset })
	if i == 0 {
		return offset
	}
	return offset + m.shifts[i-1]
}

// checkExprs proves that an edit that takes exactly an expression, and puts something there, leaves exactly an
// expression.
func (f *File) checkExprs(edited *File, sorted []Edit) error {
	edits := map[Span]*Edit{}
	for i := range sorted {
		e := &sorted[i]
		if strings.Trim(e.New, " \t\r\n") != "" {
			edits[Span{From: int32(e.Start), To: int32(e.End)}] = e
		}
	}
	if len(edits) == 0 {
		return nil
	}
	m := newMover(sorted)
	want := map[Span]*Edit{}
	Walk(f.Root, func(n Node) bool {
		expr, ok := n.(Expr)
		if !ok {
			return true
		}
		if e := edits[spanOf(expr)]; e != nil {
			start := m.moved(e.End) - len(e.New)
			want[Span{From: int32(start), To: int32(start + len(e.New))}] = e
		}
		return true
	})
	Walk(edited.Root, func(n Node) bool {
		if expr, ok := n.(Expr); ok {
			delete(want, spanOf(expr))
		}
		return len(want) > 0
	})
	if len(want) == 0 {
		return nil
	}
	first := slices.MinFunc(slices.Collect(maps.Values(want)), func(a, b *Edit) int {
		return cmp.Compare(a.Start, b.Start)
	})
	return f.editError(first.Start, "the edit would not leave one expression: %s", f.describe(*first))
}

func spanOf(n Node) Span { return Span{From: int32(n.Start()), To: int32(n.End())} }
