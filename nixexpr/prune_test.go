package nixexpr_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// pruned applies a pruning and returns the new source.
func pruned(t *testing.T, f *nixexpr.File, p *nixexpr.Pruning) string {
	t.Helper()
	out, err := f.Apply(p.Edits())
	require.NoError(t, err)
	return string(out)
}

// named finds the bindings of a name, in the order of the source.
func named(f *nixexpr.File, name string) []*nixexpr.Binding {
	var list []*nixexpr.Binding
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if b, ok := n.(*nixexpr.Binding); ok && b.Value != nil && b.Path[len(b.Path)-1].Name == name {
			list = append(list, b)
		}
		return true
	})
	return list
}

func TestPruneRemove(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a line", "{\n  a = 1;\n  go = 2;\n  b = 3;\n}\n", "{\n  a = 1;\n  b = 3;\n}\n"},
		{"CRLF", "{\r\n\ta = 1;\r\n\tgo = 2;\r\n}\r\n", "{\r\n\ta = 1;\r\n}\r\n"},
		{"CR", "{\r  go = 2;\r  a = 1;\r}", "{\r  a = 1;\r}"},
		{"the only one", "{\n  go = 2;\n}\n", "{\n}\n"},
		{"several lines", "{\n  a = 1;\n  go = [\n\n    2\n  ];\n}\n", "{\n  a = 1;\n}\n"},
		{"a comment on its line", "{\n  go = 2; # the pin\n  a = 1; # stays\n}\n", "{\n  a = 1; # stays\n}\n"},
		{"comments directly above", "{\n  a = 1;\n  # why\n  # and how\n  go = 2;\n}\n", "{\n  a = 1;\n}\n"},
		{
			"a comment above with a gap stays",
			"{\n  # about all\n\n  go = 2;\n  a = 1;\n}\n",
			"{\n  # about all\n\n  a = 1;\n}\n",
		},
		{"the comment of the line above stays", "{\n  a = 1; # one\n  go = 2;\n}\n", "{\n  a = 1; # one\n}\n"},
		{"a comment below stays", "{\n  go = 2;\n  # about a\n  a = 1;\n}\n", "{\n  # about a\n  a = 1;\n}\n"},
		{"a comment without indentation above", "{\n# why\ngo = 2;\na = 1;\n}\n", "{\na = 1;\n}\n"},
		{"a block comment above", "{\n  /* why */\n  go = 2;\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{
			"a block comment of several lines above stays",
			"{\n  /* a\n     b */\n  go = 2;\n  a = 1;\n}\n",
			"{\n  /* a\n     b */\n  a = 1;\n}\n",
		},
		{"a comment inside", "{\n  go = [\n    # one\n    1\n  ];\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"blank lines on both sides", "{\n  a = 1;\n\n  go = 2;\n\n  b = 3;\n}\n", "{\n  a = 1;\n\n  b = 3;\n}\n"},
		{"a blank line at the end", "{\n  a = 1;\n\n  go = 2;\n}\n", "{\n  a = 1;\n}\n"},
		{"a blank line at the start", "{\n  go = 2;\n\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"two blank lines at the end", "{\n  a = 1;\n\n\n  go = 2;\n}\n", "{\n  a = 1;\n}\n"},
		{"two blank lines at the start", "{\n  go = 2;\n\n\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"a blank line at the start behind two", "{\n  go = 2;\n  b.go = 3;\n\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"a blank line at the start of a let", "x: let\n  go = 2;\n\n  a = 1;\nin a", "x: let\n  a = 1;\nin a"},
		{"a blank line behind the first line", "{ a = 1;\n  go = 2;\n\n  b = 3;\n}\n", "{ a = 1;\n\n  b = 3;\n}\n"},
		{
			"a blank line between two that go, behind one",
			"{\n  a = 1;\n  go = 2;\n\n  b.go = 3;\n  c = 1;\n}\n",
			"{\n  a = 1;\n  c = 1;\n}\n",
		},
		{
			"blank lines around one that stays",
			"{\n  go = 2;\n\n  a = 1;\n\n  b.go = 3;\n\n  c = 1;\n}\n",
			"{\n  a = 1;\n\n  c = 1;\n}\n",
		},
		{"a blank line between two that go", "{\n  go = 2;\n\n  b.go = 3;\n  a = 1;\n}", "{\n  a = 1;\n}"},
		{"inline first", "{ go = 2; a = 1; }", "{ a = 1; }"},
		{"inline last", "{ a = 1; go = 2; }", "{ a = 1; }"},
		{"inline in the middle", "{ a = 1; go = 2; b = 3; }", "{ a = 1; b = 3; }"},
		{"inline two", "{ go = 2; c.go = 3; b = 3; }", "{ b = 3; }"},
		{"inline alone", "{ go = 2; }", "{ }"},
		{"no blanks", "{a=1;go=2;b=3;}", "{a=1;b=3;}"},
		{"behind another one on its line", "{\n  a = 1; go = 2;\n  b = 3;\n}\n", "{\n  a = 1;\n  b = 3;\n}\n"},
		{"before another one on its line", "{\n  go = 2; a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"several lines that share their first", "{ a = 1; go = [\n  2\n]; b = 3; }", "{ a = 1; b = 3; }"},
		{"several lines behind another one", "{ a = 1; go = [\n  2\n];\n  b = 3; }", "{ a = 1;\n  b = 3; }"},
		{"several lines that share their last", "{\n  go = [\n    2\n  ]; b = 3;\n}\n", "{\n  b = 3;\n}\n"},
		{
			"tabs on both sides",
			"{\n\ta = 1;\tgo = 2;\t\n\tb = 3;\tc.go = 2;\td = 4;\n}\n",
			"{\n\ta = 1;\n\tb = 3;\td = 4;\n}\n",
		},
		{"a string with line ends", "{\n  go = ''\n    # text\n\n    x\n  '';\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"beside a string with line ends", "{\n  a = ''\n    x\n  ''; go = 1;\n}\n", "{\n  a = ''\n    x\n  '';\n}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			p := f.Prune()
			for _, b := range named(f, "go") {
				p.Remove(b)
			}
			assert.Equal(t, tt.want, pruned(t, f, p))
		})
	}
}

func TestPruneReplace(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a binding", "{ a = x.f (o: { b = 1; }); }", "{ a = x; }"},
		{"several lines", "{\n  a = x.f (o: {\n    b = 1;\n  });\n  c = 1;\n}\n", "{\n  a = x;\n  c = 1;\n}\n"},
		{"parentheses around the call", "{ a = (x.f { }); }", "{ a = x; }"},
		{"two pairs", "{ a = ((x.f { })); }", "{ a = x; }"},
		{"an argument", "g (x.f { }) y", "g x y"},
		{"an argument that stays a call", "g ((x y).f { }) z", "g (x y) z"},
		{"an element", "[ a (x.f { }) b ]", "[ a x b ]"},
		{"an element that stays a call", "[ ((x.o { c = 1; }).f { }) ]", "[ (x.o { c = 1; }) ]"},
		{"a selection of a call", "((x.o { c = 1; }).f { }).g", "(x.o { c = 1; }).g"},
		{"a selection", "(x.f { }).g", "x.g"},
		{"a selection with a blank before its dot", "(x .f { }).g", "x.g"},
		{"the whole file", "x.f { }", "x"},
		{"the whole file in parentheses", "(x.f { })", "x"},
		{"the end of the file", "y: (x.f { }) ", "y: x "},
		{"a selection from a path", "((./x).f { }).g", "(./x).g"},
		{"the inner parentheses go", "{ a = (x.o { c = 1; }).f { }; }", "{ a = x.o { c = 1; }; }"},
		{"an operand", "(x.o 1).f { } // y", "x.o 1 // y"},
		{"a function", "((x.o 1).f { }) y", "x.o 1 y"},
		{"no blank before the parentheses", "g(x.f { })", "g(x)"},
		{"in a list without blanks", "[(x.f { })]", "[x]"},
		{"a default stays in parentheses", "g ((x.y or z).f { })", "g (x.y or z)"},
		{"an interpolation", `"${x.f { }}"`, `"${x}"`},
		{"a lambda in a binding", "{ a = (y: y).f { }; }", "{ a = y: y; }"},
		{"a lambda as an argument", "g ((y: y).f { })", "g (y: y)"},
		{
			"comments inside go",
			"{\n  a = x.f {\n    # why\n    b = 1; # and how\n  }; # about a\n}\n",
			"{\n  a = x; # about a\n}\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			p := f.Prune()
			var call *nixexpr.Apply
			nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
				if a, ok := n.(*nixexpr.Apply); ok {
					if s, ok := a.Fn.(*nixexpr.Select); ok && s.Path[0].Name == "f" {
						call = a
					}
				}
				return true
			})
			require.NotNil(t, call)
			p.Replace(call, call.Fn.(*nixexpr.Select).Set)
			assert.Equal(t, tt.want, pruned(t, f, p))
		})
	}
}

