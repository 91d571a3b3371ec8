package eval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// program parses files given as "name", "source" pairs, and returns the first one too.
func program(t testing.TB, pairs ...string) (*eval.Program, *nixexpr.File) {
	t.Helper()
	var files []*nixexpr.File
	for i := 0; i < len(pairs); i += 2 {
		files = append(files, parse(t, pairs[i], pairs[i+1]))
	}
	return eval.NewProgram(t.Context(), files), files[0]
}

func parse(t testing.TB, name, src string) *nixexpr.File {
	t.Helper()
	f, err := nixexpr.Parse(name, []byte(src))
	require.NoError(t, err)
	return f
}

// addJSON adds a data file to a program.
func addJSON(p *eval.Program, name, src string) { p.AddData(name, eval.JSON(name, []byte(src))) }

// show describes a value: the pieces of a text with the places of their literals, alternatives with
// bars between them, and the name and reason of what is not known.
func show(v eval.Value) string {
	switch v := v.(type) {
	case *eval.Text:
		var parts []string
		for _, piece := range v.Pieces {
			if piece.Value != nil {
				parts = append(parts, "("+show(piece.Value)+")")
				continue
			}
			at := piece.At.File
			if piece.At.Nix != nil {
				at = piece.At.Nix.Position(piece.At.Span.Start()).String()
			}
			parts = append(parts, fmt.Sprintf("%s@%s", piece.Text, at))
		}
		return strings.Join(parts, " ")
	case *eval.Scalar:
		return v.Text
	case *eval.Path:
		return "path " + v.Name
	case *eval.List:
		return fmt.Sprintf("list of %d", len(v.Elems))
	case *eval.Set:
		return "{ " + strings.Join(v.Names(), " ") + " }"
	case *eval.Func:
		return "function"
	case *eval.Choice:
		var alts []string
		for _, a := range v.Alts {
			alts = append(alts, show(a))
		}
		return strings.Join(alts, " | ")
	case *eval.Unknown:
		name := v.Name
		if name == "" {
			name, _ = v.Callee()
		}
		return strings.TrimPrefix(fmt.Sprintf("%s: %v", name, v.Reason), ": ")
	}
	return "nil"
}

