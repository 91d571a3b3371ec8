package bumptest_test

import (
	"strings"
	"testing"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// run bumps the flake in dir without writing anything, with the environment of w.
func run(b *testing.B, w *bumptest.World, dir string, want bump.Status) {
	b.Helper()
	result, err := bump.Run(b.Context(), bump.Options{Dir: dir, Mode: bump.DryRun, Repo: "me/flake", Env: w.Env()})
	if err != nil {
		b.Fatal(err)
	}
	if result.Status != want {
		b.Fatalf("status %s, want %s", result.Status, want)
	}
}

// evaluations counts the processes that evaluate a flake.
func evaluations(runs []bumptest.NixRun) int {
	count := 0
	for _, nix := range runs {
		for _, arg := range nix.Args {
			if arg == "build" || arg == "eval" {
				count++
				break
			}
		}
	}
	return count
}

// BenchmarkBump is a bump of the commonest shape up to the diff: in a new store each time, with
// everything still to be fetched.
func BenchmarkBump(b *testing.B) {
	processes, evaluated, downloads := 0, 0, 0
	for b.Loop() {
		b.StopTimer()
		w := bumptest.New(b)
		dir := w.Flake(map[string]string{"flake.nix": overlayFlake})
		w.Repository(dir, "me/flake")
		b.StartTimer()
		run(b, w, dir, bump.Available)
		b.StopTimer()
		processes += len(w.NixRuns())
		evaluated += evaluations(w.NixRuns())
		downloads += w.Downloads("/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz")
		b.StartTimer()
	}
	b.ReportMetric(float64(processes)/float64(b.N), "nix-processes/op")
	b.ReportMetric(float64(evaluated)/float64(b.N), "evaluations/op")
	b.ReportMetric(float64(downloads)/float64(b.N), "source-downloads/op")
	if downloads != b.N {
		b.Errorf("downloaded the source %d times in %d bumps", downloads, b.N)
	}
}

// BenchmarkCurrent is a run that finds nothing to do.
func BenchmarkCurrent(b *testing.B) {
	w := bumptest.New(b)
	dir := w.Flake(map[string]string{"flake.nix": strings.ReplaceAll(overlayFlake, "0.32.13", "0.32.15")})
	w.Repository(dir, "me/flake")
	for b.Loop() {
		run(b, w, dir, bump.Current)
	}
	b.ReportMetric(float64(len(w.NixRuns())), "nix-processes/op")
	if runs := w.NixRuns(); len(runs) > 0 {
		b.Errorf("started Nix %d times for a current pin", len(runs))
	}
}

// BenchmarkWorld is what the tests' surroundings cost: a world with a locked flake in it.
func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		bumptest.New(b).Flake(map[string]string{"flake.nix": overlayFlake})
	}
}
