package text

import (
	"context"
	"flag"
	"fmt"
	entity "html"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/nixtars/ollama-bump/bump/internal/notes"
)

var updateBody = flag.Bool("update-body", false, "write the golden files of testdata anew")

const testMarker = "<!-- ollama-bump: package=ollama version=0.32.15 -->"

func bodyReport() Report {
	return Report{
		Package: "ollama", OldVersion: "0.32.13", NewVersion: "0.32.15",
		Release: Release{
			URL: "https://github.com/ollama/ollama/releases/tag/v0.32.15", Age: 75 * time.Hour,
			Notes: []ReleaseNote{
				{
					Version: "0.32.14",
					URL:     "https://github.com/ollama/ollama/releases/tag/v0.32.14",
					Body: "## What's Changed\r\n* Fixed a crash by @dhiltgen in " +
						"https://github.com/ollama/ollama/pull/9876\r\n",
				},
				{
					Version: "0.32.15",
					URL:     "https://github.com/ollama/ollama/releases/tag/v0.32.15",
					Body: "Fixes #12.\n\n```shell\nollama run gemma3\n```\n\n**Full Changelog**: " +
						"https://github.com/ollama/ollama/compare/v0.32.14...v0.32.15\n" +
						"<!-- ollama-bump: package=ollama version=9.9.9 -->\n",
				},
			},
		},
		Changes: []Change{
			{File: "flake.nix", Line: 8, Field: "version", Old: "0.32.13", New: "0.32.15"},
			{
				File:  "flake.nix",
				Line:  13,
				Field: "src hash",
				Attr:  "src.hash",
				Old:   "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
				New:   "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=",
			},
			{
				File:  "flake.nix",
				Line:  15,
				Field: "vendor hash",
				Attr:  "vendorHash",
				Old:   "",
				New:   "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC=",
			},
		},
		Companions: []Companion{
			{Name: "llama.cpp", Old: "b10380", New: "b10488", Moved: true},
			{Name: "ggml", Old: "1", Why: "its hash is not a literal"},
		},
		Effect: Effect{
			Outputs: []OutputChange{
				{
					Name:    "nixosConfigurations.desk",
					Updated: []Update{{"ollama", "0.32.13", "0.32.15"}, {"llama.cpp source", "b10380", "b10488"}},
					Rebuilt: []string{
						"etc",
						"nixos-system-desk-25.11",
						"ollama source",
						"system-path",
						"system-units",
						"unit-ollama.service",
					},
				},
				{Name: "nixosConfigurations.laptop", Missing: "it does not evaluate, with or without this change"},
			},
			Plan: &Plan{
				Builds:   3,
				Build:    []string{"ollama-0.32.15", "ollama-0.32.15-go-modules", "ollama source v0.32.15"},
				Fetch:    85,
				Download: 356_000_000,
				Unpacked: 1_300_000_000,
			},
		},
		Proof: Proof{
			Checks: []Check{
				{Attr: "packages.x86_64-linux.ollama", Level: Evaluated},
				{Attr: "packages.x86_64-linux.ollama-cuda", Level: Ran},
				{Attr: "nixosConfigurations.desk", System: "x86_64-linux", Level: Evaluated},
				{Attr: "packages.aarch64-linux.ollama", Level: Unchecked, Why: "this machine is x86_64-linux"},
			},
			Facts: []string{
				"evaluated to version 0.32.15 with the new hashes: `packages.x86_64-linux.ollama`, " +
					"`packages.x86_64-linux.ollama-cuda`",
				"every source and module download builds with its new hash; each hash was found with a fake one in " +
					"its place",
			},
			NixVersion: "2.34.8", System: "x86_64-linux",
		},
		Warnings: []string{"flake.nix:30 pins a fork; it was left alone"},
		Try:      Try{Repository: "me/flake", Branch: "ollama-bump/0.32.15", Attr: "ollama", Rebase: true},
		Tool:     Tool{Name: "ollama-bump", Version: "1.2.3", URL: "https://github.com/nixtars/ollama-bump"},
	}
}

