package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
)

// resolver finds the hashes of pins by the fakeHash-then-build trick: every hash slot holds a fake of
// its own until Nix says what the fixed output really hashes to. Nix orders the fixed outputs itself
// (src before what is made of it), so each round builds the last ones and reads whatever
// mismatches there are, until everything builds.
type resolver struct {
	pkg   *Package
	pins  []*pin
	rel   *release
	cand  *candidate
	probe *probe
	where map[*pin][]probeInfo // the outputs that show each pin
	left  []*pin               // no output shows them
	// someCurrent says that the flake has pins besides these, which are at the release.
	someCurrent bool
	// elsewhere are the pins that only another system has and that need no build: they are seen in
	// an evaluation for that system.
	elsewhere []*pin
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
			if c.hash != nil && c.left == "" {
				c.hash.waits = !c.derived
			}
		}
	}
}

// setApart takes the pins that only other systems have, and that need no build, out of the others.
func (r *resolver) setApart() {
	var here []*pin
	for _, p := range r.pins {
		if p.foreign && !p.builds() {
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
	changes, err := r.changes()
	if err != nil {
		return false, err
	}
	if err := r.cand.apply(changes); err != nil {
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
			if h.inherited && !h.dropped {
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
		pp := probePin{ID: i, Names: union(p.names, nil), Version: p.shownVersion(r.rel.version), Marks: []string{}}
		for _, h := range p.allHashes() {
			if !h.evaluated && !r.shared(h) && (!h.inherited || h.got != nil || r.where != nil) {
				pp.Marks = append(pp.Marks, h.text())
			}
			// The goModules of an inherited hash may be in the store already, and would then need no source.
			pp.Vendor = pp.Vendor || h.role == roleVendor && !p.waits() && (!h.inherited || r.where != nil)
		}
		req.Pins = append(req.Pins, pp)
		req.Names = union(req.Names, p.names)
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
func (r *resolver) shared(h *fixed) bool {
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
func (h *fixed) text() string {
	if h.got != nil {
		return h.got.SRI()
	}
	return h.fake.SRI()
}

// changes is every slot's present value.
func (r *resolver) changes() ([]change, error) {
	var all []change
	for _, p := range append(append([]*pin{}, r.pins...), r.elsewhere...) {
		cs, err := p.changes(r)
		if err != nil {
			return nil, err
		}
		all = append(all, cs...)
	}
	return uniqueChanges(r.cand, all)
}

func (p *pin) changes(r *resolver) ([]change, error) {
	var all []change
	for _, t := range p.texts {
		all = append(all, change{t.slot, r.rel.version})
	}
	if p.commit != nil {
		all = append(all, change{*p.commit, r.commit})
	}
	if p.input != nil && p.input.slot != nil {
		all = append(all, change{p.input.slot.slot, r.rel.version})
	}
	for _, h := range p.hashes {
		// A hash that the file does not have is tried out only once the inherited one is known.
		if h.inherited && (r.where == nil || h.dropped) {
			continue
		}
		all = append(all, change{h.slot, h.text()})
		if h.ending != nil && h.ending.value != "" {
			all = append(all, *h.ending)
		}
	}
	for _, c := range p.companions {
		if c.left != "" {
			continue
		}
		for _, s := range c.refs {
			if c.tag != "" {
				all = append(all, change{s.slot, c.move(s, c.tag, c.sha)})
			}
		}
		if c.hash != nil {
			all = append(all, change{c.hash.slot, c.hash.text()})
		}
	}
	return all, nil
}

// uniqueChanges drops changes that say the same twice: pins may share their literals. Two values
// for one place are an error.
func uniqueChanges(cand *candidate, all []change) ([]change, error) {
	seen := map[slotKey]change{}
	var out []change
	for _, c := range all {
		if known, ok := seen[c.key()]; ok {
			if known.value != c.value {
				return nil, placeOfSlot(cand, c.slot).error(
					fmt.Sprintf("find pin: the %s and the %s are one and the same value here, but will differ", known.field, c.field),
					"write each where it is used, lib.fakeHash for a hash that is not known")
			}
			continue
		}
		seen[c.key()] = c
		out = append(out, c)
	}
	return out, nil
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
	best := map[*fixed]nix.Mismatch{}
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
				r.log(Step, "%s: %s", h.slot.field, m.Got.SRI())
			}
		}
	}
	return len(best) + r.takeSame(closure), nil
}

// holders are the hashes whose fake a mismatch is about.
func (r *resolver) holders(m nix.Mismatch, drv *nix.Derivation) []*fixed {
	if drv == nil || m.Origin == nix.OriginText {
		return nil
	}
	if promised, _, ok := drv.FixedOutput(); !ok || !promised.Equal(m.Specified) {
		return nil
	}
	var list []*fixed
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
func (r *resolver) fakeOf(h nix.Hash) *fixed {
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
	r.log(Step, "%s: %s", h.slot.field, got.SRI())
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
				names = union(names, []string{h.slot.field})
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
