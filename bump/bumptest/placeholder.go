package bumptest

import (
	"errors"
	"regexp"
	"runtime"
	"strings"
)

// placeholders stand in files for values of the stand-in upstream:
//
//	@src:0.32.13@             hash of the source, SRI
//	@src:0.32.13:base32@      the same as base32; hex and base64 too
//	@asset:0.32.13:NAME@      flat hash of a release's file
//	@hash src 0.32.13@        the first one, spelled with blanks
//	@nixpkgs@                 URL of the stand-in nixpkgs as a flake input
//	@system@                  this machine as Nix names it: x86_64-linux
//
// World.Hash lists the kinds.
var placeholders = regexp.MustCompile(`@(?:hash )?([a-z][a-z-]*)[: ]([^@\s:"]+)((?:[: ][^@\s:"]+)*)@`)

// urls are what the placeholders without a version stand for.
var urls = strings.NewReplacer(
	"@nixpkgs@", "github:NixOS/nixpkgs/nixos-unstable",
	"@nixpkgs-old@", "github:NixOS/nixpkgs/nixos-24.05",
	"@home-manager@", "github:nix-community/home-manager",
	"@nix-darwin@", "github:nix-darwin/nix-darwin",
	"@flake-utils@", "github:numtide/flake-utils",
	"@flake-parts@", "github:hercules-ci/flake-parts",
	"@system@", System(),
)

// System is this machine as Nix names it: x86_64-linux, say. Only its packages can be built here.
func System() string {
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	return machine + "-" + runtime.GOOS
}

// expand replaces the placeholders in text.
func (h *hasher) expand(text string) (string, error) {
	var failed error
	text = placeholders.ReplaceAllStringFunc(urls.Replace(text), func(whole string) string {
		part := placeholders.FindStringSubmatch(whole)
		if !isKind[part[1]] {
			return whole
		}
		rest := strings.FieldsFunc(part[3], func(c rune) bool { return c == ':' || c == ' ' })
		name, encoding := "", ""
		for _, word := range rest {
			if _, ok := encodings[word]; ok {
				encoding = word
			} else {
				name = word
			}
		}
		value, err := h.hash(part[1], part[2], name, encoding)
		failed = errors.Join(failed, err)
		return value
	})
	return text, failed
}

// isKind has the kinds of World.Hash.
var isKind = map[string]bool{
	"src": true, "src-flat": true, "vendor": true, "vendor-plain": true, "commit": true,
	"llama": true, "llama-tag": true, "llama-commit": true, "asset": true, "asset-unpacked": true,
	"tree": true, "modules": true, "revision": true,
}
