package nixexpr_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

func seeds(f *testing.F, add func(src string)) {
	f.Helper()
	for _, c := range grammarCases(f) {
		add(c.src)
	}
}

// checkTiling: the tokens tile the source.
func checkTiling(t testing.TB, f *nixexpr.File) {
	t.Helper()
	at := 0
	for i, token := range f.Tokens {
		require.Equal(t, at, token.Start, "token %d of %q", i, f.Src)
		require.Greater(t, token.End, token.Start, "token %d of %q", i, f.Src)
		at = token.End
	}
	require.Equal(t, len(f.Src), at, "%q", f.Src)
}

// checkSpans: every node lies within its parent, behind the node before it, and between tokens.
func checkSpans(t testing.TB, f *nixexpr.File) {
	t.Helper()
	edges := map[int]bool{len(f.Src): true}
	for _, token := range f.Tokens {
		edges[token.Start] = true
	}
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		require.True(t, edges[n.Start()] && edges[n.End()], "%T %q cuts a token of %q", n, f.Text(n), f.Src)
		at := n.Start()
		nixexpr.Children(n, func(child nixexpr.Node) {
			require.GreaterOrEqual(t, child.Start(), at, "%T in %T of %q", child, n, f.Src)
			at = child.End()
		})
		require.LessOrEqual(t, at, n.End(), "%T of %q", n, f.Src)
		return true
	})
}

// checkPrint: what is printed parses to the same tree.
func checkPrint(t testing.TB, f *nixexpr.File) {
	t.Helper()
	printed := f.Print(f.Root)
	again, err := nixexpr.Parse("printed.nix", printed)
	require.NoError(t, err, "%q printed is %q", f.Src, printed)
	require.Equal(t, string(printed), string(again.Print(again.Root)))
}

// checkSameValues: a string that is given the value that it has is not changed.
func checkSameValues(t testing.TB, f *nixexpr.File) {
	t.Helper()
	var edits []nixexpr.Edit
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		s, ok := n.(*nixexpr.Str)
		if !ok {
			return true
		}
		value, constant := f.StringValue(s)
		if !constant {
			return true
		}
		edit, err := f.ReplaceString(s, value)
		require.NoError(t, err, "%q", f.Src)
		edits = append(edits, edit)
		return true
	})
	out, err := f.Apply(edits)
	require.NoError(t, err, "%q", f.Src)
	require.True(t, bytes.Equal(f.Src, out), "%q became %q", f.Src, out)
}

func FuzzParse(f *testing.F) {
	seeds(f, func(src string) { f.Add([]byte(src)) })
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := nixexpr.Parse("fuzz.nix", src)
		if err != nil {
			var syntax *nixexpr.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.True(t, 0 <= syntax.Offset && syntax.Offset <= len(src), "%q: %v", src, err)
			require.NotEmpty(t, syntax.Msg)
			return
		}
		checkTiling(t, file)
		checkSpans(t, file)
		checkPrint(t, file)
		checkSameValues(t, file)
	})
}

// FuzzReplaceString gives the first string of a source any value: either that is refused, or
// the string has the value afterwards and everything else is as it was.
func FuzzReplaceString(f *testing.F) {
	seeds(f, func(src string) { f.Add([]byte(src), "a${b}''c\"\\\n  d'$") })
	f.Fuzz(func(t *testing.T, src []byte, value string) {
		file, err := nixexpr.Parse("fuzz.nix", src)
		if err != nil {
			return
		}
		s, ok := firstOf[*nixexpr.Str](file)
		if !ok {
			return
		}
		edit, err := file.ReplaceString(s, value)
		if err != nil {
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			return
		}
		out, err := file.Apply([]nixexpr.Edit{edit})
		if err != nil {
			requireDuplicate(t, err)
			return
		}
		edited := parse(t, string(out))
		after, ok := stringAt(edited, s.Start())
		if !ok {
			requireName(t, edited, s.Start())
			return
		}
		got, constant := edited.StringValue(after)
		require.True(t, constant)
		require.Equal(t, value, got, "%q became %q", src, out)
		require.Equal(t, string(src[:s.Start()]), string(out[:after.Start()]))
		require.Equal(t, string(src[s.End():]), string(out[after.End():]))
	})
}

// stringAt is the string that starts at an offset.
func stringAt(f *nixexpr.File, offset int) (found *nixexpr.Str, ok bool) {
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if s, is := n.(*nixexpr.Str); is && s.Start() == offset {
			found, ok = s, true
		}
		return !ok
	})
	return found, ok
}

