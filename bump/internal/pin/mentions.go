package pin

import (
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// Mentions returns where the literals of a file hold a version as a word, besides the slots that are moved.
func (f *Files) Mentions(name string, v version.Version, moved []Slot) []diag.Pos {
	if v == "" {
		return nil
	}
	var places []diag.Pos
	for _, at := range f.literals(name) {
		for _, here := range placesIn(at, v, "") {
			if !slices.ContainsFunc(moved, func(m Slot) bool {
				return m.File == name && m.Start <= here.Start && here.End <= m.End
			}) {
				places = append(places, f.pos(name, here.Start))
			}
		}
	}
	return places
}

// literals returns the texts of a file: the parts of its strings in Nix, the strings of its values in other files.
func (f *Files) literals(name string) []eval.Literal {
	var list []eval.Literal
	if file := f.Nix[name]; file != nil {
		nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
			s, ok := n.(*nixexpr.Str)
			if !ok {
				return true
			}
			for i, part := range s.Parts {
				if part.Expr == nil {
					list = append(list, eval.Literal{File: name, Nix: file, Str: s, Part: i, Span: s.Span})
				}
			}
			return true
		})
		return list
	}
	if f.Data[name] == nil {
		return nil
	}
	prog := eval.NewProgram(context.Background(), nil)
	prog.AddData(name, f.data(name))
	if d := prog.ReadData(&eval.Path{Name: name}); d != nil {
		eachText(prog, d, func(t *eval.Text) { list = append(list, t.Pieces[0].At) })
	}
	return list
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
