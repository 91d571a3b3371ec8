// Package resolve finds the hashes of a bump by the fakeHash-then-build trick: every hash slot holds a fake of its
// own until Nix says what the fixed output really hashes to.
//
// Nix orders the fixed outputs itself (src before what is made of it), so each question builds the last ones and
// reads whatever mismatches there are, until everything builds. Nix, GitHub and the store are behind interfaces: the
// loop is tested by replaying answers.
package resolve

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Asker answers questions about the flake; see probe.Bench.
type Asker interface {
	Ask(ctx context.Context, q probe.Question) (probe.Answer, error)
	Consumers(ctx context.Context, s probe.State, families, only []string) ([]probe.Consumer, error)
	Lock(ctx context.Context, s probe.State, input string) ([]byte, error)
	Explain(err error) error
}

// Upstream names the commit of a tag on GitHub.
type Upstream interface {
	TagCommit(ctx context.Context, owner, repo, tag string) (string, error)
}

// Store is what Nix fetched and instantiated, and what it downloads without a flake.
type Store interface {
	Derivation(path string) (*nix.Derivation, error)
	// Word returns the word that a file of a source holds, when it has the form.
	Word(ctx context.Context, dir, name string, form *regexp.Regexp) (string, error)
	Has(dir, name string) bool
	Prefetch(ctx context.Context, url string) (nix.Hash, error)
}

