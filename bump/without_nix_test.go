package bump_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// someHash is the hash of nothing, but no placeholder.
const someHash = "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

// pinned is a flake that pins a version, with a line in front of it.
func pinned(version, before string) string {
	text := strings.ReplaceAll(flakeS01, "0.32.13", version)
	text = strings.NewReplacer("@src:"+version+"@", someHash, "@vendor:"+version+"@", someHash).Replace(text)
	return strings.Replace(text, "        version =", before+"        version =", 1)
}

// offline is a flake in a repository of git, ollama's releases and the flake's repository on a stand-in GitHub, and a
// folder for a program in the place of Nix, which is not needed.
type offline struct {
	*githubtest.Server
	repo     *githubtest.Repo
	dir, bin string
}

func newOffline(t *testing.T, flake string) *offline {
	t.Helper()
	s := &offline{Server: githubtest.New(t), dir: t.TempDir(), bin: t.TempDir()}
	s.SetToken("a-token", githubtest.All())
	day := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for _, version := range []string{"0.32.12", "0.32.13", "0.32.14", "0.32.15"} {
		day = day.AddDate(0, 0, 7)
		s.AddRelease("ollama", "ollama", githubtest.Release{Tag: "v" + version, Body: "Faster.", PublishedAt: day})
	}
	s.AddRelease("ollama", "ollama", githubtest.Release{Tag: "v0.33.0-rc0", Prerelease: true, PublishedAt: day})
	files := map[string]string{"flake.nix": flake}
	s.repo = s.AddRepo("me", "machines", files)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "flake.nix"), []byte(flake), 0o644))
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		out, err := exec.Command("git", append([]string{"-C", s.dir}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(git, filepath.Join(s.bin, "git")))
	return s
}

func (s *offline) options(t *testing.T, mode bump.Mode) bump.Options {
	return bump.Options{
		Dir: s.dir, Mode: mode, Repo: "me/machines", APIURL: s.URL, UpstreamAPIURL: s.URL, Version: "test",
		Env: []string{
			"PATH=" + s.bin, "HOME=" + s.dir, "TMPDIR=" + t.TempDir(), "GITHUB_TOKEN=a-token",
		},
	}
}

// Whether there is something to do, and to what, is known before Nix starts.
func TestRunDecidesWithoutNix(t *testing.T) {
	for _, test := range []struct {
		name    string
		flake   string
		change  func(*bump.Options)
		status  bump.Status
		version string
		reason  string
	}{
		{"a newer release", pinned("0.32.13", ""), nil, bump.Available, "0.32.15", ""},
		{"the newest release", pinned("0.32.15", ""), nil, bump.Current, "0.32.15", ""},
		{
			"a release candidate", pinned("0.32.15", ""), func(o *bump.Options) { o.Pre = true },
			bump.Available, "0.33.0-rc0", "",
		},
		{
			"a named release", pinned("0.32.12", ""), func(o *bump.Options) { o.To = "v0.32.14" },
			bump.Available, "0.32.14", "",
		},
		{
			"a lower release", pinned("0.32.15", ""),
			func(o *bump.Options) { o.To, o.AllowDowngrade = "0.32.14", true },
			bump.Available, "0.32.14", "",
		},
		{
			"a skipped release", pinned("0.32.13", ""), func(o *bump.Options) { o.Skip = []string{"0.32.15"} },
			bump.Available, "0.32.14", "",
		},
		{
			"only what is allowed", pinned("0.32.13", ""), func(o *bump.Options) { o.Allow = "< 0.32.14" },
			bump.Current, "0.32.13", "0.32.15 is not taken: ",
		},
		{
			"a comment", pinned("0.32.13", "        # ollama-bump: hold <0.32.15 until 2999-01-01: too slow\n"), nil,
			bump.Available, "0.32.14", "",
		},
		{
			"only what is old", pinned("0.32.13", ""), func(o *bump.Options) { o.MinAge = 24 * 365 * 200 * time.Hour },
			bump.Current, "0.32.13", "0.32.15 is not taken: ",
		},
		{
			"the hashes anew", pinned("0.32.15", ""), func(o *bump.Options) { o.Force = true }, bump.Available,
			"0.32.15", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newOffline(t, test.flake)
			o := s.options(t, bump.Check)
			if test.change != nil {
				test.change(&o)
			}
			res, err := bump.Run(t.Context(), o)
			require.NoError(t, err, "%+v", err)
			require.Equal(t, test.status, res.Status)
			require.Equal(t, test.version, res.NewVersion)
			require.Contains(t, res.Reason, test.reason)
			require.Equal(t, test.reason == "", res.Reason == "")
			requireUntouched(t, s, test.flake)
		})
	}
}

func requireUntouched(t *testing.T, s *offline, flake string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "flake.nix"))
	require.NoError(t, err)
	require.Equal(t, flake, string(text))
	for _, call := range s.Calls() {
		require.False(t, call.Writes(), call.Path)
	}
}

