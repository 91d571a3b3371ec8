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
	"github.com/nixtars/ollama-bump/bump/internal/unpin/edit"
)

// prove evaluates the flake without the pins: every output that showed one must be nixpkgs' own package now,
// the same derivation where nothing of an override is left.
func (f *Flake) prove(
	ctx context.Context, shown []probe.Shown, changes []source.Change, plan *edit.Removal,
) error {
	variants := slices.Clone(f.Found.Package.Variants)
	q := probe.Question{State: edited(changes), System: pin.System(), Names: variants, Base: true}
	for i, p := range shown {
		q.Pins = append(q.Pins, probe.Pin{
			ID: i, Names: append([]string{}, p.Names...), Version: p.Outputs[0].Recipe.Base, Marks: []string{},
		})
		for _, o := range p.Outputs {
			if where := withoutPin(o); !slices.Contains(q.Only, where) {
				q.Only = append(q.Only, where)
			}
		}
	}
	q.Whole = q.Only
	a, err := f.Asker.Ask(ctx, q)
	if err != nil {
		return err
	}
	return proveAnswer(shown, a, plan)
}

// proveAnswer returns an error when the flake without the pins does not evaluate, or an output that showed one is not
// nixpkgs' own package.
func proveAnswer(shown []probe.Shown, a probe.Answer, plan *edit.Removal) error {
	if a.Failure != nil && !a.NoneShown {
		return diag.At(shown[0].Pos, "remove pin: without it the flake does not evaluate: "+a.Failure.Error(),
			"remove it by hand")
	}
	for _, p := range shown {
		for _, o := range p.Outputs {
			where := withoutPin(o)
			if err := proveOutput(p, a.Output(where), where, plan); err != nil {
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
func proveOutput(p probe.Shown, o probe.Output, where string, plan *edit.Removal) error {
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
	case plan.Plain && !strings.Contains(where, "onfigurations.") &&
		o.Drv != "" && recipe.BaseDrv != "" && o.Drv != recipe.BaseDrv:
		return wrong("it is another derivation")
	}
	return nil
}