// decided is a report with everything that a decision may hold.
func decided() Report {
	r := bodyReport()
	r.Decision = Decision{
		Base: "0.32.9", State: Needed,
		Security: []Advisory{
			{
				GHSA: "GHSA-1234-abcd-5678", CVE: "CVE-2026-12345",
				URL:     "https://github.com/advisories/GHSA-1234-abcd-5678",
				Summary: "A model file can write outside of its folder.", Severity: "high", FirstPatched: "0.32.14",
			},
		},
		Holds: []Hold{
			{Where: "flake.nix:7", Text: "# ollama-bump: hold <0.33 until 2026-12-01: CUDA is broken"},
			{Where: "flake.nix:20", Text: "# ollama-bump: hold until 2026-01-01", Expired: true},
		},
		Passed: []Passed{
			{Version: "0.33.1", Why: "it is a day old, and the minimum is 3 days; it counts from 2026-12-02"},
			{Version: "0.33.0", Why: "the comment in flake.nix:7 holds it back"},
		},
	}
	return r
}

// repairing is a report of a bump to the same version.
func repairing() Report {
	r := bodyReport()
	r.OldVersion = r.NewVersion
	r.Changes = r.Changes[2:]
	r.Companions = []Companion{{Name: "llama.cpp", Old: "b10488", New: "b10488", Moved: true}}
	r.Release.Notes, r.Warnings = nil, nil
	r.Effect = Effect{Missing: "it took longer than 5 minutes"}
	r.Proof.Checks = r.Proof.Checks[:1]
	r.Try.Attr = ""
	return r
}

// dropping is a report of a pin that is removed.
func dropping() Report {
	r := bodyReport()
	r.NewVersion, r.Release = "0.33.0", Release{}
	r.Effect.Outputs = []OutputChange{{
		Name: "nixosConfigurations.desk", Updated: []Update{{"ollama", "0.32.13", "0.33.0"}},
		Rebuilt: []string{"etc", "nixos-system-desk-25.11", "ollama source", "system-path"},
	}}
	r.Effect.Plan = &Plan{Fetch: 3, Download: 356_000_000, Unpacked: 1_300_000_000}
	r.Proof.Checks = []Check{{Attr: "nixosConfigurations.desk", Level: Evaluated}}
	r.Proof.Facts = []string{"without the pin the package has the version, source and modules of nixpkgs' own, 0.33.0"}
	r.Decision = Decision{Base: "0.33.0", State: CaughtUp, Dropped: true}
	r.Companions, r.Warnings = nil, nil
	r.Changes = []Change{
		{
			File:  "overlays/ollama.nix",
			Line:  3,
			Field: "override",
			Old:   "prev.ollama.overrideAttrs (old: rec { … })",
			New:   "prev.ollama",
		},
	}
	return r
}

// long is a report of a big flake, deep in a repository, with names that have no place to break at.
func long() Report {
	r := decided()
	const word = "averyverylongnamewithoutanyplacetobreakat"
	file := "infrastructure/" + strings.Repeat(word+"/", 3) + "flake.nix"
	attr := "packages.x86_64-linux.ollama-" + strings.Repeat(word, 3)
	for i := range r.Changes {
		r.Changes[i].File = file
	}
	r.Companions[0].Old, r.Companions[0].New = strings.Repeat("a1", 20), strings.Repeat("b2", 20)
	r.Companions[1].Why = "its hash is " + strings.Repeat(word, 3)
	r.Decision.Security[0].Summary = strings.Repeat("A model "+word+"/"+word+" writes outside of its folder. ", 4)
	r.Decision.Holds[0].Where = file + ":7"
	r.Decision.Holds[0].Text = "# ollama-bump: hold <0.33: see https://example.org/" + word + word
	r.Decision.Passed[0].Why = "the comment in " + file + ":7 holds it back"
	r.Try.Branch, r.Try.Attr, r.Try.Folder = "ollama-bump/"+word+"/0.32.15", "ollama-"+word, path.Dir(file)[:100]
	r.Warnings = []string{file + ":30: this pin was at 0.32.13", "look at https://example.org/" + word + word + word}
	r.Proof.Checks = []Check{{Attr: attr, Level: Ran}, {Attr: attr + "-cuda", Level: Unchecked, Why: "unfree: " + word}}
	r.Proof.Facts[0] = "evaluated to version 0.32.15 with the new hashes: `" + attr + "`"
	host := r.Effect.Outputs[0]
	r.Effect.Outputs = nil
	for i := range 40 {
		host.Name = fmt.Sprintf("nixosConfigurations.%q.config.system.build.toplevel", fmt.Sprintf("%s-%d", word, i))
		host.Rebuilt = []string{"nixos-system-" + word + "-25.11", "unit-" + strings.Repeat(word, 2) + ".service"}
		r.Effect.Outputs = append(r.Effect.Outputs, host)
		r.Proof.Checks = append(r.Proof.Checks, Check{Attr: host.Name, Level: Evaluated})
	}
	r.Effect.Plan.Build = append(r.Effect.Plan.Build, strings.Repeat(word, 2)+"-1.0")
	r.Release.Notes[1].Body += "\n" + strings.Repeat("x", 300) + " https://example.org/" + strings.Repeat(word, 4) +
		" `" + strings.Repeat("y", 200) + "`\n"
	return r
}

