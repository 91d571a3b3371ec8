package nixexpr

import (
	"fmt"
	"slices"
)

// Found is the text of an expression: the pieces that it is made of, each with the place where it
// is written, and the way that led there.
type Found struct {
	Pieces []Piece
	Hops   []Position // of the expression and of every definition that its value passes through
}

// An UnknownError says that the source does not tell what an expression's text is.
type UnknownError struct {
	Position        // of the expression
	Why      string // "a parameter", "the result of a function that is not defined here", …
	Name     string // of what is not known; may be empty
	Hops     []Position
}

func (e *UnknownError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: the value is not known: %s", e.Position, e.Why)
	}
	return fmt.Sprintf("%s: the value is not known: %s is %s", e.Position, e.Name, e.Why)
}

// An AmbiguousError says that an expression has more than one value: the branches of a conditional,
// or the arguments of different callers.
type AmbiguousError struct {
	Position              // of the expression
	Candidates []Position // where the values are written
}

func (e *AmbiguousError) Error() string {
	text := fmt.Sprintf("%s: the value may be more than one:", e.Position)
	for i, c := range e.Candidates {
		if i > 0 {
			text += ","
		}
		text += " " + c.String()
	}
	return text
}

// Lookup finds the literals that the text of e, an expression anywhere in f, is made of. A parameter of
// a function around e has the value that the calls in the program give it, unless something unknown may call
// the function too. An answer is the only text that e may have: whether Nix gets there (a failing assertion that
// is not decided here, an endless recursion) is not told. The error is an
// *[UnknownError] or an *[AmbiguousError].
func (p *Program) Lookup(f *File, e Expr) (*Found, error) {
	p.visitCallers()
	d := p.thunk(f, e, p.scopeAt(f, e))
	v := p.Value(d)
	at := f.Position(e.Start())
	hops := p.hops(d)
	alts := distinct(Alternatives(v))
	if len(alts) > 1 {
		err := &AmbiguousError{Position: at}
		for _, a := range alts {
			if c, ok := written(a); ok {
				err.Candidates = append(err.Candidates, c)
			}
		}
		return nil, err
	}
	switch v := alts[0].(type) {
	case *Text:
		for _, piece := range v.Pieces {
			if piece.Value != nil {
				return nil, unknown(at, piece.Value, hops)
			}
		}
		return &Found{Pieces: v.Pieces, Hops: hops}, nil
	default:
		return nil, unknown(at, v, hops)
	}
}

func unknown(at Position, v Value, hops []Position) error {
	switch v := v.(type) {
	case *Open:
		name := v.Name
		if name == "" {
			name, _ = v.Callee()
		}
		return &UnknownError{Position: at, Why: v.Why, Name: name, Hops: hops}
	case *Choice:
		err := &AmbiguousError{Position: at}
		for _, a := range v.Alts {
			if c, ok := written(a); ok {
				err.Candidates = append(err.Candidates, c)
			}
		}
		return err
	}
	return &UnknownError{Position: at, Why: "no text", Hops: hops}
}

// hops are the places of a definition's trail.
func (p *Program) hops(d *Def) []Position {
	var list []Position
	for _, hop := range d.Trail() {
		switch {
		case hop.File == nil:
		case hop.Expr != nil:
			list = append(list, hop.File.Position(hop.Expr.Start()))
		case hop.Attr != nil:
			list = append(list, hop.File.Position(hop.Attr.Start()))
		}
	}
	return list
}

// distinct drops the alternatives that are made of the same literals.
func distinct(alts []Value) []Value {
	var out []Value
	for _, a := range alts {
		if !slices.ContainsFunc(out, func(b Value) bool { return same(a, b) }) {
			out = append(out, a)
		}
	}
	return out
}

// same says that two values are texts of the same literals.
func same(a, b Value) bool {
	x, ok1 := a.(*Text)
	y, ok2 := b.(*Text)
	return ok1 && ok2 && slices.EqualFunc(x.Pieces, y.Pieces, func(p, q Piece) bool {
		return p.Value == nil && q.Value == nil && p.Text == q.Text && p.At == q.At
	})
}

// written is where a value stands in the source.
func written(v Value) (Position, bool) {
	switch v := v.(type) {
	case *Text:
		for _, piece := range v.Pieces {
			if piece.At.Nix != nil {
				return piece.At.Nix.Position(piece.At.Span.Start()), true
			}
		}
	case *Open:
		if v.File != nil && v.Node != nil {
			return v.File.Position(v.Node.Start()), true
		}
	}
	return Position{}, false
}

// scopeAt is the scope that an expression stands in.
func (p *Program) scopeAt(f *File, target Expr) *env {
	var sc *env
	for n := Node(f.Root); n != nil && n != Node(target); {
		var next Node
		switch n := n.(type) {
		case *Let:
			if within(n.Body, target) {
				sc = p.recScope(f, n.Bindings, sc)
			} else {
				sc, next = p.around(f, p.layerOf(n.Bindings, false), target, sc, true)
			}
		case *LegacyLet:
			sc, next = p.around(f, p.layerOf(n.Bindings, true), target, sc, true)
		case *AttrSet:
			sc, next = p.around(f, p.layerOf(n.Bindings, n.Rec), target, sc, n.Rec)
		case *With:
			if within(n.Body, target) {
				sc = &env{up: sc, with: p.thunk(f, n.Scope, sc)}
			}
		case *Lambda:
			sc = p.bindArgs(&Func{Lambda: n, File: f, env: sc}, p.given(n))
		}
		if next == nil {
			next = childAround(n, target)
		}
		n = next
	}
	return sc
}

func within(outer, inner Node) bool {
	return outer.Start() <= inner.Start() && inner.End() <= outer.End()
}

// childAround is the part of n that holds target, nil when target is no part of n.
func childAround(n Node, target Node) Node {
	var around Node
	Children(n, func(c Node) {
		if around == nil && within(c, target) {
			around = c
		}
	})
	return around
}

// given is the argument that the calls in the program give a function: nil when there are none, or may be others.
func (p *Program) given(l *Lambda) *Def {
	args := p.calls[l]
	if !p.Trusting && (p.escaped[l] || p.lost || p.Exhausted()) {
		return nil
	}
	switch len(args) {
	case 0:
		return nil
	case 1:
		return args[0]
	}
	return Lazy(func() Value {
		alts := make([]Value, 0, len(args))
		for _, a := range args {
			alts = append(alts, p.Value(a))
		}
		return choice(nil, alts...)
	})
}
