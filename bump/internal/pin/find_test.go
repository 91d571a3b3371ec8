package pin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

// flake is one flake of testdata/shapes or testdata/edges; see the README there. What only Nix knows, the
// hashes say, is made up here.
type flake struct {
	name   string
	header map[string][]string
	files  *Files
	marks  []mark
}

// mark is an edit that the flake says a bump makes.
type mark struct {
	file       string
	start, end int // of what stands there
	old, new   string
}

var (
	placeholder = regexp.MustCompile(`@([a-z0-9-]+)(:[^@\n ]*)?@`)
	markedEdit  = regexp.MustCompile(`(?s)⟦([^→⟧]*)→([^⟧]*)⟧`)
)

// invent replaces the placeholders in text by values of their form.
func invent(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		sum, part := sha256.Sum256([]byte(m)), placeholder.FindStringSubmatch(m)
		switch kind, form := part[1], part[2]; {
		case kind == "system":
			return System()
		case strings.HasPrefix(kind, "nix"), kind == "home-manager":
			return "/" + kind
		case kind == "mirror":
			return "/mirrors/ollama.git"
		case strings.HasSuffix(kind, "commit"), kind == "revision":
			return hex.EncodeToString(sum[:20])
		case kind == "llama-tag":
			return "b1234"
		case strings.HasSuffix(form, ":base64"):
			return base64.StdEncoding.EncodeToString(sum[:])
		case strings.HasSuffix(form, ":base32"), strings.HasSuffix(form, ":hex"):
			return hex.EncodeToString(sum[:])
		}
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	})
}

// flakes reads all of them.
func flakes(t *testing.T) []*flake {
	t.Helper()
	var list []*flake
	for _, dir := range []string{"shapes", "edges"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", dir, "*.txtar"))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, path := range paths {
			list = append(list, readFlake(t, path))
		}
	}
	return list
}

func readFlake(t *testing.T, path string) *flake {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	f := &flake{
		name: strings.TrimSuffix(filepath.Base(path), ".txtar"), header: map[string][]string{},
		files: &Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{}, Data: map[string][]byte{}},
	}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		f.header[key] = append(f.header[key], invent(value))
	}
	if sub := f.header["sub"]; sub != nil {
		f.files.Flake = sub[0] + "/flake.nix"
	}
	for _, file := range archive.Files {
		f.add(file.Name, string(file.Data))
	}
	return f
}

// add takes in a file, and the edits that are marked in it.
func (f *flake) add(name, text string) {
	var before strings.Builder
	last := 0
	for _, m := range markedEdit.FindAllStringSubmatchIndex(text, -1) {
		before.WriteString(invent(text[last:m[0]]))
		old := invent(text[m[2]:m[3]])
		f.marks = append(f.marks, mark{name, before.Len(), before.Len() + len(old), old, invent(text[m[4]:m[5]])})
		before.WriteString(old)
		last = m[1]
	}
	before.WriteString(invent(text[last:]))
	switch filepath.Ext(name) {
	case ".json", ".toml":
		f.files.Data[name] = []byte(before.String())
	case ".nix":
		if file, err := nixexpr.Parse(name, []byte(before.String())); err == nil {
			f.files.Nix[name] = file
		}
	}
}

// covers reports whether a slot is what a mark marks: all of it or a part, for a whole literal may be marked where
// a part of it is rewritten.
func (m mark) covers(s *Slot) bool {
	return s.File == m.file && (s.Start >= m.start && s.End <= m.end || s.Start <= m.start && s.End >= m.end)
}

// TestFind finds the pins of every flake without Nix: every edit that a flake marks is a slot of a pin, at the
// place that people are shown, and what a flake says of a refusal is what Find says.
func TestFind(t *testing.T) {
	edits, refusals, added := 0, 0, 0
	for _, f := range flakes(t) {
		found, err := Find(t.Context(), f.files, &Ollama)
		if err != nil {
			require.NotEmpty(t, f.header["error"], "%s: %v", f.name, err)
			assert.Contains(t, err.Error(), f.header["error"][0], f.name)
			assert.Empty(t, f.marks, f.name)
			refusals++
			continue
		}
		slots := map[SlotID]bool{}
		for _, p := range found.Pins {
			for _, id := range p.Slots() {
				slots[id] = true
			}
			for _, h := range p.Fetches {
				slots[h.Ending] = true
			}
			for _, c := range p.Addable {
				for _, id := range append([]SlotID{c.Hash.Slot}, c.Refs...) {
					slots[id] = true
				}
				added++
			}
		}
		delete(slots, NoSlot)
		for _, m := range f.marks {
			hit := false
			for id := range slots {
				hit = hit || m.covers(found.Slot(id))
			}
			assert.True(t, hit || strings.HasSuffix(m.file, "flake.lock"), "%s: nothing rewrites %s: %q -> %q", f.name,
				m.file, m.old, m.new)
			edits++
			if m.start == m.end && hit {
				inserted(t, f, found, slots, m)
			}
		}
		rewrite(t, f, found, slots)
		attack(t, f, found, slots)
	}
	assert.Greater(t, edits, 400)
	assert.Greater(t, refusals, 20)
	assert.Greater(t, added, 50)
}

