package probe

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// What a survey found broken is told with its own error.
func TestFailedOfASurvey(t *testing.T) {
	report := nix.CheckReport{
		Traces: []string{
			`{"group":"nixosConfigurations.a"}`, `{"try":"nixosConfigurations.a.pkgs.ollama"}`,
			`{"group":"nixosConfigurations.b"}`, `{"passed":"nixosConfigurations.b"}`,
			`{"group":"homeConfigurations.c@x"}`,
			`{"group":"darwinConfigurations.d"}`, `no JSON`,
		},
		Failures: []*nix.Failure{
			{Kind: nix.MissingAttribute, Text: "attribute 'x' missing"}, {Kind: nix.Eval, Text: "no number"},
		},
	}
	assert.Equal(t, []Broken{
		{"nixosConfigurations.a", nix.MissingAttribute, "attribute 'x' missing"},
		{"homeConfigurations.c@x", nix.Eval, "no number"},
		// of the last one Nix was killed before it said why
	}, failed(report, State{}))
	assert.Empty(t, failed(nix.CheckReport{}, State{}), "a Nix that did not get that far")
}

// A configuration that fails because of a hash which is to be found is the one that shows the pin, and one that the
// machine ended may be.
func TestASurveyLeavesWhatAnAttemptMustMeet(t *testing.T) {
	fake, other := nixhash.Fake(), nixhash.Fake()
	report := nix.CheckReport{
		Traces: []string{
			`{"group":"nixosConfigurations.a"}`, `{"group":"nixosConfigurations.b"}`,
			`{"group":"nixosConfigurations.c"}`, `{"group":"nixosConfigurations.d"}`,
		},
		Failures: []*nix.Failure{
			{Kind: nix.EvalFetch, Text: "hash mismatch", Fetched: &nix.Mismatch{Specified: fake}},
			{Kind: nix.EvalFetch, Text: "hash mismatch", Fetched: &nix.Mismatch{Specified: other}},
			{Kind: nix.NoSpace, Text: "no space left"},
			{Kind: nix.Eval, Text: "no number"},
		},
	}
	state := State{Values: map[pin.SlotID]string{0: fake.SRI()}}
	assert.Equal(t, []Broken{
		{"nixosConfigurations.b", nix.EvalFetch, "hash mismatch"}, {"nixosConfigurations.d", nix.Eval, "no number"},
	}, failed(report, state))
}

func TestConfigurationsAreTold(t *testing.T) {
	for where, is := range map[string]bool{
		"nixosConfigurations.a": true, "homeConfigurations.a.pkgs.ollama": true, "darwinConfigurations.": true,
		"packages.x86_64-linux.nixosConfigurations": false, "nixosConfigurations": false, "overlays.default": false,
	} {
		assert.Equal(t, is, isConfiguration(where), where)
	}
}
