package pin

import (
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// packageCall is a function that makes a package, with what it is called with. nixpkgs' override calls it once
// more, with other arguments: what those choose, another hash of a table say, moves with the version, too.
type packageCall struct {
	fn    *eval.Func
	given eval.Value
}

// maxVariants bounds the calls that are tried: a package has a handful of arguments that choose anything.
const maxVariants = 64

// findVariants inspects what the functions of packages make when they are called as the flake's own overrides
// call them, and with whatever else an argument of theirs may be.
func (f *finder) findVariants(roots []*nixexpr.File) {
	for _, file := range roots {
		if fn, ok := f.prog.Value(f.prog.Root(file)).(*eval.Func); ok {
			f.noteCall(fn, callPackageRest)
		}
	}
	left := maxVariants
	for _, c := range slices.Clone(f.calls) {
		for i, args := range append(f.overridesOf(c), f.otherArguments(c)...) {
			if left--; left < 0 {
				return
			}
			f.speculative = i >= len(f.overridesOf(c))
			merged := eval.Known(f.prog.Update(c.given, args))
			f.prog.Reach(f.prog.Apply(c.fn, merged, nil, nil), func(o *eval.Unknown) bool {
				f.note(o)
				return true
			})
			f.speculative = false
		}
	}
}

// noteCall keeps a call for findVariants, once.
func (f *finder) noteCall(fn *eval.Func, given eval.Value) {
	if fn.Lambda.Formals == nil || !mention([]*nixexpr.File{fn.File}, f.pkg.Name) {
		return
	}
	for _, c := range f.calls {
		if c.fn.Lambda == fn.Lambda {
			return
		}
	}
	f.calls = append(f.calls, packageCall{fn, given})
}

// noteOverride keeps the arguments of a call of override.
func (f *finder) noteOverride(o *eval.Unknown) {
	fn, ok := o.Fn.(*eval.Unknown)
	if !ok || fn.Fn != nil || fn.Name != "override" {
		return
	}
	if args, ok := f.prog.Value(o.Arg).(*eval.Set); ok {
		f.overrides = append(f.overrides, args)
	}
}

// overridesOf are the arguments of the flake's overrides that the function may be meant by.
func (f *finder) overridesOf(c packageCall) []*eval.Set {
	var list []*eval.Set
	for _, args := range f.overrides {
		if len(args.Names()) > 0 &&
			!slices.ContainsFunc(args.Names(), func(name string) bool { return c.formal(name) == nil }) {
			list = append(list, args)
		}
	}
	return list
}

func (c packageCall) formal(name string) *nixexpr.Formal {
	for i := range c.fn.Lambda.Formals.List {
		if formal := &c.fn.Lambda.Formals.List[i]; formal.Name == name {
			return formal
		}
	}
	return nil
}

// otherArguments are sets of one argument each, which has another value than it has in the call.
func (f *finder) otherArguments(c packageCall) []*eval.Set {
	var list []*eval.Set
	for i := range c.fn.Lambda.Formals.List {
		formal := &c.fn.Lambda.Formals.List[i]
		for _, v := range f.otherValues(c, formal) {
			list = append(list, f.prog.NewSet(map[string]*eval.Def{formal.Name: eval.Known(v)}, []string{formal.Name}))
		}
	}
	return list
}

// otherValues are what an argument may be instead: the other truth, another name of a set that has its value as a
// name, or what it is compared with.
func (f *finder) otherValues(c packageCall, formal *nixexpr.Formal) []eval.Value {
	words, truths := map[string]bool{}, map[string]bool{}
	note := func(v eval.Value) {
		switch v := v.(type) {
		case *eval.Text:
			if word, ok := v.String(); ok && !isVersion(word) {
				words[word] = true
			}
		case *eval.Scalar:
			truths[v.Text] = true
		}
	}
	if set, ok := c.given.(*eval.Set); ok && set.Get(formal.Name) != nil {
		note(f.prog.Value(set.Get(formal.Name)))
	}
	switch e := formal.Default.(type) {
	case *nixexpr.Str:
		if word, ok := c.fn.File.StringValue(e); ok {
			note(&eval.Text{Pieces: []eval.Piece{{Text: word}}})
		}
	case *nixexpr.Ident:
		truths[e.Name] = true
	case nil:
		if len(words)+len(truths) == 0 {
			return nil // nixpkgs gives it
		}
	}
	var values []eval.Value
	switch {
	case truths["true"] || truths["false"]:
		for _, truth := range []string{"true", "false"} {
			if truths["true"] && truths["false"] || !truths[truth] {
				values = append(values, &eval.Scalar{Text: truth})
			}
		}
		return values
	case len(words) == 0 && !truths["null"]:
		return nil
	}
	for _, word := range choices(c.fn.File, formal.Name, words) {
		values = append(values, &eval.Text{Pieces: []eval.Piece{{Text: word}}})
	}
	return values
}

// choices are the names beside any of words in a set, and the strings that the variable name is compared with.
func choices(file *nixexpr.File, name string, words map[string]bool) []string {
	var list []string
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		switch n := n.(type) {
		case *nixexpr.AttrSet:
			var names []string
			known := false
			for i := range n.Bindings {
				for _, a := range n.Bindings[i].Path[:min(1, len(n.Bindings[i].Path))] {
					if a.Expr == nil {
						names, known = append(names, a.Name), known || words[a.Name]
					}
				}
			}
			if known {
				list = Union(list, names)
			}
		case *nixexpr.Binary:
			for _, sides := range [][2]nixexpr.Expr{{n.X, n.Y}, {n.Y, n.X}} {
				id, isName := sides[0].(*nixexpr.Ident)
				s, isText := sides[1].(*nixexpr.Str)
				if !isName || !isText || id.Name != name || n.Op != nixexpr.OpEqual && n.Op != nixexpr.OpNotEqual {
					continue
				}
				if word, ok := file.StringValue(s); ok {
					list = Union(list, []string{word})
				}
			}
		}
		return true
	})
	return list
}

// isVersion reports whether a text is a version, as an attribute says it.
func isVersion(text string) bool {
	_, _, ok := attrVersion(text)
	return ok
}
