package nix

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Nix 2.34 says the mismatch of a build that the evaluation asked for (import from derivation) below the
// evaluation's trace; raw_msg has it alone.
func TestMismatchBelowAnEvaluationTrace(t *testing.T) {
	const drv = "/nix/store/hsdg4k138j4m2083w7axjcai195ccz9g-source.drv"
	complaint := `hash mismatch in fixed-output derivation '` + drv + `':\n  specified: ` +
		`sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n     got:    ` +
		`sha256-EFUdrtf6Rn0LWIJufrmg8q99aT3jGfLvd1//zaJEufY=`
	log := newLogReader("", func(Activity) {})
	for _, line := range []string{
		`@nix {"action":"start","fields":["` + drv +
			`","",1,1],"id":1,"level":3,"parent":0,"text":"building","type":105}`, `@nix {"action":"stop","id":1}`,
		`@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"error:\n       … while ` +
			`evaluating derivation 'x'\n\n       error: ` + complaint + `","raw_msg":"` + complaint + `"}`,
	} {
		_, err := log.Write([]byte(line + "\n"))
		require.NoError(t, err)
	}
	log.Close()
	require.Len(t, log.mismatches, 1)
	require.Equal(t, drv, log.mismatches[0].DrvPath)
	require.Equal(t, "sha256-EFUdrtf6Rn0LWIJufrmg8q99aT3jGfLvd1//zaJEufY=", log.mismatches[0].Got.SRI())
	require.Equal(t, OriginNix, log.mismatches[0].Origin)
	require.Nil(t, log.failure())
}
