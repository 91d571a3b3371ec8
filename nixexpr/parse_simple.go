package nixexpr

// simple reads an expression that needs no parentheses as an argument.
func (p *parser) simple(want string) Expr {
	p.height = 1
	switch p.kind {
	case kindIdent:
		return p.name()
	case kindInt, kindFloat:
		n := p.number.one()
		n.Span = p.leaf()
		return n
	case kindQuote, kindIndentOpen:
		s, h := p.stringNode()
		p.grown(h)
		return s
	case kindPath:
		return p.pathNode()
	case kindSearchPath:
		n := p.spath.one()
		n.Span = p.leaf()
		return n
	case kindURI:
		n := p.uri.one()
		n.Span = p.leaf()
		return n
	case kindParenOpen:
		return p.parenthesis()
	case kindBracketOpen:
		return p.listNode()
	case kindBraceOpen, kindRec:
		return p.set()
	case kindLet:
		return p.legacyLet()
	}
	return p.unexpected(want)
}

// leaf is the span of the current token, which it goes past.
func (p *parser) leaf() Span {
	span := Span{p.start(), p.end()}
	p.advance()
	return span
}

func (p *parser) name() Expr {
	word := p.word()
	if word == "__curPos" {
		n := p.curPos.one()
		n.Span = p.leaf()
		return n
	}
	n := p.ident.one()
	n.Name, n.Span = word, p.leaf()
	return n
}

func (p *parser) parenthesis() Expr {
	n := p.paren.one()
	n.From = p.start()
	p.advance()
	n.X = p.expr("an expression after '('")
	n.To = p.expectClosing(kindParenClose, "", n.From)
	p.grown(p.height)
	return n
}

func (p *parser) listNode() Expr {
	if !p.enter() {
		return failed
	}
	n := p.list.one()
	n.From = p.start()
	p.advance()
	base, h := len(p.elems), 0
	for p.startsSimple() {
		p.elems = append(p.elems, p.selection("a list element"))
		h = max(h, p.height)
	}
	n.Elems = p.exprs.copy(p.elems[base:])
	p.elems = p.elems[:base]
	n.To = p.expectClosing(kindBracketClose, " or a list element", n.From)
	p.depth--
	p.grown(h)
	return n
}

func (p *parser) set() Expr {
	n := p.attrSet.one()
	n.From = p.start()
	if p.kind == kindRec {
		n.Rec = true
		p.advance()
		if p.kind != kindBraceOpen {
			return p.unexpected("'{' after 'rec'")
		}
	}
	n.Bindings, n.To = p.braces()
	return n
}

func (p *parser) legacyLet() Expr {
	n := p.legacy.one()
	n.From = p.start()
	p.advance()
	if p.kind != kindBraceOpen {
		return p.unexpected("'{' after 'let' (let … in must be in parentheses here)")
	}
	n.Bindings, n.To = p.braces()
	return n
}

// braces reads bindings in braces, and where they end.
func (p *parser) braces() (bindings []Binding, end int32) {
	open := p.start()
	p.advance()
	bindings, h := p.bindingList(kindBraceClose)
	end = p.expectClosing(kindBraceClose, " or an attribute", open)
	p.grown(h)
	return bindings, end
}

// stringNode reads a string of either kind, and the height of what is interpolated.
func (p *parser) stringNode() (*Str, int) {
	n := p.str.one()
	n.From, n.Indented = p.start(), p.kind == kindIndentOpen
	closing := kindQuote
	if n.Indented {
		closing = kindIndentClose
	}
	p.advance()
	base, h := len(p.parts), 0
	for p.kind != closing {
		part, ok := p.stringPart()
		if !ok {
			p.unclosed(int(n.From), closing)
			break
		}
		p.parts = append(p.parts, part)
		h = max(h, p.height)
	}
	n.Parts = p.strParts.copy(p.parts[base:])
	p.parts = p.parts[:base]
	n.To = p.expect(closing, "")
	return n, h
}

// stringPart reads a run of text or an interpolation. False when there is none.
func (p *parser) stringPart() (StrPart, bool) {
	switch p.kind {
	case kindText, kindIndentText:
		p.height = 0
		return StrPart{Span: p.leaf()}, true
	case kindInterp:
		return p.interpolation(), true
	}
	return StrPart{}, false
}

func (p *parser) interpolation() StrPart {
	part := StrPart{Span: Span{From: p.start()}}
	p.advance()
	part.Expr = p.expr("an expression after '${'")
	part.To = p.expectClosing(kindBraceClose, " after the interpolated expression", part.From)
	return part
}

// unclosed fails for a string that has no end.
func (p *parser) unclosed(start int, closing tokenKind) {
	if p.err != nil || p.kind == kindError {
		p.unexpected("")
		return
	}
	p.fail(start, "the string that starts here is not closed: expected %s before the end of the file", closing)
}

// pathNode reads a path; its parts touch each other.
func (p *parser) pathNode() Expr {
	n := p.path.one()
	n.From = p.start()
	base, h := len(p.parts), 0
	for {
		part := StrPart{Span: Span{p.start(), p.end()}}
		if p.kind == kindInterp {
			part = p.pathInterpolation()
			h = max(h, p.height)
		}
		p.parts = append(p.parts, part)
		n.To = part.To
		more := p.err == nil && p.pathGoesOn()
		p.advance()
		if !more {
			break
		}
	}
	n.Parts = p.strParts.copy(p.parts[base:])
	p.parts = p.parts[:base]
	p.grown(h)
	return n
}

// pathGoesOn reports whether more of the path stands behind the current token.
func (p *parser) pathGoesOn() bool {
	switch p.f.kinds[p.i+1] {
	case kindInterp:
		return true
	case kindPath:
		return p.f.text[p.f.Tokens[p.i+1].Start] != '~' // ./a~/b is ./a ~/b
	}
	return false
}

// pathInterpolation reads ${x} up to its }, which stays the current token: what comes behind
// it belongs to the path only when no blanks come between.
func (p *parser) pathInterpolation() StrPart {
	part := StrPart{Span: Span{From: p.start()}}
	p.advance()
	part.Expr = p.expr("an expression after '${'")
	if p.kind != kindBraceClose {
		p.expectClosing(kindBraceClose, " after the interpolated expression", part.From)
		return part
	}
	part.To = p.end()
	return part
}
