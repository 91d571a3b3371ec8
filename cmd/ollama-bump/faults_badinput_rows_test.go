package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// proposing has a token and a repository.
var proposing = []string{"--repo", "me/flake"}

// badInputs has every row of docs/bad-input.md, by its headings.
var badInputs = []struct {
	title string
	rows  []badInput
}{
	{"The flake", aboutTheFlake},
	{"The release", aboutTheRelease},
	{"A pin that nixpkgs has overtaken", aboutUnpin},
	{"Nix and the machine", aboutTheMachine},
	{"Flags and the configuration", aboutUse},
	{"GitHub", aboutGitHub},
}

// onlyElsewhere pins for a system that no machine of these tests is.
const onlyElsewhere = `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.x86_64-darwin; in {
    packages.x86_64-darwin.ollama = pkgs.ollama.overrideAttrs (old: rec {
      version = "0.32.13";
      src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:0.32.13@"; };
      vendorHash = "@vendor:0.32.13@";
    });
  };
}
`

var aboutTheFlake = []badInput{
	{name: "a file that does not parse", flake: replaced("vendorHash =", "vendorHash")},
	{name: "no flake", args: []string{"--flake", "/"}},
	{name: "a flake in a subfolder", ready: inSubfolder},
	{
		name:  "an untracked flake.nix",
		ready: func(s *site, dir string) { s.Git(dir, "rm", "-q", "--cached", "flake.nix") },
	},
	{name: "no pin", flake: replaced(overlayText, "final: prev: { }")},
	{
		name: "an untracked file with the pin", flake: replaced(overlayText, "final: prev: { }"),
		ready: untracked,
	},
	{
		name:  "an untracked file that the flake imports",
		flake: replaced("vendorHash =", "postPatch = import ./patch.nix; vendorHash ="),
		ready: func(s *site, dir string) {
			require.NoError(s.t, os.WriteFile(filepath.Join(dir, "patch.nix"), []byte(`""`), 0o644))
		},
	},
	{
		name: "two pins of which one is unused", files: map[string]string{
			"copy.nix": strings.ReplaceAll(overlayText, "0.32.13", "0.32.9"),
		},
	},
	{
		name: "a pin that is not a literal", flake: replaced(`version = "0.32.13"`,
			`version = builtins.getEnv "OLLAMA_VERSION"`),
	},
	{name: "a fork", flake: replaced(`owner = "ollama"`, `owner = "me"`)},
	{
		name: "another program made of the source", flake: func(text string) string {
			return strings.NewReplacer(overrides, `ollama = prev.buildGoModule (rec { pname = "assistant";`,
				`version = "0.32.13"`, `version = "0.1.0"`, `"v${version}"`, `"v0.32.13"`).Replace(text)
		},
	},
	{
		name: "a pin without a source", flake: func(text string) string {
			return text[:strings.Index(text, "        src =")] + text[strings.Index(text, "        vendorHash"):]
		},
	},
	{
		name:  "a passthru that keeps nothing of nixpkgs'",
		flake: replaced("vendorHash =", `passthru = { ours = 1; }; vendorHash =`),
	},
	{name: "a link out of the flake", flake: replaced(overlayText, "import ./overlay.nix"), ready: linked},
	{
		name: "a flake that does not evaluate", flake: replaced("vendorHash =",
			`meta = throw "not on this machine"; name = throw "not on this machine"; vendorHash =`),
	},
	{name: "an input that does not exist", flake: replaced("@nixpkgs@", "github:NixOS/nixpkgz")},
	{
		name: "an attribute that does not exist", args: []string{
			"--dry-run", "--attr", "packages.x86_64-linux.olama",
		},
	},
	{
		name: "sources that only another system builds", locked: true,
		flake: func(string) string { return onlyElsewhere },
	},
	{name: "a hash that Nix never reports", flake: replaced("@nixpkgs@", "@nixpkgs-old@"), locked: true},
}