// What cannot be bumped is refused before Nix starts, which this machine does not have.
func TestRunRefusesWithoutNix(t *testing.T) {
	for _, test := range []struct {
		name   string
		flake  string
		mode   bump.Mode
		change func(*bump.Options)
		want   string
	}{
		{"no pin", "{ outputs = _: { }; }\n", bump.Check, nil, "no ollama pin"},
		{"a file that does not parse", "{ outputs = _: {\n", bump.Check, nil, "parse: "},
		{
			"a lower release", pinned("0.32.15", ""), bump.Check, func(o *bump.Options) { o.To = "0.32.14" },
			"0.32.14 is lower than the pinned 0.32.15",
		},
		{
			"a release that does not exist", pinned("0.32.15", ""), bump.Check,
			func(o *bump.Options) { o.To = "0.77.0" },
			"0.77.0",
		},
		{
			"a lower release that a comment holds back",
			pinned("0.32.13", "        # ollama-bump: hold >=0.32.13: too slow\n"), bump.Check,
			func(o *bump.Options) { o.To, o.AllowDowngrade = "0.32.12", true }, "0.32.12 is held back by the comment",
		},
		{
			"a release that a comment holds back",
			pinned("0.32.13", "        # ollama-bump: hold <0.32.15 until 2999-01-01: too slow\n"), bump.Check,
			func(o *bump.Options) { o.To = "0.32.15" }, "0.32.15 is held back by the comment",
		},
		{
			"a comment that cannot be read", pinned("0.32.13", "        # ollama-bump: hold it\n"), bump.Check, nil,
			"flake.nix:6:1: read comment: what follows hold must be",
		},
		{"a bump", pinned("0.32.13", ""), bump.DryRun, nil, "nix not found in PATH"},
		{"a bump of the file", pinned("0.32.13", ""), bump.Write, nil, "nix not found in PATH"},
		{"a proposal", pinned("0.32.13", ""), bump.Propose, nil, "nix not found in PATH"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newOffline(t, test.flake)
			o := s.options(t, test.mode)
			if test.change != nil {
				test.change(&o)
			}
			_, err := bump.Run(t.Context(), o)
			require.ErrorContains(t, err, test.want)
			require.NotEmpty(t, hintOf(err))
			requireUntouched(t, s, test.flake)
		})
	}
}

// A proposal that somebody closed, and one that is there, need no Nix either.
func TestRunLeavesProposalsWithoutNix(t *testing.T) {
	for _, test := range []struct {
		name, state, body string
		status            bump.Status
	}{
		{"closed by somebody", "closed", "<!-- ollama-bump: package=ollama version=0.32.15 -->\nFaster.", bump.Skipped},
		{"changed by somebody", "open", "<!-- ollama-bump: package=ollama version=0.32.15 -->\nMine.", bump.Skipped},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			flake := pinned("0.32.13", "")
			s := newOffline(t, flake)
			s.repo.Push(branch15, "mine", map[string]string{"flake.nix": "{ }\n"})
			s.repo.AddPull(githubtest.Pull{
				Title: "ollama: 0.32.13 -> 0.32.15", Head: branch15, State: test.state,
				Body: test.body,
			})
			res, err := bump.Run(t.Context(), s.options(t, bump.Propose))
			require.NoError(t, err, "%+v", err)
			require.Equal(t, test.status, res.Status)
			require.NotEmpty(t, res.Reason)
			requireUntouched(t, s, flake)
		})
	}
}

// What Nix has against the flake is said with its place, and nothing changes.
func TestRunSaysWhyNixFails(t *testing.T) {
	flake := pinned("0.32.13", "")
	s := newOffline(t, flake)
	const nix = `#!/bin/sh
case "$*" in *--version*) echo 'nix (Nix) 2.24.9'; exit;; esac
echo '@nix {"action":"msg","level":0,"msg":"error: undefined variable '"'gpu'"'"}' >&2
exit 1
`
	require.NoError(t, os.WriteFile(filepath.Join(s.bin, "nix"), []byte(nix), 0o755))
	_, err := bump.Run(t.Context(), s.options(t, bump.Write))
	require.ErrorContains(t, err, "undefined variable 'gpu'")
	requireUntouched(t, s, flake)
}

// untagged is a flake whose source is an input that follows a branch, with a line in front of the pin.
func untagged(before string) string {
	return `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.ollama-src = { url = "github:ollama/ollama"; flake = false; };
  outputs = { self, nixpkgs, ollama-src }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
` + before + `    packages.x86_64-linux.ollama = pkgs.ollama.overrideAttrs (old: {
      version = "git-${ollama-src.shortRev}";
      src = ollama-src;
      vendorHash = "` + someHash + `";
    });
  };
}
`
}

const lockOfUntagged = `{ "version": 7, "root": "root", "nodes": {
  "root": { "inputs": { "nixpkgs": "nixpkgs", "ollama-src": "ollama-src" } },
  "nixpkgs": {
    "locked": { "type": "github", "owner": "NixOS", "repo": "nixpkgs",
      "rev": "0000000000000000000000000000000000000001", "narHash": "` + someHash + `" },
    "original": { "type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-unstable" } },
  "ollama-src": { "flake": false,
    "locked": { "type": "github", "owner": "ollama", "repo": "ollama",
      "rev": "0000000000000000000000000000000000000002", "narHash": "` + someHash + `" },
    "original": { "type": "github", "owner": "ollama", "repo": "ollama" } } } }
`

