package nixexpr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLookupAnswersAsNix holds the answers that Nix gives to expressions in which another literal lies nearer.
func TestLookupAnswersAsNix(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"a path into a rec set is in its scope", `let v = "o"; s = { a = rec { w = v; }; a.v = "1"; }; in «s.a.w»`, `1`},
		{"the same, the other way round", `let v = "o"; s = { a = rec { v = "1"; }; a.w = v; }; in «s.a.w»`, `1`},
		{"asked inside", `let v = "o"; in { a = rec { v = "1"; }; a.w = «v»; }`, `1`},
		{"asked inside, further in", `let v = "o"; in { a.b = rec { v = "1"; }; a.b.c.d = «v»; }`, `1`},
		{"the first of two sets decides: not rec", `let v = "o"; s = { a = { w = v; }; a = rec { v = "1"; }; }; in «s.a.w»`, `o`},
		{"the first of two sets decides: rec", `let v = "o"; s = { a = rec { w = v; }; a = { v = "1"; }; }; in «s.a.w»`, `1`},
		{"the first of two sets decides, asked inside", `let v = "o"; in { a = { w = «v»; }; a = rec { v = "1"; }; }`, `o`},
		{"a path before a rec set makes it none", `let v = "o"; s = { a.w = v; a = rec { v = "1"; x = v; }; }; in «s.a.w + s.a.x»`, `oo`},
		{"what a merged set inherits is from outside", `let v = "o"; s = { a = rec { w = "2"; }; a = { inherit v; x = v; }; }; in «s.a.x»`, `o`},
		{"merged sets within merged sets", `let v = "o"; s = { a = { b = rec { w = v; }; }; a.b.v = "1"; }; in «s.a.b.w»`, `1`},
		{"parentheses do not matter for merging", `let v = "o"; s = { a = (rec { w = v; }); a.v = "1"; }; in «s.a.w»`, `1`},
		{"merged definitions of a let", `let v = "o"; a = rec { v = "1"; }; a.w = v; in «a.w»`, `1`},
		{"computed names are no scope", `let x = "out"; n = "x"; in rec { ${n} = "in"; y = «x»; }`, `out`},
		{"computed names see the names of the set", `let n = "x"; in «(rec { ${n} = m; n = "y"; m = "1"; }).y»`, `1`},
		{"computed names with paths are two attributes", `let x = "x"; y = "y"; s = { ${x}.a = "1"; ${y}.b = "2"; }; in «s.y.a or "z"»`, `z`},
		{"the same, the other way round", `let x = "x"; y = "y"; s = { ${x}.a = "1"; ${y}.b = "2"; }; in «s.x.a or "d"»`, `1`},
		{"a null name is none", `«({ ${null} = "1"; }).a or "d"»`, `d`},
		{"__overrides of a let are a name as any", `let v = "1"; __overrides = { v = "2"; }; in «v»`, `1`},
		{"a builtin wins over a with", `with { toString = x: "no"; }; «toString "1"»`, `1`},
		{"builtins by a path", `«builtins.toString "1"»`, `1`},
		{"builtins by a with", `with builtins; «(mapAttrs (n: v: n + v) { a = "1"; }).a»`, `a1`},
		{"an argument that is not the builtin's", `let f = toString: «toString "1"»; in f (x: "2")`, `2`},
		{"a default of what is no set", `«"x".a or "d"»`, `d`},
		{"a conditional both of whose sides lack it", `c: «(if c then { } else { b = "1"; }).a or "d"»`, `d`},
		{"the with outside of one that lacks the name", `c: with { v = "1"; }; with (if c then { } else { w = "2"; }); «v»`, `1`},
		{"the same literal on both sides", `c: let v = "1"; in with (if c then { inherit v; } else { w = v; inherit v; }); «v»`, `1`},
		{"two callers with the same pieces", `let v = "1"; f = x: «x»; in [ (f (v + v)) (f (v + v)) ]`, `11`},
		{"a function that only known functions get", `let f = v: «v»; g = h: h "1"; in g f`, `1`},
		{"a function in a set that is not a result", `let s.f = v: «v»; in s.f "1"`, `1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f, e := program(t, "a.nix", test.src)
			got, err := p.Lookup(f, e)
			require.NoError(t, err)
			text := &Text{Pieces: got.Pieces}
			s, _ := text.String()
			require.Equal(t, test.want, s)
		})
	}
}

// TestLookupKnowsWhatItDoesNotKnow holds expressions whose nearest literal is not all that they may be.
func TestLookupKnowsWhatItDoesNotKnow(t *testing.T) {
	for _, test := range []struct {
		name, src string
		ambiguous bool
	}{
		{"one side of a conditional is a part of the other", `c: let v = "0.1"; in «if c then v else v + "-rc"»`, true},
		{"one argument is a part of the other", `let v = "1"; f = x: «x»; in [ (f v) (f (v + "b")) ]`, true},
		{"a with of a conditional", `c: with (if c then { v = "1"; } else { v = "2"; }); «v»`, true},
		{"a with of a conditional that may lack it", `c: with { v = "2"; }; with (if c then { v = "1"; } else { }); «v»`, true},
		{"a with that may define the name", `n: with { v = "outer"; }; with { ${n} = "inner"; }; «v»`, false},
		{"a with whose update may define it again", `x: with { v = "1"; } // x; «v»`, false},
		{"a default of a conditional", `c: let s = if c then { v = "1"; } else { }; in «s.v or "2"»`, true},
		{"a default of a conditional, further in", `c: let s = if c then { v.w = "1"; } else { v = { }; }; in «s.v.w or "2"»`, true},
		{"a default beside a computed name", `n: let s = { ${n} = "2"; }; in «s.v or "1"»`, true},
		{"a default of a computed name", `n: let s = { v = "2"; }; in «s.${n} or "1"»`, true},
		{"a default of an attribute that has no value", `let s = { v = s.w; }; in «s.v or "1"»`, false},
		{"a function that another one gets", `g: let f = v: «v»; in [ (f "1") (g f) ]`, false},
		{"a function in an argument of another one", `g: let f = v: «v»; in [ (f "1") (g [ { inherit f; } ]) ]`, false},
		{"a function in a result", `let f = v: «v»; in { inherit f; x = f "1"; }`, false},
		{"a function in what a result returns", `let f = v: «v»; in { g = x: { y = f; }; x = f "1"; }`, false},
		{"a functor", `let f = v: «v»; s = { __functor = self: f; }; in [ (f "1") (s "2") ]`, false},
		{"a function that an assertion calls", `g: let f = v: «v»; in assert f "2" == "2"; f "1"`, true},
		{"a function that an assertion hands on", `g: let f = v: «v»; in assert g f; f "1"`, false},
		{"a function that a condition hands on", `g: let f = v: «v»; s = if g f then { x = "1"; } else { y = "2"; }; in [ (f "1") s.x ]`, false},
		{"a function that a name hands on", `g: let f = v: «v»; in [ (f "1") ({ x = "1"; }.${g f}) ]`, false},
		{"a function that a path hands on", `g: let f = v: «v»; in [ (f "1") ./${g f} ]`, false},
		{"a function behind a definition that needs itself", `let f = v: «v»; s = { a.g = f; } // (if s ? b then { } else { }); in [ (f "1") (s.a.g "2") ]`, false},
		{"a function that an unused argument hands on", `g: let f = v: «v»; h = { ... }: "x"; in [ (f "1") (h (g f)) ]`, false},
		{"a function that recursion reaches late", `let f = v: «v»; r = a: b: c: d: e: x: if x == "" then f a else r b c d e x a; in r "1" "1" "1" "1" "1" "2"`, false},
		{"an overridden rec set", `rec { v = "1"; __overrides = { v = "2"; }; x = «v»; }`, false},
		{"an overridden rec set from outside", `let s = rec { v = "1"; __overrides = { v = "2"; }; }; in «s.v»`, false},
		{"an overridden legacy let", `let { v = "1"; __overrides = { v = "2"; }; body = «v»; }`, false},
		{"an argument that the function does not take", `let f = { a ? "1" }: a; in «f { b = "2"; }»`, false},
		{"an argument that is not given", `let f = { a ? "1", b }: a; in «f { }»`, false},
		{"an argument that is not given, asked inside", `let f = { a ? "1", b }: «a»; in f { }`, false},
		{"an argument that is no set", `let f = { a ? "1" }: a; in «f "x"»`, false},
		{"a library that is an argument", `lib: «lib.toString "1"»`, false},
		{"an argument named as a builtin", `toString: «toString "1"»`, false},
		{"an unknown with's function named as a builtin", `lib: with lib; «(mapAttrs (n: v: v) { a = "1"; }).a»`, false},
		{"an attribute that map may not have last", `n: «(builtins.mapAttrs (n: v: v) ({ a = "1"; } // { ${n} = "2"; })).a»`, false},
		{"the same with an unknown set", `r: «(builtins.mapAttrs (n: v: v) ({ a = "1"; } // r)).a»`, false},
		{"a function that is mapped over unknown attributes", `r: let f = n: v: «v»; in builtins.mapAttrs f ({ a = "1"; } // r)`, false},
		{"an assertion that fails", `«assert false; "1"»`, false},
		{"an update of what is no set", `«("x" // { a = "1"; }).a»`, false},
		{"an attribute that is defined twice", `let n = "a"; in «{ a.b = "1"; ${n}.c = "2"; }.a.b»`, false},
		{"more values than are followed", `c: d: let v = "1"; f = x: if c x then v else d x; in «` + strings.Repeat(`if c then v else `, 20) + `"2"»`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f, e := program(t, "a.nix", test.src)
			_, err := p.Lookup(f, e)
			var ambiguous *AmbiguousError
			var unknown *UnknownError
			require.Error(t, err)
			assert.Equal(t, test.ambiguous, errors.As(err, &ambiguous), "%v", err)
			assert.Equal(t, !test.ambiguous, errors.As(err, &unknown), "%v", err)
		})
	}
}

