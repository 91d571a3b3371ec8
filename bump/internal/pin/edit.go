package pin

import (
	"errors"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// Edit returns a file with edits. It is checked: everything else is as it was, and the result is one that Nix reads.
func (f *Files) Edit(name string, edits []nixexpr.Edit) ([]byte, error) {
	if file := f.Nix[name]; file != nil {
		out, err := file.Apply(edits)
		return out, editError(err)
	}
	src, ok := f.Data[name]
	if !ok {
		return nil, fmt.Errorf("edit %s: not read", name)
	}
	out, err := (&nixexpr.JSONFile{Name: name, Src: src}).Apply(edits)
	return out, editError(err)
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
