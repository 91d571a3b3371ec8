package notes_test

import (
	"html"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

// gap is written ~ in the tables.
func gap(s string) string { return strings.ReplaceAll(s, "‸", "\u200b") }

var defuseTests = []struct{ name, in, out string }{
	{"nothing", "", ""},
	{"blank lines", "\n\n  \n", ""},
	{"mention", "by @mona and @org/team", "by @‸mona and @‸org/team"},
	{"mention by entity", "by &#64;mona &commat;mona", "by @‸mona @‸mona"},
	{"mention put together", "by @<b></b>mona", "by @‸‸‸mona"},
	{"e-mail", "to mona@example.com", "to mona@‸example.com"},
	{"issue", "see #12 and o/r#12 and GH-12 gh-12", "see #‸12 and o/r#‸12 and GH-‸12 gh-‸12"},
	{"issue put together", "G<b></b>H-12 &#35;12 #&#49;2", "G‸‸H-12 #‸12 #‸12"},
	{"closing keyword", "Fixes #12, closes: #3, Resolves o/r#4", "Fixes #‸12, closes: #‸3, Resolves o/r#‸4"},
	{
		"closing keyword with a link",
		"Fixes https://github.com/o/r/issues/12",
		"Fixes [#‸12](<https://redirect.github.com/o/r/issues/12>)",
	},
	{
		"commit",
		"in 0123456789abcdef0123456789abcdef01234567, a1b2c3d and o/r@a1b2c3d",
		"in 012345‸6789ab‸cdef01‸234567‸89abcd‸ef0123‸4567, a1b2c3‸d and o/r@‸a1b2c3‸d",
	},
	{
		"commit link",
		"[x](https://www.github.com/o/r/commit/a1b2c3d)",
		"[x](<https://redirect.github.com/o/r/commit/a1b2c3d>)",
	},
	{
		"comparison link",
		"<https://github.com/o/r/compare/v1...v2>",
		"[github.com/o/r/compare/v1...v2](<https://github.com/o/r/compare/v1...v2>)",
	},
	{"link to a user", "[@mona](https://github.com/@mona#12)", "[@‸mona](<https://github.com/%40mona>)"},
	{"script link", "[x](javascript:alert(1)) [y](//evil/z) [z](/settings) [w](https://u:p@evil.example)", "x y z w"},
	{"link that gets out", "[x](<https://a.example/)[y](b>)", "[x](<https://a.example/)[y](b>)"},
	{"reference link", "[x][a]\n\n[a]: https://a.example \"@mona\"", "[x](<https://a.example>)"},
	{
		"image",
		"![alt @mona](https://evil.example/t.png) [![i](x.png)](https://a.example)",
		"alt @‸mona [i](<https://a.example>)",
	},
	{"image by escape", "\\![x](https://evil.example/t.png) wow!", "\\![x](<https://evil.example/t.png>) wow\\!"},
	{"comment", "a <!-- ollama-bump: package=ollama --> b", "a ‸ b"},
	{"comment block", "<!-- ollama-bump: package=ollama -->\n\nb", "b"},
	{"comment left open", "a\n\n<!-- b\n\nc", "a"},
	{"fold", "<details><summary>s @mona</summary>\n\nx\n\n</details>", "s @‸mona\n\nx"},
	{"fold end", "x</details>y", "x‸y"},
	{"fold end by entity", "x &lt;/details&gt; &lt;!-- y", "x &lt;/details&gt; &lt;!-- y"},
	{"fold end in code", "`</details>` `<!-- x`", "`<‸/details>` `<‸!-- x`"},
	{"fence left open", "```sh\nls\n", "```sh\nls\n```"},
	{"fence in a fence", "````\n```\n@mona #1\n```\n````", "````\n```\n@mona #1\n```\n````"},
	{"tildes", "~~~md\n```\n~~~", "````md\n```\n````"},
	{"diagram", "```mermaid\ngraph\n```", "```\ngraph\n```"},
	{"info string", "``` sh @mona #1\nls\n```", "```sh\nls\n```"},
	{"indented code", "a\n\n    b\n", "a\n\n```\nb\n```"},
	{"code span", "`@mona` ``a`b`` ` `` `", "`@mona` ``a`b`` ``` `` ```"},
	{"headings", "# a\n## b\nc\n===\n###### d", "#### a\n\n##### b\n\n#### c\n\n###### d"},
	{"lists", "* a\n* b\n  1. c\n  2. d\n", "- a\n- b\n  1. c\n  2. d"},
	{"loose list", "- a\n\n- b\n\n  c", "- a\n\n- b\n\n  c"},
	{"loose list behind text", "a\n\n- b\n\n- c", "a\n\n- b\n\n- c"},
	{"quote", "> a\n> > b\n>\n> ```\n> c", "> a\n>\n> > b\n>\n> ```\n> c\n> ```"},
	{"emphasis", "*a* **b** ~~c~~ _d_ ***e***", "*a* **b** ~~c~~ *d* ***e***"},
	{
		"table",
		"| a | b |\n|:-|-:|\n| `x\\|y` | @mona \\| z |",
		"| a | b |\n| --- | --- |\n| x&vert;y | @‸mona &vert; z |",
	},
	{
		"what begins lines",
		"a\n\\- b\n1\\. c\n\\# d\n&#43; e\n\\> f\n\\=\n\\```",
		"a\n\\- b\n1\\. c\n\\#‸ d\n\\+ e\n&gt; f\n\\=\n\\`\\`\\`",
	},
	{"versions keep their dots", "v0.32.15\n0.32.15 is out", "v0.32.15\n0.32.15 is out"},
	{"math and footnotes", "$x$ [^1] a_b", "\\$x\\$ \\[\\^1\\] a_b"},
	{"underscores", "x86_64 snake_case_name \\_a\\_ b\\_", "x86_64 snake_case_name \\_a\\_ b\\_"},
	{
		"underscores between the first and last of letters and digits", "0_9 9_0 a_z z_a A_Z Z_A",
		"0_9 9_0 a_z z_a A_Z Z_A",
	},
	{"underscores beside what is no letter", "a_. ._a a_é", "a\\_. .\\_a a\\_é"},
	{"bidirectional", "a\u202eb\u2066c &#8238;d\u200f e\u00ad", "abc d e"},
	{"control characters", "a\x00b\x1b[31mc\x7f", "abc"},
	{"not UTF-8", "a\xffb", "a\ufffdb"},
	{
		"bare links GitHub would make",
		"ftp://x.example www.github.com/o/r/pull/1",
		"x.example [#‸1](<http://redirect.github.com/o/r/pull/1>)",
	},
	{"rule", "a\n\n---\n\nb", "a\n\n***\n\nb"},
}

func TestDefuse(t *testing.T) {
	for _, test := range defuseTests {
		t.Run(test.name, func(t *testing.T) {
			got := notes.Defuse(test.in)
			assert.Equal(t, gap(test.out), got)
			requireDefused(t, got)
		})
	}
}

var dangerous = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|gh-[0-9]|https?://|www\.|\b[0-9a-f]{40}\b`)

// requireDefused parses what Defuse wrote anew and looks for what must not be in it.
func requireDefused(t testing.TB, markdown string) {
	t.Helper()
	require.NotContains(t, markdown, "<!--")
	require.NotContains(t, markdown, "</details")
	const end = "the **end** of it"
	source := []byte(markdown + "\n\n" + end)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	final, ok := doc.LastChild().(*ast.Paragraph)
	require.True(t, ok, "something is still open")
	require.Equal(t, end, string(final.Lines().Value(source)))
	err := ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML, *ast.Image, *ast.AutoLink:
			require.Failf(t, "not defused", "%s in %q", n.Kind(), markdown)
		case *ast.CodeSpan, *ast.CodeBlock, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Link:
			require.Regexp(t, `^https?://[^@/]+`, string(n.Destination))
		}
		if n.Type() != ast.TypeDocument {
			require.NotRegexp(t, dangerous, shown(n, source))
		}
		return ast.WalkContinue, nil
	})
	require.NoError(t, err)
}

