package nixexpr

// Print is an expression with parentheses around every part of it that could need them, the
// blanks made single and the comments left out. It shows how the parser understood a source,
// and parses to the same tree but for the [Paren] nodes. To change a file use edits.
func (f *File) Print(e Expr) []byte {
	p := printer{f: f}
	p.expr(e)
	return p.out
}

type printer struct {
	f   *File
	out []byte
}

func (p *printer) text(texts ...string) {
	for _, s := range texts {
		p.out = append(p.out, s...)
	}
}

func (p *printer) expr(e Expr) {
	switch n := e.(type) {
	case *Paren:
		p.expr(n.X)
	case *Str:
		p.string(n)
	case *Path:
		p.parts(n.Parts)
	case *List:
		p.text("[ ")
		for _, elem := range n.Elems {
			p.expr(elem)
			p.text(" ")
		}
		p.text("]")
	case *AttrSet:
		if n.Rec {
			p.text("rec ")
		}
		p.set(n.Bindings)
	case *Ident, *Number, *SearchPath, *URI, *CurPos:
		p.text(p.f.Text(n))
	default:
		p.text("(")
		p.composite(e)
		p.text(")")
	}
}

// composite prints what stands in parentheses.
func (p *printer) composite(e Expr) {
	switch n := e.(type) {
	case *Let:
		p.text("let ")
		p.bindings(n.Bindings)
		p.text("in ")
		p.expr(n.Body)
	case *LegacyLet:
		p.text("let ")
		p.set(n.Bindings)
	case *With:
		p.words("with ", n.Scope, "; ", n.Body)
	case *Assert:
		p.words("assert ", n.Cond, "; ", n.Body)
	case *If:
		p.words("if ", n.Cond, " then ", n.Then)
		p.words(" else ", n.Else, "", nil)
	case *Lambda:
		p.lambda(n)
	case *Apply:
		p.words("", n.Fn, " ", n.Arg)
	case *Select:
		p.words("", n.Set, " . ", nil)
		p.path(n.Path)
		if n.Default != nil {
			p.words(" or ", n.Default, "", nil)
		}
	case *HasAttr:
		p.words("", n.Set, " ? ", nil)
		p.path(n.Path)
	case *Unary:
		p.words(n.Op.String()+" ", n.X, "", nil) // for -./a would be a path
	case *Binary:
		p.words("", n.X, " "+n.Op.String()+" ", n.Y)
	}
}

// words prints texts and expressions in turn; a nil expression is left out.
func (p *printer) words(a string, x Expr, b string, y Expr) {
	p.text(a)
	p.expr(x)
	p.text(b)
	if y != nil {
		p.expr(y)
	}
}

func (p *printer) string(s *Str) {
	if len(s.Parts) == 0 {
		p.text(p.f.Text(s))
		return
	}
	p.text(p.f.text[s.Start():s.Parts[0].Start()])
	p.parts(s.Parts)
	p.text(p.f.text[s.Parts[len(s.Parts)-1].End():s.End()])
}

func (p *printer) parts(parts []StrPart) {
	for i := range parts {
		if parts[i].Expr == nil {
			p.text(p.f.Text(&parts[i]))
			continue
		}
		p.text("${")
		p.expr(parts[i].Expr)
		p.text("}")
	}
}

func (p *printer) set(bindings []Binding) {
	p.text("{ ")
	p.bindings(bindings)
	p.text("}")
}

func (p *printer) bindings(bindings []Binding) {
	for i := range bindings {
		b := &bindings[i]
		if b.Value != nil {
			p.path(b.Path)
			p.words(" = ", b.Value, "; ", nil)
			continue
		}
		p.text("inherit ")
		if b.From != nil {
			p.words("(", b.From, ") ", nil)
		}
		for j := range b.Path {
			p.attr(&b.Path[j])
			p.text(" ")
		}
		p.text("; ")
	}
}

func (p *printer) path(path []Attr) {
	for i := range path {
		if i > 0 {
			p.text(".")
		}
		p.attr(&path[i])
	}
}

func (p *printer) attr(a *Attr) {
	s, isString := a.Expr.(*Str)
	switch {
	case a.Expr == nil:
		p.text(p.f.Text(a))
	case isString && s.Span == a.Span:
		p.string(s)
	default:
		p.words("${", a.Expr, "}", nil)
	}
}

func (p *printer) lambda(n *Lambda) {
	if n.Formals == nil {
		p.words(n.Arg+": ", n.Body, "", nil)
		return
	}
	if n.ArgPos >= 0 && n.ArgPos < n.Formals.From {
		p.text(n.Arg, " @ ")
	}
	p.text("{ ")
	for i := range n.Formals.List {
		if i > 0 {
			p.text(", ")
		}
		formal := &n.Formals.List[i]
		p.text(formal.Name)
		if formal.Default != nil {
			p.words(" ? ", formal.Default, "", nil)
		}
	}
	if n.Formals.Ellipsis {
		if len(n.Formals.List) > 0 {
			p.text(", ")
		}
		p.text("...")
	}
	p.text(" }")
	if n.ArgPos > n.Formals.From {
		p.text(" @ ", n.Arg)
	}
	p.words(": ", n.Body, "", nil)
}

// Kind is the kind of the token Tokens[i], as messages name it.
func (f *File) Kind(i int) string { return f.kinds[i].String() }

// PartText is the text of Parts[i] as it takes part in the value; "" for an interpolation.
func (f *File) PartText(s *Str, i int) string { return f.PartTexts(s)[i] }
