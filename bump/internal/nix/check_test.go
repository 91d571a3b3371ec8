package nix

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each version words it in its own way that it goes on after an error.
func TestCheckGoesOn(t *testing.T) {
	for name, said := range map[string]string{
		"2.8": `@nix {"action":"msg","level":0,"msg":"trace: N a"}
@nix {"action":"msg","level":0,"msg":"error (ignored): \u001b[31;1merror:\u001b[0m attribute 'x' missing\n\n       at /x/flake.nix:6:35:"}
@nix {"action":"msg","level":0,"msg":"trace: N b"}
@nix {"action":"msg","level":0,"msg":"error (ignored): error: evaluation aborted with the following error message: 'no'"}
@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"error: some errors were encountered during the evaluation","raw_msg":"some errors were encountered during the evaluation"}`,
		"2.34": `@nix {"action":"msg","level":0,"msg":"trace: N a"}
@nix {"action":"msg","column":35,"file":"/x/flake.nix","level":0,"line":6,"msg":"error:\n       … while checking the derivation 'checks.a'\n\n       error: attribute 'x' missing\n       at /x/flake.nix:6:35:","raw_msg":"attribute 'x' missing"}
@nix {"action":"msg","level":0,"msg":"trace: N b"}
@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"error:\n       … while checking the derivation 'checks.b'\n\n       error: evaluation aborted with the following error message: 'no'","raw_msg":"evaluation aborted with the following error message: 'no'"}
@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"error: some errors were encountered during the evaluation","raw_msg":"some errors were encountered during the evaluation"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "said"), []byte(said+"\n"), 0o644))
			r := fakeNix(t, `printf '%s\n' "$@" > `+dir+`/args; cat `+dir+`/said >&2; exit 1`)
			report, err := r.Check(t.Context(), "path:/x", "N")
			require.NoError(t, err)
			assert.Equal(t, []string{"a", "b"}, report.Traces)
			require.Len(t, report.Failures, 3)
			assert.Equal(t, "attribute 'x' missing", report.Failures[0].Text)
			assert.Equal(t, "evaluation aborted with the following error message: 'no'", report.Failures[1].Text)
			args, err := os.ReadFile(filepath.Join(dir, "args"))
			require.NoError(t, err)
			assert.Contains(t, string(args), "\n--keep-going\n--no-build\n--no-write-lock-file\n")
		})
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := fakeNix(t, "exit 0").Check(ctx, "path:/x", "N")
	require.Error(t, err)
}
