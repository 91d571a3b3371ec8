package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buildForAction runs the build step of the Action and returns the program.
func buildForAction(t *testing.T, checkout string, env ...string) string {
	t.Helper()
	outputs := filepath.Join(t.TempDir(), "outputs")
	cmd := exec.Command("bash", filepath.Join(checkout, ".github", "action", "build.sh"))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), append([]string{"RUNNER_TEMP=" + t.TempDir(), "GITHUB_OUTPUT=" + outputs},
		env...)...)
	log, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", log)
	text, err := os.ReadFile(outputs)
	require.NoError(t, err)
	program, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "program=")
	require.True(t, ok, "%s", text)
	return program
}

// A workflow may build other things, for other systems, with settings that do not suit us.
func TestActionBuildIgnoresTheWorkflowsGoSettings(t *testing.T) {
	t.Parallel()
	_, modules, _ := strings.Cut(goEnv(t, "GOMODCACHE"), "=")
	// go env -w writes such a file. Its proxy is needed: there is no other one, and no module yet.
	settings, own := filepath.Join(t.TempDir(), "env"), "GOMODCACHE="+t.TempDir()
	require.NoError(t, os.WriteFile(settings, []byte("GOPROXY=file://"+modules+"/cache/download\nGOSUMDB=off\n"+
		"GOOS=windows\nGOFLAGS=-tags=nonsense -mod=mod\n"), 0o644))
	t.Cleanup(func() { // read-only folders
		output, err := command(t, "", "env", own, "go", "clean", "-modcache")
		assert.NoError(t, err, "%s", output)
	})
	program := buildForAction(t, actionCheckout(t), own, "GOENV="+settings, "GOPROXY=", "GOSUMDB=",
		"GOTOOLCHAIN=go1.2.3", "GOOS=plan9", "GOARCH=arm", "GOARM=5", "GOEXPERIMENT=nonsense",
		"GOFLAGS=-mod=vendor", "GO111MODULE=off", "GOWORK=/nowhere/go.work")
	output, err := command(t, "", program, "--version")
	require.NoError(t, err, "%s", output)
}

func TestActionVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the program")
	}
	t.Parallel()
	checkout := actionCheckout(t)
	for ref, want := range map[string]string{
		"v1":                          "1.0.0",
		"$(id)":                       "1.0.0",
		"main":                        "1.0.0+main",
		strings.Repeat("0123abcd", 5): "1.0.0+0123abcd0123",
	} {
		output, err := command(t, "", buildForAction(t, checkout, "REF="+ref), "--version")
		require.NoError(t, err, "%s", output)
		assert.Equal(t, "ollama-bump "+want+"\n", output, ref)
	}
}
