package nix

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What nix build --dry-run --log-format internal-json printed, of the oldest and the newest Nix at hand.
func TestRecordedPlans(t *testing.T) {
	for _, version := range []string{"2.8.0", "2.34.8"} {
		for name, want := range map[string]Plan{
			"both": {Builds: 3, Fetches: 2},
			"one":  {Builds: 1},
			"none": {Fetches: 1},
		} {
			log := newLogReader("", nil)
			text, err := os.ReadFile("testdata/plan/nix-" + version + "-" + name + ".txt")
			require.NoError(t, err)
			_, err = log.Write(text)
			require.NoError(t, err)
			log.Close()
			plan := log.plan.plan
			assert.Equal(t, want.Builds, plan.Builds, "%s %s", version, name)
			assert.Len(t, plan.Build, want.Builds)
			assert.Equal(t, want.Fetches, plan.Fetches)
			assert.InDelta(t, 5e6*float64(want.Fetches), plan.Unpacked, 2e5*float64(want.Fetches))
			assert.InDelta(t, 5e6*float64(want.Fetches), plan.Download, 2e5*float64(want.Fetches))
			if name == "both" {
				assert.ElementsMatch(
					t,
					[]string{"ollama-0.32.15", "ollama-0.32.15-go-modules", "unit-ollama.service"},
					plan.Names(t.Context()),
				)
			}
		}
	}
}

func TestPlanOfHostileMessages(t *testing.T) {
	var r planReader
	for _, message := range []string{
		"trace: these 3 derivations will be built:", "these 99999999999999999999999 derivations will be built:",
		"  relative",
		"these 2 paths will be fetched (9999999999999999999999999999999 TiB download, 1.0 XiB unpacked):",
		"  /nix/store/x",
		"these 2 paths will be fetched (1.5 GiB download, 2.0 TiB unpacked):",
		"these 2 derivations will be built:\n  /nix/store/y",
	} {
		r.read(message)
	}
	assert.Equal(t, Plan{Fetches: 2, Download: 3 << 29, Unpacked: 2 << 40}, r.plan)
	r = planReader{}
	r.read("this derivation will be built:")
	for range 2 * maxPlanned {
		r.read("  /nix/store/x")
	}
	assert.Len(t, r.plan.Build, maxPlanned)
}

// The reader understands the Nix that is installed.
func TestPlanOfNix(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir, `rec {
    a = run "a-1.0" "echo > $out" { };
    b = run "b-2.0" "echo > $out" { inherit a; };
  }`)
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url + "#b"}, DryRun: true})
	require.NoError(t, err)
	assert.Equal(t, 2, report.Plan.Builds)
	assert.ElementsMatch(t, []string{"a-1.0", "b-2.0"}, report.Plan.Names(t.Context()))
}
