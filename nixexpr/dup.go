package nixexpr

import (
	"fmt"
	"slices"
)

// A dupChecker finds names that are defined twice. Nix merges a.b = 1; a = { c = 2; }; and
// refuses only what is defined twice after merging.
//
// Most sets define each first name once, and nothing merges: one look at the names, with a
// table that is used again for the next set, tells. Only for the others the merged sets are
// built, as scopes; the scopes of the file share one table.
type dupChecker struct {
	file   *File
	seen   nameSet             // of one set or function
	scopes map[*AttrSet]int32  // of the sets whose scope was built
	table  map[scopeName]int32 // index in defs, for scopes with more than a few names
	defs   []scopeDef
	heads  []scopeHead // by scope
}

// scopeName is a name in a merged set.
type scopeName struct {
	scope int32
	name  string
}

// A scopeDef is a definition in a merged set.
type scopeDef struct {
	name  string
	pos   int32
	next  int32    // the next one of the scope, -1 at the end
	child int32    // the scope that it is, -1: none or not built
	set   *AttrSet // the literal set that it is; built when something merges with it
}

// A scopeHead is the list of a scope's definitions.
type scopeHead struct{ first, count int32 }

// few is how many names are compared one with the other.
const few = 8

// attrs checks the definitions of a set or a let. It must be told of every set once, the inner
// ones first.
func (d *dupChecker) attrs(bindings []Binding) *lexError {
	if d.distinct(bindings) {
		return nil
	}
	if _, twice := d.build(bindings); twice != nil {
		return d.report(twice)
	}
	return nil
}

// A dupName is a name that is defined at two places.
type dupName struct {
	name string // all of its path
	a, b int32
}

// below is the name within a set that has a name itself.
func (n *dupName) below(outer string) *dupName {
	if n == nil {
		return nil
	}
	return &dupName{name: outer + "." + n.name, a: n.a, b: n.b}
}

// report points to the second of the two places.
func (d *dupChecker) report(n *dupName) *lexError {
	first, second := min(n.a, n.b), max(n.a, n.b)
	return &lexError{
		offset: int(second),
		msg:    fmt.Sprintf("attribute '%s' is defined already at %s", clip(n.name), d.file.Position(int(first))),
	}
}

// firstNames calls f with each name that the bindings define, until f returns false.
func firstNames(bindings []Binding, f func(a *Attr) bool) bool {
	for i := range bindings {
		names := bindings[i].Path
		if bindings[i].Value != nil {
			names = names[:1]
		}
		for j := range names {
			if names[j].Expr == nil && !f(&names[j]) {
				return false
			}
		}
	}
	return true
}

// distinct reports whether no first name is there twice.
func (d *dupChecker) distinct(bindings []Binding) bool {
	d.seen.clear()
	return firstNames(bindings, func(a *Attr) bool { return d.seen.add(a.Name) })
}

// A nameSet is a set of names of which there are seldom more than a few.
type nameSet struct {
	few  [few]string
	n    int                 // of few
	more map[string]struct{} // those for which few has no room
}

func (s *nameSet) clear() {
	s.n = 0
	clear(s.more)
}

