package main

import (
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

	"github.com/stretchr/testify/assert"
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
	"a file that does not parse":        {flake: replaced("vendorHash =", "vendorHash")},
	"no flake":                          {args: []string{"--flake", "/"}},
	"no pin":                            {flake: replaced(overlayText, "final: prev: { }")},
	"two pins of which one is unused":   {files: map[string]string{"copy.nix": strings.ReplaceAll(overlayText, "0.32.13", "0.32.9")}},
	"a pin that is no literal":          {flake: replaced(`version = "0.32.13"`, `version = builtins.getEnv "OLLAMA_VERSION"`)},
	"a release that does not exist":     {env: []string{"GITHUB_TOKEN="}, args: []string{"--dry-run", "--to", "0.99.0"}},
	"a release below the pinned one":    {args: []string{"--dry-run", "--to", "0.32.9"}},
	"a hash that Nix never reports":     {flake: replaced("@nixpkgs@", "@nixpkgs-old@")},
	"a download that fails":             {ready: func(s *site, _ string) { s.Break("/v0.32.15.tar.gz", http.StatusNotFound) }},
	"a build that fails":                {env: []string{"GOPROXY=off"}},
	"a flake that does not evaluate":    {flake: replaced("vendorHash =", `meta = throw "not on this machine"; name = throw "not on this machine"; vendorHash =`)},
	"no Nix":                            {ready: func(s *site, _ string) { s.without("nix") }, env: []string{"PATH=without-nix"}},
	"no network":                        {args: []string{"--dry-run", "--upstream-api-url", "http://127.0.0.1:9"}},
	"no token":                          {args: proposing, env: []string{"GITHUB_TOKEN="}},
	"a token that is not accepted":      {args: proposing, ready: fault(githubtest.Fault{Kind: githubtest.BadCredentials, Times: -1})},
	"too few rights":                    {args: proposing, ready: fault(githubtest.Fault{Kind: githubtest.ForbiddenApp, Method: "POST", Times: -1})},
	"a rate limit":                      {env: []string{"GITHUB_TOKEN="}, args: []string{"--dry-run", "--max-wait", "1s"}, ready: fault(githubtest.Fault{Kind: githubtest.PrimaryLimit, Times: -1, Reset: time.Now().Add(time.Hour)})},
	"a broken answer":                   {ready: fault(githubtest.Fault{Kind: githubtest.Custom, Times: -1, Status: 200, Body: "<html>maintenance</html>"})},
	"a server that fails":               {args: []string{"--dry-run", "--max-wait", "1s"}, ready: fault(githubtest.Fault{Kind: githubtest.BadGateway, Times: -1})},
	"an interrupt":                      {stop: true, args: []string{"--no-pr"}},
	"a run that takes too long":         {args: []string{"--no-pr", "--timeout", "200ms"}},
	"a full disk":                       {args: []string{"--no-pr"}, ready: fullDisk},
	"a read-only file":                  {args: []string{"--no-pr"}, ready: func(s *site, dir string) { require.NoError(s.t, os.Chmod(filepath.Join(dir, "flake.nix"), 0o444)) }},
	"a checkout behind its base branch": {args: proposing, ready: farBehind},
	"another run in the same tree":      {args: []string{"--no-pr"}, ready: locked},
	"wrong usage":                       {args: []string{"--dry-run", "--check"}},
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

// TestBadInput walks the table and provokes each row.
func TestBadInput(t *testing.T) {
	t.Parallel()
	rows := tableRow.FindAllStringSubmatch(inProject(t, "docs", "bad-input.md"), -1)
	said := map[string]bool{}
	for _, row := range rows {
		name := row[1]
		said[name] = true
		t.Run(name, func(t *testing.T) {
			b, ok := badInputs[name]
			require.True(t, ok, "nothing provokes it")
			e := b.provoke(newSite(t))
			lines := strings.Split(strings.TrimSpace(e.stderr), "\n")
			want := []string{"ollama-bump: " + row[3]}
			if row[4] != "" {
				want = append(want, "hint: "+row[4])
			}
			assert.Equal(t, row[2], string(rune('0'+e.status)), e.String())
			if e.status == 0 { // a warning on the way
				assert.Regexp(t, "(?m)^"+strings.ReplaceAll(regexp.QuoteMeta(want[0]), "…", ".*")+"$", e.stderr)
				return
			}
			require.GreaterOrEqual(t, len(lines), len(want), e.String())
			for i, line := range lines[len(lines)-len(want):] {
				assert.Regexp(t, "^"+strings.ReplaceAll(regexp.QuoteMeta(want[i]), "…", ".*")+"$", line)
			}
		})
	}
	for name := range badInputs {
		require.True(t, said[name], "docs/bad-input.md does not tell of %s", name)
	}
}