// shown joins the pieces of text directly in a node; anything else between them keeps them apart.
func shown(parent ast.Node, source []byte) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if piece, ok := n.(*ast.Text); ok {
			b.WriteString(html.UnescapeString(string(piece.Segment.Value(source))))
		} else {
			b.WriteString(" ")
		}
	}
	return b.String()
}

func TestDefuseLong(t *testing.T) {
	for _, unit := range []string{
		"> ", "- ", "1. ", "*", "[", "`", "<", "|a\n|-\n", "a\n", "![", "**a", "&amp;", "\\", "<!--", "~~~\n", "\t",
	} {
		got := notes.Defuse(strings.Repeat(unit, 20_000/len(unit)))
		requireDefused(t, got)
	}
}

func TestDefuseTooLong(t *testing.T) {
	got := notes.Defuse(strings.Repeat("```\n@mona 12345678\n", 10_000))
	assert.True(t, strings.HasSuffix(got, "\n\n…"))
	assert.Less(t, len(got), 30_000)
	requireDefused(t, got)
}

// costly are units that used gigabytes or seconds when a release note was nothing but them.
var costly = []string{
	">", "> ", "- ", "1. ", "- 1) > ", "_*a", "*a _b ", "[](", "[a](", "[", "![", "`", "``` ", "<", "<!--", "~a",
	"[a][b]", "www.a.", "http://", "a@b.", "&#", "\\", "|", "|\n", "a|\n", "> a\n", " - a\n", "\t", "\n",
}

