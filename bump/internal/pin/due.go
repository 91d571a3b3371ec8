package pin

import (
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Policy says which pins move besides those that are behind a release.
type Policy struct {
	All      bool   // those that are at the release, too
	Exactly  bool   // those that are beyond the release, too
	Branches bool   // those that follow a branch: only a bump shows whether it moved
	Held     []*Pin // these stay as they are
}

// A Plan is what a bump is to do.
type Plan struct {
	Pins        []*Pin // that are to move
	HalfWritten []*Pin // those of them that look current, but may be half written
	Unknown     []*Pin // that follow a branch, and were not asked for
}

// Oldest returns the lowest version that is pinned, "" when none is known.
func (f *Found) Oldest() version.Version { return Oldest(f.Pins) }

// Oldest returns the lowest version of pins, "" when none is known.
func Oldest(pins []*Pin) version.Version {
	var oldest version.Version
	for _, p := range pins {
		if p.Version != "" && (oldest == "" || version.Compare(p.Version, oldest) < 0) {
			oldest = p.Version
		}
	}
	return oldest
}

// Plan returns the pins that are not at a release yet, or that lack a hash. A pin beyond it is current.
func (f *Found) Plan(to version.Version, policy Policy) Plan {
	var plan Plan
	for _, p := range f.Pins {
		order := -1
		if p.Version != "" {
			order = version.Compare(p.Version, to)
		}
		switch {
		case slices.Contains(policy.Held, p):
		case p.Follows() && !policy.Branches && !p.missing():
			plan.Unknown = append(plan.Unknown, p)
		case policy.All && order <= 0, p.missing(), f.Inconsistent(p), order < 0, order > 0 && policy.Exactly:
			plan.Pins = append(plan.Pins, p)
		}
	}
	plan.HalfWritten = slices.DeleteFunc(f.halfWritten(plan.Pins),
		func(p *Pin) bool { return slices.Contains(policy.Held, p) })
	plan.Pins = append(plan.Pins, plan.HalfWritten...)
	return plan
}

// Repairs reports whether a pin of the plan is wrong as it stands, whatever releases there are.
func (f *Found) Repairs(plan Plan) bool {
	return slices.ContainsFunc(plan.Pins, func(p *Pin) bool { return p.missing() || f.Inconsistent(p) })
}

// Slots returns the slots that a bump of a pin may rewrite.
func (p *Pin) Slots() []SlotID {
	ids := slices.Concat(p.Versions, p.Revisions)
	if id, ok := p.Commit(); ok {
		ids = append(ids, id)
	}
	if in := p.Input(); in != nil && in.Slot != NoSlot {
		ids = append(ids, in.Slot)
	}
	for _, h := range p.AllFetches() {
		ids = append(ids, h.Slot)
	}
	for _, c := range p.Companions {
		if c.Skip == "" {
			ids = append(ids, c.Refs...)
		}
	}
	return ids
}

// Files returns the names of the files that slots stand in, each once.
func (f *Found) Files(ids ...SlotID) []string {
	var names []string
	for _, id := range ids {
		names = append(names, f.Slot(id).File)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// VersionFiles returns the names of the files in which versions of pins stand, each once.
func (f *Found) VersionFiles(pins []*Pin) []string {
	var ids []SlotID
	for _, p := range pins {
		ids = append(ids, p.Versions...)
		if in := p.Input(); in != nil && in.Slot != NoSlot {
			ids = append(ids, in.Slot)
		}
	}
	return f.Files(ids...)
}

// PinFiles returns the names of the files that pins stand in, each once.
func PinFiles(pins []*Pin) []string {
	var files []string
	for _, p := range pins {
		files = append(files, p.File)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// halfWritten returns the pins that are spread over several files and share one with a pin that is due. They look
// current, but when pins hold each other's files a machine's crash between two renames may have left them with the
// new version and an old hash.
func (f *Found) halfWritten(due []*Pin) []*Pin {
	touched := map[string]bool{}
	touch := func(files []string) {
		for _, file := range files {
			touched[file] = true
		}
	}
	for _, p := range due {
		touch(f.Files(p.Slots()...))
	}
	var halfWritten []*Pin
	for grown := true; grown; {
		grown = false
		for _, p := range f.Pins {
			files := f.Files(p.Slots()...)
			if len(files) < 2 || slices.Contains(due, p) || slices.Contains(halfWritten, p) ||
				!slices.ContainsFunc(files, func(file string) bool { return touched[file] }) {
				continue
			}
			touch(files)
			halfWritten, grown = append(halfWritten, p), true
		}
	}
	return halfWritten
}