// Job is what to resolve, and with what.
type Job struct {
	Found    *pin.Found
	Plan     pin.Plan
	Release  *release.Release
	HasAttr  bool // the package is one that the user named
	Asker    Asker
	Upstream Upstream
	Store    Store
	Fake     func() nix.Hash // makes fakes; nil for random ones
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

// resolver is the loop's state.
type resolver struct {
	Job
	rel *release.Release
	groups
	commit     string // of the release's tag, where a pin names one
	lock       []byte // nil for the flake's own
	placed     bool   // it is known which outputs show which pin
	depth      probe.Depth
	consumers  []string       // outputs that are made with a package which is no output itself
	warned     []string       // services of which a warning was given
	half       []probe.Output // outputs at the release that no pin shows in
	whole      wholeState
	skip       []string // outputs that are not asked for again
	broken     []probe.Broken
	rounds     int
	nixVersion string
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

// maxRounds bounds the loop: each round yields at least one hash, and old versions of Nix report
// only one a round.
const maxRounds = 24

// Hashes finds every hash of a plan.
func Hashes(ctx context.Context, job Job) (*Solution, error) {
	if job.Fake == nil {
		job.Fake = nix.Fake
	}
	r := &resolver{Job: job, rel: job.Release, groups: groups{pins: newMoves(job.Found, job.Plan, job.Fake)}}
	for _, step := range []func(context.Context) error{
		r.commits, r.assets, r.unpackElsewhere, r.setApart, r.moveInputs, r.loop, r.lookElsewhere, r.moveShared,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.describeSources(ctx)
	last, err := r.ofPins(pin.System())
	if err != nil {
		return nil, err
	}
	return &Solution{
		State: last.State, last: last, Moves: r.pins, Along: r.along, Unshown: r.unshown, Broken: r.broken, Version: r.provided(), NixVersion: r.nixVersion,
	}, nil
}

// state is what the copy of the flake is to hold now.
func (r *resolver) state() (probe.State, error) {
	values, err := r.values()
	return probe.State{Values: values, Lock: r.lock}, err
}

// setApart takes the pins that only other systems have, and that need no build, out of the others.
func (r *resolver) setApart(context.Context) error {
	var here []*Move
	for _, p := range r.pins {
		if p.Systems != nil && !p.builds() {
			r.elsewhere = append(r.elsewhere, p)
			continue
		}
		here = append(here, p)
	}
	r.pins = here
	return nil
}

// loop puts fakes in and takes hashes out until everything builds.
func (r *resolver) loop(ctx context.Context) error {
	if len(r.pins) == 0 && len(r.elsewhere) > 0 {
		return nil
	}
	for range maxRounds {
		if r.consumers != nil {
			return r.consumerLoop(ctx)
		}
		q, err := r.question()
		if err != nil {
			return err
		}
		r.rounds++
		r.Log(diag.Step, "round %d: %s", r.rounds, r.missing())
		a, err := r.ask(ctx, q)
		if err != nil {
			return err
		}
		if done, err := r.step(ctx, q, a); done || err != nil {
			return err
		}
	}
	return &diag.Error{
		Text: "find hashes: Nix keeps reporting other hashes",
		Hint: "the source may not be reproducible; run again with -v",
	}
}

// ask asks a question and remembers what must not be asked again.
func (r *resolver) ask(ctx context.Context, q probe.Question) (probe.Answer, error) {
	a, err := r.Asker.Ask(ctx, q)
	if err != nil {
		return a, err
	}
	r.broken = append(r.broken, a.Broken...)
	for _, b := range a.Broken {
		r.skip = append(r.skip, b.Where)
	}
	if a.NixVersion != "" {
		r.nixVersion = a.NixVersion
	}
	return a, nil
}

// step takes an answer of the loop. It reports whether everything is found.
func (r *resolver) step(ctx context.Context, q probe.Question, a probe.Answer) (done bool, err error) {
	fail := probe.Failed(a.Failure)
	switch {
	case r.acceptEvalFetch(fail):
		return false, nil
	case fail != nil && probe.Evaluation(fail) && len(q.Whole) > 0 && !a.NoneShown:
		return false, r.brokenWhole(ctx, a, fail)
	case fail != nil && len(a.Outputs) == 0 && !a.NoneShown:
		return false, r.explain(a.Failure)
	}
	first := !r.placed
	if first {
		if err := r.matchOutputs(ctx, q, a); err != nil {
			return false, err
		}
		if err := r.tellShown(); err != nil {
			return false, err
		}
		if err := r.relock(ctx); err != nil || r.consumers != nil {
			return false, err
		}
	}
	if len(r.pins) == 0 {
		return true, nil
	}
	if q.All {
		r.lookAgain(q, a)
	}
	if err := r.checkTookEffect(a); err != nil {
		return false, err
	}
	accepted, err := r.acceptMismatches(a.Mismatches)
	if err != nil {
		return false, err
	}
	moved, err := r.moveCompanions(ctx)
	switch {
	case err != nil || accepted+moved > 0:
		return false, err
	case fail != nil && probe.Evaluation(fail) && len(a.Output(a.Last).Pins) > 0:
		return false, r.doesNotEvaluate(a, fail)
	case fail != nil && r.addCompanion(ctx, fail):
		return false, nil
	case fail != nil:
		return false, r.explain(a.Failure)
	case first && r.inherits():
		return false, nil // the hash that may have to be added was not looked for yet
	case !a.Built:
		return false, r.unexplained(a.Mismatches)
	}
	return r.finish(ctx, q, a)
}

// tellShown passes on which outputs show the pins.
func (r *resolver) tellShown() error {
	for _, p := range r.pins {
		if r.Shown == nil {
			break
		}
		if err := r.Shown(p.Pin, p.Outputs); err != nil {
			return err
		}
	}
	return nil
}

// inherits reports whether a pin may need a hash that its file does not have.
func (r *resolver) inherits() bool {
	for _, p := range r.pins {
		for _, h := range p.hashes {
			if h.Inherited() && h.state != notNeeded {
				return true
			}
		}
	}
	return false
}

// question is the next one of the loop.
func (r *resolver) question() (probe.Question, error) {
	q, err := r.ofPins(pin.System())
	if err != nil {
		return q, err
	}
	downloads := map[string]bool{}
	for i, p := range r.pins {
		if p.builds() && !p.waitsForSame(downloads) {
			q.Build.Fixed = append(q.Build.Fixed, i)
		}
	}
	r.narrow(&q)
	return q, nil
}

// narrow says which outputs the next question is about. A configuration may take seconds to evaluate: the first
// question ends when it has seen every pin, the next ones are about where each was seen first, and the last one, which
// proves the hashes, is about all.
func (r *resolver) narrow(q *probe.Question) {
	q.Whole, q.All = r.wholes(), r.complete()
	if !r.placed {
		return
	}
	for _, p := range r.pins {
		if !q.All {
			q.Only = union(q.Only, []string{p.Outputs[0].Where})
		}
	}
}

// complete reports whether every hash is known.
func (r *resolver) complete() bool {
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.missing() {
				return false
			}
		}
	}
	return true
}

// ofPins is a question for the pins' outputs on a system.
func (r *resolver) ofPins(system string) (probe.Question, error) {
	state, err := r.state()
	q := probe.Question{State: state, System: system, Depth: r.depth}
	for i, p := range r.pins {
		pp := probe.Pin{ID: i, Names: append([]string{}, p.Names...), Version: p.Shown(r.rel.Version), Marks: []string{}}
		if r.placed && len(p.Outputs) > 0 {
			pp.First = p.Outputs[0].Where
		}
		for _, h := range p.allHashes() {
			// The goModules of an inherited hash may be in the store already, and would then need no source.
			pp.Vendor = pp.Vendor || h.Role == pin.Vendor && !p.waits() && (!h.Inherited() || r.placed)
			if r.placed && r.complete() && h.Role != pin.Source && h.Role != pin.ReleaseAsset && p.hash(pin.Source) != nil {
				continue // another release may have the same modules
			}
			if h.state != fetched && !r.shared(h) && (!h.Inherited() || h.found != nil || r.placed) {
				pp.Marks = append(pp.Marks, h.text())
			}
		}
		q.Pins = append(q.Pins, pp)
		q.Names = union(q.Names, p.Names)
	}
	q.Names = union(q.Names, r.Found.Package.Variants)
	q.Skip = slices.Clone(r.skip)
	return q, err
}

// shared reports whether several pins have a hash: it does not tell them apart.
func (r *resolver) shared(h *hash) bool {
	count := 0
	for _, p := range r.pins {
		if slices.Contains(p.allHashes(), h) {
			count++
		}
	}
	return count > 1
}

// missing names the hashes that are not known yet, for the progress.
func (r *resolver) missing() string {
	var names []string
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.missing() {
				names = union(names, []string{h.slot.Field})
			}
		}
	}
	if len(names) == 0 {
		return "evaluate and build everything with the hashes found"
	}
	return "evaluate and build, to find " + strings.Join(names, ", ")
}

