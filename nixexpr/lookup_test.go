package nixexpr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program parses files given as "name", "source" pairs. The expression to look up is the one
// between « and », which are taken out.
func program(t *testing.T, pairs ...string) (*Program, *File, Expr) {
	t.Helper()
	var files []*File
	var in *File
	from, to := -1, -1
	for i := 0; i < len(pairs); i += 2 {
		src := pairs[i+1]
		if a, rest, ok := strings.Cut(src, "«"); ok {
			e, b, _ := strings.Cut(rest, "»")
			src, from, to = a+e+b, len(a), len(a)+len(e)
		}
		f, err := Parse(pairs[i], []byte(src))
		require.NoError(t, err)
		if from >= 0 && in == nil {
			in = f
		}
		files = append(files, f)
	}
	require.NotNil(t, in, "no expression is marked")
	var found Expr
	Walk(in.Root, func(n Node) bool {
		if e, ok := n.(Expr); ok && found == nil && n.Start() == from && n.End() == to {
			found = e
		}
		return true
	})
	require.NotNil(t, found, "no expression stands between the marks")
	return NewProgram(files), in, found
}

func TestLookup(t *testing.T) {
	const pkg = `{ version ? "0", hash, ... }@args: { inherit version hash; tag = «"v${version}"»; }`
	tests := []struct {
		name  string
		files []string
		want  string // pieces as text@file:line:col, blank-separated
	}{
		{"a literal", []string{"a.nix", `{ x = «"1"»; }`}, `1@a.nix:1:7`},
		{"let", []string{"a.nix", `let v = "1"; in «v»`}, `1@a.nix:1:9`},
		{"let through let", []string{"a.nix", `let a = b; b = c; c = "1"; in «a»`}, `1@a.nix:1:23`},
		{"rec", []string{"a.nix", `rec { v = "1"; x = «v»; }`}, `1@a.nix:1:11`},
		{"a plain set is no scope", []string{"a.nix", `let v = "1"; in { v = "2"; x = «v»; }`}, `1@a.nix:1:9`},
		{"inherit takes from outside", []string{"a.nix", `let v = "1"; in rec { inherit v; x = «v»; }`}, `1@a.nix:1:9`},
		{"inherit from a set", []string{"a.nix", `let s.v = "1"; inherit (s) v; in «v»`}, `1@a.nix:1:11`},
		{"select", []string{"a.nix", `let s = { a.b = "1"; }; in «s.a.b»`}, `1@a.nix:1:17`},
		{"select, merged definitions", []string{"a.nix", `let s = { a.c = "2"; a = { b = "1"; }; }; in «s.a.b»`}, `1@a.nix:1:32`},
		{"select a computed name", []string{"a.nix", `let s = { b = "1"; c = "2"; }; n = "b"; in «s.${n}»`}, `1@a.nix:1:15`},
		{"a default that is needed", []string{"a.nix", `let s = { }; in «s.a or "1"»`}, `1@a.nix:1:24`},
		{"a default that is not", []string{"a.nix", `let s.a = "2"; in «s.a or "1"»`}, `2@a.nix:1:11`},
		{"with", []string{"a.nix", `let s.v = "1"; in with s; «v»`}, `1@a.nix:1:11`},
		{"let wins over with", []string{"a.nix", `let v = "2"; s.v = "1"; in with s; «v»`}, `2@a.nix:1:9`},
		{"the inner with wins", []string{"a.nix", `with { v = "1"; }; with { v = "2"; }; «v»`}, `2@a.nix:1:31`},
		{"with what lacks the name", []string{"a.nix", `with { v = "1"; }; with { x = "2"; }; «v»`}, `1@a.nix:1:12`},
		{"update, right side", []string{"a.nix", `let s = { v = "1"; } // { v = "2"; }; in «s.v»`}, `2@a.nix:1:31`},
		{"update, left side", []string{"a.nix", `let s = { v = "1"; } // { x = "2"; }; in «s.v»`}, `1@a.nix:1:15`},
		{"update of what is not known", []string{"a.nix", `x: let s = x // { v = "1"; }; in «s.v»`}, `1@a.nix:1:23`},
		{"interpolation", []string{"a.nix", `let v = "1"; in «"v${v}-x"»`}, `v@a.nix:1:17 1@a.nix:1:9 -x@a.nix:1:17`},
		{"addition", []string{"a.nix", `let v = "1"; in «"v" + v»`}, `v@a.nix:1:17 1@a.nix:1:9`},
		{"a call", []string{"a.nix", `let f = v: «v»; in f "1"`}, `1@a.nix:1:20`},
		{"a call with a set", []string{"a.nix", `let f = { v, w ? "2" }: «v»; in f { v = "1"; }`}, `1@a.nix:1:39`},
		{"a default argument", []string{"a.nix", `let f = { v, w ? "2" }: «w»; in f { v = "1"; }`}, `2@a.nix:1:18`},
		{"the whole argument", []string{"a.nix", `let f = { v, ... }@a: «a.w»; in f { v = "1"; w = "2"; }`}, `2@a.nix:1:48`},
		{"the result of a call", []string{"a.nix", `let f = v: { x = v; }; in «(f "1").x»`}, `1@a.nix:1:30`},
		{"a curried call", []string{"a.nix", `let f = a: b: «"${a}${b}"»; in f "1" "2"`}, `1@a.nix:1:32 2@a.nix:1:36`},
		{"import", []string{"a.nix", `«(import ./d/b.nix).v»`, "d/b.nix", `{ v = "1"; }`}, `1@d/b.nix:1:7`},
		{"import of a folder", []string{"a.nix", `«(import ./d).v»`, "d/default.nix", `{ v = "1"; }`}, `1@d/default.nix:1:7`},
		{"import of a function", []string{"a.nix", `«(import ./b.nix { v = "1"; }).v»`, "b.nix", `{ v }: { inherit v; }`}, `1@a.nix:1:23`},
		{"the argument that an import gives", []string{"p.nix", pkg, "a.nix", `import ./p.nix { version = "1"; hash = "h"; }`}, `v@p.nix:1:66 1@a.nix:1:28`},
		{"a condition that is known", []string{"a.nix", `let c = true; in «if c then "1" else "2"»`}, `1@a.nix:1:28`},
		{"map", []string{"a.nix", `let f = x: { v = «x.w»; }; in map f [ { w = "1"; } ]`}, `1@a.nix:1:43`},
		{"an indented string", []string{"a.nix", "let v = ''\n  1\n''; in «v»"}, "1\n@a.nix:1:9"},
		{"legacy let", []string{"a.nix", `let { v = "1"; body = «v»; }`}, `1@a.nix:1:11`},
		{"a comparison that is false", []string{"a.nix", `let s = "a"; in «if s == "b" && c then "1" else "2"»`}, `2@a.nix:1:48`},
		{"a comparison that is true", []string{"a.nix", `c: let s = null; in «if c || s != "b" then "1" else "2"»`}, `1@a.nix:1:43`},
		{"an implication", []string{"a.nix", `c: «if !(c -> true) then "1" else "2"»`}, `2@a.nix:1:34`},
		{"a branch that throws", []string{"a.nix", `c: «if c then "1" else if c == 2 then throw "no" else abort "no"»`}, `1@a.nix:1:14`},
		{"a uri", []string{"a.nix", `let u = https://example.org/x; in «u»`}, `https://example.org/x@a.nix:1:9`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, f, e := program(t, test.files...)
			got, err := p.Lookup(f, e)
			require.NoError(t, err)
			var parts []string
			for _, piece := range got.Pieces {
				parts = append(parts, fmt.Sprintf("%s@%s", piece.Text, piece.At.Nix.Position(piece.At.Span.Start())))
			}
			require.Equal(t, test.want, strings.Join(parts, " "))
		})
	}
}

