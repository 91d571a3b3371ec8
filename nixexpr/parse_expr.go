package nixexpr

// expr reads an expression of any form. The words say what is missing when there is none.
func (p *parser) expr(want string) Expr {
	if !p.enter() {
		return failed
	}
	e := p.function(want)
	p.depth--
	return e
}

// function reads what binds loosest: a lambda, assert, with, let, if, a pipeline.
func (p *parser) function(want string) Expr {
	switch p.kind {
	case kindIdent:
		switch p.peek() {
		case kindColon:
			return p.simpleLambda()
		case kindAt:
			return p.namedLambda()
		}
	case kindBraceOpen:
		if p.formalsAhead() {
			return p.formalsLambda()
		}
	case kindAssert:
		return p.assertion()
	case kindWith:
		return p.withScope()
	case kindLet:
		if p.peek() != kindBraceOpen {
			return p.letIn()
		}
	case kindIf:
		return p.ifElse()
	}
	return p.pipeline(want)
}

func (p *parser) assertion() Expr {
	n := p.assert.one()
	n.From = p.start()
	p.advance()
	n.Cond = p.expr("a condition after 'assert'")
	h := p.height
	p.expect(kindSemicolon, " after the condition of 'assert'")
	n.Body = p.expr("an expression after 'assert …;'")
	return p.close(n, &n.Span, n.Body, max(h, p.height))
}

// close ends a node where its last part ends.
func (p *parser) close(n Expr, span *Span, last Node, height int) Expr {
	span.To = int32(last.End())
	p.grown(height)
	return n
}

func (p *parser) withScope() Expr {
	n := p.with.one()
	n.From = p.start()
	p.advance()
	n.Scope = p.expr("an expression after 'with'")
	h := p.height
	p.expect(kindSemicolon, " after the set of 'with'")
	n.Body = p.expr("an expression after 'with …;'")
	return p.close(n, &n.Span, n.Body, max(h, p.height))
}

func (p *parser) ifElse() Expr {
	n := p.ifs.one()
	n.From = p.start()
	p.advance()
	n.Cond = p.expr("a condition after 'if'")
	h := p.height
	p.expect(kindThen, " after the condition of 'if'")
	n.Then = p.expr("an expression after 'then'")
	h = max(h, p.height)
	p.expect(kindElse, " after the expression of 'then'")
	n.Else = p.expr("an expression after 'else'")
	return p.close(n, &n.Span, n.Else, max(h, p.height))
}

func (p *parser) letIn() Expr {
	n := p.let.one()
	n.From = p.start()
	p.advance()
	var h int
	n.Bindings, h = p.bindingList(kindIn)
	for i := range n.Bindings {
		if b := &n.Bindings[i]; b.Value != nil && b.Path[0].Expr != nil {
			return p.fail(b.Path[0].Start(), "a dynamic attribute is not allowed in 'let'")
		}
	}
	p.expect(kindIn, " or another definition of 'let'")
	n.Body = p.expr("an expression after 'in'")
	return p.close(n, &n.Span, n.Body, max(h, p.height))
}

// pipeline reads a |> b |> c or a <| b <| c.
func (p *parser) pipeline(want string) Expr {
	x := p.op(0, want)
	switch p.kind {
	case kindPipeRight:
		for p.kind == kindPipeRight {
			h := p.height
			p.advance()
			y := p.op(0, "a function after '|>'")
			x = p.binaryNode(OpPipeRight, x, y, max(h, p.height))
		}
	case kindPipeLeft:
		x = p.pipeLeft(x)
	}
	if p.kind == kindPipeLeft || p.kind == kindPipeRight {
		return p.fail(p.startOf(p.i), "'|>' and '<|' must not be mixed without parentheses")
	}
	return x
}

func (p *parser) pipeLeft(x Expr) Expr {
	if !p.enter() {
		return failed
	}
	h := p.height
	p.advance()
	y := p.op(0, "an argument after '<|'")
	if p.kind == kindPipeLeft {
		y = p.pipeLeft(y)
	}
	p.depth--
	return p.binaryNode(OpPipeLeft, x, y, max(h, p.height))
}

func (p *parser) binaryNode(op Op, x, y Expr, height int) Expr {
	n := p.binary.one()
	*n = Binary{Span: Span{int32(x.Start()), int32(y.End())}, Op: op, X: x, Y: y}
	p.grown(height)
	return n
}

// assoc is how operators of one precedence stand beside each other.
type assoc uint8

const (
	left assoc = iota
	right
	none
)

// An infix is how tight a binary operator binds; prec 0 is none.
type infix struct {
	op    Op
	prec  uint8
	assoc assoc
}

// The precedences that are needed by name. Those of the binary operators stand in infixes.
const (
	precNot    = 7
	precHas    = 11
	precNegate = 12
)