// finish ends the loop when everything was built with real hashes. A vendorHash that turned out to be
// the inherited one is taken out again, which one more evaluation proves.
func (r *resolver) finish(ctx context.Context, q probe.Question, a probe.Answer) (bool, error) {
	again := false
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			switch {
			case h.state == notNeeded:
			case h.found == nil && again:
				// One at a time: what is found for another may bring this one along.
			case h.found == nil:
				if err := r.deepen(ctx, p, h); err != nil {
					return false, err
				}
				again = true
			case h.Inherited() && h.inherited != nil && h.found.Equal(*h.inherited):
				h.state, again = notNeeded, true
				r.Log(diag.Detail, "the vendorHash that the package brings still fits")
			}
		}
	}
	if again {
		return false, ctx.Err()
	}
	if err := r.checkSources(); err != nil {
		return false, err
	}
	return true, r.checkRegressions(ctx, q, a)
}

// deepen finds a hash that neither src nor goModules needs: the next question evaluates the whole package, which
// shows the fixed outputs that only its build phases use; those are then built by themselves.
func (r *resolver) deepen(ctx context.Context, p *Move, h *hash) error {
	if r.depth == probe.Sources {
		r.depth = probe.Packages
		return nil
	}
	closure, err := r.closure()
	if err != nil {
		return err
	}
	for path, drv := range closure {
		promised, _, ok := drv.FixedOutput()
		if !ok || !promised.Equal(h.fake) {
			continue
		}
		q, err := r.ofPins(pin.System())
		if err != nil {
			return err
		}
		q.Build.Derivation = path
		a, err := r.ask(ctx, q)
		if err != nil {
			return err
		}
		if accepted, err := r.acceptMismatches(a.Mismatches); err != nil || accepted > 0 {
			return err
		}
		if a.Failure != nil {
			return r.explain(a.Failure)
		}
		return r.unexplained(a.Mismatches)
	}
	return diag.At(h.slot.Pos,
		fmt.Sprintf("find hashes: nothing that %s evaluates on %s uses this %s", p.Outputs[0].Where, pin.System(),
			h.slot.Field),
		"if it is for another system, run ollama-bump on a machine of that system")
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

// Retag is the hash of a version that was pinned already and that changed: upstream moved the tag, or the old hash
// was wrong.
type Retag struct {
	Slot     *pin.Slot
	Version  version.Version
	Old, New nix.Hash
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
