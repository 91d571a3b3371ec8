package pin

import (
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

// TestOverrideOfAnOwnDefinition refuses an override of a package that the flake itself defines: it is ollama by its pname.
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