var aboutTheRelease = []badInput{
	{
		name: "a release that does not exist", env: []string{"GITHUB_TOKEN="},
		args: []string{"--dry-run", "--to", "0.99.0"},
	},
	{
		name: "a repository that lists no release", ready: fault(githubtest.Fault{
			Kind: githubtest.Custom, Path: "/repos/ollama/ollama/releases", Times: -1, Status: 200, Body: "[]",
		}),
	},
	{name: "a release below the pinned one", args: []string{"--dry-run", "--to", "0.32.9"}},
	{
		name: "a release for an input that follows a branch", flake: following,
		args: []string{"--dry-run", "--to", "0.32.15"},
	},
	{name: "a release without the file that is pinned", flake: prebuilt},
	{
		name: "a release that a comment holds", flake: held("hold <0.32.14: CUDA is broken"),
		args: []string{"--dry-run", "--to", "0.32.15"},
	},
	{
		name: "a lower release that a comment holds", flake: held("hold >=0.32.13: the older ones are slow"),
		args: []string{"--dry-run", "--to", "0.32.9", "--allow-downgrade"},
	},
	{name: "a newest release that a comment holds", flake: held("hold <0.32.14: CUDA is broken")},
	{name: "a newest release that is skipped", args: []string{"--dry-run", "--skip", "0.32.x"}},
	{name: "a newest release that is not allowed", args: []string{"--dry-run", "--allow", "<0.32"}},
	{name: "a newest release that is too new", args: []string{"--dry-run", "--min-age", "9999d"}},
	{
		name: "a fix that is skipped", args: []string{"--dry-run", "--skip", "0.32.x"}, ready: advisory("0.32.15"),
	},
	{name: "a comment that cannot be read", flake: held("hold soon")},
	{name: "a comment whose date cannot be read", flake: held("hold until christmas")},
	{name: "a comment with another word", flake: held("pin")},
	{name: "a comment beside no pin", flake: replaced("{\n  inputs", "# ollama-bump: hold\n{\n  inputs")},
	{name: "a comment whose last day is over", flake: held("hold until 2020-01-01")},
	{
		name: "a release for a newer Go", flake: replaced("@nixpkgs@", "github:NixOS/nixpkgs/go-1.25"), locked: true,
		args: []string{"--dry-run", "--to", "0.32.15"},
	},
	{
		name: "a newest release for a newer Go", flake: replaced("@nixpkgs@", "github:NixOS/nixpkgs/go-1.25"),
		locked: true,
	},
	{
		name: "a fix for a newer Go", flake: replaced("@nixpkgs@", "github:NixOS/nixpkgs/go-1.25"), locked: true,
		ready: advisory("0.32.15"),
	},
	{name: "a newest release that needs llama.cpp", flake: withoutLlama, locked: true},
	{
		name: "a release that needs llama.cpp", flake: withoutLlama, locked: true,
		args: []string{"--dry-run", "--to", "0.32.15"},
	},
	{
		name: "a release that was tagged again", flake: replaced(`"0.32.13"`, `"0.32.15"`),
		args: []string{"--dry-run", "--force"},
	},
	{
		name:  "a download that fails",
		ready: func(s *site, _ string) { s.Break("/v0.32.15.tar.gz", http.StatusNotFound) },
	},
	{name: "a build that fails", env: []string{"GOPROXY=off"}},
	{
		name:  "a llama.cpp that the patches do not fit",
		flake: replaced("@nixpkgs@", "github:NixOS/nixpkgs/ollama-0.31.1"), locked: true,
	},
}

// held is a flake with a comment on the line of its pin's version.
func held(words string) func(string) string {
	return replaced(`version = "0.32.13";`, `version = "0.32.13"; # ollama-bump: `+words)
}

// following is a flake whose source is an input that follows a branch.
func following(flake string) string {
	from, to := strings.Index(flake, "        version ="), strings.Index(flake, "        vendorHash")
	return strings.NewReplacer(flake[from:to], "        src = ollama-src;\n        version = "+
		"\"git-${ollama-src.shortRev}\";\n", "{ self, nixpkgs }", "{ self, nixpkgs, ollama-src }",
		"\n  outputs", "  inputs.ollama-src = { url = \"github:ollama/ollama\"; flake = false; };\n\n  outputs",
	).Replace(flake)
}

// prebuilt is a flake that pins a file of a release, which the newest one does not have.
func prebuilt(flake string) string {
	from, to := strings.Index(flake, "prev.fetchFromGitHub"), strings.Index(flake, "        vendorHash")
	return strings.Replace(flake, flake[from:to], "prev.fetchurl {\n          url = \"https://github.com/ollama/"+
		"ollama/releases/download/v${version}/ollama-linux-riscv64.tgz\";\n          hash = \"@src:0.32.13@\";\n"+
		"        };\n", 1)
}

