// Package toml reads and edits the TOML that Nix code reads. A string of it knows its place in the file, and an edit
// of one keeps every other byte. The grammar is go-toml's.
package toml

import (
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// A File is a TOML file.
type File struct {
	Name string // for messages
	Src  []byte // must not be changed while the File is in use
}

var _ eval.DataFile = (*File)(nil)

// Source returns the content.
func (f *File) Source() []byte { return f.Src }

// maxDepth bounds how deep tables and arrays are nested.
const maxDepth = 200

// Value returns the table that the file is.
func (f *File) Value(p *eval.Program) (eval.Value, error) {
	r := &reader{file: f}
	root := &node{}
	here := root // the table that the lines which follow are in
	err := f.expressions(func(n *unstable.Node) error {
		var err error
		switch n.Kind {
		case unstable.Table:
			here, err = root.below(keys(n))
		case unstable.ArrayTable:
			here, err = root.below(keys(n))
			if err == nil {
				here = here.grow()
			}
		case unstable.KeyValue:
			err = r.define(here, n, 0)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	return root.value(p), nil
}

// expressions calls found with the lines of the file: its tables, and the values in them.
func (f *File) expressions(found func(*unstable.Node) error) error {
	var parser unstable.Parser
	parser.Reset(f.Src)
	for parser.NextExpression() {
		if err := found(parser.Expression()); err != nil {
			return err
		}
	}
	return parser.Error()
}

// Comments returns the comments of the lines of the file, and of the ends of its lines. Those within arrays are left
// out, and so are those behind an error.
func (f *File) Comments() []nixexpr.Token {
	var list []nixexpr.Token
	parser := unstable.Parser{KeepComments: true}
	parser.Reset(f.Src)
	for parser.NextExpression() {
		for n := parser.Expression(); n != nil; n = n.Next() { // one behind a value is next to it
			if n.Kind == unstable.Comment {
				start := int(n.Raw.Offset)
				list = append(list, nixexpr.Token{Start: start, End: start + len(n.Data)})
			}
		}
	}
	return list
}

// keys is the name of a table or a value: a.b.c has three.
func keys(n *unstable.Node) []string {
	var list []string
	for it := n.Key(); it.Next(); {
		list = append(list, string(it.Node().Data))
	}
	return list
}

// A node is a value while the file is read: a table or an array to which what follows adds, or any other.
type node struct {
	names []string
	attrs map[string]*node
	elems []*node
	plain eval.Value
	array bool
}

// below returns the value of a name, made where it is not there; of an array of tables, that in the last one.
func (n *node) below(names []string) (*node, error) {
	if len(names) > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	for _, name := range names {
		if len(n.elems) > 0 {
			n = n.elems[len(n.elems)-1]
		}
		if n.attrs[name] == nil {
			if n.attrs == nil {
				n.attrs = map[string]*node{}
			}
			n.names, n.attrs[name] = append(n.names, name), &node{}
		}
		n = n.attrs[name]
	}
	return n, nil
}

// grow adds an element to an array and returns it.
func (n *node) grow() *node {
	n.array, n.elems = true, append(n.elems, &node{})
	return n.elems[len(n.elems)-1]
}

// value is what a node stands for, once the file is read.
func (n *node) value(p *eval.Program) eval.Value {
	switch {
	case n.plain != nil:
		return n.plain
	case n.array:
		list := &eval.List{}
		for _, e := range n.elems {
			list.Elems = append(list.Elems, eval.Known(e.value(p)))
		}
		return list
	}
	attrs := make(map[string]*eval.Def, len(n.names))
	for _, name := range n.names {
		attrs[name] = eval.Known(n.attrs[name].value(p))
	}
	return p.NewSet(attrs, n.names)
}

// reader reads the values of a file.
type reader struct{ file *File }

// define reads one value with its name into a table.
func (r *reader) define(table *node, n *unstable.Node, depth int) error {
	into, err := table.below(keys(n))
	if err != nil {
		return err
	}
	return r.read(into, n.Value(), depth)
}

func (r *reader) read(into *node, n *unstable.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch n.Kind {
	case unstable.String:
		at := eval.Literal{File: r.file.Name, Data: r.file, Span: span(n)}
		into.plain = &eval.Text{Pieces: []eval.Piece{{Text: string(n.Data), At: at}}}
	case unstable.Array:
		into.array = true
		for it := n.Children(); it.Next(); {
			if err := r.read(into.grow(), it.Node(), depth+1); err != nil {
				return err
			}
		}
	case unstable.InlineTable:
		for it := n.Children(); it.Next(); {
			if err := r.define(into, it.Node(), depth+1); err != nil {
				return err
			}
		}
	default:
		into.plain = &eval.Scalar{Text: string(n.Data)}
	}
	return nil
}

// span is where a node stands.
func span(n *unstable.Node) nixexpr.Span {
	return nixexpr.Span{From: int32(n.Raw.Offset), To: int32(n.Raw.Offset + n.Raw.Length)}
}
