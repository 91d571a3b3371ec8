package resolve

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// state is what is known while the hashes are looked for. It is a value: step leaves the one that it is given as it is,
// and returns another.
type state struct {
	Job
	groups
	commit string // of the release's tag, where a pin names one
	lock   []byte // nil for the flake's own
	progress
	seen
	phase phase   // what the next answer is taken for
	said  []event // of the last step
}

// groups are the moves by what becomes of them.
type groups struct {
	pins []*Move // that this system shows
	// elsewhere are the pins that only another system has and that need no build: they are seen in
	// an evaluation for that system.
	elsewhere []*Move
	unshown   []*Move // no output shows them
	along     []*Move // nor them, but their version moves
}

// progress is how far the search is.
type progress struct {
	rounds    int
	placed    bool     // it is known which outputs show which pin
	consumers []string // outputs that are made with a package which is no output itself
	refused   []string // those among them that the flake's own settings forbid
	beside    bool     // outputs show other pins: that nothing shows these is no error
	depth     probe.Depth
	noWhole   bool // a package does not evaluate as a whole, without the bump either
}

// seen is what answers showed besides the hashes.
type seen struct {
	skip       []string // outputs that are not asked for again
	broken     []probe.Broken
	unseen     []probe.Broken            // outputs that may be made with the package, but do not evaluate
	once       map[string][]probe.Output // configurations that the first question looked at, and what they showed
	warned     []string                  // services of which a warning was given
	sources    map[string]*source        // of the release, by their folders in the store
	nixVersion string
}

// event is one that the driver passes on.
type event struct {
	kind diag.EventKind
	text string
}

// newState begins with the moves of a plan.
func newState(job Job, fake func() nixhash.Hash) state {
	return state{Job: job, groups: groups{pins: newMoves(job.Found, job.Plan, fake)}}
}

func (s *state) say(kind diag.EventKind, format string, args ...any) {
	s.said = append(s.said, event{kind, fmt.Sprintf(format, args...)})
}

// clone copies what step changes. Hashes that several pins share are shared in the copy.
func (s state) clone() state {
	copies := map[*hash]*hash{}
	ofHash := func(h *hash) *hash {
		if h != nil && copies[h] == nil {
			c := *h
			copies[h] = &c
		}
		return copies[h]
	}
	ofCompanion := func(c *companion) *companion {
		n := *c
		n.hash = ofHash(c.hash)
		return &n
	}
	for _, group := range []*[]*Move{&s.pins, &s.elsewhere, &s.unshown, &s.along} {
		*group = each(*group, func(p *Move) *Move {
			n := *p
			n.Outputs, n.notes = slices.Clone(p.Outputs), slices.Clip(p.notes)
			n.hashes = each(p.hashes, ofHash)
			n.companions, n.addable = each(p.companions, ofCompanion), each(p.addable, ofCompanion)
			return &n
		})
	}
	// What is appended to the copy must not be written behind the lists of the original.
	s.consumers, s.skip, s.warned = slices.Clip(s.consumers), slices.Clip(s.skip), slices.Clip(s.warned)
	s.unshown, s.broken = slices.Clip(s.unshown), slices.Clip(s.broken)
	s.refused, s.unseen = slices.Clip(s.refused), slices.Clip(s.unseen)
	s.said = nil
	return s
}

// each applies copy to the elements of a list.
func each[T any](list []T, copy func(T) T) []T {
	list = slices.Clone(list)
	for i := range list {
		list[i] = copy(list[i])
	}
	return list
}

// note remembers what an answer says of the outputs that must not be asked for again, and of Nix.
func (s *state) note(a probe.Answer) {
	s.broken = append(s.broken, a.Broken...)
	for _, b := range a.Broken {
		s.skip = append(s.skip, b.Where)
	}
	if a.NixVersion != "" {
		s.nixVersion = a.NixVersion
	}
}

// candidate is what the copy of the flake is to hold now: a value for every slot of the moves.
func (s *state) candidate() (probe.State, error) {
	v := map[pin.SlotID]string{}
	for _, p := range slices.Concat(s.pins, s.elsewhere, s.along) {
		if err := s.valuesOf(p, v); err != nil {
			return probe.State{}, err
		}
	}
	return probe.State{Values: v, Lock: s.lock}, nil
}

func (s *state) valuesOf(p *Move, v map[pin.SlotID]string) error {
	var errs []error
	set := func(id pin.SlotID, value string, field pin.Field) { errs = append(errs, s.set(v, id, value, field)) }
	for _, id := range p.Versions {
		set(id, string(s.Release.Version), s.Found.Slot(id).Field)
	}
	if id, ok := p.Commit(); ok {
		set(id, s.commit, "commit")
	}
	for _, id := range p.revisions {
		set(id, s.commit, "commit")
	}
	if in := p.Input(); in != nil && in.Slot != pin.NoSlot {
		set(in.Slot, string(s.Release.Version), "input")
	}
	for _, h := range p.hashes {
		// A hash that the file does not have is tried out only once the inherited one is known.
		if h.Inherited() && (!s.placed || h.state == notNeeded) {
			continue
		}
		set(h.Slot, h.text(), h.field())
		if h.ending != "" {
			set(h.Ending, h.ending, "asset name")
		}
	}
	for _, c := range p.companions {
		if c.skip != "" {
			continue
		}
		for _, id := range c.Refs {
			if c.tag != "" {
				set(id, c.Ref(s.Found.Slot(id).Old, c.tag, c.sha), pin.Field(c.Name()+" tag"))
			}
		}
		if c.hash != nil {
			set(c.hash.Slot, c.hash.text(), pin.Field(c.Name()+" hash"))
		}
	}
	return errors.Join(errs...)
}

// set gives a slot a value. Two values for one place are an error.
func (s *state) set(v map[pin.SlotID]string, id pin.SlotID, value string, field pin.Field) error {
	if known, ok := v[id]; ok && known != value {
		slot := s.Found.Slot(id)
		return diag.At(slot.Pos,
			fmt.Sprintf("find pin: the %s and the %s are one and the same value here, but will differ", slot.Field,
				field),
			"write each where it is used, lib.fakeHash for a hash that is not known")
	}
	v[id] = value
	return nil
}
