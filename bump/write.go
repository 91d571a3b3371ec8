package bump

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sort"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// write replaces the files in the tree. All new contents are on disk, outside of the tree, before the
// first one is replaced; from then on there are renames only, and a failure in between puts back what
// was replaced. One file is always old or new; several are put in place by a process that outlives a kill of
// this one. Those that name the version come last: whatever a machine that crashes between two renames leaves
// still names the old version somewhere, so the next run finds the pin due and finishes.
func (j *job) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	shelves := j.shelves(ctx)
	removeStaged(shelves)
	staged := make([]*stagedFile, 0, len(j.changed))
	defer func() {
		for _, s := range staged {
			s.drop()
		}
	}()
	for _, f := range j.versionsLast() {
		s, err := stage(j.tree, f, shelves)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	if len(staged) > 1 {
		renameTogether(staged)
	}
	for i, s := range staged {
		if err := s.commit(); err != nil {
			for _, done := range staged[:i] {
				err = errors.Join(err, done.undo())
			}
			return s.failed(err)
		}
	}
	for _, s := range staged {
		syncDir(filepath.Dir(s.target))
		j.say(Step, "write", "%s", s.name)
	}
	j.result.Status = Bumped
	return nil
}

// versionsLast are the changed files, those that name a pin's version behind the others.
func (j *job) versionsLast() []changedFile {
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
	files := append([]changedFile{}, j.changed...)
	sort.SliceStable(files, func(a, b int) bool { return !named[files[a].name] && named[files[b].name] })
	return files
}
