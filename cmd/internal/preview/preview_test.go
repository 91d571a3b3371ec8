package preview

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// marked paints in a way that a test can read.
func marked(code, text string) string { return "{" + code + ":" + text + "}" }

func plain(_, text string) string { return text }

func TestLines(t *testing.T) {
	t.Parallel()
	const body = "<!-- ours -->\n\n| Package | Version |\n| --- | --- |\n| **ollama** | 0.32.13 → " +
		"[0.32.15](<https://x/y>) |\n| a\\|b | `c` |\n\n" +
		"<details>\n<summary>3 values <b>in</b> 1 file</summary>\n\n- " +
		"hidden\n\n```\nhidden\n```\n\n</details>\n\n\n### " +
		"What changes\n\n" +
		"- `x86_64-linux.a*b*c`: *nothing* in x86\\_64\n- [ ] Rebase\n\n```sh\nnix run \\\n  x\n```\n\n---\n\n" +
		"Made by " +
		"[us](<https://u>).\n"
	for _, c := range []struct {
		name string
		all  bool
		want string
	}{
		{"folded", false, "T\n\nPackage  Version\nollama   0.32.13 → 0.32.15\na|b      c\n\n▸ 3 values in 1 " +
			"file\n\nWhat " +
			"changes\n\n" +
			"• x86_64-linux.a*b*c: nothing in x86_64\n☐ Rebase\n\n  nix run \\\n    x\n\nMade by us."},
		{"all", true, "T\n\nPackage  Version\nollama   0.32.13 → 0.32.15\na|b      c\n\n▸ 3 values in 1 file\n\n• " +
			"hidden\n\n  hidden\n\nWhat changes\n\n" +
			"• x86_64-linux.a*b*c: nothing in x86_64\n☐ Rebase\n\n  nix run \\\n    x\n\nMade by us."},
	} {
		assert.Equal(t, c.want, strings.Join(Lines("T", body, c.all, plain), "\n"), c.name)
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	const body = "## H\n**b** and `c`\n<details><summary>s</summary>hidden\n\n<details>\n<summary>inner</summary>\n" +
		"</details>\n</details>\nend"
	got := Lines("T", body, false, marked)
	assert.Equal(t, []string{"{1:T}", "", "{1:H}", "{1:b} and {36:c}", "▸ s", "end"}, got)
}

func TestWidth(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 3, columnsOf("\x1b[1ma→b\x1b[0m"))
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line    string
		columns int
		want    []string
	}{
		{"", 10, []string{""}},
		{"one two", 7, []string{"one two"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"• one two three", 9, []string{"• one two", "  three"}},
		{"  • one two", 7, []string{"  • one", "    two"}},
		{"a  b", 10, []string{"a  b"}},
		{"a waytoolongforaline b", 10, []string{"a", "waytoolongforaline", "b"}},
		{"\x1b[36mone two\x1b[0m three", 7, []string{"\x1b[36mone two\x1b[0m", "three"}},
	} {
		assert.Equal(t, c.want, Wrap(c.line, c.columns), c.line)
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		columns int
		want    int
	}{
		{"", 10, 0},
		{"\n", 10, 1},
		{"one\ntwo", 10, 2},
		{"0123456789\n", 10, 1},
		{"0123456789a\n", 10, 2},
		{"\x1b[32m0123456789\x1b[0m\r\n", 10, 1},
		{"ééééé\n", 5, 1},
		{"e\u0301e\u0301e\u0301\n", 3, 1},
		{"日本語\n", 6, 1},
		{"日本語\n", 5, 2},
		{"a日本語\n", 4, 2},
		{"日本\n", 1, 2},
		{"012345\n日本\n", 0, 2},
		{"\ta\n", 9, 1},
		{"\tab\n", 9, 2},
		{"0\t89\n", 10, 1},
		{strings.Repeat("x", 1000), 80, 13},
	} {
		assert.Equal(t, c.want, Rows(c.text, c.columns), "%q in %d columns", c.text, c.columns)
	}
}
