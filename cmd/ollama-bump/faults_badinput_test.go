package main

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// badInput is one way for a run to fail, and how it is brought about.
type badInput struct {
	flake func(text string) string // of overlayFlake; nil leaves it
	files map[string]string        // besides
	ready func(s *site, dir string)
	env   []string
	args  []string // nil is --dry-run
	stop  bool     // interrupt it
}

func replaced(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

func fault(f githubtest.Fault) func(*site, string) {
	return func(s *site, _ string) { s.GitHub.Inject(f) }
}

// proposing has a token and a repository.
var proposing = []string{"--repo", "me/flake"}

// badInputs has every row of docs/bad-input.md.
var badInputs = map[string]badInput{
	"a file that does not parse": {flake: replaced("vendorHash =", "vendorHash")},
	"no flake":                   {args: []string{"--flake", "/"}},
	"no pin":                     {flake: replaced(overlayText, "final: prev: { }")},
	"two pins of which one is unused": {files: map[string]string{"copy.nix": strings.ReplaceAll(overlayText, "0.32.13",
		"0.32.9")}},
	"a pin that is no literal": {flake: replaced(`version = "0.32.13"`,
		`version = builtins.getEnv "OLLAMA_VERSION"`)},
	"a release that does not exist":  {env: []string{"GITHUB_TOKEN="}, args: []string{"--dry-run", "--to", "0.99.0"}},
	"a release below the pinned one": {args: []string{"--dry-run", "--to", "0.32.9"}},
	"a hash that Nix never reports":  {flake: replaced("@nixpkgs@", "@nixpkgs-old@")},
	"a download that fails": {ready: func(s *site,
		_ string,
	) {
		s.Break("/v0.32.15.tar.gz", http.StatusNotFound)
	}},
	"a build that fails": {env: []string{"GOPROXY=off"}},
	"a flake that does not evaluate": {flake: replaced("vendorHash =",
		`meta = throw "not on this machine"; name = throw "not on this machine"; vendorHash =`)},
	"no Nix": {
		ready: func(s *site, _ string) { s.without("nix") },
		env:   []string{"PATH=without-nix"},
	},
	"no network": {args: []string{"--dry-run", "--upstream-api-url", "http://127.0.0.1:9"}},
	"no token":   {args: proposing, env: []string{"GITHUB_TOKEN="}},
	"a token that is not accepted": {
		args:  proposing,
		ready: fault(githubtest.Fault{Kind: githubtest.BadCredentials, Times: -1}),
	},
	"too few rights": {
		args:  proposing,
		ready: fault(githubtest.Fault{Kind: githubtest.ForbiddenApp, Method: "POST", Times: -1}),
	},
	"a rate limit": {
		env: []string{"GITHUB_TOKEN="}, args: []string{"--dry-run", "--max-wait", "1s"},
		ready: fault(githubtest.Fault{Kind: githubtest.PrimaryLimit, Times: -1, Reset: time.Now().Add(time.Hour)}),
	},
	"a broken answer": {ready: fault(githubtest.Fault{
		Kind: githubtest.Custom, Times: -1, Status: 200,
		Body: "<html>maintenance</html>",
	})},
	"a server that fails": {
		args:  []string{"--dry-run", "--max-wait", "1s"},
		ready: fault(githubtest.Fault{Kind: githubtest.BadGateway, Times: -1}),
	},
	"an interrupt":              {stop: true, args: []string{"--no-pr"}},
	"a run that takes too long": {args: []string{"--no-pr", "--timeout", "200ms"}},
	"a full disk":               {args: []string{"--no-pr"}, ready: fullDisk},
	"a read-only file": {
		args:  []string{"--no-pr"},
		ready: func(s *site, dir string) { require.NoError(s.t, os.Chmod(filepath.Join(dir, "flake.nix"), 0o444)) },
	},
	"a checkout behind its base branch": {args: proposing, ready: farBehind},
	"another run in the same tree":      {args: []string{"--no-pr"}, ready: locked},
	"a flag that does not exist":        {args: []string{"--dryrun"}},
	"a time without a unit":             {args: []string{"--timeout", "45"}},
	"an output in place of a folder":    {args: []string{"--flake", ".#ollama"}},
	"a wrong key in the configuration":  {files: map[string]string{"ollama-bump.yaml": "# ours\nverfy: eval\n"}},
	"an untracked file with the pin":    {flake: replaced(overlayText, "final: prev: { }"), ready: untracked},
	"a release that a comment holds": {flake: replaced(`version = "0.32.13";`,
		`version = "0.32.13"; # ollama-bump: hold <0.32.14: CUDA is broken`), args: []string{"--dry-run", "--to", "0.32.15"}},
	"a comment that cannot be read": {flake: replaced(`version = "0.32.13";`,
		`version = "0.32.13"; # ollama-bump: hold soon`)},
	"a remote that is not on GitHub": {args: []string{}, ready: otherForge},
	"wrong usage":                    {args: []string{"--dry-run", "--check"}},
}

// untracked adds a file that git does not track.
func untracked(s *site, dir string) {
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "overlay.nix"), []byte(overlayText), 0o644))
}

