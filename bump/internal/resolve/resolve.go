// Package resolve finds the hashes of a bump by the fakeHash-then-build trick: every hash slot holds a fake of its
// own until Nix says what the fixed output really hashes to.
//
// Nix orders the fixed outputs itself (src before what is made of it), so each question builds the last ones and
// reads whatever mismatches there are, until everything builds. What is known so far is a value, state; step makes the
// next state of it and of an answer, and says what to ask next. It starts nothing and reads nothing: the driver
// performs the requests, so that tests replay recorded answers.
package resolve

import (
	"context"
	"regexp"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Asker answers questions about the flake; see probe.Bench.
type Asker interface {
	Ask(ctx context.Context, q probe.Question) (probe.Answer, error)
	Consumers(ctx context.Context, q probe.ConsumerQuestion) ([]probe.Consumer, error)
	Lock(ctx context.Context, s probe.State, input string) ([]byte, error)
	Explain(ctx context.Context, err error) error
}

// Upstream names the commit of a tag on GitHub. The error for a tag that does not exist is fs.ErrNotExist.
type Upstream interface {
	TagCommit(ctx context.Context, owner, repo, tag string) (string, error)
}

// Store is what Nix fetched and instantiated, and what it downloads without a flake.
type Store interface {
	Derivation(ctx context.Context, path string) (*nix.Derivation, error)
	// Word returns the word that a file of a source holds, when it has the form.
	Word(ctx context.Context, dir, name string, form *regexp.Regexp) (string, error)
	Has(dir, name string) bool
	Prefetch(ctx context.Context, url string) (nixhash.Hash, error)
}

// Job is what to resolve.
type Job struct {
	Found   *pin.Found
	Plan    pin.Plan
	Release *release.Release
	HasAttr bool // the package is one that the user named
}

// Tools are what hashes are found with.
type Tools struct {
	Asker    Asker
	Upstream Upstream
	Store    Store
	Fake     func() nixhash.Hash // makes fakes; nil for random ones
	// Shown is told the outputs that show a pin, before any hash is taken; nil for nobody. An error ends the search.
	Shown func(*pin.Pin, []probe.Output) error
	Log   func(kind diag.EventKind, format string, args ...any)
}

// Solution is a finished bump: the values of the slots, proved.
type Solution struct {
	State   probe.State
	Moves   []*Move         // that some output shows
	Along   []*Move         // that none shows, but whose version moves
	Unshown []*Move         // no output shows them: they are left as they are
	Broken  []probe.Broken  // outputs that do not evaluate and were passed over
	Version version.Version // of the release, or of the input that provides the package

	NixVersion string
	last       probe.Question
}

// Oldest returns the lowest version of the pins that move, "" when none is known: another pin, that no output shows or
// that nobody asked for, has no part in anything that changes.
func (s *Solution) Oldest() version.Version {
	var oldest version.Version
	for _, p := range slices.Concat(s.Moves, s.Along) {
		if p.Version != "" && (oldest == "" || version.Compare(p.Version, oldest) < 0) {
			oldest = p.Version
		}
	}
	return oldest
}

// Hashes finds every hash of a plan.
func Hashes(ctx context.Context, job Job, tools Tools) (*Solution, error) {
	if tools.Fake == nil {
		tools.Fake = nixhash.Fake
	}
	d := &driver{Tools: tools, state: newState(job, tools.Fake)}
	for _, stage := range []func(context.Context) error{
		d.commits, d.revisions, d.assets, d.unpackElsewhere, d.moveInputs, d.loop, d.loopUnshown, d.lookElsewhere,
		d.moveShared, d.describeSources,
	} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	last, err := d.ofPins(pin.System())
	if err != nil {
		return nil, err
	}
	return &Solution{
		State: last.State, last: last, Moves: d.pins, Along: d.along, Unshown: d.unshown, Broken: d.broken,
		Version: d.provided(), NixVersion: d.nixVersion,
	}, nil
}

// Has reports whether a hash of the solution was found in a way.
func (s *Solution) Has(by By) bool {
	for _, p := range slices.Concat(s.Moves, s.Along) {
		for _, h := range p.allHashes() {
			if h.found != nil && h.by == by && h.state != notNeeded {
				return true
			}
		}
	}
	return false
}

// Question returns the question that proved the solution, with nothing to build.
func (s *Solution) Question() probe.Question { return s.last }

// Known returns the solution of a question that needs no hashes.
func Known(q probe.Question, v version.Version, nixVersion string) *Solution {
	return &Solution{State: q.State, Version: v, NixVersion: nixVersion, last: q}
}

// Retag is the hash of a version that was pinned already and that changed: upstream moved the tag, or the old hash
// was wrong.
type Retag struct {
	Slot     *pin.Slot
	Version  version.Version
	Old, New nixhash.Hash
}

// Retags lists them.
func (s *Solution) Retags(found *pin.Found) []Retag {
	var list []Retag
	for _, p := range slices.Concat(s.Moves, s.Along) {
		if p.Version != s.Version || found.Inconsistent(p.Pin) || p.halfWritten {
			continue
		}
		for _, h := range p.allHashes() {
			old, written := h.Old()
			if written && h.found != nil && h.Role != pin.Vendor && h.Role != pin.CompanionSrc && !h.found.Equal(old) {
				list = append(list, Retag{h.slot, p.Version, old, *h.found})
			}
		}
	}
	return list
}
