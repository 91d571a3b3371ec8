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
	assert.Equal(t, "hash: one"+erase+live+erase+"ollama-bump: warning: look\n"+
		live+erase+"ollama-bump: done\n"+live+erase, b.String())
	assert.Len(t, []rune(live), 29, "one column less than the terminal, which would wrap")
}

func TestLiveLineTicks(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := onTerminal(&b, 80, normal)
	start := time.Now()
	s.now = func() time.Time { return start.Add(5 * time.Second) }
	s.show("hash: x", bump.Event{})
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
	s.done()
	const erase = "\r\x1b[K"
	assert.Equal(t, "hash: one [3s]\nhash: one [3s]"+erase+"hash: two\nhash: one [3s]"+erase, b.String())
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
	assert.Equal(t, "日本…", fit("日本語", "", 5), "a character of two columns")
	assert.Equal(t, "日…", fit("日本語", "", 4))
	assert.Equal(t, "a\u0308b…", fit("a\u0308bcd", "", 3), "an accent of its own takes no column")
	assert.Equal(t, "👩‍💻…", fit("👩‍💻👩‍💻", "", 3), "characters that are joined stay so")
}

func TestSecretsOfAFewLettersStay(t *testing.T) {
	t.Parallel()
	s := newConsole(&bytes.Buffer{}, func(string) string { return "x" }, normal)
	assert.Equal(t, "xyz", s.clean("xyz"))
}

// Without a terminal a download that takes long says every half minute how far it is, and nothing else.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := newConsole(&b, func(string) string { return "" }, normal)
	clock := time.Now()
	s.now = func() time.Time { return clock }
	for i := range int64(4) {
		s.event(bump.Event{
			Stage: "hash", Kind: bump.Live, Text: "downloading https://example.org/a",
			Elapsed: time.Duration(10*i) * time.Second, Done: (i + 1) << 20, Total: 10 << 20,
		})
		s.mu.Lock()
		clock = clock.Add(10 * time.Second)
		tick := s.tick
		s.mu.Unlock()
		tick.Reset(time.Millisecond)
		time.Sleep(20 * time.Millisecond)
	}
	s.mu.Lock()
	shown := b.String()
	s.mu.Unlock()
	s.done()
	assert.Equal(t, "hash: downloading https://example.org/a, 3.0 MiB of 10.0 MiB at 102 KiB/s [30s]\n", shown)
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	var x transfer
	x.update("a", bump.Event{}, at(0))
	assert.Empty(t, x.String())
	x.update("a", bump.Event{Done: 500}, at(0))
	assert.Equal(t, ", 500 B", x.String())
	x.update("a", bump.Event{Done: 2 << 20, Total: 8 << 20}, at(1))
	assert.Equal(t, ", 2.0 MiB of 8.0 MiB at 2.0 MiB/s", x.String())
	x.update("a", bump.Event{Done: 3 << 20, Total: 8 << 20}, at(1.1))
	assert.Equal(t, ", 2.0 MiB of 8.0 MiB at 2.0 MiB/s", x.String(), "a rate of a tenth of a second would jump")
	x.update("b", bump.Event{Done: 1, Total: 3 << 30}, at(2))
	assert.Equal(t, ", 1 B of 3.0 GiB", x.String(), "another file")
	x.update("build", bump.Event{}, at(3))
	assert.Empty(t, x.String())
}

// Under GitHub Actions each stage is a group, which is closed before what everybody must see.
func TestGroups(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := newConsole(&b, func(name string) string {
		return map[string]string{
			"GITHUB_ACTIONS": "true",
			"NO_COLOR":       "1",
		}[name]
	}, normal)
	s.event(bump.Event{Stage: "release", Text: "asking"})
	s.event(bump.Event{Stage: "release", Text: "a -> b"})
	s.event(bump.Event{Stage: "hash", Text: "round 1"})
	s.done()
	s.result("done")
	assert.Equal(t, "::group::release\nrelease: asking\nrelease: a -> b\n::endgroup::\n::group::hash\nhash: round "+
		"1\n::endgroup::\n"+
		"ollama-bump: done\n::notice title=ollama-bump::done\n", b.String())
}
