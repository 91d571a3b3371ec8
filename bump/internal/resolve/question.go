package resolve

import (
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// question is the next one of the loop.
func (s *state) question() (probe.Question, error) {
	q, err := s.ofPins(pin.System())
	if err != nil {
		return q, err
	}
	downloads := map[string]bool{} // of this round: two builds at a time would fetch the same file twice
	for i, p := range s.pins {
		if p.builds() && !p.waitsForSame(downloads) {
			q.Build.Fixed = append(q.Build.Fixed, i)
		}
	}
	s.narrow(&q)
	return q, nil
}

// narrow says which outputs the next question is about. A configuration may take seconds to evaluate: the first
// question ends when it has seen every pin, the next ones are about where each was seen first, and the last one, which
// proves the hashes, is about all.
func (s *state) narrow(q *probe.Question) {
	q.Whole, q.All = s.wholes(), s.complete()
	if !s.placed {
		return
	}
	for _, p := range s.pins {
		if !q.All {
			q.Only = pin.Union(q.Only, []string{p.Outputs[0].Where})
		}
	}
	if q.All {
		q.Skip = append(q.Skip, s.seenEnough()...)
	}
}

// seenEnough are the configurations that the last question need not evaluate once more. In the first question every
// fake that now is a hash was in its place: what showed one of them is made of it, and what showed none is not. Of a
// pin that got a hash only later, that says nothing. Where a pin was seen first, it is proved.
func (s *state) seenEnough() []string {
	var list []string
	for _, where := range slices.Sorted(maps.Keys(s.once)) {
		again := slices.ContainsFunc(s.pins, func(p *Move) bool {
			at := slices.IndexFunc(p.Outputs, func(o probe.Output) bool { return isBelow(o, where) })
			return at == 0 || at > 0 && p.grows()
		})
		if !again {
			list = append(list, where)
		}
	}
	return list
}

// complete reports whether every hash is known.
func (s *state) complete() bool {
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.missing() {
				return false
			}
		}
	}
	return true
}

// ofPins is a question for the pins' outputs on a system.
func (s *state) ofPins(system string) (probe.Question, error) {
	values, err := s.candidate()
	q := probe.Question{State: values, System: system, Depth: s.depth}
	for i, p := range s.pins {
		if p.Consumed {
			continue // no package shows it
		}
		pp := probe.Pin{
			ID: i, Names: append([]string{}, p.Names...), Marks: []string{}, Version: p.Shown(s.Release.Version),
		}
		if s.placed && len(p.Outputs) > 0 {
			pp.First = p.Outputs[0].Where
		}
		for _, h := range p.allHashes() {
			// The goModules of an inherited hash may be in the store already, and would then need no source.
			pp.Vendor = pp.Vendor || h.Role == pin.Vendor && !p.waits() && (!h.Inherited() || s.placed)
			ofSource := h.Role == pin.Source || h.Role == pin.ReleaseAsset
			if src := p.hash(pin.Source); s.placed && s.complete() && !ofSource && src != nil && src.state != fetched {
				continue // another release may have the same modules
			}
			if h.state != fetched && !s.shared(h) && (!h.Inherited() || h.found != nil || s.placed) {
				pp.Marks = append(pp.Marks, h.text())
			}
		}
		q.Pins = append(q.Pins, pp)
		q.Names = pin.Union(q.Names, p.Names)
	}
	q.Names = pin.Union(q.Names, s.Found.Package.Variants)
	q.Skip = slices.Clone(s.skip)
	return q, err
}

// shared reports whether several pins have a hash: it does not tell them apart.
func (s *state) shared(h *hash) bool {
	count := 0
	for _, p := range s.pins {
		if slices.Contains(p.allHashes(), h) {
			count++
		}
	}
	return count > 1
}

// missing names the hashes that are not known yet, for the progress.
func (s *state) missing() string {
	var names []string
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.missing() {
				names = pin.Union(names, []string{string(h.slot.Field)})
			}
		}
	}
	if len(names) == 0 {
		return "evaluate and build everything with the hashes found"
	}
	return "evaluate and build, to find " + strings.Join(names, ", ")
}

// wholes are the outputs whose packages are evaluated as a whole in the last question: one of each pin.
func (s *state) wholes() []string {
	if !s.placed || s.noWhole {
		return nil
	}
	var list []string
	for _, p := range s.pins {
		if slices.ContainsFunc(p.allHashes(), (*hash).missing) {
			return nil
		}
		if len(p.Outputs) > 0 {
			list = pin.Union(list, []string{p.Outputs[0].Where})
		}
	}
	return list
}
