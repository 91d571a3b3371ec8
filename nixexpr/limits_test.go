package nixexpr_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// quick is far more than any of these sources needs, and far less than one that is read again
// for each of its tokens takes.
const quick = 20 * time.Second

// processorTime is what this process has used so far: on a busy machine the clock says little.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var use syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano())
}

// scaled is n, or less with -short: enough to tell linear from quadratic, too little to wait for.
func scaled(n int) int {
	if testing.Short() {
		return n / 20
	}
	return n
}

// many repeats a text up to about three megabytes, and more often than expressions may be nested. It is there
// an odd number of times: an even number of quotes is a list of strings.
func many(text string) []byte {
	return []byte(strings.Repeat(text, max(scaled(3_000_000)/len(text), nixexpr.MaxDepth)|1))
}

func TestTooDeep(t *testing.T) {
	for _, opener := range []string{
		"(", "[", "{ a = ", "rec { a = ", "let { a = ", "{ ${", "''${", `"${`, "./a${", "!", "-", "a: ", "{ a }: ",
		"{ a ? ", "a@{ b }: ",
		"with a; ", "assert a; ", "let a = ", "let in ", "if ", "if a then ", "if a then b else ", "a // ", "a ++ ",
		"a -> ", "f <| ",
		"a.b or ", "a.${", "a ? ${", "inherit (", "{ inherit (", "[ { a = [ (", "''a${\"b${", "f (", "{ a.b.c = { d = ",
	} {
		t.Run(opener, func(t *testing.T) {
			start := processorTime(t)
			_, err := nixexpr.Parse("deep.nix", many(opener))
			var syntax *nixexpr.SyntaxError
			require.ErrorAs(t, err, &syntax)
			if !strings.HasPrefix(opener, "inherit") {
				assert.Contains(t, syntax.Msg, "nested too deeply")
			}
			assert.Less(t, processorTime(t)-start, quick)
		})
	}
}

func TestTooHigh(t *testing.T) {
	for _, link := range []string{" + a", " - a", " * a", " && a", " || a", " ? a", " |> a", " a", " (b)", ` "b"`} {
		t.Run(link, func(t *testing.T) {
			_, err := nixexpr.Parse("high.nix", append([]byte("a"), strings.Repeat(link, nixexpr.MaxHeight+100)...))
			require.Error(t, err)
			assert.Contains(t, err.Error(), "nested too deeply")
		})
	}
}

// nested is n openers, a, and n closers.
func nested(n int, opener, closer string) []byte {
	return []byte(strings.Repeat(opener, n) + "a" + strings.Repeat(closer, n))
}

func TestDeepEnough(t *testing.T) {
	const depth = nixexpr.MaxDepth - 4
	for _, tt := range []struct{ opener, closer string }{
		{"(", ")"},
		{"[ ", " ]"},
		{"{ a = ", "; }"},
		{`"${`, `}"`},
		{"''${", "}''"},
		{"!", ""},
		{"- ", ""},
		{"x: ", ""},
		{"{ x }: ", ""},
		{"a // ", ""},
		{"with a; ", ""},
		{"let a = 1; in ", ""},
	} {
		t.Run(tt.opener, func(t *testing.T) {
			f := parse(t, string(nested(depth, tt.opener, tt.closer)))
			printed := f.Print(f.Root) // walks the tree to its bottom
			assert.Contains(t, string(printed), "a")

			f = parse(t, string(nested(depth/2, tt.opener, tt.closer)))
			printed = f.Print(f.Root) // twice as deep, by its parentheses
			again := parse(t, string(printed))
			assert.True(t, bytes.Equal(printed, again.Print(again.Root)))
		})
	}
}

func TestHighEnough(t *testing.T) {
	f := parse(t, "a"+strings.Repeat(" + a", nixexpr.MaxHeight-2))
	nodes := 0
	nixexpr.Walk(f.Root, func(nixexpr.Node) bool { nodes++; return true })
	assert.Equal(t, 2*(nixexpr.MaxHeight-2)+1, nodes)
}

// TestWideEnough reads as many expressions side by side as may lie in each other.
func TestWideEnough(t *testing.T) {
	for _, elem := range []string{
		"(a)", "[ ]", "{ a = 1; }", "{ ${a} = 1; }", "{ \"${a}\" = 1; }", `"${a}"`, "./a${b}", "(!a)", "(-a)", "(a: a)",
		"({ a ? 1 }: a)",
		"(with a; a)", "(assert a; a)", "(let a = 1; in a)", "(if a then a else a)", "(a // a)", "(a ++ a)", "(a -> a)",
		"(a == a)",
		"(f a a)", "(f |> f)", "(f <| f)", "(a.b or a)", "(a.${b})", "(a ? b)", "rec { inherit (a) b; }",
	} {
		parse(t, "["+strings.Repeat(" "+elem, nixexpr.MaxDepth+1)+" ]")
	}
}

