package probe

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// Changes returns the files that a state has otherwise than the flake, in order.
func (b *Bench) Changes(ctx context.Context, s State) ([]source.Change, error) {
	contents, err := b.files.Apply(b.found, s.Values)
	if err != nil {
		return nil, err
	}
	var changes []source.Change
	for name, content := range contents {
		old := b.files.Source(name)
		if !bytes.Equal(content, old) {
			changes = append(changes, source.Change{File: name, Old: old, New: content, Edits: b.edits(name, s)})
		}
	}
	if s.Lock != nil {
		name := b.tree.Lock()
		old, err := b.tree.Read(ctx, name)
		if err != nil && !foreign.Missing(err) {
			return nil, fmt.Errorf("report: %w", err)
		}
		if !bytes.Equal(old, s.Lock) {
			changes = append(changes, source.Change{File: name, Old: old, New: s.Lock})
		}
	}
	slices.SortFunc(changes, func(a, b source.Change) int { return strings.Compare(a.File, b.File) })
	return changes, nil
}

// edits lists the values that a state rewrites in one file.
func (b *Bench) edits(name string, s State) []source.Edit {
	var list []source.Edit
	for _, id := range b.found.Changed(name, s.Values) {
		slot := b.found.Slot(id)
		list = append(list, source.Edit{
			Line: slot.Pos.Line, Column: slot.Pos.Column, Field: string(slot.Field), Old: slot.Old, New: s.Values[id],
		})
	}
	return list
}