// requireName: a string that is gone was interpolated into the name of an attribute, and with
// its new value made that a plain one.
func requireName(t testing.TB, f *nixexpr.File, offset int) {
	t.Helper()
	found := false
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		if a, is := n.(*nixexpr.Attr); is && a.Expr == nil && a.Start() <= offset && offset < a.End() {
			found = true
		}
		return !found
	})
	require.True(t, found, "no string at %d of %q", offset, f.Src)
}

// requireDuplicate: the one thing that a new value can break is a name, that is then there
// twice, or dynamic no more.
func requireDuplicate(t testing.TB, err error) {
	t.Helper()
	var syntax *nixexpr.SyntaxError
	require.True(t, errors.As(err, &syntax), "%v", err)
	require.Contains(t, syntax.Msg, "is defined already at")
}

// FuzzReplaceStringPart puts a text into the first string of a source.
func FuzzReplaceStringPart(f *testing.F) {
	seeds(f, func(src string) { f.Add([]byte(src), 0, 1, 2, "1.2.3") })
	f.Fuzz(func(t *testing.T, src []byte, part, from, to int, text string) {
		file, err := nixexpr.Parse("fuzz.nix", src)
		if err != nil {
			return
		}
		s, ok := firstOf[*nixexpr.Str](file)
		if !ok {
			return
		}
		edit, err := file.ReplaceStringPart(s, part, from, to, text)
		if err != nil {
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			return
		}
		out, err := file.Apply([]nixexpr.Edit{edit})
		if err != nil {
			requireDuplicate(t, err)
			return
		}
		edited := parse(t, string(out))
		after, ok := stringAt(edited, s.Start())
		if !ok {
			requireName(t, edited, s.Start())
			return
		}
		require.Len(t, after.Parts, len(s.Parts))
		for i, was := range file.PartTexts(s) {
			is := edited.PartText(after, i)
			require.Equal(t, s.Parts[i].Expr == nil, after.Parts[i].Expr == nil)
			if i != part {
				require.Equal(t, was, is)
				continue
			}
			// Some prefix and some suffix of what was there are around the text.
			spliced := false
			for at := 0; at+len(text) <= len(is) && !spliced; at++ {
				spliced = is[at:at+len(text)] == text && strings.HasPrefix(was, is[:at]) &&
					strings.HasSuffix(was, is[at+len(text):])
			}
			require.True(t, spliced, "%q in %q became %q", was, src, is)
		}
	})
}

// FuzzApply writes any bytes, not escaped, into the text of the first string of a source: either Apply refuses,
// or the string is one string still, with the interpolations that it had.
func FuzzApply(f *testing.F) {
	seeds(f, func(src string) { f.Add([]byte(src), 1, 2, []byte(`1"; name = "source`)) })
	for _, text := range []string{
		`"`, `\`, `${x}`, `$`, `{`, `''`, `''\`, `'' ''`, "\n", `"; a = "`, `" + "`, `"}"`,
		`''${`, `'`,
	} {
		f.Add([]byte(`{ rev = "v0.1${s}x"; a = ''b''; }`), 1, 4, []byte(text))
		f.Add([]byte("{ a = ''\n  v0.1$\n  ${s}'\n''; }"), 3, 6, []byte(text))
		f.Add([]byte(`{ "v" = ""; ${"a"}.b = 1; }`), 0, 0, []byte(text))
	}
	f.Fuzz(func(t *testing.T, src []byte, from, to int, text []byte) {
		file, err := nixexpr.Parse("fuzz.nix", src)
		if err != nil {
			return
		}
		s, ok := firstOf[*nixexpr.Str](file)
		if !ok {
			return
		}
		open, closing := 1, 1
		if s.Indented {
			open, closing = 2, 2
		}
		from, to = s.Start()+open+from, s.Start()+open+to
		if from < s.Start()+open || to < from || to > s.End()-closing {
			return
		}
		kept := 0
		for i := range s.Parts {
			p := &s.Parts[i]
			switch {
			case p.Expr == nil:
			case p.Start()+2 <= from && to < p.End():
				return // an edit of the expression, not of the text
			case to <= p.Start() || p.End() <= from:
				kept++
			case from <= p.Start() && p.End() <= to:
			case from < p.Start()+2 || p.End()-1 < to:
				// an edit that cuts an interpolation takes it, or is refused
			}
		}
		out, err := file.Apply([]nixexpr.Edit{{Start: from, End: to, New: string(text)}})
		if err != nil {
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			return
		}
		edited := parse(t, string(out))
		after, ok := stringAt(edited, s.Start())
		if !ok {
			requireName(t, edited, s.Start())
			return
		}
		require.Equal(t, s.End()+len(text)-(to-from), after.End(), "%q became %q", src, out)
		require.Equal(t, s.Indented, after.Indented)
		for i := range after.Parts {
			if after.Parts[i].Expr != nil {
				kept--
			}
		}
		require.Zero(t, kept, "%q became %q", src, out)
	})
}
