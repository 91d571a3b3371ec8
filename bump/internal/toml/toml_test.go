package toml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/toml"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// program returns a program that can read a TOML file.
func program(t *testing.T, src string) (*eval.Program, *toml.File) {
	t.Helper()
	p, f := eval.NewProgram(t.Context(), nil), &toml.File{Name: "pin.toml", Src: []byte(src)}
	p.AddData("pin.toml", f)
	return p, f
}

// show is a value as Nix writes it, with the places of the strings that are written.
func show(p *eval.Program, v eval.Value) string {
	switch v := v.(type) {
	case *eval.Text:
		at := v.Pieces[0].At
		return fmt.Sprintf("%q@%d", v.Pieces[0].Text, at.Span.Start())
	case *eval.Scalar:
		return v.Text
	case *eval.List:
		var list []string
		for _, d := range v.Elems {
			list = append(list, show(p, p.Value(d)))
		}
		return "[" + strings.Join(list, " ") + "]"
	case *eval.Set:
		var list []string
		for _, name := range v.Names() {
			list = append(list, name+"="+show(p, p.Value(v.Get(name))))
		}
		return "{" + strings.Join(list, " ") + "}"
	}
	return fmt.Sprintf("%T", v)
}

func TestValue(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"nothing", "", `{}`},
		{"strings", "a = \"1\"\nb = '2'\nc = \"\"", `{a="1"@4 b="2"@12 c=""@20}`},
		{"strings of lines", "a = \"\"\"\n1\n\"\"\"\nb = '''2'''", `{a="1\n"@4 b="2"@18}`},
		{"escapes", `a = "\"\u00e9"`, `{a="\"é"@4}`},
		{"other values", "a = 1_0\nb = true\nc = -1.5", `{a=1_0 b=true c=-1.5}`},
		{"dotted keys", "a.b = '1'\na . \"c.d\" = '2'", `{a={b="1"@6 c.d="2"@22}}`},
		{"tables", "x = 1\n[a.b]\nc = '1'\n[a]\nd.e = '2'\n[\"f\"]", `{x=1 a={b={c="1"@16} d={e="2"@30}} f={}}`},
		{"inline tables", "a = { b = '1', c.d = [ '2', { e = 3 } ] } # '0'", `{a={b="1"@10 c={d=["2"@23 {e=3}]}}}`},
		{
			"lists of tables", "[[a]]\nv = '1'\n[a.b]\nw = '2'\n[[a]]\nv = '3'\n[[a.c]]\n[[a.c]]\nx = '4'",
			`{a=[{v="1"@10 b={w="2"@24}} {v="3"@38 c=[{} {x="4"@62}]}]}`,
		},
		{"lines of Windows", "a = '1'\r\n\r\n[b]\r\nc = '''\r\n2'''", `{a="1"@4 b={c="2"@20}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, _ := program(t, test.src)
			d := p.ReadData(&eval.Path{Name: "pin.toml"})
			require.NotNil(t, d)
			require.Equal(t, test.want, show(p, p.Value(d)))
		})
	}
}

func TestValueRefuses(t *testing.T) {
	for _, src := range []string{
		"a", "a = ", "a = '1", "a = \"\\x\"", "[a", "a = [", "a = { b = 1", "a = '1' b = '2'",
		"a = " + strings.Repeat("[", 300) + strings.Repeat("]", 300), strings.Repeat("a.", 300) + "a = 1",
		"a = " + strings.Repeat("{a=", 300) + "1" + strings.Repeat("}", 300), strings.Repeat("[", 1<<20),
	} {
		p, f := program(t, src)
		require.Nil(t, p.ReadData(&eval.Path{Name: "pin.toml"}), src)
		_, err := f.Value(p)
		require.ErrorContains(t, err, "read pin.toml: ")
		_, err = f.Apply(nil)
		if !strings.Contains(src, "a.a.a") { // the names of one value are a list
			require.ErrorContains(t, err, "pin.toml:1:1: the file is not TOML: ", src)
		}
	}
}

// first returns the first string of a file.
func first(t *testing.T, p *eval.Program) eval.Literal {
	t.Helper()
	set := p.Value(p.ReadData(&eval.Path{Name: "pin.toml"})).(*eval.Set)
	return p.Value(set.Get(set.Names()[0])).(*eval.Text).Pieces[0].At
}

func TestReplaceString(t *testing.T) {
	for _, test := range []struct{ name, src, old, text, want string }{
		{"a version", `v = "v0.1" # 0.1`, "0.1", "0.2", `v = "v0.2" # 0.1`},
		{"in single quotes", `v='0.1'`, "0.1", "0.2", `v='0.2'`},
		{"in three quotes", "v = '''\r\n0.1'''", "0.1", "0.2", "v = '''\r\n0.2'''"},
		{"in three double quotes", "v = \"\"\"\n0.1\n\"\"\"", "0.1", "0.2", "v = \"\"\"\n0.2\n\"\"\""},
		{"quotes", `v = "0.1"`, "0.1", "a\"b\\c\x7f\n", `v = "a\"b\\c\u007F\u000A"`},
		{"beside escapes", `v = "\n0.1\u00e9"`, "0.1", "é", `v = "\né\u00e9"`},
		{"behind an escaped backslash", `v = "\\0.1"`, "0.1", "n", `v = "\\n"`},
		{"backslashes that are none", `v = 'a\0.1\'`, "0.1", `\n`, `v = 'a\\n\'`},
		{"nothing becomes something", `v = ""`, "", "0.1", `v = "0.1"`},
		{"nothing in three quotes", `v = ''''''`, "", "0.1", `v = '''0.1'''`},
		{"a line that goes on", "v = \"\"\"a\\\n   0.1\"\"\"", "0.1", "0.2", "v = \"\"\"a\\\n   0.2\"\"\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, test.src)
			at := first(t, p)
			from := strings.Index(at.Source(), test.old)
			edit, err := at.Replace(from, from+len(test.old), test.text)
			require.NoError(t, err)
			out, err := f.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			require.Equal(t, test.want, string(out))
		})
	}
}

