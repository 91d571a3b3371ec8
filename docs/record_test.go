package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExcerpt(t *testing.T) {
	t.Parallel()
	lines, err := excerpt("\n== Before\n\nx\n\n" + section + "\n\n$ ollama-bump\n+a\n\n| 1\n| 2\n| 3\n| 4\n| 5\ndone\n(exit status 0)\n\n== After\n\ny\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"$ ollama-bump", "+a", "", "| 1", "| 2", "| 3", "| …", "done"}, lines)
	_, err = excerpt("nothing of that")
	assert.ErrorContains(t, err, section)
}

func TestClip(t *testing.T) {
	t.Parallel()
	assert.Equal(t, strings.Repeat("ä", columns), clip(strings.Repeat("ä", columns)))
	assert.Equal(t, strings.Repeat("ä", columns-1)+"…", clip(strings.Repeat("ä", columns+1)))
}

// texts parses a picture and returns its lines by class.
func texts(t *testing.T, svg []byte) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			var line string
			require.NoError(t, decoder.DecodeElement(&line, &start))
			for _, attr := range start.Attr {
				if attr.Name.Local == "class" {
					found[attr.Value] = append(found[attr.Value], line)
				}
			}
		}
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	var svg bytes.Buffer
	draw(&svg, []string{"$ a <b> & c", "+new", "-old", "@@ -1 +1 @@", "| note", "hash: x"})
	assert.Equal(t, map[string][]string{
		"in": {"$ a <b> & c"}, "add": {"+new"}, "del": {"-old"}, "at": {"@@ -1 +1 @@"}, "dim": {"| note"}, "out": {"hash: x"},
	}, texts(t, svg.Bytes()))
}

// The committed picture shows a bump; go run ./docs renews it.
func TestCommittedPicture(t *testing.T) {
	t.Parallel()
	svg, err := os.ReadFile("demo.svg")
	require.NoError(t, err)
	lines := texts(t, svg)
	assert.Equal(t, []string{"$ ollama-bump --dry-run"}, lines["in"])
	assert.Contains(t, lines["add"], `+    version = "0.32.15";`)
	assert.Contains(t, lines["del"], `-    version = "0.32.13";`)
}
