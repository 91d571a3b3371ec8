package pin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// FuzzJSONPin rewrites every string of a JSON file that holds a version: the result is JSON, says the new version
// there, and nothing else of it changes.
func FuzzJSONPin(f *testing.F) {
	for _, seed := range []string{
		`{"version": "0.32.13", "hash": "sha256-x"}`, `{"a":[{"v":"v0.32.13"},"0.32.13"],"b":{"c":"x/0.32.13.tgz"}}`,
		`{"url":"https:\/\/github.com\/ollama\/v0.32.13.tar.gz","é\u00e9":"\u0030.32.13 0.32.13"}`, `"0.32.13"`,
		`["","\"0.32.13\""]`,
		"\t{ \"a\" :\r\n \"😀0.32.13\\ud83d\\ude00 0.32.13\" , \"a\": \"0.32.13\" }\n",
		`{"0.32.13":"10.32.13","n":0.3213}`,
	} {
		f.Add(seed)
	}
	const from, to = "0.32.13", "0.33.0"
	f.Fuzz(func(t *testing.T, src string) {
		if !json.Valid([]byte(src)) {
			return
		}
		files := &Files{Data: map[string][]byte{"pin.json": []byte(src)}}
		prog, slots := files.program(t.Context()), newSlots(files)
		d := prog.ReadData(&eval.Path{Name: "pin.json"})
		if d == nil {
			return // nested too deep
		}
		eachText(prog, d, func(text *eval.Text) {
			ids, err := slots.inText(text, from, "version")
			if err != nil {
				return
			}
			var edits []nixexpr.Edit
			for _, id := range ids {
				s := &slots.all[id]
				require.Equal(t, from, src[s.Start:s.End])
				require.Equal(t, strings.Count(src[:s.Start], "\n")+1, s.Pos.Line)
				edit, err := s.edit(to)
				require.NoError(t, err)
				edits = append(edits, edit)
			}
			out, err := files.Edit("pin.json", edits)
			require.NoError(t, err)
			require.True(t, json.Valid(out), "%q", out)
			require.Len(t, out, len(src)+len(edits)*(len(to)-len(from)))
			whole := text.Pieces[0].At.Span
			require.Equal(t, src[:whole.Start()], string(out[:whole.Start()]))
			require.True(t, strings.HasSuffix(string(out), src[whole.End():]))
			var before, after string
			require.NoError(t, json.Unmarshal([]byte(src[whole.Start():whole.End()]), &before))
			require.NoError(t, json.Unmarshal(out[whole.Start():len(out)-(len(src)-whole.End())], &after))
			require.Equal(t, strings.Count(before, from)-strings.Count(after, from), len(edits)+strings.Count(to, from))
		})
	})
}
