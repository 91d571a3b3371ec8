package pin

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// Edit returns a file with edits. It is checked: everything else is as it was, and the result is one that Nix reads.
func (f *Files) Edit(name string, edits []nixexpr.Edit) ([]byte, error) {
	if file := f.Nix[name]; file != nil {
		out, err := file.Apply(edits)
		return out, editError(err)
	}
	if _, ok := f.Data[name]; !ok {
		return nil, fmt.Errorf("edit %s: not read", name)
	}
	out, err := f.data(name).Apply(edits)
	return out, editError(err)
}

// Changed lists the slots of a file that get another value, in its order. What is added around a value is not among
// them.
func (f *Found) Changed(name string, values map[SlotID]string) []SlotID {
	var ids []SlotID
	for id, value := range values {
		s := f.Slot(id)
		if _, around := s.form.(constant); !around && s.File == name && s.Old != value {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b SlotID) int {
		return cmp.Or(cmp.Compare(f.Slot(a).Start, f.Slot(b).Start), cmp.Compare(a, b))
	})
	return ids
}

// Apply returns the contents of the files whose slots get values, and of those that are named besides, by name.
func (f *Files) Apply(found *Found, values map[SlotID]string, besides ...string) (map[string][]byte, error) {
	edits := map[string][]nixexpr.Edit{}
	for _, name := range besides {
		edits[name] = nil
	}
	inserted := map[span]int{} // in edits of the file
	for _, id := range slices.Sorted(maps.Keys(values)) {
		s := found.Slot(id)
		edit, err := s.edit(values[id])
		if err != nil {
			return nil, err
		}
		at := span{file: s.File, start: edit.Start, end: edit.End}
		if i, known := inserted[at]; known { // what is inserted at one place is one text
			edits[s.File][i].New += edit.New
			continue
		}
		if edit.Start == edit.End {
			inserted[at] = len(edits[s.File])
		}
		edits[s.File] = append(edits[s.File], edit)
	}
	contents := map[string][]byte{}
	for name, list := range edits {
		out, err := f.Edit(name, list)
		if err != nil {
			return nil, err
		}
		contents[name] = out
	}
	return contents, nil
}

// Source returns the content of a file as it was read.
func (f *Files) Source(name string) []byte {
	if file := f.Nix[name]; file != nil {
		return file.Src
	}
	return f.Data[name]
}

// editError shows an edit that is refused at its place.
func editError(err error) error {
	var refused *nixexpr.EditError
	if !errors.As(err, &refused) {
		return err
	}
	at := diag.Pos{File: refused.File, Line: refused.Line, Column: refused.Column}
	return &diag.Error{Pos: at, Text: "edit: " + refused.Msg, Hint: "make this change by hand", Err: refused}
}