// withoutLlama is a flake whose nixpkgs knows nothing of llama.cpp.
func withoutLlama(flake string) string {
	return strings.NewReplacer("@nixpkgs@", "github:NixOS/nixpkgs/ollama-0.13.5", "0.32.13", "0.24.0").Replace(flake)
}

// advisory tells of a vulnerability that a release fixes.
func advisory(patched string) func(*site, string) {
	return func(s *site, _ string) {
		s.GitHub.AddAdvisory(githubtest.Advisory{
			GHSA: "GHSA-1234-abcd-5678", Vulnerabilities: []githubtest.Vulnerability{
				{Package: "github.com/ollama/ollama", FirstPatched: patched},
			},
		})
	}
}

var aboutTheMachine = []badInput{
	{name: "no Nix", ready: func(s *site, _ string) { s.without("nix") }, env: []string{"PATH=without-nix"}},
	{name: "no git", ready: func(s *site, _ string) { s.without("git") }, env: []string{"PATH=without-git"}},
	{name: "no daemon", env: []string{"NIX_REMOTE=unix:///nowhere/socket"}},
	{
		name:  "a Nix that is too old for the nixpkgs",
		flake: replaced("@nixpkgs@", "github:NixOS/nixpkgs/nix-99"), locked: true,
	},
	{name: "no pseudoterminal", under: []string{
		"unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs /dev/pts && exec "$@"`, "-",
	}},
	{name: "a repository of another user", ready: foreignRepository, env: []string{"GIT_CONFIG_GLOBAL=/dev/null"}},
	{name: "no folder for temporary files", env: []string{"TMPDIR=/nowhere"}},
	{name: "an interrupt", stop: true, args: []string{"--no-pr"}},
	{name: "a run that takes too long", args: []string{"--no-pr", "--timeout", "200ms"}},
	{name: "a full disk", args: []string{"--no-pr"}, ready: fullDisk},
	{
		name: "a read-only file", args: []string{"--no-pr"},
		ready: func(s *site, dir string) { require.NoError(s.t, os.Chmod(filepath.Join(dir, "flake.nix"), 0o444)) },
	},
	{name: "another run in the same tree", args: []string{"--no-pr"}, ready: locked},
}

var aboutUse = []badInput{
	{name: "wrong usage", args: []string{"--dry-run", "--check"}},
	{name: "a flag that does not exist", args: []string{"--dryrun"}},
	{name: "an argument for Nix among the flags", args: []string{"--option", "cores", "1"}},
	{name: "a wrong argument for Nix", args: []string{"--dry-run", "--", "--optoin"}},
	{name: "a time without a unit", args: []string{"--timeout", "45"}},
	{name: "an age without a unit", args: []string{"--min-age", "3"}},
	{name: "an age below zero", args: []string{"--min-age", "-3d"}},
	{name: "a wrong release to skip", args: []string{"--skip", "0.32"}},
	{name: "a wrong constraint", args: []string{"--allow", "newest"}},
	{name: "a check that would remove the pin", args: []string{"--check", "--unpin"}},
	{
		name: "an output to build that does not exist",
		args: []string{"--dry-run", "--verify", "build=packages.x86_64-linux.olama"},
	},
	{name: "a wrong release", args: []string{"--to", "latest"}},
	{name: "a level that does not exist", args: []string{"--verify", "all"}},
	{name: "an address in place of a repository", args: []string{"--repo", "https://github.com/me/flake"}},
	{name: "a template that names no field", args: []string{"--title", "{{.Pakage}}"}},
	{name: "an output in place of a folder", args: []string{"--flake", ".#packages.x86_64-linux.ollama"}},
	{name: "a reference in place of a folder", args: []string{"--flake", "github:me/machines"}},
	{name: "a file in place of a folder", args: []string{"--flake", "./flake.nix"}},
	{name: "a wrong key in the configuration", files: map[string]string{configName: "# ours\nverfy: eval\n"}},
	{name: "a wrong value in the configuration", files: map[string]string{configName: "min-age: 3\n"}},
	{name: "a key that only the command line has", files: map[string]string{configName: "json: true\n"}},
	{name: "a list that is a word", files: map[string]string{configName: "flakes: laptop\n"}},
	{
		name:  "a configured flake that does not exist",
		files: map[string]string{configName: "flakes:\n  - flake: laptop\n"},
	},
	{name: "a configuration that is not YAML", files: map[string]string{configName: "a: [\n"}},
	{
		name:  "two configuration files",
		files: map[string]string{configName: "draft: true\n", ".github/" + configName: "draft: true\n"},
	},
	{name: "another name of the configuration", files: map[string]string{"ollama-bump.yml": "draft: true\n"}},
}

