package nix

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuildReportsEveryMismatchAndThenBuilds(t *testing.T) {
	r, dir := testRunner(t)
	flake := func(one, two string) string {
		return writeFlake(t, dir, `rec {
      src = fod "src" "`+one+`" "echo source > $out";
      modules = fod "modules" "`+two+`" "echo modules > $out";
      all = builtins.trace "n0nce ${builtins.toJSON { drv = src.drvPath; text = "a\n'b\""; }}" (run "all" "echo > $out" { inherit src modules; });
    }`)
	}
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{flake(fakeOne, fakeTwo) + "#all"}, TraceNonce: "n0nce"})
	require.NoError(t, err)
	assert.False(t, report.Built)
	require.Len(t, report.Mismatches, 2)
	got := map[string]string{}
	for _, m := range report.Mismatches {
		assert.Equal(t, OriginNix, m.Origin)
		got[m.Specified.SRI()] = m.Got.SRI()
		drv, err := ReadDerivation(m.DrvPath)
		require.NoError(t, err)
		hash, recursive, ok := drv.FixedOutput()
		assert.True(t, ok && recursive)
		assert.True(t, hash.Equal(m.Specified))
	}
	require.Len(t, report.Traces, 1)
	assert.Contains(t, report.Traces[0], `,"text":"a\n'b\""}`)

	report, err = r.Build(t.Context(), BuildRequest{Installables: []string{flake(got[fakeOne], got[fakeTwo]) + "#all"}})
	require.NoError(t, err)
	assert.True(t, report.Built)
	assert.Empty(t, report.Mismatches)
	require.Len(t, report.Outputs, 1)
	assert.FileExists(t, report.Outputs[0].Outputs["out"])
}
