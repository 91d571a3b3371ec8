package bump

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// changesOf returns the files that a solution changes, in order.
func changesOf(ctx context.Context, f *flake, s *resolve.Solution) ([]source.Change, error) {
	contents, err := f.files.Apply(f.found, s.State.Values)
	if err != nil {
		return nil, err
	}
	var changes []source.Change
	for name, content := range contents {
		if bytes.Equal(content, f.files.Source(name)) {
			continue
		}
		changes = append(changes, source.Change{
			File: name, Old: f.files.Source(name), New: content, Edits: f.edits(name, s.State.Values),
		})
	}
	if lock := s.State.Lock; lock != nil {
		old, err := f.tree.Read(ctx, f.tree.Lock())
		if err != nil && !foreign.Missing(err) {
			return nil, fmt.Errorf("report: %w", err)
		}
		if !bytes.Equal(old, lock) {
			changes = append(changes, source.Change{File: f.tree.Lock(), Old: old, New: lock})
		}
	}
	slices.SortFunc(changes, func(a, b source.Change) int { return strings.Compare(a.File, b.File) })
	return changes, nil
}

// edits lists the values that are rewritten in one file.
func (f *flake) edits(name string, values map[pin.SlotID]string) []Edit {
	var list []Edit
	for _, id := range f.found.Changed(name, values) {
		slot := f.found.Slot(id)
		list = append(list, Edit{
			Line: slot.Pos.Line, Column: slot.Pos.Column, Field: string(slot.Field), Old: slot.Old, New: values[id],
		})
	}
	return list
}

// changed puts changes into the result.
func (res *Result) changed(changes []source.Change) {
	var diff strings.Builder
	for _, c := range changes {
		// a list in JSON
		res.Files = append(res.Files, FileChange{Path: c.File, Edits: slices.Concat([]Edit{}, c.Edits)})
		diff.WriteString(text.Diff(c.File, c.Old, c.New))
	}
	res.Diff = diff.String()
}
