package bump_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// A process that runs for many flakes does not collect what each run opened.
func TestRunClosesTheTree(t *testing.T) {
	s := newOffline(t, pinned("0.32.13", ""))
	res, err := bump.Run(t.Context(), s.options(t, bump.Check))
	require.NoError(t, err)
	require.Equal(t, bump.Available, res.Status)
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		if name, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			assert.False(t, strings.HasPrefix(name, s.dir), "%s is open", name)
		}
	}
}
