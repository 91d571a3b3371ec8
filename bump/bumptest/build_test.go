package bumptest_test

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// pinned is a flake whose package p is an expression; pkgs is in scope.
func pinned(p string) map[string]string {
	return map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.@system@; in {
    p = ` + p + `;
  };
}
`}
}

func TestFakeHashesAreReportedAsNixDoes(t *testing.T) {
	w := bumptest.New(t)
	const fake = "sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	dir := w.Flake(pinned(`pkgs.ollama.overrideAttrs (old: {
      version = "0.32.15";
      src = old.src.override { tag = "v0.32.15"; hash = "@src:0.32.15@"; };
      vendorHash = "` + fake + `";
    })`))
	_, said, err := w.TryNix(dir, "build", "--no-link", "path:"+dir+"#p.goModules")
	require.Error(t, err)
	require.Contains(t, said, "error: hash mismatch in fixed-output derivation '")
	require.Contains(t, said, "specified: "+fake)
	require.Contains(t, said, "got:    "+w.Hash("vendor", "0.32.15"))
	require.Equal(t, 1, w.Downloads("/v0.32.15.tar.gz"))
}

func TestBothKindsOfModulesBuild(t *testing.T) {
	w := bumptest.New(t)
	require.NotEqual(t, w.Hash("vendor", "0.32.13"), w.Hash("vendor-plain", "0.32.13"))
	require.Equal(t, w.Hash("vendor", "0.32.13"), w.Hash("vendor", "0.32.14"), "neighbours with the same modules")
	require.NotEqual(t, w.Hash("vendor", "0.32.14"), w.Hash("vendor", "0.32.15"))
	dir := w.Flake(pinned(`pkgs.buildGoModule rec {
      pname = "ollama";
      version = "0.32.13";
      src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; rev = "v${version}";
        sha256 = "@src:0.32.13:base32@"; };
      vendorHash = "@vendor-plain:0.32.13@";
      ldflags = [ "-s" "-w" "-X=github.com/ollama/ollama/version.Version=${version}" ];
    }`))
	w.Nix(dir, "build", "--out-link", dir+"/result", "path:"+dir+"#p")
	out, err := exec.Command(dir+"/result/bin/ollama", "--version").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "client version is 0.32.13\n")
}

func TestPackageOfNixpkgsBuilds(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(pinned("pkgs.ollama"))
	w.Nix(dir, "build", "--out-link", dir+"/result", "path:"+dir+"#p")
	out, err := exec.Command(dir+"/result/bin/ollama", "--version").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "client version is 0.32.9\n")
}

func TestStagingHelperMovedIn033(t *testing.T) {
	w := bumptest.New(t, bumptest.Newest("0.33.2"))
	dir := w.Flake(pinned(`pkgs.ollama.overrideAttrs (old: {
      version = "0.33.2";
      src = old.src.override { tag = "v0.33.2"; hash = "@src:0.33.2@"; };
      vendorHash = "@vendor:0.33.2@";
    })`))
	_, said, err := w.TryNix(dir, "build", "-L", "--no-link", "path:"+dir+"#p.goModules")
	require.Error(t, err)
	require.Contains(t, said, "CMake Error: Error processing file: ")
	require.Contains(t, said, "source/llama/compat/apply-patch.cmake")
}

func TestGraphicsToolkitIsNeverBuiltUnnoticed(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(pinned(`(import nixpkgs { system = "@system@"; config.allowUnfree = true; }).ollama-cuda`))
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#p.src", "path:"+dir+"#p.goModules")
	_, said, err := w.TryNix(dir, "build", "--no-link", "-L", "path:"+dir+"#p")
	require.Error(t, err)
	require.Contains(t, said, "takes hours")
}

func TestEveryWayToFetchHasItsHash(t *testing.T) {
	w := bumptest.New(t)
	const download = "https://github.com/ollama/ollama/releases/download"
	fetches := map[string]string{
		"release file": `pkgs.fetchurl { url = "` + download + `/v0.32.15/ollama-linux-amd64.tar.zst"; ` +
			`hash = "@asset:0.32.15:ollama-linux-amd64.tar.zst@"; }`,
		"old release file": `pkgs.fetchurl { url = "` + download + `/v0.12.6/ollama-linux-amd64.tgz"; ` +
			`sha256 = "@asset:0.12.6:ollama-linux-amd64.tgz:base32@"; }`,
		"unpacked": `pkgs.fetchzip { url = "` + download + `/v0.12.6/ollama-linux-amd64.tgz"; ` +
			`stripRoot = false; hash = "@asset-unpacked:0.12.6:ollama-linux-amd64.tgz@"; }`,
		"one folder": `pkgs.fetchzip { url = "https://github.com/ollama/ollama/archive/v0.32.15.tar.gz"; ` +
			`hash = "@src:0.32.15@"; }`,
		"archive": `pkgs.fetchurl { url = "https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"; ` +
			`hash = "@src-flat:0.32.15@"; }`,
		"hex": `pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; rev = "refs/tags/v0.32.15"; ` +
			`sha256 = "@src:0.32.15:hex@"; }`,
		"commit": `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; ` +
			`rev = "@llama-commit:0.32.15@"; hash = "@llama:0.32.15@"; }`,
		"git": `pkgs.fetchgit { url = "https://github.com/ollama/ollama.git"; rev = "@commit:0.32.15@"; ` +
			`hash = "@src:0.32.15@"; }`,
		"git and tag": `pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.15"; ` +
			`forceFetchGit = true; hash = "@hash src 0.32.15@"; }`,
		"Nix, flat": `pkgs.runCommand "x" { src = builtins.fetchurl { url = ` +
			`"https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"; sha256 = "@src-flat:0.32.15@"; }; ` +
			`} "cp $src $out"`,
		"Nix, unpacked": `pkgs.runCommand "x" { src = builtins.fetchTarball { url = ` +
			`"https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"; sha256 = "@src:0.32.15@"; }; ` +
			`} "cp -r $src $out"`,
		"Nix and git": `pkgs.runCommand "x" { src = builtins.fetchGit { url = "https://github.com/ollama/ollama"; ` +
			`ref = "refs/tags/v0.32.15"; rev = "@commit:0.32.15@"; }; } "cp -r $src $out"`,
		"sibling":   `pkgs.llama-swap`,
		"llama.cpp": `pkgs.llama-cpp`,
	}
	var body strings.Builder
	for name, fetch := range fetches {
		fmt.Fprintf(&body, "%q = %s;\n", name, fetch)
	}
	dir := w.Flake(pinned("{ " + body.String() + " }"))
	for name := range fetches {
		_, said, err := w.TryNix(dir, "build", "-L", "--no-link", "path:"+dir+"#p."+strconv.Quote(name))
		require.NoError(t, err, "%s: %s", name, said)
	}
	require.Empty(t, w.Refused())
}

