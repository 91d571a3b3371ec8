package nixexpr_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// parse parses a source that is valid.
func parse(t testing.TB, src string) *nixexpr.File {
	t.Helper()
	f, err := nixexpr.Parse("test.nix", []byte(src))
	require.NoError(t, err)
	return f
}

// firstOf is the first node of a type.
func firstOf[T nixexpr.Node](f *nixexpr.File) (found T, ok bool) {
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if node, is := n.(T); is && !ok {
			found, ok = node, true
		}
		return !ok
	})
	return found, ok
}

func firstString(t testing.TB, f *nixexpr.File) *nixexpr.Str {
	t.Helper()
	s, ok := firstOf[*nixexpr.Str](f)
	require.True(t, ok, "no string in %s", f.Src)
	return s
}

func TestReplaceString(t *testing.T) {
	for _, tt := range []struct{ name, src, value, want string }{
		{"plain", `{ version = "0.1.0"; }`, "0.2.0", `{ version = "0.2.0"; }`},
		{"empty becomes text", `""`, "a", `"a"`},
		{"text becomes empty", `"a"`, "", `""`},
		{"quote and backslash", `"a"`, `x"y\z`, `"x\"y\\z"`},
		{"dollar brace", `"a"`, "${x}", `"\${x}"`},
		{"dollars", `"a"`, "$$${x}", `"$$\${x}"`},
		{"dollar at the end", `"a"`, "$", `"$"`},
		{"line feed stays one", `"a"`, "x\ny", "\"x\ny\""},
		{"carriage return", `"a"`, "x\r\ny", "\"x\\r\ny\""},
		{"interpolation goes", `"v${x}"`, "v1", `"v1"`},
		{"same value keeps its spelling", `"\x"`, "x", `"\x"`},
		{"non-UTF-8", `"a"`, "\xff", "\"\xff\""},
		{"indented, one line", `''a''`, "b", `''b''`},
		{"indented, nothing in it", `{ a = ''''; }`, "a", `{ a = ''a''; }`},
		{"indented, behind spaces", `''  a''`, "b", `''b''`},
		{"indented, own lines become empty", "{\n  a = ''\n    one\n  '';\n}", "", "{\n  a = ''\n  '';\n}"},
		{
			"indented, own lines", "{\n  a = ''\n    one\n    two\n  '';\n}", "x\ny\n",
			"{\n  a = ''\n    x\n    y\n  '';\n}",
		},
		{"indented, dollar brace", `''a''`, "${x}", `''''${x}''`},
		{"indented, quotes", `''a''`, "x''y", `''x''\''y''`},
		{"indented, quote at the end", `''a''`, "x'", `''x''\'''`},
		{"indented, dollars", `''a''`, "$$${x}", `''''\$''\$''${x}''`},
		{"indented, backslash is itself", `''a''`, `x\n`, `''x\n''`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			edit, err := f.ReplaceString(firstString(t, f), tt.value)
			require.NoError(t, err)
			out, err := f.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(out))
			edited := parse(t, string(out))
			got, ok := edited.StringValue(firstString(t, edited))
			assert.True(t, ok)
			assert.Equal(t, tt.value, got)
		})
	}
}