// A pin that follows a branch is below every release, but does not move where none may be taken.
func TestRunHoldsWhatFollowsABranch(t *testing.T) {
	const hold = "    # ollama-bump: hold until 2999-01-01: too slow\n"
	const held = "0.32.15 is not taken: held by # ollama-bump: hold until 2999"
	const allowed = "    # ollama-bump: hold <0.32.14 until 2999-01-01: too slow\n"
	other := strings.NewReplacer("{ self, nixpkgs }: {",
		"{ self, nixpkgs, ollama-src }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {", "  outputs",
		"  inputs.ollama-src = { url = \"github:ollama/ollama\"; flake = false; };\n  outputs",
	).Replace(pinned("0.32.15", ""))
	_, pin, _ := strings.Cut(untagged(hold), " in {\n")
	pin, _, _ = strings.Cut(pin, "  };\n}")
	at := strings.LastIndex(other, "  };\n}")
	require.Positive(t, at, other)
	other = other[:at] + strings.Replace(pin, "linux.ollama", "linux.rack", 1) + other[at:]
	for _, test := range []struct {
		name, flake string
		change      func(*bump.Options)
		reason      string
	}{
		{"a comment", untagged(hold), nil, held},
		{"a comment beside a current pin", other, nil, held},
		{"a comment that allows older releases", untagged(allowed), nil, "held by " + strings.TrimSpace(allowed)},
		{
			"a skipped newest release", untagged(""), func(o *bump.Options) { o.Skip = []string{"0.32.15"} },
			"0.32.15 is not taken: it is skipped",
		},
		{"a skipped release", untagged(""), func(o *bump.Options) { o.Skip = []string{"0.32.x"} }, "it is skipped"},
		{"what is allowed", untagged(""), func(o *bump.Options) { o.Allow = "< 0.32" }, "only < 0.32 is allowed"},
		{
			"what is old", untagged(""), func(o *bump.Options) { o.MinAge = 24 * 365 * 200 * time.Hour },
			"it is too new until",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newOffline(t, test.flake)
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "flake.lock"), []byte(lockOfUntagged), 0o644))
			out, err := exec.Command("git", "-C", s.dir, "add", ".").CombinedOutput()
			require.NoError(t, err, "%s", out)
			o := s.options(t, bump.DryRun)
			if test.change != nil {
				test.change(&o)
			}
			res, err := bump.Run(t.Context(), o)
			require.NoError(t, err, "%+v", err)
			require.Equal(t, bump.Current, res.Status)
			require.Contains(t, res.Reason, test.reason)
			requireUntouched(t, s, test.flake)
		})
	}
}

// An advisory that the release fixes is told with it.
func TestRunTellsAdvisoriesWithoutNix(t *testing.T) {
	s := newOffline(t, pinned("0.32.13", ""))
	s.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-aaaa-bbbb-cccc",
		Vulnerabilities: []githubtest.Vulnerability{
			{Package: "github.com/ollama/ollama", FirstPatched: "0.32.14"},
		},
	})
	for _, to := range []string{"", "0.32.15"} {
		o := s.options(t, bump.Check)
		o.To = to
		res, err := bump.Run(t.Context(), o)
		require.NoError(t, err)
		require.Len(t, res.Security, 1)
		require.Equal(t, "0.32.14", res.Security[0].FirstPatched)
	}
}

// A link to a device is not read, however it is called and wherever the flake means it.
func TestCheckReadsNoDevice(t *testing.T) {
	for _, name := range []string{"zero.nix", "pins/ollama.json", "flake.lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flake := pinned("0.32.13", "")
			s := newOffline(t, flake)
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(s.dir, name)), 0o755))
			require.NoError(t, os.Symlink("/dev/zero", filepath.Join(s.dir, name)))
			out, err := exec.Command("git", "-C", s.dir, "add", ".").CombinedOutput()
			require.NoError(t, err, "%s", out)
			res, err := bump.Run(t.Context(), s.options(t, bump.Check))
			requireUntouched(t, s, flake)
			if name == "flake.lock" {
				require.EqualError(t, err, "flake.lock:1:1: open flake: a link to /dev/zero, which is not in the flake")
				return
			}
			require.NoError(t, err, "%+v", err)
			require.Equal(t, bump.Available, res.Status)
		})
	}
}

// A check that ends before the remote side has answered does not know that the release waits to be proposed.
func TestCheckTimesOutAtTheRemoteSide(t *testing.T) {
	s := newOffline(t, pinned("0.32.13", ""))
	s.Inject(githubtest.Fault{Kind: githubtest.Timeout, Path: "^/repos/me/machines", Times: -1})
	o := s.options(t, bump.Check)
	o.Unproposed, o.Timeout = true, 3*time.Second
	res, err := bump.Run(t.Context(), o)
	require.ErrorContains(t, err, "timed out after 3s")
	require.NotEmpty(t, s.ClearFaults())
	require.NotEqual(t, bump.Available, res.Status)
}