func TestValue(t *testing.T) {
	const pkg = `{ version ? "0", hash, ... }@args: { inherit version hash; tag = "v${version}"; }`
	tests := []struct {
		name  string
		files []string // the value is that of the first
		want  string   // see show
	}{
		{"a literal", []string{"a.nix", `"1"`}, `1@a.nix:1:1`},
		{"an empty literal", []string{"a.nix", `""`}, `@a.nix:1:1`},
		{"let", []string{"a.nix", `let v = "1"; in v`}, `1@a.nix:1:9`},
		{"let through let", []string{"a.nix", `let a = b; b = c; c = "1"; in a`}, `1@a.nix:1:23`},
		{"let within let", []string{"a.nix", `let v = "2"; in let v = "1"; in v`}, `1@a.nix:1:25`},
		{"rec", []string{"a.nix", `(rec { v = "1"; x = v; }).x`}, `1@a.nix:1:12`},
		{"a plain set is no scope", []string{"a.nix", `let v = "1"; in { v = "2"; x = v; }.x`}, `1@a.nix:1:9`},
		{
			"inherit takes from outside",
			[]string{"a.nix", `let v = "1"; in (rec { inherit v; x = v; }).x`},
			`1@a.nix:1:9`,
		},
		{
			"inherit of a let takes from outside",
			[]string{"a.nix", `let v = "1"; in let inherit v; in v`},
			`1@a.nix:1:9`,
		},
		{"inherit from a set", []string{"a.nix", `let s.v = "1"; inherit (s) v; in v`}, `1@a.nix:1:11`},
		{
			"inherit from a set of the same let",
			[]string{"a.nix", `let inherit (s) v w; s = { v = "1"; w = "2"; }; in v + w`},
			`1@a.nix:1:32 2@a.nix:1:41`,
		},
		{"select", []string{"a.nix", `let s = { a.b = "1"; }; in s.a.b`}, `1@a.nix:1:17`},
		{
			"select, merged definitions",
			[]string{"a.nix", `let s = { a.c = "2"; a = { b = "1"; }; }; in s.a.b`},
			`1@a.nix:1:32`,
		},
		{
			"select a computed name",
			[]string{"a.nix", `let s = { b = "1"; c = "2"; }; n = "b"; in s.${n}`},
			`1@a.nix:1:15`,
		},
		{"a default that is needed", []string{"a.nix", `let s = { }; in s.a or "1"`}, `1@a.nix:1:24`},
		{"a default that is not", []string{"a.nix", `let s.a = "2"; in s.a or "1"`}, `2@a.nix:1:11`},
		{"with", []string{"a.nix", `let s.v = "1"; in with s; v`}, `1@a.nix:1:11`},
		{"let wins over with", []string{"a.nix", `let v = "2"; s.v = "1"; in with s; v`}, `2@a.nix:1:9`},
		{"the inner with wins", []string{"a.nix", `with { v = "1"; }; with { v = "2"; }; v`}, `2@a.nix:1:31`},
		{"with what lacks the name", []string{"a.nix", `with { v = "1"; }; with { x = "2"; }; v`}, `1@a.nix:1:12`},
		{"update, right side", []string{"a.nix", `let s = { v = "1"; } // { v = "2"; }; in s.v`}, `2@a.nix:1:31`},
		{"update, left side", []string{"a.nix", `let s = { v = "1"; } // { x = "2"; }; in s.v`}, `1@a.nix:1:15`},
		{"interpolation", []string{"a.nix", `let v = "1"; in "v${v}-x"`}, `v@a.nix:1:17 1@a.nix:1:9 -x@a.nix:1:17`},
		{"addition", []string{"a.nix", `let v = "1"; in "v" + v`}, `v@a.nix:1:17 1@a.nix:1:9`},
		{"a call", []string{"a.nix", `let f = v: v; in f "1"`}, `1@a.nix:1:20`},
		{"a call with a set", []string{"a.nix", `let f = { v, w ? "2" }: v; in f { v = "1"; }`}, `1@a.nix:1:39`},
		{"a default argument", []string{"a.nix", `let f = { v, w ? "2" }: w; in f { v = "1"; }`}, `2@a.nix:1:18`},
		{
			"a default argument that another one is",
			[]string{"a.nix", `let f = { v, w ? v }: w; in f { v = "1"; }`},
			`1@a.nix:1:37`,
		},
		{
			"the whole argument",
			[]string{"a.nix", `let f = { v, ... }@a: a.w; in f { v = "1"; w = "2"; }`},
			`2@a.nix:1:48`,
		},
		{"the result of a call", []string{"a.nix", `let f = v: { x = v; }; in (f "1").x`}, `1@a.nix:1:30`},
		{"a curried call", []string{"a.nix", `let f = a: b: "${a}${b}"; in f "1" "2"`}, `1@a.nix:1:32 2@a.nix:1:36`},
		{"pipes", []string{"a.nix", `let f = v: v; in ("1" |> f) + (f <| "2")`}, `1@a.nix:1:19 2@a.nix:1:37`},
		{"import", []string{"a.nix", `(import ./d/b.nix).v`, "d/b.nix", `{ v = "1"; }`}, `1@d/b.nix:1:7`},
		{
			"import of a folder",
			[]string{"a.nix", `(import ./d).v`, "d/default.nix", `{ v = "1"; }`},
			`1@d/default.nix:1:7`,
		},
		{
			"import of what is not there",
			[]string{"a.nix", `import ./x.nix`},
			`import: the result of a function that is not defined here`,
		},
		{
			"import from outside",
			[]string{"a.nix", `import ../x.nix`, "x.nix", `"1"`},
			`import: the result of a function that is not defined here`,
		},
		{
			"import of a path that is computed",
			[]string{"a.nix", `import (./d + "/x.nix")`, "d/x.nix", `"1"`},
			`1@d/x.nix:1:1`,
		},
		{
			"import of a path with an interpolation",
			[]string{"a.nix", `let n = "x"; in import ./d/${n}.nix`, "d/x.nix", `"1"`},
			`1@d/x.nix:1:1`,
		},
		{
			"the argument that an import gives",
			[]string{"a.nix", `(import ./p.nix { version = "1"; hash = "h"; }).tag`, "p.nix", pkg},
			`v@p.nix:1:66 1@a.nix:1:29`,
		},
		{"a condition that is known", []string{"a.nix", `let c = true; in if c then "1" else "2"`}, `1@a.nix:1:28`},
		{"a condition that is not", []string{"a.nix", `if c then "1" else "2"`}, `1@a.nix:1:11 | 2@a.nix:1:20`},
		{"map", []string{"a.nix", `let f = x: x.w; l = map f [ { w = "1"; } ]; g = a: a; in l`}, `list of 1`},
		{
			"mapAttrs",
			[]string{"a.nix", `(builtins.mapAttrs (n: v: "${n}-${v}") { a = "1"; }).a`},
			`a@ -@a.nix:1:27 1@a.nix:1:46`,
		},
		{"toString", []string{"a.nix", `toString "1"`}, `1@a.nix:1:10`},
		{"an indented string", []string{"a.nix", "let v = ''\n  1\n''; in v"}, "1\n@a.nix:1:9"},
		{"legacy let", []string{"a.nix", `let { v = "1"; body = v; }`}, `1@a.nix:1:11`},
		{
			"a comparison that is false",
			[]string{"a.nix", `let s = "a"; in if s == "b" && c then "1" else "2"`},
			`2@a.nix:1:48`,
		},
		{
			"a comparison that is true",
			[]string{"a.nix", `let s = null; in if c || s != "b" then "1" else "2"`},
			`1@a.nix:1:40`,
		},
		{"an implication", []string{"a.nix", `if !(c -> true) then "1" else "2"`}, `2@a.nix:1:31`},
		{
			"a branch that throws",
			[]string{"a.nix", `if c then "1" else if c == 2 then throw "no" else abort "no"`},
			`1@a.nix:1:11`,
		},
		{"one of two branches throws", []string{"a.nix", `if c then throw "no" else "1"`}, `1@a.nix:1:27`},
		{"a uri", []string{"a.nix", `let u = https://example.org/x; in u`}, `https://example.org/x@a.nix:1:9`},
		{"lists", []string{"a.nix", `[ 1 2 ] ++ [ 3 ]`}, `list of 3`},
		{"a path", []string{"d/a.nix", `./x/../y`}, `path d/y`},
		{"a path out of the program", []string{"d/a.nix", `../../y`}, `path `},
		{"a function", []string{"a.nix", `x: x`}, `function`},
		{"a number", []string{"a.nix", `1.5`}, `1.5`},
		{
			"the same literal by two ways",
			[]string{"a.nix", `let v = "1"; in if c then v else v`},
			`1@a.nix:1:9 | 1@a.nix:1:9`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, test.files...)
			require.Equal(t, test.want, show(p.Value(p.Root(f))))
			require.NoError(t, p.Err())
		})
	}
}