func TestReplaceStringPart(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		part      int
		old, new  string
		want      string
	}{
		{"version in a URL", `"https://x/v0.1.0/y"`, 0, "0.1.0", "0.2.0", `"https://x/v0.2.0/y"`},
		{"between interpolations", `"${a}-1-${b}"`, 1, "1", "2", `"${a}-2-${b}"`},
		{"indented", "''\n  ${a}\n  v=1\n''", 2, "1", "2", "''\n  ${a}\n  v=2\n''"},
		{"needs escaping", `"a1b"`, 0, "1", `"`, `"a\"b"`},
		{"indented, needs escaping", `''a1b''`, 0, "1", "''", `''a''\'''\'b''`},
		{"goes", `"abc"`, 0, "b", "", `"ac"`},
		{"goes at the end", `"aab"`, 0, "b", "", `"aa"`},
		{"goes between interpolations", `"x${a}-1-${b}y"`, 2, "1", "", `"x${a}--${b}y"`},
		{"goes before an interpolation", `"x1${b}"`, 0, "1", "", `"x${b}"`},
		{"is put in", `"ab"`, 0, "", "1", `"1ab"`},
		{"behind a backslash", `"\\1"`, 0, "1", "n", `"\\n"`},
		{"behind a dollar", `"$1"`, 0, "1", "2", `"$2"`},
		{"before an interpolation", `"v1${b}"`, 0, "1", "2", `"v2${b}"`},
		{"before a dollar", `"1$x"`, 0, "1", "2", `"2$x"`},
		{"indented, before an escape", `''1''${x}''`, 0, "1", "2", `''2''${x}''`},
		{"indented, behind an escape", `''''${x}1''`, 0, "1", "2", `''''${x}2''`},
		{"indented, spaces", `''a 1''`, 0, " 1", " 2", `''a 2''`},
		{"indented, first of its line", "''\n  1 a\n  b\n''", 0, "1", "2", "''\n  2 a\n  b\n''"},
		{"a line end goes", "\"a\nb\"", 0, "\n", "-", `"a-b"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			s := firstString(t, f)
			from := strings.Index(f.Text(&s.Parts[tt.part]), tt.old)
			edit, err := f.ReplaceStringPart(s, tt.part, from, from+len(tt.old), tt.new)
			require.NoError(t, err)
			out, err := f.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(out))
		})
	}
}

func TestInsertString(t *testing.T) {
	const hash = `vendorHash = "x";`
	for _, tt := range []struct{ name, src, want string }{
		{"own line", "{\n  a = 1;\n  b = 2;\n}", "{\n  a = 1;\n  " + hash + "\n  b = 2;\n}"},
		{"tabs", "{\n\ta = 1;\n}", "{\n\ta = 1;\n\t" + hash + "\n}"},
		{"CR LF", "{\r\n  a = 1;\r\n}\r\n", "{\r\n  a = 1;\r\n  " + hash + "\r\n}\r\n"},
		{"CR", "{\r  a = 1;\r}", "{\r  a = 1;\r  " + hash + "\r}"},
		{"one line", "{ a = 1; b = 2; }", "{ a = 1; " + hash + " b = 2; }"},
		{"no blanks", "{a=1;}", "{a=1; " + hash + "}"},
		{"second on its line", "{\n  z = 0; a = 1;\n}", "{\n  z = 0; " + hash + " a = 1;\n}"},
		{"block comment", "{\n  a = 1; /* why */\n}", "{\n  a = 1; /* why */\n  " + hash + "\n}"},
		{"brace on its line", "{\n  a = 1; }", "{\n  a = 1; " + hash + " }"},
		{"line comment", "{\n  a = 1; # why\n}", "{\n  a = 1; # why\n  " + hash + "\n}"},
		{"value of many lines", "{\n  a = [\n    1\n  ];\n}", "{\n  a = [\n    1\n  ];\n  " + hash + "\n}"},
		{"inherit", "{\n  inherit a;\n}", "{\n  inherit a;\n  " + hash + "\n}"},
		{"let", "let\n  a = 1;\nin a", "let\n  a = 1;\n  " + hash + "\nin a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			b, ok := firstOf[*nixexpr.Binding](f)
			require.True(t, ok)
			edit, err := f.InsertString(b, "vendorHash", "x")
			require.NoError(t, err)
			out, err := f.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(out))
		})
	}
}

func TestInsertLines(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"own line", "{\n  a = 1;\n}", "{\n  a = 1;\n  b = {\n    c = 2;\n  };\n}"},
		{"tabs", "{\n\ta = 1;\n}", "{\n\ta = 1;\n\tb = {\n\t\tc = 2;\n\t};\n}"},
		{"CR LF", "{\r\n  a = 1;\r\n}", "{\r\n  a = 1;\r\n  b = {\r\n    c = 2;\r\n  };\r\n}"},
		{"comment", "{\n  a = 1; # why\n}", "{\n  a = 1; # why\n  b = {\n    c = 2;\n  };\n}"},
		{"one line", "{ a = 1; }", "{ a = 1; b = { c = 2; }; }"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			b, ok := firstOf[*nixexpr.Binding](f)
			require.True(t, ok)
			out, err := f.Apply([]nixexpr.Edit{f.InsertLines(b, "b = {", "\tc = 2;", "};")})
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(out))
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		edits     []nixexpr.Edit
		want      string
	}{
		{
			"before the file", "1",
			[]nixexpr.Edit{{-1, 0, ""}},
			"test.nix:1:1: an edit of bytes -1 to 0 is not within the file's 1 bytes",
		},
		{
			"behind the file", "1",
			[]nixexpr.Edit{{0, 2, ""}},
			"test.nix:1:1: an edit of bytes 0 to 2 is not within the file's 1 bytes",
		},
		{
			"backwards", "12",
			[]nixexpr.Edit{{2, 1, ""}},
			"test.nix:1:3: an edit of bytes 2 to 1 is not within the file's 2 bytes",
		},
		{
			"overlap", `"abc"`,
			[]nixexpr.Edit{{2, 4, "x"}, {1, 3, "y"}},
			`test.nix:1:3: two edits overlap: ` +
				`bytes 1 to 3 at test.nix:1:2 become "y"; bytes 2 to 4 at test.nix:1:3 become "x"`,
		},
		{
			"two at one place", "[ ]",
			[]nixexpr.Edit{{1, 1, "1"}, {1, 1, "2"}},
			`test.nix:1:2: two edits overlap: ` +
				`bytes 1 to 1 at test.nix:1:2 become "1"; bytes 1 to 1 at test.nix:1:2 become "2"`,
		},
		{
			"no Nix any more", "{ a = 1; }",
			[]nixexpr.Edit{{6, 7, ""}},
			"test.nix:1:7: the edited file is not Nix any more: test.nix:1:7: expected a value after '=', found ';'",
		},
		{
			"twice", "{ a = 1; b = 2; }",
			[]nixexpr.Edit{{9, 10, "a"}},
			"test.nix:1:10: the edited file is not Nix any more: " +
				"test.nix:1:10: attribute 'a' is defined already at test.nix:1:3",
		},
		{
			"opens a comment", "[ 1 2 ]",
			[]nixexpr.Edit{{3, 3, " ] #"}},
			"test.nix:1:4: an edit would change the meaning of blanks, which is outside of it",
		},
		{
			"joins names", "f a b",
			[]nixexpr.Edit{{3, 4, ""}},
			"test.nix:1:3: an edit would change the meaning of 'a', which is outside of it",
		},
		{"text and an interpolation", `"ab${c}d"`, []nixexpr.Edit{{2, 7, "x"}}, ""},
		{
			"the end of an interpolation", `"a${b}c"`,
			[]nixexpr.Edit{{4, 7, "x}y"}},
			`test.nix:1:5: the edit would not leave the string at test.nix:1:1 one string: ` +
				`bytes 4 to 7 at test.nix:1:5 become "x}y"`,
		},
		{
			"the start of an interpolation", `"a${b}c"`,
			[]nixexpr.Edit{{1, 4, "z${"}},
			`test.nix:1:2: the edit would not leave the string at test.nix:1:1 one string: ` +
				`bytes 1 to 4 at test.nix:1:2 become "z${"`,
		},
		{
			"beyond the end of an interpolation", `"a${b}c"`,
			[]nixexpr.Edit{{4, 6, `x}${y}`}},
			`test.nix:1:5: the edit would not leave the string at test.nix:1:1 one string: ` +
				`bytes 4 to 6 at test.nix:1:5 become "x}${y}"`,
		},
		{
			"within an interpolation", `"a${b c}d"`,
			[]nixexpr.Edit{{5, 6, `}${`}},
			`test.nix:1:6: the edit would not leave the string at test.nix:1:1 one string: ` +
				`bytes 5 to 6 at test.nix:1:6 become "}${"`,
		},
		{
			"a long text", `[ a ]`,
			[]nixexpr.Edit{{2, 3, "b" + strings.Repeat(" ", 38) + "c"}},
			`test.nix:1:3: the edit would not leave one expression: ` +
				`bytes 2 to 3 at test.nix:1:3 become "b` + strings.Repeat(" ", 38) + `c"`,
		},
		{
			"a longer text", `[ a ]`,
			[]nixexpr.Edit{{2, 3, "b" + strings.Repeat(" ", 39) + "c"}},
			`test.nix:1:3: the edit would not leave one expression: ` +
				`bytes 2 to 3 at test.nix:1:3 become "b` + strings.Repeat(" ", 39) + `…"`,
		},
		{"behind a string", `["a"]`, []nixexpr.Edit{{4, 4, " b"}}, ""},
		{"before a string", `["a"]`, []nixexpr.Edit{{1, 1, "b "}}, ""},
		{
			"two that are no expressions", `[ a b ]`,
			[]nixexpr.Edit{{4, 5, "e f"}, {2, 3, "c d"}},
			`test.nix:1:3: the edit would not leave one expression: bytes 2 to 3 at test.nix:1:3 become "c d"`,
		},
		{"one behind the other", `"abc"`, []nixexpr.Edit{{1, 2, "x"}, {2, 3, "y"}}, ""},
		{"an insertion behind an edit", `"abc"`, []nixexpr.Edit{{1, 2, "x"}, {2, 2, "y"}}, ""},
		{"text grows at its end", "''a''", []nixexpr.Edit{{3, 3, "b"}}, ""},
		{"text grows at its start", `"a"`, []nixexpr.Edit{{1, 1, "b"}}, ""},
		{
			"ends the string", `["a" "b"]`,
			[]nixexpr.Edit{{2, 3, `" "`}, {6, 7, `" "`}},
			`test.nix:1:3: the edit would not leave the string at test.nix:1:2 one string: ` +
				`bytes 2 to 3 at test.nix:1:3 become "\" \""`,
		},
		{
			"ends the string and begins another attribute", `{ rev = "0"; }`,
			[]nixexpr.Edit{{9, 10, `1"; name = "source`}},
			`test.nix:1:10: the edit would not leave the string at test.nix:1:9 one string: ` +
				`bytes 9 to 10 at test.nix:1:10 become "1\"; name = \"source"`,
		},
		{
			"interpolates", `{ rev = "0"; }`,
			[]nixexpr.Edit{{9, 10, `${x}`}},
			`test.nix:1:10: the edit would not leave the string at test.nix:1:9 one string: ` +
				`bytes 9 to 10 at test.nix:1:10 become "${x}"`,
		},
		{
			"makes an interpolation with what is there", `"$a{x}"`,
			[]nixexpr.Edit{{2, 3, ``}},
			`test.nix:1:3: the edit would not leave the string at test.nix:1:1 one string: ` +
				`bytes 2 to 3 at test.nix:1:3 become ""`,
		},
		{
			"swallows an interpolation", `"a${x}"`,
			[]nixexpr.Edit{{1, 2, `\`}},
			`test.nix:1:3: an edit would change the meaning of '${', which is outside of it`,
		},
		{
			"an empty string is a string", `["" "b"]`,
			[]nixexpr.Edit{{2, 2, `" "`}},
			`test.nix:1:3: the edit would not leave the string at test.nix:1:2 one string: ` +
				`bytes 2 to 2 at test.nix:1:3 become "\" \""`,
		},
		{
			"in an indented string", `[''a'' b]`,
			[]nixexpr.Edit{{3, 4, `'' c ''`}},
			`test.nix:1:4: the edit would not leave the string at test.nix:1:2 one string: ` +
				`bytes 3 to 4 at test.nix:1:4 become "'' c ''"`,
		},
		{
			"in the name of an attribute", `{ "a" = 1; }`,
			[]nixexpr.Edit{{3, 4, `a".b."c`}},
			`test.nix:1:4: the edit would not leave the string at test.nix:1:3 one string: ` +
				`bytes 3 to 4 at test.nix:1:4 become "a\".b.\"c"`,
		},
		{
			"in a string in an interpolation", `"a${b "c"}"`,
			[]nixexpr.Edit{{7, 8, `" + "`}},
			`test.nix:1:8: the edit would not leave the string at test.nix:1:7 one string: ` +
				`bytes 7 to 8 at test.nix:1:8 become "\" + \""`,
		},
		{"the expression of an interpolation", `"a${b}"`, []nixexpr.Edit{{4, 5, `"c"`}}, ""},
		{"all of an interpolation", `"a${b}"`, []nixexpr.Edit{{2, 6, `b`}}, ""},
		{"all of a string and its interpolation", `"${b}"`, []nixexpr.Edit{{1, 5, `c`}}, ""},
		{
			"one quote", `f "a" b`,
			[]nixexpr.Edit{{1, 3, ` "c" + "`}},
			`test.nix:1:2: an edit takes one end of the string at test.nix:1:3: ` +
				`bytes 1 to 3 at test.nix:1:2 become " \"c\" + \""`,
		},
		{"a whole string", `f "a" b`, []nixexpr.Edit{{2, 5, `c`}}, ""},
		{
			"an expression becomes two", `[ a b ]`,
			[]nixexpr.Edit{{2, 3, `c d`}},
			`test.nix:1:3: the edit would not leave one expression: bytes 2 to 3 at test.nix:1:3 become "c d"`,
		},
		{
			"an expression becomes more than itself", `{ a = b; }`,
			[]nixexpr.Edit{{6, 7, `c; d = e`}},
			`test.nix:1:7: the edit would not leave one expression: bytes 6 to 7 at test.nix:1:7 become "c; d = e"`,
		},
		{
			"an operand becomes a looser one", `a + b`,
			[]nixexpr.Edit{{4, 5, `b == c`}},
			`test.nix:1:5: the edit would not leave one expression: bytes 4 to 5 at test.nix:1:5 become "b == c"`,
		},
		{"an expression becomes another one", `{ a = b; c = "1"; }`, []nixexpr.Edit{{6, 7, `"x"`}, {14, 15, `22`}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.src)
			_, err := f.Apply(tt.edits)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			var editErr *nixexpr.EditError
			require.ErrorAs(t, err, &editErr)
			assert.Equal(t, tt.want, err.Error())
		})
	}
}
