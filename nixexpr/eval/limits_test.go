package eval_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// many joins n texts, made of their numbers from 1.
func many(n int, format string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		b.WriteString(strings.NewReplacer("<i>", fmt.Sprint(i), "<h>", fmt.Sprint(i-1)).Replace(format))
	}
	return b.String()
}

// TestEvaluationEnds reads sources that are written to be evaluated for ever, or into more memory than there is.
// Whatever their values are, asking for all of them takes little time and memory.
func TestEvaluationEnds(t *testing.T) {
	const (
		quick = 30 * time.Second // on a very busy machine; the budget itself is spent in half a second
		small = 600 << 20
	)
	wide := many(1000, "w<i> = <i>; ")
	for name, src := range map[string]string{
		"endless recursion": `let f = n: f (n + "x"); in f "1"`,
		"exponential sharing": `let a = x: [ x x ]; b = x: a (a (a (a x))); c = x: b (b (b x)); ` +
			`in c (c (c "1"))`,
		"a deep chain":               `let a0 = "1"; ` + many(5000, "a<i> = a<h>; ") + `in a5000`,
		"omega":                      `let o = x: x x; in o o`,
		"a long sum":                 strings.Repeat(`"a" + `, 90_000) + `"a"`,
		"a long list":                strings.Repeat(`[ 1 ] ++ `, 9_000) + `[ 1 ]`,
		"a long update":              many(9_000, "{ a<i> = 1; } // ") + `{ }`,
		"a long call":                `f` + strings.Repeat(" 1", 90_000),
		"a long path":                `a` + strings.Repeat(".a", 90_000),
		"a long path of definitions": `{ a` + strings.Repeat(".a", 90_000) + ` = 1; }`,
		"a string that doubles":      `let a0 = "x"; ` + many(60, `a<i> = "${a<h>}${a<h>}"; `) + `in a60`,
		"a long string that doubles": `let a0 = "` + strings.Repeat("x", 5000) + `"; ` + many(60,
			`a<i> = "${a<h>}${a<h>}"; `) + `in { "${a20}" = a60; ${a18} = a19; x = a17 == a18; }`,
		"a sum that doubles":  `let a0 = "x"; ` + many(60, `a<i> = a<h> + a<h>; `) + `in a60`,
		"a list that doubles": `let a0 = [ 1 ]; ` + many(60, `a<i> = a<h> ++ a<h>; `) + `in a60`,
		"a path that doubles": `let a0 = "x/"; ` + many(60,
			`a<i> = a<h> + a<h>; `) + `in ./. + "/${a40}" + ./${a20}`,
		"an unknown that doubles": many(60, "let a = x: y (x z) (x z); in ") + strings.Repeat("a (",
			60) + "q" + strings.Repeat(")", 60),
		"updates of alternatives": `let b = { ` + wide + `}; ` + many(15, `c<i> = if q<i> then { x<i> = 1; `+
			`} // b else { y<i> = 1; } // b; `) + `in ` + many(60,
			`(if p<i> then c1 else if r<i> then c2 else c3) // `) + `{ }`,
		"a large let that is called often": `let f = x: let ` + wide + ` in w1; in [ ` + strings.Repeat(`(f 1) `,
			20_000) + `]`,
		"a large set that is made often": `let f = x: { ` + wide + ` }; in [ ` + strings.Repeat(`(f 1) `, 20_000) + `]`,
		"a large list that is made often": `let f = x: [ ` + strings.Repeat("x ",
			1000) + `]; in [ ` + strings.Repeat(`(f 1) `, 20_000) + `]`,
		"a large body that is called often": `let f = x: ` + strings.Repeat("x && ",
			1000) + `x; in [ ` + strings.Repeat(`(f y) `, 20_000) + `]`,
		"many arguments, given often": `let f = { ` + many(1000,
			"a<i> ? x, ") + `... }: a1; in [ ` + strings.Repeat(`(f { }) `, 20_000) + `]`,
		"many scopes around many names": many(5000, "x<i>: ") + `[ ` + strings.Repeat("y ", 20_000) + `]`,
		"many withs around many names":  many(5000, "with { x<i> = 1; }; ") + `[ ` + strings.Repeat("y ", 20_000) + `]`,
		"deep operators in deep calls": many(300,
			`x<i>: `+strings.Repeat("1 + (", 100)+`1`+strings.Repeat(")", 100)+` + (`) + "1" + strings.Repeat(")", 300),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := nixexpr.Parse("a.nix", []byte(src))
			require.NoError(t, err)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			p := eval.NewProgram(t.Context(), []*nixexpr.File{f})
			if testing.Short() {
				p.SpendAllBut(1 << 16)
			}
			p.Visit(func(u *eval.Unknown) {
				u.Callee()
				u.Root()
			}, f)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("%v, %d MB, %v", took, (after.TotalAlloc-before.TotalAlloc)>>20, p.Err())
			require.Less(t, took, quick)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(small))
		})
	}
}

