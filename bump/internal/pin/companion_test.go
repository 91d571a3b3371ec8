package pin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCompanions reads what an override says of llama.cpp.
func TestCompanions(t *testing.T) {
	const (
		commit = "0123456789abcdef0123456789abcdef01234567"
		hash   = `"sha256-YDR25HsZDjEmTXeeG1honfEgrZCSizuyoVNdtrnBBBo="`
	)
	for _, tt := range []struct {
		src    string // the fetch of the companion
		name   string // of the companion, "" for none
		old    string
		refs   int
		skip   string
		commit bool
	}{
		{
			src:  `old.passthru.llamaCppSrc.override { tag = "b10488"; hash = H; }`,
			name: "llama.cpp", old: "b10488", refs: 1,
		},
		{src: `old.llamaCppSrc.override { tag = "b10488"; hash = H; }`, name: "llama.cpp", old: "b10488", refs: 1},
		{
			src:  `pkgs.ollama.passthru.llamaCppSrc.override { tag = "b10488"; hash = H; }`,
			name: "llama.cpp", old: "b10488", refs: 1,
		},
		{
			src:  `pkgs.ollama.llamaCppSrc.overrideAttrs { tag = "b10488"; hash = H; }`,
			name: "llama.cpp", old: "b10488", refs: 1,
		},
		{src: `pkgs.other.passthru.llamaCppSrc.override { tag = "b10488"; hash = H; }`},
		{src: `old.passthru.otherSrc.override { tag = "b10488"; hash = H; }`},
		{src: `old.passthru.llamaCppSrc.other { tag = "b10488"; hash = H; }`},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggerganov"; repo = "llama.cpp"; tag = "b10488"; hash = H; }`,
			name: "llama.cpp", old: "b10488", refs: 1,
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "b${"10488"}"; hash = H; }`,
			name: "llama.cpp", old: "b10488", refs: 1,
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; rev = "` + commit + `"; hash = H; }`,
			name: "llama.cpp", old: commit, refs: 1, commit: true,
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "me"; repo = "llama.cpp"; tag = "b10488"; hash = H; }`,
			name: "llama.cpp", skip: "it is the fork me/llama.cpp",
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; hash = H; }`,
			name: "llama.cpp", skip: "it names no tag and no rev",
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; rev = "master"; hash = H; }`,
			name: "llama.cpp", old: "master", skip: `its ref "master" is not a release tag`,
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "b1${"0488"}"; hash = H; }`,
			name: "llama.cpp", old: "b10488", skip: "its tag is not written in one literal",
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "b10488"; }`,
			name: "llama.cpp", old: "b10488", refs: 1, skip: "it has no hash",
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "ggml-org"; repo = "llama.cpp"; tag = "b10488"; hash = f x; }`,
			name: "llama.cpp", old: "b10488", refs: 1, skip: "its hash is not a literal: the result of f",
		},
		{
			src:  `pkgs.fetchFromGitHub { owner = "someone"; repo = "something"; tag = "b10488"; hash = ""; }`,
			name: "someone/something", old: "someone/something", skip: "it follows no file of the release",
		},
		{
			src:  `pkgs.fetchpatch { url = "https://github.com/ollama/ollama/pull/1.patch"; hash = H; }`,
			name: "a patch of ollama/ollama", old: "a patch of ollama/ollama", skip: "it follows no file",
		},
	} {
		t.Run(tt.src, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs; H = `+hash+`; in {
	packages.x.default = pkgs.ollama.overrideAttrs (old: { version = "0.32.13"; vendorHash = H;
		src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v0.32.13"; hash = H; };
		passthru = old.passthru // { llamaCppSrc = `+tt.src+`; }; });
}; }`)
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			companions := f.Pins[0].Companions
			if tt.name == "" {
				require.Empty(t, companions)
				return
			}
			require.Len(t, companions, 1)
			c := companions[0]
			assert.Equal(t, tt.name, c.Name())
			assert.Equal(t, tt.old, c.Old)
			assert.Len(t, c.Refs, tt.refs)
			assert.Equal(t, tt.commit, c.Commit)
			if tt.skip != "" {
				assert.Contains(t, c.Skip, tt.skip)
				return
			}
			assert.Empty(t, c.Skip)
			assert.NotNil(t, c.Hash)
		})
	}
}
