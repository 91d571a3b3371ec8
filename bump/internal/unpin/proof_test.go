package unpin

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/unpin/edit"
)

// An overlay that says nothing of the package any more proves a removal, but one that does not evaluate proves nothing.
func TestRemovalIsNotProvedByAFailure(t *testing.T) {
	t.Parallel()
	shown := []probe.Shown{{
		Pin: &pin.Pin{}, Outputs: []probe.Output{{Where: "overlays.default: ollama"}},
	}}
	removal := &edit.Removal{Plain: true}
	require.NoError(t, proveAnswer(shown, probe.Answer{}, removal))
	failure := errors.New("undefined variable 'gpu'")
	require.NoError(t, proveAnswer(shown, probe.Answer{Failure: failure, NoneShown: true}, removal))

	err := proveAnswer(shown, probe.Answer{Failure: failure}, removal)
	var obstacle *diag.Error
	require.ErrorAs(t, err, &obstacle)
	assert.Contains(t, obstacle.Text, "without it the flake does not evaluate: undefined variable 'gpu'")
}
