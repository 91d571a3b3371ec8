package bump_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump"
)

// A look that removes a pin would be no look.
func TestCheckAndUnpinExcludeEachOther(t *testing.T) {
	_, err := bump.Run(t.Context(), bump.Options{Mode: bump.Check, Unpin: true, Dir: t.TempDir()})
	var usage *bump.UsageError
	assert.ErrorAs(t, err, &usage)
	assert.NoError(t, bump.Options{Unpin: true}.Check())
	assert.NoError(t, bump.Options{Mode: bump.Check}.Check())
}
