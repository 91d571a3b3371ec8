package pin

import "github.com/nixtars/ollama-bump/nixexpr"

// nameOld finds what the overridden attributes are called where a companion is added: as the override's function calls
// them, or the package that is overridden. Where they have no name it plans edits that give them one. It reports
// whether they have one then.
func (a *addition) nameOld(fns []*nixexpr.Lambda) bool {
	var fn *nixexpr.Lambda
	if len(fns) > 0 {
		fn = fns[len(fns)-1]
	}
	if fn != nil && fn.Arg != "" && a.binder(fn.Arg) == nixexpr.Node(fn) && (!unused(fn.Arg) || uses(fn.Body, fn.Arg)) {
		a.old = fn.Arg
		return true
	}
	if a.old = a.base(); a.old != "" {
		return true
	}
	switch {
	case fn == nil:
		return a.wrap()
	case fn.Arg == "":
		a.old = a.fresh(fn)
		a.insert(fn.Start(), a.old+"@")
	case unused(fn.Arg) && !uses(fn.Body, fn.Arg):
		a.old = a.fresh(fn)
		at := int(fn.ArgPos)
		a.constant = append(a.constant, nixexpr.Edit{Start: at, End: at + len(fn.Arg), New: a.old})
	}
	return a.old != ""
}

// base is the package that is overridden, written as a path of attributes that means the same where the companion is
// added; else "". What several calls share is no place for it.
func (a *addition) base() string {
	if a.call == nil || !contains(a.call, a.after) {
		return ""
	}
	fn, ok := a.call.Fn.(*nixexpr.Select)
	root := rootOf(a.call.Fn)
	if !ok || root == "" || len(fn.Path) < 2 {
		return ""
	}
	binder := binderAt(a.tree, a.call, root)
	if binder == nil || binder != a.binder(root) {
		return ""
	}
	return string(a.file.Src[fn.Start():fn.Path[len(fn.Path)-2].End()])
}

// wrap makes a function of a set of attributes that is the argument of overrideAttrs.
func (a *addition) wrap() bool {
	if a.call == nil || !contains(a.call.Arg, a.after) {
		return false
	}
	a.old = a.fresh(a.call.Arg)
	if paren, ok := a.call.Arg.(*nixexpr.Paren); ok && a.old != "" {
		a.insert(paren.Start()+1, a.old+": ")
	} else {
		a.insert(a.call.Arg.Start(), "("+a.old+": ")
		a.insert(a.call.Arg.End(), ")")
	}
	return a.old != ""
}

func (a *addition) insert(at int, text string) {
	a.constant = append(a.constant, nixexpr.Edit{Start: at, End: at, New: text})
}

// fresh is a name for the overridden attributes that means nothing else in an expression, "" for none.
func (a *addition) fresh(in nixexpr.Expr) string {
	for _, name := range []string{"old", "oldAttrs", "prevAttrs"} {
		binder := a.binder(name)
		if !uses(in, name) && (binder == nil || !contains(in, binder)) {
			return name
		}
	}
	return ""
}

// contains reports whether a node stands in another one.
func contains(outer, inner nixexpr.Node) bool {
	return outer.Start() <= inner.Start() && inner.End() <= outer.End()
}

// uses reports whether an expression refers to a variable of its scope.
func uses(e nixexpr.Expr, name string) bool {
	used := false
	nixexpr.Uses(e, name, func(nixexpr.Node) { used = true })
	return used
}

// binder is what defines a variable where the companion is added.
func (a *addition) binder(name string) nixexpr.Node { return binderAt(a.tree, a.after, name) }

// binderAt is what defines a variable where a node stands: a function, a let or a recursive set; nil when none does.
func binderAt(tree *nixexpr.Pruning, n nixexpr.Node, name string) nixexpr.Node {
	for n = tree.Parent(n); n != nil; n = tree.Parent(n) {
		if _, ok := nixexpr.Binds(n, name); ok {
			return n
		}
	}
	return nil
}
