package nix

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is a message of Nix: raw is the text without its frame, "" for what carries none.
func said(t *testing.T, msg, raw string) string {
	m := map[string]any{"action": "msg", "level": 0, "msg": msg}
	if raw != "" {
		m["raw_msg"] = raw
	}
	return eventLine(t, m)
}

// Each version words it in its own way that it goes on after an error.
func TestCheckGoesOn(t *testing.T) {
	const missing, aborted = "attribute 'x' missing", "evaluation aborted with the following error message: 'no'"
	const some = "some errors were encountered during the evaluation"
	trace := func(of string) string { return said(t, "trace: N "+of, "") }
	last := said(t, "error: "+some, some)
	for name, log := range map[string]string{
		"2.8": trace("a") +
			said(t, "error (ignored): \x1b[31;1merror:\x1b[0m "+missing+"\n\n       at /x/f.nix:6:35:", "") +
			trace("b") + said(t, "error (ignored): error: "+aborted, "") + last,
		"2.34": trace("a") + said(t, "error:\n       … while checking the derivation 'checks.a'\n\n       error: "+
			missing+"\n       at /x/f.nix:6:35:", missing) +
			trace("b") + said(t, "error:\n       … while checking the derivation 'checks.b'\n\n       error: "+
			aborted, aborted) + last,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "log"), []byte(log), 0o644))
			r := fakeNix(t, `printf '%s\n' "$@" > `+dir+`/args; cat `+dir+`/log >&2; exit 1`)
			report, err := r.Check(t.Context(), "path:/x", "N")
			require.NoError(t, err)
			assert.Equal(t, []string{"a", "b"}, report.Traces)
			require.Len(t, report.Failures, 3)
			assert.Equal(t, missing, report.Failures[0].Text)
			assert.Equal(t, aborted, report.Failures[1].Text)
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
