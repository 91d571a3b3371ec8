package bumptest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A configuration costs seconds on a real machine, once for each process that evaluates it.
func TestConfigurationsAreEvaluatedOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		fleet
		processes, evaluations int
	}{
		{"one", fleet{hosts: 1}, 3, 1 + 2},
		{"five", fleet{hosts: 5}, 3, 5 + 2},
		{"the last of five", fleet{hosts: 5, late: true}, 3, 5 + 2},
		{"one with llama.cpp", fleet{hosts: 1, llama: true}, 4, 1 + 3},
		{"five with llama.cpp", fleet{hosts: 5, llama: true}, 4, 5 + 3},
		{"one of two pins each", fleet{hosts: 2, pins: 2}, 3, 2 + 4},
		{"five of two pins", fleet{hosts: 5, pins: 2}, 3, 5 + 4},
		{"one beside a broken one", fleet{hosts: 1, failing: failingHost}, 3, 2 + 2},
		{"five beside a broken one", fleet{hosts: 5, failing: failingHost}, 3, 6 + 2},
		{"five of two pins beside a broken one", fleet{hosts: 5, pins: 2, failing: failingHost}, 3, 6 + 4},
		{"five beside one that stops Nix", fleet{hosts: 5, failing: failingHard}, 4, 6 + 2},
		{"five beside two that stop Nix", fleet{hosts: 5, failing: failingHard, broken: 2}, 6, 7 + 7},
		{"five beside five that stop Nix", fleet{hosts: 5, failing: failingHard, broken: 5}, 6, 10 + 7},
		// What fails is tried with everything allowed, too, and once more in another attribute or machine.
		{"a broken package of one", fleet{hosts: 1, failing: failingPackage}, 2, 6},
		{"a broken package of five", fleet{hosts: 5, failing: failingPackage}, 2, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			processes, evaluations := c.cost(t, func(bump func()) { bump() })
			t.Logf("%d Nix processes, %d evaluations of a configuration", processes, evaluations)
			assert.LessOrEqual(t, processes, c.processes, "Nix processes")
			assert.LessOrEqual(t, evaluations, c.evaluations, "evaluations of configurations")
			assert.Positive(t, evaluations)
		})
	}
}
