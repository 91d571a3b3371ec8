package eval

// A Reason says why the source does not determine a value. The zero value is no reason: that of a term
// which a caller of this package made.
type Reason uint8

// The reasons. The last three are for terms that callers make.
const (
	FreeVariable    Reason = iota + 1 // a name that no scope defines
	Parameter                         // of a function, called from outside or not at all
	MissingAttr                       // of a set that is known
	AttrOfUnknown                     // of a value that is not known
	ComputedAttr                      // an attribute whose name is computed
	FromWith                          // a name that an unknown operand of with may define
	FromSeveralWith                   // a name that more than one of them may define
	Computed                          // what no operator that is evaluated here yields
	CallOfUnknown                     // the result of a function that the files do not define
	TooDeep                           // a definition that needs itself, a deep nest, or a spent budget
	TooMany                           // more alternatives than are followed
	Overrides                         // an attribute that __overrides may define again
	OldAttrs                          // the attributes that an overrideAttrs overrides
	OldArgs                           // the arguments that an override overrides
	FileContent                       // the content of a file
)

var reasonTexts = [...]string{
	FreeVariable:    "a free variable",
	Parameter:       "a parameter",
	MissingAttr:     "an attribute that the set does not have",
	AttrOfUnknown:   "an attribute of a value that is not known",
	ComputedAttr:    "an attribute whose name is computed",
	FromWith:        "a name of a with",
	FromSeveralWith: "a name that more than one with may define",
	Computed:        "a computed value",
	CallOfUnknown:   "the result of a function that is not defined here",
	TooDeep:         "a definition that needs itself, or too deep",
	TooMany:         "one of more values than are followed",
	Overrides:       "an attribute that __overrides may define again",
	OldAttrs:        "the attributes that are overridden",
	OldArgs:         "the arguments that are overridden",
	FileContent:     "the content of a file",
}

// String returns the reason as messages print it: "a parameter".
func (r Reason) String() string { return reasonTexts[r] }
