package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// badInput is one way for a run to fail, and how it is brought about.
type badInput struct {
	name   string                   // in the table
	flake  func(text string) string // of overlayFlake; nil leaves it
	locked bool                     // flake.lock is made for that text
	files  map[string]string        // besides
	ready  func(s *site, dir string)
	env    []string
	args   []string // nil is --dry-run
	under  []string // command that starts the program with its arguments
	stop   bool     // interrupt it
}

func replaced(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

func fault(f githubtest.Fault) func(*site, string) {
	return func(s *site, _ string) { s.GitHub.Inject(f) }
}

func (b badInput) provoke(s *site) ended {
	text := overlayFlake
	if b.flake != nil {
		text = b.flake(text)
		require.NotEqual(s.t, overlayFlake, text)
	}
	files := map[string]string{"flake.nix": overlayFlake}
	maps.Copy(files, b.files)
	if b.locked {
		files["flake.nix"] = text
	}
	dir := s.Flake(files)
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(s.Expand(text)), 0o644))
	s.Git(dir, "add", "-A")
	s.Repository(dir, "me/flake")
	if b.ready != nil {
		b.ready(s, dir)
	}
	env := append([]string{}, b.env...)
	for i, e := range env {
		if folder, ok := strings.CutPrefix(e, "PATH="); ok {
			env[i] = "PATH=" + filepath.Join(s.Dir, folder)
		}
	}
	args := b.args
	if args == nil {
		args = []string{"--dry-run"}
	}
	before := inventory(s.t, dir)
	r := s.prepare(dir, env, args...)
	if len(b.under) > 0 {
		r = s.prepareUnder(dir, env, b.under, args...)
	}
	r.start()
	if b.stop {
		time.Sleep(300 * time.Millisecond)
		require.NoError(s.t, r.cmd.Process.Signal(os.Interrupt))
	}
	e := r.wait()
	require.Equal(s.t, before, inventory(s.t, dir), "the tree changed")
	if e.status != 0 {
		require.Empty(s.t, e.stdout)
	}
	left, err := filepath.Glob(filepath.Join(s.Dir, "tmp", "ollama-bump-*"))
	require.NoError(s.t, err)
	require.Empty(s.t, left)
	return e
}

// tableRow is a line of docs/bad-input.md: input, exit status, message, hint. … stands for what differs.
var tableRow = regexp.MustCompile("(?m)^\\| ([^|]+) \\| ([012]) \\| `(.+)` \\| (?:`(.+)`)? *\\|$")

// badInputHead is the beginning of docs/bad-input.md.
const badInputHead = `# Bad input

What ${ollama-bump} prints on stderr when something is wrong: where and what, then what to do. In none of these cases is
anything written or lost, no temporary directory remains, and a rerun after the cause is gone starts afresh. ${…} stands
for what differs from case to case, and for words of Nix that differ from version to version.
${go test ./cmd/ollama-bump -run TestBadInput} provokes every row; with ${-update} it writes this file.
`

const badInputColumns = "| Input | Exit status | Message (`ollama-bump: …`) | What to do (`hint: …`) |\n" +
	"|---|---|---|---|\n"

// update makes TestBadInput write what the program says now: go test -run TestBadInput -update.
var update = flag.Bool("update", false, "rewrite docs/bad-input.md")

// TestBadInput provokes every row of the table. With -update it writes the file: the rows that still hold stay as they
// are, for people may have put more of … into them than rowOf does.
func TestBadInput(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix")
	}
	t.Parallel()
	have := map[string][]string{}
	document := inProject(t, "docs", "bad-input.md")
	for _, row := range tableRow.FindAllStringSubmatch(document, -1) {
		have[row[1]] = row
	}
	rows := map[string]*string{} // of the document as it is to be
	for _, section := range badInputs {
		for _, b := range section.rows {
			row, text := have[b.name], new(string)
			rows[b.name] = text
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				e := b.provoke(newSite(t))
				if *update && (row == nil || !matches(row, e)) {
					*text = rowOf(b.name, e) + "\n"
					return
				}
				require.NotNil(t, row, "docs/bad-input.md does not tell of it; the program says\n%s", e)
				require.True(t, matches(row, e), "the table says\n%s\n%s\nand the program:\n%s", row[3], row[4], e)
				*text = row[0] + "\n"
			})
		}
	}
	t.Cleanup(func() { // when all rows have ended
		if t.Failed() {
			return
		}
		var want strings.Builder
		want.WriteString(strings.NewReplacer("${", "`", "}", "`").Replace(badInputHead))
		for _, section := range badInputs {
			want.WriteString("\n## " + section.title + "\n\n" + badInputColumns)
			for _, b := range section.rows {
				if *rows[b.name] == "" && have[b.name] != nil { // -run left it out
					*rows[b.name] = have[b.name][0] + "\n"
				}
				want.WriteString(*rows[b.name])
			}
		}
		if *update {
			path := filepath.Join(projectRoot(t), "docs", "bad-input.md")
			require.NoError(t, os.WriteFile(path, []byte(want.String()), 0o644))
			return
		}
		require.Equal(t, want.String(), document, "write it with -update")
	})
}

// matches reports whether a run ended as a row of the table has it.
func matches(row []string, e ended) bool {
	want := []string{"ollama-bump: " + row[3]}
	if row[4] != "" {
		want = append(want, "hint: "+row[4])
	}
	pattern := regexp.QuoteMeta(strings.Join(want, "\n"))
	pattern = "(?m)^" + strings.ReplaceAll(pattern, "…", ".*") + "$"
	if e.status != 0 { // else it is a warning on the way
		pattern += `\n*\z`
	}
	return row[2] == fmt.Sprint(e.status) && regexp.MustCompile(pattern).MatchString(e.stderr)
}

// differs matches what is not the same on every machine and in every run.
var differs = regexp.MustCompile(`/(?:tmp|nix/store)/[^ :,;]*|127\.0\.0\.1:[0-9]+|sha256-[A-Za-z0-9+/=]{44}` +
	`|[0-9a-f]{40}|` +
	`\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|\bin (?:\d+[hms])+|\bafter \d+ attempts`)

// rowOf returns the row of the table for how a run ended.
func rowOf(name string, e ended) string {
	var message, hint string
	for line := range strings.Lines(strings.TrimSpace(e.stderr)) {
		line = differs.ReplaceAllString(strings.TrimRight(line, "\n"), "…")
		text, ok := strings.CutPrefix(line, "ollama-bump: ")
		if ok && (message == "" || e.status != 0 || strings.HasPrefix(text, "warning: ")) {
			message = text
		}
		if text, ok := strings.CutPrefix(line, "hint: "); ok {
			hint = "`" + text + "`"
		}
	}
	return fmt.Sprintf("| %s | %d | `%s` | %s |", name, e.status, message, hint)
}
