package nixexpr_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

func TestPosition(t *testing.T) {
	f := parse(t, "a\nb\r\nc\r\"é e\"\n")
	for _, tt := range []struct{ offset, line, column int }{
		{-5, 1, 1},
		{0, 1, 1},
		{1, 1, 2}, // the line feed belongs to its line
		{2, 2, 1},
		{3, 2, 2},
		{4, 2, 3}, // CR LF is one line end
		{5, 3, 1},
		{7, 4, 1},
		{11, 4, 5}, // columns are bytes: é has two
		{14, 5, 1},
		{99, 5, 1},
	} {
		want := nixexpr.Position{File: "test.nix", Line: tt.line, Column: tt.column}
		assert.Equal(t, want, f.Position(tt.offset), "offset %d", tt.offset)
	}
}

func TestPositionIsSafeForConcurrentUse(t *testing.T) {
	f := parse(t, strings.Repeat("# line\n", 1000)+"1")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { assert.Equal(t, 1001, f.Position(len(f.Src)).Line) })
	}
	group.Wait()
}

func TestTokens(t *testing.T) {
	f := parse(t, "{ a = \"b${./c${d}/e}\"; # f\n  g = ''\n    h''$''; }")
	require.Len(t, f.Tokens, 30)
	var got []string
	for i, token := range f.Tokens {
		got = append(got, f.Kind(i)+" "+string(f.Src[token.Start:token.End]))
	}
	assert.Equal(t, []string{
		"'{' {", "blanks  ", "a name a", "blanks  ", "'=' =", "blanks  ", `'"' "`, "string text b", "'${' ${",
		"a path ./c", "'${' ${", "a name d",
		"'}' }", "a path /e", "'}' }", `'"' "`, "';' ;", "blanks  ", "a comment # f", "blanks \n  ", "a name g",
		"blanks  ", "'=' =", "blanks  ",
		"\"''\" ''\n", "string text     h''$", "\"''\" ''", "';' ;", "blanks  ", "'}' }",
	}, got)
}

func TestLineComments(t *testing.T) {
	f := parse(t, "# one\n{ a = /* two */ \"# no\"; #three\n\tb = ''\n  # no\n''; # four\n}")
	var got []string
	for _, c := range f.LineComments() {
		got = append(got, string(f.Src[c.Start:c.End]))
	}
	assert.Equal(t, []string{"# one", "#three", "# four"}, got)
}

func TestTextAndValues(t *testing.T) {
	for _, tt := range []struct {
		src      string
		constant bool
		parts    []string
	}{
		{`""`, true, []string{}},
		{`"a\nb"`, true, []string{"a\nb"}},
		{"\"a\r\nb\rc\"", true, []string{"a\nb\nc"}},
		{"\"a\r\"", true, []string{"a\n"}},
		{"''\n  a\n      ''", true, []string{"a\n"}},
		{"''\n  a\n      ${b}''", false, []string{"a\n    ", ""}},
		{"''\n  a${b}\n      ''", false, []string{"a", "", "\n"}},
		{"''a'${b}''", false, []string{"a'", ""}},
		{"''  \n  a''", true, []string{"a"}},
		{"''  a''", true, []string{"a"}},
		{`"a${b}\${c}"`, false, []string{"a", "", "${c}"}},
		{"''\n  a\n    b\n''", true, []string{"a\n  b\n"}},
		{"''\n  ${a}\n   b\n  ''", false, []string{"", "", "\n b\n"}},
		{"''\r\n  a''", true, []string{"\r\n  a"}},
		{"''''${a}$${b}''\\nc'''d''", true, []string{"${a}$${b}\nc''d"}},
		{"''${\"a\"}''", false, []string{""}},
	} {
		f := parse(t, tt.src)
		s := firstString(t, f)
		assert.Equal(t, tt.parts, f.PartTexts(s), tt.src)
		for i, want := range tt.parts {
			assert.Equal(t, want, f.PartText(s, i), tt.src)
		}
		value, constant := f.StringValue(s)
		assert.Equal(t, tt.constant, constant, tt.src)
		if constant {
			assert.Equal(t, strings.Join(tt.parts, ""), value, tt.src)
		}
		assert.Equal(t, tt.src, f.Text(s))
	}
}