func TestLookupNeverGuesses(t *testing.T) {
	tests := []struct {
		name, src, want string
		ambiguous       bool
	}{
		{"a parameter", `x: { v = «x»; }`, "a.nix:1:10: the value is not known: x is a parameter", false},
		{"a formal", `{ x }: «x»`, "a.nix:1:8: the value is not known: x is a parameter", false},
		{"a free variable", `«y»`, "a.nix:1:1: the value is not known: y is a free variable", false},
		{"a part that is not known", `x: «"v${x}"»`, "a.nix:1:4: the value is not known: x is a parameter", false},
		{"an unknown function", `f: «f "1"»`, "a.nix:1:4: the value is not known: f is the result of a function that is not defined here", false},
		{"a missing attribute", `let s = { a = "1"; }; in «s.b»`, "a.nix:1:26: the value is not known: b is an attribute that the set does not have", false},
		{"two withs", `a: b: with a; with b; «v»`, "a.nix:1:23: the value is not known: v is a name that more than one with may define", false},
		{"no text", `«1»`, "a.nix:1:1: the value is not known: no text", false},
		{"itself", `let v = v; in «v»`, "a.nix:1:15: the value is not known: a definition that needs itself, or too deep", false},
		{"a default that no caller is known to need", `{ v ? "1" }: «v»`, "a.nix:1:14: the value is not known: v is a parameter", false},
		{"what an unknown set may define again", `x: let s = { v = "1"; } // x; in «s.v»`, "a.nix:1:34: the value is not known: v is an attribute that an unknown operand of // may define again", false},
		{"the same, updated once more", `x: let s = ({ v = "1"; } // x) // { w = "2"; }; in «s.v»`, "a.nix:1:52: the value is not known: v is an attribute that an unknown operand of // may define again", false},
		{"a conditional", `c: «if c then "1" else "2"»`, `a.nix:1:4: the value may be more than one: a.nix:1:14, a.nix:1:23`, true},
		{"two callers", `let f = v: «v»; in [ (f "1") (f "2") ]`, `a.nix:1:12: the value may be more than one: a.nix:1:23, a.nix:1:31`, true},
		{"two callers with sets", `let f = { v }: «v»; in [ (f { v = "1"; }) (f { v = "2"; }) ]`, `a.nix:1:16: the value may be more than one: a.nix:1:33, a.nix:1:50`, true},
		{"a default of an unknown set", `s: «s.v or "1"»`, `a.nix:1:4: the value may be more than one: a.nix:1:4, a.nix:1:11`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, f, e := program(t, "a.nix", test.src)
			_, err := p.Lookup(f, e)
			require.EqualError(t, err, test.want)
			var ambiguous *AmbiguousError
			var unknown *UnknownError
			require.Equal(t, test.ambiguous, errors.As(err, &ambiguous))
			require.Equal(t, !test.ambiguous, errors.As(err, &unknown))
		})
	}
}

