package pin

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// variants is a flake whose package takes an argument, and a source hash that the argument chooses.
func variants(formal, hash, given string) string {
	return `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = pkgs.callPackage ({ ollama, fetchFromGitHub, ` + formal + ` }: ollama.overrideAttrs (old: rec {
		version = "0.32.13"; vendorHash = null;
		src = fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = ` + hash + `; };
	})) { ` + given + ` };
}; }`
}

// sri is a hash that no other number has.
func sri(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return `"sha256-` + base64.StdEncoding.EncodeToString(sum[:]) + `"`
}

// TestVariants finds the hashes that other arguments choose: they move with the version.
func TestVariants(t *testing.T) {
	a, b, c := sri(1), sri(2), sri(3)
	for i, tt := range []struct {
		formal, hash, given string
		want                []string
	}{
		{`own ? true`, `if own then ` + a + ` else ` + b, ``, []string{a, b}},
		{`own ? false`, `if own then ` + a + ` else ` + b, ``, []string{b, a}},
		{`own`, `if own then ` + a + ` else ` + b, `own = true;`, []string{a, b}},
		{`own ? true`, `if own then ` + a + ` else ` + b, `own = false;`, []string{b, a}},
		{`gpu ? "cpu"`, `if gpu == "rocm" then ` + a + ` else ` + b, ``, []string{b, a}},
		{`gpu ? "cpu"`, `if "rocm" == gpu then ` + a + ` else ` + b, ``, []string{b, a}},
		{`gpu ? "cpu"`, `if gpu != "rocm" then ` + a + ` else ` + b, ``, []string{a, b}},
		{`gpu ? null`, `if gpu == "rocm" then ` + a + ` else ` + b, ``, []string{b, a}},
		{`gpu ? "cpu"`, `{ cpu = ` + a + `; cuda = ` + b + `; rocm = ` + c + `; }.${gpu}`, ``, []string{a, b, c}},
		{`gpu`, `{ cpu = ` + a + `; cuda = ` + b + `; }.${gpu}`, `gpu = "cuda";`, []string{b, a}},
		{`gpu ? "cpu"`, `if gpu + "rocm" == "rocmrocm" then ` + a + ` else ` + b, ``, []string{b}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			f, err := findIn(t.Context(), t, variants(tt.formal, tt.hash, tt.given))
			require.NoError(t, err)
			var hashes []string
			for _, p := range f.Pins {
				for _, h := range p.Fetches {
					hashes = append(hashes, `"`+f.Slot(h.Slot).Old+`"`)
				}
			}
			assert.Equal(t, tt.want, hashes)
		})
	}
}

// TestVariantsAreBounded tries as many variants as there may be and no more.
func TestVariantsAreBounded(t *testing.T) {
	var table strings.Builder
	for i := range maxVariants + 6 {
		fmt.Fprintf(&table, "v%d = %s; ", i, sri(i))
	}
	f, err := findIn(t.Context(), t, variants(`gpu ? "v0"`, `{ `+table.String()+`}.${gpu}`, ``))
	require.NoError(t, err)
	assert.Len(t, f.Pins, maxVariants)
}

// TestVariantsOfSeveral finds those of every package, by the overrides that are meant for it.
func TestVariantsOfSeveral(t *testing.T) {
	f, err := findIn(t.Context(), t, `{ outputs = { nixpkgs, ... }: let
	pkgs = nixpkgs;
	make = hash: pkgs.ollama.overrideAttrs { version = "0.32.13"; vendorHash = null;
		src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; inherit hash; }; };
	one = pkgs.callPackage ({ hash ? `+sri(1)+` }: make hash) { };
	two = pkgs.callPackage ({ own ? true, ollama }: make (if own then `+sri(3)+` else `+sri(4)+`)) { };
in { packages.x = { inherit one two; three = one.override { hash = `+sri(2)+`; }; }; }; }`)
	require.NoError(t, err)
	var hashes []string
	for _, p := range f.Pins {
		for _, h := range p.Fetches {
			hashes = append(hashes, `"`+f.Slot(h.Slot).Old+`"`)
		}
	}
	assert.ElementsMatch(t, []string{sri(1), sri(2), sri(3), sri(4)}, hashes)
}

// TestCallPackageWith finds what a function makes that callPackageWith calls, with other arguments, too.
func TestCallPackageWith(t *testing.T) {
	src := variants(`gpu`, `if gpu == "rocm" then `+sri(1)+` else `+sri(2), `gpu = "cuda";`)
	f, err := findIn(t.Context(), t, strings.Replace(src, "pkgs.callPackage", "pkgs.lib.callPackageWith pkgs", 1))
	require.NoError(t, err)
	assert.Len(t, f.Pins, 2)
	_, err = findIn(t.Context(), t, strings.Replace(src, "pkgs.callPackage", "pkgs.lib.somethingElse pkgs", 1))
	require.ErrorContains(t, err, "the hash of the source is not a literal")
}