func TestNamesOfAttributes(t *testing.T) {
	f := parse(t, `{ a.b."c\nd".${"e"}.${f}."g${h}".or = 1; inherit (i) j "k l"; }`)
	bindings := f.Root.(*nixexpr.AttrSet).Bindings
	var names []string
	for _, attr := range bindings[0].Path {
		names = append(names, attr.Name)
	}
	assert.Equal(t, []string{"a", "b", "c\nd", "e", "", "", "or"}, names)
	assert.IsType(t, &nixexpr.Ident{}, bindings[0].Path[4].Expr)
	assert.IsType(t, &nixexpr.Str{}, bindings[0].Path[5].Expr)
	assert.Nil(t, bindings[1].Value)
	assert.Equal(t, "(i)", "("+f.Text(bindings[1].From)+")")
	assert.Equal(t, "k l", bindings[1].Path[1].Name)
}

func TestLambdas(t *testing.T) {
	for _, tt := range []struct {
		src, arg string
		argPos   int32
		formals  []string // nil: none
		ellipsis bool
	}{
		{"x: x", "x", 0, nil, false},
		{"{ }: 1", "", -1, []string{}, false},
		{"{ a, b ? 1, ... }: a", "", -1, []string{"a", "b ? 1"}, true},
		{"x @ { a }: a", "x", 0, []string{"a"}, false},
		{"{ ... } @ x: x", "x", 10, []string{}, true},
	} {
		f := parse(t, tt.src)
		lambda := f.Root.(*nixexpr.Lambda)
		assert.Equal(t, tt.arg, lambda.Arg, tt.src)
		assert.Equal(t, tt.argPos, lambda.ArgPos, tt.src)
		if tt.formals == nil {
			assert.Nil(t, lambda.Formals, tt.src)
			continue
		}
		formals := []string{}
		for i := range lambda.Formals.List {
			formals = append(formals, f.Text(&lambda.Formals.List[i]))
		}
		assert.Equal(t, tt.formals, formals, tt.src)
		assert.Equal(t, tt.ellipsis, lambda.Formals.Ellipsis, tt.src)
	}
}

func TestWalkOrderAndPruning(t *testing.T) {
	f := parse(t, `with a; assert b; { inherit (c) d; e.f = if g then h else i; `+
		`} // [ (j ? k) (l.m or n) (-o) "p${q}" ./r/${s} ({ t ? u }: v w) ]`)
	var idents []string
	last := -1
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if id, ok := n.(*nixexpr.Ident); ok {
			idents = append(idents, id.Name)
			assert.Greater(t, id.Start(), last, "out of order")
			last = id.Start()
		}
		return true
	})
	assert.Equal(t, strings.Split("abcghijlnoqsuvw", ""), idents)

	idents = nil
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if id, ok := n.(*nixexpr.Ident); ok {
			idents = append(idents, id.Name)
		}
		_, isList := n.(*nixexpr.List)
		return !isList
	})
	assert.Equal(t, strings.Split("abcghi", ""), idents)
}

