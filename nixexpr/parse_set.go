package nixexpr

// bindingList reads definitions up to the closing token and the height of what is in them.
func (p *parser) bindingList(closing tokenKind) ([]Binding, int) {
	base, h := len(p.bindings), 0
	for p.kind != closing && p.err == nil {
		var b Binding
		if p.kind == kindInherit {
			b = p.inherit()
		} else if p.startsAttr() {
			b = p.definition()
		} else {
			break // the caller says what is missing
		}
		p.bindings = append(p.bindings, b)
		h = max(h, p.height)
	}
	bindings := p.binds.copy(p.bindings[base:])
	p.bindings = p.bindings[:base]
	if p.err == nil {
		if err := p.dups.attrs(bindings); err != nil {
			p.fail(err.offset, "%s", err.msg)
		}
	}
	return bindings, h
}

// definition reads a.b = x;
func (p *parser) definition() Binding {
	b := Binding{Span: Span{From: p.start()}}
	path, h, _ := p.attrPath("")
	b.Path = path
	if p.kind != kindAssign {
		p.unexpected("'=' or '.' after an attribute name")
		return b
	}
	p.advance()
	b.Value = p.expr("a value after '='")
	p.height = max(h, p.height)
	if p.kind == kindAssign {
		p.fail(p.startOf(p.i), "expected ';' after attribute, found '='; is a ';' missing before '%s'?", p.wordBefore())
	}
	b.To = p.expect(kindSemicolon, " after attribute")
	return b
}

// wordBefore is the source of the token before the current one.
func (p *parser) wordBefore() string {
	i := p.i - 1
	for p.f.kinds[i].blank() {
		i--
	}
	return clip(p.f.text[p.f.Tokens[i].Start:p.f.Tokens[i].End])
}

// inherit reads inherit a b; or inherit (x) a b;
func (p *parser) inherit() Binding {
	b := Binding{Span: Span{From: p.start()}}
	p.advance()
	h := 0
	if p.kind == kindParenOpen {
		p.advance()
		b.From = p.expr("an expression after 'inherit ('")
		h = p.height
		p.expect(kindParenClose, " after the set of 'inherit'")
	}
	base := len(p.attrs)
	for p.startsAttr() {
		attr := p.attr()
		if attr.Expr != nil && p.err == nil {
			p.fail(attr.Start(), "a dynamic attribute is not allowed in 'inherit'")
		}
		p.attrs = append(p.attrs, attr)
	}
	b.Path = p.attrList.copy(p.attrs[base:])
	p.attrs = p.attrs[:base]
	p.height = h
	b.To = p.expect(kindSemicolon, " or a name after 'inherit'")
	return b
}

// attrPath reads a.b.${c}, the height of what is in it and where it ends.
func (p *parser) attrPath(where string) (path []Attr, height int, end int32) {
	base, h := len(p.attrs), 0
	for {
		if !p.startsAttr() {
			p.unexpected("an attribute name" + where)
			break
		}
		p.height = 0
		attr := p.attr()
		h = max(h, p.height)
		p.attrs = append(p.attrs, attr)
		end = attr.To
		if p.kind != kindDot {
			break
		}
		where = " after '.'"
		p.advance()
	}
	path = p.attrList.copy(p.attrs[base:])
	p.attrs = p.attrs[:base]
	return path, h, end
}

// startsAttr reports whether the current token starts an attribute name.
func (p *parser) startsAttr() bool {
	switch p.kind {
	case kindIdent, kindOr, kindQuote, kindInterp:
		return true
	}
	return false
}

// attr reads one attribute name.
func (p *parser) attr() Attr {
	switch p.kind {
	case kindQuote:
		s, h := p.stringNode()
		p.height = h + 1
		return p.stringAttr(s.Span, s)
	case kindInterp:
		part := p.interpolation()
		return p.stringAttr(part.Span, part.Expr)
	}
	p.height = 1
	return Attr{Name: p.word(), Span: p.leaf()}
}

// stringAttr is a name with its value when the value stands there, else a dynamic one.
func (p *parser) stringAttr(span Span, e Expr) Attr {
	if p.err != nil {
		return Attr{Span: span}
	}
	if name, ok := p.f.literalString(e); ok {
		return Attr{Span: span, Name: name}
	}
	return Attr{Span: span, Expr: e}
}

func (p *parser) simpleLambda() Expr {
	n := p.lambda.one()
	n.From, n.ArgPos, n.Arg = p.start(), p.start(), p.word()
	p.advance()
	return p.lambdaBody(n, 0)
}

// lambdaBody reads the colon and the body.
func (p *parser) lambdaBody(n *Lambda, height int) Expr {
	p.expect(kindColon, " after the arguments of a function")
	n.Body = p.expr("a function body after ':'")
	if n.Formals != nil && p.err == nil {
		if err := p.dups.formals(n); err != nil {
			return p.fail(err.offset, "%s", err.msg)
		}
	}
	return p.close(n, &n.Span, n.Body, max(height, p.height))
}

// namedLambda reads args @ { … }: body.
func (p *parser) namedLambda() Expr {
	n := p.lambda.one()
	n.From, n.ArgPos, n.Arg = p.start(), p.start(), p.word()
	p.advance()
	p.advance()
	if p.kind != kindBraceOpen {
		return p.unexpected("'{' after '@'")
	}
	h := p.formalSet(n)
	return p.lambdaBody(n, h)
}

// formalsLambda reads { … }: body or { … } @ args: body.
func (p *parser) formalsLambda() Expr {
	n := p.lambda.one()
	n.From, n.ArgPos = p.start(), -1
	h := p.formalSet(n)
	if p.kind == kindAt {
		p.advance()
		if p.kind != kindIdent {
			return p.unexpected("a name after '@'")
		}
		n.ArgPos, n.Arg = p.start(), p.word()
		p.advance()
	}
	return p.lambdaBody(n, h)
}

// formalsAhead reports whether the { at the current token opens the arguments of a function.
func (p *parser) formalsAhead() bool {
	i := p.after(p.i)
	switch p.f.kinds[i] {
	case kindEllipsis:
		return true
	case kindBraceClose:
		next := p.f.kinds[p.after(i)]
		return next == kindColon || next == kindAt
	case kindIdent:
		next := p.f.kinds[p.after(i)]
		return next == kindComma || next == kindQuestion || next == kindBraceClose
	}
	return false
}

// formalSet reads { a, b ? c, ... } and returns the height of what is in it.
func (p *parser) formalSet(n *Lambda) int {
	f := p.formalsNode.one()
	n.Formals = f
	f.From = p.start()
	p.advance()
	base, h := len(p.formals), 0
	want, more := " or an argument name", true // may follow
	for p.kind == kindIdent {
		p.formals = append(p.formals, p.formalArg())
		h = max(h, p.height)
		if p.kind != kindComma {
			want, more = " or ',' after an argument", false
			break
		}
		want = " or an argument name after ','"
		p.advance()
	}
	if p.kind == kindEllipsis && more {
		f.Ellipsis, want = true, " after '...'"
		p.advance()
	}
	f.List = p.formalList.copy(p.formals[base:])
	p.formals = p.formals[:base]
	f.To = p.expectClosing(kindBraceClose, want, f.From)
	return h
}

// formalArg reads a or a ? b.
func (p *parser) formalArg() Formal {
	a := Formal{Name: p.word(), Span: p.leaf()}
	p.height = 0
	if p.kind == kindQuestion {
		p.advance()
		a.Default = p.expr("a default value after '?'")
		a.To = int32(a.Default.End())
	}
	return a
}
