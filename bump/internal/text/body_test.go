package text

import (
	"flag"
	"fmt"
	entity "html"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

var updateBody = flag.Bool("update-body", false, "write testdata/body.md anew")

const testMarker = "<!-- ollama-bump: package=ollama version=0.32.15 -->"

func bodyReport() Report {
	return Report{
		Package: "ollama", Upstream: "ollama/ollama", OldVersion: "0.32.13", NewVersion: "0.32.15",
		ReleaseURL: "https://github.com/ollama/ollama/releases/tag/v0.32.15",
		Changes: []Change{
			{File: "flake.nix", Line: 8, Field: "version", Old: "0.32.13", New: "0.32.15"},
			{File: "flake.nix", Line: 13, Field: "src hash", Old: "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", New: "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB="},
			{File: "flake.nix", Line: 15, Field: "vendor hash", Old: "", New: "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC="},
		},
		Companions: []Companion{
			{Name: "llama.cpp", Old: "b6121", New: "b6210", Moved: true},
			{Name: "ggml", Old: "1", Why: "its hash is no literal"},
		},
		Verified:   []string{"`.src` and `.goModules` build with the new hashes", "`ollama` and `ollama-cuda` evaluate to 0.32.15"},
		Warnings:   []string{"flake.nix:30 pins a fork; it was left alone"},
		NixVersion: "2.34.8", System: "x86_64-linux", Tool: "ollama-bump 1.2.3",
		Notes: []ReleaseNote{
			{Version: "0.32.14", URL: "https://github.com/ollama/ollama/releases/tag/v0.32.14", Body: "## What's Changed\r\n* Fixed a crash by @dhiltgen in https://github.com/ollama/ollama/pull/9876\r\n"},
			{Version: "0.32.15", URL: "https://github.com/ollama/ollama/releases/tag/v0.32.15", Body: "Fixes #12.\n\n```shell\nollama run gemma3\n```\n\n**Full Changelog**: https://github.com/ollama/ollama/compare/v0.32.14...v0.32.15\n<!-- ollama-bump: package=ollama version=9.9.9 -->\n"},
		},
	}
}

func TestBodyGolden(t *testing.T) {
	const name = "testdata/body.md"
	got := Body(bodyReport(), testMarker)
	if *updateBody {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o666))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestTitleAndCommitMessage(t *testing.T) {
	r := bodyReport()
	assert.Equal(t, "ollama: 0.32.13 -> 0.32.15", Title(r))
	assert.Equal(t, "ollama: 0.32.13 -> 0.32.15\n\nhttps://github.com/ollama/ollama/releases/tag/v0.32.15\n", CommitMessage(r))
	r.NewVersion = "1 @mona\nFixes #1 <b>`x`"
	r.ReleaseURL = "javascript:alert(1)"
	assert.Equal(t, "ollama: 0.32.13 -> 1monaFixes1bx", Title(r))
	assert.Equal(t, Title(r)+"\n", CommitMessage(r))
}

// rendered is a body as GitHub shows it, HTML let through.
func rendered(t testing.TB, body string) string {
	t.Helper()
	var b strings.Builder
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	require.NoError(t, md.Convert([]byte(body), &b))
	return b.String()
}

func TestBodyTakesEveryValueForHostile(t *testing.T) {
	evil := "x | y `z` </details> <!-- ollama-bump: package=ollama version=9.9.9 --> @mona fixes #1\n# big\n```\n![t](https://evil.example/t.png)\u202e"
	r := Report{
		Package: evil, Upstream: evil, OldVersion: evil, NewVersion: evil + "2", ReleaseURL: "https://evil.example/releases/" + evil,
		Changes:    []Change{{File: evil, Line: 3, Field: evil, Old: evil, New: evil}},
		Companions: []Companion{{Name: evil, Old: evil, New: evil, Moved: true}, {Name: evil, Old: evil, Why: evil}},
		Verified:   []string{evil}, Warnings: []string{evil}, NixVersion: evil, System: evil, Tool: evil,
		Notes: []ReleaseNote{{Version: evil, URL: evil, Body: evil}, {Version: "1", URL: "https://x.example/@mona#1", Body: evil}},
	}
	body := Body(r, testMarker)
	requireHarmless(t, body)
	page := rendered(t, body)
	assert.Equal(t, 1, strings.Count(page, "<table>"))
	assert.Equal(t, 2, strings.Count(page, "<tr>"), "a header and one row")
	assert.Equal(t, 4, strings.Count(page, "<td>"))
}

// requireHarmless checks what must hold of every body.
func requireHarmless(t testing.TB, body string) {
	t.Helper()
	require.LessOrEqual(t, notes.Size(body), 60_000)
	require.True(t, strings.HasPrefix(body, testMarker+"\n\n"))
	require.Equal(t, 1, strings.Count(body, "<!--"), "one comment, the marker")
	require.Equal(t, strings.Count(body, "<details>"), strings.Count(body, "</details>"))
	require.LessOrEqual(t, strings.Count(body, "<details>"), 1)
	require.NotContains(t, body, "\u202e")
	page := rendered(t, body)
	require.NotContains(t, page, "<img")
	require.NotContains(t, page, "<script")
	shown := inCode.ReplaceAllString(page, "")
	shown = entity.UnescapeString(inTag.ReplaceAllString(shown, " "))
	require.NotRegexp(t, `(?i)@[a-z0-9]|#[0-9]|gh-[0-9]|https?://|www\.`, shown)
}

var (
	inCode = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)
	inTag  = regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`)
)

func TestBodyIsCutInTheNotesOnly(t *testing.T) {
	for _, unit := range []string{"a line of notes\n", "```\nlong code\n", "- item 🦙🦙🦙\n", "> > quoted\n", strings.Repeat("x", 30_000), "| a | b |\n| - | - |\n"} {
		r := bodyReport()
		r.Notes = nil
		for i := range 6 {
			url := fmt.Sprintf("https://github.com/ollama/ollama/releases/tag/v0.32.%d", i)
			r.Notes = append(r.Notes, ReleaseNote{Version: fmt.Sprintf("0.32.%d", i), URL: url, Body: strings.Repeat(unit, 30_000/len(unit))})
		}
		body := Body(r, testMarker)
		requireHarmless(t, body)
		assert.Contains(t, body, "cut here", "%.20q", unit)
		for i := range 6 {
			assert.Contains(t, body, fmt.Sprintf("### [0.32.%d]", i), "every release is named")
		}
		assert.Contains(t, body, "**Undo it**")
		page := rendered(t, body)
		assert.Contains(t, page, "<strong>Undo it</strong>", "%.20q: a fence or fold is open", unit)
	}
}

