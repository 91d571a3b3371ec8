package bump

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/unpin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// unpin removes the pins, where Options.Unpin asks for it and nixpkgs has overtaken all of them. It reports
// whether the run is over: it is not while there is a bump to do, for a pin is still needed, a comment holds it, or no
// program can remove it.
func (r *run) unpin(
	ctx context.Context, b *bench, at *start, sel *selection, plan pin.Plan, res *Result,
) (bool, error) {
	f := b.flake
	if !r.opts.Unpin {
		return false, nil
	}
	if r.opts.Mode == Write {
		if err := writable(f, plan); err != nil {
			return false, err
		}
	}
	if err := r.openBench(ctx, b, "pin"); err != nil {
		return false, err
	}
	shown, err := present(ctx, b)
	if err != nil || len(shown) == 0 {
		return false, err
	}
	states := statesOf(r.pkg, shown, sel.release.Version)
	res.noteStates(states, &sel.decision)
	if slices.ContainsFunc(states,
		func(s PinInfo) bool { return s.PinState != CaughtUp && s.PinState != HoldingBack }) {
		return false, nil
	}
	if r.heldBack(sel.cohorts, shown, states) {
		return false, nil
	}
	removal, changes, err := f.planRemoval(shown)
	if err == nil {
		err = proveRemoval(ctx, b, shown, changes, removal)
	}
	var obstacle *diag.Error
	if errors.As(err, &obstacle) && ctx.Err() == nil {
		r.warn("pin", "nixpkgs has %s %s, but the pin was not removed: %s; %s", r.pkg.Name, states[0].BaseVersion,
			obstacle, obstacle.Hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	w := work{plan: plan, changes: changes, to: version.Version(states[0].BaseVersion), removes: true}
	for _, p := range shown {
		w.shown = append(w.shown, p.outputs...)
	}
	r.noteRemoval(f, w, removal, res)
	r.warnOfUnshown(f, shown)
	d := sel.removal(shown, states)
	res.Security = slices.Clone(d.Security)
	return true, r.finishRemoval(ctx, b, at, w, d, res)
}

// present evaluates the flake as it stands and returns the pins that its outputs show. Pins with the same hashes,
// copies of a file say, are told apart by hashes of no meaning.
func present(ctx context.Context, b *bench) ([]shownPin, error) {
	found := b.flake.found
	shown, a, err := look(ctx, b, written(found), probe.State{})
	if err != nil {
		return nil, err
	}
	if f := probe.Failed(a.Failure); f != nil && len(shown) == 0 && !a.NoneShown {
		return nil, b.Explain(ctx, a.Failure)
	}
	if !alike(shown) {
		return shown, nil
	}
	fakes := map[pin.SlotID]string{}
	for _, p := range found.Pins {
		for _, f := range p.AllFetches() {
			if _, ok := f.Old(); ok && fakes[f.Slot] == "" {
				fakes[f.Slot] = nixhash.Fake().SRI()
			}
		}
	}
	apart, a, err := look(ctx, b, func(f *pin.Fetch) []string {
		if fakes[f.Slot] == "" {
			return nil
		}
		return []string{fakes[f.Slot]}
	}, probe.State{Values: fakes})
	if err != nil || a.Failure != nil && !a.NoneShown {
		return shown, err // what is fetched while Nix evaluates needs its hash
	}
	return apart, nil
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

// look evaluates the flake in a state and returns the pins that are seen by their marks.
func look(
	ctx context.Context, b *bench, marks func(*pin.Fetch) []string, state probe.State,
) ([]shownPin, probe.Answer, error) {
	q := questionOf(b.flake.found, marks)
	q.State = state
	a, err := b.Ask(ctx, q)
	var shown []shownPin
	for i, p := range b.flake.found.Pins {
		if outputs := a.Shown(i); len(outputs) > 0 {
			shown = append(shown, shownPin{p, outputs})
		}
	}
	return shown, a, err
}

// questionOf asks which outputs show the pins, which are known by their marks.
func questionOf(found *pin.Found, marks func(*pin.Fetch) []string) probe.Question {
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

// alike reports whether one output shows several pins.
func alike(shown []shownPin) bool {
	seen := map[string]bool{}
	for _, p := range shown {
		for _, o := range p.outputs {
			if seen[o.Where] {
				return true
			}
			seen[o.Where] = true
		}
	}
	return false
}

// heldBack reports whether a comment in force rules out the version that removing a pin would give, and says so.
func (r *run) heldBack(cohorts []*cohort, shown []shownPin, states []PinInfo) bool {
	for _, c := range cohorts {
		for i, s := range states {
			hold := c.against(version.Version(s.BaseVersion))
			if hold != nil && slices.Contains(c.pins, shown[i].Pin) {
				r.warn("pin", "nixpkgs has %s %s, but the pin stays: %s: %s", r.pkg.Name, s.BaseVersion, whereOf(*hold),
					hold.Quote)
				return true
			}
		}
	}
	return false
}

// planRemoval works out the files without the pins that outputs show: of another one nothing proves that its removal
// is right. What stands in the way is a *diag.Error.
func (f *flake) planRemoval(shown []shownPin) (*unpin.Removal, []source.Change, error) {
	var pins []unpin.Pin
	for _, p := range shown {
		made, err := f.removable(p.Pin)
		if err != nil {
			return nil, nil, err
		}
		pins = append(pins, made)
	}
	files := make([]*nixexpr.File, 0, len(f.files.Nix))
	for _, code := range f.files.Nix {
		files = append(files, code)
	}
	slices.SortFunc(files, func(a, b *nixexpr.File) int { return strings.Compare(a.Name, b.Name) })
	removal, err := unpin.Plan(files, pins)
	if err != nil {
		return nil, nil, err
	}
	var changes []source.Change
	for name, edits := range removal.Edits {
		out, err := f.files.Edit(name, edits)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, source.Change{File: name, Old: f.files.Source(name), New: out})
	}
	slices.SortFunc(changes, func(a, b source.Change) int { return strings.Compare(a.File, b.File) })
	return removal, changes, nil
}

// removable is a pin as package unpin takes it. Only an override of nixpkgs' package can be removed: what a pin of
// another kind leaves behind would be no package.
func (f *flake) removable(p *pin.Pin) (unpin.Pin, error) {
	const byHand = "remove it by hand"
	if p.Input() != nil {
		return unpin.Pin{}, diag.At(p.Pos, "remove pin: its source is an input of the flake", byHand)
	}
	made := unpin.Pin{}
	for _, c := range f.found.Package.Companions {
		made.Attributes = append(made.Attributes, c.Attr, c.VersionAttr)
	}
	for _, c := range f.found.Calls(p) {
		call, ok := c.Node.(*nixexpr.Apply)
		if !ok || made.File != nil && made.File != c.File {
			return made, diag.At(p.Pos, "remove pin: it is written in a way that is not known here", byHand)
		}
		made.File, made.Calls = c.File, append(made.Calls, call)
	}
	for _, id := range p.Slots() {
		s := f.found.Slot(id)
		if s.Start < s.End {
			made.Literals = append(made.Literals, unpin.Literal{
				File: s.File, Start: s.Start, End: s.End,
				What: s.Field,
			})
		}
	}
	return made, nil
}

// proveRemoval evaluates the flake without the pins: every output that showed one must be nixpkgs' own package now,
// the same derivation where nothing of an override is left.
func proveRemoval(
	ctx context.Context, b *bench, shown []shownPin, changes []source.Change, removal *unpin.Removal,
) error {
	variants := slices.Clone(b.flake.found.Package.Variants)
	q := probe.Question{State: edited(changes), System: pin.System(), Names: variants, Base: true}
	for i, p := range shown {
		q.Pins = append(q.Pins, probe.Pin{
			ID: i, Names: append([]string{}, p.Names...), Version: p.outputs[0].Recipe.Base, Marks: []string{},
		})
		for _, o := range p.outputs {
			if where := withoutPin(o); !slices.Contains(q.Only, where) {
				q.Only = append(q.Only, where)
			}
		}
	}
	q.Whole = q.Only
	a, err := b.Ask(ctx, q)
	if err != nil {
		return err
	}
	return proveAnswer(shown, a, removal)
}

// proveAnswer returns an error when the flake without the pins does not evaluate, or an output that showed one is not
// nixpkgs' own package.
func proveAnswer(shown []shownPin, a probe.Answer, removal *unpin.Removal) error {
	if a.Failure != nil && !a.NoneShown {
		return diag.At(shown[0].Pos, "remove pin: without it the flake does not evaluate: "+a.Failure.Error(),
			"remove it by hand")
	}
	for _, p := range shown {
		for _, o := range p.outputs {
			where := withoutPin(o)
			if err := proveOutput(p, a.Output(where), where, removal); err != nil {
				return err
			}
		}
	}
	return nil
}

// edited is the flake with changed files.
func edited(changes []source.Change) probe.State {
	state := probe.State{Files: map[string][]byte{}}
	for _, c := range changes {
		state.Files[c.File] = c.New
	}
	return state
}

// withoutPin is where an output is once it is nixpkgs' own package: in a list, packages go by name and version.
func withoutPin(o probe.Output) string {
	list, name, ok := strings.Cut(o.Where, ": ")
	if !ok || o.Version == "" {
		return o.Where
	}
	return list + ": " + strings.Replace(name, o.Version, o.Recipe.Base, 1)
}

// proveOutput returns an error when an output of a pin is not nixpkgs' own package.
func proveOutput(p shownPin, o probe.Output, where string, removal *unpin.Removal) error {
	recipe := o.Recipe
	wrong := func(what string) error {
		return diag.At(p.Pos, fmt.Sprintf("remove pin: without it %s would not be nixpkgs' own package: %s", where,
			what), "remove it by hand")
	}
	switch {
	case o.Where == "" && strings.HasPrefix(where, "overlay"):
		return nil // the overlay says nothing of the package any more
	case o.Where == "":
		return wrong("it does not evaluate")
	case o.Version == "" || o.Version != recipe.Base:
		return wrong(fmt.Sprintf("its version is %s, not %s", o.Version, recipe.Base))
	case o.Src != recipe.BaseSrc:
		return wrong("it has another source")
	case o.Mod != recipe.BaseMod:
		return wrong("it has other Go modules")
	case removal.Plain && !strings.Contains(where, "onfigurations.") &&
		o.Drv != "" && recipe.BaseDrv != "" && o.Drv != recipe.BaseDrv:
		return wrong("it is another derivation")
	}
	return nil
}

// noteRemoval puts a removal into the result, and warns of what it leaves behind.
func (r *run) noteRemoval(f *flake, w work, removal *unpin.Removal, res *Result) {
	res.NewVersion, res.Unpinned = string(w.to), true
	res.OldVersion = string(f.found.Oldest())
	for _, at := range removal.Empty {
		r.warn("pin", "%s: this set is empty now and can be removed as well", at)
	}
	for _, c := range w.changes {
		if len(bytes.TrimSpace(c.New)) == 0 {
			r.warn("pin", "%s: this file is empty now and can be removed as well", c.File)
		}
	}
}

// removal is the decision for the removal of pins: which release would be pinned, and why no newer one, is of no matter
// then. What is fixed is what every nixpkgs' own package has and a pin has not.
func (sel *selection) removal(shown []shownPin, states []PinInfo) text.Decision {
	d := sel.decision
	d.Dropped, d.Passed, d.Security = true, nil, nil
	pins := make([]*pin.Pin, 0, len(shown))
	for _, p := range shown {
		pins = append(pins, p.Pin)
	}
	oldest := pin.Oldest(pins)
	for _, id := range slices.Sorted(maps.Keys(sel.advisories)) {
		fixed := sel.advisories[id].FirstPatched
		if oldest != "" && version.Compare(string(oldest), fixed) < 0 && !slices.ContainsFunc(states,
			func(s PinInfo) bool { return version.Compare(s.BaseVersion, fixed) < 0 }) {
			d.Security = append(d.Security, sel.advisories[id])
		}
	}
	return d
}

// warnOfUnshown warns of the pins that a removal leaves, for no output shows them.
func (r *run) warnOfUnshown(f *flake, shown []shownPin) {
	for _, p := range f.found.Pins {
		if !slices.ContainsFunc(shown, func(s shownPin) bool { return s.Pin == p }) {
			r.warn("pin", "%s: no output of the flake shows this pin of %s; it is left as it is", p.Pos,
				cmp.Or(string(p.Version), p.Label))
		}
	}
}

// finishRemoval carries a removal out.
func (r *run) finishRemoval(ctx context.Context, b *bench, at *start, w work, d text.Decision, res *Result) error {
	if r.opts.Mode == Propose {
		if settled, err := r.standing(ctx, b.flake, at, w, res); settled || err != nil {
			return err
		}
	}
	var err error
	if w.message, err = r.removalTexts(ctx, b, w, d, res); err != nil {
		return err
	}
	return r.deliver(ctx, b, at, w, res)
}

// removalTexts is texts for a removal.
func (r *run) removalTexts(ctx context.Context, b *bench, w work, d text.Decision, res *Result) (string, error) {
	res.changed(w.changes)
	rep := text.Report{
		Package: r.pkg.Name, OldVersion: res.OldVersion, NewVersion: res.NewVersion, Decision: d,
		Tool:     text.Tool{Name: "ollama-bump", Version: r.opts.Version, URL: home},
		Try:      r.try(ctx, b.flake, w),
		Warnings: r.warnings,
	}
	rep.Proof.System = pin.System()
	rep.Proof.Facts = []string{"without the pin the package has the version, source and modules of nixpkgs' own, " +
		res.NewVersion}
	rep.Effect = r.compare(ctx, b, edited(w.changes), w.shown, &rep.Proof)
	res.Verified = verifiedOf(rep.Proof)
	rep.Redact(r.secrets.Redact)
	return r.writeTexts(ctx, rep, res)
}
