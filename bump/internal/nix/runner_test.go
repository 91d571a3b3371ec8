package nix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// needNix skips a test with -short: Nix takes its time, and need not be there.
func needNix(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Nix")
	}
}

// testRunner returns a runner with a store of its own, and a folder for flakes.
func testRunner(t testing.TB) (*Runner, string) {
	t.Helper()
	needNix(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { // store paths are read-only
		_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				_ = os.Chmod(path, 0o755)
			}
			return nil
		})
	})
	env := []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TMPDIR=" + os.TempDir()}
	for key, sub := range map[string]string{
		"HOME": "home", "XDG_CACHE_HOME": "cache", "NIX_STORE_DIR": "store", "NIX_STATE_DIR": "var/nix",
		"NIX_LOG_DIR": "var/log", "NIX_LOCALSTATE_DIR": "var", "NIX_CONF_DIR": "etc",
	} {
		env = append(env, key+"="+filepath.Join(dir, sub))
	}
	env = append(env, "NIX_CONFIG=sandbox = false\nbuild-users-group =\nsubstituters =\n")
	return &Runner{Env: env}, dir
}

// writeFlake writes a flake with the given outputs and returns its URL. The outputs can use run and fod of
// flakePrelude.
func writeFlake(t testing.TB, dir, outputs string) string {
	t.Helper()
	flake := filepath.Join(dir, "flake")
	require.NoError(t, os.MkdirAll(flake, 0o755))
	text := strings.ReplaceAll(flakePrelude, "OUTPUTS", outputs)
	require.NoError(t, os.WriteFile(filepath.Join(flake, "flake.nix"), []byte(text), 0o644))
	return "path:" + flake
}

const flakePrelude = `{
  outputs = { self }: let
    system = "x86_64-linux";
    run = name: script: extra: derivation ({
      inherit name system; builder = "/bin/sh"; PATH = "/bin:/usr/bin"; args = [ "-c" script ];
    } // extra);
    fod = name: outputHash: script: run name script { outputHashMode = "recursive"; outputHashAlgo = null;
      inherit outputHash; }; in OUTPUTS;
}
`

const (
	fakeOne = "sha256-AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	fakeTwo = "sha256-AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
)
