package bumptest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// run bumps the flake in dir without writing anything, with the environment of w.
func run(b *testing.B, w *bumptest.World, dir string, want bump.Status) {
	b.Helper()
	result, err := bump.Run(b.Context(), bump.Options{Dir: dir, Mode: bump.DryRun, Brief: true, Env: w.Env()})
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

// hosts is a flake of n machines that take one overlay. What fails is a host more, whose settings are wrong, or the
// package of all of them.
func hosts(n int, failing string) map[string]string {
	var body strings.Builder
	for i := range n {
		fmt.Fprintf(&body, "    nixosConfigurations.host%d = host { };\n", i)
	}
	more := ""
	switch failing {
	case "host":
		body.WriteString("    nixosConfigurations.broken = host { services.olama.enable = true; };\n")
	case "package":
		more = `postPatch = throw "no patch for this release";`
	}
	return map[string]string{
		"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let
    host = settings: nixpkgs.lib.nixosSystem {
      system = "@system@";
      modules = [ { nixpkgs.overlays = [ (import ./ollama.nix) ]; services.ollama.enable = true;
        boot.isContainer = true; } settings ];
    };
  in {
` + body.String() + `  };
}
`,
		"ollama.nix": `final: prev: {
  ollama = prev.ollama.overrideAttrs (old: rec {
    version = "0.32.13";
    src = prev.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${version}"; hash = "@src:0.32.13@"; };
    vendorHash = "@vendor:0.32.13@";
    ` + more + `
  });
}
`,
	}
}

// BenchmarkHosts is a bump of a pin that only NixOS configurations show. What it reports is what such a bump costs
// on a real machine: Nix processes, and evaluations of a configuration, each of which takes seconds there.
func BenchmarkHosts(b *testing.B) {
	for _, n := range []int{1, 5} {
		for _, failing := range []string{"nothing", "host", "package"} {
			b.Run(fmt.Sprintf("hosts=%d/failing=%s", n, failing), func(b *testing.B) {
				processes, evaluations := 0, 0
				for b.Loop() {
					b.StopTimer()
					w := bumptest.New(b, bumptest.CountCalls())
					dir := w.Flake(hosts(n, failing))
					w.Repository(dir, "me/flake")
					b.StartTimer()
					_, err := bump.Run(b.Context(), bump.Options{Dir: dir, Mode: bump.DryRun, Brief: true, Env: w.Env()})
					b.StopTimer()
					if (err != nil) != (failing == "package") {
						b.Fatal(err)
					}
					processes += len(w.NixRuns())
					evaluations += w.Calls(bumptest.HostFunction)
					b.StartTimer()
				}
				b.ReportMetric(float64(processes)/float64(b.N), "nix-processes/op")
				b.ReportMetric(float64(evaluations)/float64(b.N), "host-evaluations/op")
			})
		}
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