func TestPruneUnused(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a variable", "let\n  v = 1;\n  w = 2;\nin\n{ go = v; a = w; }", "let\n  w = 2;\nin\n{ a = w; }"},
		{"the last variable", "let\n  v = 1;\nin\n{\n  go = v;\n  a = 1;\n}\n", "{\n  a = 1;\n}\n"},
		{"a chain", "let\n  u = 1;\n  v = u;\nin\n{ go = v; }", "{ }"},
		{"inline", "{ a = let v = 1; in { go = v; b = 2; }; }", "{ a = { b = 2; }; }"},
		{"one that others use stays", "let v = 1; in { go = v; a = v; }", "let v = 1; in { a = v; }"},
		{"one that nobody used stays", "let v = 1; w = 2; in { go = v; }", "let w = 2; in { }"},
		{
			"another variable of the name",
			"let v = 1; in { go = let v = 2; in v; a = (v: v) 1; b = v; }",
			"let v = 1; in { a = (v: v) 1; b = v; }",
		},
		{"used in a let", "let v = 1; in { go = v; a = let w = 2; in v; }", "let v = 1; in { a = let w = 2; in v; }"},
		{
			"used by a variable of a let",
			"let v = 1; in { go = v; a = let w = v; in w; }",
			"let v = 1; in { a = let w = v; in w; }",
		},
		{
			"used in a recursive set",
			"let v = 1; in { go = v; a = rec { w = v; b.v = 1; }; }",
			"let v = 1; in { a = rec { w = v; b.v = 1; }; }",
		},
		{
			"another one that is inherited",
			"let v = 1; in { go = v; a = let inherit (x) u v; in v; }",
			"{ a = let inherit (x) u v; in v; }",
		},
		{
			"used by an inherit of the same let",
			"let v = 1; inherit (v) w; in { go = v; a = w; }",
			"let v = 1; inherit (v) w; in { a = w; }",
		},
		{"a let that was empty", "let in { go = 1; a = 2; }", "let in { a = 2; }"},
		{"blank lines before the let", "\n\nlet\n  v = 1;\nin { go = v; a = 1; }", "{ a = 1; }"},
		{
			"comments above the let and its body stay",
			"# all\nlet\n  # v\n  v = 1;\n# body\nin\n{\n  go = v;\n  a = 1;\n}\n",
			"# all\n# body\n{\n  a = 1;\n}\n",
		},
		{
			"a comment above a let on one line stays",
			"x:\n# all\nlet v = 1; in\n{\n  go = v;\n}\n",
			"x:\n# all\n{\n}\n",
		},
		{
			"a body of several lines to its last",
			"{\n  a =\n    let\n      v = 1;\n    in\n    [ 1\n      (f { go = v; })\n    ];\n}\n",
			"{\n  a =\n    [ 1\n      (f { })\n    ];\n}\n",
		},
		{
			"a body whose bracket closes below",
			"{\n  a =\n    let\n      v = 1;\n    in\n    f { b = 1; go = v;\n    };\n}\n",
			"{\n  a =\n    f { b = 1;\n    };\n}\n",
		},
		{
			"hidden by an argument",
			"let v = 1; in { go = v; a = v: v; b = { v }: v; c = rec { v = 1; d = v; }; }",
			"{ a = v: v; b = { v }: v; c = rec { v = 1; d = v; }; }",
		},
		{"with hides nothing", "let v = 1; in { go = v; a = with x; v; }", "let v = 1; in { a = with x; v; }"},
		{"an inherit uses it", "let v = 1; in { go = v; inherit v; }", "let v = 1; in { inherit v; }"},
		{
			"a recursive set's inherit uses it",
			"let v = 1; in { go = v; a = rec { inherit v; }; }",
			"let v = 1; in { a = rec { inherit v; }; }",
		},
		{"an inherited name", "let inherit (x) v w; in { go = v; a = w; }", "let inherit (x) w; in { a = w; }"},
		{"the last inherited name", "let inherit (x) v; in { go = v; }", "{ }"},
		{"a variable that needs itself", "let v = n: if n == 0 then 0 else v (n - 1); in { go = v; }", "{ }"},
		{"a dotted variable", "let v.a = 1; v.b = 2; in { go = v; }", "{ }"},
		{"a default uses it", "let v = 1; in { go = v; a = { y ? v }: y; }", "let v = 1; in { a = { y ? v }: y; }"},
		{"a computed name uses it", `let v = "a"; in { go = v; "${v}" = 1; }`, `let v = "a"; in { "${v}" = 1; }`},
		{"arguments stay", "final: prev: { go = final; }", "final: prev: { }"},
		{
			"a comment on a variable",
			"let\n  # the pin\n  v = 1; # of today\n  # about w\n  w = 2;\nin\n{ go = v; a = w; }",
			"let\n  # about w\n  w = 2;\nin\n{ a = w; }",
		},
		{
			"a comment in an empty let stays",
			"let\n  # about all\n\n  v = 1;\nin\n{ go = v; a = 1; }",
			"  # about all\n\n{ a = 1; }",
		},
		{
			"below the equals sign", "{\n  a =\n    let\n      v = 1;\n    in\n    f { go = v; };\n}\n",
			"{\n  a = f { };\n}\n",
		},
		{
			"several lines below the equals sign",
			"{\n  a =\n    let\n      v = 1;\n    in\n    f {\n      go = v;\n      b = 1;\n    };\n}\n",
			"{\n  a =\n    f {\n      b = 1;\n    };\n}\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			p := f.Prune()
			for _, b := range named(f, "go") {
				p.Remove(b)
			}
			p.RemoveUnused()
			assert.Equal(t, tt.want, pruned(t, f, p))
		})
	}
}

