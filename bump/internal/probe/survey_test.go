package probe

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
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
		{Where: "darwinConfigurations.d"}, // Nix was killed before it said why
	}, failed(report))
	assert.Empty(t, failed(nix.CheckReport{}), "a Nix that did not get that far")
}

func TestConfigurationsAreTold(t *testing.T) {
	for where, is := range map[string]bool{
		"nixosConfigurations.a": true, "homeConfigurations.a.pkgs.ollama": true, "darwinConfigurations.": true,
		"packages.x86_64-linux.nixosConfigurations": false, "nixosConfigurations": false, "overlays.default": false,
	} {
		assert.Equal(t, is, isConfiguration(where), where)
	}
}