var goldens = map[string]func() Report{
	"body": bodyReport, "decided": decided, "repair": repairing, "drop": dropping, "long": long,
}

func TestBodyGolden(t *testing.T) {
	for name, report := range goldens {
		got := body(t, report())
		requireGolden(t, name+".md", got)
		requireGolden(t, name+".html", rendered(t, got)) // which the tests of the look show in a browser
		requireHarmless(t, got)
	}
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *updateBody {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o666))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func body(t testing.TB, r Report) string {
	t.Helper()
	text, err := writeBody(t.Context(), r, Templates{}, testMarker)
	require.NoError(t, err)
	return text
}

func TestTitleAndCommitMessage(t *testing.T) {
	r := bodyReport()
	requireTitle(t, "ollama: 0.32.13 -> 0.32.15", r)
	message, err := writeMessage(r, Templates{})
	require.NoError(t, err)
	assert.Equal(t, "ollama: 0.32.13 -> 0.32.15\n\nhttps://github.com/ollama/ollama/releases/tag/v0.32.15\n", message)
	r.NewVersion = "1 @mona\nFixes #1 <b>`x`"
	r.Release.URL = "javascript:alert(1)"
	requireTitle(t, "ollama: 0.32.13 -> 1monaFixes1bx", r)
	message, err = writeMessage(r, Templates{})
	require.NoError(t, err)
	assert.Equal(t, "ollama: 0.32.13 -> 1monaFixes1bx\n", message)
}

