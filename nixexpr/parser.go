package nixexpr

import "fmt"

// Limits on how deep an expression may be, so that neither the parser nor whoever walks the
// tree runs out of stack.
const (
	// MaxDepth is how many expressions may be open at once: parentheses, sets, lists,
	// lambdas, interpolations … Nix up to 2.26 has a stack of 10 000 symbols for them.
	MaxDepth = 10_000
	// MaxHeight is how high the tree may be. Beside nesting it grows with chains such as
	// a + b + c and f a b c, whose nodes lie in one another too.
	MaxHeight = 100_000
)

// A parser reads the tokens of a file by recursive descent. After the first error it stands
// at the end of the tokens, where no loop goes on, and what it returns is of no use.
type parser struct {
	f    *File
	err  *lexError
	lex  *lexError // what the lexer gave up with
	i    int       // index of the token it is at, never a blank
	kind tokenKind // of that token

	depth  int // expressions open
	height int // of the expression read last

	nodes
	stacks
	dups dupChecker
}

// stacks are the unfinished lists: each lies behind that which it is in.
type stacks struct {
	elems    []Expr
	parts    []StrPart
	attrs    []Attr
	bindings []Binding
	formals  []Formal
}

// nodes are the slabs of the tree.
type nodes struct {
	simpleNodes
	scopeNodes
	operatorNodes
	finished
}

// simpleNodes are what is an argument or an element without parentheses, but sets.
type simpleNodes struct {
	ident  slab[Ident]
	number slab[Number]
	str    slab[Str]
	path   slab[Path]
	spath  slab[SearchPath]
	uri    slab[URI]
	curPos slab[CurPos]
	list   slab[List]
	paren  slab[Paren]
}

// scopeNodes bind names, but for assert, which is written like them.
type scopeNodes struct {
	attrSet     slab[AttrSet]
	let         slab[Let]
	legacy      slab[LegacyLet]
	with        slab[With]
	assert      slab[Assert]
	lambda      slab[Lambda]
	formalsNode slab[Formals]
}

// operatorNodes are made of other expressions.
type operatorNodes struct {
	ifs    slab[If]
	apply  slab[Apply]
	sel    slab[Select]
	has    slab[HasAttr]
	unary  slab[Unary]
	binary slab[Binary]
}

// finished are the lists that were copied from the stacks.
type finished struct {
	exprs      slab[Expr]
	strParts   slab[StrPart]
	attrList   slab[Attr]
	binds      slab[Binding]
	formalList slab[Formal]
}

// failed stands for the expression that is missing after an error.
var failed Expr = &Ident{}

func newParser(f *File, lex *lexError) *parser {
	p := &parser{f: f, lex: lex}
	p.dups.file = f
	p.i = -1
	p.advance()
	return p
}

// file reads the whole source.
func (p *parser) file() Expr {
	root := p.expr("an expression")
	if p.err == nil && p.kind != kindEOF {
		p.unexpected("the end of the file")
	}
	return root
}

// advance goes to the next token that is no blank, but not past the end.
func (p *parser) advance() {
	if p.i == len(p.f.kinds)-1 {
		return
	}
	p.i++
	for p.f.kinds[p.i].blank() {
		p.i++
	}
	p.kind = p.f.kinds[p.i]
}

// after is the index of the next token behind i that is no blank. i must not be the end.
func (p *parser) after(i int) int {
	i++
	for p.f.kinds[i].blank() {
		i++
	}
	return i
}

// peek is the kind of the token behind the current one.
func (p *parser) peek() tokenKind {
	if p.kind == kindEOF || p.kind == kindError {
		return p.kind
	}
	return p.f.kinds[p.after(p.i)]
}

// start is the offset of the current token.
func (p *parser) start() int32 { return int32(p.startOf(p.i)) }

func (p *parser) startOf(i int) int {
	if i < len(p.f.Tokens) {
		return p.f.Tokens[i].Start
	}
	return len(p.f.text)
}

// end is the offset behind the current token.
func (p *parser) end() int32 { return int32(p.f.Tokens[p.i].End) }

// word is the source of the current token.
func (p *parser) word() string { return p.f.text[p.start():p.end()] }

// fail notes the first error and goes to the end.
func (p *parser) fail(offset int, format string, args ...any) Expr {
	if p.err == nil {
		p.err = &lexError{offset: offset, msg: fmt.Sprintf(format, args...)}
	}
	p.i = len(p.f.kinds) - 1
	p.kind = kindEOF
	return failed
}

// unexpected fails at the current token.
func (p *parser) unexpected(want string) Expr {
	if p.err == nil && p.kind == kindError {
		p.err = p.lex
	}
	if p.err != nil {
		return p.fail(0, "")
	}
	return p.fail(p.startOf(p.i), "expected %s, found %s", want, p.f.found(p.i))
}

// expect goes past a token of the kind and returns the offset behind it.
func (p *parser) expect(kind tokenKind, where string) int32 {
	if p.kind != kind {
		p.unexpected(kind.String() + where)
		return int32(len(p.f.text))
	}
	end := p.end()
	p.advance()
	return end
}

// expectClosing is expect for the token that closes what opened at an offset. When the two
// are far from each other the message says where that was.
func (p *parser) expectClosing(kind tokenKind, where string, open int32) int32 {
	if p.kind == kind || p.kind == kindError || p.err != nil {
		return p.expect(kind, where)
	}
	from, to := p.f.Position(int(open)), p.f.Position(p.startOf(p.i))
	if p.kind == kindEOF || from.Line != to.Line {
		opener := p.f.kinds[p.f.tokenAt(int(open))]
		p.fail(p.startOf(p.i), "expected %s%s, found %s; %s at line %d, column %d is not closed",
			kind, where, p.f.found(p.i), opener, from.Line, from.Column)
	}
	return p.expect(kind, where)
}

// enter opens an expression; the caller closes it with p.depth--.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > MaxDepth {
		p.fail(p.startOf(p.i), "nested too deeply: more than %d expressions are open here", MaxDepth)
		return false
	}
	return true
}

// grown notes the height of a node over one of the given height.
func (p *parser) grown(height int) {
	p.height = height + 1
	if p.height > MaxHeight {
		p.fail(p.startOf(p.i), "nested too deeply: the expression that ends here has more than %d levels", MaxHeight)
	}
}
