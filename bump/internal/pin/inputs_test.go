package pin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInputs reads inputs in every form that Nix knows: those that are moved say where their version is written, the
// others which input it is, and what to do.
func TestInputs(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, test := range []struct{ input, want string }{
		{`{ url = "github:ollama/ollama/v0.32.13"; }`, "moves github:ollama/ollama/v0.32.13"},
		{`{ url = "github:jmorganca/ollama/v0.32.13?dir=x"; }`, "moves github:jmorganca/ollama/v0.32.13"},
		{
			`{ url = "git+ssh://git@github.com/ollama/ollama?ref=refs/tags/v0.32.13"; }`,
			"moves git+ssh://github.com/ollama/ollama",
		},
		{
			`{ url = "git+ssh://git@git.example.org:2222/mirrors/ollama?ref=v0.32.13&shallow=1"; }`,
			"mirror git+ssh://git.example.org:2222/mirrors/ollama",
		},
		{`{ url = "git+file:///srv/git/ollama.git?ref=refs/tags/v0.32.13"; }`, "mirror git+file:///srv/git/ollama.git"},
		{`{ url = "git://git.example.org/ollama?ref=v0.32.13"; }`, "mirror git://git.example.org/ollama"},
		{`{ url = "gitlab:mirrors/ollama/v0.32.13"; }`, "mirror gitlab:mirrors/ollama/v0.32.13"},
		{`{ url = "github:mirrors/ollama/v0.32.13?host=git.example.org"; }`, "mirror github:mirrors/ollama/v0.32.13"},
		{
			`{ url = "tarball+https://codeload.github.com/ollama/ollama/tar.gz/refs/tags/v0.32.13"; }`,
			"moves tarball+https://codeload.github.com/ollama/ollama/tar.gz/refs/tags/v0.32.13",
		},
		{
			`{ url = "https://gitlab.com/mirrors/ollama/-/archive/v0.32.13/ollama-v0.32.13.tar.gz"; }`,
			"mirror https://gitlab.com/mirrors/ollama/-/archive/v0.32.13/ollama-v0.32.13.tar.gz twice",
		},
		{
			`{ type = "github"; owner = "ollama"; repo = "ollama"; ref = "v0.32.13"; }`,
			"moves github:ollama/ollama/v0.32.13",
		},
		{
			`{ type = "git"; url = "https://git.example.org/ollama.git"; ref = "refs/tags/v0.32.13"; }`,
			"mirror https://git.example.org/ollama.git",
		},
		{
			`{ url = "http://git.example.org/mirrors/ollama/archive/v0.32.13.tar.gz"; }`,
			"mirror http://git.example.org/mirrors/ollama/archive/v0.32.13.tar.gz",
		},
		{`{ url = "git+https://example.org/get/ollama?ref=v0.32.13"; }`, "mirror git+https://example.org/get/ollama"},
		{`{ url = "github:ollama/ollama"; }`, "follows github:ollama/ollama"},
		{`{ url = "git+ssh://git@git.example.org/ollama?ref=main"; }`, "follows git+ssh://git.example.org/ollama"},

		{`{ url = "github:ollama/ollama/` + commit + `"; }`, "src names the commit " + commit},
		{
			`{ url = "git+https://github.com/ollama/ollama?ref=refs/tags/v0.32.13&rev=` + commit + `"; }`,
			"src names the commit " + commit,
		},
		{
			`{ type = "github"; owner = "ollama"; repo = "ollama"; rev = "` + commit + `"; }`,
			"src names the commit " + commit,
		},
		{`{ url = "path:/srv/ollama"; }`, "src is a folder of this machine"},
		{`{ type = "path"; path = "./ollama/"; }`, "src is a folder of this machine"},
		{`{ url = "github:someone/ollama/v0.32.13"; }`, "src is the fork someone/ollama"},
		{`{ url = "git+ssh://git@github.com/someone/ollama?ref=v0.32.13"; }`, "src is the fork someone/ollama"},
		{`{ url = "github:someone/other/v0.32.13"; }`, "the source of this ollama is someone/other"},
		{
			`{ url = "git+https://github.com/ollama/ollama?ref=refs%2Ftags%2Fv0.32.13"; }`,
			"is not written in one literal",
		},
		{
			`{ url = "github:ollama/ollama/v0.3${"2"}.13"; }`,
			"version 0.32.13 of the input src is not written in one literal",
		},
	} {
		t.Run(test.input, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{
	inputs.src = `+test.input+`;
	outputs = { nixpkgs, src, ... }: {
		packages.x86_64-linux.default = nixpkgs.legacyPackages.x86_64-linux.ollama.overrideAttrs (old: {
			version = "git"; inherit src; vendorHash = "";
		});
	};
}`)
			if err != nil {
				require.ErrorContains(t, err, test.want)
				require.Contains(t, err.Error(), "flake.nix:")
				return
			}
			require.Len(t, f.Pins, 1)
			p := f.Pins[0]
			got := "moves"
			for _, note := range p.Notes {
				if strings.Contains(note, "is not checked") {
					got = "mirror"
				}
			}
			if p.Follows() {
				got = "follows"
			} else {
				require.Equal(t, "0.32.13", f.Slot(p.Input().Slot).Old)
			}
			got += " " + p.Input().URL
			if len(p.Versions) > 0 {
				got += " twice"
			}
			require.Equal(t, test.want, got)
		})
	}
}

// TestInputOfAnotherProgram is a repository with the package's name, used for something else.
func TestInputOfAnotherProgram(t *testing.T) {
	for _, url := range []string{
		"git+https://git.example.org/emacs/ollama?ref=v0.32.13", "github:emacs/ollama", "path:/srv/ollama",
	} {
		_, err := findIn(t.Context(), t, fmt.Sprintf(`{
	inputs.src = { url = %q; };
	outputs = { nixpkgs, src, ... }: {
		packages.x86_64-linux.default = nixpkgs.legacyPackages.x86_64-linux.emacsPackages.trivialBuild {
			pname = "ollama"; version = "0.32.13"; inherit src;
		};
	};
}`, url))
		require.ErrorContains(t, err, "find pin: no ollama pin in 1 Nix files")
	}
}

// TestInputsByOtherNames reads a source that is selected from a set: of the flake's inputs, or of anything else that
// has an attribute called as one of them.
func TestInputsByOtherNames(t *testing.T) {
	for _, test := range []struct{ args, src, want string }{
		{"{ nixpkgs, src, ... }", "src", ""},
		{"inputs@{ nixpkgs, ... }", "inputs.src", ""},
		{"inputs@{ nixpkgs, ... }", "inputs.src.outPath", ""},
		{"inputs@{ nixpkgs, ... }", `"${inputs.src}"`, ""},
		{"{ nixpkgs, ... }@all", "all.src", ""},
		{"{ self, nixpkgs, ... }", "self.inputs.src", ""},
		{"{ nixpkgs, ... }", "old.src", "no ollama pin"},
		{"{ nixpkgs, other, ... }", "other", "the source of this ollama is someone/other"},
		{"{ nixpkgs, src, ... }", "src { }", "no ollama pin"},
	} {
		t.Run(test.src, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{
	inputs.src.url = "github:ollama/ollama/v0.32.13";
	inputs.other.url = "github:someone/other";
	outputs = `+test.args+`: {
		packages.x86_64-linux.default = nixpkgs.legacyPackages.x86_64-linux.ollama.overrideAttrs (old: {
			src = `+test.src+`; vendorHash = "";
		});
	};
}`)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			require.Equal(t, "src", f.Pins[0].Input().Name)
		})
	}
}