// TestUnknown holds values that the source does not determine, and what is said of them.
func TestUnknown(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"a free variable", `y`, `y: a free variable`},
		{"a part that is not known", `"v${y}"`, `v@a.nix:1:1 (y: a free variable)`},
		{"a name of a with", `with y; v`, `v: a name of a with`},
		{"two withs", `with a; with b; v`, `v: a name that more than one with may define`},
		{"a missing attribute", `let s = { a = "1"; }; in s.b`, `b: an attribute that the set does not have`},
		{"a missing attribute of a formal", `let f = { b }: b; in f { }`, `b: an attribute that the set does not have`},
		{"an attribute of something unknown", `y.a`, `a: an attribute of a value that is not known`},
		{"a computed name of something unknown", `y.${z}`, `an attribute whose name is computed`},
		{"a call of something unknown", `y "1"`, `y: the result of a function that is not defined here`},
		{"an operator", `1 + 2`, `a computed value`},
		{"a negation", `-y`, `a computed value`},
		{"a test", `y ? a`, `a computed value`},
		{"itself", `let v = v; in v`, `a definition that needs itself, or too deep`},
		{
			"itself by another one", `let a = { inherit (b) v; }; b = { inherit (a) v; }; in a.v`,
			`a definition that needs itself, or too deep`,
		},
		{
			"an overridden rec set", `(rec { v = "1"; __overrides = { v = "2"; }; x = v; }).x`,
			`x: an attribute of a value that is not known`,
		},
		{
			"an overridden legacy let", `let { v = "1"; __overrides = { v = "2"; }; body = v; }`,
			`body: an attribute that __overrides may define again`,
		},
		{
			"branches that throw", `if c then throw "a" else abort "b"`,
			`throw: the result of a function that is not defined here ` +
				`| abort: the result of a function that is not defined here`,
		},
		{
			"replaceStrings keeps places", `let v = "1"; in builtins.replaceStrings [ "@" ] [ v ] "v@.@x"`,
			`v@a.nix:1:55 1@a.nix:1:9 .@a.nix:1:55 1@a.nix:1:9 x@a.nix:1:55`,
		},
		{
			"replaceStrings of what is not known", `builtins.replaceStrings [ "@" ] [ "1" ] y`,
			`replaceStrings: the result of a function that is not defined here`,
		},
		{
			"replaceStrings everywhere", `builtins.replaceStrings [ "" ] [ "1" ] "a"`,
			`replaceStrings: the result of a function that is not defined here`,
		},
		{
			"replaceStrings by what is no string", `builtins.replaceStrings [ "a" ] [ y ] "a"`,
			`replaceStrings: the result of a function that is not defined here`,
		},
		{
			"replaceStrings of lists of two lengths", `builtins.replaceStrings [ "a" ] [ ] "a"`,
			`replaceStrings: the result of a function that is not defined here`,
		},
		{"head of nothing", `builtins.head [ ]`, `head: the result of a function that is not defined here`},
		{"a default of an unknown set", `y.v or "1"`, `v: an attribute of a value that is not known | 1@a.nix:1:8`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, "a.nix", test.src)
			require.Equal(t, test.want, show(p.Value(p.Root(f))))
		})
	}
}

