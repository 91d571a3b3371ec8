package eval

import (
	"slices"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// A Value is what an expression evaluates to as far as the source alone tells. It is one of
// *Text, *Scalar, *Path, *List, *Set, *Func, *Unknown and *Choice.
type Value interface{ isValue() }

type (
	// Text is a string: the pieces that it is made of, in order.
	Text struct{ Pieces []Piece }

	// Scalar is null, a boolean or a number, with its text.
	Scalar struct{ Text string }

	// Path is a path. Name is its place below the root of the program, with slashes;
	// it is empty for a path that leads out of it (/etc, ~/x, <nixpkgs>).
	Path struct {
		Name string
		Text string // as written
	}

	// List is a list.
	List struct{ Elems []*Def }

	// Set is an attribute set.
	Set struct {
		attrs map[string]*Def
		order []string // names as first defined
		loose []*Def   // values of attributes whose names are not known
		rest  []Value  // what else attributes may come from: unknown operands of //, innermost last
	}

	// Func is a lambda with the environment that it closes over.
	Func struct {
		Lambda *nixexpr.Lambda
		File   *nixexpr.File
		env    *env
	}

	// Unknown is a term that the source does not determine: a free variable, a parameter that
	// nothing is known of, and whatever is selected from it or called with it.
	Unknown struct {
		// Name is the variable's or the selected attribute's name, "" where it is computed.
		Name string
		Base Value // what Name was selected from; nil for a variable
		Fn   Value // of a call, else nil
		Arg  *Def  // of a call
		// Operands are the parts of any other term: both sides of an operator, say.
		Operands []*Def
		Reason   Reason
		File     *nixexpr.File
		Node     nixexpr.Node // where the term stands; nil where it stands nowhere

		root *Unknown // what Root returned
	}

	// Choice is one of several values: the branches of a conditional whose condition is not
	// known, or a value and its default.
	Choice struct {
		Alts []Value
		Cond *Def // nil for a default
	}
)

func (*Text) isValue()    {}
func (*Scalar) isValue()  {}
func (*Path) isValue()    {}
func (*List) isValue()    {}
func (*Set) isValue()     {}
func (*Func) isValue()    {}
func (*Unknown) isValue() {}
func (*Choice) isValue()  {}

// A Piece is a part of a string: literal text, with the place where it is written, or, when
// Value is set, something whose text is not known.
type Piece struct {
	Text  string
	At    Literal
	Cut   bool // Text is only a part of what is written there
	Value Value
}

// A Literal is a place where text is written.
type Literal struct {
	File string        // name of the file; "" when the text is written nowhere
	Nix  *nixexpr.File // nil in a file that holds data
	Data DataFile      // nil in a Nix file
	Str  *nixexpr.Str  // the literal that the text is in; nil in a file that holds data, or a URI
	Part int           // index of the text in Str.Parts; -1 for an empty literal
	Span nixexpr.Span  // of the whole literal, quotes included
}

// String returns the text of t, and whether all of it is known.
func (t *Text) String() (string, bool) {
	if len(t.Pieces) == 1 {
		return t.Pieces[0].Text, t.Pieces[0].Value == nil
	}
	size, known := t.size()
	if !known {
		return "", false
	}
	b := make([]byte, 0, size)
	for i := range t.Pieces {
		b = append(b, t.Pieces[i].Text...)
	}
	return string(b), true
}

// size is how long the text is, when all of it is known.
func (t *Text) size() (size int, known bool) {
	for i := range t.Pieces {
		if t.Pieces[i].Value != nil {
			return 0, false
		}
		size += len(t.Pieces[i].Text)
	}
	return size, true
}

// Get returns the definition of an attribute, or nil where s itself has none; an unknown set
// that s was merged with may still define it.
func (s *Set) Get(name string) *Def { return s.attrs[name] }

// Names returns the names of the attributes that are known, in the order of their definition.
func (s *Set) Names() []string { return s.order }

func (s *Set) put(name string, d *Def) {
	if s.attrs == nil {
		s.attrs = map[string]*Def{}
	}
	if _, ok := s.attrs[name]; !ok {
		s.order = append(s.order, name)
	}
	s.attrs[name] = d
}

// closed reports whether a value has no attributes but those that are known.
func closed(v Value) bool {
	s, ok := v.(*Set)
	return ok && len(s.rest)+len(s.loose) == 0
}

// A Def is a definition: an expression in its environment, evaluated when it is asked for.
type Def struct {
	File    *nixexpr.File
	Expr    nixexpr.Expr     // nil for a definition that is made, not written
	Binding *nixexpr.Binding // that it stands in; nil for arguments and list elements
	Attr    *nixexpr.Attr    // its name there

	env   *env
	make  func() Value
	value Value
	next  *Def // the definition that Expr, a name, stands for
	busy  bool
}

// Known returns a definition whose value is already known.
func Known(v Value) *Def { return &Def{value: v} }

// Thunk returns a definition whose value make yields when it is asked for.
func Thunk(make func() Value) *Def { return &Def{make: make} }

// Trail lists d and every definition that its value passes through, the last being the one
// that is neither a name nor a selection: the hops for messages.
func (d *Def) Trail() []*Def {
	var hops []*Def
	for ; d != nil && len(hops) < maxDepth; d = d.next {
		hops = append(hops, d)
	}
	return hops
}

// Alternatives flattens choices: v itself, or every value that it may be.
func Alternatives(v Value) []Value {
	c, ok := v.(*Choice)
	if !ok {
		return []Value{v}
	}
	var all []Value
	for _, a := range c.Alts {
		all = append(all, Alternatives(a)...)
	}
	return all
}

// maxArgs is how many arguments of a call are read. No function that means anything here takes more.
const maxArgs = 32

// Callee returns the name of the function that a term calls, the last name of its path, and its
// arguments in order: for lib.optionalAttrs c { } it is "optionalAttrs", [c, { }]. The name of a
// function that is itself computed, or of one with very many arguments, is empty.
func (u *Unknown) Callee() (name string, args []*Def) {
	var fn Value = u
	for len(args) <= maxArgs {
		call, ok := fn.(*Unknown)
		if ok && call.Fn == nil {
			name = call.Name
		}
		if !ok || call.Fn == nil {
			break
		}
		args = append(args, call.Arg)
		fn = call.Fn
	}
	slices.Reverse(args)
	return name, args
}

// Root returns the variable that a path of selections starts from, or the call.
func (u *Unknown) Root() *Unknown {
	root := u
	for root.root != nil || isUnknown(root.Base) {
		if root.root != nil {
			root = root.root
			break
		}
		root = root.Base.(*Unknown)
	}
	// Whoever asks for the root of every term of a long path gets it from the terms around.
	for u != root && u.root == nil {
		u.root = root
		u = u.Base.(*Unknown)
	}
	return root
}

func isUnknown(v Value) bool {
	_, ok := v.(*Unknown)
	return ok
}