func requireTitle(t testing.TB, want string, r Report) {
	t.Helper()
	got, err := writeTitle(r, Templates{})
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestTitleOfARepair(t *testing.T) {
	r := repairing()
	requireTitle(t, "ollama: repair vendorHash", r)
	r.Changes = append(r.Changes, Change{Attr: "src.hash"}, Change{Attr: "vendorHash"})
	requireTitle(t, "ollama: repair src.hash and vendorHash", r)
	r.Changes = append(r.Changes, Change{Field: "version"})
	requireTitle(t, "ollama: repair the pin", r)
	requireTitle(t, "ollama: drop the override (nixpkgs has 0.33.0)", dropping())
}

func TestRepairMovesNothing(t *testing.T) {
	text := body(t, repairing())
	assert.NotContains(t, text, "llama.cpp")
	assert.NotContains(t, text, "→ 0.32.15")
	assert.Contains(t, text, "repairs vendorHash")
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
	evil := "x | y `z` </details> <!-- ollama-bump: package=ollama version=9.9.9 --> @mona fixes #1\n" +
		"# big\n```\n![t](https://evil.example/t.png)\u202e"
	r := Report{
		Package: evil, OldVersion: evil, NewVersion: evil + "2",
		Release: Release{
			URL: "https://evil.example/releases/" + evil, Age: 1,
			Notes: []ReleaseNote{
				{Version: evil, URL: evil, Body: evil},
				{Version: "1", URL: "https://x.example/@mona#1", Body: evil},
			},
		},
		Changes: []Change{{File: evil, Line: 3, Field: evil, Old: evil, New: evil}},
		Companions: []Companion{
			{Name: evil, Old: evil, New: evil + "2", Moved: true},
			{Name: evil, Old: evil, Why: evil},
		},
		Decision: Decision{
			Base: evil, State: HoldingBack, Security: []Advisory{{evil, evil, evil, evil, evil, evil}},
			Holds: []Hold{{Where: evil, Text: evil}}, Passed: []Passed{{evil, evil}},
		},
		Effect: Effect{
			Outputs: []OutputChange{
				{
					Name:    evil,
					Updated: []Update{{evil, evil, evil}, {evil, "", evil}, {evil, evil, ""}, {evil, "", ""}},
					Rebuilt: []string{evil},
				},
				{Name: evil, Missing: evil},
			},
			Plan: &Plan{Builds: 1, Build: []string{evil}, Fetch: 1, Download: 1, Unpacked: 1}, Missing: evil,
		},
		Proof: Proof{
			Checks:     []Check{{evil, evil, Ran, evil}, {evil, evil, Unchecked, evil}},
			Facts:      []string{evil},
			NixVersion: evil,
			System:     evil,
		},
		Warnings: []string{
			evil,
		}, Try: Try{Repository: evil, Branch: evil, Folder: evil, Attr: evil, Rebase: true}, Tool: Tool{
			evil, evil,
			evil,
		},
	}
	body := body(t, r)
	requireHarmless(t, body)
	page := rendered(t, body)
	assert.Equal(t, 1, strings.Count(page, "<table>"))
	assert.Equal(t, 4, strings.Count(page, "<tr>"), "a header and three rows")
	assert.Equal(t, 9, strings.Count(page, "<td>"))
}

// requireHarmless checks what must hold of every body.
func requireHarmless(t testing.TB, body string) {
	t.Helper()
	require.LessOrEqual(t, notes.Size(body), 60_000)
	require.True(t, strings.HasPrefix(body, testMarker+"\n\n"))
	require.Equal(
		t,
		1,
		strings.Count(strings.Replace(body, RebaseBox, "", 1), "<!--"),
		"one comment besides that of the check box: the marker",
	)
	require.Equal(t, strings.Count(body, "<details>"), strings.Count(body, "</details>"))
	require.LessOrEqual(t, strings.Count(body, "<details>"), 3)
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
	for _, unit := range []string{
		"a line of notes\n", "```\nlong code\n", "- item 🦙🦙🦙\n", "> > quoted\n", strings.Repeat("x", 15_000),
		"| a | b |\n| - | - |\n",
	} {
		r := bodyReport()
		r.Release.Notes = nil
		for i := range 6 {
			url := fmt.Sprintf("https://github.com/ollama/ollama/releases/tag/v0.32.%d", i)
			r.Release.Notes = append(
				r.Release.Notes,
				ReleaseNote{
					Version: fmt.Sprintf("0.32.%d", i),
					URL:     url,
					Body:    strings.Repeat(unit, 30_000/len(unit)),
				},
			)
		}
		body := body(t, r)
		requireHarmless(t, body)
		assert.Contains(t, body, "cut here", "%.20q", unit)
		for i := range 6 {
			assert.Contains(t, body, fmt.Sprintf("#### [0.32.%d]", i), "every release is named")
		}
		assert.Contains(t, body, "**Undo it**")
		page := rendered(t, body)
		assert.Contains(t, page, "<strong>Undo it</strong>", "%.20q: a fence or fold is open", unit)
	}
}

func TestBodyOfManyChanges(t *testing.T) {
	r := bodyReport()
	for i := range 2000 {
		r.Changes = append(
			r.Changes,
			Change{
				File:  fmt.Sprintf("pkgs/%d.nix", i),
				Line:  i,
				Field: "version",
				Old:   "0.32.13",
				New:   strings.Repeat("y", 500),
			},
		)
	}
	body := body(t, r)
	requireHarmless(t, body)
	assert.Regexp(t, `\n- and \d+ more\n`, body)
}

// Escaping makes text longer, and there may be any number of everything.
func TestBodyHasRoomForWhatever(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("@#<>&*_`[a](b)\U0001f600|", 400), strings.Repeat("@", 3000),
		strings.Repeat("<", 3000), strings.Repeat("a@", 3000),
		strings.Repeat("abcdef1 ", 3000), "x",
	} {
		r := bodyReport()
		r.Package, r.OldVersion, r.NewVersion = text, text, text+"2"
		r.Proof.NixVersion, r.Proof.System, r.Tool.Name = text, text, text
		r.Effect.Plan = &Plan{}
		r.Release.URL = "https://github.com/ollama/ollama/releases/tag/" + text
		for range 100 {
			r.Warnings = append(r.Warnings, text)
			r.Proof.Facts = append(r.Proof.Facts, text)
			r.Proof.Checks = append(
				r.Proof.Checks,
				Check{text, text, Evaluated, text},
				Check{text, text, Unchecked, text},
			)
			r.Decision.Holds = append(r.Decision.Holds, Hold{text, text, true, text})
			r.Decision.Security = append(
				r.Decision.Security,
				Advisory{text, text, "https://x.example/" + text, text, text, text},
			)
			r.Effect.Outputs = append(
				r.Effect.Outputs,
				OutputChange{Name: text, Updated: []Update{{text, text, text}}, Rebuilt: []string{text}},
			)
			r.Effect.Plan.Build = append(r.Effect.Plan.Build, text)
			r.Effect.Plan.Builds++
			r.Companions = append(r.Companions, Companion{Name: text, Old: text, New: text, Why: text})
			r.Changes = append(r.Changes, Change{File: text, Line: 1, Field: text, Old: text, New: text})
			r.Release.Notes = append(
				r.Release.Notes,
				ReleaseNote{Version: "0.1.1", URL: "https://x.example/" + text, Body: text},
			)
		}
		body := body(t, r)
		require.LessOrEqual(t, notes.Size(body), 60_000, "%.20q", text)
		assert.Contains(t, rendered(t, body), "<strong>Undo it</strong>", "%.20q", text)
		assert.Regexp(t, `\n- and \d+ more\n`, body)
	}
}

