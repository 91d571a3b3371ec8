package eval

import "github.com/nixtars/ollama-bump/nixexpr"

// A DataFile is a file of data that Nix code reads: [JSON], or another format. Its strings can be edited, as those
// of a Nix file can.
type DataFile interface {
	// Source returns the content, which must not be changed.
	Source() []byte
	// Value returns what the file holds. Every string of it knows its place in the file.
	Value(p *Program) (Value, error)
	// Content returns where the text of a string stands, whose span includes its quotes.
	Content(span nixexpr.Span) (start, end int)
	// ReplaceString makes the edit that puts a text in the place of the bytes from to to of a string's text.
	ReplaceString(span nixexpr.Span, from, to int, text string) (nixexpr.Edit, error)
	// Apply makes edits and returns the new source; see [nixexpr.ApplyData].
	Apply(edits []nixexpr.Edit) ([]byte, error)
}

// ReadData returns the value of the data file at a path, or nil when v is no path of a data file of the program or
// the file cannot be read.
func (p *Program) ReadData(v Value) *Def {
	at, ok := v.(*Path)
	if !ok || at.Name == "" {
		return nil
	}
	name := p.follow(at.Name)
	file := p.data[name]
	if file == nil {
		return nil
	}
	d, read := p.values[name]
	if !read && p.payText(len(file.Source())) {
		if value, err := file.Value(p); err == nil {
			d = Known(value)
		}
		p.values[name] = d
	}
	return d
}

// fileRead is the value of builtins.fromJSON or fromTOML of builtins.readFile ./x.json.
func (p *Program) fileRead(v Value) *Def {
	u, ok := v.(*Unknown)
	if !ok {
		return nil
	}
	name, args := u.Callee()
	if name != "readFile" || len(args) != 1 {
		return nil
	}
	return p.ReadData(p.Value(args[0]))
}
