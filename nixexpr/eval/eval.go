package eval

import (
	"path"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// Value evaluates a definition, once.
func (p *Program) Value(d *Def) Value {
	if d.value != nil {
		return d.value
	}
	if d.busy || p.depth >= maxDepth || !p.pay(1) {
		return &Unknown{Reason: TooDeep, File: d.File, Node: d.node()}
	}
	p.depth++
	d.busy = true
	if d.make != nil {
		d.value = d.make()
	} else {
		d.value, d.next = p.eval(d.File, d.Expr, d.env)
	}
	d.busy = false
	p.depth--
	return d.value
}

// node is where the definition stands; nil when it stands nowhere.
func (d *Def) node() nixexpr.Node {
	if d.Expr == nil {
		return nil
	}
	return d.Expr
}

// thunk is the definition that an expression is in a scope.
func thunk(f *nixexpr.File, e nixexpr.Expr, sc *env) *Def {
	return &Def{File: f, Expr: e, env: sc}
}

// eval evaluates e. The definition is the one that e, a name or a selection, stands for.
func (p *Program) eval(f *nixexpr.File, e nixexpr.Expr, sc *env) (Value, *Def) {
	if p.nest >= maxNest || !p.pay(1) {
		return &Unknown{Reason: TooDeep, File: f, Node: e}, nil
	}
	p.nest++
	v, d := p.evalExpr(f, e, sc)
	p.nest--
	return v, d
}

func (p *Program) evalExpr(f *nixexpr.File, e nixexpr.Expr, sc *env) (Value, *Def) {
	switch e := e.(type) {
	case *nixexpr.Paren:
		return p.eval(f, e.X, sc)
	case *nixexpr.Ident:
		return p.ident(f, e, sc)
	case *nixexpr.Select:
		return p.selection(f, e, sc)
	case *nixexpr.Let:
		return p.eval(f, e.Body, p.letScope(f, p.layerOf(e.Bindings, false), sc))
	case *nixexpr.LegacyLet:
		return p.legacyLet(f, e, sc)
	case *nixexpr.With:
		return p.eval(f, e.Body, &env{up: sc, with: thunk(f, e.Scope, sc)})
	case *nixexpr.Assert:
		return p.eval(f, e.Body, sc)
	case *nixexpr.Apply:
		fn, _ := p.eval(f, e.Fn, sc)
		return p.Apply(fn, thunk(f, e.Arg, sc), f, e), nil
	}
	return p.evalPlain(f, e, sc), nil
}

// evalPlain evaluates the expressions that stand for no other definition.
func (p *Program) evalPlain(f *nixexpr.File, e nixexpr.Expr, sc *env) Value {
	switch e := e.(type) {
	case *nixexpr.Number:
		return &Scalar{Text: f.Text(e)}
	case *nixexpr.Str:
		return p.text(f, e, sc)
	case *nixexpr.URI:
		return &Text{Pieces: []Piece{{Text: f.Text(e), At: Literal{File: f.Name, Nix: f, Span: e.Span}}}}
	case *nixexpr.Path:
		return p.path(f, e, sc)
	case *nixexpr.SearchPath:
		return &Path{Text: f.Text(e)}
	case *nixexpr.List:
		return p.list(f, e, sc)
	case *nixexpr.AttrSet:
		return p.attrSet(f, p.layerOf(e.Bindings, e.Rec), sc)
	case *nixexpr.Lambda:
		return &Func{Lambda: e, File: f, env: sc}
	case *nixexpr.If:
		return p.conditional(f, e, sc)
	case *nixexpr.Binary:
		return p.binary(f, e, sc)
	case *nixexpr.Unary:
		if e.Op == nixexpr.OpNot {
			return p.not(f, e, sc)
		}
	}
	return computed(f, e, sc)
}

// computed is the term for whatever is not evaluated: its operands are still visited.
func computed(f *nixexpr.File, e nixexpr.Expr, sc *env) Value {
	u := &Unknown{Reason: Computed, File: f, Node: e}
	switch e := e.(type) {
	case *nixexpr.Unary:
		u.Operands = []*Def{thunk(f, e.X, sc)}
	case *nixexpr.Binary:
		u.Operands = []*Def{thunk(f, e.X, sc), thunk(f, e.Y, sc)}
	case *nixexpr.HasAttr:
		u.Operands = []*Def{thunk(f, e.Set, sc)}
	}
	return u
}

func (p *Program) list(f *nixexpr.File, e *nixexpr.List, sc *env) Value {
	if !p.pay(len(e.Elems)) {
		return &Unknown{Reason: TooDeep, File: f, Node: e}
	}
	l := &List{Elems: make([]*Def, 0, len(e.Elems))}
	for _, x := range e.Elems {
		l.Elems = append(l.Elems, thunk(f, x, sc))
	}
	return l
}

// text is the value of a string literal.
func (p *Program) text(f *nixexpr.File, e *nixexpr.Str, sc *env) Value {
	t := &Text{}
	if len(e.Parts) == 0 {
		t.Pieces = []Piece{{At: Literal{File: f.Name, Nix: f, Str: e, Part: -1, Span: e.Span}}}
	}
	if !p.payText(e.End() - e.Start()) {
		return &Unknown{Reason: TooDeep, File: f, Node: e}
	}
	texts := f.PartTexts(e)
	for i := range e.Parts {
		part := &e.Parts[i]
		if part.Expr == nil {
			at := Literal{File: f.Name, Nix: f, Str: e, Part: i, Span: e.Span}
			t.Pieces = append(t.Pieces, Piece{Text: texts[i], At: at})
			continue
		}
		v, _ := p.eval(f, part.Expr, sc)
		inner, ok := v.(*Text)
		if !ok {
			t.Pieces = append(t.Pieces, Piece{Value: v})
			continue
		}
		if !p.payJoin(inner) {
			return &Unknown{Reason: TooDeep, File: f, Node: e}
		}
		t.Pieces = append(t.Pieces, inner.Pieces...)
	}
	return t
}

// payJoin pays for a text that becomes a part of another one, in pieces and in bytes: whoever asks for the
// whole text copies these.
func (p *Program) payJoin(t *Text) bool {
	size := 0
	for i := range t.Pieces {
		size += len(t.Pieces[i].Text)
	}
	return p.pay(len(t.Pieces) + size/bytesPerStep)
}

// known is the text of a value, when it is a string all of which is known.
func (p *Program) known(v Value) (string, bool) {
	t, ok := v.(*Text)
	if !ok {
		return "", false
	}
	size, ok := t.size()
	if !ok || !p.payText(size) {
		return "", false
	}
	return t.String()
}

// path is the value of a path literal.
func (p *Program) path(f *nixexpr.File, e *nixexpr.Path, sc *env) Value {
	var text strings.Builder
	for i := range e.Parts {
		part := &e.Parts[i]
		if part.Expr == nil {
			text.WriteString(f.Text(part))
			continue
		}
		v, _ := p.eval(f, part.Expr, sc)
		s, ok := p.known(v)
		if !ok {
			return &Path{Text: f.Text(e)}
		}
		text.WriteString(s)
	}
	return p.resolvePath(f, text.String())
}

// choice is one of alts, or the one that there is. What throws is no value: it says when there is none.
func choice(cond *Def, alts ...Value) Value {
	var all []Value
	for _, a := range alts {
		all = append(all, Alternatives(a)...)
	}
	if kept := slices.DeleteFunc(slices.Clone(all), throws); len(kept) > 0 {
		all = kept
	}
	if len(all) == 1 {
		return all[0]
	}
	if len(all) > maxAlternatives {
		more := &Unknown{Reason: TooMany}
		for _, a := range all[maxAlternatives:] {
			more.Operands = append(more.Operands, Known(a))
		}
		all = append(all[:maxAlternatives:maxAlternatives], more)
	}
	return &Choice{Cond: cond, Alts: all}
}

// each is a choice among what f makes of the alternatives.
func (c *Choice) each(f func(Value) Value) Value {
	alts := make([]Value, 0, len(c.Alts))
	for _, a := range c.Alts {
		alts = append(alts, f(a))
	}
	return choice(c.Cond, alts...)
}

// throws reports whether a value is a call of throw or abort: whatever asks for it ends there.
func throws(v Value) bool {
	u, ok := v.(*Unknown)
	if !ok || u.Fn == nil {
		return false
	}
	fn, ok := u.Fn.(*Unknown)
	return ok && fn.Fn == nil && (fn.Name == "throw" || fn.Name == "abort")
}

func (p *Program) conditional(f *nixexpr.File, e *nixexpr.If, sc *env) Value {
	cond := thunk(f, e.Cond, sc)
	if is, known := truth(p.Value(cond)); known {
		branch := e.Else
		if is {
			branch = e.Then
		}
		v, _ := p.eval(f, branch, sc)
		return v
	}
	a, _ := p.eval(f, e.Then, sc)
	b, _ := p.eval(f, e.Else, sc)
	return choice(cond, a, b)
}

func (p *Program) binary(f *nixexpr.File, e *nixexpr.Binary, sc *env) Value {
	switch e.Op {
	case nixexpr.OpUpdate, nixexpr.OpAdd, nixexpr.OpConcat:
		x, _ := p.eval(f, e.X, sc)
		y, _ := p.eval(f, e.Y, sc)
		if v := p.join(f, e.Op, x, y); v != nil {
			return v
		}
	case nixexpr.OpEqual, nixexpr.OpNotEqual, nixexpr.OpAnd, nixexpr.OpOr, nixexpr.OpImpl:
		return p.logic(f, e, sc)
	case nixexpr.OpPipeRight:
		fn, _ := p.eval(f, e.Y, sc)
		return p.Apply(fn, thunk(f, e.X, sc), f, e)
	case nixexpr.OpPipeLeft:
		fn, _ := p.eval(f, e.X, sc)
		return p.Apply(fn, thunk(f, e.Y, sc), f, e)
	}
	return computed(f, e, sc)
}

// join is the value of the operators that make one value of the parts of two; nil when it is not known.
func (p *Program) join(f *nixexpr.File, op nixexpr.Op, x, y Value) Value {
	switch op {
	case nixexpr.OpUpdate:
		return p.Update(x, y)
	case nixexpr.OpAdd:
		return p.add(x, y)
	}
	xs, ok1 := x.(*List)
	ys, ok2 := y.(*List)
	if ok1 && ok2 && p.payCopy(x) && p.payCopy(y) {
		return &List{Elems: slices.Concat(xs.Elems, ys.Elems)}
	}
	return nil
}

// add joins strings, or a path and a string.
func (p *Program) add(x, y Value) Value {
	switch x := x.(type) {
	case *Text:
		if !p.payJoin(x) {
			return nil
		}
		if y, ok := y.(*Text); ok {
			if !p.payJoin(y) {
				return nil
			}
			return &Text{Pieces: slices.Concat(x.Pieces, y.Pieces)}
		}
		return &Text{Pieces: append(slices.Clone(x.Pieces), Piece{Value: y})}
	case *Path:
		if s, ok := p.known(y); ok && x.Name != "" && p.payText(len(x.Text)) {
			return &Path{Name: strings.TrimPrefix(path.Join(x.Name, s), "/"), Text: x.Text + s}
		}
	}
	return nil
}

// Update is x // y. What is not known of y counts as not defining x's attributes again.
func (p *Program) Update(x, y Value) Value {
	if c, ok := x.(*Choice); ok {
		return c.each(func(a Value) Value { return p.Update(a, y) })
	}
	if c, ok := y.(*Choice); ok {
		return c.each(func(a Value) Value { return p.Update(x, a) })
	}
	out := &Set{}
	for _, v := range []Value{x, y} {
		s, ok := v.(*Set)
		if !ok {
			out.rest = append(out.rest, v)
			continue
		}
		if !p.payCopy(s) {
			return &Unknown{Reason: TooDeep, Operands: []*Def{Known(x), Known(y)}}
		}
		for _, n := range s.order {
			out.put(n, s.attrs[n])
		}
		out.loose = append(out.loose, s.loose...)
		out.rest = append(out.rest, s.rest...)
	}
	return out
}

// NewSet returns the set of definitions that has these names.
func (p *Program) NewSet(attrs map[string]*Def, names []string) *Set {
	s := &Set{}
	for _, n := range names {
		if p.pay(1) {
			s.put(n, attrs[n])
		}
	}
	return s
}