func TestLookupReportsHops(t *testing.T) {
	p, f, e := program(t, "a.nix", "let a = b;\n b = s.c;\n s = { inherit d; c = d; };\n d = \"1\";\nin «a»")
	got, err := p.Lookup(f, e)
	require.NoError(t, err)
	var hops []string
	for _, h := range got.Hops {
		hops = append(hops, h.String())
	}
	require.Equal(t, []string{"a.nix:5:4", "a.nix:1:9", "a.nix:2:6", "a.nix:3:23", "a.nix:4:6"}, hops)
}

func TestSameLiteralFromTwoCallersIsOneValue(t *testing.T) {
	p, f, e := program(t, "a.nix", `let v = "1"; f = x: «x»; in [ (f v) (f v) ]`)
	got, err := p.Lookup(f, e)
	require.NoError(t, err)
	require.Equal(t, "1", got.Pieces[0].Text)
}

func TestProgramReadsJSON(t *testing.T) {
	p, f, e := program(t, "a.nix", `let pin = builtins.fromJSON (builtins.readFile ./pin.json); in «pin.ollama.version»`)
	p.AddData("pin.json", []byte("{\n  \"other\": [1, {\"x\": null}],\n  \"ollama\" : { \"version\": \"0.32.13\" }\n}\n"))
	got, err := p.Lookup(f, e)
	require.NoError(t, err)
	require.Equal(t, "0.32.13", got.Pieces[0].Text)
	require.Equal(t, Literal{File: "pin.json", Span: Span{From: 57, To: 66}, Raw: "0.32.13"}, got.Pieces[0].At)
}

func TestProgramEndsOnHostileInput(t *testing.T) {
	for name, src := range map[string]string{
		"endless recursion":        `let f = n: f (n + "x"); in «f "1"»`,
		"exponential sharing":      `let a = x: [ x x ]; b = x: a (a (a (a x))); c = x: b (b (b x)); in «c (c (c "1"))»`,
		"a deep chain":             "let a0 = \"1\"; " + chain(5000) + " in «a5000»",
		"omega":                    `let o = x: x x; in «o o»`,
		"a long sum":               `«` + strings.Repeat(`"a" + `, 90_000) + `"a"»`,
		"a long list":              `«` + strings.Repeat(`[ 1 ] ++ `, 9_000) + `[ 1 ]»`,
		"a long update":            "«" + manyUpdates(9_000) + `{ }»`,
		"two that need each other": `let a = { inherit (b) v; }; b = { inherit (a) v; }; in «a.v»`,
	} {
		t.Run(name, func(t *testing.T) {
			p, f, e := program(t, "a.nix", src)
			_, err := p.Lookup(f, e)
			require.Error(t, err)
		})
	}
}

func manyUpdates(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{ a%d = 1; } // ", i)
	}
	return b.String()
}

func chain(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "a%d = a%d; ", i, i-1)
	}
	return b.String()
}
