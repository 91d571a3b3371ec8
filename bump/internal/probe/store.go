package probe

import (
	"context"
	"regexp"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
)

// Store is what Nix has instantiated and fetched on this machine.
type Store struct{ Runner *nix.Runner }

// Derivation reads a .drv file.
func (s Store) Derivation(ctx context.Context, path string) (*nix.Derivation, error) {
	return nix.ReadDerivation(ctx, path)
}

// Word returns the word that a file of a fetched source holds, when it has the form.
func (s Store) Word(ctx context.Context, dir, name string, form *regexp.Regexp) (string, error) {
	return foreign.Word(ctx, dir, name, form)
}

// Has reports whether a fetched source has a file.
func (s Store) Has(dir, name string) bool { return foreign.Has(dir, name) }

// Prefetch downloads a file and returns its hash.
func (s Store) Prefetch(ctx context.Context, url string) (nixhash.Hash, error) {
	return s.Runner.Prefetch(ctx, url)
}
