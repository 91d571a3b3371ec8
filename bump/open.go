package bump

import (
	"context"

	"github.com/nixtars/ollama-bump/bump/internal/open"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// flake is what stands in a flake: its files, and the pins in them.
type flake struct {
	tree   *source.Set
	files  *pin.Files
	found  *pin.Found
	unlock func() // gives the tree back to other runs; nil when it was not taken
}

// close lets other runs have the tree.
func (f *flake) close() {
	if f.unlock != nil {
		f.unlock()
	}
}

// open reads the flake and finds every pin in it.
func (r *run) open(ctx context.Context, at *start) (*flake, error) {
	if at.base.Tree == nil {
		set, err := source.Open(ctx, r.opts.Dir, r.opts.Env)
		if err != nil {
			return nil, err
		}
		at.base.Tree = set
	}
	f := &flake{tree: at.base.Tree}
	if r.opts.Mode == Write {
		unlock, err := f.tree.Exclude()
		if err != nil {
			return nil, err
		}
		f.unlock = unlock
	}
	var err error
	f.files, f.found, err = open.Flake{Tree: f.tree, Package: r.pkg, Log: r.logFor("pin")}.Pins(ctx)
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}
