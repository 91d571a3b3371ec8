// Command docs records the demo: it runs go run ./cmd/demo and draws what a terminal shows of the
// dry run as docs/demo.svg. Run it at the project's root.
//
//	go run ./docs
package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// section is the demo's part that is drawn.
const section = "== What would change?"

// The picture, in pixels and characters.
const (
	columns    = 104 // of the terminal
	charWidth  = 84  // in tenths
	lineHeight = 19
	margin     = 16
	lineDelay  = 0.12 // seconds between two lines
)

func main() {
	if err := record("docs/demo.svg"); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(path string) error {
	demo := exec.Command("go", "run", "./cmd/demo")
	var output bytes.Buffer
	demo.Stdout, demo.Stderr = &output, &output
	if err := demo.Run(); err != nil {
		return fmt.Errorf("run the demo: %w\n%s", err, output.String())
	}
	lines, err := excerpt(output.String())
	if err != nil {
		return err
	}
	var svg bytes.Buffer
	draw(&svg, lines)
	return os.WriteFile(path, svg.Bytes(), 0o644)
}

// excerpt returns the section's lines; of the quoted pull request only the beginning.
func excerpt(output string) ([]string, error) {
	_, rest, ok := strings.Cut(output, section+"\n\n")
	if !ok {
		return nil, fmt.Errorf("find %q in the demo's output", section)
	}
	rest, _, _ = strings.Cut(rest, "\n== ")
	var lines []string
	quoted := 0
	for _, line := range strings.Split(strings.TrimRight(rest, "\n"), "\n") {
		if strings.HasPrefix(line, "|") {
			if quoted++; quoted > 3 {
				if quoted == 4 {
					lines = append(lines, "| …")
				}
				continue
			}
		}
		if !strings.HasPrefix(line, "(exit status") {
			lines = append(lines, clip(line))
		}
	}
	return lines, nil
}

// clip cuts a line at the terminal's edge.
func clip(line string) string {
	if runes := []rune(line); len(runes) > columns {
		return string(runes[:columns-1]) + "…"
	}
	return line
}

// draw writes the picture. The lines appear one after the other; a viewer without animations shows
// all of them.
func draw(w io.Writer, lines []string) {
	width, height := columns*charWidth/10+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`+"\n", width, height, width, height)
	fmt.Fprint(w, `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d0d7de;animation:show .01s linear both}`+
		`.add{fill:#7ee787}.del{fill:#ff7b72}.at{fill:#79c0ff}.in{fill:#fff;font-weight:bold}.dim{fill:#8b949e}@keyframes show{from{opacity:0}to{opacity:1}}</style>`+"\n")
	fmt.Fprintf(w, `<rect width="%d" height="%d" rx="8" fill="#161b22"/>`+"\n", width, height)
	for i, line := range lines {
		fmt.Fprintf(w, `<text xml:space="preserve" x="%d" y="%d" class="%s" style="animation-delay:%.2fs">`, margin, margin+(i+1)*lineHeight-5, class(line), float64(i)*lineDelay)
		_ = xml.EscapeText(w, []byte(line)) // a buffer takes everything
		fmt.Fprint(w, "</text>\n")
	}
	fmt.Fprint(w, "</svg>\n")
}

// class names the colour of a line.
func class(line string) string {
	switch {
	case strings.HasPrefix(line, "$ "):
		return "in"
	case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "@@ "):
		return "at"
	case strings.HasPrefix(line, "+"):
		return "add"
	case strings.HasPrefix(line, "-"):
		return "del"
	case strings.HasPrefix(line, "|"):
		return "dim"
	}
	return "out"
}
