package bumptest_test

import (
	"cmp"
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

// A fleet is a flake of machines, and of pins that only they show.
type fleet struct {
	hosts   int
	pins    int    // with two, the last machine has the second; else all have the first
	late    bool   // only the last machine has it
	llama   bool   // it has llama.cpp beside it
	failing string // "", or what does not evaluate
	broken  int    // machines that fail so, if not one
}

// What may fail in a fleet.
const (
	failingHost    = "host"    // a machine more, whose settings are wrong
	failingHard    = "hard"    // a machine more, with an error that no builtins.tryEval catches
	failingPackage = "package" // the package of every machine
)

// files are those of the flake.
func (f fleet) files() map[string]string {
	var machines strings.Builder
	for i := range f.hosts {
		overlay := "[ (import ./ollama.nix) ]"
		switch {
		case f.pins == 2 && i == f.hosts-1:
			overlay = "[ (import ./second.nix) ]"
		case f.late && i < f.hosts-1:
			overlay = "[ ]"
		}
		fmt.Fprintf(&machines, "    nixosConfigurations.host%d = host %s { };\n", i, overlay)
	}
	more := ""
	switch f.failing {
	case failingHost:
		machines.WriteString("    nixosConfigurations.broken = host [ ] { services.olama.enable = true; };\n")
	case failingHard:
		for i := range max(f.broken, 1) {
			fmt.Fprintf(&machines, "    nixosConfigurations.broken%d = host [ ] { "+
				"services.ollama.package = nixpkgs.nothing%d; };\n", i, i)
		}
	case failingPackage:
		more = `postPatch = throw "no patch for this release";`
	}
	if f.llama {
		more += `
    passthru = old.passthru // {
      llamaCppVersion = "b10380";
      llamaCppSrc = old.passthru.llamaCppSrc.override { tag = new.passthru.llamaCppVersion; hash = "@llama:b10380@"; };
    };`
	}
	overlay := `final: prev: {
  ollama = prev.ollama.overrideAttrs (new: old: {
    version = "0.32.13";
    src = prev.fetchFromGitHub { owner = "ollama"; repo = "ollama"; tag = "v${new.version}"; hash = "@src:0.32.13@"; };
    vendorHash = "@vendor:0.32.13@";
    ` + more + `
  });
}
`
	return map[string]string{
		"flake.nix": `{
  inputs.nixpkgs.url = "@nixpkgs@";
  outputs = { self, nixpkgs }: let
    host = overlays: settings: nixpkgs.lib.nixosSystem {
      system = "@system@";
      modules = [ { nixpkgs = { inherit overlays; }; services.ollama.enable = true;
        boot.isContainer = true; } settings ];
    };
  in {
` + machines.String() + `  };
}
`,
		"ollama.nix": overlay, "second.nix": overlay,
	}
}

// cost bumps a fleet, and returns the Nix processes and the evaluations of a machine that this takes.
func (f fleet) cost(tb testing.TB, timed func(bump func())) (processes, evaluations int) {
	tb.Helper()
	w := bumptest.New(tb, bumptest.CountCalls())
	files := f.files()
	if f.pins < 2 {
		delete(files, "second.nix")
	}
	dir := w.Flake(files)
	w.Repository(dir, "me/flake")
	var err error
	timed(func() {
		_, err = bump.Run(tb.Context(), bump.Options{Dir: dir, Mode: bump.DryRun, Brief: true, Env: w.Env()})
	})
	if (err != nil) != (f.failing == failingPackage) {
		tb.Fatal(err)
	}
	return len(w.NixRuns()), w.Calls(bumptest.HostFunction)
}

// BenchmarkHosts is a bump of pins that only NixOS configurations show. What it reports is what such a bump costs
// on a real machine: Nix processes, and evaluations of a configuration, each of which takes seconds there.
func BenchmarkHosts(b *testing.B) {
	for _, hosts := range []int{1, 5} {
		for _, f := range []fleet{
			{hosts: hosts},
			{hosts: hosts, pins: 2},
			{hosts: hosts, llama: true},
			{hosts: hosts, failing: failingHost},
			{hosts: hosts, failing: failingHost, llama: true},
			{hosts: hosts, failing: failingHard},
			{hosts: hosts, failing: failingHard, broken: 5},
			{hosts: hosts, failing: failingHard, broken: 5, llama: true},
			{hosts: hosts, failing: failingPackage},
		} {
			if f.pins <= hosts {
				b.Run(f.String(), f.benchmark)
			}
		}
	}
}

// String names a fleet as benchmarks are named.
func (f fleet) String() string {
	failing := f.failing
	if f.broken > 1 {
		failing += fmt.Sprint(f.broken)
	}
	failing = cmp.Or(failing, "none")
	return fmt.Sprintf("hosts=%d/pins=%d/llama=%t/failing=%s", f.hosts, max(f.pins, 1), f.llama, failing)
}

func (f fleet) benchmark(b *testing.B) {
	processes, evaluations := 0, 0
	for b.Loop() {
		b.StopTimer()
		p, e := f.cost(b, func(bump func()) {
			b.StartTimer()
			bump()
			b.StopTimer()
		})
		processes, evaluations = processes+p, evaluations+e
		b.StartTimer()
	}
	b.ReportMetric(float64(processes)/float64(b.N), "nix-processes/op")
	b.ReportMetric(float64(evaluations)/float64(b.N), "host-evaluations/op")
}
