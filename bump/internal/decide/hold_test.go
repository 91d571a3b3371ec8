package decide

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/nixexpr"
)

const (
	srcOfPin = `src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; ` +
		`hash = "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="; };`
	vendorOfPin = `vendorHash = "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";`
)

// A comment holds the pin beside which it stands: on a line of its binding, its version, or the input that its source
// is, or directly above one. One that stands elsewhere holds nothing, and is told.
func TestPlacesOfHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		code  string // of flake.nix; HOLD is the comment
		toml  string // of pin.toml
		stray string // where a comment stands beside no pin
	}{
		{
			name: "above the binding", code: `{ outputs = { pkgs, ... }: {
  # HOLD
  # because
  ollama =
    pkgs.ollama.overrideAttrs (old: rec {
      version = "0.32.13"; ` + srcOfPin + vendorOfPin + ` }); }; }`,
		},
		{
			name: "behind the call", code: `{ outputs = { pkgs, ... }: {
  ollama =
    pkgs.ollama.overrideAttrs (old: rec { # HOLD
      version = "0.32.13"; ` + srcOfPin + vendorOfPin + ` }); }; }`,
		},
		{
			name: "behind a version elsewhere", code: `{ outputs = { pkgs, ... }: let
  version = "0.32.13"; # HOLD
in {
  ollama = pkgs.ollama.overrideAttrs (old: { inherit version; ` + srcOfPin + vendorOfPin + ` }); }; }`,
		},
		{
			name: "behind an input's URL", code: `{
  inputs.ollama-src = {
    url = "github:ollama/ollama/v0.32.13"; # HOLD
    flake = false; };
  outputs = { pkgs, ollama-src, ... }: {
    ollama = pkgs.ollama.overrideAttrs (old: { src = ollama-src; ` + vendorOfPin + ` }); }; }`,
		},
		{
			name: "above an input", code: `{
  # HOLD
  inputs.ollama-src = {
    flake = false;

    url = "github:ollama/ollama/v0.32.13"; };
  outputs = { pkgs, ollama-src, ... }: {
    ollama = pkgs.ollama.overrideAttrs (old: { src = ollama-src; ` + vendorOfPin + ` }); }; }`,
		},
		{
			name: "behind an input that follows a branch", code: `{
  inputs.ollama-src.url = "github:ollama/ollama"; # HOLD
  outputs = { pkgs, ollama-src, ... }: {
    ollama = pkgs.ollama.overrideAttrs (old: { src = ollama-src; version = "git"; ` + vendorOfPin + ` }); }; }`,
		},
		{
			name: "behind the commit", code: `{ outputs = { pkgs, ... }: {
  ollama = pkgs.ollama.overrideAttrs (old: {
    version = "0.32.13";
    src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama";
      rev = "0123456789abcdef0123456789abcdef01234567"; # HOLD
      hash = "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="; };
    ` + vendorOfPin + ` }); }; }`,
		},
		{
			name: "in a TOML file", code: `{ outputs = { pkgs, ... }: let
  inherit (builtins.fromTOML (builtins.readFile ./pin.toml)) version;
in {
  ollama = pkgs.ollama.overrideAttrs (old: { inherit version; ` + srcOfPin + vendorOfPin + ` }); }; }`,
			toml: "a = \"# ollama-bump: no comment\"\n\n# HOLD\nversion = \"0.32.13\"\n",
		},
		{
			name: "behind a value of a TOML file", code: `{ outputs = { pkgs, ... }: let
  inherit ((builtins.fromTOML (builtins.readFile ./pin.toml)).ollama) version;
in {
  ollama = pkgs.ollama.overrideAttrs (old: { inherit version; ` + srcOfPin + vendorOfPin + ` }); }; }`,
			toml: "[ollama]\nversion = \"0.32.13\" # HOLD\n",
		},
		{
			name: "elsewhere", code: `{
  # HOLD
  description = "machines"; # ollama-bump: hold it
  outputs = { pkgs, ... }: {

    ollama = pkgs.ollama.overrideAttrs (old: rec {
      version = "0.32.13"; ` + srcOfPin + vendorOfPin + ` }); }; }`,
			toml:  "b = 1\n# HOLD\n",
			stray: "flake.nix:2 flake.nix:3 pin.toml:2",
		},
	} {
		const words = "ollama-bump: hold <0.32.15"
		text := strings.ReplaceAll(tt.code, "HOLD", words)
		f, err := nixexpr.Parse("flake.nix", []byte(text))
		require.NoError(t, err, tt.name)
		files := &pin.Files{
			Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": f},
			Data: map[string][]byte{"pin.toml": []byte(strings.ReplaceAll(tt.toml, "HOLD", words))},
		}
		found, err := pin.Find(t.Context(), files, &pin.Ollama)
		require.NoError(t, err, tt.name)
		require.Len(t, found.Pins, 1, tt.name)
		var strays []string
		d := &decider{Job{Files: files, Found: found, Now: clock}, Tools{
			Log: func(kind diag.EventKind, format string, args ...any) {
				if said := fmt.Sprintf(format, args...); kind == diag.Warning {
					where, _, _ := strings.Cut(said, ": ")
					strays = append(strays, where)
					assert.Contains(t, said, "it stands beside no pin, so it was ignored", tt.name)
				}
			},
		}}
		sel := &Selection{}
		require.NoError(t, d.divide(sel), tt.name)
		assert.Equal(t, tt.stray, strings.Join(strays, " "), tt.name)
		hold := sel.Against(found.Pins[0], "0.32.15")
		if tt.stray != "" {
			assert.Nil(t, hold, tt.name)
			continue
		}
		require.NotNil(t, hold, tt.name)
		assert.Equal(t, "# "+words, hold.Quote, tt.name)
		assert.Nil(t, sel.Against(found.Pins[0], "0.32.14"), tt.name)
	}
}

// Comments cost what they are long, however many there are: a file of data may have megabytes of them.
func TestManyComments(t *testing.T) {
	t.Parallel()
	const n = 1_000_000
	toml := strings.Repeat("#\n", n) + "a = 1 # ollama-bump: hold\n"
	d := &decider{Job: Job{Files: &pin.Files{Data: map[string][]byte{"pin.toml": []byte(toml)}}}}
	began := time.Now()
	all := d.comments("pin.toml")
	require.Len(t, all, n+1)
	assert.Equal(t, release.Comment{Line: 2, Text: "#", Alone: true}, all[1])
	assert.Equal(t, release.Comment{Line: n + 1, Text: "# ollama-bump: hold"}, all[n])
	assert.Less(t, time.Since(began), 30*time.Second)
}
