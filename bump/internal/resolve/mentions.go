package resolve

import (
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Mention says where an old version is mentioned beside what is rewritten.
type Mention struct {
	Version version.Version
	Places  []diag.Pos
}

// Mentions returns the old versions that literals of the named files mention, where the solution leaves them.
func (s *Solution) Mentions(files *pin.Files, found *pin.Found, names []string) []Mention {
	moved := s.moved(found)
	seen := map[version.Version]bool{}
	var all []Mention
	for _, p := range s.Moves {
		if p.Version == s.Version || seen[p.Version] {
			continue
		}
		seen[p.Version] = true
		m := Mention{Version: p.Version}
		for _, name := range names {
			m.Places = append(m.Places, files.Mentions(name, p.Version, moved)...)
		}
		if len(m.Places) > 0 {
			all = append(all, m)
		}
	}
	return all
}

// moved returns the slots that are rewritten, and those of pins that are reported by themselves.
func (s *Solution) moved(found *pin.Found) []pin.Slot {
	var slots []pin.Slot
	for _, p := range slices.Concat(s.Moves, s.Along) {
		for _, id := range p.Slots() {
			slots = append(slots, *found.Slot(id))
		}
	}
	for _, p := range s.Unshown {
		for _, id := range p.Versions {
			slots = append(slots, *found.Slot(id))
		}
	}
	return slots
}
