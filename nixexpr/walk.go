package nixexpr

// Children calls f with each node directly below n, in the order of the source. The nodes
// that are no expressions ([Attr], [Binding], [Formal], [StrPart], [Formals]) are given as
// pointers into their parents. Texts and names are leaves.
func Children(n Node, f func(Node)) {
	switch n := n.(type) {
	case *Str:
		eachPart(n.Parts, f)
	case *Path:
		eachPart(n.Parts, f)
	case *List:
		for _, e := range n.Elems {
			f(e)
		}
	case *AttrSet:
		eachBinding(n.Bindings, f)
	case *Let:
		eachBinding(n.Bindings, f)
		f(n.Body)
	case *LegacyLet:
		eachBinding(n.Bindings, f)
	case *Select:
		f(n.Set)
		eachAttr(n.Path, f)
		some(f, n.Default)
	case *HasAttr:
		f(n.Set)
		eachAttr(n.Path, f)
	case *Lambda:
		if n.Formals != nil {
			f(n.Formals)
		}
		f(n.Body)
	case *Formals:
		for i := range n.List {
			f(&n.List[i])
		}
	case *Binding:
		some(f, n.From)
		eachAttr(n.Path, f)
		some(f, n.Value)
	default:
		operands(n, f)
	}
}

// operands is Children for the nodes that hold nothing but expressions.
func operands(n Node, f func(Node)) {
	switch n := n.(type) {
	case *With:
		some(f, n.Scope, n.Body)
	case *Assert:
		some(f, n.Cond, n.Body)
	case *If:
		some(f, n.Cond, n.Then, n.Else)
	case *Apply:
		some(f, n.Fn, n.Arg)
	case *Unary:
		some(f, n.X)
	case *Binary:
		some(f, n.X, n.Y)
	case *Paren:
		some(f, n.X)
	case *Formal:
		some(f, n.Default)
	case *StrPart:
		some(f, n.Expr)
	case *Attr:
		some(f, n.Expr)
	}
}

// some calls f with the expressions that are there.
func some(f func(Node), exprs ...Expr) {
	for _, e := range exprs {
		if e != nil {
			f(e)
		}
	}
}

func eachPart(parts []StrPart, f func(Node)) {
	for i := range parts {
		f(&parts[i])
	}
}

func eachAttr(attrs []Attr, f func(Node)) {
	for i := range attrs {
		f(&attrs[i])
	}
}

func eachBinding(bindings []Binding, f func(Node)) {
	for i := range bindings {
		f(&bindings[i])
	}
}

// Walk calls f with n and, when it returns true, with everything below n: a parent before its
// children, these in the order of the source.
func Walk(n Node, f func(Node) bool) {
	if f(n) {
		Children(n, func(child Node) { Walk(child, f) })
	}
}
