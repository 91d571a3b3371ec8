package pin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// TestAddedCompanion adds llama.cpp to overrides that name what they override in different ways, or not at all.
func TestAddedCompanion(t *testing.T) {
	const (
		attrs = `version = "0.32.13"; src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; ` +
			`tag = "v0.32.13"; hash = ""; };`
		archive = `version = "0.32.13"; src = pkgs.fetchurl { hash = ""; ` +
			`url = "https://github.com/ollama/ollama/archive/v0.32.13.tar.gz"; };`
		llama   = `llamaCppSrc = pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = `
		fetched = `; hash = "sha256-x"; };`
		added   = ` passthru = (OLD.passthru or { }) // rec { llamaCppVersion = "b1"; ` + llama + `TAG` +
			fetched + ` };`
		final = ` passthru = (OLD.passthru or { }) // { llamaCppVersion = "b1"; ` + llama + `TAG` +
			fetched + ` };`
	)
	for _, tt := range []struct{ before, after string }{
		{`p.overrideAttrs { ATTRS }`, `p.overrideAttrs (old: { ATTRS ADDED old llamaCppVersion })`},
		{`p.overrideAttrs ({ ATTRS })`, `p.overrideAttrs (old: { ATTRS ADDED old llamaCppVersion })`},
		{`p.overrideAttrs (_: { ATTRS })`, `p.overrideAttrs (old: { ATTRS ADDED old llamaCppVersion })`},
		{`p.overrideAttrs (prev: { ATTRS })`, `p.overrideAttrs (prev: { ATTRS ADDED prev llamaCppVersion })`},
		{
			`p.overrideAttrs ({ x, ... }: { ATTRS })`,
			`p.overrideAttrs (old@{ x, ... }: { ATTRS ADDED old llamaCppVersion })`,
		},
		{
			`pkgs.ollama.overrideAttrs (_: { ATTRS })`,
			`pkgs.ollama.overrideAttrs (_: { ATTRS ADDED pkgs.ollama llamaCppVersion })`,
		},
		{
			`(pkgs.ollama).overrideAttrs (final: prev: { ATTRS })`,
			`(pkgs.ollama).overrideAttrs (final: prev: { ATTRS FINAL prev final.passthru.llamaCppVersion })`,
		},
		{
			`let old = 1; in p.overrideAttrs { x = old; ATTRS }`,
			`let old = 1; in p.overrideAttrs (oldAttrs: { x = old; ATTRS ADDED oldAttrs llamaCppVersion })`,
		},
		{
			`let old = 1; oldAttrs = 2; in p.overrideAttrs { x = old + oldAttrs; ATTRS }`,
			`let old = 1; oldAttrs = 2; in ` +
				`p.overrideAttrs (prevAttrs: { x = old + oldAttrs; ATTRS ADDED prevAttrs llamaCppVersion })`,
		},
		{
			`p.overrideAttrs (with x; assert true; let y = 1; in { } // { ATTRS })`,
			`p.overrideAttrs (old: with x; assert true; let y = 1; in { } // { ATTRS ADDED old llamaCppVersion })`,
		},
		{ // beside a dotted definition: the tag is named where rec makes it known, else it stands there once more
			`p.overrideAttrs (old: rec { ATTRS passthru.x = 1; })`,
			`p.overrideAttrs (old: rec { ATTRS passthru.x = 1; passthru.llamaCppVersion = "b1"; passthru.` +
				llama + `passthru.llamaCppVersion` + fetched + ` })`,
		},
		{
			`p.overrideAttrs (old: { ATTRS passthru.x = 1; })`,
			`p.overrideAttrs (old: { ATTRS passthru.x = 1; passthru.llamaCppVersion = "b1"; passthru.` +
				llama + `"b1"` + fetched + ` })`,
		},
		{
			`p.overrideAttrs (old: let passthru = 1; in { ATTRS passthru.x = 1; })`,
			`p.overrideAttrs (old: let passthru = 1; in { ATTRS passthru.x = 1; passthru.llamaCppVersion = "b1"; ` +
				`passthru.` + llama + `"b1"` + fetched + ` })`,
		},
		{
			`p.overrideAttrs (old: rec { ATTRS passthru = old.passthru // rec { x = 1; }; })`,
			`p.overrideAttrs (old: rec { ATTRS passthru = old.passthru // rec { x = 1; llamaCppVersion = "b1"; ` +
				llama + `llamaCppVersion` + fetched + ` }; })`,
		},
		{
			`p.overrideAttrs (old: rec { ATTRS passthru = old.passthru // { x = 1; }; })`,
			`p.overrideAttrs (old: rec { ATTRS passthru = old.passthru // { x = 1; llamaCppVersion = "b1"; ` +
				llama + `"b1"` + fetched + ` }; })`,
		},
		{
			`p.overrideAttrs { ATTRS passthru.x = 1; }`,
			`p.overrideAttrs { ATTRS passthru.x = 1; passthru.llamaCppVersion = "b1"; passthru.` + llama + `"b1"` +
				fetched + ` }`,
		},
		{ // another fetcher: the overridden package's fetch is needed, and a name for it
			`p.overrideAttrs (old: { ARCHIVE passthru.x = 1; })`,
			`p.overrideAttrs (old: { ARCHIVE passthru.x = 1; passthru.llamaCppVersion = "b1"; ` +
				`passthru.llamaCppSrc = old.passthru.llamaCppSrc.override { tag = "b1"; hash = "sha256-x"; }; })`,
		},
		{
			`p.overrideAttrs { ARCHIVE passthru.x = 1; }`,
			`p.overrideAttrs (old: { ARCHIVE passthru.x = 1; passthru.llamaCppVersion = "b1"; ` +
				`passthru.llamaCppSrc = old.passthru.llamaCppSrc.override { tag = "b1"; hash = "sha256-x"; }; })`,
		},
		{`p.overrideAttrs ({ ATTRS } // x)`, ""},
		{`p.overrideAttrs (if x then { ATTRS } else { })`, ""},
		{`p.overrideAttrs (_: { x = _; ATTRS })`, `p.overrideAttrs (_: { x = _; ATTRS ADDED _ llamaCppVersion })`},
	} {
		t.Run(tt.before, func(t *testing.T) {
			around := func(text string) string {
				return `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; p = pkgs.ollama; in { a = ` +
					strings.NewReplacer("ATTRS", attrs, "ARCHIVE", archive).Replace(text) + `; }; }`
			}
			file, err := nixexpr.Parse("flake.nix", []byte(around(tt.before)))
			require.NoError(t, err)
			files := &Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file}}
			found, err := Find(t.Context(), files, &Ollama)
			require.NoError(t, err)
			require.Len(t, found.Pins, 1)
			p := found.Pins[0]
			if tt.after == "" {
				assert.Empty(t, p.Addable)
				assert.Equal(t, "the attributes of the override are not written out as a set", p.Unaddable)
				return
			}
			require.Len(t, p.Addable, 1)
			values := map[SlotID]string{p.Addable[0].Hash.Slot: "sha256-x"}
			for _, id := range p.Addable[0].Refs {
				values[id] = "b1"
			}
			contents, err := files.Apply(found, values)
			require.NoError(t, err)
			want := tt.after
			for name, text := range map[string]string{" ADDED": added, " FINAL": final} {
				if head, rest, ok := strings.Cut(want, name); ok {
					args := strings.Fields(rest)
					want = head + strings.NewReplacer("OLD", args[0], "TAG", args[1]).Replace(text) + " " +
						strings.Join(args[2:], " ")
				}
			}
			assert.Equal(t, around(want), string(contents["flake.nix"]))
		})
	}
}

func TestCompanionRef(t *testing.T) {
	tag := &Companion{Old: "b10488"}
	assert.Equal(t, "b10500", tag.Ref("b10488", "b10500", "c0ffee"))
	assert.Equal(t, "10500", tag.Ref("10488", "b10500", "c0ffee"), "the letter stands elsewhere")
	assert.Equal(t, "c0ffee", (&Companion{Old: "beef", Commit: true}).Ref("beef", "b10500", "c0ffee"))
}
