package eval_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// TestAnswersAsNix holds the answers that Nix gives to expressions in which another literal lies nearer.
func TestAnswersAsNix(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"a path into a rec set is in its scope", `let v = "o"; s = { a = rec { w = v; }; a.v = "1"; }; in s.a.w`, `1`},
		{"the same, the other way round", `let v = "o"; s = { a = rec { v = "1"; }; a.w = v; }; in s.a.w`, `1`},
		{"further in", `let v = "o"; in { a.b = rec { v = "1"; }; a.b.c.d = v; }.a.b.c.d`, `1`},
		{
			"the first of two sets decides: not rec", `let v = "o"; s = { a = { w = v; }; a = rec { v = "1"; }; }; ` +
				`in s.a.w`, `o`,
		},
		{
			"the first of two sets decides: rec", `let v = "o"; s = { a = rec { w = v; }; a = { v = "1"; }; }; ` +
				`in s.a.w`, `1`,
		},
		{
			"a path before a rec set makes it none",
			`let v = "o"; s = { a.w = v; a = rec { v = "1"; x = v; }; }; in s.a.w + s.a.x`, `oo`,
		},
		{
			"what a merged set inherits is from outside",
			`let v = "o"; s = { a = rec { w = "2"; }; a = { inherit v; x = v; }; }; in s.a.x`, `o`,
		},
		{
			"merged sets within merged sets", `let v = "o"; s = { a = { b = rec { w = v; }; }; a.b.v = "1"; }; ` +
				`in s.a.b.w`, `1`,
		},
		{
			"parentheses do not matter for merging", `let v = "o"; s = { a = (rec { w = v; }); a.v = "1"; }; in s.a.w`,
			`1`,
		},
		{"merged definitions of a let", `let v = "o"; a = rec { v = "1"; }; a.w = v; in a.w`, `1`},
		{"computed names are no scope", `let x = "out"; n = "x"; in (rec { ${n} = "in"; y = x; }).y`, `out`},
		{"computed names see the names of the set", `let n = "x"; in (rec { ${n} = m; n = "y"; m = "1"; }).y`, `1`},
		{
			"computed names with paths are two attributes",
			`let x = "x"; y = "y"; s = { ${x}.a = "1"; ${y}.b = "2"; }; in s.y.a or "z"`, `z`,
		},
		{
			"the same, the other way round", `let x = "x"; y = "y"; s = { ${x}.a = "1"; ${y}.b = "2"; }; ` +
				`in s.x.a or "d"`, `1`,
		},
		{"a null name is none", `({ ${null} = "1"; }).a or "d"`, `d`},
		{"__overrides of a let are a name as any", `let v = "1"; __overrides = { v = "2"; }; in v`, `1`},
		{"a builtin wins over a with", `with { toString = x: "no"; }; toString "1"`, `1`},
		{"builtins by a path", `builtins.toString "1"`, `1`},
		{"replaceStrings", `builtins.replaceStrings [ "@v@" "@" ] [ "1" "a" ] "v@v@@x"`, `v1ax`},
		{"replaceStrings: the first that fits", `builtins.replaceStrings [ "a" "ab" ] [ "1" "2" ] "abab"`, `1b1b`},
		{
			"replaceStrings reads each byte once", `builtins.replaceStrings [ "a" "b" ] [ "b" "a" ] ("a" + "ba" + "c")`,
			`babc`,
		},
		{"replaceStrings across literals", `let v = "b"; in builtins.replaceStrings [ "ab" ] [ v ] "a${v}c"`, `bc`},
		{"replaceStrings of nothing", `builtins.replaceStrings [ ] [ ] "a"`, `a`},
		{"head", `builtins.head [ "1" "2" ]`, `1`},
		{"builtins by a with", `with builtins; (mapAttrs (n: v: n + v) { a = "1"; }).a`, `a1`},
		{"an argument that is not the builtin's", `let f = toString: toString "1"; in f (x: "2")`, `2`},
		{"a with of a conditional", `with (if true then { v = "1"; } else { v = "2"; }); v`, `1`},
		{"a legacy let is a rec set", `let { body = a; a = b; b = "1"; }`, `1`},
		{"a let sees itself, not what is around it", `let v = "o"; in let v = w; w = "1"; in v`, `1`},
		{"a let inherits from itself", `let s.v = "o"; in let inherit (s) v; s.v = "1"; in v`, `1`},
		{"an inherited name of a let is not its own", `let v = "1"; in let inherit v; w = v; in w`, `1`},
		{"a function's scope is where it is written", `let v = "1"; f = x: v; in let v = "2"; in f v`, `1`},
		{"formals see each other", `({ a ? b, b ? "1" }: a) { }`, `1`},
		{"the whole argument lacks the defaults", `({ a ? "1", ... }@s: s.a or "2") { }`, `2`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, "a.nix", test.src)
			text, ok := p.Value(p.Root(f)).(*eval.Text)
			require.True(t, ok)
			s, known := text.String()
			require.True(t, known)
			require.Equal(t, test.want, s)
		})
	}
}