func TestBodyOrdersCandidatesByNumber(t *testing.T) {
	r := bodyReport()
	r.Release.Notes = []ReleaseNote{{Version: "0.33.0-rc9"}, {Version: "0.33.0-rc10"}}
	body := body(t, r)
	assert.Less(t, strings.Index(body, "#### 0.33.0-rc10"), strings.Index(body, "#### 0.33.0-rc9"))
}

func TestNewestNoteIsOpen(t *testing.T) {
	body := body(t, bodyReport())
	open, folded, ok := strings.Cut(body, "<summary>1 older release</summary>")
	require.True(t, ok)
	assert.Contains(t, open, "ollama run gemma3")
	assert.Contains(t, folded, "Fixed a crash")
}

func TestBodySaysLittleOfLittle(t *testing.T) {
	text, err := writeBody(t.Context(), Report{Package: "ollama", OldVersion: "1", NewVersion: "2"}, Templates{}, "")
	require.NoError(t, err)
	assert.True(
		t,
		strings.HasPrefix(
			text,
			"| Package | Version | |\n| --- | --- | --- |\n| **ollama** | 1\u00a0→\u00a02 |  |\n\n### Try it\n",
		),
		text,
	)
	assert.NotContains(t, text, "<details>")
	assert.NotContains(t, text, "Verified")
}

func TestBodyHearsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := writeBody(ctx, bodyReport(), Templates{}, "")
	require.ErrorIs(t, err, context.Canceled)
}

// Escaped or not, no text is cut within what people see as one character.
func TestNothingIsCutWithinACharacter(t *testing.T) {
	const family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
	for shift := range 8 {
		r := bodyReport()
		r.NewVersion = strings.Repeat("x", shift) + strings.Repeat(family, 100)
		r.Warnings = []string{
			strings.Repeat("x", shift) + strings.Repeat("e\u0301", 1000),
			r.NewVersion + strings.Repeat(family, 200),
		}
		text := body(t, r)
		assert.NotRegexp(t, "\u200d…|\U0001f469…|[^xe\u0301\U0001f467]…", text)
		assert.NotContains(t, text, "e…")
	}
}

