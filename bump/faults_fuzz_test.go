package bump

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// FuzzJSONPin rewrites every string of a JSON file that holds a version: the result is JSON, says the new version
// there, and nothing else of it changes.
func FuzzJSONPin(f *testing.F) {
	for _, seed := range []string{
		`{"version": "0.32.13", "hash": "sha256-x"}`, `{"a":[{"v":"v0.32.13"},"0.32.13"],"b":{"c":"x/0.32.13.tgz"}}`,
		`{"url":"https:\/\/github.com\/ollama\/v0.32.13.tar.gz","é\u00e9":"\u0030.32.13 0.32.13"}`, `"0.32.13"`, `["","\"0.32.13\""]`,
		"\t{ \"a\" :\r\n \"😀0.32.13\\ud83d\\ude00 0.32.13\" , \"a\": \"0.32.13\" }\n", `{"0.32.13":"10.32.13","n":0.3213}`,
	} {
		f.Add(seed)
	}
	const from, to = "0.32.13", "0.33.0"
	f.Fuzz(func(t *testing.T, src string) {
		if !json.Valid([]byte(src)) {
			return
		}
		prog := eval.NewProgram(t.Context(), nil)
		prog.AddData("pin.json", []byte(src))
		d := prog.ReadJSON(&eval.Path{Name: "pin.json"})
		if d == nil {
			return // nested too deep
		}
		eachText(prog, d, 0, func(text *eval.Text) {
			slots, err := textSlots(text, from, "version")
			if err != nil {
				return
			}
			var edits []nixexpr.Edit
			for _, s := range slots {
				require.Equal(t, from, src[s.start:s.end])
				edits = append(edits, s.edit(to))
			}
			out, err := splice([]byte(src), edits)
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

// eachText visits the strings of a value.
func eachText(prog *eval.Program, d *eval.Def, depth int, visit func(*eval.Text)) {
	switch v := prog.Value(d).(type) {
	case *eval.Text:
		visit(v)
	case *eval.Set:
		for _, name := range v.Names() {
			eachText(prog, v.Get(name), depth+1, visit)
		}
	case *eval.List:
		for _, elem := range v.Elems {
			eachText(prog, elem, depth+1, visit)
		}
	}
}

// plainVersion is all that a version can be, whatever a tag holds.
var plainVersion = regexp.MustCompile(`\A(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(-rc(0|[1-9][0-9]{0,5}))?\z`)

// FuzzVersion picks a release from hostile lists.
func FuzzVersion(f *testing.F) {
	for _, tag := range []string{"v0.32.15", "v0.33.0-rc10", "v0.33.0-rc9", "v1.2", "v01.2.3", "v1.2.3\n", "v1.2.3$(x)", "V1.2.3", "v1.2.3-rc1-rc2", "v999999999999.0.0"} {
		f.Add(tag, "v0.32.14", true, false, false)
		f.Add("v0.32.15", tag, false, true, false)
	}
	f.Fuzz(func(t *testing.T, one, two string, prerelease, pre, draft bool) {
		list := []github.Release{{Tag: one, Prerelease: prerelease, Draft: draft, PublishedAt: time.Now()}, {Tag: two}}
		for _, r := range list {
			v := versionOf(r, pre)
			if v == "" {
				continue
			}
			require.Regexp(t, plainVersion, v)
			require.Equal(t, r.Tag, "v"+v)
			require.False(t, r.Draft)
			require.True(t, pre || !r.Prerelease && !strings.Contains(v, "rc"))
			require.Zero(t, version.Compare(v, v))
		}
		a, b := versionOf(list[0], true), versionOf(list[1], true)
		if a != "" && b != "" {
			require.Equal(t, version.Compare(a, b), -version.Compare(b, a))
			require.Equal(t, a == b, version.Compare(a, b) == 0)
		}
		best := pickRelease(list, "", pre, func(github.Release) bool { return true })
		for _, r := range list {
			if v := versionOf(r, pre); v != "" {
				require.NotNil(t, best)
				require.GreaterOrEqual(t, version.Compare(best.version, v), 0)
			}
		}
		if to, err := parseTo(one); err == nil {
			require.Regexp(t, plainVersion, to)
		}
	})
}
