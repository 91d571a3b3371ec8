package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// logic is a comparison, or a combination of truths, as far as both sides are known. It is how files choose
// by system or by an argument.
func (p *Program) logic(f *nixexpr.File, e *nixexpr.Binary, sc *env) Value {
	x, y := thunk(f, e.X, sc), thunk(f, e.Y, sc)
	unknown := &Unknown{Reason: Computed, Operands: []*Def{x, y}, File: f, Node: e}
	switch e.Op {
	case nixexpr.OpEqual, nixexpr.OpNotEqual:
		same, known := p.equal(p.Value(x), p.Value(y))
		if !known {
			return unknown
		}
		return boolean(same == (e.Op == nixexpr.OpEqual))
	}
	// Each operator is decided by one side alone when that side has one of the two truths.
	decides, result := e.Op == nixexpr.OpOr, e.Op != nixexpr.OpAnd
	left, leftKnown := truth(p.Value(x))
	if e.Op == nixexpr.OpImpl { // x -> y is !x || y
		left, decides = !left, true
	}
	if leftKnown && left == decides {
		return boolean(result)
	}
	right, rightKnown := truth(p.Value(y))
	switch {
	case rightKnown && right == decides:
		return boolean(result)
	case leftKnown && rightKnown:
		return boolean(!result)
	}
	return unknown
}

// not is !x, when x is known.
func (p *Program) not(f *nixexpr.File, e *nixexpr.Unary, sc *env) Value {
	x := thunk(f, e.X, sc)
	if is, known := truth(p.Value(x)); known {
		return boolean(!is)
	}
	return &Unknown{Reason: Computed, Operands: []*Def{x}, File: f, Node: e}
}

func boolean(is bool) Value {
	if is {
		return &Scalar{Text: "true"}
	}
	return &Scalar{Text: "false"}
}

// truth is the boolean that v is.
func truth(v Value) (is, known bool) {
	s, ok := v.(*Scalar)
	if !ok || s.Text != "true" && s.Text != "false" {
		return false, false
	}
	return s.Text == "true", true
}

// equal compares strings, booleans and null.
func (p *Program) equal(x, y Value) (same, known bool) {
	switch x := x.(type) {
	case *Text:
		switch y := y.(type) {
		case *Text:
			a, okA := p.known(x)
			b, okB := p.known(y)
			return a == b, okA && okB
		case *Scalar:
			return false, true
		}
	case *Scalar:
		switch y := y.(type) {
		case *Text:
			return false, true
		case *Scalar:
			// Numbers may be written in more than one way.
			return x.Text == y.Text, x.Text == y.Text || word(x.Text) || word(y.Text)
		}
	}
	return false, false
}

func word(scalar string) bool { return scalar == "true" || scalar == "false" || scalar == "null" }
