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
	src, ok := p.data[name]
	if !ok {
		return nil
	}
	d, read := p.json[name]
	if !read {
		d = p.parseJSON(name, src)
		p.json[name] = d
	}
	return d
}

func (p *Program) parseJSON(name string, src []byte) *Def {
	if !p.payText(len(src)) {
		return nil
	}
	r := &jsonReader{name: name, src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	r.dec.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil
	}
	return Known(v)
}

type jsonReader struct {
	name string
	src  []byte
	dec  *json.Decoder
}

func (r *jsonReader) value(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("read %s: nested deeper than %d", r.name, maxDepth)
	}
	before := r.dec.InputOffset()
	tok, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.name, err)
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			return r.object(depth)
		}
		return r.array(depth)
	case string:
		// Between two tokens stand only blanks and punctuation, so the next quote opens this one.
		start := int(before) + bytes.IndexByte(r.src[before:], '"')
		span := nixexpr.Span{From: int32(start), To: int32(r.dec.InputOffset())}
		return &Text{Pieces: []Piece{{Text: tok, At: Literal{File: r.name, Span: span, Raw: string(r.src[start+1 : r.dec.InputOffset()-1])}}}}, nil
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