var aboutGitHub = []badInput{
	{name: "no network", args: []string{"--dry-run", "--upstream-api-url", "http://127.0.0.1:9"}},
	{name: "no token", args: proposing, env: []string{"GITHUB_TOKEN="}},
	{name: "a remote that is not on GitHub", args: []string{}, ready: otherForge},
	{
		name: "no remote", args: []string{},
		ready: func(s *site, dir string) { s.Git(dir, "remote", "remove", "origin") },
	},
	{name: "a repository that does not exist", args: []string{"--repo", "me/nothing"}},
	{name: "a base branch that does not exist", args: append([]string{"--base", "nothing"}, proposing...)},
	{
		name: "a branch that somebody else made", args: append([]string{"--branch", "theirs"}, proposing...),
		ready: func(s *site, _ string) {
			s.GitHub.Repo("me", "flake").Push("theirs", "x", map[string]string{"x": "x"})
		},
	},
	{
		name: "a branch for another attribute", args: append([]string{"--attr", "packages.x86_64-linux.ollama"},
			proposing...),
		ready: func(s *site, dir string) { s.bumps(dir, nil, proposing...) },
	},
	{name: "a checkout behind its base branch", args: proposing, ready: farBehind},
	failing("a token that is not accepted", githubtest.Fault{Kind: githubtest.BadCredentials}),
	failing("too few rights", githubtest.Fault{Kind: githubtest.ForbiddenApp, Method: "POST"}),
	failing("pull requests that Actions may not open",
		githubtest.Fault{Kind: githubtest.ForbiddenPull, Method: "POST", Path: "/pulls$"}),
	failing("an archived repository", githubtest.Fault{Kind: githubtest.Archived, Method: "POST"}),
	failing("a protected branch", githubtest.Fault{Kind: githubtest.Ruleset, Method: "POST", Path: "/git/refs$"}),
	{
		name: "a rate limit", env: []string{"GITHUB_TOKEN="}, args: []string{"--dry-run", "--max-wait", "1s"},
		ready: fault(githubtest.Fault{Kind: githubtest.PrimaryLimit, Times: -1, Reset: time.Now().Add(time.Hour)}),
	},
	{
		name: "a broken answer", ready: fault(githubtest.Fault{
			Kind: githubtest.Custom, Times: -1, Status: 200, Body: "<html>maintenance</html>",
		}),
	},
	{
		name: "a server that fails", args: []string{"--dry-run", "--max-wait", "1s"},
		ready: fault(githubtest.Fault{Kind: githubtest.BadGateway, Times: -1}),
	},
}

// failing is a proposal whose calls always fail so.
func failing(name string, f githubtest.Fault) badInput {
	f.Times = -1
	return badInput{name: name, args: proposing, ready: fault(f)}
}

// inSubfolder moves the flake below the root.
func inSubfolder(s *site, dir string) {
	require.NoError(s.t, os.Mkdir(filepath.Join(dir, "nix"), 0o755))
	s.Git(dir, "mv", "flake.nix", "flake.lock", "nix")
}

// linked makes the overlay a link to a file outside of the flake.
func linked(s *site, dir string) {
	outside := filepath.Join(s.Dir, "outside.nix")
	require.NoError(s.t, os.WriteFile(outside, []byte(s.Expand(overlayText)), 0o644))
	require.NoError(s.t, os.Symlink(outside, filepath.Join(dir, "overlay.nix")))
	s.Git(dir, "add", "-A")
}

// foreignRepository gives the repository to another user.
func foreignRepository(s *site, dir string) {
	require.NoError(s.t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 1234, 1234)
	}))
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
