package pin

import (
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// library gives the meaning of the functions of nixpkgs' library that values pass through on their
// way from a literal to a package. What it says is only a hypothesis: that an edit took effect is
// proved by evaluation.
func (f *finder) library(name string, args []*eval.Def) *eval.Def {
	switch len(args) {
	case 1:
		return f.library1(name, args[0])
	case 2:
		return f.library2(name, args[0], args[1])
	case 3:
		if name == "callPackageWith" {
			return f.callPackage(args[1], args[2])
		}
	}
	return nil
}

func (f *finder) library1(name string, arg *eval.Def) *eval.Def {
	switch name {
	case "import":
		return f.prog.Import(f.flakePath(f.prog.Value(arg)))
	case "importJSON", "importTOML":
		return f.prog.ReadData(f.flakePath(f.prog.Value(arg)))
	case "readFile":
		return f.readFile(arg)
	case "mkForce", "mkDefault":
		return arg
	case "trim":
		if _, unknown := f.prog.Value(arg).(*eval.Unknown); !unknown {
			return arg
		}
	}
	return nil
}

func (f *finder) library2(name string, first, second *eval.Def) *eval.Def {
	switch name {
	case "mkIf", "optionalAttrs", "optionals", "mkOverride", "warn", "warnIf", "warnIfNot":
		return second
	case "optional":
		return eval.Known(&eval.List{Elems: []*eval.Def{second}})
	case "recursiveUpdate", "mergeAttrs":
		return eval.Known(f.prog.Update(f.prog.Value(first), f.prog.Value(second)))
	case "removePrefix":
		return f.removePrefix(first, second)
	case "genAttrs":
		return f.genAttrs(first, second)
	case "callPackage", "makeOverridable":
		return f.callPackage(first, second)
	}
	return nil
}

// callPackage is the package of a function, or of a file that holds one: what the caller gives it,
// over whatever nixpkgs has.
func (f *finder) callPackage(fn, args *eval.Def) *eval.Def {
	v := f.flakePath(f.prog.Value(fn))
	if d := f.prog.Import(v); d != nil {
		v = f.prog.Value(d)
	}
	callee, ok := v.(*eval.Func)
	if !ok {
		return nil
	}
	given := f.prog.Update(callPackageRest, f.prog.Value(args))
	f.noteCall(callee, given)
	return eval.Thunk(func() eval.Value { return f.prog.Apply(callee, eval.Known(given), nil, nil) })
}

// callPackageRest stands for nixpkgs: it has every package, and none of the names that people give
// the arguments of their own package functions (version, hash, …); those keep their defaults.
var callPackageRest = &eval.Unknown{Name: "pkgs", Reason: eval.Parameter}

// flakePath is the path in the flake that self + "/x", "${self}/x" or "${./folder}/x" is, else v itself.
func (f *finder) flakePath(v eval.Value) eval.Value {
	var base eval.Value
	rest := &eval.Text{}
	switch v := v.(type) {
	case *eval.Text:
		if len(v.Pieces) < 2 {
			return v
		}
		base, rest = v.Pieces[0].Value, &eval.Text{Pieces: v.Pieces[1:]}
	case *eval.Unknown:
		if sum, ok := v.Node.(*nixexpr.Binary); !ok || sum.Op != nixexpr.OpAdd || len(v.Operands) != 2 {
			return v
		}
		base = f.prog.Value(v.Operands[0])
		rest, _ = f.prog.Value(v.Operands[1]).(*eval.Text)
	}
	folder := ""
	switch base := base.(type) {
	case *eval.Path:
		folder = base.Name
	case *eval.Unknown:
		if base.Name == "outPath" && base.Base != nil {
			base, _ = base.Base.(*eval.Unknown)
		}
		if base != nil && base.Fn == nil && base.Name == "self" {
			folder = f.flake.folder
		}
	}
	if folder == "" || rest == nil {
		return v
	}
	below, known := rest.String()
	name := path.Join(folder, below)
	if !known || !strings.HasPrefix(below, "/") || strings.HasPrefix(name, "..") {
		return v
	}
	return &eval.Path{Name: name, Text: "./" + below}
}

// readFile is readFile of the path in the flake that its argument is.
func (f *finder) readFile(arg *eval.Def) *eval.Def {
	v := f.prog.Value(arg)
	at := f.flakePath(v)
	if at == v {
		return nil
	}
	return eval.Known(&eval.Unknown{
		Fn: &eval.Unknown{
			Name:   "readFile",
			Reason: eval.FreeVariable,
		}, Arg: eval.Known(at), Reason: eval.FileContent, File: arg.File,
	})
}

// removePrefix is a text without its beginning, when both are known: the rest stays where it is written.
func (f *finder) removePrefix(prefix, text *eval.Def) *eval.Def {
	drop, ok := f.constant(prefix)
	t, isText := f.prog.Value(text).(*eval.Text)
	if !ok || !isText || len(t.Pieces) == 0 || t.Pieces[0].Value != nil {
		return nil
	}
	whole, known := t.String()
	if known && !strings.HasPrefix(whole, drop) {
		return text
	}
	first := t.Pieces[0]
	rest, ok := strings.CutPrefix(first.Text, drop)
	if !ok {
		return nil
	}
	first.Text = rest
	return eval.Known(&eval.Text{Pieces: append([]eval.Piece{first}, t.Pieces[1:]...)})
}

// genAttrs is the set of fn's values for every name of a list.
func (f *finder) genAttrs(list, fn *eval.Def) *eval.Def {
	seq, ok := f.prog.Value(list).(*eval.List)
	if !ok {
		return nil
	}
	attrs, names := map[string]*eval.Def{}, []string{}
	for _, d := range seq.Elems {
		name, ok := f.constant(d)
		if !ok {
			return nil
		}
		names = append(names, name)
		attrs[name] = eval.Thunk(func() eval.Value { return f.prog.Apply(f.prog.Value(fn), d, d.File, nil) })
	}
	return eval.Known(f.prog.NewSet(attrs, names))
}
