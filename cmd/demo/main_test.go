package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

func TestFlakeIsSoundBeforeTheBump(t *testing.T) {
	files, err := flakeFiles()
	require.NoError(t, err)
	w := bumptest.New(t)
	dir := w.Flake(files)
	w.Nix(dir, "build", "--no-link", "path:"+dir+"#ollama.src", "path:"+dir+"#ollama.goModules", "path:"+dir+"#nixosConfigurations.box.config.system.build.toplevel")
}

func TestFailureBecomesAnError(t *testing.T) {
	var s stage
	dir := s.TempDir()
	cleaned := false
	s.Cleanup(func() { cleaned = true })
	err := func() (err error) {
		defer func() { err = s.end(recover()) }()
		s.Fatalf("no %s", "luck")
		return nil
	}()
	require.EqualError(t, err, "no luck")
	require.True(t, cleaned)
	require.NoDirExists(t, dir)
}

func TestDemoHoldsWhatItPromises(t *testing.T) {
	require.NoError(t, demo())
}