var infixes = [256]infix{
	kindImpl:      {OpImpl, 1, right},
	kindOrOp:      {OpOr, 2, left},
	kindAnd:       {OpAnd, 3, left},
	kindEqual:     {OpEqual, 4, none},
	kindNotEqual:  {OpNotEqual, 4, none},
	kindLess:      {OpLess, 5, none},
	kindGreater:   {OpGreater, 5, none},
	kindLessEq:    {OpLessEq, 5, none},
	kindGreaterEq: {OpGreaterEq, 5, none},
	kindUpdate:    {OpUpdate, 6, right},
	kindPlus:      {OpAdd, 8, left},
	kindMinus:     {OpSub, 8, left},
	kindStar:      {OpMul, 9, left},
	kindSlash:     {OpDiv, 9, left},
	kindConcat:    {OpConcat, 10, right},
	kindQuestion:  {0, precHas, left},
}

// op reads operators that bind at least as tight as least.
func (p *parser) op(least uint8, want string) Expr {
	x := p.prefix(want)
	for {
		in := infixes[p.kind]
		if in.prec == 0 || in.prec < least {
			return x
		}
		if p.kind == kindQuestion {
			x = p.hasAttr(x)
			continue
		}
		sign, h := p.kind, p.height
		p.advance()
		y := p.operand(in, sign)
		x = p.binaryNode(in.op, x, y, max(h, p.height))
		if in.assoc == none && infixes[p.kind].prec == in.prec {
			return p.fail(p.startOf(p.i),
				"%s after another comparison needs parentheses: comparisons are not associative", p.kind)
		}
	}
}

// operand reads what stands right of a binary operator.
func (p *parser) operand(in infix, sign tokenKind) Expr {
	if in.assoc != right {
		return p.op(in.prec+1, operandOf[sign])
	}
	if !p.enter() {
		return failed
	}
	y := p.op(in.prec, operandOf[sign])
	p.depth--
	return y
}

// operandOf says what is missing behind an operator.
var operandOf = operandNames()

func operandNames() (names [256]string) {
	for kind, in := range infixes {
		if in.prec > 0 {
			names[kind] = "an expression after " + tokenKind(kind).String()
		}
	}
	return names
}

// prefix reads !x, -x or function application.
func (p *parser) prefix(want string) Expr {
	var op Op
	var least uint8
	switch p.kind {
	case kindNot:
		op, least, want = OpNot, precNot+1, "an expression after '!'"
	case kindMinus:
		op, least, want = OpNeg, precNegate+1, "an expression after '-'"
	default:
		return p.application(want)
	}
	if !p.enter() {
		return failed
	}
	n := p.unary.one()
	n.From, n.Op = p.start(), op
	p.advance()
	n.X = p.op(least, want)
	p.depth--
	return p.close(n, &n.Span, n.X, p.height)
}

func (p *parser) hasAttr(set Expr) Expr {
	h := p.height
	p.advance()
	n := p.has.one()
	n.Set, n.From = set, int32(set.Start())
	path, ph, end := p.attrPath(" after '?'")
	n.Path, n.To = path, end
	p.grown(max(h, ph))
	return n
}

// application reads f a b.
func (p *parser) application(want string) Expr {
	fn := p.selection(want)
	for p.startsSimple() {
		h := p.height
		arg := p.selection("an argument")
		n := p.apply.one()
		*n = Apply{Span: Span{int32(fn.Start()), int32(arg.End())}, Fn: fn, Arg: arg}
		p.grown(max(h, p.height))
		fn = n
	}
	return fn
}

// startsSimple reports whether the current token starts an argument or list element.
func (p *parser) startsSimple() bool {
	switch p.kind {
	case kindIdent, kindInt, kindFloat, kindPath, kindSearchPath, kindURI, kindQuote, kindIndentOpen,
		kindParenOpen, kindBraceOpen, kindBracketOpen, kindRec, kindLet:
		return true
	}
	return false
}

// selection reads a, a.b.c, a.b or c, and the a or of old Nixpkgs, which applies a to a
// variable named or.
func (p *parser) selection(want string) Expr {
	x := p.simple(want)
	switch p.kind {
	case kindDot:
		return p.selectAttrs(x)
	case kindOr:
		name := p.ident.one()
		name.Span, name.Name = Span{p.start(), p.end()}, p.word()
		p.advance()
		n := p.apply.one()
		*n = Apply{Span: Span{int32(x.Start()), name.To}, Fn: x, Arg: name}
		p.grown(p.height)
		return n
	}
	return x
}

func (p *parser) selectAttrs(set Expr) Expr {
	h := p.height
	n := p.sel.one()
	n.Set, n.From = set, int32(set.Start())
	p.advance()
	path, ph, end := p.attrPath(" after '.'")
	n.Path, n.To = path, end
	h = max(h, ph)
	if p.kind == kindOr {
		if !p.enter() {
			return failed
		}
		p.advance()
		n.Default = p.selection("an expression after 'or'")
		n.To = int32(n.Default.End())
		h = max(h, p.height)
		p.depth--
	}
	p.grown(h)
	return n
}
