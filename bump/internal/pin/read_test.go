package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHashes reads the hashes of an override in every form in which people write them.
func TestHashes(t *testing.T) {
	const sri = "sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="
	for _, tt := range []struct {
		hash string
		had  string // of the fetch: written, blank, inherited; "" without one
		old  string // what stands there
		err  string
	}{
		{hash: `"` + sri + `"`, had: "written", old: sri},
		{hash: `"${"` + sri + `"}"`, had: "written", old: sri},
		{hash: `"" + "` + sri + `"`, had: "written", old: sri},
		{hash: `"sha256-" + "x"`, err: "is not a literal"},
		{hash: `"sha256-${x}"`, err: "is not a literal"},
		{hash: `""`, had: "blank"},
		{hash: `lib.fakeHash`, had: "blank", old: "fakeHash"},
		{hash: `lib.fakeSha256`, had: "blank", old: "fakeSha256"},
		{hash: `lib.fakeThing`, err: "is not a literal: fakeThing"},
		{hash: `lib.fakeHash x`, err: "is not a literal: the result of fakeHash"},
		{hash: `true`, err: "is not a literal: "},
		{hash: `if x then "` + sri + `" else "a"`, err: "is not a literal: several values are possible"},
		{hash: `old.vendorHash`, had: "inherited", old: "old.vendorHash"},
		{hash: `old.vendorHash or null`, had: "inherited", old: "old.vendorHash or null"},
		{hash: `if x then null else old.vendorHash`, had: "inherited", old: "if x then null else old.vendorHash"},
		{hash: `if x then true else old.vendorHash`, err: "is not a literal: several values are possible"},
		{hash: `if x then { } else old.vendorHash`, err: "is not a literal: several values are possible"},
		{hash: `pkgs.other.vendorHash or null`, err: "is not a literal"},
		{hash: `null`},
	} {
		t.Run(tt.hash, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{
outputs = { nixpkgs, x, ... }: let pkgs = nixpkgs; inherit (pkgs) lib; in {
	packages.x.default = pkgs.ollama.overrideAttrs (old: { version = "0.32.13"; vendorHash = `+tt.hash+`;
		src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; hash = ""; }; });
}; }`)
			if tt.err != "" {
				require.ErrorContains(t, err, "vendorHash "+tt.err)
				return
			}
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			h := f.Pins[0].fetch(Vendor)
			if tt.had == "" {
				require.Nil(t, h)
				return
			}
			require.NotNil(t, h)
			_, written := h.Old()
			assert.Equal(t, tt.had == "written", written)
			assert.Equal(t, tt.had == "blank", h.blank())
			assert.Equal(t, tt.had == "inherited", h.Inherited())
			assert.Equal(t, tt.old, f.Slot(h.Slot).Old)
		})
	}
}

// TestOverrideOfAnOwnDefinition refuses an override of a package that the flake itself defines: it is ollama by its
// pname.
func TestOverrideOfAnOwnDefinition(t *testing.T) {
	for pname, want := range map[string]string{
		"ollama": "version 0.32.13 is set here but src is not",
		"other":  "no ollama pin",
	} {
		_, err := findIn(t.Context(), t, `{
outputs = { nixpkgs, ... }: let pkgs = nixpkgs; in {
	packages.x.default = (pkgs.buildGoModule { pname = "`+pname+`"; src = ./.; vendorHash = null; }).overrideAttrs {
		version = "0.32.13";
	};
}; }`)
		require.ErrorContains(t, err, want, pname)
	}
}

// TestVersionOfAnOverride reads where the version of an override comes from, when it is not written as one.
func TestVersionOfAnOverride(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct{ pkg, attrs, note, err string }{
		{pkg: "pkgs.ollama", attrs: `src = pkgs.fetchurl { hash = "";
			url = "https://github.com/ollama/ollama/archive/v0.32.13.tar.gz"; };`},
		{pkg: "pkgs.ollama", attrs: `src = SRC { tag = "v0.32.13"; hash = ""; };`},
		{pkg: "(f { })", attrs: `version = "0.32.13"; src = SRC { tag = "v0.32.13"; hash = ""; };`},
		{
			pkg: "pkgs.ollama", attrs: `version = old.version; src = SRC { tag = "v0.32.13"; hash = ""; };`,
			note: "is left as it is: it is not a release's",
		},
		{
			pkg: "pkgs.ollama", attrs: `version = old.version; src = SRC { rev = "` + commit + `"; hash = ""; };`,
			err: "find pin: the version is not a literal",
		},
		{
			pkg: "pkgs.ollama", attrs: `version = x; src = SRC { tag = "v0.32.13"; hash = ""; };`,
			err: "find pin: the version is not a literal",
		},
		{
			pkg: "pkgs.ollama", attrs: `src = SRC { rev = "` + commit + `"; hash = ""; };`,
			err: "the source is a commit, and nothing says which release it belongs to",
		},
		{
			pkg: "pkgs.ollama", attrs: `src = SRC { tag = "v${f x}"; hash = ""; };`,
			err: "the ref depends on f, which this flake does not define",
		},
		{
			pkg: "pkgs.ollama", attrs: `src = SRC { tag = "v${x}"; hash = ""; };`,
			err: "the ref depends on x, a parameter",
		},
		{
			pkg: "pkgs.ollama", attrs: `src = SRC { tag = "v${gone}"; hash = ""; };`,
			err: "the ref depends on gone, which this flake does not define",
		},
		{
			pkg: "pkgs.ollama", attrs: `src = SRC { tag = "v${gone x}"; hash = ""; };`,
			err: "the ref depends on gone, which this flake does not define",
		},
	} {
		t.Run(tt.pkg+" "+tt.attrs, func(t *testing.T) {
			attrs := strings.ReplaceAll(tt.attrs, "SRC {", `pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama";`)
			f, err := findIn(t.Context(), t, `{
outputs = { nixpkgs, x, f, ... }: let pkgs = nixpkgs; in {
	packages.x.default = `+tt.pkg+`.overrideAttrs (old: { vendorHash = null; `+attrs+` });
}; }`)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			assert.EqualValues(t, "0.32.13", f.Pins[0].Version)
			assert.Contains(t, strings.Join(f.Pins[0].Notes, "; "), tt.note)
		})
	}
}
