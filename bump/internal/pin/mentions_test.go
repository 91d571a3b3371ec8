package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

func TestMentions(t *testing.T) {
	const nix = `{ "a-0.32.13" = 1;
  b."0.32.13".c = [ ./patches/ollama-0.32.13.patch https://a/v0.32.13 ];
  d = "0.32.13"; e = "v0.32.13, not 0.32.130 or ${./f + "0.32.13"}"; # 0.32.13
  f = ''
    0.32.130
    0.32.13'';
  g = a."${x}0.32.13" or ./. + "0.32.13-rc1";
  h = ./${x}/0.32.13;
  i = "a placeholder for 0.32.13";
  j = "0.32.13 0.32.13";
}`
	file, err := nixexpr.Parse("a.nix", []byte(nix))
	require.NoError(t, err)
	files := &Files{Nix: map[string]*nixexpr.File{"a.nix": file}, Data: map[string][]byte{
		"b.json": []byte("{ \"b\": \"0.32.13\",\n\"0.32.13\": 1, \"a\": [\n\"0.32.13\", 2 ] }"),
	}}
	slot := func(name, text string, from, to int) Slot {
		at := strings.Index(nix, text)
		return Slot{File: name, Start: at + from, End: at + to}
	}
	moved := []Slot{
		slot("a.nix", `"a placeholder`, 1, len(`"a placeholder for 0.32.13`)),
		slot("a.nix", `"0.32.13 `, 1, 1+len("0.32.13")),
		slot("b.nix", `"0.32.13"; e`, 1, 1+len("0.32.13")), // of another file
		slot("a.nix", `./patches/`, 0, len("./patches/ollama-0.32.1")),
		slot("a.nix", `https://`, 0, 0),
	}
	assert.Equal(t, []int{1, 2, 3, 6, 7, 8, 9, 10}, files.Mentions(t.Context(), "a.nix", "0.32.13", nil))
	assert.Equal(t, []int{1, 2, 3, 6, 7, 8, 10}, files.Mentions(t.Context(), "a.nix", "0.32.13", moved))
	assert.Equal(t, []int{9}, files.Mentions(t.Context(), "a.nix", "0.32.13", []Slot{
		{File: "a.nix", Start: 0, End: strings.Index(nix, "  i =")},
		{File: "a.nix", Start: 10, End: 20},
		{File: "a.nix", Start: strings.Index(nix, "  j ="), End: len(nix)},
	}), "a slot inside of another one")
	assert.Empty(t, files.Mentions(t.Context(), "a.nix", "", nil))
	assert.Equal(t, []int{1, 3}, files.Mentions(t.Context(), "b.json", "0.32.13", nil))
	assert.Empty(t, files.Mentions(t.Context(), "c.nix", "0.32.13", nil))
}