func TestDefuseCosts(t *testing.T) {
	for _, unit := range costly {
		requireCheap(t, strings.Repeat(unit, 60_000/len(unit)))
	}
	for _, columns := range []int{2, 100, 1_000, 2_000, 9_000} {
		head := strings.Repeat("|a", columns) + "|\n" + strings.Repeat("|-", columns) + "|\n"
		for _, prefix := range []string{"", "> ", "- ", "1. > - "} {
			table := prefix + strings.ReplaceAll(head, "\n", "\n"+prefix)
			requireCheap(t, table+strings.Repeat("|\n", 30_000))
			requireCheap(t, table+strings.Repeat(prefix+"|\n", 10_000))
			requireCheap(t, strings.Repeat(table, 10))
		}
	}
	var steps strings.Builder
	for depth := 0; steps.Len() < 60_000; depth += 32 {
		steps.WriteString(strings.Repeat(" ", depth) + strings.Repeat("- ", 16) + "\n")
	}
	requireCheap(t, steps.String())
}

// requireCheap fails when a text costs more than one note of a release may. The bounds are far above what it
// takes (0.2 s, 30 MB allocated in total), for a busy machine and the race detector, and far below what it took.
func requireCheap(t testing.TB, markdown string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	notes.Defuse(markdown)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	require.Less(t, took, 30*time.Second, "%.40q", markdown)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(512<<20), "bytes for %.40q", markdown)
}

func TestDefuseKeepsTablesThatPeopleWrite(t *testing.T) {
	table := "| model | size |\n| --- | --- |\n" + strings.Repeat("| gemma3 | 4b |\n", 200)
	assert.Equal(t, strings.TrimSuffix(table, "\n"), notes.Defuse(table))
}

func TestDefuseFlattens(t *testing.T) {
	for _, mark := range []string{"> ", "- "} {
		got := notes.Defuse(strings.Repeat(mark, 1_000) + "deep\n\nnext")
		assert.Equal(t, strings.Repeat(mark, 12)+"deep\n\nnext", got)
		got = notes.Defuse(strings.Repeat(mark, 13) + "deep\n\nnext")
		assert.Equal(t, strings.Repeat(mark, 12)+"deep\n\nnext", got)
	}
	quote, shown := strings.Repeat("> ", 15), strings.Repeat("> ", 12)
	assert.Equal(t, shown+"a\n"+strings.TrimSpace(shown)+"\n"+shown+"b", notes.Defuse(quote+"a\n"+quote+"- b"))
	quote += "> "
	assert.Equal(t, shown+"a\n"+shown+"b", notes.Defuse(quote+"a\n"+quote+"- b"), "the seventeenth mark is dropped")
}

// TestDefuseBounds tries texts at each bound and one step beyond it.
func TestDefuseBounds(t *testing.T) {
	words := strings.Repeat("a b ", 5_000)
	assert.Equal(t, strings.TrimSpace(words), notes.Defuse(words))
	assert.Equal(t, strings.TrimSpace(words)+"\n\n…", notes.Defuse(words+"c"))
	assert.Equal(t, "a b\n\n…", notes.Defuse("a b\n"+words), "a line is taken whole or not at all")
	assert.Equal(t, strings.TrimSpace(words[:19_999])+"\n\n…", notes.Defuse("\n"+words), "unless it is the first")
	for _, letter := range []string{"é", "e\u0301", "👩‍👩‍👧"} {
		fits := "a" + strings.Repeat(letter, 19_999/len(letter))
		assert.Equal(t, fits+"\n\n…", notes.Defuse(fits+strings.Repeat(letter, 9)), "no character is cut in two")
	}

	marks := strings.Repeat("a_b ", 4_000)
	assert.Equal(t, strings.TrimSpace(marks), notes.Defuse(marks))
	for _, mark := range "*_[]~" {
		assert.Equal(t, "…", notes.Defuse(strings.Repeat("a"+string(mark), 4_001)))
	}

	head, row := "| a | b | c |\n| --- | --- | --- |", "\n| d | e | f |"
	table := head + strings.Repeat(row, 799)
	assert.Equal(t, table, notes.Defuse(table))
	assert.Equal(t, strings.ReplaceAll(table+row, "|", `\|`), notes.Defuse(table+row))
}