// TestLookupKnowsWhoCallsAFile asks for an argument of a file's function.
func TestLookupKnowsWhoCallsAFile(t *testing.T) {
	const pkg = `{ v }: { x = «v»; }`
	for _, test := range []struct {
		name  string
		known bool
		files []string
	}{
		{"one import", true, []string{"a.nix", `import ./p.nix { v = "1"; }`}},
		{"an import by a file that is imported", true, []string{"flake.nix", `import ./a.nix`, "a.nix", `import ./p.nix { v = "1"; }`}},
		{"an import by a name that is computed", true, []string{"flake.nix", `import (./. + "/p.nix") { v = "1"; }`}},
		{"two imports", false, []string{"a.nix", `[ (import ./p.nix { v = "1"; }) (import ./p.nix { v = "2"; }) ]`}},
		{"a path that an unknown function gets as well", false, []string{"a.nix", `f: [ (import ./p.nix { v = "1"; }) (f ./p.nix { v = "2"; }) ]`}},
		{"an import that is handed on", false, []string{"a.nix", `f: [ (import ./p.nix { v = "1"; }) (f (import ./p.nix)) ]`}},
		{"an import that is a result", false, []string{"a.nix", `{ p = import ./p.nix; q = import ./p.nix { v = "1"; }; }`}},
		{"an argument that is named import", false, []string{"a.nix", `{ import }: import ./p.nix { v = "1"; }`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f, e := program(t, append([]string{"p.nix", pkg}, test.files...)...)
			got, err := p.Lookup(f, e)
			if !test.known {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "1", got.Pieces[0].Text)
		})
	}
}

// TestLookupIsTheSameAgain asks for everything twice: one answer must not depend on those before it.
func TestLookupIsTheSameAgain(t *testing.T) {
	p, f, _ := program(t, "a.nix", `let f = v: «v»; g = y: f y; s = { a = f "1"; b = "2"; }; in s.a + s.b`)
	var first []string
	for range 2 {
		var answers []string
		Walk(f.Root, func(n Node) bool {
			if e, ok := n.(Expr); ok {
				found, err := p.Lookup(f, e)
				answers = append(answers, fmt.Sprint(found != nil, err))
			}
			return true
		})
		if first == nil {
			first = answers
		}
		require.Equal(t, first, answers)
	}
}
