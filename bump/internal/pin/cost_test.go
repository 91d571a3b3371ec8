package pin

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// findIn finds the pins of a flake that is one file.
func findIn(ctx context.Context, t *testing.T, src string) (*Found, error) {
	t.Helper()
	file, err := nixexpr.Parse("flake.nix", []byte(src))
	require.NoError(t, err)
	return Find(ctx, &Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": file}}, &Ollama)
}

// pinned is a flake whose package has further attributes.
func pinned(attrs string) string {
	return `{ outputs = { nixpkgs, ... }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
	packages.x86_64-linux.default = pkgs.ollama.overrideAttrs (old: rec {
		version = "0.32.13";
		src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}";
		  hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; };
		` + attrs + `
	});
}; }`
}

// TestManyCopiesAreQuick finds and moves a pin whose version stands at very many places: each is looked at once.
func TestManyCopiesAreQuick(t *testing.T) {
	const n = 8_000
	for name, attrs := range map[string]string{
		"in one script":          "postPatch = ''\n" + strings.Repeat("  echo 0.32.13\n", n) + "'';",
		"in one line":            "postPatch = ''\n" + strings.Repeat("echo 0.32.13;", n) + "'';",
		"in comments":            "postPatch = ''\n" + strings.Repeat("  # 0.32.13\n", n) + "'';",
		"between interpolations": "postPatch = ''\n" + strings.Repeat("${old.x} 0.32.13\n", n) + "'';",
		"in quotes":              `postPatch = "` + strings.Repeat("0.32.13 ", n) + `";`,
		"in many strings":        "list = [ " + strings.Repeat(`"0.32.13" `, n) + "];",
		"in words of one string": `name = "` + strings.Repeat("a0.32.13", n) + `";`,
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			f, err := findIn(t.Context(), t, pinned(attrs))
			require.NoError(t, err)
			require.Len(t, f.Pins, 1)
			require.EqualValues(t, "0.32.13", f.Pins[0].Version)
			var edits []nixexpr.Edit
			for _, id := range f.Pins[0].Versions {
				edit, err := f.Slot(id).edit("0.33.0")
				require.NoError(t, err)
				edits = append(edits, edit)
			}
			file, err := nixexpr.Parse("flake.nix", []byte(pinned(attrs)))
			require.NoError(t, err)
			_, err = file.Apply(edits)
			require.NoError(t, err)
			require.Less(t, time.Since(start), 30*time.Second) // a minute, where each copy costs a search
		})
	}
}

// TestConditionsAreReadOnce finds a pin below conditions that say each other many times over.
func TestConditionsAreReadOnce(t *testing.T) {
	var conditions strings.Builder
	for i := range 9 {
		fmt.Fprintf(&conditions, "c%d = f %s; ", i, strings.Repeat(fmt.Sprintf("(c%d == 1) ", i+1), 30))
	}
	src := "let " + conditions.String() + "in if c0 then " + pinned("") + " else { }"
	start := time.Now()
	f, err := findIn(t.Context(), t, src)
	require.NoError(t, err)
	require.Len(t, f.Pins, 1)
	require.Less(t, time.Since(start), 30*time.Second)
}

// TestFindingHearsTheContext finds nothing any more once the run is over.
func TestFindingHearsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := findIn(ctx, t, pinned("x = 1;"))
	require.ErrorIs(t, err, context.Canceled)
}

// TestManyAddressesAreQuick finds no pin in a large file of addresses.
func TestManyAddressesAreQuick(t *testing.T) {
	var addresses strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&addresses, "a%d = { url = \"https://example.org/%d.tgz\"; hash = \"\"; text = \"%s\"; };\n", i, i,
			strings.Repeat("x", 40))
	}
	start := time.Now()
	_, err := findIn(t.Context(), t, "{ outputs = { ... }: { "+addresses.String()+"}; }")
	require.ErrorContains(t, err, "no ollama pin")
	require.Less(t, time.Since(start), 30*time.Second)
}
