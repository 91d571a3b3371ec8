package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// effectTime bounds what is spent to say what a bump changes: evaluating a large flake twice takes a minute.
const effectTime = 5 * time.Minute

// Effect says what the bump changes in what the flake builds, and what building that takes. Nothing is
// built. What cannot be had is left out with its reason: no bump fails for it.
func (c Check) Effect(ctx context.Context, proof *text.Proof) text.Effect {
	limited, cancel := context.WithTimeout(ctx, effectTime)
	defer cancel()
	effect, err := c.compare(limited, proof)
	switch {
	case err != nil && errors.Is(limited.Err(), context.DeadlineExceeded):
		effect.Missing = fmt.Sprintf("it took longer than %s to evaluate and compare", effectTime)
	case err != nil:
		effect.Missing = strings.TrimPrefix(err.Error(), "nix: ")
	}
	return effect
}

// compare evaluates what the flake builds, before and after, and compares the closures of the derivations.
func (c Check) compare(ctx context.Context, proof *text.Proof) (text.Effect, error) {
	var effect text.Effect
	c.Log(diag.Step, "compare what the flake builds with what it built before")
	var packages []string
	for _, p := range c.Solution.Moves {
		for _, o := range p.Outputs {
			name, ok := strings.CutPrefix(o.Where, "packages."+pin.System()+".")
			if ok && !slices.Contains(packages, name) {
				packages = append(packages, name)
			}
		}
	}
	after, elsewhere, err := c.Bench.Derivations(ctx, c.Solution.State, packages)
	if err != nil {
		return effect, err
	}
	for _, name := range elsewhere {
		unchecked(proof, "packages."+name, "this machine is "+pin.System())
	}
	before, _, err := c.Bench.Derivations(ctx, probe.State{}, packages)
	if err != nil {
		return effect, err
	}
	var closures nix.Closures
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		old, updated := before[name], after[name]
		o := text.OutputChange{Name: name}
		switch {
		case old == updated && old != "":
			continue // the package is not in there
		case old == "" && updated == "":
			o.Missing = "it does not evaluate, with the bump or without it"
		case old == "":
			o.Missing = "it does not evaluate without the bump"
		case updated == "":
			o.Missing = "it does not evaluate with the bump"
		default:
			d, err := closures.Compare(ctx, old, updated)
			if err != nil {
				return effect, err
			}
			o = outputChange(name, d)
			record(proof, name, text.Evaluated)
			changed = append(changed, updated)
		}
		if o.Missing != "" {
			unchecked(proof, name, o.Missing)
		}
		effect.Outputs = append(effect.Outputs, o)
	}
	effect.Plan, err = c.buildPlan(ctx, changed)
	return effect, err
}

func outputChange(name string, d nix.Difference) text.OutputChange {
	o := text.OutputChange{Name: name, Rebuilt: d.Rebuilt}
	for _, u := range d.Updated {
		o.Updated = append(o.Updated, text.Update{Name: u.Name, Old: u.Old, New: u.New})
	}
	return o
}

// buildPlan says what building derivations takes here; nil when nothing changed.
func (c Check) buildPlan(ctx context.Context, derivations []string) (*text.Plan, error) {
	plan, ok, err := c.Bench.Plan(ctx, derivations)
	if err != nil || !ok {
		return nil, err
	}
	return &text.Plan{
		Builds: plan.Builds, Build: plan.Names(), Fetch: plan.Fetches, Download: plan.Download,
		Unpacked: plan.Unpacked,
	}, nil
}
