package bumptest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// A configuration costs seconds on a real machine, once for each process that evaluates it.
func TestConfigurationsAreEvaluatedOnce(t *testing.T) {
	t.Parallel()
	companion := map[string]string{
		"ollama.nix": `final: prev: {
  ollama = prev.ollama.overrideAttrs (new: old: {
    version = "0.32.13";
    src = prev.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${new.version}"; hash = "@src:0.32.13@"; };
    vendorHash = "@vendor:0.32.13@";
    passthru = old.passthru // {
      llamaCppVersion = "b10380";
      llamaCppSrc = old.passthru.llamaCppSrc.override { tag = new.passthru.llamaCppVersion; hash = "@llama:b10380@"; };
    };
  });
}
`,
	}
	for _, c := range []struct {
		name                   string
		hosts                  int
		failing                string
		files                  map[string]string
		processes, evaluations int
		fails                  bool
	}{
		{name: "one", hosts: 1, failing: "nothing", processes: 3, evaluations: 1 + 2},
		{name: "five", hosts: 5, failing: "nothing", processes: 3, evaluations: 5 + 2},
		{name: "five with llama.cpp", hosts: 5, failing: "nothing", files: companion, processes: 4, evaluations: 5 + 3},
		{name: "five beside a broken one", hosts: 5, failing: "host", processes: 3, evaluations: 6 + 3},
		{name: "a broken package of five", hosts: 5, failing: "package", processes: 2, evaluations: 6, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := bumptest.New(t, bumptest.CountCalls())
			files := hosts(c.hosts, c.failing)
			for name, text := range c.files {
				files[name] = text
			}
			dir := w.Flake(files)
			w.Repository(dir, "me/flake")
			_, err := bump.Run(t.Context(), bump.Options{Dir: dir, Mode: bump.DryRun, Brief: true, Env: w.Env()})
			require.Equal(t, c.fails, err != nil, err)
			assert.LessOrEqual(t, len(w.NixRuns()), c.processes, "Nix processes")
			evaluations := w.Calls(bumptest.HostFunction)
			assert.LessOrEqual(t, evaluations, c.evaluations, "evaluations of configurations")
			assert.Positive(t, evaluations)
		})
	}
}
