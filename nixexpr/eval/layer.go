package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// A layer is a set, or a let, as Nix's parser leaves it: what is defined by paths, and by several sets of
// one name, merged into the first of them. That one reports whether the names are a scope, and everything that is
// merged into it stands in its scope: in { a = rec { v = 1; }; a.w = v; } w is 1.
type layer struct {
	rec    bool
	bounds []bound
	index  map[string]int // of the names in bounds that are not computed
}

// A bound is the definition of one name.
type bound struct {
	*nixexpr.Binding
	depth int    // its name is Path[depth]
	below *layer // the set that it is, when that is made of paths or of more than one; else it is Value
}

func (b *bound) attr() *nixexpr.Attr { return &b.Path[b.depth] }

// layerOf is the layer of a set's bindings, made once.
func (p *Program) layerOf(bindings []nixexpr.Binding, rec bool) *layer {
	if len(bindings) == 0 {
		return &layer{rec: rec}
	}
	l := p.layers[&bindings[0]]
	if l == nil {
		names := 0
		for i := range bindings {
			names += len(bindings[i].Path)
		}
		if !p.pay(names) {
			return &layer{rec: rec}
		}
		l = newLayer(bindings, rec)
		p.layers[&bindings[0]] = l
	}
	return l
}

func newLayer(bindings []nixexpr.Binding, rec bool) *layer {
	l := &layer{rec: rec, bounds: make([]bound, 0, len(bindings)), index: make(map[string]int, len(bindings))}
	l.merge(bindings)
	return l
}

func (l *layer) merge(bindings []nixexpr.Binding) {
	for i := range bindings {
		l.add(&bindings[i], 0)
	}
}

// add merges a binding, of whose path depth names are taken already.
func (l *layer) add(b *nixexpr.Binding, depth int) {
	if b.Value == nil { // the parser refuses a name that is inherited and defined again
		for i := range b.Path {
			l.index[b.Path[i].Name] = len(l.bounds)
			l.bounds = append(l.bounds, bound{Binding: b, depth: i})
		}
		return
	}
	name, last := &b.Path[depth], depth == len(b.Path)-1
	i, known := l.index[name.Name]
	switch {
	case name.Expr != nil || !known: // a computed name merges with nothing
		made := bound{Binding: b, depth: depth}
		if !last {
			made.below = &layer{index: map[string]int{}}
			made.below.add(b, depth+1)
		}
		if name.Expr == nil {
			l.index[name.Name] = len(l.bounds)
		}
		l.bounds = append(l.bounds, made)
	case last:
		if set := literalSet(b.Value); set != nil {
			l.bounds[i].open().merge(set.Bindings)
		}
	default:
		l.bounds[i].open().add(b, depth+1)
	}
}

// open is the layer of a set that others are merged into. What is no set cannot be defined twice: the
// parser has refused it.
func (b *bound) open() *layer {
	if b.below == nil {
		b.below = &layer{index: map[string]int{}}
		if set := literalSet(b.Value); set != nil {
			b.below = newLayer(set.Bindings, set.Rec)
		}
	}
	return b.below
}

// literalSet returns the set that an expression is when parentheses are left out, else nil.
func literalSet(e nixexpr.Expr) *nixexpr.AttrSet {
	for {
		switch n := e.(type) {
		case *nixexpr.Paren:
			e = n.X
		case *nixexpr.AttrSet:
			return n
		default:
			return nil
		}
	}
}
