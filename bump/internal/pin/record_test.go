package pin

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

var update = flag.Bool("update", false, "record anew what is found in the flakes")

// recordedOn is the system of the record: what a flake says of other systems depends on which one this machine is.
const recordedOn = "x86_64-linux"

// TestFoundIsAsRecorded compares everything that is found in every flake with testdata/found.txtar. A change of it is
// to be looked at; then "go test ./bump/internal/pin -run TestFoundIsAsRecorded -update" records it.
func TestFoundIsAsRecorded(t *testing.T) {
	record := filepath.Join("testdata", "found.txtar")
	var now txtar.Archive
	for _, f := range flakes(t) {
		now.Files = append(now.Files, txtar.File{Name: f.name, Data: []byte(recorded(t, f))})
	}
	if *update && System() == recordedOn {
		now.Comment = []byte("What is found in the flakes of testdata, on " + recordedOn + "; see record_test.go.\n")
		require.NoError(t, os.WriteFile(record, txtar.Format(&now), 0o644))
	}
	archive, err := txtar.ParseFile(record)
	require.NoError(t, err)
	then := map[string]string{}
	for _, file := range archive.Files {
		then[file.Name] = string(file.Data)
	}
	require.Len(t, then, len(now.Files), "record the flakes that are new or gone with -update")
	for i, f := range flakes(t) {
		t.Run(f.name, func(t *testing.T) {
			if System() == recordedOn || !f.tellsSystemsApart() {
				require.Equal(t, then[f.name], string(now.Files[i].Data), "if this is right, record it with -update")
			}
		})
	}
}

// tellsSystemsApart reports whether other systems than this machine's may have other pins.
func (f *flake) tellsSystemsApart() bool {
	return len(targets(slices.Collect(maps.Values(f.files.Nix)))) > 1
}

// recorded is all that is found in a flake, as text.
func recorded(t *testing.T, f *flake) string {
	t.Helper()
	b := recorder{t: t}
	found, err := Find(t.Context(), f.files, &Ollama)
	if err != nil {
		b.failure("error", err)
		return b.String()
	}
	b.found = found
	for _, p := range found.Pins {
		b.pin(p)
	}
	for _, err := range found.Refused {
		b.failure("refused", err)
	}
	for _, w := range found.Warnings {
		b.line("warning %s", w)
	}
	if bound := found.Bound(); len(bound) < len(found.Pins) {
		for _, group := range bound {
			b.line("bound %s", places(group))
		}
	}
	plan := found.Plan("0.32.15", Policy{})
	b.line("0.32.15 moves%s, half written%s, unknown%s, repairs %t", places(plan.Pins), places(plan.HalfWritten),
		places(plan.Unknown), found.Repairs(plan))
	for _, name := range found.Files(allSlots(found)...) {
		for _, line := range f.files.Mentions(t.Context(), name, found.Oldest(), found.Slots) {
			b.line("mention %s:%d", name, line)
		}
	}
	return strings.ReplaceAll(b.String(), System(), "SYSTEM")
}

func allSlots(found *Found) (ids []SlotID) {
	for id := range found.Slots {
		ids = append(ids, SlotID(id))
	}
	return ids
}

func places(pins []*Pin) string {
	var b strings.Builder
	for _, p := range pins {
		b.WriteString(" " + p.Pos.String())
	}
	return b.String()
}

// A recorder writes one line for each fact.
type recorder struct {
	strings.Builder
	t     *testing.T
	found *Found
}

func (b *recorder) line(format string, args ...any) {
	b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// failure records an error with its hint.
func (b *recorder) failure(kind string, err error) {
	b.line("%s %v", kind, err)
	var e *diag.Error
	if errors.As(err, &e) && e.Hint != "" {
		b.line("\thint: %s", e.Hint)
	}
}

func (b *recorder) pin(p *Pin) {
	words := []string{"pin", p.Pos.String(), strings.Join(p.Names, " "), string(p.Version)}
	if p.Label != "" {
		words = append(words, "label "+p.Label)
	}
	if p.Attr != VersionNotSet {
		words = append(words, "shows "+p.Shown("1.2.3"))
	}
	if p.Overrides {
		words = append(words, "overrides")
	}
	if p.Systems != nil {
		words = append(words, "only on "+strings.Join(p.Systems, " "))
	}
	b.line("%s", strings.Join(words, ", "))
	b.origin(p)
	for _, id := range p.Versions {
		b.slot("version", id)
	}
	for _, id := range p.Revisions {
		b.slot("revision", id)
	}
	for _, h := range p.Fetches {
		b.fetch("", h)
	}
	for _, c := range p.Companions {
		b.companion("companion", c)
	}
	for _, c := range p.Addable {
		b.companion("addable", c)
	}
	for _, call := range p.Helpers {
		b.line("\tcalls %s", call)
	}
	for _, note := range p.Notes {
		b.line("\tnote %s", note)
	}
	for _, c := range b.found.Calls(p) {
		b.line("\tmade at %s", c.File.Position(c.Node.Start()))
	}
	for _, fact := range []struct {
		what string
		is   bool
	}{
		{"misses a hash", p.missing()}, {"is inconsistent", b.found.Inconsistent(p)}, {"follows a branch", p.Follows()},
	} {
		if fact.is {
			b.line("\t%s", fact.what)
		}
	}
}

func (b *recorder) origin(p *Pin) {
	switch o := p.Origin.(type) {
	case Commit:
		b.slot("commit", o.Slot)
	case *Input:
		b.line("\tinput %s %s, provides %t", o.Name, o.URL, o.Provides)
		b.slot("input", o.Slot)
	case Asset:
		b.line("\tbuilt beforehand")
	}
}

func (b *recorder) slot(what string, id SlotID) {
	if id == NoSlot {
		return
	}
	s := b.found.Slot(id)
	old := ""
	if s.Start == s.End {
		edit, err := s.edit("NEW")
		require.NoError(b.t, err)
		old = fmt.Sprintf(" becomes %q", edit.New)
	} else if !strings.HasSuffix(string(s.Field), "hash") {
		old = fmt.Sprintf(" %q", s.Old)
	}
	form := strings.TrimPrefix(fmt.Sprintf("%T", s.form), "pin.")
	b.line("\t%s: %s %s, %s %d to %d%s", what, s.Field, s.Pos, form, s.Start, s.End, old)
}

func (b *recorder) fetch(what string, h *Fetch) {
	what += []string{Source: "source", Vendor: "modules", CompanionSrc: "source", ReleaseAsset: "asset"}[h.Role]
	if h.Flat {
		what += ", flat"
	}
	if h.Elsewhere {
		what += ", elsewhere"
	}
	switch h.Had.(type) {
	case Blank:
		what += ", blank"
	case Inherited:
		what += ", inherited"
	}
	b.slot(what, h.Slot)
	if h.URL != "" {
		b.line("\t\turl %s", h.URL)
	}
	b.slot("\tending", h.Ending)
}

func (b *recorder) companion(what string, c *Companion) {
	if c.Commit {
		what += ", by commit"
	}
	if c.Derived {
		what += ", derived"
	}
	if c.Skip != "" {
		what += ", not moved: " + c.Skip
	}
	b.line("\t%s: %s at %s, %q", what, c.Name(), c.Pos, c.Old)
	for _, id := range c.Refs {
		b.slot("\tref", id)
	}
	if c.Hash != nil {
		b.fetch("\t", c.Hash)
	}
}