// otherForge moves the repository to a server that is not GitHub's.
func otherForge(s *site, dir string) {
	s.Git(dir, "remote", "set-url", "origin", "https://gitlab.com/me/flake.git")
}

// fullDisk puts a full one over the tree.
func fullDisk(s *site, dir string) {
	was := dir + ".was"
	require.NoError(s.t, os.Rename(dir, was))
	mount(s.t, dir, "-t", "tmpfs", "-o", "size=1m", "tmpfs")
	copyTree(s.t, was+"/.", dir)
	fill(s.t, dir)
}

// farBehind has the base branch move on by more files than are asked for one by one.
func farBehind(s *site, _ string) {
	files := map[string]string{}
	for i := range 120 {
		files[fmt.Sprintf("new/%d.nix", i)] = "{ }\n"
	}
	s.GitHub.Repo("me", "flake").Push("main", "theirs", files)
}

// locked holds the lock of a run that writes.
func locked(s *site, dir string) {
	f, err := os.Open(dir)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { f.Close() })
	require.NoError(s.t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

func (b badInput) provoke(s *site) ended {
	text := overlayFlake
	if b.flake != nil {
		text = b.flake(text)
		require.NotEqual(s.t, overlayFlake, text)
	}
	files := map[string]string{"flake.nix": overlayFlake}
	maps.Copy(files, b.files)
	dir := s.Flake(files)
	if strings.Contains(text, "@nixpkgs-old@") {
		dir = s.Flake(map[string]string{"flake.nix": text})
	}
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(s.Expand(text)), 0o644))
	s.Git(dir, "add", "-A")
	s.Repository(dir, "me/flake")
	if b.ready != nil {
		b.ready(s, dir)
	}
	env := append([]string{}, b.env...)
	for i, e := range env {
		if e == "PATH=without-nix" {
			env[i] = "PATH=" + filepath.Join(s.Dir, "without-nix")
		}
	}
	args := b.args
	if args == nil {
		args = []string{"--dry-run"}
	}
	before := inventory(s.t, dir)
	r := s.start(dir, env, args...)
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

// update makes TestBadInput write what the program says now into the table: go test -run TestBadInput -update.
var update = flag.Bool("update", false, "rewrite docs/bad-input.md")

// TestBadInput walks the table and provokes each row.
func TestBadInput(t *testing.T) {
	t.Parallel()
	table := inProject(t, "docs", "bad-input.md")
	said := map[string]bool{}
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		name := row[1]
		said[name] = true
		t.Run(name, func(t *testing.T) {
			b, ok := badInputs[name]
			require.True(t, ok, "nothing provokes it")
			e := b.provoke(newSite(t))
			if !*update {
				require.True(t, matches(row, e), "the table says\n%s\n%s\nand the program:\n%s", row[3], row[4], e)
			} else if !matches(row, e) {
				table = strings.Replace(table, row[0], rowOf(name, e), 1)
			}
		})
	}
	for name := range badInputs {
		require.True(t, said[name], "docs/bad-input.md does not tell of %s", name)
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(projectRoot(t), "docs", "bad-input.md"), []byte(table), 0o644))
	}
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
		if text, ok := strings.CutPrefix(line, "ollama-bump: "); ok &&
			(e.status != 0 || strings.HasPrefix(text, "warning: ")) {
			message = text
		}
		if text, ok := strings.CutPrefix(line, "hint: "); ok {
			hint = "`" + text + "`"
		}
	}
	return fmt.Sprintf("| %s | %d | `%s` | %s |", name, e.status, message, hint)
}
