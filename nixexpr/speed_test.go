//go:build !race

package nixexpr_test

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// The race detector makes our half of the comparison many times slower, so this file is left out of its
// build; the Makefile runs it by itself.

// TestFasterThanNix holds the promise of the package comment on the same 10 MB in one run.
func TestFasterThanNix(t *testing.T) {
	const times, perByte = 3, 15
	src := realistic(10_000_000)
	file, o := writeSource(t, src), newOracle(t)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := nixexpr.Parse(file, src)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)

	theirs, ours := fastest(
		func() { o.parseFile(t, file) },
		func() { _, _ = nixexpr.Parse(file, src) },
	)
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(src))
	t.Logf("Nix %s: %s; we: %s, %.1f times as fast, %.1f bytes allocated a byte, %d tokens", o.version, theirs, ours,
		float64(theirs)/float64(ours), allocated, len(f.Tokens))
	assert.Greater(t, float64(theirs), times*float64(ours))
	assert.Less(t, allocated, float64(perByte))
}

// fastest is the shortest of a few runs of a and of b, in turn: what else the machine does
// only ever adds time.
func fastest(a, b func()) (bestA, bestB time.Duration) {
	bestA, bestB = math.MaxInt64, math.MaxInt64
	for range 5 {
		start := time.Now()
		a()
		bestA = min(bestA, time.Since(start))
		start = time.Now()
		b()
		bestB = min(bestB, time.Since(start))
	}
	return bestA, bestB
}
