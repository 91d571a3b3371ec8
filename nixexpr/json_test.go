package nixexpr_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// jsonString is the first string in a JSON file whose raw text holds another one, quotes included.
func jsonString(src, holds string) nixexpr.Span {
	at := strings.Index(src, holds)
	from := strings.LastIndexByte(src[:at], '"')
	to := at + len(holds) + strings.IndexByte(src[at+len(holds):], '"') + 1
	return nixexpr.Span{From: int32(from), To: int32(to)}
}

func TestJSONReplaceString(t *testing.T) {
	for _, test := range []struct{ name, src, old, text, want string }{
		{"a version", `{"version": "0.1"}`, "0.1", "0.2", `{"version": "0.2"}`},
		{"in a list", "[\r\n\t\"a\", \"v0.1/x\"\r\n]", "0.1", "0.2", "[\r\n\t\"a\", \"v0.2/x\"\r\n]"},
		{"quotes", `"0.1"`, "0.1", `a"b\c<>&`, `"a\"b\\c<>&"`},
		{"line ends", `"0.1"`, "0.1", "\r\n\u2028", `"\r\n\u2028"`},
		{"beside escapes", `"\n0.1\u00e9"`, "0.1", "é", `"\né\u00e9"`},
		{"behind an escaped backslash", `"\\0.1"`, "0.1", "n", `"\\n"`},
		{"an escape goes", `"a\u00e9b"`, `\u00e9`, "c", `"acb"`},
		{"a character of two escapes goes", `"a\uD83D\ude00b"`, `\uD83D\ude00`, "c", `"acb"`},
		{"nothing is left", `["0.1"]`, "0.1", "", `[""]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := &nixexpr.JSONFile{Name: "pin.json", Src: []byte(test.src)}
			span := jsonString(test.src, test.old)
			from := strings.Index(test.src, test.old) - span.Start() - 1
			edit, err := file.ReplaceString(span, from, from+len(test.old), test.text)
			require.NoError(t, err)
			out, err := file.Apply([]nixexpr.Edit{edit})
			require.NoError(t, err)
			require.Equal(t, test.want, string(out))
		})
	}
}

func TestJSONReplaceStringRefuses(t *testing.T) {
	const src = "{\n\"v\": \"a\\u00e9\\n\\ud83d\\ude00\\\\n\"}"
	span := jsonString(src, "a")
	for _, test := range []struct {
		from, to int
		text     string
		want     string
	}{
		{-1, 0, "", "pin.json:2:6: bytes -1 to 0 are not within this text of 24 bytes"},
		{1, 0, "", "pin.json:2:6: bytes 1 to 0 are not within this text of 24 bytes"},
		{0, 25, "", "pin.json:2:6: bytes 0 to 25 are not within this text of 24 bytes"},
		{0, 1, "\xff", `pin.json:2:6: JSON cannot hold "\xff"`},
		{2, 7, "", "pin.json:2:9: bytes 2 to 7 of this text begin or end within an escape"},
		{1, 6, "", "pin.json:2:8: bytes 1 to 6 of this text begin or end within an escape"},
		{7, 8, "", "pin.json:2:14: bytes 7 to 8 of this text begin or end within an escape"},
		{8, 9, "", "pin.json:2:15: bytes 8 to 9 of this text begin or end within an escape"},
		{9, 15, "", "pin.json:2:16: bytes 9 to 15 of this text begin or end within an escape"},
		{9, 20, "", "pin.json:2:16: bytes 9 to 20 of this text begin or end within an escape"},
		{21, 22, "", "pin.json:2:28: bytes 21 to 22 of this text begin or end within an escape"},
		{22, 23, "", "pin.json:2:29: bytes 22 to 23 of this text begin or end within an escape"},
		{0, 1, "x", ""},
		{1, 7, "x", ""},
		{7, 9, "x", ""},
		{9, 21, "x", ""},
		{21, 23, "x", ""},
		{23, 24, "x", ""},
	} {
		file := &nixexpr.JSONFile{Name: "pin.json", Src: []byte(src)}
		edit, err := file.ReplaceString(span, test.from, test.to, test.text)
		if test.want != "" {
			require.EqualError(t, err, test.want)
			continue
		}
		require.NoError(t, err)
		_, err = file.Apply([]nixexpr.Edit{edit})
		require.NoError(t, err)
	}
}

func TestJSONEscapeBehindABackslash(t *testing.T) {
	file := &nixexpr.JSONFile{Name: "pin.json", Src: []byte(`"\\\n\\\\n"`)}
	span := nixexpr.Span{To: int32(len(file.Src))}
	_, err := file.ReplaceString(span, 3, 4, "t")
	require.EqualError(t, err, "pin.json:1:5: bytes 3 to 4 of this text begin or end within an escape")
	edit, err := file.ReplaceString(span, 8, 9, "t")
	require.NoError(t, err)
	out, err := file.Apply([]nixexpr.Edit{edit})
	require.NoError(t, err)
	require.Equal(t, `"\\\n\\\\t"`, string(out))
}

func TestJSONApplyRefuses(t *testing.T) {
	for _, test := range []struct {
		name, src string
		edits     []nixexpr.Edit
		want      string
	}{
		{
			"ends the string", `{"v": "1"}`,
			[]nixexpr.Edit{{7, 8, `1", "w": "2`}},
			"pin.json:1:10: an edit would change the meaning of }, which is outside of it",
		},
		{
			"in a list", `["1", 2]`,
			[]nixexpr.Edit{{2, 3, `1", "2`}},
			`pin.json:1:5: an edit would change the meaning of 2, which is outside of it`,
		},
		{
			"no JSON any more", `{"v": "1"}`,
			[]nixexpr.Edit{{7, 8, `"`}},
			`pin.json:1:8: the edited file is not JSON any more: invalid character '"' after object key:value pair`,
		},
		{
			"no longer one value", `"1"`,
			[]nixexpr.Edit{{1, 2, `1" "2`}},
			`pin.json:1:2: the edited file is not JSON any more: invalid character '"' after top-level value`,
		},
		{
			"a number", `{"v": 12}`,
			[]nixexpr.Edit{{6, 7, `2`}},
			`pin.json:1:7: the edit is not within a string: bytes 6 to 7 at pin.json:1:7 become "2"`,
		},
		{
			"a whole string", `{"v": "1"}`,
			[]nixexpr.Edit{{6, 9, `"2"`}},
			`pin.json:1:7: the edit is not within a string: bytes 6 to 9 at pin.json:1:7 become "\"2\""`,
		},
		{
			"a quote", `{"v": "1"}`,
			[]nixexpr.Edit{{8, 9, `2"`}},
			`pin.json:1:9: the edit is not within a string: bytes 8 to 9 at pin.json:1:9 become "2\""`,
		},
		{
			"the first quote", `{"v": "1"}`,
			[]nixexpr.Edit{{6, 8, `"2`}},
			`pin.json:1:7: the edit is not within a string: bytes 6 to 8 at pin.json:1:7 become "\"2"`,
		},
		{
			"blanks", `{"v": "1"}`,
			[]nixexpr.Edit{{5, 6, `  `}},
			`pin.json:1:6: the edit is not within a string: bytes 5 to 6 at pin.json:1:6 become "  "`,
		},
		{
			"behind the file", `"1"`,
			[]nixexpr.Edit{{2, 4, ``}},
			`pin.json:1:3: an edit of bytes 2 to 4 is not within the file's 3 bytes`,
		},
		{
			"overlap", `"123"`,
			[]nixexpr.Edit{{1, 3, ``}, {2, 4, ``}},
			`pin.json:1:3: two edits overlap: bytes 1 to 3 at pin.json:1:2 become ""; ` +
				`bytes 2 to 4 at pin.json:1:3 become ""`,
		},
		{"what was no JSON", `{"v": `, nil, `pin.json:1:1: the file is not JSON: unexpected end of JSON input`},
		{"two strings", `["1", "2"]`, []nixexpr.Edit{{2, 3, `x`}, {7, 8, `y`}}, ""},
		{"a key", `{"v": "1"}`, []nixexpr.Edit{{2, 3, `w`}}, ""},
		{"twice in one string", `"0.1 0.1"`, []nixexpr.Edit{{1, 4, `2`}, {5, 8, `2`}}, ""},
		{"at both ends of a string", `"1"`, []nixexpr.Edit{{1, 1, `<`}, {2, 2, `>`}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := &nixexpr.JSONFile{Name: "pin.json", Src: []byte(test.src)}
			_, err := file.Apply(test.edits)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			require.EqualError(t, err, test.want)
		})
	}
}