func TestAgo(t *testing.T) {
	const day = 24 * time.Hour
	for age, want := range map[time.Duration]string{
		time.Minute: "less than an hour ago", time.Hour: "1 hour ago", 23 * time.Hour: "23 hours ago",
		day: "1 day ago", 20 * day: "20 days ago",
		21 * day: "3 weeks ago", 59 * day: "8 weeks ago", 60 * day: "2 months ago",
		729 * day: "24 months ago", 730 * day: "2 years ago",
	} {
		assert.Equal(t, want, ago(age))
	}
}

func TestTryCommand(t *testing.T) {
	for _, test := range []struct {
		try  Try
		want string
	}{
		{Try{Repository: "me/flake", Branch: "ollama-bump/0.32.15", Attr: "ollama"}, "" +
			"nix run \\\n  github:me/flake/ollama-bump/0.32.15#ollama \\\n  -- --version"},
		{Try{Repository: "me/flake", Branch: "b", Folder: "nix", Attr: "ollama"}, "" +
			"nix run \\\n  'github:me/flake/b?dir=nix#ollama' \\\n  -- --version"},
		{Try{Repository: "me/nixos-configuration", Branch: "ollama-bump/0.32.15", Attr: "ollama"}, "" +
			"nix run \"github:me/nixos-configuration/\\\nollama-bump/0.32.15#ollama\" \\\n  -- --version"},
		{Try{Repository: strings.Repeat("a", 80) + "/b", Branch: "c", Attr: "ollama"}, "" +
			"nix run \"github:" + strings.Repeat("a", 32) + "\\\n" + strings.Repeat("a", 48) + "\\\n" +
			"/b/c#ollama\" \\\n  -- --version"},
		{Try{Repository: "me/machines", Branch: "ollama-bump/0.32.15", Attr: "ollama"}, "" +
			"nix run \\\n  github:me/machines/ollama-bump/0.32.15#ollama \\\n  -- --version"},
		{Try{Repository: "me/f", Branch: "b", Attr: "ollama"}, "nix run github:me/f/b#ollama -- --version"},
		{Try{Repository: "me/flake", Branch: "b"}, ""},
		{Try{Branch: "b", Attr: "ollama"}, ""},
		{Try{Repository: "me/flake", Branch: "b;reboot", Attr: "ollama"}, ""},
		{Try{Repository: "me/flake", Branch: "b", Attr: "`reboot`"}, ""},
	} {
		assert.Equal(t, test.want, test.try.command())
		for _, line := range strings.Split(test.try.command(), "\n") {
			assert.LessOrEqual(t, len(line), phone)
		}
	}
}

// A shell takes a long command as one argument, however it is cut.
func TestLongTryCommandIsOneReference(t *testing.T) {
	for n := range 117 {
		try := Try{
			Repository: "me/" + strings.Repeat("r", n), Branch: strings.Repeat("b", n/2) + "/0.32.15", Attr: "ollama",
			Folder: strings.Repeat("f/", n/8) + "nix",
		}
		show := strings.Replace(try.command(), "nix run", "printf '%s\n'", 1)
		out, err := exec.Command("sh", "-c", show).Output()
		require.NoError(t, err)
		reference := "github:" + try.Repository + "/" + try.Branch + "?dir=" + try.Folder + "#ollama"
		assert.Equal(t, reference+"\n--\n--version\n", string(out))
	}
}

// A pull request that another tool makes of a change to the files may come back.
func TestUndo(t *testing.T) {
	r := bodyReport()
	assert.Contains(t, body(t, r), "**Undo it**: close this pull request, and it will not come back for this version. "+
		"After the merge, press *Revert* below.\n")
	r.Try.Rebase = false
	assert.Contains(t, body(t, r), "**Undo it**: after the merge, press *Revert* below.\n")
}