// TestOptimism holds values of which something unknown might say otherwise: what is written counts.
func TestOptimism(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"an unknown set on the left", `(y // { v = "1"; }).v`, `1@a.nix:1:13`},
		{"an unknown set on the right", `({ v = "1"; } // y).v`, `1@a.nix:1:8`},
		{"what only the unknown set may have", `({ v = "1"; } // y).w`, `w: an attribute of a value that is not known`},
		{"the innermost of several", `(y // { v = "1"; } // z).w`, `w: an attribute of a value that is not known`},
		{
			"a known with around an unknown one", `with { v = "1"; }; with y; v`,
			`v: a name that more than one with may define`,
		},
		{"a known with inside an unknown one", `with y; with { v = "1"; }; v`, `1@a.nix:1:20`},
		{"an assertion", `assert y; "1"`, `1@a.nix:1:11`},
		{"an assertion that fails", `assert false; "1"`, `1@a.nix:1:15`},
		{"a function of a builtin's name", `let lib = y; in lib.toString "1"`, `1@a.nix:1:30`},
		{"a default of a parameter", `let f = { v ? "1" }: v; in f y`, `1@a.nix:1:15`},
		{"an argument that the function does not take", `let f = { a ? "1" }: a; in f { b = "2"; }`, `1@a.nix:1:15`},
		{
			"alternatives of an update", `({ v = "1"; } // (if c then { v = "2"; } else { w = "3"; })).v`,
			`2@a.nix:1:35 | 1@a.nix:1:8`,
		},
		{"alternatives of a function", `(if c then x: x else x: "2") "1"`, `1@a.nix:1:30 | 2@a.nix:1:25`},
		{
			"alternatives of an argument", `({ v ? "3" }: v) (if c then { v = "1"; } else { })`,
			`1@a.nix:1:35 | 3@a.nix:1:8`,
		},
		{"any attribute", `{ a = "1"; b = "2"; }.${y}`, `1@a.nix:1:7 | 2@a.nix:1:16`},
		{"any of too many", `{ ` + many(17, `a<i> = "x"; `) + `}.${y}`, `an attribute whose name is computed`},
		{
			"alternatives that all lack the attribute", `(if c then { } else { }).v`,
			`v: an attribute of a value that is not known`,
		},
		{"a null name is no attribute", `{ ${null} = "1"; a = "2"; }.${y}`, `2@a.nix:1:22`},
		{"alternatives of which one lacks the attribute", `(if c then { v = "1"; } else { }).v`, `1@a.nix:1:18`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, "a.nix", test.src)
			require.Equal(t, test.want, show(p.Value(p.Root(f))))
		})
	}
}

