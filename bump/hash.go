package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// resolver finds the hashes of pins by the fakeHash-then-build trick: every hash slot holds a fake of
// its own until Nix says what the fixed output really hashes to. Nix orders the fixed outputs itself
// (src before what is made of it), so each round builds the last ones and reads whatever
// mismatches there are, until everything builds.
type resolver struct {
	pkg   *pin.Package
	found *pin.Found
	pins  []*move
	rel   *release
	cand  *candidate
	probe *probe
	where map[*move][]probeInfo // the outputs that show each pin
	left  []*move               // no output shows them
	along []*move               // nor them, but their version moves
	// someCurrent says that the flake has pins besides these, which are at the release.
	someCurrent bool
	// elsewhere are the pins that only another system has and that need no build: they are seen in
	// an evaluation for that system.
	elsewhere []*move
	commit    string // of the release's tag, where a pin names one
	gh        *github.Client
	others    []probeInfo // outputs at the release that no pin shows in
	broken    bool        // a package did not evaluate as a whole before the bump
	log       func(kind EventKind, format string, args ...any)
}

// maxRounds bounds the loop: each round yields at least one hash, and old versions of Nix report
// only one a round.
const maxRounds = 24

// resolve runs the loop. On return every pin that is left in r.pins has all its hashes, and
// the candidate holds the finished bump.
func (r *resolver) resolve(ctx context.Context) error {
	r.prepare()
	if err := r.unpackElsewhere(ctx); err != nil {
		return err
	}
	r.setApart()
	if err := r.moveInputs(ctx); err != nil {
		return err
	}
	if len(r.pins) > 0 || len(r.elsewhere) == 0 {
		if err := r.loop(ctx); err != nil {
			return err
		}
	}
	return r.lookElsewhere(ctx)
}

// prepare gives every hash that is looked for a fake.
func (r *resolver) prepare() {
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.got == nil {
				h.fake = nix.Fake()
			}
		}
		for _, c := range p.companions {
			if c.hash != nil && c.skip == "" {
				c.hash.waits = !c.Derived
			}
		}
	}
}

// setApart takes the pins that only other systems have, and that need no build, out of the others.
func (r *resolver) setApart() {
	var here []*move
	for _, p := range r.pins {
		if p.Systems != nil && !p.builds() {
			r.elsewhere = append(r.elsewhere, p)
			continue
		}
		here = append(here, p)
	}
	r.pins = here
}

// loop puts fakes in and takes hashes out until everything builds.
func (r *resolver) loop(ctx context.Context) error {
	r.probe.ours = func(h nix.Hash) bool { return r.fakeOf(h) != nil }
	for range maxRounds {
		done, err := r.round(ctx)
		if done || err != nil {
			return err
		}
	}
	return &Error{Text: "find hashes: Nix keeps reporting other hashes", Hint: "the source may not be reproducible; run again with -v"}
}

// round is one Nix process: the candidate is evaluated, its fixed outputs are built.
func (r *resolver) round(ctx context.Context) (done bool, err error) {
	now, err := r.values()
	if err != nil {
		return false, err
	}
	if err := r.cand.apply(now); err != nil {
		return false, err
	}
	ids := r.request()
	r.log(Step, "round %d: %s", r.probe.rounds+1, r.missing())
	rep, failure := r.probe.round(ctx, ids, "fixed")
	if r.takeFetched(failure) {
		return false, nil
	}
	if fail := asFailure(failure); fail != nil && evaluation(fail.Kind) && len(r.probe.req.Whole) > 0 && !r.probe.noneShown(fail) {
		return false, r.brokenWhole(ctx, fail)
	}
	if fail := asFailure(failure); failure != nil && (fail == nil || len(r.probe.order) == 0 && !r.probe.noneShown(fail)) {
		return false, r.explain(failure)
	}
	first := r.where == nil
	if first {
		if err := r.place(failure); err != nil {
			return false, err
		}
		if err := r.relock(ctx); err != nil {
			return false, err
		}
	}
	if len(r.pins) == 0 {
		return true, r.cand.apply(nil)
	}
	if err := r.took(); err != nil {
		return false, err
	}
	taken, err := r.take(rep)
	if err != nil {
		return false, err
	}
	moved, err := r.moveCompanions(ctx)
	switch {
	case err != nil || taken+moved > 0:
		return false, err
	case failure != nil:
		return false, r.explain(failure)
	case first && r.inherits():
		return false, nil // the hash that may have to be added was not looked for yet
	case !rep.Built:
		return false, r.unexplained(rep)
	}
	return r.finished(ctx)
}

