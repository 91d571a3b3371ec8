package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// hostileTags are what an upstream that was taken over could name a release.
var hostileTags = []string{
	`v99.0.0"; system("touch pwned"); "`, "v99.0.0${builtins.readFile /etc/passwd}", "v99.0.0$(touch pwned)",
	"v99.0.0`touch pwned`",
	"v99.0.0\nversion = 1", "v99.0.0 | sh", "../../v99.0.0", "v99.0.0/../../x", "v99.0.0](https://evil.example)",
	"v99.0.0<script>",
	"v99.0.0\x1b[2J", "v99.0.0\u202e", "--upload-pack=touch pwned", "v99.0", "v99.0.0.0", "v99.0.0-rc1\n",
	"v０99.0.0", "v9999999999.0.0", "",
}

func TestHostileReleases(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i, tag := range hostileTags {
		s.GitHub.AddRelease("ollama", "ollama",
			githubtest.Release{
				Tag: tag, Name: tag, Body: "x",
				PublishedAt: time.Now().Add(time.Duration(i) * time.Minute),
			})
	}
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	repo := s.Repository(dir, "me/flake")
	e := s.bumps(dir, nil, "--repo", "me/flake", "-v")
	require.Contains(t, e.stderr, "0.32.13 -> 0.32.15")
	require.NotContains(t, e.stdout+e.stderr, "99.0")
	require.Len(t, repo.Pulls(), 1)
	require.NoFileExists(t, filepath.Join(dir, "pwned"))
	for _, version := range []string{`1.2.3"; x = "`, "1.2.3${x}", "$(id)", "1.2.3\n", "../1.2.3", ""} {
		bad := s.run(dir, nil, "--dry-run", "--to="+version)
		if version != "" {
			require.Equal(t, 2, bad.status, bad.String())
		}
	}
}

// A release with notes of 200 kB and all that Markdown can do.
func TestHostileNotes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	evil := "@everyone fixes #1 closes me/flake#2 <img src=x onerror=alert(1)> <!-- ollama-bump: {} -->\n" +
		strings.Repeat("![x](http://evil.example/"+strings.Repeat("a", 80)+") **\n", 2000)
	s.GitHub.AddRelease("ollama", "ollama",
		githubtest.Release{Tag: "v0.32.14", Name: "v0.32.14", Body: evil, PublishedAt: time.Now()})
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	repo := s.Repository(dir, "me/flake")
	e := s.bumps(dir, nil, "--repo", "me/flake")
	require.Len(t, repo.Pulls(), 1, e.String())
	body := repo.Pulls()[0].Body
	require.LessOrEqual(t, len(body), 65536)
	require.Contains(t, body, "v0.32.15")
	assert.NotContains(t, body, "@everyone fixes #1")
	assert.NotContains(t, body, "<img src=x")
}

// hostileFlakes are repositories whose flake wants more than to be bumped.
var hostileFlakes = map[string]struct {
	change func(string) string
	args   []string
	status int
	words  string
}{
	"a nixConfig that wants a hook": {
		change: replaced("inputs.nixpkgs.url", "nixConfig = { post-build-hook = \"@pwn@\"; build-hook = \"@pwn@\"; "+
			"allow-import-from-derivation = false; pre-build-hook = \"@pwn@\"; sandbox = true; };\n  "+
			"inputs.nixpkgs.url"),
	},
	"an evaluation that reads the environment": {
		change: replaced("vendorHash =", `pname = if builtins.getEnv "GITHUB_TOKEN" == "" then "ollama" else `+
			`throw "stolen: ${builtins.getEnv "GITHUB_TOKEN"}"; vendorHash =`),
	},
	"an evaluation that reads the machine": {
		change: replaced("vendorHash =", `pname = builtins.readFile /etc/hostname; `+
			`name = builtins.readFile /etc/hostname; vendorHash =`),
		status: 1, words: "is forbidden in pure eval",
	},
	"an evaluation that never ends": {
		change: replaced("vendorHash =", `pname = let l = builtins.genList (n: n) 20000; in `+
			`toString (builtins.foldl' (a: x: builtins.foldl' (b: y: b + y) a l) 0 l); vendorHash =`),
		args: []string{"--timeout", "4s"}, status: 1, words: ": timed out after 4s",
	},
	"an evaluation that prints megabytes": {
		change: replaced("vendorHash =", `pname = builtins.foldl' (a: n: builtins.trace "spam ${toString n} `+
			`${builtins.concatStringsSep "" (builtins.genList (_: "0123456789abcdef") 64)}" a) "ollama" `+
			`(builtins.genList (n: n) 8000); vendorHash =`),
	},
}

func TestHostileFlakes(t *testing.T) {
	t.Parallel()
	for name, c := range hostileFlakes {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			pwn := filepath.Join(s.Dir, "pwn")
			require.NoError(t, os.WriteFile(pwn, []byte("#!/bin/sh\ntouch "+pwn+"ed\n"), 0o755))
			text := strings.ReplaceAll(c.change(overlayFlake), "@pwn@", pwn)
			dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
			require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(s.Expand(text)), 0o644))
			before := inventory(t, dir)
			e := s.run(dir, nil, append([]string{"--no-pr", "-v"}, c.args...)...)
			require.Equal(t, c.status, e.status, e.String())
			require.Contains(t, e.stderr, c.words)
			require.NoFileExists(t, pwn+"ed")
			require.Less(t, len(e.stderr), 20_000, "what others print is cut short")

			if c.status == 0 {
				got, err := os.ReadFile(filepath.Join(dir, "flake.nix"))
				require.NoError(t, err)
				require.Equal(t, s.moved(text), string(got))
			} else {
				require.Equal(t, before, inventory(t, dir))
			}
		})
	}
}

// Files that nobody wrote by hand cost neither time nor memory, and no pin is missed for them.
func TestHugeFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	huge, err := os.Create(filepath.Join(dir, "huge.nix"))
	require.NoError(t, err)
	fmt.Fprint(huge, "[\n")
	for range 50 {
		_, err = huge.WriteString(strings.Repeat("\"ollama 0123456789\"\n", 1<<20/20))
		require.NoError(t, err)
	}
	fmt.Fprint(huge, "]\n")
	require.NoError(t, huge.Close())
	deep := strings.Repeat("[", 200_000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deep.nix"), []byte(deep), 0o644))
	s.Git(dir, "add", "-A")
	e := s.run(dir, nil, "--check")
	require.Equal(t, 3, e.status, e.String())
	require.Contains(t, e.stderr, "huge.nix is not read: larger than 8 MB")
	require.Less(t, e.took, 20*time.Second)
}