// TestProviders reads an override of vendorHash alone: the input that the package comes from moves, but not the one
// that provides everything else as well.
func TestProviders(t *testing.T) {
	for _, test := range []struct {
		pkg   string
		moves bool
	}{
		{"unstable.legacyPackages.x86_64-linux.ollama", true},
		{"inputs.unstable.legacyPackages.x86_64-linux.ollama", true},
		{"(unstable.legacyPackages.x86_64-linux.ollama.override { x = 1; })", true},
		{"(import unstable { }).ollama", true},
		{"(import inputs.unstable { system = \"x86_64-linux\"; }).ollama", true},
		{"(unstable.lib.import2 { }).ollama", false},
		{"fork.packages.x86_64-linux.ollama", true},
		{"mirror.packages.x86_64-linux.ollama", false},
		{"nixpkgs.legacyPackages.x86_64-linux.ollama", false},
		{"(import nixpkgs { }).ollama", false},
		{"(import ./unstable { }).ollama", false},
	} {
		t.Run(test.pkg, func(t *testing.T) {
			f, err := findIn(t.Context(), t, `{
	inputs.nixpkgs.url = "github:NixOS/nixpkgs";
	inputs.unstable.url = "github:NixOS/nixpkgs/nixos-unstable";
	inputs.fork.url = "github:someone/ollama";
	inputs.mirror.url = "git+https://git.example.org/ollama";
	outputs = inputs@{ nixpkgs, unstable, fork, mirror, ... }: {
		packages.x86_64-linux.default = `+test.pkg+`.overrideAttrs { vendorHash = ""; };
	};
}`)
			if !test.moves {
				require.ErrorContains(t, err, "only vendorHash is overridden here")
				return
			}
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			in := f.Pins[0].Input()
			require.Contains(t, []string{"unstable", "fork"}, in.Name)
			require.True(t, in.Provides)
		})
	}
}

// TestOwnOutputs reads a version that is an output of the flake itself.
func TestOwnOutputs(t *testing.T) {
	for version, own := range map[string]bool{
		"self.ollamaVersion": true, "inputs.self.ollamaVersion": true,
		"x.self.ollamaVersion": false, "self.x.ollamaVersion": false, "self.other": false,
	} {
		f, err := findIn(t.Context(), t, `{
	outputs = inputs@{ self, nixpkgs, x, ... }: {
		ollamaVersion = "0.32.13";
		packages.x86_64-linux.default = nixpkgs.legacyPackages.x86_64-linux.ollama.overrideAttrs rec {
			version = `+version+`; vendorHash = null;
			src = nixpkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = ""; };
		};
	};
}`)
		if !own {
			require.ErrorContains(t, err, "find pin: the ref depends on", version)
			continue
		}
		require.NoError(t, err, version)
		require.Len(t, f.Pins, 1, version)
	}
}
