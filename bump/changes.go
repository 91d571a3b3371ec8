package bump

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
)

// changesOf returns the files that a solution changes, in order.
func changesOf(ctx context.Context, f *flake, s *resolve.Solution) ([]tree.Change, error) {
	contents, err := f.files.Apply(f.found, s.State.Values)
	if err != nil {
		return nil, err
	}
	var changes []tree.Change
	for name, content := range contents {
		if bytes.Equal(content, f.files.Source(name)) {
			continue
		}
		changes = append(changes, tree.Change{File: name, Old: f.files.Source(name), New: content})
	}
	if lock := s.State.Lock; lock != nil {
		old, err := f.tree.Read(ctx, f.tree.Lock())
		if err != nil && !foreign.Missing(err) {
			return nil, fmt.Errorf("report: %w", err)
		}
		if !bytes.Equal(old, lock) {
			changes = append(changes, tree.Change{File: f.tree.Lock(), Old: old, New: lock})
		}
	}
	slices.SortFunc(changes, func(a, b tree.Change) int { return strings.Compare(a.File, b.File) })
	return changes, nil
}

// edits lists what changes in one file, in its order.
func (f *flake) edits(name string, s *resolve.Solution) []Edit {
	list := []Edit{}
	for _, e := range f.found.Edits(name, s.State.Values) {
		list = append(list, Edit{Line: e.Pos.Line, Column: e.Pos.Column, Field: e.Field, Old: e.Old, New: e.New})
	}
	return list
}
