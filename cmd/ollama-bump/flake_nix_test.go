package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// ourFlake is this project's flake in a world, whose nixpkgs is the stand-in.
type ourFlake struct {
	t     *testing.T
	world *bumptest.World
	dir   string
	url   string
	extra []string
}

// standInNixpkgs is an address that the world answers with its stand-in for nixpkgs.
const standInNixpkgs = "github:NixOS/nixpkgs/nixos-unstable"

// newOurFlake returns the flake as a folder whose lock file names the stand-in nixpkgs in place of the real one,
// which no test can fetch.
func newOurFlake(t *testing.T) *ourFlake {
	t.Helper()
	f := newShippedFlake(t)
	f.nix("flake", "lock", "--override-input", "nixpkgs", standInNixpkgs, "FLAKE")
	return f
}

// newShippedFlake returns the flake as a folder, as it is in the repository.
func newShippedFlake(t *testing.T) *ourFlake {
	t.Helper()
	w := bumptest.New(t)
	dir := filepath.Join(w.Dir, "ollama-bump")
	require.NoError(t, os.Mkdir(dir, 0o755))
	copyProject(t, dir, ":!testdata")
	// what the tests were built with is in Go's module cache, which has a proxy's layout
	_, modules, _ := strings.Cut(goEnv(t, "GOMODCACHE"), "=")
	return &ourFlake{
		t: t, world: w, dir: dir, url: "path:" + dir,
		extra: []string{"GOPROXY=file://" + filepath.Join(modules, "cache", "download")},
	}
}

// nix runs Nix with the flake's URL in place of FLAKE.
func (f *ourFlake) nix(args ...string) string {
	f.t.Helper()
	out, stderr, err := f.tryNix(args...)
	require.NoError(f.t, err, "nix %q: %s", args, stderr)
	return out
}

// tryNix is nix for runs that may fail: stdout, stderr and the error.
func (f *ourFlake) tryNix(args ...string) (stdout, stderr string, err error) {
	f.t.Helper()
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "FLAKE", f.url)
	}
	cmd := f.world.Command(f.world.Dir, f.extra, "nix", args...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}

// serve makes the flake one that is fetched, as github: makes it: Nix cannot write a lock into it.
func (f *ourFlake) serve() {
	f.t.Helper()
	archive := filepath.Join(f.t.TempDir(), "ollama-bump.tar.gz")
	output, err := command(f.t, filepath.Dir(f.dir), "tar", "-czf", archive, filepath.Base(f.dir))
	require.NoError(f.t, err, "%s", output)
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(archive))))
	f.t.Cleanup(server.Close)
	f.url = server.URL + "/ollama-bump.tar.gz" // tarball+http: is unknown to Nix 2.8
}

// The README's command takes no flag: a fetched flake that has a lock file is evaluated as it is.
func TestFetchedFlake(t *testing.T) {
	t.Parallel()
	f := newOurFlake(t)
	f.serve()
	words := strings.Fields(strings.Replace(nixRun, "github:nixtars/ollama-bump", "FLAKE", 1))
	require.Equal(t, []string{"nix", "run", "FLAKE"}, words)
	assert.Equal(t, "ollama-bump 1.0.0\n", f.nix("run", "FLAKE", "--", "--version"))
}

// nixpkgsNode returns the part of a lock file that fixes nixpkgs, and the text without it.
func nixpkgsNode(t *testing.T, lock string) (node, rest string) {
	t.Helper()
	match := regexp.MustCompile(`(?s)"locked": \{.*?\}`).FindStringIndex(lock)
	require.NotNil(t, match, lock)
	return lock[match[0]:match[1]], lock[:match[0]] + lock[match[1]:]
}

