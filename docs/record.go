// Command docs makes the pictures of the documentation from the demo: it runs go run ./cmd/demo in a pseudoterminal and
// draws what that shows, at the pace at which it shows it, as docs/demo.svg, and has Chromium draw the pull request
// that comes out as docs/pull-request.png. Run it at the project's root, with script(1) and chromium.
//
//	go run ./docs
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The terminal, in characters.
const (
	columns = 100
	rows    = 57
)

func main() {
	if err := record("docs/demo.svg", "docs/pull-request.png"); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// record runs the demo and draws its terminal and its pull request.
func record(terminal, still string) error {
	dir, err := os.MkdirTemp("", "ollama-bump-record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	body := filepath.Join(dir, "body.md")
	chunks, err := run(dir, body)
	if err != nil {
		return err
	}
	var screen screen
	for _, c := range pace(chunks) {
		if err := screen.write(c.text, c.at); err != nil {
			return err
		}
	}
	var svg bytes.Buffer
	screen.draw(&svg)
	if err := os.WriteFile(terminal, svg.Bytes(), 0o644); err != nil {
		return err
	}
	return drawPull(body, dir, still)
}

// chunk is what a program writes to its terminal at one time.
type chunk struct {
	at   time.Duration
	text string
}

// run runs the demo in a pseudoterminal and returns what it writes. The pull request goes to the file body.
func run(dir, body string) ([]chunk, error) {
	demo := filepath.Join(dir, "demo")
	if out, err := exec.Command("go", "build", "-o", demo, "./cmd/demo").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the demo: %w\n%s", err, out)
	}
	terminal := exec.Command("script", "-qefc",
		fmt.Sprintf("stty cols %d rows %d; exec %s -body %s", columns, rows, demo, body), "/dev/null")
	terminal.Env = append(slices.DeleteFunc(os.Environ(), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return name == "NO_COLOR" || name == "CI" || name == "GITHUB_ACTIONS"
	}), "TERM=xterm-256color")
	output, err := terminal.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := terminal.Start(); err != nil {
		return nil, fmt.Errorf("run the demo: %w", err)
	}
	chunks, err := read(output, func() time.Duration { return time.Since(start) })
	if err := errors.Join(err, terminal.Wait()); err != nil {
		return nil, fmt.Errorf("run the demo: %w", err)
	}
	return chunks, nil
}

// longestSequence is more than any sequence or character takes, in bytes.
const longestSequence = 16

// read reads until the end and notes when each part came. A character is never in two parts.
func read(r io.Reader, now func() time.Duration) ([]chunk, error) {
	var chunks []chunk
	buffer := make([]byte, 4096)
	var rest []byte
	for {
		n, err := r.Read(buffer)
		text := append(rest, buffer[:n]...)
		whole := len(text)
		for whole > 0 && whole > len(text)-longestSequence && !completes(text[:whole]) {
			whole--
		}
		if whole > 0 {
			chunks = append(chunks, chunk{now(), string(text[:whole])})
		}
		rest = slices.Clone(text[whole:])
		if err == io.EOF {
			return chunks, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// completes reports whether text ends with a whole character that begins no sequence.
func completes(text []byte) bool {
	last := bytes.LastIndexByte(text, 0x1b)
	if last >= 0 && sequence.FindIndex(text[last:]) == nil {
		return false
	}
	return strings.ToValidUTF8(string(text), "") == string(text)
}

// How long the picture rests, for somebody to read, when a line begins so.
var rests = []struct {
	line string
	rest time.Duration
}{
	{"(exit status 3", 1500 * time.Millisecond}, // is there a newer release
	{"(exit status 0", 3200 * time.Millisecond}, // what would change
	{"(exit status 0", 1500 * time.Millisecond}, // propose
	{"(exit status 0", 1000 * time.Millisecond}, // again
}

// Between two changes of the screen the picture waits as long as the terminal did, but not longer than this. The last
// screen stays for the rest of the time.
const (
	longest  = 300 * time.Millisecond
	lastRest = 6 * time.Second
)

// pace moves the times of a recording: it begins with the first command, and rests where there is something to read.
func pace(chunks []chunk) []chunk {
	paced := slices.Clone(chunks)
	var now, before, rest time.Duration
	begun, pauses := false, rests
	for i, c := range chunks {
		if begun {
			now += min(c.at-before, longest) + rest
		}
		before, rest = c.at, 0
		begun = begun || strings.Contains(c.text, "$ ollama-bump")
		if len(pauses) > 0 && strings.Contains(c.text, pauses[0].line) {
			rest, pauses = pauses[0].rest, pauses[1:]
		}
		paced[i].at = now
	}
	return paced
}