func TestReplaceURI(t *testing.T) {
	f := parse(t, "{ url = github:a/b/v1; }")
	uri := f.Root.(*nixexpr.AttrSet).Bindings[0].Value.(*nixexpr.URI)
	replace := func(from, to int, text string) (string, error) {
		edit, err := f.ReplaceURI(uri, from, to, text)
		if err != nil {
			return "", err
		}
		out, err := f.Apply([]nixexpr.Edit{edit})
		return string(out), err
	}
	for _, tt := range []struct {
		from, to  int
		text      string
		want, err string
	}{
		{12, 13, "2.0", "{ url = github:a/b/v2.0; }", ""},
		{11, 13, "", "{ url = github:a/b/; }", ""},
		{7, 13, "x", "{ url = github:x; }", ""},
		{7, 7, "x", "{ url = github:xa/b/v1; }", ""},
		{7, 13, "", "", "test.nix:1:9: a URI must not end behind its scheme"},
		{12, 13, "2#x", "", "test.nix:1:9: a URI cannot hold '#'"},
		{12, 13, "2;x", "", "test.nix:1:9: a URI cannot hold ';'"},
		{12, 13, "2 ", "", "test.nix:1:9: a URI cannot hold ' '"},
		{6, 13, "2", "", "test.nix:1:9: bytes 6 to 13 are not within the text of this URI behind its scheme"},
		{13, 12, "2", "", "test.nix:1:9: bytes 13 to 12 are not within the text of this URI behind its scheme"},
		{12, 14, "2", "", "test.nix:1:9: bytes 12 to 14 are not within the text of this URI behind its scheme"},
	} {
		got, err := replace(tt.from, tt.to, tt.text)
		if tt.err != "" {
			require.EqualError(t, err, tt.err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, tt.want, got)
	}
}

func TestReplaceStringRefuses(t *testing.T) {
	f := parse(t, `{ a = "b${c}"; d = ''`+"\n  e\n  f\n''; }")
	bindings := f.Root.(*nixexpr.AttrSet).Bindings
	quoted, indented := bindings[0].Value.(*nixexpr.Str), bindings[1].Value.(*nixexpr.Str)
	_, err := f.ReplaceString(quoted, "\x00")
	require.EqualError(t, err, `test.nix:1:7: a string cannot hold a NUL byte: "\x00"`)
	_, err = f.ReplaceString(indented, "  all lines are indented")
	require.EqualError(t, err,
		`test.nix:1:20: the value "  all lines are indented" cannot be written in this kind of string`)
	_, err = f.ReplaceStringPart(quoted, 1, 0, 1, "x")
	require.EqualError(t, err, "test.nix:1:7: this string has no text as part 1")
	_, err = f.ReplaceStringPart(quoted, 0, 0, 2, "x")
	require.EqualError(t, err, "test.nix:1:8: bytes 0 to 2 are not within this text of 1 bytes")
	_, err = f.ReplaceStringPart(quoted, 0, 0, 1, "x\n")
	require.EqualError(t, err, `test.nix:1:8: a part of a string cannot be replaced by a text with '\n' in it`)
	_, err = f.ReplaceStringPart(quoted, 0, 0, 1, "\n")
	require.EqualError(t, err, `test.nix:1:8: a part of a string cannot be replaced by a text with '\n' in it`)
	_, err = f.ReplaceStringPart(indented, 0, 0, 2, "")
	require.ErrorContains(t, err, "would change the string around it")
}

func TestReplaceStringPartRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, src      string
		part, from, to int
		text           string
	}{
		{"half of an escape", `"a\n"`, 0, 2, 3, "t"},
		{"a character that is escaped", `"a\b"`, 0, 2, 3, "n"},
		{"what keeps a dollar from a brace", `"$1{x}"`, 0, 1, 2, ""},
		{"a brace behind a dollar", `"a$1"`, 0, 2, 3, "{x}"},
		{"all between two interpolations", `"${a}1${b}"`, 1, 0, 1, ""},
		{"all before an interpolation", `"1${b}"`, 0, 0, 1, ""},
		{"indented, what keeps quotes apart", `''a'1' ''`, 0, 2, 3, ""},
		{"indented, half of an escape", `''a''\n''`, 0, 4, 5, "t"},
		{"indented, the indentation", "''\n  a\n    b\n''", 0, 0, 2, "  1"},
		{"indented, what is not indented", "''\n  a\n b\n''", 0, 5, 6, "  1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			_, err := f.ReplaceStringPart(firstString(t, f), tt.part, tt.from, tt.to, tt.text)
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
		})
	}
}

func TestReplaceExpr(t *testing.T) {
	f := parse(t, "{ a = lib.fakeHash; b=x; }")
	bindings := f.Root.(*nixexpr.AttrSet).Bindings
	a, err := f.ReplaceExpr(bindings[0].Value, "sha256-x")
	require.NoError(t, err)
	b, err := f.ReplaceExpr(bindings[1].Value, `"; ${x} \ = "`)
	require.NoError(t, err)
	out, err := f.Apply([]nixexpr.Edit{a, b})
	require.NoError(t, err)
	assert.Equal(t, `{ a = "sha256-x"; b="\"; \${x} \\ = \""; }`, string(out))
	_, err = f.ReplaceExpr(bindings[0].Value, "\x00")
	require.EqualError(t, err, `test.nix:1:7: a string cannot hold a NUL byte: "\x00"`)
}

func TestInsertStringEscapes(t *testing.T) {
	f := parse(t, "{\n  a = 1;\n}")
	b := &f.Root.(*nixexpr.AttrSet).Bindings[0]
	edit, err := f.InsertString(b, "vendorHash", `x"; ${y}`)
	require.NoError(t, err)
	out, err := f.Apply([]nixexpr.Edit{edit})
	require.NoError(t, err)
	assert.Equal(t, "{\n  a = 1;\n  vendorHash = \"x\\\"; \\${y}\";\n}", string(out))
	for _, name := range []string{"", "a b", "a.b", "1", "if", "a#", `"a"`, "or", " a"} {
		_, err := f.InsertString(b, name, "x")
		require.EqualError(t, err, fmt.Sprintf("test.nix:2:3: %q is no name of an attribute", name))
	}
	_, err = f.InsertString(b, "a", "\x00")
	require.EqualError(t, err, `test.nix:2:3: a string cannot hold a NUL byte: "\x00"`)
}
