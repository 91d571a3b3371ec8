package pin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// errNoLiteral says that a value is not written anywhere as a literal.
var errNoLiteral = errors.New("not a literal")

// slots gives every place that is read its identity.
type slots struct {
	files *Files
	all   []Slot
	ids   map[span]SlotID
}

// span is where a slot stands.
type span struct {
	file       string
	start, end int
	added      string // what is inserted, of the several things that may be at one place
}

func newSlots(files *Files) *slots { return &slots{files: files, ids: map[span]SlotID{}} }

// add returns the identity of a place whose literal begins at byte at. A place that is read as the version
// and as something made of it, a ref say, is the version's; one without a field is only known to be there.
func (s *slots) add(slot Slot, at int) SlotID {
	key := span{slot.File, slot.Start, slot.End, ""}
	switch form := slot.form.(type) {
	case binding:
		key.added = string(slot.Field)
	case lines:
		key.added = strings.Join(form.list, "\n")
	case constant:
		key.added = form.New
	}
	if id, ok := s.ids[key]; ok {
		if known := &s.all[id]; known.Field == "" || slot.Field == VersionField {
			known.Field = slot.Field
		}
		return id
	}
	slot.Pos = s.files.pos(slot.File, at)
	id := SlotID(len(s.all))
	s.all, s.ids[key] = append(s.all, slot), id
	return id
}

// pos is the place of a byte of a file.
func (f *Files) pos(name string, offset int) diag.Pos {
	if file := f.Nix[name]; file != nil {
		return posIn(file, offset)
	}
	text := f.Data[name][:min(offset, len(f.Data[name]))]
	line := bytes.Count(text, []byte{'\n'})
	return diag.Pos{File: name, Line: line + 1, Column: len(text) - bytes.LastIndexByte(text, '\n')}
}

func posIn(f *nixexpr.File, offset int) diag.Pos {
	if f == nil {
		return diag.Pos{}
	}
	p := f.Position(offset)
	return diag.Pos{File: f.Name, Line: p.Line, Column: p.Column}
}

// A form is how a value is written into a slot: a text, quoted or a binding.
type form interface {
	write(value string) (nixexpr.Edit, error)
}

type (
	// text is a piece of a literal, from one byte of its source to another one.
	text struct {
		at       eval.Literal
		from, to int
	}
	// quoted is an expression that a string takes the place of.
	quoted struct {
		file *nixexpr.File
		expr nixexpr.Expr
	}
	// binding is a name that is not there yet, behind another one.
	binding struct {
		file  *nixexpr.File
		after *nixexpr.Binding
		name  string
	}
	// lines are those of a definition that is not there yet, behind another one; %s stands for the value. What follows
	// them is inserted at the same place.
	lines struct {
		file  *nixexpr.File
		after *nixexpr.Binding
		list  []string
	}
)

// constant is an edit that is the same whatever the value is.
type constant struct{ nixexpr.Edit }

func (c constant) write(string) (nixexpr.Edit, error) { return c.Edit, nil }

func (t text) write(value string) (nixexpr.Edit, error) { return t.at.Replace(t.from, t.to, value) }

func (q quoted) write(value string) (nixexpr.Edit, error) { return q.file.ReplaceExpr(q.expr, value) }

func (b binding) write(value string) (nixexpr.Edit, error) {
	return b.file.InsertString(b.after, b.name, value)
}

// plain matches what needs no escape in a string: tags and hashes.
var plain = regexp.MustCompile(`^[A-Za-z0-9+/=._-]*$`)

func (l lines) write(value string) (nixexpr.Edit, error) {
	if !plain.MatchString(value) {
		return nixexpr.Edit{}, fmt.Errorf("edit %s: %q is neither a tag nor a hash", l.file.Name, value)
	}
	list := make([]string, 0, len(l.list))
	for _, line := range l.list {
		list = append(list, strings.ReplaceAll(line, "%s", value))
	}
	return l.file.InsertLines(l.after, list...), nil
}

// textSlot is the slot of a piece of a literal.
func textSlot(at eval.Literal, from, to int, field Field, old string) Slot {
	start, _ := at.Content()
	return Slot{Field: field, File: at.File, Start: start + from, End: start + to, Old: old, form: text{at, from, to}}
}

// inText returns the literals in which a string's version is written.
func (s *slots) inText(t *eval.Text, v version.Version, field Field) ([]SlotID, error) {
	var ids []SlotID
	for _, p := range t.Pieces {
		if p.Value == nil {
			ids = append(ids, s.inLiteral(p.At, v, field)...)
		}
	}
	if len(ids) == 0 {
		return nil, errNoLiteral
	}
	return ids, nil
}

// inLiteral returns the places of a version in one literal.
func (s *slots) inLiteral(at eval.Literal, v version.Version, field Field) []SlotID {
	var ids []SlotID
	for _, slot := range placesIn(at, v, field) {
		ids = append(ids, s.add(slot, at.Span.Start()))
	}
	return ids
}

// placesIn are the places of a version in one literal, not yet with an identity.
func placesIn(at eval.Literal, v version.Version, field Field) []Slot {
	if at.File == "" {
		return nil
	}
	var list []Slot
	for _, i := range v.Places(at.Source()) {
		list = append(list, textSlot(at, i, i+len(v), field, string(v)))
	}
	return list
}

// whole returns the slot of a string that is one literal.
func (s *slots) whole(t *eval.Text, field Field) (SlotID, error) {
	var only *eval.Piece
	for i := range t.Pieces {
		p := &t.Pieces[i]
		if p.Value != nil || p.At.File == "" || p.Cut {
			return NoSlot, errNoLiteral
		}
		if p.Text == "" && len(t.Pieces) > 1 {
			continue
		}
		if only != nil {
			return NoSlot, errNoLiteral
		}
		only = p
	}
	if only == nil {
		return NoSlot, errNoLiteral
	}
	return s.content(only.At, only.Text, field), nil
}

// content returns the slot of all the text of a literal.
func (s *slots) content(at eval.Literal, value string, field Field) SlotID {
	start, end := at.Content()
	return s.add(textSlot(at, 0, end-start, field, value), at.Span.Start())
}

// expression returns the slot of an expression that a string literal takes the place of. It is shown as old, or as it
// is written.
func (s *slots) expression(d *eval.Def, field Field, old string) (SlotID, error) {
	hops := d.Trail()
	last := hops[len(hops)-1]
	if last.Expr == nil || last.File == nil {
		return NoSlot, errNoLiteral
	}
	return s.quoted(last, field, cmp.Or(old, last.File.Text(last.Expr))), nil
}

// quoted returns the slot of a definition's own expression, in place of which a string is written.
func (s *slots) quoted(d *eval.Def, field Field, old string) SlotID {
	start, end := d.Expr.Start(), d.Expr.End()
	return s.add(Slot{
		Field: field, File: d.File.Name, Start: start, End: end, Old: old, form: quoted{d.File, d.Expr},
	}, start)
}
