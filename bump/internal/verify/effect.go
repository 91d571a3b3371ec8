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

// Comparison is the flake as it stands and with a change.
type Comparison struct {
	Bench *probe.Bench
	After probe.State
	Shown []probe.Output // that the change is about
	Log   func(kind diag.EventKind, format string, args ...any)
}

// Effect says what the change changes in what the flake builds, and what building that takes. Nothing is
// built. What cannot be had is left out with its reason: no run fails for it.
func (c Comparison) Effect(ctx context.Context, proof *text.Proof) text.Effect {
	limit := timeFor(ctx)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	effect, err := c.compare(limited, proof)
	if err != nil && len(effect.Outputs) == 0 {
		fact(proof, "what the bump changes in packages and configurations was not evaluated: see above")
	}
	switch {
	case err != nil && errors.Is(limited.Err(), context.DeadlineExceeded):
		effect.Missing = fmt.Sprintf("it took longer than %s to evaluate and compare",
			strings.Replace(limit.String(), "m0s", "m", 1))
	case err != nil:
		effect.Missing = strings.TrimPrefix(err.Error(), "nix: ")
	case len(effect.Outputs) == 0:
		effect.Missing = fmt.Sprintf("no configuration of the flake contains it, and no package for %s", pin.System())
	}
	return effect
}

// timeFor returns how long a comparison may take: a run that has little time left needs it to finish.
func timeFor(ctx context.Context) time.Duration {
	limit := effectTime
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, (time.Until(end) / 2).Round(time.Second))
	}
	return limit
}

// compare evaluates what the flake builds, before and after, and compares the closures of the derivations.
func (c Comparison) compare(ctx context.Context, proof *text.Proof) (text.Effect, error) {
	var effect text.Effect
	c.Log(diag.Step, "compare what the flake builds with what it built before")
	var packages []string
	for _, o := range c.Shown {
		name, ok := strings.CutPrefix(o.Where, "packages."+pin.System()+".")
		if ok && !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	after, err := c.Bench.Derivations(ctx, c.After, packages)
	if err != nil {
		return effect, err
	}
	for _, name := range after.Elsewhere {
		unchecked(proof, "packages."+name, "this machine is "+pin.System())
	}
	before, err := c.Bench.Derivations(ctx, probe.State{}, packages)
	if err != nil {
		return effect, err
	}
	var closures nix.Closures
	changed := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(after.Drvs)) {
		old, updated := before.Drvs[name], after.Drvs[name]
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
			changed[name] = updated
		}
		if o.Missing != "" {
			unchecked(proof, name, o.Missing)
		}
		effect.Outputs = append(effect.Outputs, o)
	}
	effect.Plan, err = c.buildPlan(ctx, probe.Derived{Drvs: changed, NixVersion: after.NixVersion}, proof)
	return effect, err
}

func outputChange(name string, d nix.Difference) text.OutputChange {
	o := text.OutputChange{Name: name, Rebuilt: d.Rebuilt}
	for _, u := range d.Updated {
		o.Updated = append(o.Updated, text.Update{Name: u.Name, Old: u.Old, New: u.New})
	}
	return o
}

// buildPlan says what building derivations, by output, takes here; nil when there are none. What another system builds
// is of that system in the proof, too.
func (c Comparison) buildPlan(
	ctx context.Context, changed probe.Derived, proof *text.Proof,
) (*text.Plan, error) {
	if len(changed.Drvs) == 0 {
		return nil, nil
	}
	var here, elsewhere []string
	for _, name := range slices.Sorted(maps.Keys(changed.Drvs)) {
		d, err := nix.ReadDerivation(ctx, changed.Drvs[name])
		if err != nil {
			return nil, err
		}
		if d.System == pin.System() {
			here = append(here, changed.Drvs[name])
		} else {
			elsewhere = append(elsewhere, name)
			builtFor(proof, name, d.System)
		}
	}
	if len(here) == 0 {
		return &text.Plan{Missing: fmt.Sprintf("all of it is built on other systems than %s", pin.System())}, nil
	}
	plan, err := c.Bench.Plan(ctx, here, changed.NixVersion)
	if err != nil {
		return nil, err
	}
	return &text.Plan{
		Builds: plan.Builds, Build: plan.Names(), Fetch: plan.Fetches, Download: plan.Download,
		Unpacked: plan.Unpacked, Elsewhere: elsewhere,
	}, nil
}
