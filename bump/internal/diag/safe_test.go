package diag_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

func TestLine(t *testing.T) {
	for _, test := range []struct{ name, in, out string }{
		{"plain", "ollama 0.32.15: ü 🦙", "ollama 0.32.15: ü 🦙"},
		{"blanks and line ends", " a\t b\r\nc\u2028d\u2029e ", "a b c d e"},
		{"control characters", "a\x00b\x07c\x7fd\u0085e\u009bf", "abcdef"},
		{
			"colours, titles, links",
			"\x1b[31;1mred\x1b[0m \x1b]0;title\aon \x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "red on link",
		},
		{"bidirectional", "a\u202eb\u2066c\u200fd\u061ce", "abcde"},
		{"invisible", "a\u00ad\u200b\u2060\ufeff\u3164\u034fb\U000e0041", "ab"},
		{"joined emoji", "\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"old GitHub runner", "x ##[set-env name=PATH]y", "x ## [set-env name=PATH]y"},
		{"Azure Pipelines", "x ##vso[task.setvariable variable=a]b", "x ## vso[task.setvariable variable=a]b"},
		{"Azure Pipelines in capitals", "##VSO[task.x]", "## VSO[task.x]"},
		{"put together by what is removed", "#\u200b#v\x00so[task.x]", "## vso[task.x]"},
		{"headings stay", "## What's changed [1]", "## What's changed [1]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.out, diag.Line(test.in))
			assert.Equal(t, test.out, diag.Line(test.out), "it is stable")
		})
	}
}

func TestLines(t *testing.T) {
	assert.Equal(t, "a\n  b ## vso[x]\nc", diag.Lines("a  \n\n\t b ##vso[x]\r\n\x1b[0m\nc\n"))
}

func TestClip(t *testing.T) {
	const family = "\U0001f468\u200d\U0001f469\u200d\U0001f467" // five runes, one character
	for _, test := range []struct {
		in    string
		limit int
		out   string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"e\u0301e\u0301e\u0301", 4, "e\u0301…"},
		{"a" + family + "b", 6, "a" + family[:0] + "…"},
		{"a" + family + "bc", 7, "a" + family + "…"},
		{"\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7x", 4, "\U0001f1e9\U0001f1ea…"},
		{"a" + strings.Repeat("\u0301", 100), 10, "…"},
		{"abc", 0, "…"},
	} {
		assert.Equal(t, test.out, diag.Clip(test.in, test.limit), "%q", test.in)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a ##vso[x]\x1b[31m\u202e", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		line := diag.Line(text)
		require.True(t, utf8.ValidString(line))
		require.NotContains(t, line, "\n")
		require.NotContains(t, strings.ToLower(line), "##vso[")
		require.NotContains(t, line, "##[")
		require.Equal(t, line, diag.Line(line))
		require.LessOrEqual(t, utf8.RuneCountInString(diag.Clip(line, limit)), max(limit, 1))
	})
}
