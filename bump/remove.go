package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/unpin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// unpin removes the pins when nixpkgs has overtaken all of them. Done is false when there is something else to do,
// a bump perhaps: a pin is still needed, a comment holds it, or it cannot be removed by a program.
func (j *job) unpin(ctx context.Context) (done bool, err error) {
	if j.opts.Mode == Write {
		if err := j.writable(); err != nil {
			return false, err
		}
	}
	j.stage = "pin"
	if err := j.openBench(ctx); err != nil {
		return false, err
	}
	shown, err := j.present(ctx)
	if err != nil || len(shown) == 0 {
		return false, err
	}
	states := j.noteStates(shown)
	if slices.ContainsFunc(states, func(s PinInfo) bool { return s.PinState != CaughtUp && s.PinState != HoldingBack }) {
		return false, nil
	}
	if held, err := j.heldBack(states); held || err != nil {
		return false, err
	}
	removal, changes, err := j.planRemoval()
	if err == nil {
		err = j.proveRemoval(ctx, shown, changes, removal)
	}
	var obstacle *diag.Error
	if errors.As(err, &obstacle) && ctx.Err() == nil {
		j.warn("pin", "nixpkgs has %s %s, but the pin was not removed: %s; %s", j.pkg.Name, states[0].BaseVersion, obstacle, obstacle.Hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, j.finishRemoval(ctx, states, removal, changes)
}

// present evaluates the flake as it stands and returns the pins that its outputs show.
func (j *job) present(ctx context.Context) ([]shownPin, error) {
	q := probe.Question{System: pin.System(), Names: slices.Clone(j.pkg.Variants)}
	for i, p := range j.found.Pins {
		pp := probe.Pin{ID: i, Names: append([]string{}, p.Names...), Version: p.Shown(p.Version), Marks: []string{}}
		for _, h := range p.AllFetches() {
			if old, ok := h.Old(); ok {
				pp.Marks = append(pp.Marks, old.SRI(), j.found.Slot(h.Slot).Old)
			}
		}
		q.Pins = append(q.Pins, pp)
		q.Names = append(q.Names, p.Names...)
	}
	a, err := j.bench.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	var shown []shownPin
	for i, p := range j.found.Pins {
		if outputs := a.Shown(i); len(outputs) > 0 {
			shown = append(shown, shownPin{p, outputs})
		}
	}
	if f := probe.Failed(a.Failure); f != nil && len(shown) == 0 && !a.NoneShown {
		return nil, j.bench.Explain(a.Failure)
	}
	return shown, nil
}

// heldBack reports whether a comment in force rules out the version that removing a pin would give, and says so.
func (j *job) heldBack(states []PinInfo) (bool, error) {
	holds, err := j.holds()
	if err != nil {
		return false, err
	}
	for _, hold := range holds {
		for _, s := range states {
			if hold.InForce(j.start) && !hold.Allows(version.Version(s.BaseVersion)) {
				j.warn("pin", "nixpkgs has %s %s, but the pin stays: %s:%d: %s", j.pkg.Name, s.BaseVersion, hold.File, hold.Line, hold.Quote)
				return true, nil
			}
		}
	}
	return false, nil
}

// planRemoval works out the files without the pins. What stands in the way is a *diag.Error.
func (j *job) planRemoval() (*unpin.Removal, []tree.Change, error) {
	var pins []unpin.Pin
	for _, p := range j.found.Pins {
		made, err := j.removable(p)
		if err != nil {
			return nil, nil, err
		}
		pins = append(pins, made)
	}
	files := make([]*nixexpr.File, 0, len(j.files.Nix))
	for _, f := range j.files.Nix {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *nixexpr.File) int { return strings.Compare(a.Name, b.Name) })
	removal, err := unpin.Plan(files, pins)
	if err != nil {
		return nil, nil, err
	}
	var changes []tree.Change
	for name, edits := range removal.Edits {
		out, err := j.files.Edit(name, edits)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, tree.Change{File: name, Old: j.files.Source(name), New: out})
	}
	slices.SortFunc(changes, func(a, b tree.Change) int { return strings.Compare(a.File, b.File) })
	return removal, changes, nil
}

// removable is a pin as package unpin takes it. Only an override of nixpkgs' package can be removed: what a pin of
// another kind leaves behind would be no package.
func (j *job) removable(p *pin.Pin) (unpin.Pin, error) {
	const byHand = "remove it by hand"
	if p.Input() != nil {
		return unpin.Pin{}, diag.At(p.Pos, "remove pin: its source is an input of the flake", byHand)
	}
	made := unpin.Pin{}
	for _, c := range j.pkg.Companions {
		made.Attributes = append(made.Attributes, c.Attr, c.VersionAttr)
	}
	for _, c := range j.found.Calls(p) {
		call, ok := c.Node.(*nixexpr.Apply)
		if !ok || made.File != nil && made.File != c.File {
			return made, diag.At(p.Pos, "remove pin: it is written in a way that is not known here", byHand)
		}
		made.File, made.Calls = c.File, append(made.Calls, call)
	}
	for _, id := range p.Slots() {
		s := j.found.Slot(id)
		if s.Start < s.End {
			made.Literals = append(made.Literals, unpin.Literal{File: s.File, Start: s.Start, End: s.End, What: s.Field})
		}
	}
	return made, nil
}