// endless is a source whose evaluation spends the whole budget.
var endless = `let f = x: { ` + many(1000, "w<i> = <i>; ") + ` }; in [ ` + strings.Repeat(`(f 1) `, 20_000) + `]`

func TestErrTellsOfTheBudget(t *testing.T) {
	p, f := program(t, "a.nix", endless)
	if testing.Short() {
		p.SpendAllBut(1 << 16)
	}
	require.NoError(t, p.Err())
	p.Visit(func(*eval.Unknown) {}, f)
	require.ErrorIs(t, p.Err(), eval.ErrBudget)
}

func TestContextStopsEvaluation(t *testing.T) {
	f, err := nixexpr.Parse("a.nix", []byte(endless))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	p := eval.NewProgram(ctx, []*nixexpr.File{f})
	cancel()
	p.Visit(func(*eval.Unknown) {}, f)
	require.ErrorIs(t, p.Err(), context.Canceled)
}

func TestOrdinaryFilesStayFarBelowTheBudget(t *testing.T) {
	p, f := program(t, "a.nix", `pkgs: { `+many(20_000, "p<i> = pkgs.callPackage ../p<i> { inherit (pkgs) x; }; ")+`}`)
	p.Visit(func(*eval.Unknown) {}, f)
	require.NoError(t, p.Err())
}

// TestRecursionIsFollowedAFewTimes unrolls a function that calls itself, and one that is called often without that.
func TestRecursionIsFollowedAFewTimes(t *testing.T) {
	p, f := program(t, "a.nix", `let f = x: "a" + f x; in f "1"`)
	const a = "a@a.nix:1:12 "
	require.Equal(t, a+a+a+a+"(a definition that needs itself, or too deep)", show(p.Value(p.Root(f))))

	p, f = program(t, "a.nix", `let f = x: x; in `+strings.Repeat(`f "1" + `, 50)+`"2"`)
	require.NotContains(t, show(p.Value(p.Root(f))), "too deep")
}

// TestNestingIsFollowedToItsBound nests definitions, and calls, as deep as they are followed, and deeper.
func TestNestingIsFollowedToItsBound(t *testing.T) {
	known := func(src string) bool {
		p, f := program(t, "a.nix", src)
		_, ok := p.Value(p.Root(f)).(*eval.Text)
		return ok
	}
	definitions := func(n int) string {
		return `let a0 = "1"; ` + many(n, "a<i> = a<h>; ") + fmt.Sprintf("in a%d", n)
	}
	calls := func(n int) string {
		return `let a0 = x: "1"; ` + many(n, "a<i> = x: a<h> x; ") + fmt.Sprintf("in a%d 1", n)
	}
	for _, source := range []func(n int) string{definitions, calls} {
		require.True(t, known(source(398)))
		require.False(t, known(source(399)))
	}
}

// TestExpressionsAreFollowedToTheirBound nests parentheses within definitions: all of them are on one stack.
func TestExpressionsAreFollowedToTheirBound(t *testing.T) {
	const in = 9000
	source := func(n int) string {
		return `let a0 = "1"; ` + many(n,
			"a<i> = "+strings.Repeat("(", in)+"a<h>"+strings.Repeat(")", in)+"; ") + fmt.Sprintf("in a%d", n)
	}
	for n, want := range map[int]string{11: "1@a.nix:1:10", 12: "a definition that needs itself, or too deep"} {
		p, f := program(t, "a.nix", source(n))
		require.Equal(t, want, show(p.Value(p.Root(f))))
		// The stack is free again.
		require.Equal(t, "2@b.nix:1:1", show(p.Value(p.Root(parse(t, "b.nix", `"2"`)))))
		require.NoError(t, p.Err())
	}
}

