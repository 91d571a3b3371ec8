package eval

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// JSON returns a JSON file as one that a program reads.
func JSON(name string, src []byte) DataFile { return &jsonFile{nixexpr.JSONFile{Name: name, Src: src}} }

type jsonFile struct{ nixexpr.JSONFile }

func (j *jsonFile) Source() []byte { return j.Src }

func (j *jsonFile) Content(span nixexpr.Span) (start, end int) {
	return span.Start() + 1, span.End() - 1
}

func (j *jsonFile) Value(*Program) (Value, error) {
	r := &jsonReader{file: j, dec: json.NewDecoder(bytes.NewReader(j.Src))}
	r.dec.UseNumber()
	return r.value(0)
}

type jsonReader struct {
	file *jsonFile
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
		return &Text{Pieces: []Piece{{Text: tok, At: Literal{File: r.file.Name, Data: r.file, Span: span}}}}, nil
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
