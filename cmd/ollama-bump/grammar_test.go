package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// place is where in a file something is wrong: file:line:column.
	place = regexp.MustCompile(`^[\w./-]+:\d+:\d+: `)

	// operation is what failed, a verb and its object, before its cause.
	operation = regexp.MustCompile(
		`^(?:compare|find|list|lock|open|make|parse|propose|read|run|select|verify|write)\b[^:]*: .`)

	capital = regexp.MustCompile(`^\p{Lu}\p{Ll}`) // not of GHSA-1234-abcd-5678

	fullStop = regexp.MustCompile(`[\pL\pN)"]\.$`) // not the folder .

	// misuse is a mistake on the command line: what is wrong with which flag.
	misuse = regexp.MustCompile(
		`^(?:--[a-z-]+(?: and --[a-z-]+)? (?:must|cannot) be |--[a-z-]+: .|[a-z ]+ template: .|unknown flag: --)`)
)

// ungrammatical returns what is wrong with the form of a message and its hint.
func ungrammatical(status, message, hint string) []string {
	var wrong []string
	refuse := func(bad bool, why string) {
		if bad {
			wrong = append(wrong, why)
		}
	}
	message, _, _ = strings.Cut(message, "GitHub answered ") // which are its own words
	refuse(fullStop.MatchString(message) || fullStop.MatchString(hint), "a full stop")
	text := place.ReplaceAllString(message, "")
	switch {
	case status == "0":
		warning, ok := strings.CutPrefix(message, "warning: ")
		refuse(!ok && !strings.Contains(message, " is current: "), "no warning")
		text = place.ReplaceAllString(warning, "")
	case strings.HasPrefix(text, "…"): // which operation it was differs
		refuse(!strings.Contains(text, ": "), "no operation")
		text = strings.TrimLeft(text, "…: ")
	case strings.HasPrefix(text, "interrupted: "): // by the user
	default:
		refuse(!operation.MatchString(text) && (status != "2" || !misuse.MatchString(text)), "no operation")
	}
	refuse(status != "0" && hint == "", "no hint")
	for _, text := range []string{text, hint} {
		refuse(capital.MatchString(text), "a capital letter")
	}
	return wrong
}

// Every error of docs/bad-input.md says where something is wrong, what failed, why, and what to do.
func TestErrorsHaveOneGrammar(t *testing.T) {
	t.Parallel()
	rows := tableRow.FindAllStringSubmatch(inProject(t, "docs", "bad-input.md"), -1)
	require.Greater(t, len(rows), 60)
	for _, row := range rows {
		assert.Empty(t, ungrammatical(row[2], row[3], row[4]), "%s: %s", row[1], row[3])
	}
}

func TestUngrammatical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status, message, hint string
		want                  []string
	}{
		{"1", "overlay.nix:3:4: find pin: it is a fork", "pin ollama itself", nil},
		{"2", `--timeout must be a time, not "x"`, "see --help", nil},
		{"0", "warning: overlay.nix:3:4: it is left as it is", "", nil},
		{"1", "find pin: it is a fork.", "pin ollama itself", []string{"a full stop"}},
		{"1", "find pin: it is a fork", "", []string{"no hint"}},
		{"1", "find pin: it is a fork", "Pin ollama itself", []string{"a capital letter"}},
		{"1", "Find pin: it is a fork", "pin ollama itself", []string{"no operation", "a capital letter"}},
		{"1", "overlay.nix:3:4: this is a fork", "pin ollama itself", []string{"no operation"}},
		{"1", `--timeout must be a time, not "x"`, "see --help", []string{"no operation"}},
	} {
		assert.Equal(t, c.want, ungrammatical(c.status, c.message, c.hint), c.message)
	}
}