// inherits says whether a pin may need a hash that its file does not have.
func (r *resolver) inherits() bool {
	for _, p := range r.pins {
		for _, h := range p.hashes {
			if h.Inherited() && !h.dropped {
				return true
			}
		}
	}
	return false
}

// request sets up what the probe looks for, and returns the numbers of the pins.
func (r *resolver) request() []int {
	req := &r.probe.req
	req.Pins = req.Pins[:0]
	var ids []int
	downloads := map[string]bool{}
	for i, p := range r.pins {
		pp := probePin{ID: i, Names: union(p.Names, nil), Version: p.Shown(r.rel.version), Marks: []string{}}
		for _, h := range p.allHashes() {
			if !h.evaluated && !r.shared(h) && (!h.Inherited() || h.got != nil || r.where != nil) {
				pp.Marks = append(pp.Marks, h.text())
			}
			// The goModules of an inherited hash may be in the store already, and would then need no source.
			pp.Vendor = pp.Vendor || h.Role == pin.Vendor && !p.waits() && (!h.Inherited() || r.where != nil)
		}
		req.Pins = append(req.Pins, pp)
		req.Names = union(req.Names, p.Names)
		if p.builds() && !p.waitsForSame(downloads) {
			ids = append(ids, i)
		}
	}
	req.Names = union(req.Names, r.pkg.Variants)
	if r.where != nil {
		req.Only = []string{}
		for _, p := range r.pins {
			for _, info := range r.where[p] {
				req.Only = union(req.Only, []string{info.Where})
			}
		}
		req.Families = familiesOf(req.Only)
	}
	req.Whole = r.wholes()
	return ids
}

// shared says whether several pins have a hash: it does not tell them apart.
func (r *resolver) shared(h *hash) bool {
	count := 0
	for _, p := range r.pins {
		if slices.Contains(p.allHashes(), h) {
			count++
		}
	}
	return count > 1
}

func familiesOf(places []string) []string {
	out := []string{}
	for _, f := range families {
		for _, w := range places {
			if strings.HasPrefix(w, f) || f == "overlays" && strings.HasPrefix(w, "overlay.") {
				out = union(out, []string{f})
			}
		}
	}
	return out
}

// text is what stands in the file for a hash now: the fake, or the hash that was found.
func (h *hash) text() string {
	if h.got != nil {
		return h.got.SRI()
	}
	return h.fake.SRI()
}

