package bumptest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// Each test here shows one thing that nixpkgs does and that a bump must cope with, on the stand-in and with real Nix.

// outputs makes a flake whose outputs are body; nixpkgs, pkgs, lib and inputs are in scope.
func outputs(t *testing.T, w *bumptest.World, input, body string) (dir string) {
	t.Helper()
	return w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "` + input + `";
  inputs.home-manager = { url = "@home-manager@"; inputs.nixpkgs.follows = "nixpkgs"; };
  inputs.nix-darwin = { url = "@nix-darwin@"; inputs.nixpkgs.follows = "nixpkgs"; };
  outputs = inputs@{ self, nixpkgs, home-manager, nix-darwin }:
    let
      system = "@system@";
      pkgs = nixpkgs.legacyPackages.${system};
      lib = nixpkgs.lib;
    in ` + body + `;
}
`})
}

// evaluates requires that an attribute evaluates, and returns it as text.
func evaluates(t *testing.T, w *bumptest.World, dir, attr string) string {
	t.Helper()
	return strings.TrimSpace(w.Nix(dir, "eval", "--raw", "path:"+dir+"#"+attr))
}

// refuses requires that an attribute does not evaluate, and returns what Nix says.
func refuses(t *testing.T, w *bumptest.World, dir, attr string) string {
	t.Helper()
	out, said, err := w.TryNix(dir, "eval", "--raw", "path:"+dir+"#"+attr)
	require.Error(t, err, "%s is %s", attr, out)
	return said
}

func TestUnfreeDependencyIsRefusedWhenThePathIsNeeded(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs@", `{
    p = pkgs.ollama-cuda;
    allowed = (import nixpkgs { inherit system; config.allowUnfree = true; }).ollama-cuda;
    predicate = (import nixpkgs { inherit system;
      config.allowUnfreePredicate = p: lib.hasPrefix "cu" (lib.getName p)
        || lib.elem (lib.getName p) [ "libcublas" "cccl" ]; }).ollama-cuda;
    host = (lib.nixosSystem { inherit system; modules = [ { nixpkgs.config.allowUnfree = true; } ]; }).pkgs.ollama-cuda;
  }`)
	for _, attr := range []string{"p.drvPath", "p.outPath", "p.goModules.drvPath"} {
		said := refuses(t, w, dir, attr)
		assert.Regexp(t, `Package ‘cuda[a-z_0-9.-]*’ in /.*/pkgs/default\.nix:\d+ has an unfree license \(‘CUDA `+
			`EULA’\), refusing to evaluate\.`, said)
		assert.Contains(t, said, "export NIXPKGS_ALLOW_UNFREE=1")
	}
	assert.Equal(t, "0.32.9", evaluates(t, w, dir, "p.version"))
	assert.Equal(t, w.Hash("vendor", "0.32.9"), evaluates(t, w, dir, "p.vendorHash"))
	assert.Equal(t, w.Hash("vendor", "0.32.9"), evaluates(t, w, dir, "p.goModules.outputHash"))
	assert.Contains(t, evaluates(t, w, dir, "p.src.drvPath"), "-source.drv")
	for _, attr := range []string{"allowed", "predicate", "host"} {
		assert.Contains(t, evaluates(t, w, dir, attr+".goModules.drvPath"), "-go-modules.drv", attr)
		assert.Contains(t, evaluates(t, w, dir, attr+".drvPath"), "-ollama-0.32.9.drv", attr)
	}
}

func TestRefusalsOfMeta(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	with := func(meta, config string) string {
		return `((import nixpkgs { inherit system; config = { ` + config + ` }; }).ollama.overrideAttrs (old: { meta ` +
			`= old.meta // { ` + meta + ` }; }))`
	}
	dir := outputs(t, w, "@nixpkgs@", `{
    unfree = `+with(`license = lib.licenses.unfree;`, "")+`;
    broken = `+with(`broken = true;`, "")+`;
    insecure = `+with(`knownVulnerabilities = [ "CVE-2026-1" ];`, "")+`;
    unsupported = `+with(`platforms = [ "riscv64-linux" ];`, "")+`;
    allowed = {
      unfree = `+with(`license = lib.licenses.unfree;`, "allowUnfree = true;")+`;
      broken = `+with(`broken = true;`, "allowBroken = true;")+`;
      insecure = `+with(`knownVulnerabilities = [ "CVE-2026-1" ];`, `permittedInsecurePackages = [ "ollama-0.32.9" ];`)+
		`;
      unsupported = `+with(`platforms = [ "riscv64-linux" ];`, "allowUnsupportedSystem = true;")+`;
    };
  }`)
	for attr, sentence := range map[string]string{
		"unfree":   "has an unfree license (‘unfree’), refusing to evaluate",
		"broken":   "is marked as broken, refusing to evaluate",
		"insecure": "is marked as insecure, refusing to evaluate", "unsupported": "is not available on the requested " +
			"hostPlatform",
	} {
		assert.Contains(t, refuses(t, w, dir, attr+".drvPath"), sentence)
		assert.Equal(t, "0.32.9", evaluates(t, w, dir, attr+".version"))
		// goModules has no meta of its own
		assert.Contains(t, evaluates(t, w, dir, attr+".goModules.drvPath"), "-go-modules.drv")
		assert.Contains(t, evaluates(t, w, dir, "allowed."+attr+".drvPath"), "-ollama-0.32.9.drv")
	}
}

// tryEval catches what nixpkgs throws, and the message is gone.
func TestTryEvalSwallowsTheMessage(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs@", `{
    unfree = toString (builtins.tryEval pkgs.ollama-cuda.drvPath).success;
    option = toString (builtins.tryEval (lib.nixosSystem { inherit system; modules = [ { services.olama.enable = true;
      } ]; }).config.system.stateVersion).success;
  }`)
	for _, attr := range []string{"unfree", "option"} {
		out, said, err := w.TryNix(dir, "eval", "--raw", "path:"+dir+"#"+attr)
		require.NoError(t, err, said)
		assert.Empty(t, out)
		assert.NotContains(t, said, "ollama")
	}
}

func TestModulesRefuseWhatNoOptionTakes(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs@", `{
    misspelled = lib.nixosSystem { inherit system;
      modules = [ ({ lib, ... }: { services.ollama = lib.mkIf false { enabel = true; }; }) ]; };
    unknown = lib.nixosSystem { inherit system; modules = [ { services.olama.enable = true; } ]; };
    type = lib.nixosSystem { inherit system; modules = [ { services.ollama.enable = "yes"; } ]; };
    home = home-manager.lib.homeManagerConfiguration { inherit pkgs; modules = [ { home.package = [ ]; } ]; };
    mac = nix-darwin.lib.darwinSystem { system = "aarch64-darwin"; modules = [ { homebru.enable = true; } ]; };
    right = lib.nixosSystem { inherit system; modules = [ { services.ollama.enable = true;
      hardware.graphics.enable = true; } ]; };
  }`)
	for attr, sentence := range map[string]string{
		"misspelled.config.system.stateVersion": "The option `services.ollama.enabel' does not exist. Definition " +
			"values:", "misspelled.pkgs.ollama.version": "The option `services.ollama.enabel' does not exist.",
		"unknown.config.system.stateVersion": "The option `services.olama' does not exist.",
		"type.config.services.ollama.enable": "A definition for option `services.ollama.enable' is not of type " +
			"`boolean'.", "home.config.home.username": "The option `home.package' does not exist.",
		"mac.config.system.stateVersion": "The option `homebru' does not exist.",
	} {
		assert.Contains(t, refuses(t, w, dir, attr), sentence)
	}
	assert.Equal(t, "25.11", evaluates(t, w, dir, "type.config.system.stateVersion"),
		"types are looked at where the value is used")
	assert.Equal(t, "0.32.9", evaluates(t, w, dir, "right.config.services.ollama.package.version"))
}

