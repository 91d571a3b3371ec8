package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump"
)

// onTerminal returns a console that believes in a terminal of the given width.
func onTerminal(w *bytes.Buffer, columns int, level verbosity) *console {
	s := newConsole(w, func(string) string { return "" }, level)
	start := time.Now()
	s.now = func() time.Time { return start }
	s.width = func() int { return columns }
	return s
}

func TestLiveLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := onTerminal(&b, 30, normal)
	s.event(bump.Event{Stage: "hash", Text: "one"})
	s.event(bump.Event{Stage: "hash", Kind: bump.Detail, Text: "never seen"})
	s.event(bump.Event{Stage: "hash", Kind: bump.Live, Text: strings.Repeat("long ", 9), Elapsed: 62 * time.Second})
	s.event(bump.Event{Stage: "hash", Kind: bump.Warning, Text: "look"})
	s.result("done")
	s.done()
	const erase = "\r\x1b[K"
	live := "hash: long long long … [1m2s]"
	assert.Equal(t, "hash: one"+erase+live+erase+"ollama-bump: warning: look\n"+live+erase+"ollama-bump: done\n"+live+erase, b.String())
	assert.Len(t, []rune(live), 29, "one column less than the terminal, which would wrap")
}

func TestLiveLineTicks(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := onTerminal(&b, 80, normal)
	start := time.Now()
	s.now = func() time.Time { return start.Add(5 * time.Second) }
	s.setLive("hash: x", 0)
	s.mu.Lock()
	s.since = start
	tick := s.tick
	s.mu.Unlock()
	tick.Reset(time.Millisecond)
	assert.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(b.String(), "hash: x [5s]")
	}, 5*time.Second, time.Millisecond)
	s.done()
	assert.Nil(t, s.tick)
	assert.True(t, strings.HasSuffix(b.String(), "\r\x1b[K"), "the live line is gone in the end")
}

func TestVerboseOnATerminalKeepsLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := onTerminal(&b, 80, verbose)
	s.event(bump.Event{Stage: "hash", Text: "one", Elapsed: 3 * time.Second})
	s.event(bump.Event{Stage: "hash", Kind: bump.Detail, Text: "two"})
	assert.Equal(t, "hash: one [3s]\nhash: two\n", b.String())
}

func TestColours(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := onTerminal(&b, 80, normal)
	s.colour = true
	s.failure(&bump.Error{Text: "bad"}, nil, "do this")
	assert.Equal(t, "\x1b[31;1mollama-bump:\x1b[0m bad\n\x1b[36mhint:\x1b[0m do this\n", b.String())
}

func TestFit(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "abc", fit("abc", "", 3))
	assert.Equal(t, "äb…", fit("äbcd", "", 3))
	assert.Equal(t, "a… [1s]", fit("abcd", " [1s]", 7))
	assert.Equal(t, "… [1s]", fit("abcd", " [1s]", 2))
}

func TestSecretsOfAFewLettersStay(t *testing.T) {
	t.Parallel()
	s := newConsole(&bytes.Buffer{}, func(string) string { return "x" }, normal)
	assert.Equal(t, "xyz", s.clean("xyz"))
}