// values is what every slot has at the moment.
func (r *resolver) values() (values, error) {
	v := values{}
	for _, p := range append(append(slices.Clone(r.pins), r.elsewhere...), r.along...) {
		if err := r.valuesOf(p, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (r *resolver) valuesOf(p *move, v values) error {
	var errs []error
	set := func(id pin.SlotID, value, field string) { errs = append(errs, v.set(r.found, id, value, field)) }
	for _, id := range p.Versions {
		set(id, string(r.rel.version), r.found.Slot(id).Field)
	}
	if id, ok := p.Commit(); ok {
		set(id, r.commit, "commit")
	}
	if in := p.Input(); in != nil && in.Slot != pin.NoSlot {
		set(in.Slot, string(r.rel.version), "input")
	}
	for _, h := range p.hashes {
		// A hash that the file does not have is tried out only once the inherited one is known.
		if h.Inherited() && (r.where == nil || h.dropped) {
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
				set(id, c.Ref(r.found.Slot(id).Old, c.tag, c.sha), c.Name()+" tag")
			}
		}
		if c.hash != nil {
			set(c.hash.Slot, c.hash.text(), c.Name()+" hash")
		}
	}
	return errors.Join(errs...)
}

// take keeps the hashes of the mismatches that count: of a derivation that the evaluation named, or that such
// a one needs, whose specified hash is the fake that was put in, and that a builder did not just print.
func (r *resolver) take(rep *nix.BuildReport) (int, error) {
	if rep == nil || len(rep.Mismatches) == 0 {
		return 0, nil
	}
	closure, err := r.closure()
	if err != nil {
		return 0, err
	}
	// Of several complaints about one fixed output the surest counts, and the last of those: Nix speaks
	// when the builder, which may have imitated it, has ended.
	best := map[*hash]nix.Mismatch{}
	for _, m := range rep.Mismatches {
		for _, h := range r.holders(m, closure[m.DrvPath]) {
			if known, ok := best[h]; !ok || m.Origin >= known.Origin {
				best[h] = m
			}
		}
	}
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if m, ok := best[h]; ok {
				h.got, h.drv = &m.Got, closure[m.DrvPath]
				r.log(Step, "%s: %s", h.slot.Field, m.Got.SRI())
			}
		}
	}
	return len(best) + r.takeSame(closure), nil
}

// holders are the hashes whose fake a mismatch is about.
func (r *resolver) holders(m nix.Mismatch, drv *nix.Derivation) []*hash {
	if drv == nil || m.Origin == nix.OriginText {
		return nil
	}
	if promised, _, ok := drv.FixedOutput(); !ok || !promised.Equal(m.Specified) {
		return nil
	}
	var list []*hash
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.got == nil && !h.waits && h.fake.Equal(m.Specified) {
				list = append(list, h)
			}
		}
	}
	return list
}

// fakeOf is the hash whose fake is h, while it is looked for; else nil.
func (r *resolver) fakeOf(h nix.Hash) *hash {
	for _, p := range r.pins {
		for _, f := range p.allHashes() {
			if f.got == nil && !f.waits && f.fake.Equal(h) {
				return f
			}
		}
	}
	return nil
}

// takeFetched keeps the hash of a source that is fetched while Nix evaluates, by builtins.fetchTarball
// say: there is no derivation, and nothing can be seen before its hash is right. That what was specified
// is a fake of ours tells it from what the flake may say of its own; the next round proves it.
func (r *resolver) takeFetched(failure error) bool {
	fail := asFailure(failure)
	if fail == nil || fail.Fetched == nil {
		return false
	}
	h := r.fakeOf(fail.Fetched.Specified)
	if h == nil {
		return false
	}
	got := fail.Fetched.Got
	h.got, h.evaluated = &got, true
	r.log(Step, "%s: %s", h.slot.Field, got.SRI())
	return true
}

// closure is everything that the evaluated fixed outputs need, by .drv.
func (r *resolver) closure() (map[string]*nix.Derivation, error) {
	var tops []string
	for _, p := range r.pins {
		for _, info := range r.where[p] {
			for _, top := range []string{info.SrcDrv, info.ModDrv, info.Drv} {
				if top != "" {
					tops = append(tops, top)
				}
			}
		}
	}
	closure, err := nix.Closure(nix.ReadDerivation, tops...)
	if err != nil {
		return nil, fmt.Errorf("find hashes: read derivations: %w", err)
	}
	return closure, nil
}

// missing names the hashes that are not known yet, for the progress.
func (r *resolver) missing() string {
	var names []string
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.got == nil && !h.dropped {
				names = union(names, []string{h.slot.Field})
			}
		}
	}
	if len(names) == 0 {
		return "evaluate and build everything with the hashes found"
	}
	return "evaluate and build, to find " + strings.Join(names, ", ")
}

func asFailure(err error) *nix.Failure {
	var f *nix.Failure
	errors.As(err, &f)
	return f
}