// proveRemoval evaluates the flake without the pins: every output that showed one must be nixpkgs' own package now,
// the same derivation where nothing of an override is left.
func (j *job) proveRemoval(ctx context.Context, shown []shownPin, changes []tree.Change, removal *unpin.Removal) error {
	state := probe.State{Files: map[string][]byte{}}
	for _, c := range changes {
		state.Files[c.File] = c.New
	}
	q := probe.Question{State: state, System: pin.System(), Names: slices.Clone(j.pkg.Variants), Base: true}
	for i, p := range shown {
		q.Pins = append(q.Pins, probe.Pin{ID: i, Names: append([]string{}, p.Names...), Version: p.outputs[0].Recipe.Base, Marks: []string{}})
		for _, o := range p.outputs {
			if where := withoutPin(o); !slices.Contains(q.Only, where) {
				q.Only = append(q.Only, where)
			}
		}
	}
	q.Whole = q.Only
	a, err := j.bench.Ask(ctx, q)
	if err != nil {
		return err
	}
	for _, p := range shown {
		for _, o := range p.outputs {
			where := withoutPin(o)
			if err := j.proveOutput(p, a.Output(where), where, removal); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutPin is where an output is once it is nixpkgs' own package: in a list, packages go by name and version.
func withoutPin(o probe.Output) string {
	list, name, ok := strings.Cut(o.Where, ": ")
	if !ok || o.Version == "" {
		return o.Where
	}
	return list + ": " + strings.Replace(name, o.Version, o.Recipe.Base, 1)
}

func (j *job) proveOutput(p shownPin, o probe.Output, where string, removal *unpin.Removal) error {
	r := o.Recipe
	wrong := func(what string) error {
		return diag.At(p.Pos, fmt.Sprintf("remove pin: without it %s would not be nixpkgs' own package: %s", where, what), "remove it by hand")
	}
	switch {
	case o.Where == "" && strings.HasPrefix(where, "overlay"):
		return nil // the overlay says nothing of the package any more
	case o.Where == "":
		return wrong("it does not evaluate")
	case o.Version == "" || o.Version != r.Base:
		return wrong(fmt.Sprintf("its version is %s, not %s", o.Version, r.Base))
	case o.Src != r.BaseSrc:
		return wrong("it has another source")
	case o.Mod != r.BaseMod:
		return wrong("it has other Go modules")
	case removal.Plain && !strings.Contains(where, "onfigurations.") && o.Drv != "" && r.BaseDrv != "" && o.Drv != r.BaseDrv:
		return wrong("it is another derivation")
	}
	return nil
}

// finishRemoval writes the result of a removal, and carries it out.
func (j *job) finishRemoval(ctx context.Context, states []PinInfo, removal *unpin.Removal, changes []tree.Change) error {
	base := states[0].BaseVersion
	j.removal, j.changed = version.Version(base), changes
	j.result.NewVersion, j.result.Unpinned = base, true
	j.result.OldVersion = string(j.found.Oldest())
	j.rep.Decision.Dropped = true
	for _, at := range removal.Empty {
		j.warn("pin", "%s: nothing is left in this set; it may go as well", at)
	}
	for _, c := range changes {
		if len(bytes.TrimSpace(c.New)) == 0 {
			j.warn("pin", "%s: nothing is left in this file; it may go as well", c.File)
		}
	}
	if j.opts.Mode == Propose {
		if settled, err := j.standing(ctx); settled || err != nil {
			return err
		}
	}
	if err := j.reportRemoval(ctx); err != nil {
		return err
	}
	switch j.opts.Mode {
	case DryRun:
		j.result.Status = Available
		return nil
	case Write:
		return j.write(ctx, j.ws)
	}
	return j.propose(ctx)
}

func (j *job) reportRemoval(ctx context.Context) error {
	var diff strings.Builder
	for _, c := range j.changed {
		j.result.Files = append(j.result.Files, FileChange{Path: c.File, Edits: []Edit{}})
		diff.WriteString(text.Diff(c.File, c.Old, c.New))
	}
	j.result.Diff = diff.String()
	j.rep.Package = j.pkg.Name
	j.rep.OldVersion, j.rep.NewVersion = j.result.OldVersion, j.result.NewVersion
	j.rep.Tool = text.Tool{Name: "ollama-bump", Version: j.opts.Version, URL: home}
	j.rep.Proof.System = pin.System()
	j.rep.Proof.Facts = append(j.rep.Proof.Facts, fmt.Sprintf("without the pin the package has the version, source and modules of nixpkgs' own, %s", j.result.NewVersion))
	j.rep.Try.Rebase = j.opts.Mode != Write
	j.rep.Warnings = j.result.Warnings
	j.rep.Redact(j.secrets.Exact)
	return j.writeTexts(ctx)
}
