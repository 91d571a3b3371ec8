package nix

import (
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// Nix's words come with colours, store paths and source excerpts around them, and parts of them were
// chosen by builders, servers and flakes. What follows makes one short harmless line of them.

var (
	// a store may lie anywhere, so only the digest tells a store path: 32 digits of Nix base32
	storeSource = regexp.MustCompile(`/[^\s'"«»:]*/[0-9a-df-np-sv-z]{32}-source/`)
	storePath   = regexp.MustCompile(
		`/[^\s'"«»:]*/[0-9a-df-np-sv-z]{32}-([^\s'"/:^!]+?)(?:\.drv)?(?:[\^!][a-z*]+)?([\s'"/:,;)]|$)`)
)

// clip cuts a text to at most limit bytes, between two characters as people see them, and shows that it
// did.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:diag.Fit(s, limit-len("…"), func(cluster string) int { return len(cluster) })] + "…"
}

// hasDigest reports whether s may hold a store path: a component that begins with a digest and a hyphen.
func hasDigest(s string) bool {
	for {
		i := strings.IndexByte(s, '/')
		if i < 0 || len(s) < i+34 {
			return false
		}
		s = s[i+1:]
		if s[32] == '-' && strings.Trim(s[:32], nixhash.Base32Digits) == "" {
			return true
		}
	}
}

// withoutStore names store objects by their name alone, and files of a flake by their path in it.
func withoutStore(s string) string {
	if !hasDigest(s) {
		return s
	}
	s = storeSource.ReplaceAllString(s, "")
	return storePath.ReplaceAllString(s, "$1$2")
}

// maxText bounds Failure.Text, in bytes.
const maxText = 600

var (
	errorLine = regexp.MustCompile(`(?m)^[ \t]*error:`)
	noiseLine = regexp.MustCompile(`^(?:at [^ ]|… |\.\.\. |\d+\|(?: |$)|\| |\||\(use '--show-trace'` +
		`|\(stack trace truncated|Try '|For full logs, run|nix log |last \d+ log lines|Last \d+ log lines|> )`)
)

// lastError returns what follows the last "error:" at the beginning of a line: since 2.18 the traces
// stand above it, before that below.
func lastError(text string) string {
	all := errorLine.FindAllStringIndex(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		if rest := strings.TrimLeft(text[all[i][1]:], " \t"); strings.TrimSpace(rest) != "" {
			return rest
		}
	}
	return text
}

// essence shortens an error of Nix to its sentence: the paragraph of the last "error:", without
// excerpts, traces and store paths.
func essence(text string) string {
	var kept []string
	for line := range strings.SplitSeq(lastError(diag.Safe(text)), "\n") {
		line = strings.TrimSpace(line)
		if line == "" && len(kept) > 0 || strings.HasPrefix(line, "Output paths:") {
			break
		}
		if line != "" && !noiseLine.MatchString(line) {
			kept = append(kept, line)
		}
	}
	short := withoutStore(strings.Join(strings.Fields(strings.Join(kept, " ")), " "))
	return clip(strings.TrimRight(short, ".;: "), maxText)
}

// logLine makes one line of a builder's log showable.
func logLine(s string) string {
	s = diag.Line(s)
	return clip(withoutStore(strings.TrimSpace(s)), maxLogLine)
}

// maxLogLine bounds one line of a builder's log that is kept, in bytes.
const maxLogLine = 300

// tail keeps the last lines of something endless.
type tail struct {
	lines []string
	limit int
}

func (t *tail) add(line string) {
	if len(t.lines) == t.limit {
		copy(t.lines, t.lines[1:])
		t.lines = t.lines[:t.limit-1]
	}
	t.lines = append(t.lines, line)
}
