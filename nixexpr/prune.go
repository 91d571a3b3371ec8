package nixexpr

import (
	"slices"
	"strings"
)

// A Pruning collects the parts of a file that are to go, and makes the edits that take them out as a
// careful person would: lines that hold nothing else go whole, with the comments on them and directly
// above them, and no blank line or parenthesis is left that only they needed.
//
// The zero value is not useful; see [File.Prune].
type Pruning struct {
	file    *File
	parents map[Node]Node
	gone    []Span // in no order; one may lie in another one
	joined  []Edit // line ends that become a space
}

// Prune starts a pruning of the file, of which everything stays until it is told otherwise.
func (f *File) Prune() *Pruning {
	p := &Pruning{file: f, parents: map[Node]Node{}}
	p.adopt(f.Root)
	return p
}

func (p *Pruning) adopt(n Node) {
	Children(n, func(child Node) {
		p.parents[child] = n
		p.adopt(child)
	})
}

// Parent returns the node directly above n, or nil for the root of the file.
func (p *Pruning) Parent(n Node) Node { return p.parents[n] }

// Gone reports whether the node lies in a part that goes.
func (p *Pruning) Gone(n Node) bool { return p.inside(n.Start(), n.End()) }

func (p *Pruning) inside(start, end int) bool {
	return slices.ContainsFunc(p.gone, func(s Span) bool { return s.Start() <= start && end <= s.End() })
}

func (p *Pruning) drop(start, end int) {
	if start < end {
		p.gone = append(p.gone, Span{From: int32(start), To: int32(end)})
	}
}

// Replace puts a part of an expression in the place of the whole: by must lie below e. Parentheses around
// either that the result does not need go too.
func (p *Pruning) Replace(e, by Expr) {
	outer, slot := e, p.parents[e]
	for {
		paren, ok := slot.(*Paren)
		if !ok || !p.fits(Unparen(by), paren, p.parents[paren]) || p.glues(paren, Unparen(by)) {
			break
		}
		outer, slot = paren, p.parents[paren]
	}
	for {
		paren, ok := by.(*Paren)
		if !ok || !p.fits(paren.X, outer, slot) {
			break
		}
		by = paren.X
	}
	p.drop(outer.Start(), by.Start())
	p.drop(by.End(), outer.End())
}

// glues reports whether the text beside a pair of parentheses would run into e, which takes their place.
func (p *Pruning) glues(paren *Paren, e Expr) bool {
	if at := paren.End(); at < len(p.file.text) && p.file.text[at] == '.' {
		switch e.(type) {
		case *Ident, *Select: // x.y, and no float or path
			return !p.file.apart(paren.Start() - 1)
		}
	}
	return !p.file.apart(paren.Start()-1) || !p.file.apart(paren.End())
}

// apart reports whether the byte at an offset ends the token before it and starts no longer one with what
// follows. The ends of the file do.
func (f *File) apart(offset int) bool {
	return offset < 0 || offset >= len(f.text) || strings.IndexByte(" \t\r\n=;,()[]{}\"", f.text[offset]) >= 0
}

// fits reports whether e means the same without parentheses in the place of old, whose parent is given.
func (p *Pruning) fits(e Expr, old Node, parent Node) bool {
	switch e := e.(type) {
	case *Ident:
		if e.Name != "or" {
			return true
		}
	case *Str, *List, *AttrSet, *Number, *SearchPath, *CurPos, *Path:
		return true
	case *Select:
		if e.Default == nil {
			return true
		}
	case *Apply:
		switch parent := parent.(type) {
		case *Apply:
			return Node(parent.Fn) == old
		case *Binary, *Unary, *HasAttr:
			return true
		}
	}
	return open(parent, old)
}

// open reports whether any expression can stand in a place without parentheses.
func open(parent, old Node) bool {
	switch parent := parent.(type) {
	case nil, *Paren, *Lambda, *Let, *With, *Assert, *If, *StrPart, *Attr, *Formal:
		return true
	case *Binding:
		return parent.Value != nil && Node(parent.Value) == old
	}
	return false
}

// Remove takes a binding out of its set or let.
func (p *Pruning) Remove(b *Binding) { p.drop(b.Start(), b.End()) }