func TestPruneInheritedNames(t *testing.T) {
	f := parse(t, "{\n  inherit a go b;\n  d = {\n    inherit go;\n  };\n  e = { inherit (x)\n    go\n    c\n    ; "+
		"};\n}\n")
	p := f.Prune()
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if b, ok := n.(*nixexpr.Binding); ok && b.Value == nil {
			p.RemoveName(b, "go")
		}
		return true
	})
	assert.Equal(t, "{\n  inherit a b;\n  d = {\n  };\n  e = { inherit (x)\n    c\n    ; };\n}\n", pruned(t, f, p))
}

func TestPruneNothing(t *testing.T) {
	f := parse(t, "let v = 1; in { a = 1;\n\n\n }")
	p := f.Prune()
	p.RemoveUnused()
	assert.Empty(t, p.Edits())
}

// Whatever goes, and whatever takes its place, the rest stays: Apply proves it.
func FuzzPrune(f *testing.F) {
	f.Add("let\n  v = 1; # one\nin\n{\n\n  a = (x.f { go = v; }); b = [ 1 ];\n}\n", 3, false)
	f.Add("{ a = g(x.f{})y; b = \"${x.f 1}\"; inherit (z) go \"d\" e; }", 2, true)
	f.Fuzz(func(t *testing.T, src string, which int, replace bool) {
		file, err := nixexpr.Parse("fuzz.nix", []byte(src))
		if err != nil {
			return
		}
		p := file.Prune()
		nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
			which--
			switch n := n.(type) {
			case *nixexpr.Binding:
				if which%3 == 0 && !replace {
					p.Remove(n)
				}
			case *nixexpr.Apply:
				if s, ok := n.Fn.(*nixexpr.Select); ok && replace && which%2 == 0 {
					p.Replace(n, s.Set)
					return false
				}
			}
			return true
		})
		p.RemoveUnused()
		_, err = file.Apply(p.Edits())
		require.NoError(t, err, "%q", src)
	})
}
