package nixexpr

// A layer is a set, or a let, as Nix's parser leaves it: what is defined by paths, and by several sets of
// one name, merged into the first of them. That one says whether the names are a scope, and everything that is
// merged into it stands in its scope: in { a = rec { v = 1; }; a.w = v; } w is 1.
type layer struct {
	rec    bool
	bounds []bound
	index  map[string]int // of the static names in bounds; inherited ones merge with nothing
}

// A bound is the definition of one name, or an inherit.
type bound struct {
	*Binding
	depth int    // its name is Path[depth]
	below *layer // the set that it is, when that is made of paths or of more than one; else it is Value
}

func (b *bound) attr() *Attr { return &b.Path[b.depth] }

// layerOf is the layer of a set's bindings, made once.
func (p *Program) layerOf(bindings []Binding, rec bool) *layer {
	if len(bindings) == 0 {
		return &layer{rec: rec}
	}
	l := p.layers[&bindings[0]]
	if l == nil {
		l = newLayer(bindings, rec)
		p.layers[&bindings[0]] = l
	}
	return l
}

func newLayer(bindings []Binding, rec bool) *layer {
	l := &layer{rec: rec, bounds: make([]bound, 0, len(bindings)), index: make(map[string]int, len(bindings))}
	l.merge(bindings)
	return l
}

func (l *layer) merge(bindings []Binding) {
	for i := range bindings {
		l.add(&bindings[i], 0)
	}
}

// add merges a binding, of whose path depth names are taken already.
func (l *layer) add(b *Binding, depth int) {
	if b.Value == nil {
		l.bounds = append(l.bounds, bound{Binding: b, depth: depth})
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

// holds says whether a node stands in the values or names of a layer.
func (l *layer) holds(n Node) bool {
	for i := range l.bounds {
		if b := &l.bounds[i]; b.below != nil && b.below.holds(n) || b.below == nil && within(b.Binding, n) {
			return true
		}
	}
	return false
}

// around is the scope of the definition in l that target stands in, and that definition. Sc is the scope
// around l.
func (p *Program) around(f *File, l *layer, target Node, sc *env, scope bool) (*env, Node) {
	inner, _ := p.layerScope(f, l, sc, scope)
	for i := range l.bounds {
		b := &l.bounds[i]
		switch {
		case b.Value != nil && within(b.attr(), target):
			return inner, b.attr()
		case b.below != nil && b.below.holds(target):
			return p.around(f, b.below, target, inner, b.below.rec)
		case b.below == nil && within(b.Binding, target):
			return inner, b.Binding
		}
	}
	return inner, nil
}
