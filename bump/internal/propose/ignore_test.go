package propose

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/nixexpr"
)

func TestWhatNoEvaluationReads(t *testing.T) {
	code, err := nixexpr.Parse("flake.nix",
		[]byte(`{ motd = builtins.readFile ./doc/MOTD.md; ci = import ./.github/ci.nix; }`))
	require.NoError(t, err)
	files := &pin.Files{Nix: map[string]*nixexpr.File{"flake.nix": code}}
	for name, ignored := range map[string]bool{
		"README.md": true, "docs/a/b.rst": true, "LICENSE": true, "LICENSE-MIT": true, ".github/workflows/ci.yml": true,
		".gitignore": true, "pkgs/x/.gitattributes": true, ".editorconfig": true, ".github/other.nix": true,
		"doc/MOTD.md": false, ".github/ci.nix": false, // the code names them
		"flake.nix": false, "flake.lock": false, "docs/a.nix": false, "zshrc": false, "data.json": false,
		"readme.nix": false, "notes.txt": false, "x/.github/y": false, "secrets/key.age": false,
	} {
		assert.Equal(t, ignored, ignores(files, name), name)
	}
}
