package pin

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// Mentions returns the lines of a file whose literals hold a version as a word, besides the slots that are moved. In a
// Nix file strings, paths, URLs and quoted names are literals, in other files the strings among their values.
func (f *Files) Mentions(ctx context.Context, name string, v version.Version, moved []Slot) []int {
	var starts []int
	if file := f.Nix[name]; file != nil {
		nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
			if isLiteral(n) {
				for _, i := range v.Places(file.Text(n)) {
					starts = append(starts, n.Start()+i)
				}
			}
			return true
		})
	} else if f.Data[name] != nil {
		prog := eval.NewProgram(ctx, nil)
		prog.AddData(name, f.data(name))
		if d := prog.ReadData(&eval.Path{Name: name}); d != nil {
			eachText(prog, d, func(t *eval.Text) {
				for _, s := range placesIn(t.Pieces[0].At, v, "") {
					starts = append(starts, s.Start)
				}
			})
		}
	}
	slices.Sort(starts)
	return linesOf(f.Source(name), outside(starts, len(v), name, moved))
}

// isLiteral reports whether a node is one piece of text that stands in the file: a part of a string or of a path, a URL
// or a name.
func isLiteral(n nixexpr.Node) bool {
	switch n := n.(type) {
	case *nixexpr.StrPart:
		return n.Expr == nil
	case *nixexpr.Attr:
		return n.Expr == nil
	case *nixexpr.URI:
		return true
	}
	return false
}

// outside returns which texts of one length, in order, stand in none of the slots of a file.
func outside(starts []int, length int, name string, slots []Slot) []int {
	slots = slices.DeleteFunc(slices.Clone(slots), func(s Slot) bool { return s.File != name })
	slices.SortFunc(slots, func(a, b Slot) int { return cmp.Compare(a.Start, b.Start) })
	var left []int
	covered := 0 // up to where a slot goes that begins no later
	for _, start := range starts {
		for ; len(slots) > 0 && slots[0].Start <= start; slots = slots[1:] {
			covered = max(covered, slots[0].End)
		}
		if covered < start+length {
			left = append(left, start)
		}
	}
	return left
}

// linesOf returns the lines, from 1, of places in order, each once.
func linesOf(src []byte, starts []int) []int {
	var lines []int
	line, at := 1, 0
	for _, start := range starts {
		line += bytes.Count(src[at:start], []byte{'\n'})
		lines, at = append(lines, line), start
	}
	return slices.Compact(lines)
}

// eachText visits the strings of a value that a file of data holds.
func eachText(prog *eval.Program, d *eval.Def, visit func(*eval.Text)) {
	switch v := prog.Value(d).(type) {
	case *eval.Text:
		visit(v)
	case *eval.Set:
		for _, name := range v.Names() {
			eachText(prog, v.Get(name), visit)
		}
	case *eval.List:
		for _, elem := range v.Elems {
			eachText(prog, elem, visit)
		}
	}
}