func TestAnyOfIsFollowedToItsBound(t *testing.T) {
	p, f := program(t, "a.nix", `{ `+many(16, `a<i> = "<i>"; `)+`}.${y}`)
	require.Len(t, eval.Alternatives(p.Value(p.Root(f))), 16)
}

func TestAlternativesAreFollowedToTheirBound(t *testing.T) {
	for _, n := range []int{16, 17, 40} {
		p, f := program(t, "a.nix", many(n-1, `if c<i> then "<i>" else `)+`"0"`)
		alts := eval.Alternatives(p.Value(p.Root(f)))
		if n == 16 {
			require.Len(t, alts, 16)
			require.IsType(t, &eval.Text{}, alts[15])
			continue
		}
		require.Len(t, alts, 17)
		more, ok := alts[16].(*eval.Unknown)
		require.True(t, ok)
		require.Equal(t, eval.TooMany, more.Reason)
		require.NotEmpty(t, more.Operands)
	}
}

func TestTrail(t *testing.T) {
	p, f := program(t, "a.nix", "let a = b;\n b = s.c;\n s = { inherit d; c = d; };\n d = \"1\";\nin a")
	d := p.Root(f)
	p.Value(d)
	var hops []string
	for _, hop := range d.Trail() {
		hops = append(hops, f.Position(hop.Expr.Start()).String())
	}
	require.Equal(t, []string{"a.nix:1:1", "a.nix:1:9", "a.nix:2:6", "a.nix:3:23", "a.nix:4:6"}, hops)
}

func TestReadJSON(t *testing.T) {
	p, f := program(t, "a.nix", `let pin = builtins.fromJSON (builtins.readFile ./pin.json); in pin.ollama.version`)
	addJSON(p, "pin.json", "{\n  \"other\": [1, {\"x\": null}],\n  \"ollama\" : { \"version\": \"0.32.13\" }\n}\n")
	text, ok := p.Value(p.Root(f)).(*eval.Text)
	require.True(t, ok)
	require.Equal(t, "0.32.13", text.Pieces[0].Text)
	at := text.Pieces[0].At
	require.Equal(t, "pin.json", at.File)
	require.Nil(t, at.Nix)
	require.Equal(t, nixexpr.Span{From: 57, To: 66}, at.Span)
	require.Equal(t, "0.32.13", at.Source())
}

func TestReadJSONRefuses(t *testing.T) {
	p, _ := program(t, "a.nix", `1`)
	addJSON(p, "bad.json", `{ "a": `)
	addJSON(p, "good.json", `{ "a": true }`)
	require.Nil(t, p.ReadData(&eval.Path{Name: "bad.json"}))
	for _, src := range []string{`[1, `, `[1, }`, `{"a": 1`, `{"a": [2}`, ``, `{"a"`} {
		addJSON(p, "cut.json"+src, src)
		require.Nil(t, p.ReadData(&eval.Path{Name: "cut.json" + src}), src)
	}
	addJSON(p, "list.json", `[ "a", 1.50, { "b": null } ]`)
	list := p.Value(p.ReadData(&eval.Path{Name: "list.json"})).(*eval.List)
	require.Len(t, list.Elems, 3)
	require.Equal(t, "a@list.json", show(p.Value(list.Elems[0])))
	require.Equal(t, "1.50", show(p.Value(list.Elems[1])))
	require.Equal(t, "{ b }", show(p.Value(list.Elems[2])))
	require.Nil(t, p.ReadData(&eval.Path{Name: "none.json"}))
	require.Nil(t, p.ReadData(&eval.Path{}))
	require.Nil(t, p.ReadData(&eval.Text{}))
	d := p.ReadData(&eval.Path{Name: "good.json"})
	require.Equal(t, "{ a }", show(p.Value(d)))
	require.Same(t, d, p.ReadData(&eval.Path{Name: "good.json"}), "read once")
}

