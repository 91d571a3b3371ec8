package pin

import (
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// derivation recognises a call that makes a derivation.
func (f *finder) derivation(o *eval.Unknown) *derivation {
	if o.Fn == nil {
		return nil
	}
	if fn, ok := o.Fn.(*eval.Unknown); ok && fn.Fn == nil && fn.Name == "overrideAttrs" && fn.Base != nil {
		d := &derivation{call: o, base: fn.Base, old: &eval.Unknown{Name: "old", Reason: eval.OldAttrs}}
		d.body = f.overrideBody(o.Arg, d.old)
		return d
	}
	name, args := calleeOfBuild(o)
	if len(args) == 0 {
		return nil
	}
	arg := f.prog.Value(args[len(args)-1])
	switch arg := arg.(type) {
	case *eval.Func:
		if builderNamed(name) != nil && len(args) == 1 {
			return &derivation{call: o, body: f.prog.Fix(arg, &eval.Unknown{Name: "finalAttrs"})}
		}
	case *eval.Set:
		if builderNamed(name) != nil ||
			arg.Get("src") != nil && (arg.Get("version") != nil || arg.Get("pname") != nil) {
			return &derivation{call: o, body: arg}
		}
	}
	return nil
}

// calleeOfBuild is the callee of a term; buildGoModule.override { go = …; } builds as buildGoModule does.
func calleeOfBuild(o *eval.Unknown) (name string, args []*eval.Def) {
	if call, ok := o.Fn.(*eval.Unknown); ok {
		if fn, ok := call.Fn.(*eval.Unknown); ok && fn.Fn == nil && fn.Name == "override" {
			if base, ok := fn.Base.(*eval.Unknown); ok && base.Fn == nil && builderNamed(base.Name) != nil {
				return base.Name, []*eval.Def{o.Arg}
			}
		}
	}
	return o.Callee()
}

// builder returns the builder that makes a package of the flake's own; nil for an override, and for one that is not
// known.
func (d *derivation) builder() *builder {
	if d.base != nil {
		return nil
	}
	name, _ := calleeOfBuild(d.call)
	return builderNamed(name)
}

// overrideBody is what the argument of overrideAttrs yields: a set, a function of the old
// attributes, or one of the final and the old ones.
func (f *finder) overrideBody(arg *eval.Def, old *eval.Unknown) eval.Value {
	v := f.prog.Value(arg)
	fn, ok := v.(*eval.Func)
	if !ok {
		return v
	}
	oldDef := eval.Known(old)
	v = f.prog.Apply(fn, oldDef, nil, nil)
	if _, two := v.(*eval.Func); two {
		v = f.prog.Fix(fn, old, oldDef)
	}
	return v
}

// pos is where a derivation's call stands.
func (d *derivation) pos() diag.Pos { return callPos(d.call) }

// callPos is where a call stands; the zero value for one that stands nowhere.
func callPos(o *eval.Unknown) diag.Pos {
	if o == nil || o.Node == nil {
		return diag.Pos{}
	}
	return posIn(o.File, o.Node.Start())
}

// baseNames are the attribute names of the package that is overridden.
func (f *finder) baseNames(v eval.Value) []string {
	var names []string
	for _, alt := range eval.Alternatives(v) {
		o, ok := alt.(*eval.Unknown)
		if !ok {
			continue
		}
		if o.Fn == nil {
			names = append(names, o.Name)
			continue
		}
		// prev.ollama.override { … } and prev.ollama.overrideAttrs … are still that package.
		if fn, ok := o.Fn.(*eval.Unknown); ok && fn.Base != nil && strings.HasPrefix(fn.Name, "override") {
			names = append(names, f.baseNames(fn.Base)...)
		}
		names = append(names, f.calledName(o)...)
		// A package made by its own definition has that definition's pname.
		if d := f.derivation(o); d != nil && d.base == nil {
			if set, ok := d.body.(*eval.Set); ok && set.Get("pname") != nil {
				if name, ok := f.constant(set.Get("pname")); ok {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// calledName is the name of the folder of a package that callPackage is given by a path which leads out of the flake,
// nixpkgs' say.
func (f *finder) calledName(o *eval.Unknown) []string {
	name, args := o.Callee()
	if name != "callPackage" || len(args) == 0 {
		return nil
	}
	text := ""
	switch v := f.prog.Value(args[0]).(type) {
	case *eval.Text:
		text = knownText(v)
	case *eval.Path:
		text = v.Text
	default:
		return nil
	}
	return []string{path.Base(strings.TrimSuffix(strings.TrimSuffix(text, "/package.nix"), "/default.nix"))}
}

// isPackage reports whether a value is nixpkgs' package or a variant of it.
func (f *finder) isPackage(v eval.Value) bool {
	if v == nil {
		return false
	}
	for _, n := range f.baseNames(v) {
		if f.pkg.isVariant(n) {
			return true
		}
	}
	return false
}

// isOld reports whether a value is the overridden package's.
func (f *finder) isOld(d *derivation, def *eval.Def) bool {
	o, ok := f.prog.Value(def).(*eval.Unknown)
	return ok && d.old != nil && o.Root() == d.old
}

// constant is the text of a definition, when it is a known string.
func (f *finder) constant(d *eval.Def) (string, bool) {
	if d == nil {
		return "", false
	}
	t, ok := f.prog.Value(d).(*eval.Text)
	if !ok {
		return "", false
	}
	return t.String()
}

// defPos is where a definition's value is written, or fallback.
func defPos(d *eval.Def, fallback diag.Pos) diag.Pos {
	for _, hop := range d.Trail() {
		switch {
		case hop.File != nil && hop.Expr != nil:
			fallback = posIn(hop.File, hop.Expr.Start())
		case hop.File != nil && hop.Attr != nil:
			fallback = posIn(hop.File, hop.Attr.Start())
		}
	}
	return fallback
}

// namesAround are the names of the attributes that a node is defined in, the innermost first.
func namesAround(file *nixexpr.File, node nixexpr.Node) []string {
	var names []string
	if file == nil || node == nil {
		return nil
	}
	around(file, node, func(n nixexpr.Node) {
		if b, ok := n.(*nixexpr.Binding); ok && b.Value != nil {
			if last := b.Path[len(b.Path)-1]; last.Expr == nil {
				names = append([]string{last.Name}, names...)
			}
		}
	})
	return names
}

// Union returns the strings of lists, each once and none that is empty; an empty list, which JSON writes as one, for
// none.
func Union(lists ...[]string) []string {
	have := map[string]bool{}
	out := []string{}
	for _, list := range lists {
		for _, s := range list {
			if s != "" && !have[s] {
				have[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}
