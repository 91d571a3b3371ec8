package unpin

import (
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// Present evaluates the flake as it stands and returns the pins that its outputs show. Pins with the same hashes,
// copies of a file say, are told apart by hashes of no meaning.
func (f *Flake) Present(ctx context.Context) ([]probe.Shown, error) {
	shown, a, err := f.look(ctx, written(f.Found), probe.State{})
	if err != nil {
		return nil, err
	}
	if fail := probe.Failed(a.Failure); fail != nil && len(shown) == 0 && !a.NoneShown {
		return nil, f.Asker.Explain(ctx, a.Failure)
	}
	if !alike(shown) {
		return shown, nil
	}
	fakes := map[pin.SlotID]string{}
	for _, p := range f.Found.Pins {
		for _, fetch := range p.AllFetches() {
			if _, ok := fetch.Old(); ok && fakes[fetch.Slot] == "" {
				fakes[fetch.Slot] = nixhash.Fake().SRI()
			}
		}
	}
	apart, a, err := f.look(ctx, func(fetch *pin.Fetch) []string {
		if fakes[fetch.Slot] == "" {
			return nil
		}
		return []string{fakes[fetch.Slot]}
	}, probe.State{Values: fakes})
	if err != nil || a.Failure != nil && !a.NoneShown {
		return shown, err // what is fetched while Nix evaluates needs its hash
	}
	return apart, nil
}

// look evaluates the flake in a state and returns the pins that are seen by their marks.
func (f *Flake) look(
	ctx context.Context, marks func(*pin.Fetch) []string, state probe.State,
) ([]probe.Shown, probe.Answer, error) {
	q := question(f.Found, marks)
	q.State = state
	a, err := f.Asker.Ask(ctx, q)
	var shown []probe.Shown
	for i, p := range f.Found.Pins {
		if outputs := a.Shown(i); len(outputs) > 0 {
			shown = append(shown, probe.Shown{Pin: p, Outputs: outputs})
		}
	}
	return shown, a, err
}

// Question asks which outputs show the pins as they stand in the flake.
func Question(found *pin.Found) probe.Question { return question(found, written(found)) }

// question asks which outputs show the pins, which are known by their marks.
func question(found *pin.Found, marks func(*pin.Fetch) []string) probe.Question {
	q := probe.Question{System: pin.System(), Names: slices.Clone(found.Package.Variants)}
	for i, p := range found.Pins {
		pp := probe.Pin{ID: i, Names: append([]string{}, p.Names...), Version: p.Shown(p.Version), Marks: []string{}}
		for _, f := range p.AllFetches() {
			pp.Marks = append(pp.Marks, marks(f)...)
		}
		q.Pins = append(q.Pins, pp)
		q.Names = append(q.Names, p.Names...)
	}
	return q
}

// written returns the hash of a fetch as a pin is known by it: as it stands in the flake.
func written(found *pin.Found) func(*pin.Fetch) []string {
	return func(f *pin.Fetch) []string {
		old, ok := f.Old()
		if !ok {
			return nil
		}
		return []string{old.SRI(), found.Slot(f.Slot).Old}
	}
}

// alike reports whether one output shows several pins.
func alike(shown []probe.Shown) bool {
	seen := map[string]bool{}
	for _, p := range shown {
		for _, o := range p.Outputs {
			if seen[o.Where] {
				return true
			}
			seen[o.Where] = true
		}
	}
	return false
}