func TestFailedAssertionsFailTheSystem(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs@", `{
    machine = lib.nixosSystem { inherit system; modules = [ { networking.hostName = "box"; } ]; };
    gone = lib.nixosSystem { inherit system;
      modules = [ { boot.isContainer = true; services.ollama.acceleration = "cuda"; } ]; };
    own = lib.nixosSystem { inherit system;
      modules = [ { boot.isContainer = true; assertions = [ { assertion = false; message = "no"; } ]; } ]; };
    right = lib.nixosSystem { inherit system; modules = [ { boot.isContainer = true; } ]; };
    home = home-manager.lib.homeManagerConfiguration { inherit pkgs;
      modules = [ { assertions = [ { assertion = false; message = "not at home"; } ]; } ]; };
  }`)
	for attr, sentence := range map[string]string{
		"machine.config.system.build.toplevel": "- The ‘fileSystems’ option does not specify your root file system.",
		"gone.config.system.build.toplevel":    "The option definition `services.ollama.acceleration'",
		"own.config.system.build.toplevel":     "Failed assertions:\n       - no",
		"home.activationPackage":               "- not at home",
	} {
		assert.Contains(t, refuses(t, w, dir, attr+".drvPath"), sentence)
	}
	assert.Equal(t, "box", evaluates(t, w, dir, "machine.config.networking.hostName"))
	assert.Equal(t, "0.32.9", evaluates(t, w, dir, "machine.config.services.ollama.package.version"),
		"there although the service is off")
	assert.Contains(t, evaluates(t, w, dir, "right.config.system.build.toplevel.drvPath"),
		"-nixos-system-nixos-25.11.drv")
}

