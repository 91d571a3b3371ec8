package pin

import (
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// Mentions returns where the literals of a Nix file hold a version as a word, besides the slots that are moved.
func (f *Files) Mentions(name string, v version.Version, moved []Slot) []diag.Pos {
	file := f.Nix[name]
	if file == nil || v == "" {
		return nil
	}
	var places []diag.Pos
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		s, ok := n.(*nixexpr.Str)
		if !ok {
			return true
		}
		for i, part := range s.Parts {
			if part.Expr != nil {
				continue
			}
			at := eval.Literal{File: name, Nix: file, Str: s, Part: i, Span: s.Span}
			for _, here := range placesIn(at, v, "") {
				if !slices.ContainsFunc(moved, func(m Slot) bool {
					return m.File == name && m.Start <= here.Start && here.End <= m.End
				}) {
					places = append(places, posIn(file, here.Start))
				}
			}
		}
		return true
	})
	return places
}