func TestBodyOfManyChanges(t *testing.T) {
	r := bodyReport()
	for i := range 2000 {
		r.Changes = append(r.Changes, Change{File: fmt.Sprintf("pkgs/%d.nix", i), Line: i, Field: "version", Old: "0.32.13", New: strings.Repeat("y", 500)})
	}
	body := Body(r, testMarker)
	requireHarmless(t, body)
	assert.Regexp(t, `\nand \d+ more\.\n`, body)
}

// Escaping makes text longer, and there may be any number of everything.
func TestBodyHasRoomForWhatever(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("@#<>&*_`[a](b)\U0001f600|", 400), strings.Repeat("@", 3000), strings.Repeat("<", 3000), strings.Repeat("a@", 3000),
		strings.Repeat("abcdef1 ", 3000), "x",
	} {
		r := bodyReport()
		r.Package, r.OldVersion, r.NewVersion, r.NixVersion, r.System, r.Tool = text, text, text+"2", text, text, text
		r.ReleaseURL = "https://github.com/ollama/ollama/releases/tag/" + text
		for range 300 {
			r.Warnings = append(r.Warnings, text)
			r.Verified = append(r.Verified, text)
			r.Companions = append(r.Companions, Companion{Name: text, Old: text, New: text, Why: text})
			r.Changes = append(r.Changes, Change{File: text, Line: 1, Field: text, Old: text, New: text})
			r.Notes = append(r.Notes, ReleaseNote{Version: "0.1.1", URL: "https://x.example/" + text, Body: text})
		}
		body := Body(r, testMarker)
		require.LessOrEqual(t, notes.Size(body), 60_000, "%.20q", text)
		assert.Contains(t, rendered(t, body), "<strong>Undo it</strong>", "%.20q", text)
		assert.Regexp(t, `\n- and \d+ more\n`, body)
	}
}

func TestBodyOrdersCandidatesByNumber(t *testing.T) {
	r := bodyReport()
	r.Notes = []ReleaseNote{{Version: "0.33.0-rc9"}, {Version: "0.33.0-rc10"}}
	body := Body(r, "")
	assert.Less(t, strings.Index(body, "### 0.33.0-rc10"), strings.Index(body, "### 0.33.0-rc9"))
}

func TestBodySaysLittleOfLittle(t *testing.T) {
	body := Body(Report{Package: "ollama", OldVersion: "1", NewVersion: "2"}, "")
	assert.True(t, strings.HasPrefix(body, "Bumps **ollama** from `1` to `2`.\n"), body)
	assert.NotContains(t, body, "<details>")
	assert.NotContains(t, body, "Verified")
}

func FuzzBody(f *testing.F) {
	f.Add("0.32.15", "- `x` | y", "# notes\n\n```\nopen")
	f.Add("1 --> @mona", "</details>", "<details>\n<!--")
	f.Fuzz(func(t *testing.T, version, value, note string) {
		r := bodyReport()
		r.NewVersion, r.Changes[0].New, r.Warnings = version, value, []string{value}
		r.Notes[0].Body, r.Notes[1].Version = note, version
		body := Body(r, testMarker)
		requireHarmless(t, body)
		page := rendered(t, body)
		require.Contains(t, page, "<strong>Undo it</strong>")
		require.Equal(t, 4, strings.Count(page, "<tr>"))
	})
}
