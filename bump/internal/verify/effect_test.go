package verify

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// A comparison leaves the run half of the time that it has left, and takes minutes at most.
func TestTimeFor(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		2 * time.Hour: effectTime, 20 * time.Minute: effectTime, 6 * time.Minute: 3 * time.Minute,
		40 * time.Second: 20 * time.Second,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), left)
		defer cancel()
		assert.InDelta(t, want.Seconds(), timeFor(ctx).Seconds(), 15, left)
	}
	assert.Equal(t, effectTime, timeFor(t.Context()))
}

// The strongest check of an output counts, whatever the order.
func TestRecord(t *testing.T) {
	t.Parallel()
	var proof text.Proof
	unchecked(&proof, "packages.a", "too large")
	record(&proof, "packages.a", text.Evaluated)
	record(&proof, "packages.b", text.Ran)
	record(&proof, "packages.b", text.Evaluated)
	unchecked(&proof, "packages.b", "never")
	unchecked(&proof, "packages.c", "only its version was compared")
	unchecked(&proof, "packages.c", "it does not evaluate")
	assert.Equal(t, []text.Check{
		{Attr: "packages.a", Level: text.Evaluated},
		{Attr: "packages.b", Level: text.Ran},
		{Attr: "packages.c", Level: text.Unchecked, Why: "only its version was compared; it does not evaluate"},
	}, proof.Checks)
}

func TestOutputChange(t *testing.T) {
	t.Parallel()
	assert.Equal(t, text.OutputChange{
		Name: "packages.a", Rebuilt: []string{"source"},
		Updated: []text.Update{{Name: "ollama", Old: "0.32.13", New: "0.32.15"}},
	}, outputChange("packages.a", nix.Difference{
		Rebuilt: []string{"source"}, Updated: []nix.Update{{Name: "ollama", Old: "0.32.13", New: "0.32.15"}},
	}))
}
