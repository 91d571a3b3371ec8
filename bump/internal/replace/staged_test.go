package replace

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a killed run left goes; what a person called so stays.
func TestRemoveStaged(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".ollama-bump-123", ".ollama-bump-notes", ".ollama-bump-", ".ollama-bump-12.nix"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".ollama-bump-456"), 0o755))
	require.NoError(t, os.Symlink(".ollama-bump-notes", filepath.Join(dir, ".ollama-bump-789")))
	removeStaged([]string{filepath.Join(dir, ".ollama-bump-*")})
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{
		".ollama-bump-", ".ollama-bump-12.nix", ".ollama-bump-456", ".ollama-bump-789", ".ollama-bump-notes",
	}, names)
}
