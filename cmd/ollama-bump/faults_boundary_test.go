package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// secretWord stands in the environment and in files of the machine; no output may show it.
const secretWord = "canary-of-this-machine"

// What a release's archive holds in the place of LLAMA_CPP_VERSION: only a tag is ever shown.
func TestHostileSourceReadsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secret := filepath.Join(s.Dir, "token")
	require.NoError(t, os.WriteFile(secret, []byte(secretWord), 0o644))
	for name, make := range map[string]string{
		"the environment": "ln -sf /proc/self/environ", "a credential file": "ln -sf " + secret,
		"an endless device": "ln -sf /dev/zero",
		"text":              "cp " + secret, "a pipe": "mkfifo", "a folder": "mkdir",
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{World: s.World, t: t, program: s.program}
			text := strings.Replace(overlayFlake, `hash = "@src:0.32.13@";`, `hash = "@src:0.32.13@";
          postFetch = "rm $out/LLAMA_CPP_VERSION; `+make+` $out/LLAMA_CPP_VERSION";`, 1)
			dir := s.Flake(map[string]string{"flake.nix": text})
			e := s.run(dir, []string{"CANARY=" + secretWord}, "--dry-run", "--json", "-v")
			require.NotContains(t, e.stdout+e.stderr, secretWord)
			if make == "mkfifo" { // Nix takes no archive with one
				require.Equal(t, 1, e.status, e.String())
				return
			}
			require.Zero(t, e.status, e.String())
			require.Contains(t, e.stdout, `"new_version":"0.32.15"`)
		})
	}
}

// asProgram is overlayFlake with a script as the package's program.
func asProgram(script string) string {
	return strings.Replace(overlayFlake, "vendorHash =",
		"postFixup = ''\n          cat > $out/bin/ollama <<'EOF'\n          #!/bin/sh\n          "+
			script+"\n          EOF\n          chmod +x $out/bin/ollama\n        '';\n        vendorHash =", 1)
}

// Upstream's program is run by Nix, away from the token, from what a step tells its CI with, and from this
// program's time and memory.
func TestUpstreamsProgramIsKeptAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	seen := filepath.Join(s.Dir, "seen")
	env := []string{
		"GH_TOKEN=" + secretWord, "GITHUB_ENV=" + seen + ".env", "GITHUB_OUTPUT=" + seen + ".output",
		"CANARY=" + secretWord,
	}
	run := func(script string, args ...string) ended {
		dir := s.Flake(map[string]string{"flake.nix": asProgram(script)})
		return s.run(dir, env, append([]string{"--dry-run", "--verify", "build", "-v"}, args...)...)
	}
	e := run("PATH=/usr/bin:/bin; env > " + seen + "; tr '\\0' '\\n' < /proc/$PPID/environ >> " + seen +
		"; echo ollama version is 0.32.15")
	require.Zero(t, e.status, e.String())
	got, err := os.ReadFile(seen)
	require.NoError(t, err)
	require.Contains(t, string(got), "HOME=.\n")
	for _, word := range []string{secretWord, "access-tokens", "GITHUB_", "GH_TOKEN"} {
		require.NotContains(t, string(got), word)
	}
	require.Contains(t, e.stdout, "`ollama --version` of `packages.x86_64-linux.ollama` says 0.32.15")

	e = run("PATH=/usr/bin:/bin; sleep 300 & trap \"\" TERM; sleep 300", "--timeout", "25s")
	require.Equal(t, 1, e.status, e.String())
	require.Less(t, e.took, 35*time.Second)

	e = run("exec /usr/bin/yes")
	require.Equal(t, 1, e.status, e.String())
	require.Contains(t, e.stderr, "verify: run ollama --version of packages.x86_64-linux.ollama")

	e = run("echo ollama version is 0.32.14")
	require.Equal(t, 1, e.status, e.String())
	require.Contains(t, e.stderr, `says version "0.32.14", not 0.32.15`)
}

