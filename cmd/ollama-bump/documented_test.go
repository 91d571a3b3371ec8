package main

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// What the documentation shows of "ollama-bump config" is what it prints after the commands above it.
func TestDocumentedConfigCommand(t *testing.T) {
	t.Parallel()
	var env []string
	for line := range strings.Lines(blocks(t, "docs/configuration.md", "sh")[0]) {
		if setting, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			env = append(env, setting)
		}
	}
	require.NotEmpty(t, env)
	dir := checkout(t, map[string]string{"flake.nix": "{ }", configName: "verify: eval\n"})
	status, printed, stderr := runFuncIn(t, dir, env, nil, "config")
	require.Equal(t, exitOK, status, stderr)
	spaces := regexp.MustCompile(` +# `)
	shown := 0
	for line := range strings.Lines(blocks(t, "docs/configuration.md", "yaml")[1]) {
		assert.Contains(t, spaces.ReplaceAllString(printed, " # "), "\n"+spaces.ReplaceAllString(line, " # "))
		shown++
	}
	assert.GreaterOrEqual(t, shown, 4)
}

// The documentation and the help list what cannot be set in a file.
func TestDocumentedExceptions(t *testing.T) {
	t.Parallel()
	document := inProject(t, "docs", "configuration.md")
	list := regexp.MustCompile(`(?s)\(([^()]*)\): a stranger's`).FindStringSubmatch(document)
	require.Len(t, list, 2)
	var have []string
	for _, match := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(list[1], -1) {
		have = append(have, match[1])
	}
	assert.ElementsMatch(t, append(have, "version", "help"), unconfigurable)

	o := runWith(nil, bump.Result{}, nil, "--help")
	text := strings.Join(strings.Fields(o.stdout), " ")
	_, text, _ = strings.Cut(text, "KEY: VALUE any long flag")
	text, _, _ = strings.Cut(text, "flakes:")
	for _, name := range have {
		if !strings.HasSuffix(name, "api-url") { // "the API URLs"
			assert.Contains(t, text, "--"+name)
		}
	}
}

// The fields of a template are documented, and the program knows no others.
func TestDocumentedTemplateFields(t *testing.T) {
	t.Parallel()
	o := runWith(nil, bump.Result{}, nil, "--title", "{{.Nothing}}")
	_, list, ok := strings.Cut(o.stderr, "its fields are ")
	require.True(t, ok, o.stderr)
	_, section, ok := strings.Cut(inProject(t, "docs", "output.md"), "| field | holds |")
	require.True(t, ok)
	var have []string
	for _, row := range regexp.MustCompile(`(?m)^\| (.+) \| .+ \|$`).FindAllStringSubmatch(section, -1) {
		for _, match := range regexp.MustCompile("`(\\.[A-Za-z]+)`").FindAllStringSubmatch(row[1], -1) {
			have = append(have, match[1])
		}
	}
	assert.ElementsMatch(t, strings.Split(strings.TrimSpace(list), ", "), have)
}

// The manual names every field of the JSON object.
func TestManualNamesTheJSONFields(t *testing.T) {
	t.Parallel()
	text := ""
	for _, c := range manual {
		for _, r := range c.rows {
			if r.term == "--json" {
				text = r.text
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[bump.Result]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		assert.Regexp(t, `\b`+name+`\b`, text)
	}
	assert.Regexp(t, `\berror\b`, text)
}

// The settings that the documentation explains are flags, with values that they take.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	dir := checkout(t, map[string]string{"flake.nix": "{ }"})
	document := inProject(t, "docs", "configuration.md")
	rows := regexp.MustCompile("(?m)^\\| `(--[^`]+)` \\|").FindAllStringSubmatch(document, -1)
	require.Greater(t, len(rows), 4)
	for _, row := range rows {
		words, err := splitWords(row[1])
		require.NoError(t, err)
		o := runWith(nil, bump.Result{Status: bump.Current}, nil, append(words, "--flake", dir)...)
		assert.Equal(t, exitOK, o.status, "%s: %s", row[1], o.stderr)
	}
}
