package eval

import "strings"

// meaning is the value of a call of a builtin, or of what p.Intrinsic knows; else nil.
func (p *Program) meaning(u *Unknown) *Def {
	name, args := u.Callee()
	switch {
	case name == "import" && len(args) == 1:
		if d := p.Import(p.Value(args[0])); d != nil {
			return d
		}
	case name == "toString" && len(args) == 1:
		if t, ok := p.Value(args[0]).(*Text); ok {
			return Known(t)
		}
	case (name == "fromJSON" || name == "fromTOML") && len(args) == 1:
		return p.fileRead(p.Value(args[0]))
	case name == "head" && len(args) == 1:
		if l, ok := p.Value(args[0]).(*List); ok && len(l.Elems) > 0 {
			return l.Elems[0]
		}
	case name == "replaceStrings" && len(args) == 3:
		return p.replaceStrings(args[0], args[1], args[2])
	case name == "map" && len(args) == 2:
		return p.mapList(args[0], args[1])
	case name == "mapAttrs" && len(args) == 2:
		return p.mapSet(args[0], args[1])
	}
	if p.Intrinsic != nil && name != "" {
		return p.Intrinsic(name, args)
	}
	return nil
}

func (p *Program) mapList(fn, list *Def) *Def {
	l, ok := p.Value(list).(*List)
	if !ok || !p.payCopy(l) {
		return nil
	}
	out := &List{Elems: make([]*Def, 0, len(l.Elems))}
	for _, d := range l.Elems {
		out.Elems = append(out.Elems, Thunk(func() Value { return p.Apply(p.Value(fn), d, d.File, d.node()) }))
	}
	return Known(out)
}

// mapSet is the value of a call of builtins.mapAttrs. What is not known of the set is not known of the result.
func (p *Program) mapSet(fn, set *Def) *Def {
	s, ok := p.Value(set).(*Set)
	if !ok || !p.payCopy(s) {
		return nil
	}
	out := &Set{rest: s.rest}
	for _, n := range s.order {
		d := s.attrs[n]
		out.put(n, Thunk(func() Value {
			name := Known(&Text{Pieces: []Piece{{Text: n}}})
			return p.Apply(p.Apply(p.Value(fn), name, d.File, nil), d, d.File, d.node())
		}))
	}
	return Known(out)
}

// replaceStrings is the value of builtins.replaceStrings FROM TO TEXT, when what is looked for and the text are known:
// what is not replaced stays where it is written.
func (p *Program) replaceStrings(from, to, text *Def) *Def {
	patterns, ok1 := p.Value(from).(*List)
	values, ok2 := p.Value(to).(*List)
	if !ok1 || !ok2 || len(patterns.Elems) != len(values.Elems) {
		return nil
	}
	var words []string
	size := 0
	for _, d := range patterns.Elems {
		word, ok := p.known(p.Value(d))
		if !ok || word == "" { // which is everywhere
			return nil
		}
		words, size = append(words, word), size+len(word)
	}
	t, _ := p.Value(text).(*Text)
	whole, ok := p.known(p.Value(text))
	if !ok || !p.payText(len(whole)*size) {
		return nil
	}
	r := &replacer{pieces: t.Pieces}
	for at := 0; at < len(whole); {
		i := prefixOf(whole[at:], words)
		if i < 0 {
			at++
			continue
		}
		with, ok := p.Value(values.Elems[i]).(*Text)
		if !ok || !p.payJoin(with) || !p.pay(len(t.Pieces)) {
			return nil
		}
		r.keep(at)
		r.out = append(r.out, with.Pieces...)
		at += len(words[i])
		r.at = at
	}
	r.keep(len(whole))
	return Known(&Text{Pieces: r.out})
}

// prefixOf returns the index of the first word that a text begins with, or -1.
func prefixOf(text string, words []string) int {
	for i, word := range words {
		if strings.HasPrefix(text, word) {
			return i
		}
	}
	return -1
}

// A replacer takes over parts of a known text.
type replacer struct {
	pieces []Piece
	out    []Piece
	at     int // the text before is taken over, or replaced
}

// keep takes over the text up to a byte.
func (r *replacer) keep(end int) {
	start := 0
	for _, piece := range r.pieces {
		from, to := max(r.at-start, 0), min(end-start, len(piece.Text))
		start += len(piece.Text)
		if from >= to {
			continue
		}
		kept := piece
		kept.Text, kept.Cut = piece.Text[from:to], piece.Cut || to-from < len(piece.Text)
		r.out = append(r.out, kept)
	}
	r.at = end
}
