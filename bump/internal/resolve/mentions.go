package resolve

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Mention says where an old version is mentioned beside what is rewritten.
type Mention struct {
	Version version.Version
	Lines   []string // FILE:LINE
}

// Mentions returns the old versions that literals of the named files mention, where the solution leaves them.
func (s *Solution) Mentions(ctx context.Context, files *pin.Files, found *pin.Found, names []string) []Mention {
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
			for _, line := range files.Mentions(ctx, name, p.Version, moved) {
				m.Lines = append(m.Lines, fmt.Sprintf("%s:%d", name, line))
			}
		}
		if len(m.Lines) > 0 {
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
