package eval

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// ReadJSON returns the value of the JSON file at a path, or nil when v is no path of a data file of
// the program or the file does not parse. Every string knows its place in the file.
func (p *Program) ReadJSON(v Value) *Def {
	at, ok := v.(*Path)
	if !ok || at.Name == "" {
		return nil
	}
	name := p.follow(at.Name)
	file := p.data[name]
	if file == nil {
		return nil
	}
	d, read := p.json[name]
	if !read {
		d = p.parseJSON(file)
		p.json[name] = d
	}
	return d
}

func (p *Program) parseJSON(file *nixexpr.JSONFile) *Def {
	if !p.payText(len(file.Src)) {
		return nil
	}
	r := &jsonReader{file: file, dec: json.NewDecoder(bytes.NewReader(file.Src))}
	r.dec.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil
	}
	return Known(v)
}

type jsonReader struct {
	file *nixexpr.JSONFile
	dec  *json.Decoder
}

func (r *jsonReader) value(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("read %s: nested deeper than %d", r.file.Name, maxDepth)
	}
	before := r.dec.InputOffset()
	tok, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.file.Name, err)
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			return r.object(depth)
		}
		return r.array(depth)
	case string:
		// Between two tokens stand only blanks and punctuation, so the next quote opens this one.
		start := int(before) + bytes.IndexByte(r.file.Src[before:], '"')
		span := nixexpr.Span{From: int32(start), To: int32(r.dec.InputOffset())}
		return &Text{Pieces: []Piece{{Text: tok, At: Literal{File: r.file.Name, JSON: r.file, Span: span}}}}, nil
	}
	return &Scalar{Text: fmt.Sprint(tok)}, nil
}

func (r *jsonReader) object(depth int) (Value, error) {
	s := &Set{}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if name, ok := key.(string); ok {
			s.put(name, Known(v))
		}
	}
	_, err := r.dec.Token()
	return s, err
}

func (r *jsonReader) array(depth int) (Value, error) {
	s := &List{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		s.Elems = append(s.Elems, Known(v))
	}
	_, err := r.dec.Token()
	return s, err
}
