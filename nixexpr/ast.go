package nixexpr

// A Span is the part of the source that a node covers, in bytes from 0, End excluded.
type Span struct{ From, To int32 }

// Start is the offset of the first byte of the node in its source.
func (s Span) Start() int { return int(s.From) }

// End is the offset of the byte after the node in its source.
func (s Span) End() int { return int(s.To) }

// Node is a part of the syntax tree that stands at one place in the source.
// Every [Expr], every [Attr], [Binding], [Formal] and [StrPart] is one.
type Node interface {
	Start() int
	End() int
}

// Expr is one of *Ident, *Number, *Str, *Path, *SearchPath, *URI, *CurPos, *List,
// *AttrSet, *Let, *LegacyLet, *With, *Assert, *If, *Lambda, *Apply, *Select,
// *HasAttr, *Unary, *Binary and *Paren.
type Expr interface {
	Node
	exprNode()
}

type (
	// Ident is a variable: pkgs.
	Ident struct {
		Span
		Name string
	}

	// Number is an integer or a float; its text is the span's.
	Number struct {
		Span
	}

	// Str is "…" or, when Indented, ''…''. Parts is empty for the empty string.
	Str struct {
		Span
		Indented bool
		Parts    []StrPart
	}

	// Path is a path with or without interpolation: ./x.nix, /etc, ~/x, ./${name}/x.
	Path struct {
		Span
		Parts []StrPart
	}

	// SearchPath is <nixpkgs/lib>.
	SearchPath struct{ Span }

	// URI is an unquoted URI: https://example.org/x. Its value is its text.
	URI struct{ Span }

	// CurPos is __curPos.
	CurPos struct{ Span }

	// List is [ a b ].
	List struct {
		Span
		Elems []Expr
	}

	// AttrSet is { … } or, when Rec, rec { … }.
	AttrSet struct {
		Span
		Rec      bool
		Bindings []Binding
	}

	// Let is let … in Body.
	Let struct {
		Span
		Bindings []Binding
		Body     Expr
	}

	// LegacyLet is let { …; body = …; }.
	LegacyLet struct {
		Span
		Bindings []Binding
	}

	// With is with Scope; Body.
	With struct {
		Span
		Scope, Body Expr
	}

	// Assert is assert Cond; Body.
	Assert struct {
		Span
		Cond, Body Expr
	}

	// If is if Cond then Then else Else.
	If struct {
		Span
		Cond, Then, Else Expr
	}

	// Lambda is Arg: Body, { Formals }: Body or { Formals } @ Arg: Body.
	Lambda struct {
		Span
		Arg     string // "" when only formals are given
		ArgPos  int32  // offset of Arg, -1 without one
		Formals *Formals
		Body    Expr
	}

	// Apply is Fn Arg: one argument a node, f a b is Apply{Apply{f, a}, b}. In f or it is
	// the only node that may have an Ident named or, as Arg.
	Apply struct {
		Span
		Fn, Arg Expr
	}

	// Select is Set.a.b or Set.a.b or Default.
	Select struct {
		Span
		Set     Expr
		Path    []Attr
		Default Expr // nil without one
	}

	// HasAttr is Set ? a.b.
	HasAttr struct {
		Span
		Set  Expr
		Path []Attr
	}

	// Unary is !X or -X.
	Unary struct {
		Span
		Op Op
		X  Expr
	}

	// Binary is X Op Y.
	Binary struct {
		Span
		Op   Op
		X, Y Expr
	}

	// Paren is ( X ).
	Paren struct {
		Span
		X Expr
	}
)

// Formals are the names between the braces of a lambda.
type Formals struct {
	Span
	List     []Formal
	Ellipsis bool
}

// Formal is one of them: Name or Name ? Default.
type Formal struct {
	Span
	Name    string
	Default Expr // nil without one
}

// StrPart is a run of text (Expr is nil; the span is of the raw text, escapes as written)
// or an interpolation (the span includes the ${ and the }).
type StrPart struct {
	Span
	Expr Expr
}

// Attr is one name of an attribute path. A name that is an identifier or a string without
// interpolation, also in braces (${"x"}), has Expr nil and its value in Name; a dynamic one
// ("${x}" or ${x}) has Expr set, a *Str or the expression between the braces. The span of
// a name in braces includes the ${ and the }.
type Attr struct {
	Span
	Name string
	Expr Expr
}

// Binding is one definition in a set or a let: Path = Value; or, when Value is nil,
// inherit … ; or inherit (From) …; with the names in Path.
type Binding struct {
	Span  // includes the semicolon
	Path  []Attr
	Value Expr // nil: an inherit
	From  Expr // of inherit (From) …, else nil
}

func (*Ident) exprNode()      {}
func (*Number) exprNode()     {}
func (*Str) exprNode()        {}
func (*Path) exprNode()       {}
func (*SearchPath) exprNode() {}
func (*URI) exprNode()        {}
func (*CurPos) exprNode()     {}
func (*List) exprNode()       {}
func (*AttrSet) exprNode()    {}
func (*Let) exprNode()        {}
func (*LegacyLet) exprNode()  {}
func (*With) exprNode()       {}
func (*Assert) exprNode()     {}
func (*If) exprNode()         {}
func (*Lambda) exprNode()     {}
func (*Apply) exprNode()      {}
func (*Select) exprNode()     {}
func (*HasAttr) exprNode()    {}
func (*Unary) exprNode()      {}
func (*Binary) exprNode()     {}
func (*Paren) exprNode()      {}

// Unparen returns an expression without the parentheses around it.
func Unparen(e Expr) Expr {
	for {
		paren, ok := e.(*Paren)
		if !ok {
			return e
		}
		e = paren.X
	}
}

// Op is an operator.
type Op uint8

// The operators, from the tightest to the loosest.
const (
	OpNeg       Op = iota + 1 // -x
	OpConcat                  // x ++ y
	OpMul                     // x * y
	OpDiv                     // x / y
	OpAdd                     // x + y
	OpSub                     // x - y
	OpNot                     // !x
	OpUpdate                  // x // y
	OpLess                    // x < y
	OpLessEq                  // x <= y
	OpGreater                 // x > y
	OpGreaterEq               // x >= y
	OpEqual                   // x == y
	OpNotEqual                // x != y
	OpAnd                     // x && y
	OpOr                      // x || y
	OpImpl                    // x -> y
	OpPipeRight               // x |> y
	OpPipeLeft                // x <| y
)

// opNames is how each operator is written.
var opNames = [...]string{
	OpNeg: "-", OpConcat: "++", OpMul: "*", OpDiv: "/", OpAdd: "+", OpSub: "-", OpNot: "!", OpUpdate: "//",
	OpLess: "<", OpLessEq: "<=", OpGreater: ">", OpGreaterEq: ">=", OpEqual: "==",
	OpNotEqual: "!=", OpAnd: "&&", OpOr: "||",
	OpImpl: "->", OpPipeRight: "|>", OpPipeLeft: "<|",
}

// String is the operator as it is written.
func (op Op) String() string { return opNames[op] }
