package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// Every example of the help is a command line that the program takes.
func TestExamplesRun(t *testing.T) {
	t.Parallel()
	for _, example := range examples.rows {
		commandLine, _, _ := strings.Cut(example.term, " | ")
		words, err := splitWords(commandLine)
		require.NoError(t, err)
		require.Equal(t, "ollama-bump", words[0])
		o := runWith(nil, bump.Result{Status: bump.Current}, nil, words[1:]...)
		assert.Equal(t, exitOK, o.status, "%s: %s", example.term, o.stderr)
		assert.NotNil(t, o.opts, example.term)
	}
}

// A flag that help, manual page or completions did not know would be a second truth.
func TestEveryFlagIsDescribed(t *testing.T) {
	t.Parallel()
	var help, man bytes.Buffer
	groups := newSettings().groups()
	writeHelp(&help, groups)
	require.NoError(t, writeMan(&man, groups))
	count := 0
	for _, g := range groups {
		g.set.VisitAll(func(f *pflag.Flag) {
			count++
			assert.Contains(t, help.String(), " --"+f.Name)
			assert.Contains(t, man.String(), roff("--"+f.Name))
			assert.NotEmpty(t, f.Usage)
		})
	}
	assert.Greater(t, count, 25)
}

// The Action has an input for every flag that makes sense there, and no two of one name.
func TestInputsOfFlags(t *testing.T) {
	t.Parallel()
	names := map[string]bool{nixArgsInput: true}
	for _, f := range inputFlags() {
		name := inputName(f.Name)
		assert.False(t, names[name], name)
		names[name] = true
	}
	assert.True(t, names["labels"])
	assert.True(t, names["api-url"])
	assert.False(t, names["help"])
	for _, name := range slices.Concat(actionless, plural) {
		assert.NotNil(t, newSettings().flags().Lookup(name), "no flag %s", name)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "  aa bb\n cc", wrap("  aa bb cc", 1, 8))
	assert.Equal(t, "aaaaaaaaaa\nb", wrap("aaaaaaaaaa b", 0, 4), "a long word stays whole")
}

func TestRoff(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `\&.a\-b\ec \(dqd\(dq`, roff(`.a-b\c "d"`))
}
