package unpin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// proof is what is proved of pins that outputs show.
type proof struct {
	shown   []probe.Shown
	whole   []bool      // by pin: nothing of an overrideAttrs is left
	removed probe.State // the flake without the pins
	trail   probe.State // the same, in which packages say where they come from; see edit.Removal
}

// sameness is how much of an output is nixpkgs' own package.
type sameness int

const (
	sameSources    sameness = iota // version, source and modules
	sameOverride                   // the derivation, of the same .override
	sameDerivation                 // the derivation
)

// prove evaluates the flake without the pins and notes what that proves. Every output that showed one must be nixpkgs'
// own package now: the same derivation, with .override left that of the same one. Only where other attributes are left
// the version, the source and the modules must do.
func (f *Flake) prove(ctx context.Context, p proof, made *Removal) error {
	a, err := f.evaluate(ctx, p, p.removed)
	if err != nil {
		return err
	}
	if a.Failure != nil && !a.NoneShown {
		return diag.At(p.shown[0].Pos, "remove pin: without it the flake does not evaluate: "+a.Failure.Error(),
			byHand)
	}
	if !p.isBase(a) && len(p.trail.Files) > 0 {
		trail, err := f.evaluate(ctx, p, p.trail)
		if err != nil {
			return err
		}
		p.learn(&a, trail)
	}
	made.NixVersion = a.NixVersion
	return p.note(a, made)
}

// evaluate evaluates the outputs that showed pins in a state without them.
func (f *Flake) evaluate(ctx context.Context, p proof, state probe.State) (probe.Answer, error) {
	variants := slices.Clone(f.Found.Package.Variants)
	q := probe.Question{State: state, System: pin.System(), Names: variants, Base: true}
	for i, s := range p.shown {
		q.Pins = append(q.Pins, probe.Pin{
			ID: i, Names: append([]string{}, s.Names...), Version: s.Outputs[0].Recipe.Base, Marks: []string{},
		})
		for _, o := range s.Outputs {
			if where := withoutPin(o); !slices.Contains(q.Only, where) {
				q.Only = append(q.Only, where)
			}
		}
	}
	q.Whole = q.Only
	return f.Asker.Ask(ctx, q)
}

// isBase reports whether every output is the derivation that nixpkgs' own package is.
func (p proof) isBase(a probe.Answer) bool {
	for _, s := range p.shown {
		for _, o := range s.Outputs {
			if o = a.Output(withoutPin(o)); o.Where != "" && !isBase(o) {
				return false
			}
		}
	}
	return true
}

// isBase reports whether an output is the derivation that nixpkgs' own package is.
func isBase(o probe.Output) bool { return o.Drv != "" && o.Drv == o.Recipe.BaseDrv }

// learn takes over from the flake with trails what a derivation is the same as, where it is the same derivation there.
func (p proof) learn(a *probe.Answer, trail probe.Answer) {
	for i := range a.Outputs {
		o := &a.Outputs[i]
		if t := trail.Output(o.Where); !isBase(*o) && isBase(t) && t.Drv == o.Drv {
			o.Recipe.BaseDrv, o.Recipe.Overridden = t.Recipe.BaseDrv, t.Recipe.Overridden
		}
	}
}

// note says what an answer proves, or returns what it does not.
func (p proof) note(a probe.Answer, made *Removal) error {
	proved := map[string][]string{} // outputs, by what was proved of them
	var order []string
	for i, s := range p.shown {
		for _, o := range s.Outputs {
			where := withoutPin(o)
			o = a.Output(where)
			if o.Where == "" && strings.HasPrefix(where, "overlay") {
				continue // the overlay says nothing of the package any more
			}
			same, err := proveOutput(s, o, where, p.whole[i])
			if err != nil {
				return err
			}
			what := fmt.Sprintf(same.text(), o.Version)
			if proved[what] == nil {
				order = append(order, what)
			}
			if !slices.Contains(made.Outputs, where) {
				made.Outputs = append(made.Outputs, where)
				proved[what] = append(proved[what], where)
			}
		}
	}
	for _, what := range order {
		outputs := strings.Join(diag.Limit(proved[what], 6), ", ")
		made.Facts = append(made.Facts, fmt.Sprintf("without the pin, %s %s", outputs, what))
	}
	return nil
}

// text is what follows the outputs, with the version.
func (s sameness) text() string {
	switch s {
	case sameDerivation:
		return "is the same derivation as nixpkgs' own %s"
	case sameOverride:
		return "is the same derivation as nixpkgs' own %s with the same .override"
	}
	return "has the version, source and modules of nixpkgs' own %s; what else the override sets is left"
}

// proveOutput returns how much of an output of a pin is nixpkgs' own package, or an error when that is not enough.
func proveOutput(p probe.Shown, o probe.Output, where string, whole bool) (sameness, error) {
	recipe := o.Recipe
	wrong := func(format string, args ...any) (sameness, error) {
		return 0, diag.At(p.Pos, fmt.Sprintf("remove pin: without it %s would not be nixpkgs' own package: %s", where,
			fmt.Sprintf(format, args...)), byHand)
	}
	switch {
	case o.Where == "":
		return wrong("it does not evaluate")
	case o.Version == "" || o.Version != recipe.Base:
		return wrong("its version is %s, not %s", o.Version, recipe.Base)
	case isBase(o) && recipe.Overridden > 0:
		return sameOverride, nil
	case isBase(o):
		return sameDerivation, nil
	case o.Drv == "": // what is left of the override may not fit to nixpkgs' version
		return wrong("it does not evaluate")
	case o.Src == "" && recipe.BaseSrc == "":
		return wrong("the hash of neither source is known")
	case o.Src != recipe.BaseSrc:
		return wrong("it has another source")
	case o.Mod != recipe.BaseMod:
		return wrong("it has other Go modules")
	case whole:
		return wrong("it is another derivation, of the same version, source and modules: something else in the flake " +
			"changes it")
	}
	return sameSources, nil
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
