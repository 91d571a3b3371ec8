package bumptest

import "fmt"

// era is what a branch of the stand-in nixpkgs brings; testdata/nixpkgs/era.nix explains the attributes.
type era struct {
	release, ollama, golang, minNix                        string
	finalModules, finalFetchers, companion, finalCompanion bool
}

func (e era) nix() string {
	return fmt.Sprintf(`{
  release = %q;
  ollama = %q;
  go = %q;
  nix = %q;
  finalModules = %t;
  finalFetchers = %t;
  companion = %t;
  finalCompanion = %t;
}
`, e.release, e.ollama, e.golang, e.minNix, e.finalModules, e.finalFetchers, e.companion, e.finalCompanion)
}

var (
	// current is nixpkgs as it is.
	current = era{"25.11", "0.32.9", "1.26.3", "2.3", true, true, true, true}
	// before2411 is nixpkgs of June 2024, with a Go that builds what is released today.
	before2411 = era{"24.05", "0.11.4", "1.26.3", "2.3", false, false, false, false}
)

// branches are the stand-in nixpkgs' branches. The last ones exist in the stand-in only; each is named for what makes
// it differ from the current one.
var branches = map[string]era{
	"nixos-unstable": current, "nixpkgs-unstable": current, "nixos-unstable-small": current, "master": current,
	"nixos-25.11": current, "nixos-25.05": current, "nixpkgs-25.11-darwin": current,
	"nixos-24.05": before2411, "nixos-23.11": before2411,

	// its Go is too old for ollama since 0.23.1
	"go-1.25": current.with(func(e *era) { e.golang = "1.25.8" }),
	// refuses every Nix that there is
	"nix-99": current.with(func(e *era) { e.minNix = "99.0" }),
	// its recipe knows nothing of llama.cpp
	"ollama-0.13.5": current.with(func(e *era) { e.ollama, e.companion, e.finalCompanion = "0.13.5", false, false }),
	// its llama.cpp is too old for the patches of ollama since 0.32.3, and no override reaches it
	"ollama-0.31.1": current.with(func(e *era) {
		e.ollama, e.finalCompanion, e.finalFetchers = "0.31.1", false, false
	}),
	// its llama.cpp is as old, and overrides reach it
	"ollama-0.31.1-final": current.with(func(e *era) { e.ollama = "0.31.1" }),
	// it has what the pins of the tests are bumped to
	"ollama-0.32.15": current.with(func(e *era) { e.ollama = "0.32.15" }),
	// it is ahead of that
	"ollama-0.33.2": current.with(func(e *era) { e.ollama = "0.33.2" }),
}

func (e era) with(change func(*era)) era {
	change(&e)
	return e
}
