package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shown returns the lines of the last screen.
func (s *screen) shown() string {
	var b strings.Builder
	for _, line := range s.lines {
		for _, c := range line {
			b.WriteRune(c.char)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestScreen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"lines", "a\r\nb", "a\nb\n"},
		{"a live line", "hash: x [1s]\rhash: y\x1b[K", "hash: y\n"},
		{"colours", "\x1b[31;1ma\x1b[0mb", "ab\n"},
		{"nothing wide", "a\u200bä→", "aä→\n"},
		{"wrapped", strings.Repeat("x", columns) + "y", strings.Repeat("x", columns) + "\ny\n"},
		{"not wrapped yet", strings.Repeat("x", columns) + "\r\ny", strings.Repeat("x", columns) + "\ny\n"},
	} {
		var s screen
		require.NoError(t, s.write(c.text, 0), c.name)
		assert.Equal(t, c.want, s.shown(), c.name)
	}
	var s screen
	assert.ErrorContains(t, s.write("\x1b[2J", 0), "unknown sequence")
	assert.ErrorContains(t, s.write("\a", 0), "unknown character")
}

// A part ends neither within a character nor within a sequence.
func TestRead(t *testing.T) {
	t.Parallel()
	const text = "a → b\x1b[32;1mc\x1b[0m\r\n"
	now := time.Duration(0)
	chunks, err := read(iotest.OneByteReader(strings.NewReader(text)), func() time.Duration { now++; return now })
	require.NoError(t, err)
	var s screen
	for _, c := range chunks {
		require.NoError(t, s.write(c.text, c.at))
	}
	assert.Equal(t, "a → bc\n\n", s.shown())
}

// The picture begins with the first command, never waits for long, and rests where there is something to read.
func TestPace(t *testing.T) {
	t.Parallel()
	paced := pace([]chunk{
		{0, "before"},
		{time.Second, "\x1b[1m$ ollama-bump --check\x1b[0m"},
		{1100 * time.Millisecond, "release"},
		{5 * time.Second, "(exit status 3 after"},
		{5100 * time.Millisecond, "$ ollama-bump"},
	})
	var at []time.Duration
	for _, c := range paced {
		at = append(at, c.at.Round(time.Millisecond))
	}
	assert.Equal(t, []time.Duration{0, 0, 100 * time.Millisecond, 400 * time.Millisecond, 2 * time.Second}, at)
}

// text is a line of a picture: what it says, and how long it is visible.
type text struct {
	said, class, visibility string
	y                       int
}

// texts parses a picture.
func texts(t *testing.T, svg []byte) []text {
	t.Helper()
	var found []text
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "text" {
			continue
		}
		var line struct {
			Class      string `xml:"class,attr"`
			Visibility string `xml:"visibility,attr"`
			Y          int    `xml:"y,attr"`
			Inner      string `xml:",innerxml"`
		}
		require.NoError(t, decoder.DecodeElement(&line, &start))
		var said string
		require.NoError(t, xml.Unmarshal([]byte("<t>"+regexp.MustCompile(`</?tspan[^>]*>`).ReplaceAllString(line.Inner,
			"")+"</t>"), &said))
		found = append(found, text{said, line.Class, line.Visibility, line.Y})
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	var s screen
	require.NoError(t, s.write("$ a <b> & c\r\nlive", 0))
	require.NoError(t, s.write("\rdone\x1b[K\r\n\x1b[32m+new\x1b[0m", time.Second))
	var svg bytes.Buffer
	s.draw(&svg)
	assert.Equal(t, []text{
		{"$ a <b> & c", "", "", 14}, {"live", "t0", "hidden", 33}, {"done", "t1", "", 33}, {"+new", "t1", "", 52},
	}, texts(t, svg.Bytes()))
	assert.Contains(t, svg.String(),
		`.t0{animation-name:t0}@keyframes t0{0%{visibility:visible}14.286%{visibility:hidden}}`)
	assert.Contains(t, svg.String(),
		`.t1{animation-name:t1}@keyframes t1{0%{visibility:hidden}14.286%{visibility:visible}}`)
	assert.Contains(t, svg.String(), `<tspan class="g">+new</tspan>`)
}

// The committed picture starts with content, repeats in under 20 seconds, and ends with the pull request; go run ./docs
// renews it.
func TestCommittedPicture(t *testing.T) {
	t.Parallel()
	svg, err := os.ReadFile("demo.svg")
	require.NoError(t, err)
	duration := regexp.MustCompile(`animation:([0-9.]+)s step-end infinite`).FindSubmatch(svg)
	require.NotNil(t, duration)
	seconds, err := strconv.ParseFloat(string(duration[1]), 64)
	require.NoError(t, err)
	assert.Less(t, seconds, 20.0)
	assert.Less(t, len(svg), 60_000, "a visitor waits for it")

	scrolled := regexp.MustCompile(`\.s\{transform:translateY\(-(\d+)px\)`).FindSubmatch(svg)
	require.NotNil(t, scrolled)
	top, err := strconv.Atoi(string(scrolled[1]))
	require.NoError(t, err)
	var first, last []string
	for _, line := range texts(t, svg) {
		if line.class == "" {
			first = append(first, line.said)
		}
		if line.visibility == "" && line.y > top {
			last = append(last, line.said)
		}
	}
	assert.Contains(t, first, "$ ollama-bump --check")
	assert.Contains(t, strings.Join(last, "\n"), "ollama: 0.32.13 -> 0.32.15\n")
	assert.Contains(t, last[len(last)-1], "Made by ollama-bump")
	all := string(svg)
	for _, want := range []string{
		`<tspan class="g">+    version = &#34;0.32.15&#34;;</tspan>`,
		`<tspan class="r">-    version = &#34;0.32.13&#34;;</tspan>`,
	} {
		assert.Contains(t, all, want)
	}
	assert.NotContains(t, all, "::", "a CI log")
}