// rewrite gives every slot another value at once: what stands there is what the slot says, no two overlap, and
// the files can still be read.
func rewrite(t *testing.T, f *flake, found *Found, slots map[SlotID]bool) {
	t.Helper()
	values, grown := map[SlotID]string{}, map[string]int{}
	for id := range slots {
		s := found.Slot(id)
		src := f.files.Data[s.File]
		if file := f.files.Nix[s.File]; file != nil {
			src = file.Src
		}
		if _, isText := s.form.(text); isText {
			assert.Equal(t, s.Old, string(src[s.Start:s.End]), "%s: %s", f.name, s.Field)
		}
		assert.LessOrEqual(t, s.Pos.Line, f.files.pos(s.File, s.Start).Line, f.name)
		edit, err := s.edit("other")
		assert.NoError(t, err, f.name)
		assert.Equal(t, []int{s.Start, s.End}, []int{edit.Start, edit.End}, f.name)
		values[id] = "other"
		grown[s.File] += len(edit.New) - (s.End - s.Start)
	}
	contents, err := f.files.Apply(found, values)
	require.NoError(t, err, f.name)
	assert.Len(t, contents, len(grown), f.name)
	for name, by := range grown {
		assert.Len(t, contents[name], len(f.files.Source(name))+by, "%s: %s", f.name, name)
		ids := found.Changed(name, values)
		assert.NotEmpty(t, ids, f.name)
		start := func(a, b SlotID) int { return found.Slot(a).Start - found.Slot(b).Start }
		assert.True(t, slices.IsSortedFunc(ids, start))
		values[ids[0]] = found.Slot(ids[0]).Old
		assert.NotContains(t, found.Changed(name, values), ids[0], "what stays as it is does not change")
	}
}

var (
	insertedHash = regexp.MustCompile(`sha256-[A-Za-z0-9+/]{43}=`)
	insertedTag  = regexp.MustCompile(`"b[0-9]+"`)
)

// inserted requires that what the slots at a mark insert, all of them or some, is what the flake says, but for the
// values.
func inserted(t *testing.T, f *flake, found *Found, slots map[SlotID]bool, m mark) {
	t.Helper()
	values := func(text string) string {
		return insertedTag.ReplaceAllString(insertedHash.ReplaceAllString(text, "HASH"), `"b0"`)
	}
	texts := []string{""} // of the slots so far, with each of them and without
	for id := range found.Slots {
		s := found.Slot(SlotID(id))
		if !slots[SlotID(id)] || s.File != m.file || s.Start != m.start || s.End != m.start {
			continue
		}
		value := "b0"
		if strings.HasSuffix(string(s.Field), "hash") {
			value = "HASH"
		}
		edit, err := s.edit(value)
		require.NoError(t, err, f.name)
		for _, before := range slices.Clone(texts) {
			texts = append(texts, before+edit.New)
		}
	}
	assert.Contains(t, texts, values(m.new), "%s: %s is not what is inserted into %s", f.name, m.new, m.file)
}

// attack writes a value into each slot that would end a literal and begin more code, if it were not escaped.
func attack(t *testing.T, f *flake, found *Found, slots map[SlotID]bool) {
	t.Helper()
	const value = `1"; name = "source"; x = ''${builtins.abort "1"}''\`
	for id := range slots {
		s := found.Slot(id)
		file := f.files.Nix[s.File]
		edit, err := s.edit(value)
		if _, given := s.form.(constant); given || err != nil || file == nil {
			continue // a URI can hold no quote; JSON has no code
		}
		out, err := f.files.Edit(s.File, []nixexpr.Edit{edit})
		if err != nil {
			continue // refused in time
		}
		edited, err := nixexpr.Parse(s.File, out)
		require.NoError(t, err)
		want := constructs(file)
		if _, added := s.form.(binding); added {
			want["*nixexpr.Binding"]++
		}
		assert.Equal(t, want, constructs(edited), "%s: %s became %s", f.name, s.Field, edit.New)
	}
}

// constructs counts what a file is made of, whatever the texts in it.
func constructs(f *nixexpr.File) map[string]int {
	count := map[string]int{}
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		switch n := n.(type) {
		case *nixexpr.Binding, *nixexpr.Apply:
			count[fmt.Sprintf("%T", n)]++
		case *nixexpr.StrPart:
			if n.Expr != nil {
				count["interpolation"]++
			}
		}
		return true
	})
	return count
}

func TestApplyRefuses(t *testing.T) {
	file, err := nixexpr.Parse("flake.nix", []byte(`{ a = "1"; b = x:y; }`))
	require.NoError(t, err)
	files := &Files{
		Nix: map[string]*nixexpr.File{"flake.nix": file}, Data: map[string][]byte{"pin.json": []byte(`{"v": "1"}`)},
	}
	set := file.Root.(*nixexpr.AttrSet)
	found := &Found{Slots: []Slot{
		{File: "flake.nix", form: quoted{file, set.Bindings[0].Value}},
		{File: "flake.nix", form: binding{file, &set.Bindings[0], "b"}},
		{File: "flake.nix", form: lines{file, &set.Bindings[0], []string{"c = %s;"}}},
		{File: "pin.lock"},
	}}
	for _, tt := range []struct {
		slot        SlotID
		value, want string
	}{
		{0, "\x00", `flake.nix:1:7: edit: a string cannot hold a NUL byte: "\x00"`},
		{1, "2", "flake.nix:1:11: edit: the edited file is not Nix any more: " +
			"flake.nix:1:21: attribute 'b' is defined already at flake.nix:1:12"},
		{2, "1; d = 2", `edit flake.nix: "1; d = 2" is neither a tag nor a hash`},
	} {
		_, err := files.Apply(found, map[SlotID]string{tt.slot: tt.value})
		require.EqualError(t, err, tt.want)
	}
	_, err = files.Edit("pin.lock", nil)
	require.EqualError(t, err, "edit pin.lock: not read")
	contents, err := files.Apply(found, map[SlotID]string{0: "2"}, "pin.json")
	require.NoError(t, err)
	require.Len(t, contents, 2)
	require.Equal(t, `{ a = "2"; b = x:y; }`, string(contents["flake.nix"]))
	require.Equal(t, files.Data["pin.json"], contents["pin.json"])
	require.Nil(t, files.Source("pin.lock"))
}
