package main

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// property is one name and value of a workflow command.
type property struct{ name, value string }

// annotation returns a workflow command of GitHub Actions, escaped as the runner reads it.
func annotation(command string, where []property, text string) string {
	var b strings.Builder
	b.WriteString("::" + command + " title=ollama-bump")
	for _, p := range where {
		b.WriteString("," + p.name + "=" + escapeProperty.Replace(p.value))
	}
	return b.String() + "::" + escapeData.Replace(text)
}

var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// silenced wraps text so that the runner takes no line of it for a command.
func silenced(text string) string {
	word := unguessable()
	return "::stop-commands::" + word + "\n" + strings.TrimSuffix(text, "\n") + "\n::" + word + "::\n"
}

// unguessable returns a word that upstream cannot have put into its text.
func unguessable() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	return "ollama-bump-" + hex.EncodeToString(random)
}