// flake.lock has exactly the form that Nix writes, is complete for flake.nix, and fixes nixpkgs by revision and
// content.
func TestLock(t *testing.T) {
	t.Parallel()
	shipped := inProject(t, "flake.lock")
	node, rest := nixpkgsNode(t, shipped)
	assert.Regexp(t, `^"locked": \{
        "lastModified": \d{10},
        "narHash": "sha256-[A-Za-z0-9+/]{43}=",
        "owner": "NixOS",
        "repo": "nixpkgs",
        "rev": "[0-9a-f]{40}",
        "type": "github"
      \}$`, node)

	f := newShippedFlake(t)
	f.nix("flake", "lock", "FLAKE")
	for _, request := range f.world.Requests() {
		assert.NotContains(t, request.URL, "nixpkgs", "the lock file is not complete for flake.nix")
	}
	lock := func() string {
		text, err := os.ReadFile(filepath.Join(f.dir, "flake.lock"))
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, shipped, lock())

	f.nix("flake", "lock", "--override-input", "nixpkgs", standInNixpkgs, "FLAKE")
	standIn, written := nixpkgsNode(t, lock())
	assert.Equal(t, written, rest)
	assert.NotEqual(t, standIn, node)
}

func TestFlake(t *testing.T) {
	t.Parallel()
	f := newOurFlake(t)
	f.nix("flake", "check", "FLAKE")

	assert.Equal(t, "ollama-bump 1.0.0\n", f.nix("run", "FLAKE", "--", "--version"))
	assert.Contains(t, f.nix("run", "FLAKE", "--", "--help"), "\nUsage:\n")

	out := filepath.Join(t.TempDir(), "result")
	f.nix("build", "--out-link", out, "FLAKE")
	for _, name := range []string{
		"share/man/man1/ollama-bump.1", "share/bash-completion/completions/ollama-bump.bash",
		"share/zsh/site-functions/_ollama-bump", "share/fish/vendor_completions.d/ollama-bump.fish",
	} {
		text, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		assert.Contains(t, string(text), "ollama-bump", name)
	}

	overlaid := f.nix("eval", "--impure", "--raw", "--expr",
		`with builtins.getFlake "FLAKE";
			(inputs.nixpkgs.legacyPackages.x86_64-linux.extend overlays.default).ollama-bump.version`)
	assert.Equal(t, "1.0.0", overlaid)
}

// moduleUnit is what the module gives systemd for one repository.
type moduleUnit struct {
	Script        string
	ServiceConfig map[string]any
	Environment   map[string]string
	OnFailure     []string
	Timer         map[string]any
}

// The module's units are what systemd takes, are hardened, and hold the token's place, not the token.
func TestModule(t *testing.T) {
	t.Parallel()
	f := newOurFlake(t)
	out := filepath.Join(t.TempDir(), "units.json")
	f.nix("build", "--out-link", out, "FLAKE#checks.x86_64-linux.module")
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	var units map[string]moduleUnit
	require.NoError(t, json.Unmarshal(text, &units))
	require.Len(t, units, 2)

	machines, family := units["machines"], units["family"]
	assert.Equal(t, "token:/run/secrets/it's a token", machines.ServiceConfig["LoadCredential"])
	assert.Equal(t, map[string]any{"OnCalendar": "daily", "Persistent": true, "RandomizedDelaySec": "1h"},
		machines.Timer)
	assert.Equal(t, []string{"notify.service"}, machines.OnFailure)
	assert.Contains(t, machines.Script, "exec ollama-bump '--repo' 'me/nixos-config' '--flake' 'hosts/gpu' "+
		"'--draft=true' '--label=two words' '--label=deps' '--verify=eval' '--verbose' '--' '--max-jobs' '0'\n")
	assert.Equal(t, "weekly", family.Timer["OnCalendar"])
	assert.Empty(t, family.OnFailure)
	assert.Contains(t, family.Script, "exec ollama-bump '--repo' 'us/machines' '--draft=true' '--label=nix' '--'\n")
	for name, unit := range units {
		assert.Equal(t, "/var/lib/ollama-bump/"+name, unit.ServiceConfig["WorkingDirectory"])
		checkUnit(t, unit)
	}
	startUnits(t, units)
}

