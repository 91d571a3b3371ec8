package pin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSameLiteralsAreOnePin counts the pins of a flake: two calls of the same literals are one.
func TestSameLiteralsAreOnePin(t *testing.T) {
	const git = `src = builtins.fetchGit { url = "https://github.com/ollama/ollama"; ref = "refs/tags/v0.32.13"; };`
	for _, tt := range []struct {
		name, body string
		pins       [][]string // by their names
	}{
		{
			"a version, and no hash",
			`let attrs = { version = "0.32.13"; ` + git + ` }; in {
				a = pkgs.ollama.overrideAttrs attrs; b = pkgs.ollama-cuda.overrideAttrs attrs; }`,
			[][]string{{"a", "ollama", "b", "ollama-cuda"}},
		},
		{
			"two versions, and no hash",
			`{ a = pkgs.ollama.overrideAttrs { version = "0.32.13"; ` + git + ` };
				b = pkgs.ollama-cuda.overrideAttrs { version = "0.32.13"; ` + git + ` }; }`,
			[][]string{{"a", "ollama"}, {"b", "ollama-cuda"}},
		},
		{
			"an input that follows a branch",
			`{ a = pkgs.ollama.overrideAttrs { version = "git"; src = main; };
				b = pkgs.ollama-cuda.overrideAttrs { version = "git"; src = main; }; }`,
			[][]string{{"a", "ollama"}, {"b", "ollama-cuda"}},
		},
		{
			"an input that follows a branch, on several systems",
			`let name = if pkgs.stdenv.isDarwin then "a" else "b"; in {
				a = pkgs.ollama.overrideAttrs { version = "git"; src = main; inherit name; }; }`,
			[][]string{{"a", "ollama"}},
		},
		{
			"another version on another system",
			`{ a = pkgs.ollama.overrideAttrs { version = if pkgs.stdenv.isDarwin then "0.32.14" else "0.32.13";
				src = builtins.fetchGit { url = "https://github.com/ollama/ollama";
					ref = if pkgs.stdenv.isDarwin then "v0.32.14" else "v0.32.13"; }; }; }`,
			[][]string{{"a", "ollama"}, {"a", "ollama"}},
		},
		{
			"another version on another system, without a hash of the modules",
			`{ a = pkgs.ollama.overrideAttrs (old: { version = if pkgs.stdenv.isDarwin then "0.32.14" else "0.32.13";
				src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; hash = "";
					tag = if pkgs.stdenv.isDarwin then "v0.32.14" else "v0.32.13"; }; }); }`,
			[][]string{{"a", "ollama"}, {"a", "ollama"}},
		},
		{
			"a placeholder for another argument",
			`{ a = pkgs.callPackage ({ cuda ? false, ollama }: ollama.overrideAttrs {
				version = "0.32.13"; src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13";
					hash = if cuda then pkgs.lib.fakeHash else "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="; };
				}) { }; }`,
			[][]string{{"a", "ollama"}},
		},
		{
			"a release's file for another argument, with a placeholder",
			`{ a = pkgs.callPackage ({ cuda ? false, ollama }: ollama.overrideAttrs rec {
				version = "0.32.13"; src = pkgs.fetchurl {
					url = "https://github.com/ollama/ollama/releases/download/v${version}/${if cuda then "c" else "d"}";
					hash = if cuda then pkgs.lib.fakeHash else "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="; };
				}) { }; }`,
			[][]string{{"a", "ollama"}, {"a", "ollama"}},
		},
		{
			"an input of a version",
			`let attrs = { src = tagged; version = "git"; }; in {
				a = pkgs.ollama.overrideAttrs attrs; b = pkgs.ollama-cuda.overrideAttrs attrs; }`,
			[][]string{{"a", "ollama", "b", "ollama-cuda"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{
	inputs = { main.url = "github:ollama/ollama"; tagged.url = "github:ollama/ollama/v0.32.13"; };
	outputs = { nixpkgs, main, tagged, ... }: let pkgs = nixpkgs; in { packages.x = `+tt.body+`; };
}`)
			require.NoError(t, err)
			var names [][]string
			for _, p := range f.Pins {
				names = append(names, p.Names)
			}
			for i := range names {
				for j := range names[i] {
					if names[i][j] == "x" || names[i][j] == "packages" || names[i][j] == "outputs" {
						names[i][j] = ""
					}
				}
				names[i] = Union(names[i])
			}
			assert.Equal(t, tt.pins, names)
		})
	}
}

// TestSharedLiterals refuses what shares a literal with something whose hash would no longer match.
func TestSharedLiterals(t *testing.T) {
	const hash = `"sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="`
	find := func(other string) (*Found, error) {
		return findIn(t.Context(), t, `{
outputs = { nixpkgs, x, ... }: let pkgs = nixpkgs; v = "0.32.13"; b = "b10488"; h = `+hash+`; in {
	other = `+other+`;
	packages.x.default = pkgs.ollama.overrideAttrs (old: { version = v; vendorHash = h;
		src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${v}"; hash = ""; };
		passthru = old.passthru // { llamaCppSrc = old.passthru.llamaCppSrc.override { tag = b; hash = ""; }; }; });
}; }`)
	}
	for _, fetch := range []string{
		`pkgs.fetchurl { url = "https://example.org/${v}"; md5 = "d41d8cd98f00b204e9800998ecf8427e"; }`,
		`pkgs.fetchurl { url = "https://example.org/${v}"; hash = "sha256-${x}"; }`,
	} {
		_, err := find(fetch)
		require.ErrorContains(t, err, "the version 0.32.13 shares a literal with https://example.org/0.32.13", fetch)
	}
	for _, fetch := range []string{
		`pkgs.fetchurl { url = f [ "https://example.org/" v ]; hash = "sha256-${x}"; }`,
		`pkgs.fetchurl { url = f { inherit v; }; hash = "sha256-${x}"; }`,
		`pkgs.fetchurl { url = f (g + v); hash = "sha256-${x}"; }`,
		`let again = { inherit v; next = again; }; in pkgs.fetchurl { url = f again; hash = "sha256-${x}"; }`,
		`let again = [ v again ]; in pkgs.fetchurl { url = f again; hash = "sha256-${x}"; }`,
	} {
		_, err := find(fetch)
		require.ErrorContains(t, err, "the version 0.32.13 shares a literal with the result of fetchurl", fetch)
	}
	_, err := find(`pkgs.fetchurl { url = "https://example.org"; hash = if x then h else "sha256-y"; }`)
	require.ErrorContains(t, err, "shares a literal with a hash of https://example.org")
	f, err := find(`pkgs.fetchurl { url = "https://example.org/${b}"; hash = "sha256-${x}"; }`)
	require.NoError(t, err)
	require.Len(t, f.Pins, 1)
	require.Len(t, f.Pins[0].Companions, 1)
	assert.Contains(t, f.Pins[0].Companions[0].Skip, "its tag is that of https://example.org/b10488, too")
	f, err = find(`pkgs.fetchurl { url = "https://example.org"; hash = "sha256-${x}"; }`)
	require.NoError(t, err)
	assert.Empty(t, f.Pins[0].Companions[0].Skip)
	f, err = find(`pkgs.fetchurl { url = "https://example.org"; hash = "sha256-${x}";
		nativeBuildInputs = [ (pkgs.stdenv.mkDerivation { pname = "tool"; version = v; }) ]; }`)
	require.NoError(t, err, "what another derivation is made of is that one's")
	assert.Len(t, f.Pins, 1)
}

// TestSharedFetch refuses a placeholder that stands in one fetch which two packages call.
func TestSharedFetch(t *testing.T) {
	for _, hash := range []string{`""`, `lib.fakeHash`, `null`} {
		_, err := findIn(t.Context(), t, `{
outputs = { nixpkgs, ... }: let
	pkgs = nixpkgs;
	inherit (pkgs) lib;
	get = owner: repo: tag: pkgs.fetchFromGitHub { inherit owner repo tag; hash = `+hash+`; };
in {
	packages.x.other = pkgs.stdenv.mkDerivation { pname = "other"; version = "1"; src = get "someone" "other" "v1"; };
	packages.x.default = pkgs.ollama.overrideAttrs {
		version = "0.32.13"; src = get "ollama" "ollama" "v0.32.13"; vendorHash = null;
	};
}; }`)
		require.ErrorContains(t, err, "the src hash shares a literal with a hash of someone/other", hash)
	}
}

// TestArgumentsThatNobodyGives finds no pin that only an argument shows which the flake does not give.
func TestArgumentsThatNobodyGives(t *testing.T) {
	_, err := findIn(t.Context(), t, `{
outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = pkgs.callPackage ({ own ? false, ollama, hello }: if own then ollama.overrideAttrs {
		version = "0.32.13"; src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13";
			hash = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="; };
		} else hello) { };
}; }`)
	require.ErrorContains(t, err, "find pin: ")
}