func TestDarwinReleaseCheck(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs-old@",
		`{ mac = nix-darwin.lib.darwinSystem { system = "aarch64-darwin"; modules = [ ]; }; }`)
	said := refuses(t, w, dir, "mac.pkgs.ollama.version")
	assert.Contains(t, said, "nix-darwin now uses release branches that correspond to Nixpkgs releases.")
	assert.Contains(t, said, "nix-darwin 25.11 with Nixpkgs 24.05")
}

func TestNixpkgsRefusesAnOldNix(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "github:NixOS/nixpkgs/nix-99", `{ inherit (pkgs.ollama) version; }`)
	said := refuses(t, w, dir, "version")
	assert.Contains(t, said, "This version of Nixpkgs requires an implementation of Nix with the following features:")
	assert.Contains(t, said, "reports at least 99.0")
}

// What changes the source also runs where the modules are fetched.
func TestModulesRunThePhasesOfThePackage(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "@nixpkgs@", `let own = args: pkgs.buildGoModule ({
      pname = "own";
      version = "1";
      src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.9"; hash = "@src:0.32.9@"; };
      vendorHash = "@vendor-plain:0.32.9@";
    } // args); in {
    postPatch = own { postPatch = "echo postPatch ran; exit 7"; };
    preBuild = own { preBuild = "echo preBuild ran; exit 7"; };
    patches = own { patches = [ (builtins.toFile "wrong.patch" "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n") ]; };
    overridden = own { preBuild = "exit 7"; overrideModAttrs = _: { preBuild = ""; }; };
  }`)
	for attr, sentence := range map[string]string{
		"postPatch": "postPatch ran", "preBuild": "preBuild ran",
		"patches": "wrong.patch",
	} {
		_, said, err := w.TryNix(dir, "build", "-L", "--no-link", "path:"+dir+"#"+attr+".goModules")
		require.Error(t, err, attr)
		assert.Contains(t, said, sentence)
	}
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#overridden.goModules")
}

func TestGoTooOldFailsInTheModules(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "github:NixOS/nixpkgs/go-1.25", `{
    old = pkgs.ollama.overrideAttrs { version = "0.13.5"; postPatch = "";
      src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.13.5"; hash = "@src:0.13.5@"; };
      vendorHash = "@vendor:0.13.5@"; };
    new = pkgs.ollama;
  }`)
	assert.Equal(t, "1.25.8", evaluates(t, w, dir, "new.passthru.go.version"))
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#old.goModules")
	_, said, err := w.TryNix(dir, "build", "--no-link", "-L", "path:"+dir+"#new.goModules")
	require.Error(t, err)
	assert.Contains(t, said, "go: go.mod requires go >= 1.26.0 (running go 1.25.8; GOTOOLCHAIN=local)")
}

func TestCompanionOfTheFinalAttributes(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	const override = `pkgs.ollama.overrideAttrs (final: old: {
    passthru = old.passthru // {
      llamaCppVersion = "@llama-tag:0.32.15@";
      llamaCppSrc = old.passthru.llamaCppSrc.override { tag = final.passthru.llamaCppVersion;
        hash = "@llama:0.32.15@"; };
    };
  })`
	got := evalFlake(t, w, "@nixpkgs@", `let p = `+override+`; in {
    tag = p.passthru.llamaCppSrc.tag;
    used = lib.hasInfix "${p.passthru.llamaCppSrc}" p.goModules.postPatch;
    inherited = pkgs.ollama.llamaCppVersion;
  }`)
	assert.Equal(t, map[string]any{
		"tag": w.Hash("llama-tag", "0.32.15"), "used": true,
		"inherited": w.Hash("llama-tag", "0.32.9"),
	}, got)
	old := evalFlake(t, w, "github:NixOS/nixpkgs/ollama-0.31.1",
		`{ version = pkgs.ollama.version; has = pkgs.ollama.passthru ? llamaCppSrc; }`)
	assert.Equal(t, map[string]any{"version": "0.31.1", "has": false}, old)
}