// startUnits starts the scripts of both repositories at the same time: each clones its own, which is private, with its
// own token, and starts the program there with its own settings.
func startUnits(t *testing.T, units map[string]moduleUnit) {
	t.Helper()
	type started struct {
		home string
		cmd  *exec.Cmd
		said strings.Builder
	}
	repositories := map[string][2]string{"machines": {"me", "nixos-config"}, "family": {"us", "machines"}}
	all := map[string]*started{}
	for name, unit := range units {
		s := &started{home: t.TempDir()}
		owner, token := repositories[name][0], "token-of-"+name
		server := privateServer(t, filepath.Dir(newRepository(t, repositories[name][1]+".git")), token)
		config := filepath.Join(s.home, "gitconfig")
		writeProgram(t, config, "[url \""+server+"\"]\n\tinsteadOf = https://github.com/"+owner+"/\n")
		writeProgram(t, filepath.Join(s.home, "token"), token+"\n")
		writeProgram(t, filepath.Join(s.home, "bin", "ollama-bump"), standIn)
		s.cmd = exec.Command("/bin/sh", "-e", "-c", unit.Script)
		s.cmd.Dir = s.home
		for variable, value := range unit.Environment {
			s.cmd.Env = append(s.cmd.Env, variable+"="+value)
		}
		s.cmd.Env = append(s.cmd.Env, "HOME="+s.home, "CREDENTIALS_DIRECTORY="+s.home, "GIT_CONFIG_GLOBAL="+config,
			"GIT_CONFIG_NOSYSTEM=1", "PATH="+filepath.Join(s.home, "bin")+":"+os.Getenv("PATH"))
		s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
		require.NoError(t, s.cmd.Start())
		all[name] = s
	}
	for name, arguments := range map[string]string{
		"machines": "--repo me/nixos-config --flake hosts/gpu --draft=true --label=two words --label=deps " +
			"--verify=eval --verbose -- --max-jobs 0",
		"family": "--repo us/machines --draft=true --label=nix --",
	} {
		s := all[name]
		require.NoError(t, s.cmd.Wait(), "%s: %s", name, &s.said)
		text, err := os.ReadFile(filepath.Join(s.home, "started"))
		require.NoError(t, err)
		assert.Equal(t, s.home+"/checkout\ntoken-of-"+name+" "+arguments+"\n", string(text))
	}
}

// checkUnit starts the program with the arguments of a module's unit, and has systemd judge the rest.
func checkUnit(t *testing.T, unit moduleUnit) {
	t.Helper()
	arguments := regexp.MustCompile(`(?m)^exec ollama-bump (.*)$`).FindStringSubmatch(unit.Script)
	require.Len(t, arguments, 2)
	words, err := splitWords(arguments[1])
	require.NoError(t, err)
	o := runWith(nil, bump.Result{Status: bump.Current}, nil, words...)
	assert.Equal(t, exitOK, o.status, "%s: %s", words, o.stderr)

	dir := t.TempDir()
	script := filepath.Join(dir, "start.sh")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nset -e\n"+unit.Script), 0o755))
	output, err := command(t, dir, "shellcheck", "--exclude=SC2016", script) // the quotes around git's helper are meant
	require.NoError(t, err, "%s", output)
	service := "[Service]\nExecStart=" + script + "\n"
	for name, value := range unit.ServiceConfig {
		for _, one := range asList(value) {
			service += name + "=" + one + "\n"
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ollama-bump.service"), []byte(service), 0o644))
	output, err = command(t, dir, "systemd-analyze", "verify", "--man=no", "./ollama-bump.service")
	require.NoError(t, err, "%s", output)
	assert.Empty(t, output)
	output, err = command(t, dir, "systemd-analyze", "security", "--offline=true", "--threshold=20",
		"./ollama-bump.service")
	assert.NoError(t, err, "exposed more than 2.0 of 10: %s", output)
}

// The settings of the module are the keys of the file.
func TestModuleSettingsAreTheFiles(t *testing.T) {
	t.Parallel()
	list := regexp.MustCompile(`notSettings = \[([^]]*)\]`).FindStringSubmatch(inProject(t, "nix", "module.nix"))
	require.Len(t, list, 2)
	var have []string
	for _, word := range strings.Fields(list[1]) {
		have = append(have, strings.Trim(word, `"`))
	}
	assert.ElementsMatch(t, append([]string{"flake", "flakes"}, unconfigurable...), have)
}

// asList returns a unit's setting as the values of its lines.
func asList(value any) []string {
	switch v := value.(type) {
	case bool:
		return []string{map[bool]string{true: "yes", false: "no"}[v]}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, asList(one)...)
		}
		return all
	}
	return []string{value.(string)}
}

