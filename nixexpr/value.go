package nixexpr

// A Value is what an expression evaluates to as far as the source alone tells. It is one of
// *Text, *Scalar, *PathValue, *Seq, *Set, *Func, *Open and *Choice.
type Value interface{ isValue() }

type (
	// Text is a string: the pieces that it is made of, in order.
	Text struct{ Pieces []Piece }

	// Scalar is null, a boolean or a number, with its text.
	Scalar struct{ Text string }

	// PathValue is a path. Name is its place below the root of the program, with slashes;
	// it is empty for a path that leads out of it (/etc, ~/x, <nixpkgs>).
	PathValue struct {
		Name string
		Text string // as written
	}

	// Seq is a list.
	Seq struct{ Elems []*Def }

	// Set is an attribute set. Rest holds what else its attributes may come from: the
	// unknown operands of // beneath and above, innermost last.
	Set struct {
		attrs map[string]*Def
		order []string // names as first defined
		Loose []*Def   // values of attributes whose names are not known
		Rest  []Value

		shadowed map[string]bool // names that something unknown on the right of a // may define again
	}

	// Func is a lambda with the environment that it closes over.
	Func struct {
		Lambda *Lambda
		File   *File
		env    *env
	}

	// Open is a term that the source does not determine: a free variable, a parameter that
	// nothing is known of, and whatever is selected from it or called with it.
	Open struct {
		// Name is the variable's or the selected attribute's name, "" where it is computed.
		Name string
		Base Value // what Name was selected from; nil for a variable
		Fn   Value // of a call, else nil
		Arg  *Def  // of a call
		// Operands are the parts of any other term: both sides of an operator, say.
		Operands []*Def
		Why      string // for messages: "parameter", "free variable", …
		File     *File
		Node     Node // where the term stands; nil where it stands nowhere
	}

	// Choice is one of several values: the branches of a conditional whose condition is not
	// known, or a value and its default.
	Choice struct {
		Alts []Value
		Cond *Def // nil for a default
	}
)

func (*Text) isValue()      {}
func (*Scalar) isValue()    {}
func (*PathValue) isValue() {}
func (*Seq) isValue()       {}
func (*Set) isValue()       {}
func (*Func) isValue()      {}
func (*Open) isValue()      {}
func (*Choice) isValue()    {}

// A Piece is a part of a string: literal text, with the place where it is written, or, when
// Value is set, something whose text is not known.
type Piece struct {
	Text  string
	At    Literal
	Value Value
}

// A Literal is a place where text is written.
type Literal struct {
	File string // name of the file
	Nix  *File  // the parsed file; nil in a JSON file
	Str  *Str   // the literal that the text is in; nil in a JSON file or a URI
	Part int    // index of the text in Str.Parts; -1 for an empty literal
	Span Span   // of the whole literal, quotes included
	Raw  string // in a JSON file, the text between the quotes with its escapes
}

// String returns the text of t, and whether all of it is known.
func (t *Text) String() (string, bool) {
	var b []byte
	for _, p := range t.Pieces {
		if p.Value != nil {
			return "", false
		}
		b = append(b, p.Text...)
	}
	return string(b), true
}

// Get returns the definition of an attribute, or nil where s itself has none; it may still
// come from s.Rest.
func (s *Set) Get(name string) *Def { return s.attrs[name] }

// Names are the names of the attributes that are known, in the order of their definition.
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

// shadow notes that something unknown may define names again.
func (s *Set) shadow(names ...string) {
	if s.shadowed == nil {
		s.shadowed = map[string]bool{}
	}
	for _, n := range names {
		s.shadowed[n] = true
	}
}

// NewSet makes a set of definitions, over rest.
func NewSet(attrs map[string]*Def, names []string, rest ...Value) *Set {
	s := &Set{Rest: rest}
	for _, n := range names {
		s.put(n, attrs[n])
	}
	return s
}

// A Def is a definition: an expression in its environment, evaluated when it is asked for.
type Def struct {
	File    *File
	Expr    Expr     // nil for a definition that is made, not written
	Binding *Binding // that it stands in; nil for arguments and list elements
	Attr    *Attr    // its name there

	env   *env
	make  func() Value
	value Value
	next  *Def // the definition that Expr, a name, stands for
	busy  bool
}

// Made is a definition whose value is already known.
func Made(v Value) *Def { return &Def{value: v} }

// Lazy is a definition whose value make yields when it is asked for.
func Lazy(make func() Value) *Def { return &Def{make: make} }

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

// Callee returns the name of the function that a term calls, the last name of its path, and its
// arguments in order: for lib.optionalAttrs c { } it is "optionalAttrs", [c, { }].
func (o *Open) Callee() (name string, args []*Def) {
	var fn Value = o
	for {
		call, ok := fn.(*Open)
		if !ok {
			return "", args
		}
		if call.Fn == nil {
			return call.Name, args
		}
		args = append([]*Def{call.Arg}, args...)
		fn = call.Fn
	}
}

// Root is the variable that a path of selections starts from, or the call.
func (o *Open) Root() *Open {
	for {
		base, ok := o.Base.(*Open)
		if !ok {
			return o
		}
		o = base
	}
}
