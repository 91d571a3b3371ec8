package open

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

const pinned = `{ outputs = { nixpkgs, ... }: { packages.x86_64-linux.ollama =
  nixpkgs.legacyPackages.x86_64-linux.ollama.overrideAttrs (old: rec {
    version = "0.32.13";
    src = old.src.override { tag = "v${version}"; hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; };
  }); }; }
`

// read reads a repository with some files, tracked by git and others, and returns what was said.
func read(t *testing.T, tracked, untracked map[string]string) (*pin.Files, *pin.Found, []string, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(files map[string]string) {
		for name, text := range files {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
	git := func(args ...string) {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	write(tracked)
	git("init", "-q")
	git("add", ".")
	write(untracked)
	set, err := source.Open(t.Context(), dir, os.Environ())
	require.NoError(t, err)
	var said []string
	files, found, err := Flake{
		Tree: set, Package: &pin.Ollama,
		Log: func(_ diag.EventKind, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
	}.Pins(t.Context())
	return files, found, said, err
}

func TestPins(t *testing.T) {
	t.Parallel()
	files, found, said, err := read(t, map[string]string{
		"flake.nix": pinned, "pins.json": "{}", "broken.nix": "{", "README.md": "x",
	}, nil)
	require.NoError(t, err)
	require.Len(t, found.Pins, 1)
	assert.Equal(t, "0.32.13", string(found.Pins[0].Version))
	assert.Contains(t, files.Nix, "flake.nix")
	assert.Contains(t, files.Data, "pins.json")
	require.Len(t, said, 2)
	assert.Contains(t, said[0], "broken.nix is not read: ")
	assert.Contains(t, said[1], "ollama 0.32.13")
}

// A file that mentions the package has to parse, and Nix sees only what git tracks.
func TestNoPins(t *testing.T) {
	t.Parallel()
	_, _, _, err := read(t, map[string]string{"flake.nix": pinned, "broken.nix": "{\n  ollama"}, nil)
	var failure *diag.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "broken.nix", failure.File)
	assert.Equal(t, 2, failure.Line)
	assert.Equal(t, "correct the file; Nix cannot read it either", failure.Hint)

	_, _, _, err = read(t, map[string]string{"flake.nix": "{ outputs = _: { }; }"},
		map[string]string{"overlay.nix": "final: prev: { ollama = prev.ollama; }", "mine.nix": "{ }"})
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "git add overlay.nix: Nix sees only the files that git tracks", failure.Hint)
}