// lockFlake is a flake whose lock file a bump changes.
const lockFlake = `{
  inputs.nixpkgs.url = "@nixpkgs@";
  inputs.ollama-src = { url = "github:ollama/ollama/v0.32.13"; flake = false; };

  outputs = { self, nixpkgs, ollama-src }: {
    packages.@system@.ollama = nixpkgs.legacyPackages.@system@.ollama.overrideAttrs (old: {
      version = "0.32.13";
      src = ollama-src;
      vendorHash = "@vendor:0.32.13@";
    });
  };
}
`

// The lock file may be a link: what it leads to changes when a bump is written, under its own name, and never
// before.
func TestLockFileIsALink(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(dir string) string{
		"relative": func(string) string { return "locks/flake.lock" },
		"absolute": func(dir string) string { return filepath.Join(dir, "locks", "flake.lock") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			dir := s.Flake(map[string]string{"flake.nix": lockFlake})
			require.NoError(t, os.Mkdir(filepath.Join(dir, "locks"), 0o755))
			lock := filepath.Join(dir, "flake.lock")
			require.NoError(t, os.Rename(lock, filepath.Join(dir, "locks", "flake.lock")))
			require.NoError(t, os.Symlink(target(dir), lock))
			s.Git(dir, "add", "-A")
			s.Git(dir, "commit", "-q", "-m", "lock elsewhere")

			before := inventory(t, dir)
			e := s.bumps(dir, nil, "--dry-run", "--json")
			require.Equal(t, before, inventory(t, dir))
			var result bump.Result
			require.NoError(t, json.Unmarshal([]byte(e.stdout), &result))
			var paths []string
			for _, f := range result.Files {
				paths = append(paths, f.Path)
			}
			require.ElementsMatch(t, []string{"flake.nix", "locks/flake.lock"}, paths)
			patch := filepath.Join(s.Dir, "patch")
			require.NoError(t, os.WriteFile(patch, []byte(result.Diff), 0o644))
			s.Git(dir, "apply", "--check", patch)

			repo := s.Repository(dir, "me/flake")
			s.bumps(dir, nil, "--repo", "me/flake")
			require.Len(t, repo.Pulls(), 1)

			s.bumps(dir, nil, "--no-pr")
			got, err := os.Readlink(lock)
			require.NoError(t, err)
			require.Equal(t, target(dir), got)
			s.Git(dir, "diff", "--quiet", "HEAD", "--", "flake.lock")
			changed, err := os.ReadFile(filepath.Join(dir, "locks", "flake.lock"))
			require.NoError(t, err)
			require.Contains(t, string(changed), "v0.32.15")
		})
	}
}

// What waits for ever when it is opened ends a run at once, with a message.
func TestPipeInTheTree(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake, "notes.txt": "x", "other.nix": "{ }"})
	for _, name := range []string{"notes.txt", "other.nix"} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o644))
	}
	e := s.run(dir, nil, "--check")
	require.Equal(t, 3, e.status, e.String())
	require.Contains(t, e.stderr, "other.nix is not read: it is a named pipe, not a file")
	e = s.run(dir, nil, "--dry-run")
	require.Equal(t, 1, e.status, e.String())
	require.Contains(t, e.stderr,
		"ollama-bump: copy flake: notes.txt: it is a named pipe, not a file\nhint: remove it from the flake")
	require.Less(t, e.took, 20*time.Second)
}

// A repository that git does not read is no folder without git: what it ignores may be secret.
func TestBrokenRepository(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake, ".gitignore": "secret.env\n"})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.env"), []byte(secretWord), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".git", "config"), []byte("[broken\n"), 0o644))
	e := s.refuses(dir, nil, []string{"--no-pr"},
		"ollama-bump: open repository: git rev-parse: exit status 128: fatal: bad config line 1 in file")
	require.Contains(t, e.stderr, "hint: see what git status says")
	stored, err := filepath.Glob(filepath.Join(s.Dir, "nix", "store", "*", "secret.env"))
	require.NoError(t, err)
	require.Empty(t, stored)
}