// add reports whether the name is new.
func (s *nameSet) add(name string) bool {
	if slices.Contains(s.few[:s.n], name) {
		return false
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.more == nil {
		s.more = make(map[string]struct{})
	}
	_, old := s.more[name]
	s.more[name] = struct{}{}
	return !old
}

// build makes the scope of a set, with everything merged.
func (d *dupChecker) build(bindings []Binding) (int32, *dupName) {
	if d.table == nil {
		d.table = make(map[scopeName]int32)
		d.scopes = make(map[*AttrSet]int32)
	}
	scope := d.newScope()
	for i := range bindings {
		if err := d.bind(scope, &bindings[i]); err != nil {
			return scope, err
		}
	}
	return scope, nil
}

func (d *dupChecker) newScope() int32 {
	d.heads = append(d.heads, scopeHead{first: -1})
	return int32(len(d.heads) - 1)
}

// bind adds a binding to a scope.
func (d *dupChecker) bind(scope int32, b *Binding) *dupName {
	if b.Value == nil {
		for i := range b.Path {
			a := &b.Path[i]
			if err := d.define(scope, scopeDef{name: a.Name, pos: a.From, child: -1}); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range b.Path {
		name := &b.Path[i]
		if name.Expr != nil {
			return nil // a dynamic name, and what is below it, merges with nothing
		}
		var err *dupName
		if i < len(b.Path)-1 {
			scope, err = d.descend(scope, name.Name, name.From)
		} else {
			err = d.define(scope, scopeDef{name: name.Name, pos: name.From, child: -1, set: literalSet(b.Value)})
		}
		if err != nil {
			for j := i - 1; j >= 0; j-- {
				err = err.below(b.Path[j].Name)
			}
			return err
		}
	}
	return nil
}

// literalSet is the set that an expression is when parentheses are left out, else nil.
func literalSet(e Expr) *AttrSet {
	for {
		switch n := e.(type) {
		case *Paren:
			e = n.X
		case *AttrSet:
			return n
		default:
			return nil
		}
	}
}

// descend is the scope that a name has in a scope, made when there is none.
func (d *dupChecker) descend(scope int32, name string, pos int32) (int32, *dupName) {
	i, ok := d.lookup(scope, name)
	if !ok {
		child := d.newScope()
		d.insert(scope, scopeDef{name: name, pos: pos, child: child})
		return child, nil
	}
	if child, ok := d.childScope(i); ok {
		return child, nil
	}
	return 0, &dupName{name, d.defs[i].pos, pos}
}

// childScope is the scope of a definition that is a set.
func (d *dupChecker) childScope(i int32) (int32, bool) {
	if d.defs[i].child >= 0 {
		return d.defs[i].child, true
	}
	set := d.defs[i].set
	if set == nil {
		return 0, false
	}
	child, ok := d.scopes[set]
	if !ok {
		child, _ = d.build(set.Bindings) // no error: its names are distinct
		d.scopes[set] = child
	}
	d.defs[i].child = child
	return child, true
}

// lookup is the index of the definition that a name has in a scope.
func (d *dupChecker) lookup(scope int32, name string) (int32, bool) {
	if d.heads[scope].count > few {
		i, ok := d.table[scopeName{scope, name}]
		return i, ok
	}
	for i := d.heads[scope].first; i >= 0; i = d.defs[i].next {
		if d.defs[i].name == name {
			return i, true
		}
	}
	return 0, false
}

// insert adds a definition whose name is new to the scope.
func (d *dupChecker) insert(scope int32, def scopeDef) {
	i := int32(len(d.defs))
	head := &d.heads[scope]
	def.next = head.first
	head.first = i
	head.count++
	d.defs = append(d.defs, def)
	switch {
	case head.count == few+1:
		for ; i >= 0; i = d.defs[i].next {
			d.table[scopeName{scope, d.defs[i].name}] = i
		}
	case head.count > few:
		d.table[scopeName{scope, def.name}] = i
	}
}

// define adds a definition and merges it with the one that is there.
func (d *dupChecker) define(scope int32, def scopeDef) *dupName {
	old, ok := d.lookup(scope, def.name)
	if !ok {
		d.insert(scope, def)
		return nil
	}
	into, ok := d.childScope(old)
	if !ok || def.set == nil && def.child < 0 {
		return &dupName{def.name, d.defs[old].pos, def.pos}
	}
	i := int32(len(d.defs))
	d.defs = append(d.defs, def)
	from, _ := d.childScope(i)
	merged, err := d.merge(into, from)
	d.defs[old].child = merged
	return err.below(def.name)
}

// merge moves the smaller of two scopes into the larger, which it returns.
func (d *dupChecker) merge(a, b int32) (int32, *dupName) {
	if d.heads[a].count < d.heads[b].count {
		a, b = b, a
	}
	for i := d.heads[b].first; i >= 0; {
		def := d.defs[i]
		if err := d.define(a, def); err != nil {
			return a, err
		}
		i = def.next
	}
	return a, nil
}

// formals checks the argument names of a function.
func (d *dupChecker) formals(n *Lambda) *lexError {
	list := n.Formals.List
	twice := func(name string, at int32) *lexError {
		return &lexError{offset: int(at), msg: fmt.Sprintf("the function has two arguments named '%s'", clip(name))}
	}
	d.seen.clear()
	for i := range list {
		if !d.seen.add(list[i].Name) {
			return twice(list[i].Name, list[i].From)
		}
	}
	for i := range list {
		if n.ArgPos >= 0 && list[i].Name == n.Arg {
			return twice(n.Arg, max(list[i].From, n.ArgPos))
		}
	}
	return nil
}