func TestLinks(t *testing.T) {
	p, f := program(t, "a.nix", `import ./link/x.nix + import ./file.nix`, "real/x.nix", `"1"`)
	p.AddLink("link", "real")
	p.AddLink("file.nix", "real/x.nix")
	require.Equal(t, "1@real/x.nix:1:1 1@real/x.nix:1:1", show(p.Value(p.Root(f))))
}

func TestIntrinsic(t *testing.T) {
	p, f := program(t, "a.nix", `lib.both "1" "2"`)
	p.Intrinsic = func(name string, args []*eval.Def) *eval.Def {
		if name != "both" || len(args) != 2 {
			return nil
		}
		return eval.Known(&eval.List{Elems: args})
	}
	require.Equal(t, "list of 2", show(p.Value(p.Root(f))))
}

func TestExternal(t *testing.T) {
	p, f := program(t, "a.nix", `{ system }: "${system}-${pkgs.system}-${other}"`)
	p.External = func(u *eval.Unknown) eval.Value {
		if u.Name != "system" {
			return nil
		}
		return &eval.Text{Pieces: []eval.Piece{{Text: "x"}}}
	}
	var found []string
	p.Visit(func(u *eval.Unknown) { found = append(found, show(u)) }, f)
	require.Equal(t, []string{"other: a free variable"}, found)
}

func TestFix(t *testing.T) {
	p, f := program(t, "a.nix", `final: prev: { v = "1"; w = final.v; o = final.old; q = prev.old; }`)
	old := &eval.Unknown{Name: "prev", Reason: eval.OldAttrs}
	set, ok := p.Fix(p.Value(p.Root(f)), old, eval.Known(old)).(*eval.Set)
	require.True(t, ok)
	require.Equal(t, "1@a.nix:1:20", show(p.Value(set.Get("w"))))
	for _, name := range []string{"o", "q"} {
		u, ok := p.Value(set.Get(name)).(*eval.Unknown)
		require.True(t, ok)
		require.Same(t, old, u.Root())
	}
}

func TestVisit(t *testing.T) {
	p, f := program(t, "a.nix",
		`{ pkgs, v ? "1" }: { a = pkgs.f { inherit v; }; b = [ (x: x.y) "z${q}" ]; c = if d then e else "1"; }`)
	var found []string
	p.Visit(func(u *eval.Unknown) { found = append(found, show(u)) }, f)
	require.Equal(t, []string{
		"f: the result of a function that is not defined here",
		"f: an attribute of a value that is not known", "pkgs: a parameter",
		"y: an attribute of a value that is not known", "x: a parameter",
		"q: a free variable", "e: a free variable", "d: a free variable",
	}, found)
}

func TestReachGoesOnlyWhereItIsTold(t *testing.T) {
	p, f := program(t, "a.nix", `a (b (c d))`)
	var found []string
	p.Reach(p.Value(p.Root(f)), func(u *eval.Unknown) bool {
		name, _ := u.Callee()
		found = append(found, name)
		return name != "b"
	})
	require.Equal(t, []string{"a", "a", "b"}, found)
}

func TestCallee(t *testing.T) {
	p, f := program(t, "a.nix", `lib.optionalAttrs c { }`)
	name, args := p.Value(p.Root(f)).(*eval.Unknown).Callee()
	require.Equal(t, "optionalAttrs", name)
	require.Len(t, args, 2)
	require.Equal(t, "c: a free variable", show(p.Value(args[0])))
	require.Equal(t, "{  }", show(p.Value(args[1])))

	for n, want := range map[int]string{32: "f", 33: "", 5000: ""} {
		p, f = program(t, "a.nix", `f`+strings.Repeat(" 1", n))
		name, args = p.Value(p.Root(f)).(*eval.Unknown).Callee()
		require.Equal(t, want, name)
		require.Len(t, args, min(n, 33))
	}
}