func TestPatchDoesNotFitAnOlderCompanion(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := outputs(t, w, "github:NixOS/nixpkgs/ollama-0.31.1", `{ p = pkgs.ollama.overrideAttrs (old: {
    version = "0.32.15";
    src = old.src.override { tag = "v0.32.15"; hash = "@src:0.32.15@"; };
    vendorHash = "@vendor:0.32.15@";
  }); }`)
	_, said, err := w.TryNix(dir, "build", "--no-link", "-L", "path:"+dir+"#p.goModules")
	require.Error(t, err)
	assert.Contains(t, said, "patch does not apply")
}

func TestFetchersOfTheFinalAttributes(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	const body = `let
      changed = pkgs.ollama.src.overrideAttrs { tag = "v0.32.15"; outputHash = "@src:0.32.15@"; };
      replaced = pkgs.ollama.src.override { tag = "v0.32.15"; rev = null; hash = "@src:0.32.15@"; };
    in {
      changed = { url = builtins.head changed.urls; hash = changed.outputHash; };
      replaced = { url = builtins.head replaced.urls; hash = replaced.outputHash; };
    }`
	newURL := "https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"
	moved := map[string]any{"url": newURL, "hash": w.Hash("src", "0.32.15")}
	assert.Equal(t, map[string]any{"changed": moved, "replaced": moved}, evalFlake(t, w, "@nixpkgs@", body))
	old := evalFlake(t, w, "@nixpkgs-old@", body)
	assert.Equal(t, moved, old["replaced"])
	assert.Equal(t, map[string]any{
		"url":  "https://github.com/ollama/ollama/archive/v0.11.4.tar.gz",
		"hash": w.Hash("src", "0.32.15"),
	}, old["changed"],
		"before 2026 only the hash changes")
	dir := outputs(t, w, "@nixpkgs@", `{ p = pkgs.ollama.src.override { rev = "v0.32.15"; }; }`)
	assert.Contains(t, refuses(t, w, dir, "p.drvPath"),
		"fetchFromGitHub requires one of either `rev` or `tag` to be provided (not both).")
}

// Two variants are two packages of one name.
func TestVariantsShareTheirName(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	got := evalFlake(t, w, "@nixpkgs@", `let host = lib.nixosSystem { system = "@system@"; modules = [ ({ pkgs, ... }: {
      nixpkgs.config.allowUnfree = true;
      environment.systemPackages = [ pkgs.ollama pkgs.ollama-cuda ];
    }) ]; };
    list = host.config.environment.systemPackages; in { names = map (p: p.name) list;
      same = lib.length (lib.unique (map (p: p.drvPath) list)) == 1; }`)
	assert.Equal(t, map[string]any{"names": []any{"ollama-0.32.9", "ollama-0.32.9"}, "same": false}, got)
}

func TestBaseVersionsOfTheBranches(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	for branch, version := range map[string]string{
		"ollama-0.13.5": "0.13.5", "ollama-0.31.1": "0.31.1", "ollama-0.32.15": "0.32.15",
		"ollama-0.33.2": "0.33.2",
	} {
		dir := outputs(t, w, "github:NixOS/nixpkgs/"+branch, `{ inherit (pkgs) ollama; }`)
		assert.Equal(t, version, evaluates(t, w, dir, "ollama.version"))
		w.Nix(dir, "build", "--no-link", "path:"+dir+"#ollama.goModules")
	}
}

// A package says where it is described: in nixpkgs, as long as nobody describes it anew.
func TestPackagesSayWhereTheyAreDescribed(t *testing.T) {
	w := bumptest.New(t)
	got := evalFlake(t, w, "@nixpkgs@", `
		let at = p: builtins.substring (builtins.stringLength "${nixpkgs}") 40 p.meta.position; in {
			plain = at pkgs.ollama;
			overridden = at (pkgs.ollama.overrideAttrs { `+theNew+` });
			meta = at (pkgs.ollama.overrideAttrs (old: { meta = old.meta // { priority = 3; }; }));
			own = builtins.match ".*-source/flake.nix:[0-9]+" (pkgs.stdenv.mkDerivation { pname = "x"; version = "1";
			  }).meta.position != null;
		}`)
	require.Equal(t, true, got["own"])
	require.Regexp(t, `^/pkgs/ollama/default\.nix:[0-9]+$`, got["plain"])
	require.Equal(t, got["plain"], got["overridden"])
	require.Equal(t, got["plain"], got["meta"])
}
