package bump_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// A pinOf is one way to pin a release, in the set of the packages.
func pinOf(name, version string) string {
	return strings.NewReplacer("NAME", name, "VERSION", version).Replace(`
      NAME = pkgs.ollama.overrideAttrs (old: rec {
        version = "VERSION";
        src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:VERSION@"; };
        vendorHash = "@vendor:VERSION@";
      });`)
}

// ownBuild pins a release by a build of the flake's own, which nixpkgs does not have under its name.
const ownBuild = `
      own = pkgs.buildGoModule rec {
        pname = "our-ollama";
        version = "0.32.13";
        src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:0.32.13@"; };
        vendorHash = "@vendor-plain:0.32.13@";
      };`

// prebuilt pins the file of a release.
const prebuilt = `
      ollama = pkgs.stdenv.mkDerivation rec {
        pname = "ollama";
        version = "0.32.13";
        src = pkgs.fetchurl {
          url = "https://github.com/ollama/ollama/releases/download/v${version}/ollama-linux-amd64.tar.zst";
          hash = "@asset:0.32.13:ollama-linux-amd64.tar.zst@";
        };
      };`

// The state of each pin is told as it was before the run, in JSON and in the report: of one pin, and of several.
func TestStatesOfPins(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	w.Nix("", "eval", "--expr", "1") // makes the store
	const needed = `{"attr":"packages.x86_64-linux.b","base_version":"0.32.9","pin_state":"needed"}`
	for _, tt := range []struct {
		name, branch, pins, want, warning string
	}{
		{"needed", "nixos-unstable", pinOf("b", "0.32.13"), `"base_version":"0.32.9","pin_state":"needed"`, ""},
		{
			"as new as what is pinned, which is to move", "nixos-unstable", pinOf("b", "0.32.9"),
			`"base_version":"0.32.9","pin_state":"needed"`, "",
		},
		{
			"holding back", "nixos-unstable", pinOf("a", "0.32.5"),
			`"base_version":"0.32.9","pin_state":"holding-back"`,
			"nixpkgs has ollama 0.32.9, which is newer than the pinned 0.32.5",
		},
		{
			"caught up comes before holding back", "ollama-0.32.15", pinOf("b", "0.32.13"),
			`"base_version":"0.32.15","pin_state":"caught-up"`, "nixpkgs has ollama 0.32.15, which is as new",
		},
		{
			"caught up, and kept by a comment", "ollama-0.32.15",
			"\n      # ollama-bump: hold <0.32.15" + pinOf("b", "0.32.13"),
			`"base_version":"0.32.15","pin_state":"caught-up"`, "",
		},
		{
			"a recipe of the flake's own under the name of nixpkgs'", "nixos-unstable",
			strings.Replace(ownBuild, "our-ollama", "ollama", 1), `"base_version":"0.32.9","pin_state":"needed"`, "",
		},
		{"a release's binaries", "nixos-unstable", prebuilt, `"pin_state":"unknown"`, ""},
		{"not in nixpkgs", "nixos-unstable", ownBuild, `"pin_state":"unknown"`, ""},
		{
			"several", "nixos-unstable", pinOf("a", "0.32.5") + pinOf("b", "0.32.13") + ownBuild,
			`"base_version":"0.32.9","pin_state":"holding-back","pins":[` +
				`{"attr":"packages.x86_64-linux.a","base_version":"0.32.9","pin_state":"holding-back"},` + needed +
				`,{"attr":"packages.x86_64-linux.own","pin_state":"unknown"}]`,
			"nixpkgs has ollama 0.32.9, which is newer than the pinned 0.32.5",
		},
		{
			"several, the first of which nixpkgs does not have", "nixos-unstable", ownBuild + pinOf("b", "0.32.13"),
			`"pin_state":"unknown","pins":[{"attr":"packages.x86_64-linux.own","pin_state":"unknown"},` + needed + `]`,
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := w.Flake(map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/` + tt.branch + `";
  outputs = { self, nixpkgs }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
    packages.x86_64-linux = {` + tt.pins + `
    };
  };
}
`})
			o := options(t, w, dir, bump.DryRun)
			o.Brief = true
			res, err := runIn(w, o)
			require.NoError(t, err)
			text, err := json.Marshal(res)
			require.NoError(t, err)
			_, said, _ := strings.Cut(string(text), `"new_version":"`)
			_, said, ok := strings.Cut(said, `",`)
			require.True(t, ok, "%s", text)
			said, _, _ = strings.Cut(said, `,"files":`)
			assert.Equal(t, tt.want, said)
			warnings := strings.Join(res.Warnings, "\n")
			if tt.warning == "" {
				assert.NotContains(t, warnings, "nixpkgs has ollama")
				assert.NotContains(t, res.Body, "can be removed")
				assert.Equal(t, strings.Contains(tt.pins, "hold"),
					strings.Contains(res.Body, "0.32.15, which a comment rules out: the pin stays"))
				return
			}
			assert.Contains(t, warnings, tt.warning)
			assert.Contains(t, res.Body, strings.Split(tt.want, `"`)[3], "the base is in the report")
		})
	}
}