// RemoveName takes one name out of an inherit, and the inherit itself with its last name. On another
// binding it is [Pruning.Remove].
func (p *Pruning) RemoveName(b *Binding, name string) {
	if b.Value != nil {
		p.Remove(b)
		return
	}
	kept := false
	for i := range b.Path {
		attr := &b.Path[i]
		if attr.Name == name && attr.Expr == nil {
			p.drop(attr.Start(), attr.End())
		}
		kept = kept || !p.Gone(attr)
	}
	if !kept {
		p.Remove(b)
	}
}

// RemoveUnused takes out the variables of let expressions that only parts that go refer to, until there
// are no more, and each let that has no variable left. Variables that nothing referred to before stay.
func (p *Pruning) RemoveUnused() {
	for again := true; again; {
		again = false
		Walk(p.file.Root, func(n Node) bool {
			if let, ok := n.(*Let); ok && !p.Gone(let) {
				again = p.removeUnused(let) || again
			}
			return true
		})
	}
	Walk(p.file.Root, func(n Node) bool {
		if let, ok := n.(*Let); ok && !p.Gone(let) && len(let.Bindings) > 0 && p.empty(let) {
			p.unwrap(let)
		}
		return true
	})
}

func (p *Pruning) empty(let *Let) bool {
	for i := range let.Bindings {
		if !p.Gone(&let.Bindings[i]) {
			return false
		}
	}
	return true
}

// removeUnused makes one pass over the variables of a let and reports whether any of them went.
func (p *Pruning) removeUnused(let *Let) bool {
	removed := false
	for i := range let.Bindings {
		b := &let.Bindings[i]
		for _, attr := range b.names() {
			if attr.Expr == nil && !p.Gone(b) && !p.Gone(&attr) && p.lostAllUses(let, attr.Name) {
				p.RemoveName(b, attr.Name)
				removed = true
			}
		}
	}
	return removed
}

// lostAllUses reports whether a variable of a let was referred to, and every place that did so goes. What
// a variable's own definitions refer to does not keep it.
func (p *Pruning) lostAllUses(let *Let, name string) bool {
	used, kept := false, false
	note := func(n Node) {
		used = true
		kept = kept || !p.Gone(n)
	}
	for i := range let.Bindings {
		b := &let.Bindings[i]
		if b.Value != nil && b.Path[0].Expr == nil && b.Path[0].Name == name {
			continue
		}
		Children(b, func(child Node) { Uses(child, name, note) })
	}
	Uses(let.Body, name, note)
	return used && !kept
}

// unwrap takes the words let and in from around the body of a let without variables.
func (p *Pruning) unwrap(let *Let) {
	f := p.file
	p.drop(let.Start(), let.Start()+len("let"))
	in := f.tokenAt(let.Body.Start()) - 1
	for f.kinds[in] != kindIn {
		in--
	}
	p.drop(f.Tokens[in].Start, f.Tokens[in].End)
	p.join(let)
}

// join moves a body that is left with one line to the line of the "=" before its let.
func (p *Pruning) join(let *Let) {
	b, ok := p.parents[let].(*Binding)
	if !ok || Node(b.Value) != Node(let) {
		return
	}
	f := p.file
	i := f.tokenAt(let.Start()) - 1
	if f.kinds[i] != kindBlank || f.kinds[i-1] != kindAssign ||
		!hasLineEnd(f.text[f.Tokens[i].Start:f.Tokens[i].End]) {
		return
	}
	var stays []Token
	for j := i + 1; f.Tokens[j].End <= let.End(); j++ { // a semicolon follows
		t := f.Tokens[j]
		if f.kinds[j].blank() && f.kinds[j] != kindBlank && !p.inside(t.Start, t.End) {
			return // a comment that stays keeps its line
		}
		if f.kinds[j] != kindBlank && !p.inside(t.Start, t.End) {
			stays = append(stays, t)
		}
	}
	if first := stays[0].Start; !hasLineEnd(f.text[first:stays[len(stays)-1].End]) {
		p.joined = append(p.joined, Edit{Start: f.Tokens[i].Start, End: first, New: " "})
	}
}