// The module's script asks git for the repository with the token in a helper's answer.
func TestModuleScriptKeepsTheTokenOutOfArguments(t *testing.T) {
	t.Parallel()
	module := inProject(t, "nix", "module.nix")
	helper := regexp.MustCompile(`credential\.helper='!(.*) #'`).FindStringSubmatch(module)
	require.Len(t, helper, 2)
	output, err := command(t, t.TempDir(), "env", "GITHUB_TOKEN=a%s'b", "sh", "-c", helper[1]+" #")
	require.NoError(t, err)
	assert.Equal(t, "username=x-access-token\npassword=a%s'b\n", output)
}

// A mistake fails the evaluation: a token's file in the store, which everybody can read, a name that no unit can have,
// and settings that are the module's own.
func TestModuleRefusesMistakes(t *testing.T) {
	t.Parallel()
	f := newOurFlake(t)
	for _, c := range []struct{ mistake, message string }{
		{`repositories.a = ours // { tokenFile = "${builtins.storeDir}/x"; }`, "lies in the Nix store"},
		{`repositories."a/b" = ours`, "letters, digits"},
		{`repositories.a = ours // { settings.api-url = "https://example.org"; }`, "must not have api-url"},
		{`settings.dry-run = true; repositories.a = ours`, "must not have api-url"},
	} {
		failed := f.nix("eval", "--impure", "--json", "--expr", `with builtins.getFlake "FLAKE";
			let
				ours = { repository = "a/b"; tokenFile = "/x"; };
				machine = inputs.nixpkgs.lib.nixosSystem {
					system = "x86_64-linux";
					modules = [
						nixosModules.default
						{ boot.isContainer = true; services.ollama-bump = { enable = true; `+c.mistake+`; }; }
					];
				};
			in builtins.filter (a: !a.assertion) machine.config.assertions`)
		assert.Contains(t, failed, c.message)
		assert.Equal(t, 1, strings.Count(failed, `"assertion"`), failed)
	}
}

// vendorHash is what Nix says of the vendored modules; nix/vendor-hash.sh --write renews it.
func TestVendorHash(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix")
	}
	t.Parallel()
	output, err := command(t, projectRoot(t), "nix/vendor-hash.sh")
	require.NoError(t, err, "%s", output)
	assert.Contains(t, inProject(t, "flake.nix"), `vendorHash = "`+strings.TrimSpace(output)+`";`,
		"run nix/vendor-hash.sh --write")
}

func TestFlakeHasTheChangelogsVersion(t *testing.T) {
	t.Parallel()
	newest := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+\S*)`).FindStringSubmatch(inProject(t, "CHANGELOG.md"))
	require.Len(t, newest, 2)
	assert.Contains(t, inProject(t, "flake.nix"), `version = "`+newest[1]+`";`)
}

// The oldest nixpkgs that is said to do is the first whose buildGoModule has the Go of go.mod.
func TestOldestNixpkgs(t *testing.T) {
	t.Parallel()
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(inProject(t, "go.mod"))
	require.Len(t, module, 2)
	oldest := map[string]string{"1.25": "25.11"}[module[1]]
	require.NotEmpty(t, oldest, "which nixpkgs builds with Go %s?", module[1])
	for _, file := range []string{"README.md", "flake.nix"} {
		assert.Regexp(t, `any (other|nixpkgs) since\s`+regexp.QuoteMeta(oldest), inProject(t, file), file)
	}
}
