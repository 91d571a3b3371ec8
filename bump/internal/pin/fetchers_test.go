package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFetchers reads the source of an override in every form that its fetcher takes.
func TestFetchers(t *testing.T) {
	const (
		hash    = `"sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="`
		noTag   = "the source names no tag and no rev"
		inherit = "the ref is the overridden package's, not this pin's"
	)
	for _, tt := range []struct {
		src    string
		hashes int // of the source
		err    string
	}{
		{src: `builtins.fetchGit "https://github.com/ollama/ollama"`, err: noTag},
		{src: `builtins.fetchGit { url = "https://github.com/ollama/ollama"; ref = "refs/tags/v0.32.13"; }`},
		{src: `builtins.fetchTree "git+https://github.com/ollama/ollama?ref=refs/tags/v0.32.13"`, err: noTag},
		{
			src: `builtins.fetchTree { type = "git"; url = "https://github.com/ollama/ollama"; ` +
				`ref = "refs/tags/v0.32.13"; }`,
		},
		{
			src: `builtins.fetchTree { url = "git+https://github.com/ollama/ollama"; ref = "v0.32.13"; ` +
				`narHash = ` + hash + `; }`,
			hashes: 1,
		},
		{
			src: `builtins.fetchTree { type = "tarball"; url = "https://github.com/ollama/ollama"; }`,
			err: "names no release",
		},
		{
			src: `builtins.fetchTree { type = "tarball"; ` +
				`url = "https://github.com/ollama/ollama/archive/v0.32.13.zip"; narHash = ` + hash + `; }`,
			hashes: 1,
		},
		{src: `builtins.fetchTarball "https://github.com/ollama/ollama/archive/v0.32.13.tar.gz"`},
		{src: `pkgs.fetchFromGitHub "https://example.org"`, err: "no ollama pin"},
		{
			src: `pkgs.applyPatches { src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; ` +
				`tag = "v0.32.13"; hash = ""; }; }`,
			hashes: 1,
		},
		{
			src: `pkgs.fetchzip { urls = [ "https://github.com/ollama/ollama/archive/v0.32.13.zip" "a" ]; ` +
				`hash = ""; }`,
			hashes: 1,
		},
		{src: `pkgs.fetchzip { urls = [ ]; hash = ""; }`, err: "no ollama pin"},
		{src: `pkgs.fetchzip { urls = x; hash = ""; }`, err: "no ollama pin"},
		{src: `pkgs.applyPatches { patches = [ ]; }`, err: "no ollama pin"},
		{
			src: `pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = old.src.tag; hash = ""; }`,
			err: inherit,
		},
		{src: `pkgs.fetchFromGitHub { inherit (old.src) owner repo; inherit (old.src) rev; hash = ""; }`, err: inherit},
		{src: `pkgs.fetchFromGitHub { inherit (old.src) owner repo; rev = "v0.32.13"; hash = ""; }`, hashes: 1},
		{
			src: `pkgs.fetchFromGitHub { inherit (pkgs.other.src) owner repo; rev = "v0.32.13"; hash = ""; }`,
			err: "no ollama pin",
		},
		{
			src: `pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; }`,
			err: "the source has no hash",
		},
	} {
		t.Run(tt.src, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = pkgs.ollama.overrideAttrs (old: { version = "0.32.13"; src = `+tt.src+`; vendorHash = ""; });
}; }`)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			assert.EqualValues(t, "0.32.13", f.Pins[0].Version)
			assert.Len(t, f.Pins[0].Versions, 2, "the version and the ref")
			assert.Len(t, f.Pins[0].Fetches, tt.hashes+1, "with that of the modules")
		})
	}
}

// A source that is made of itself is no source, and ends nothing.
func TestSourceOfItself(t *testing.T) {
	for _, src := range []string{
		`pkgs.applyPatches { src = final.src; }`, `pkgs.srcOnly { src = pkgs.applyPatches { src = final.src; }; }`,
	} {
		_, err := findIn(t.Context(), t, `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = pkgs.stdenv.mkDerivation (final: { pname = "ollama"; version = "0.32.13"; src = `+src+`; });
}; }`)
		require.ErrorContains(t, err, "no ollama pin", src)
	}
}

// A commit that is kept beside a source stays where something else is fetched by it: with the new one the other hash
// would be wrong.
func TestRevisionOfOthers(t *testing.T) {
	const code = `{ outputs = { nixpkgs, ... }: let
	pkgs = nixpkgs;
	source = {
		revision = "0123456789012345678901234567890123456789";
		outPath = pkgs.fetchzip { url = "https://github.com/ollama/ollama/archive/v0.32.13.zip"; hash = ""; };
	};
in {
	packages.x.ollama = pkgs.ollama.overrideAttrs (old: { version = "0.32.13"; src = source; vendorHash = ""; });
	packages.x.docs = pkgs.stdenv.mkDerivation { pname = "docs"; version = "1"; src = OTHER; };
}; }`
	other := `pkgs.fetchFromGitHub { owner = "ollama"; repo = "docs"; rev = source.revision; ` +
		`hash = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="; }`
	found, err := findIn(t.Context(), t, strings.Replace(code, "OTHER", other, 1))
	require.NoError(t, err)
	require.Len(t, found.Pins, 1)
	assert.Empty(t, found.Pins[0].Revisions)
	assert.Equal(t, []string{
		"the commit at flake.nix:4:14 is that of ollama/docs, too (flake.nix:9:20), and is left as it is",
	}, found.Pins[0].Notes)

	found, err = findIn(t.Context(), t, strings.Replace(code, "OTHER", "./.", 1))
	require.NoError(t, err)
	require.Len(t, found.Pins, 1)
	assert.Len(t, found.Pins[0].Revisions, 1)
	assert.Empty(t, found.Pins[0].Notes)
}

// A program that brings a release of ollama along has a version of its own, which stays.
func TestProgramThatBringsARelease(t *testing.T) {
	const code = `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = pkgs.stdenv.mkDerivation {
		pname = "PNAME"; version = "VERSION"; dontUnpack = true;
		installPhase = "tar -xf ${pkgs.fetchurl { hash = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="; ` +
		`url = "https://github.com/ollama/ollama/releases/download/v0.32.13/ollama-linux-amd64.tgz"; }}";
	};
}; }`
	for _, tt := range []struct {
		pname, version string
		pinned         bool
	}{
		{"assistant", "0.1.0", false},
		{"assistant", "unstable", false},
		{"assistant", "0.32.13", true},
		{"ollama", "0.32.13", true},
		{"ollama", "0.32.12", true}, // half written
	} {
		flake := strings.NewReplacer("PNAME", tt.pname, "VERSION", tt.version).Replace(code)
		found, err := findIn(t.Context(), t, flake)
		if !tt.pinned {
			require.ErrorContains(t, err, "find pin: ", tt)
			continue
		}
		require.NoError(t, err, tt)
		require.Len(t, found.Pins, 1, tt)
		assert.EqualValues(t, tt.version, found.Pins[0].Version)
	}
}