// TestLinear reads sources that invite a parser to look at the same bytes again and again.
func TestLinear(t *testing.T) {
	n := scaled(300_000)
	var names, merged, sets, formals strings.Builder
	for i := range n {
		fmt.Fprintf(&names, "a%d = 1; ", i)
		fmt.Fprintf(&merged, "a.b%d.c = 1; a.b%d.d = 2; ", i, i)
		fmt.Fprintf(&sets, "a = { b%d = 1; }; ", i)
		fmt.Fprintf(&formals, "a%d, ", i)
	}
	for name, src := range map[string]string{
		"names":                       "{ " + names.String() + "}",
		"paths that merge":            "{ " + merged.String() + "}",
		"sets that merge, one by one": "{ " + sets.String() + "}",
		"a path below many sets":      "{ " + strings.Repeat("a.b.c.d.e.f = { }; ", n) + "}",
		"formals":                     "{ " + formals.String() + "... }: 1",
		"selection":                   "a" + strings.Repeat(".a", n),
		"numbers and dots":            "[ " + strings.Repeat("1.1", n) + " ]",
		"less-than signs":             "[ (a" + strings.Repeat(" <b", 1) + ") " + strings.Repeat("<a> ", n) + "]",
		"quotes in a string":          "''" + strings.Repeat("' ", n) + "''",
		"escapes in a string":         "''" + strings.Repeat("''$", n) + "''",
		"interpolations":              "''" + strings.Repeat("${a}\n", n) + "''",
		"slashes in a string":         `"` + strings.Repeat(`\\`, n) + `"`,
		"comments":                    strings.Repeat("/* */ # a\n", n) + "1",
		"stars in a comment":          "/*" + strings.Repeat("*", n) + "*/ 1",
		"digits":                      "0." + strings.Repeat("1", n),
		"leading zeros":               strings.Repeat("0", n) + "1",
		"a long path":                 strings.Repeat("/a", n),
		"elements":                    "[" + strings.Repeat(" a", n) + " ]",
		"inherits": "{ inherit " + strings.ReplaceAll(strings.ReplaceAll(names.String(), "= 1;", ""), "  ",
			" ") + "; }",
	} {
		t.Run(name, func(t *testing.T) {
			start := processorTime(t)
			f := parse(t, src)
			nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
				if s, ok := n.(*nixexpr.Str); ok {
					f.PartTexts(s)
				}
				return true
			})
			assert.Less(t, processorTime(t)-start, quick)
		})
	}
}

// TestMergeLadder merges sets whose parents merge too, and so on up: each must be built once.
func TestMergeLadder(t *testing.T) {
	const rungs = 3000
	var wide strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&wide, "w%d = 1; ", i)
	}
	src := "{ " + wide.String() + "w0x.y = 1; w0x.z = 1; }"
	for range rungs {
		src = "{ a = " + src + "; a.x = { }; }"
		if len(src) > 1<<20 {
			break
		}
	}
	start := processorTime(t)
	_, err := nixexpr.Parse("ladder.nix", []byte(src))
	require.NoError(t, err)
	assert.Less(t, processorTime(t)-start, quick)
}

func TestUnclosedIsQuick(t *testing.T) {
	for _, start := range []string{"/*", `"`, "''", "<a/", "<a<a", "a.", "1.", "./a//", "''${\"", "{ a = ''$"} {
		t.Run(start, func(t *testing.T) {
			begin := processorTime(t)
			_, err := nixexpr.Parse("open.nix", many(start))
			require.Error(t, err)
			assert.Less(t, processorTime(t)-begin, quick)
		})
	}
}

// TestManyPlacesOfOneString edits one long string at very many places.
func TestManyPlacesOfOneString(t *testing.T) {
	n := scaled(80_000)
	for _, quotes := range []string{`"`, "''"} {
		for _, text := range []string{"echo 0.1 \n", "0.1 ", "${x}0.1\n", `\\0.1-`} {
			src := quotes + strings.Repeat(text, n) + quotes
			start := processorTime(t)
			f := parse(t, src)
			s := firstString(t, f)
			var edits []nixexpr.Edit
			for i := range s.Parts {
				part := &s.Parts[i]
				raw := f.Text(part)
				for from := strings.Index(raw, "0.1"); from >= 0 && part.Expr == nil; {
					edit, err := f.ReplaceStringPart(s, i, from, from+3, "0.22")
					require.NoError(t, err)
					edits = append(edits, edit)
					next := strings.Index(raw[from+3:], "0.1")
					if next < 0 {
						break
					}
					from += 3 + next
				}
			}
			require.Len(t, edits, n)
			out, err := f.Apply(edits)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(src, "0.1", "0.22"), string(out))
			assert.Less(t, processorTime(t)-start, quick)
		}
	}
}
