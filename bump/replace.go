package bump

import (
	"context"
	"slices"
	"sort"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/replace"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// writable refuses files that cannot be replaced, before any work is done for them.
func writable(f *flake, plan pin.Plan) error {
	for _, p := range plan.Pins {
		if err := replace.Check(f.tree.Root, f.found.Files(p.Slots()...)); err != nil {
			return err
		}
	}
	return nil
}

// replace replaces the files in the tree. Those that name the version come last: whatever a machine that crashes
// between two renames leaves still names the old version somewhere, so the next run finds the pin due and
// finishes.
func (r *run) replace(ctx context.Context, b *bench, w work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, gitDir := b.flake, ""
	if f.tree.Repo != nil {
		gitDir, _ = f.tree.Repo.Dir(ctx) // there are other places
	}
	changes := versionsLast(f, w)
	if err := replace.Files(f.tree.Root, changes, replace.TempPatterns(f.tree.Root, gitDir, b.ws.Dir)); err != nil {
		return err
	}
	for _, c := range changes {
		r.say(Step, "write", "%s", c.File)
	}
	return nil
}

// versionsLast are the changed files, those that name a pin's version behind the others.
func versionsLast(f *flake, w work) []source.Change {
	named := map[string]bool{}
	for _, p := range w.plan.Pins {
		ids := p.Versions
		if in := p.Input(); in != nil && in.Slot != pin.NoSlot {
			ids = append(slices.Clone(ids), in.Slot)
		}
		for _, file := range f.found.Files(ids...) {
			named[file] = true
		}
	}
	files := append([]source.Change{}, w.changes...)
	sort.SliceStable(files, func(a, b int) bool { return !named[files[a].File] && named[files[b].File] })
	return files
}
