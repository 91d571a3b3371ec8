// Package replace puts new contents in the place of files, all of them or none.
//
// All new contents are on disk, outside of the tree, before the first file is replaced; from then on there
// are renames only, and a failure in between puts back what was replaced. One file is always old or new;
// several are put in place by a process that outlives a kill of this one.
package replace

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// TempPatterns returns patterns of the names of staged files, best place first: none is in the tree, where a killed
// run would leave them, and each is used only for files of its own file system. The git folder, "" without
// one, is the likeliest to have the same one; temp is a folder of this run's own.
func TempPatterns(root, gitDir, temp string) []string {
	key := fmt.Sprintf("ollama-bump-%x", sha256.Sum256([]byte(root)))[:28]
	var all []string
	if gitDir != "" {
		all = append(all, filepath.Join(gitDir, key+"-*"))
	}
	return append(all, filepath.Join(temp, key+"-*"), filepath.Join("/var/tmp", key+"-*"))
}

// Check refuses files below root that cannot be replaced, before any work is done for them.
func Check(root string, names []string) error {
	for _, name := range names {
		s := &stagedFile{Change: source.Change{File: name}}
		if err := s.find(root); err != nil {
			return err
		}
		const write = 2 // access(2)'s W_OK
		if err := syscall.Access(filepath.Dir(s.target), write); err != nil {
			return s.failed(err)
		}
	}
	return nil
}

// Last returns changes with those of the named files behind the others. Whatever a machine that crashes between two
// renames leaves still has what stands in the last files as it was.
func Last(changes []source.Change, names []string) []source.Change {
	sorted := slices.Clone(changes)
	slices.SortStableFunc(sorted, func(a, b source.Change) int {
		return order(slices.Contains(names, a.File)) - order(slices.Contains(names, b.File))
	})
	return sorted
}

func order(last bool) int {
	if last {
		return 1
	}
	return 0
}

// Files replaces files below root, in this order. No other run may be at work in the tree: what a killed one left under
// the patterns is removed.
func Files(root string, changes []source.Change, patterns []string) error {
	removeStaged(patterns)
	staged := make([]*stagedFile, 0, len(changes))
	defer func() {
		for _, s := range staged {
			s.removeTemp()
		}
	}()
	for _, c := range changes {
		s, err := stage(root, c, patterns)
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
	}
	return nil
}
