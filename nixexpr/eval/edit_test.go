package eval_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// TestReplace finds literals by the value that they are the last piece of, and changes a piece of each.
func TestReplace(t *testing.T) {
	for _, test := range []struct{ name, src, old, text, want string }{
		{"a string", `"v0.1-x"`, "0.1", `0."2`, `"v0.\"2-x"`},
		{"behind an interpolation", `"${a}-0.1"`, "0.1", "0.2", `"${a}-0.2"`},
		{"an indented string", "''\n  v0.1\n''", "0.1", "0.2", "''\n  v0.2\n''"},
		{"an empty string", `""`, "", "0.2", `"0.2"`},
		{"an empty indented string", `''''`, "", "0.2", `''0.2''`},
		{"a URI", `https://x/v0.1/y`, "0.1", "0.2", `https://x/v0.2/y`},
		{"an escape before it", `"\"0.1"`, "0.1", "0.2", `"\"0.2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, f := program(t, "a.nix", test.src)
			pieces := p.Value(p.Root(f)).(*eval.Text).Pieces
			at := pieces[len(pieces)-1].At
			require.Equal(t, test.old == "", at.Source() == "")
			from := strings.Index(at.Source(), test.old)
			start, end := at.Content()
			require.Equal(t, at.Source(), string(f.Src[start:end]))
			edit, err := at.Replace(from, from+len(test.old), test.text)
			require.NoError(t, err)
			require.Equal(t, start+from, edit.Start)
			out, err := f.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			require.Equal(t, test.want, string(out))
		})
	}
}

func TestReplaceInJSON(t *testing.T) {
	p, _ := program(t, "a.nix", "1")
	addJSON(p, "pin.json", `{ "v": "v0.1\n" }`)
	set := p.Value(p.ReadData(&eval.Path{Name: "pin.json"})).(*eval.Set)
	at := p.Value(set.Get("v")).(*eval.Text).Pieces[0].At
	require.Equal(t, `v0.1\n`, at.Source())
	edit, err := at.Replace(1, 4, `0."2`)
	require.NoError(t, err)
	out, err := at.Data.Apply([]nixexpr.Edit{edit})
	require.NoError(t, err)
	require.Equal(t, `{ "v": "v0.\"2\n" }`, string(out))
}

func TestReplaceWhatIsWrittenNowhere(t *testing.T) {
	var at eval.Literal
	require.Empty(t, at.Source())
	_, err := at.Replace(0, 0, "x")
	require.EqualError(t, err, "the text is written nowhere")
}
