package pin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Edit returns a file with edits. It is checked: everything else is as it was, and the result is one that Nix reads.
func (f *Files) Edit(name string, edits []nixexpr.Edit) ([]byte, error) {
	if file := f.Nix[name]; file != nil {
		out, err := file.Apply(edits)
		if err != nil {
			return nil, fmt.Errorf("edit %s: %w", name, err)
		}
		return out, nil
	}
	src, ok := f.Data[name]
	if !ok {
		return nil, fmt.Errorf("edit %s: not read", name)
	}
	out, err := splice(src, edits)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", name, err)
	}
	if !json.Valid(out) {
		return nil, fmt.Errorf("edit %s: the result is no JSON", name)
	}
	return out, nil
}

// splice replaces parts of a JSON file, which must not overlap.
func splice(src []byte, edits []nixexpr.Edit) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(edits), func(a, b nixexpr.Edit) int { return a.Start - b.Start })
	var out []byte
	last := 0
	for _, e := range sorted {
		if e.Start < last || e.End < e.Start || e.End > len(src) {
			return nil, errors.New("edits overlap")
		}
		out = append(append(out, src[last:e.Start]...), e.New...)
		last = e.End
	}
	return append(out, src[last:]...), nil
}