func TestTemplates(t *testing.T) {
	templates := Templates{
		Title: "chore(deps): {{if .Repair}}repair {{end}}{{.Package}} {{.NewVersion}}",
		Message: "build(ollama): {{.OldVersion}} to {{.NewVersion}}\n\n{{range .Files}}- {{.}}\n{{end}}See " +
			"{{.ReleaseURL}}", Append: "Ticket: ABC-1 for {{.Title}}\x1b[0m",
	}
	require.NoError(t, templates.Check())
	r := bodyReport()
	title, err := writeTitle(r, templates)
	require.NoError(t, err)
	assert.Equal(t, "chore(deps): ollama 0.32.15", title)
	message, err := writeMessage(r, templates)
	require.NoError(t, err)
	assert.Equal(
		t,
		"build(ollama): 0.32.13 to 0.32.15\n\n- flake.nix\nSee "+
			"https://github.com/ollama/ollama/releases/tag/v0.32.15\n",
		message,
	)
	body, err := writeBody(t.Context(), r, templates, testMarker)
	require.NoError(t, err)
	assert.Contains(t, body, "\n\nTicket: ABC-1 for ollama: 0.32.13 -> 0.32.15\n\n---\n\n- [ ]")
	message, err = writeMessage(r, Templates{Title: templates.Title})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(message, title+"\n\n"), "the commit follows the title")
}

func TestWrongTemplates(t *testing.T) {
	for template, want := range map[string]string{
		"{{.Pakage}}":                         "title template: line 1: <.Pakage>: can't evaluate field Pakage",
		"x\n{{if .Repair}}{{.Pakage}}{{end}}": "title template: line 2: <.Pakage>: can't evaluate field Pakage",
		"x{{if .Unpinned}}{{.Base}}{{end}}":   "title template: line 1: <.Base>: can't evaluate field Base",
		"x{{if .Security}}{{.Package.CVE}}{{end}}": "title template: line 1: <.Package.CVE>: " +
			"can't evaluate field CVE in type string",
		"x\n{{": "title template: line 2: unclosed action",
		"x{{index .Files 7}}": "title template: line 1: <index .Files 7>: error calling index: index out of " +
			"range: 7",
		"{{if false}}x{{end}}":              "title template: the text is empty",
		"{{if .Repair}}x{{end}}":            "title template: the text is empty",
		"{{range 1000000000}}xxxxxx{{end}}": "title template: the text is too long",
		`{{template "x"}}`:                  `title template: line 1: <{{template "x"}}>: template "x" not defined`,
	} {
		err := Templates{Title: template}.Check()
		require.EqualError(t, err, want)
		var wrong *TemplateError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "Options.Title is a template of Go's text/template; its fields are .Package, .OldVersion, "+
			".NewVersion, .Repair, .Unpinned, .Security, .ReleaseURL, .Files, .Title", wrong.Hint())
	}
	require.ErrorContains(t, Templates{Message: "{{.X}}"}.Check(), "commit message template: line 1: ")
	require.ErrorContains(t, Templates{Append: "{{.X}}"}.Check(), "body template: line 1: ")
	require.NoError(t, Templates{Append: "{{if .Security}}Merge this soon.{{end}}"}.Check(), "adds nothing as a rule")
	// what only the files of a run show
	_, err := writeTitle(Report{}, Templates{Title: "{{index .Files 0}}"})
	require.ErrorContains(t, err, "title template: line 1: <index .Files 0>: error calling index: ")
	title, err := writeTitle(bodyReport(), Templates{Title: strings.Repeat("é", 300) + "\n##[x]"})
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("é", 199)+"…", title)
}

func FuzzBody(f *testing.F) {
	f.Add("0.32.15", "- `x` | y", "# notes\n\n```\nopen")
	f.Add("1 --> @mona", "</details>", "<details>\n<!--")
	f.Fuzz(func(t *testing.T, version, value, note string) {
		r := bodyReport()
		r.NewVersion, r.Changes[0].New, r.Warnings, r.Effect.Missing = version, value, []string{value}, value
		r.Release.Notes[0].Body, r.Release.Notes[1].Version = note, version
		body := body(t, r)
		requireHarmless(t, body)
		page := rendered(t, body)
		require.Contains(t, page, "<strong>Undo it</strong>")
		require.Equal(t, 4, strings.Count(page, "<tr>"))
	})
}