// TestCosts evaluates sources with as many steps as they take, and with fewer.
func TestCosts(t *testing.T) {
	for _, test := range []struct {
		name, src   string
		few, enough int
	}{
		{"a literal", `"` + strings.Repeat("x", 3200) + `"`, 90, 110},
		{"an interpolation", `let a = "` + strings.Repeat("x", 3200) + `"; in "${a}"`, 190, 220},
		{"a sum", `let a = "` + strings.Repeat("x", 3200) + `"; in a + a`, 290, 320},
		{"a list", `[ ` + strings.Repeat("x ", 100) + `]`, 90, 110},
		{"lists", `let a = [ ` + strings.Repeat("x ", 100) + `]; in a ++ a`, 290, 320},
		{"a set", `{ ` + many(100, "a<i> = 1; ") + `}`, 190, 220}, // once for the names, and once for the values
		{"sets", `let a = { ` + many(100, "a<i> = 1; ") + `}; in a // a`, 390, 420},
		{"sets of computed names", `let a = { ` + many(100, "${y<i>} = 1; ") + `}; in a // a`, 490, 620},
		{"a path of names", `{ a` + strings.Repeat(".a", 100) + ` = 1; }`, 95, 120},
		{"a selection", `a` + strings.Repeat(".a", 100), 95, 120},
		{"arguments", `({ ` + many(100, "a<i> ? 1, ") + `... }: 1) { }`, 95, 120},
		{"a mapped list", `let a = [ ` + strings.Repeat("x ", 100) + `]; in map q a`, 190, 230},
		{"a mapped set", `let a = { ` + many(100, "a<i> = 1; ") + `}; in builtins.mapAttrs q a`, 290, 330},
		{"a comparison", `let a = "` + strings.Repeat("x", 3200) + `"; in a == a`, 290, 330},
		{"withs", strings.Repeat("with { }; ", 100) + "y", 190, 420},
		{"scopes", strings.Repeat("let x = 1; in ", 3200) + "y", 6470, 6530},
	} {
		t.Run(test.name, func(t *testing.T) {
			for steps, want := range map[int]error{test.few: eval.ErrBudget, test.enough: nil} {
				p, f := program(t, "a.nix", test.src)
				p.SpendAllBut(steps)
				p.Value(p.Root(f))
				require.ErrorIs(t, p.Err(), want)
			}
		})
	}
}

func TestUnknownTellsItsPlace(t *testing.T) {
	p, f := program(t, "a.nix", `let v = v; in v`)
	u, ok := p.Value(p.Root(f)).(*eval.Unknown)
	require.True(t, ok)
	require.Same(t, f, u.File)
	require.Equal(t, 8, u.Node.Start())
}

func TestBudgetIsExact(t *testing.T) {
	for steps, want := range map[int]error{2: eval.ErrBudget, 3: nil} { // the definition, the expression, the text
		p, f := program(t, "a.nix", `"x"`)
		p.SpendAllBut(steps)
		p.Value(p.Root(f))
		require.ErrorIs(t, p.Err(), want)
	}
}

// A countingContext counts how often it is asked.
type countingContext struct {
	context.Context
	asked *int
}

func (c countingContext) Err() error {
	*c.asked++
	return c.Context.Err()
}

// TestContextIsAskedNowAndThen evaluates a list of some thirty thousand steps.
func TestContextIsAskedNowAndThen(t *testing.T) {
	asked := 0
	f := parse(t, "a.nix", `[ `+strings.Repeat(`(y "1") `, 5000)+`]`)
	p := eval.NewProgram(countingContext{t.Context(), &asked}, []*nixexpr.File{f})
	p.Visit(func(*eval.Unknown) {}, f)
	require.NoError(t, p.Err())
	require.Greater(t, asked, 20)
	require.Less(t, asked, 100)
}

// TestContextStopsSoon counts the calls that are still evaluated once the context is done.
func TestContextStopsSoon(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := parse(t, "a.nix", `[ `+strings.Repeat(`(y "1") `, 5000)+`]`)
	p := eval.NewProgram(ctx, []*nixexpr.File{f})
	calls := 0
	p.Intrinsic = func(string, []*eval.Def) *eval.Def {
		if calls++; calls == 1000 {
			cancel()
		}
		return nil
	}
	p.Visit(func(*eval.Unknown) {}, f)
	require.ErrorIs(t, p.Err(), context.Canceled)
	require.GreaterOrEqual(t, calls, 1000)
	require.Less(t, calls, 1500)
}

func TestJSONIsReadToItsBound(t *testing.T) {
	p, _ := program(t, "a.nix", "1")
	for n, known := range map[int]bool{401: true, 402: false} {
		name := fmt.Sprintf("%d.json", n)
		addJSON(p, name, strings.Repeat("[", n)+strings.Repeat("]", n))
		addJSON(p, "o"+name, strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n))
		require.Equal(t, known, p.ReadData(&eval.Path{Name: name}) != nil)
		require.Equal(t, known && n < 401, p.ReadData(&eval.Path{Name: "o" + name}) != nil)
	}
}