// A hook of git that runs this program has its variables point at another repository.
func TestVariablesOfAHook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := s.Flake(map[string]string{"flake.nix": "{ outputs = _: { }; }"})
	objects := filepath.Join(s.Dir, "objects")
	require.NoError(t, os.Mkdir(objects, 0o755))
	env := []string{
		"GIT_DIR=" + other + "/.git", "GIT_WORK_TREE=" + other, "GIT_INDEX_FILE=" + other + "/.git/index",
		"GIT_COMMON_DIR=" + other + "/.git", "GIT_OBJECT_DIRECTORY=" + objects, "GIT_PREFIX=nix/",
	}
	dir := s.FlakeIn("nix", map[string]string{"nix/flake.nix": overlayFlake})
	s.bumps(filepath.Join(dir, "nix"), env, "--no-pr")
	left, err := os.ReadDir(objects)
	require.NoError(t, err)
	require.Empty(t, left)
}

// Hooks that a person configured for all repositories are not run for the throw-away one, by this program's git or by
// Nix's.
func TestHooksOfTheCaller(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hooks, ran := filepath.Join(s.Dir, "hooks"), filepath.Join(s.Dir, "ran")
	require.NoError(t, os.Mkdir(hooks, 0o755))
	for _, hook := range []string{
		"pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change",
		"reference-transaction", "post-checkout",
	} {
		script := "#!/bin/sh\necho " + hook + " $GITHUB_TOKEN >> " + ran + "\nsleep 30\nexit 1\n"
		require.NoError(t, os.WriteFile(filepath.Join(hooks, hook), []byte(script), 0o755))
	}
	dir := s.FlakeIn("nix", map[string]string{"nix/flake.nix": overlayFlake})
	config, err := os.ReadFile(filepath.Join(s.Dir, "gitconfig"))
	require.NoError(t, err)
	own := filepath.Join(s.Dir, "own-gitconfig")
	require.NoError(t, os.WriteFile(own,
		append(config, "[core]\n\thooksPath = "+hooks+"\n\tautocrlf = true\n\tsafecrlf = true\n"...), 0o644))
	s.bumps(filepath.Join(dir, "nix"), []string{"GIT_CONFIG_GLOBAL=" + own}, "--no-pr")
	require.NoFileExists(t, ran)
}

// A place is the user's only when it is in the user's file.
func TestMisspelledAttribute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	e := s.refuses(dir, []string{"GITHUB_ACTIONS=true"}, []string{"--no-pr", "--attr", "nope"},
		"find package: the flake has no nope", "attribute 'nope' missing")
	require.NotContains(t, e.stderr, "flake.nix:")
	require.NotContains(t, e.stderr, "file=flake.nix")
}

// Configurations have names that no installable can spell, and are evaluated all the same.
func TestConfigurationsOfAnyName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := []string{"plain", "grün", "a#b", "a^b", `quote\"d`, `back\\slash`, `\${x}`, "a.b", "a b", `line\nfeed`}
	hosts := ""
	for _, name := range names {
		hosts += `      "` + name + `" = { config.system.build.toplevel = self.packages.@system@.ollama; ` +
			`config.services.ollama.package = null; pkgs = { }; };` + "\n"
	}
	text := strings.Replace(overlayFlake, "    overlays.default",
		"    nixosConfigurations = {\n"+hosts+"    };\n    overlays.default", 1)
	dir := s.Flake(map[string]string{"flake.nix": text})
	e := s.bumps(dir, nil, "--dry-run", "--verify", "eval")
	require.NotContains(t, e.stderr, "does not evaluate")
	for _, name := range []string{"plain", "grün", "a#b", "a^b", `quote"d`, "${x}", "a.b", "a b", "line feed"} {
		require.Contains(t, e.stdout, "nixosConfigurations."+name)
	}
}

// A relative TMPDIR is one all the same.
func TestRelativeTemporaryFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tt"), 0o755))
	s.bumps(dir, []string{"TMPDIR=tt"}, "--dry-run")
}

// Arguments for Nix that have it do something else.
func TestArgumentsThatAreNoBuild(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := s.Flake(map[string]string{"flake.nix": overlayFlake})
	e := s.refuses(dir, nil, []string{"--no-pr", "--", "--version"}, "nix printed unexpected output",
		"arguments after --")
	require.NotContains(t, e.stderr, "invalid character")
}