func TestReplaceStringRefuses(t *testing.T) {
	for _, test := range []struct {
		name, src string
		from, to  int
		text      string
		want      string
	}{
		{"a quote", `v = '1'`, 0, 1, `it's`, `pin.toml:1:5: the quotes ' cannot hold "it's" here`},
		{"a line", `v = '1'`, 0, 1, "a\nb", `pin.toml:1:5: the quotes ' cannot hold "a\nb" here`},
		{"what is no text", `v = "1"`, 0, 1, "\xff", `pin.toml:1:5: the quotes " cannot hold "\xff" here`},
		{"three quotes", `v = '''1'''`, 0, 1, `'''`, `pin.toml:1:5: the quotes ''' cannot hold "'''" here`},
		{
			"within an escape", `v = "\u00e9"`, 2, 6, "x",
			`pin.toml:1:8: bytes 2 to 6 of this text begin or end within an escape`,
		},
		{
			"behind a backslash", `v = "\\1"`, 1, 2, "x",
			`pin.toml:1:7: bytes 1 to 2 of this text begin or end within an escape`,
		},
		{"behind the text", `v = "1"`, 0, 2, "x", `pin.toml:1:5: bytes 0 to 2 are not within this text of 1 bytes`},
		{
			"blanks where a line goes on", "v = \"\"\"a\\\n 1\"\"\"", 4, 5, " ",
			`pin.toml:1:5: the quotes """ cannot hold " " here`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, _ := program(t, test.src)
			_, err := first(t, p).Replace(test.from, test.to, test.text)
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			require.EqualError(t, err, test.want)
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, test := range []struct {
		name, src string
		edit      nixexpr.Edit
		want      string
	}{
		{"a number", `v = 12`, nixexpr.Edit{Start: 4, End: 5, New: "3"}, `is not within a string`},
		{"a name", `"v" = "1"`, nixexpr.Edit{Start: 1, End: 2, New: "w"}, `is not within a string`},
		{"a comment", `v = "1" # 1`, nixexpr.Edit{Start: 10, End: 11, New: "2"}, `is not within a string`},
		{"a quote", `v = "1"`, nixexpr.Edit{Start: 4, End: 5, New: `"`}, `is not within a string`},
		{"a value more", `v = "1"`, nixexpr.Edit{Start: 5, End: 6, New: "1\"\nw = \"2"}, `an edit would`},
		{"an element more", `v = ["1", 2]`, nixexpr.Edit{Start: 6, End: 7, New: `1", "2`}, `an edit would`},
		{"no TOML", `v = "1"`, nixexpr.Edit{Start: 5, End: 6, New: `"`}, `the edited file is not TOML any more: `},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, f := program(t, test.src)
			_, err := f.Apply([]nixexpr.Edit{test.edit})
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// FuzzReplaceString puts any text into a string, whatever its quotes: what can be written is read again, and
// the neighbours keep their values.
func FuzzReplaceString(f *testing.F) {
	f.Add(uint8(0), `v0.1`, 1, 4, "0.2")
	f.Add(uint8(0), `\\\u00e9\"`, 2, 8, `"\`)
	f.Add(uint8(1), `a\`, 0, 1, `'`)
	f.Add(uint8(2), "a\\\n  b", 1, 4, " ")
	f.Add(uint8(3), "\na''b", 2, 4, "'''")
	f.Fuzz(func(t *testing.T, kind uint8, raw string, from, to int, text string) {
		quote := []string{`"`, `'`, `"""`, `'''`}[kind%4]
		const before, after = "v = ", "\n[b]\nc = [ 1.5, '1', { d = \"2\" } ]\n"
		p, file := program(t, before+quote+raw+quote+after)
		d := p.ReadData(&eval.Path{Name: "pin.toml"})
		if d == nil || len(p.Value(d).(*eval.Set).Names()) != 2 {
			return
		}
		at := first(t, p)
		if at.Span.End() != len(before+quote+raw+quote) {
			return
		}
		edit, err := at.Replace(from, to, text)
		if err != nil {
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			return
		}
		out, err := file.Apply([]nixexpr.Edit{edit})
		require.NoError(t, err)
		again, _ := program(t, string(out))
		d = again.ReadData(&eval.Path{Name: "pin.toml"})
		require.NotNil(t, d)
		require.Contains(t, show(again, again.Value(d).(*eval.Set)), `c=[1.5 "1"@`)
		edited := again.Value(again.Value(d).(*eval.Set).Get("v")).(*eval.Text).Pieces[0].Text
		require.Contains(t, edited, text)
		require.True(t, strings.HasSuffix(string(out), after))
	})
}