// FuzzJSONReplaceString puts any text into a string of a JSON file, at any place.
func FuzzJSONReplaceString(f *testing.F) {
	f.Add(`v0.1`, 1, 4, "0.2")
	f.Add(`\\\u00e9\ud83d\ude00\ud83d\"`, 2, 8, `"\`)
	f.Add(`\ud83d\ude00`, 6, 12, "\u2028<")
	f.Fuzz(func(t *testing.T, raw string, from, to int, text string) {
		src := `{"a": ["` + raw + `", null], "b": 1.50}`
		var before string
		if json.Unmarshal([]byte(`"`+raw+`"`), &before) != nil {
			return
		}
		file := &nixexpr.JSONFile{Name: "fuzz.json", Src: []byte(src)}
		edit, err := file.ReplaceString(nixexpr.Span{From: 7, To: int32(9 + len(raw))}, from, to, text)
		if err != nil {
			var refused *nixexpr.EditError
			require.ErrorAs(t, err, &refused)
			return
		}
		out, err := file.Apply([]nixexpr.Edit{edit})
		require.NoError(t, err)
		var after struct {
			A []*string
			B json.Number
		}
		require.NoError(t, json.Unmarshal(out, &after))
		require.Len(t, after.A, 2)
		require.Nil(t, after.A[1])
		require.Equal(t, "1.50", after.B.String())
		unquote := func(raw string) (value string) {
			require.NoError(t, json.Unmarshal([]byte(`"`+raw+`"`), &value), "%q", raw)
			return value
		}
		require.Equal(t, unquote(raw[:from])+text+unquote(raw[to:]), *after.A[0])
		require.Equal(t, before, unquote(raw[:from])+unquote(raw[from:to])+unquote(raw[to:]))
	})
}