func FuzzDefuseCosts(f *testing.F) {
	for _, unit := range costly {
		f.Add("", unit)
	}
	f.Add(strings.Repeat("|a", 100)+"|\n"+strings.Repeat("|-", 100)+"|\n", "|\n")
	f.Fuzz(func(t *testing.T, head, unit string) {
		if len(unit) == 0 {
			return
		}
		requireCheap(t, head+strings.Repeat(unit, max(60_000-len(head), 0)/len(unit)))
	})
}

func TestText(t *testing.T) {
	assert.Equal(t, gap("a &vert; \\`b\\` @‸mona #‸1 &lt;b&gt;"), notes.Text("a | `b`\n@mona \t#1 <b>"))
	assert.Equal(t, "1\\. x", notes.Text("1. x"))
}

func TestCode(t *testing.T) {
	assert.Equal(t, "`sha256-AA+/=`", notes.Code("sha256-AA+/="))
	assert.Equal(t, gap("\\`x\\` &vert; &lt;y&gt; @‸mona"), notes.Code("`x`\n| <y> @mona"))
	assert.Equal(t, "`hold <0.33`", notes.Code("hold <0.33"))
	assert.Equal(t, gap("`<‸!-- </details`"), strings.ReplaceAll(notes.Code("<!-- </details"), "<\u200b/", "</"))
	assert.Equal(t, "", notes.Code(" \n"))
}

func TestLink(t *testing.T) {
	assert.Equal(t, "[0.1.0](<https://x.example/a%20b>)", notes.Link("0.1.0", "https://x.example/a b"))
	assert.Equal(t, "[x](<https://[::1]:80/>)", notes.Link("x", "https://[::1]:80/"))
	for _, address := range []string{
		"data:text/html,x", "https://", "https://u@x.example", "https://gıthub.com/x", "https://x_y.example",
		"https://x!.example",
	} {
		assert.Equal(t, "x", notes.Link("x", address), address)
	}
}

func TestSize(t *testing.T) {
	assert.Equal(t, 3, notes.Size("aé\uffff"))
	assert.Equal(t, 4, notes.Size("\U00010000🦙"))
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		name, in string
		limit    int
		out      string
		cut      bool
	}{
		{"fits", "abc\ndef", 7, "abc\ndef", false},
		{"at a line", "abc\ndef\nghi", 9, "abc\ndef", true},
		{"nothing fits", "abcdef", 3, "", true},
		{"no room", "abc", 0, "", true},
		{"at a line and its end", "abc\ndef\nghi", 8, "abc\ndef", true},
		{"in a fence", "```sh\nabc\ndef\nghi\n```", 15, "```sh\nabc\n```", true},
		{"in a fence to the last unit", "```sh\nabc\ndef\nghi\n```", 17, "```sh\nabc\ndef\n```", true},
		{"in a fence but for one unit", "```sh\nabc\ndef\nghi\n```", 16, "```sh\nabc\n```", true},
		{"behind a fence", "```\na\n```\nbcd\nefgh", 15, "```\na\n```\nbcd", true},
		{
			"in a fence in a quote in a list", "- > ```\n  > a\n  > b\n  > ccccccccccc\n  > ```", 30,
			"- > ```\n  > a\n  > b\n  > ```", true,
		},
		{"counted as UTF-16", "🦙🦙\n🦙🦙\n", 6, "🦙🦙", true},
		{"code span like a fence", "```` ``` ````\nabc\ndefghi", 19, "```` ``` ````\nabc", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, cut := notes.Fit(test.in, test.limit)
			assert.Equal(t, test.out, out)
			assert.Equal(t, test.cut, cut)
			assert.LessOrEqual(t, notes.Size(out), test.limit)
		})
	}
}

func FuzzDefuse(f *testing.F) {
	for _, test := range defuseTests {
		f.Add(test.in, 40)
	}
	f.Fuzz(func(t *testing.T, in string, limit int) {
		out := notes.Defuse(in)
		requireDefused(t, out)
		fitted, _ := notes.Fit(out, limit)
		require.LessOrEqual(t, notes.Size(fitted), max(limit, 0))
		requireDefused(t, fitted)
	})
}
