package bump

import (
	"context"
	"slices"
	"sort"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/replace"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// writable refuses files that cannot be replaced, before any work is done for them.
func (j *job) writable() error {
	for _, p := range j.plan.Pins {
		if err := replace.Check(j.tree.Root, j.found.Files(p.Slots()...)); err != nil {
			return err
		}
	}
	return nil
}

// write replaces the files in the tree. Those that name the version come last: whatever a machine that crashes
// between two renames leaves still names the old version somewhere, so the next run finds the pin due and
// finishes.
func (j *job) write(ctx context.Context, ws *workspace.Workspace) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	gitDir := ""
	if j.tree.Repo != nil {
		gitDir, _ = j.tree.Repo.Dir(ctx) // there are other shelves
	}
	changes := j.versionsLast()
	if err := replace.Files(j.tree.Root, changes, replace.Shelves(j.tree.Root, gitDir, ws.Dir)); err != nil {
		return err
	}
	for _, c := range changes {
		j.say(Step, "write", "%s", c.File)
	}
	j.result.Status = Bumped
	return nil
}

// versionsLast are the changed files, those that name a pin's version behind the others.
func (j *job) versionsLast() []tree.Change {
	named := map[string]bool{}
	for _, p := range j.plan.Pins {
		ids := p.Versions
		if in := p.Input(); in != nil && in.Slot != pin.NoSlot {
			ids = append(slices.Clone(ids), in.Slot)
		}
		for _, file := range j.found.Files(ids...) {
			named[file] = true
		}
	}
	files := append([]tree.Change{}, j.changed...)
	sort.SliceStable(files, func(a, b int) bool { return !named[files[a].File] && named[files[b].File] })
	return files
}
