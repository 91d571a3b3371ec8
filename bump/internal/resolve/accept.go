package resolve

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// acceptMismatches keeps the hashes of the mismatches that count: of a derivation that the evaluation named, or that
// such a one needs, whose specified hash is the fake that was put in, and that a builder did not just print.
func (s *state) acceptMismatches(a answer) (int, error) {
	if len(a.Mismatches) == 0 {
		return 0, nil
	}
	closure, err := s.closure(a)
	if err != nil {
		return 0, err
	}
	// Of several complaints about one fixed output the surest counts, and the last of those: Nix speaks
	// when the builder, which may have imitated it, has ended.
	best := map[*hash]nix.Mismatch{}
	for _, m := range a.Mismatches {
		for _, h := range s.holders(m, closure[m.DrvPath]) {
			if known, ok := best[h]; !ok || m.Origin >= known.Origin {
				best[h] = m
			}
		}
	}
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if m, ok := best[h]; ok {
				h.found, h.drv = &m.Got, closure[m.DrvPath]
				s.say(diag.Step, "%s: %s", h.slot.Field, m.Got.SRI())
				if h.Inherited() && h.inherited != nil && m.Got.Equal(*h.inherited) {
					h.state = notNeeded // it is taken out again, and the last question proves that
					s.say(diag.Detail, "the vendorHash that the package brings still fits")
				}
			}
		}
	}
	return len(best) + s.reuseSameFetch(closure), nil
}

// holders are the hashes whose fake a mismatch is about.
func (s *state) holders(m nix.Mismatch, drv *nix.Derivation) []*hash {
	if drv == nil || m.Origin == nix.OriginText {
		return nil
	}
	if promised, _, ok := drv.FixedOutput(); !ok || !promised.Equal(m.Specified) {
		return nil
	}
	var list []*hash
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.found == nil && h.state != waiting && h.fake.Equal(m.Specified) {
				list = append(list, h)
			}
		}
	}
	return list
}

// withFake is the hash whose fake is one that Nix names, while it is looked for; else nil.
func (s *state) withFake(fake nixhash.Hash) *hash {
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.found == nil && h.state != waiting && h.fake.Equal(fake) {
				return h
			}
		}
	}
	return nil
}

// acceptEvalFetch keeps the hash of a source that is fetched while Nix evaluates, by builtins.fetchTarball
// say: there is no derivation, and nothing can be seen before its hash is right. That what was specified
// is a fake of ours tells it from what the flake may say of its own; the next question proves it.
func (s *state) acceptEvalFetch(fail *nix.Failure) bool {
	if fail == nil || fail.Fetched == nil {
		return false
	}
	h := s.withFake(fail.Fetched.Specified)
	if h == nil {
		return false
	}
	found := fail.Fetched.Got
	h.found, h.state = &found, fetched
	s.say(diag.Step, "%s: %s", h.slot.Field, found.SRI())
	return true
}

// closure is everything that the evaluated fixed outputs need, by .drv.
func (s *state) closure(a answer) (map[string]*nix.Derivation, error) {
	return closureOf(a.derivation, s.pins...)
}

// ordered yields the derivations of a closure by their paths: of several that fit, the same one is taken every time.
func ordered(closure map[string]*nix.Derivation) iter.Seq2[string, *nix.Derivation] {
	return func(yield func(string, *nix.Derivation) bool) {
		for _, path := range slices.Sorted(maps.Keys(closure)) {
			if !yield(path, closure[path]) {
				return
			}
		}
	}
}

// closureOf is the closure of some pins.
func closureOf(read func(string) (*nix.Derivation, error), pins ...*Move) (map[string]*nix.Derivation, error) {
	var outputs []probe.Output
	for _, p := range pins {
		outputs = append(outputs, p.Outputs...)
	}
	closure, err := nix.Closure(read, derivationsOf(outputs)...)
	if err != nil {
		return nil, fmt.Errorf("find hashes: read derivations: %w", err)
	}
	return closure, nil
}

// derivationsOf are the derivations that outputs name.
func derivationsOf(outputs []probe.Output) []string {
	var list []string
	for _, o := range outputs {
		list = pin.Union(list, []string{o.SrcDrv, o.ModDrv, o.Drv})
	}
	return list
}

// unexplained is the error of a build that failed with nothing but other derivations' mismatches.
func (s *state) unexplained(mismatches []nix.Mismatch) error {
	if len(mismatches) == 0 {
		return &diag.Error{Text: "find hashes: Nix built nothing and does not say why", Hint: "run again with -v"}
	}
	m := mismatches[0]
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.found != nil && h.found.Equal(m.Specified) {
				return diag.At(h.slot.Pos,
					fmt.Sprintf("find hashes: the %s differs between two downloads: first %s, then %s",
						h.slot.Field, h.found.SRI(),
						m.Got.SRI()),
					"the source changed in between; run again")
			}
		}
	}
	return &diag.Error{
		Text: fmt.Sprintf("find hashes: %s has the hash %s instead of %s, which is not one of this pin's",
			filepath.Base(m.DrvPath), m.Got.SRI(), m.Specified.SRI()),
		Hint: "correct that hash in the flake first",
	}
}