func TestFlakeInputsAreLockedAsOnGitHub(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "nixpkgs/nixos-25.11";
  inputs.ollama-src = { url = "github:ollama/ollama/v0.32.13"; flake = false; };
  inputs.by-git = { url = "git+https://github.com/ollama/ollama?ref=refs/tags/v0.32.14"; flake = false; };
  outputs = { self, ... }@inputs: { };
}
`})
	lock := w.Git(dir, "show", "HEAD:flake.lock")
	require.Contains(t, lock, `"rev": "`+w.Hash("commit", "0.32.13")+`"`)
	require.Contains(t, lock, `"narHash": "`+w.Hash("src", "0.32.13")+`"`)
	require.Contains(t, lock, `"rev": "`+w.Hash("commit", "0.32.14")+`"`)
	require.Contains(t, lock, `"narHash": "`+w.Hash("src", "0.32.14")+`"`)
	require.Empty(t, strings.TrimSpace(w.Git(dir, "status", "--porcelain")))
}

func TestOldLocksAreKept(t *testing.T) {
	w := bumptest.New(t)
	const main = `{
  inputs.ollama-src = { url = "github:ollama/ollama"; flake = false; };
  outputs = { self, ollama-src }: { };
}
`
	dir := w.Flake(map[string]string{
		"flake.nix": main, "flake.lock": `{
  "nodes": {
    "ollama-src": {
      "flake": false,
      "locked": {
        "lastModified": 1767323045,
        "narHash": "@src:0.32.13@",
        "owner": "ollama",
        "repo": "ollama",
        "rev": "@commit:0.32.13@",
        "type": "github"
      },
      "original": {
        "owner": "ollama",
        "repo": "ollama",
        "type": "github"
      }
    },
    "root": {
      "inputs": {
        "ollama-src": "ollama-src"
      }
    }
  },
  "root": "root",
  "version": 7
}
`,
	})
	require.Contains(t, w.Git(dir, "show", "HEAD:flake.lock"), w.Hash("commit", "0.32.13"))
	fresh := w.Flake(map[string]string{"flake.nix": main})
	require.Contains(t, w.Git(fresh, "show", "HEAD:flake.lock"), w.Hash("revision", "ollama/ollama#main"))
}

func TestNixpkgsComesByEveryWay(t *testing.T) {
	w := bumptest.New(t)
	for _, url := range []string{
		"github:NixOS/nixpkgs", "github:NixOS/nixpkgs/nixos-25.11", "nixpkgs", "nixpkgs/nixos-25.05",
		"https://github.com/NixOS/nixpkgs/archive/nixos-unstable.tar.gz",
		"https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz",
		"https://flakehub.com/f/NixOS/nixpkgs/0.1.tar.gz",
		"git+https://github.com/NixOS/nixpkgs?ref=nixos-unstable&shallow=1",
	} {
		dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "` + url + `";
  outputs = { self, nixpkgs }: { inherit (nixpkgs.legacyPackages.@system@.ollama) version; };
}
`})
		require.Equal(t, `"0.32.9"`, strings.TrimSpace(w.Nix(dir, "eval", "path:"+dir+"#version")), url)
	}
	require.Empty(t, w.Refused())
}
