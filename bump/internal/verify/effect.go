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
	effect, changed, err := c.compare(limited, proof)
	if err != nil && len(effect.Outputs) == 0 {
		fact(proof, "packages and configurations were not compared with what they were: *What changes* says why")
	}
	switch {
	case err != nil:
		effect.Missing = reason(limited, limit, err)
	case len(effect.Outputs) == 0:
		effect.Missing = "no configuration of the flake contains the package, and the flake has none for " +
			pin.System()
	}
	if effect.Plan, err = c.buildPlan(limited, changed, proof); err != nil {
		effect.Plan = &text.Plan{Missing: reason(limited, limit, err)}
	}
	return effect
}

// reason says why a comparison ended, which took limit at most.
func reason(limited context.Context, limit time.Duration, err error) string {
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		if limit%time.Minute == 0 {
			return fmt.Sprintf("it took longer than %d minutes", limit/time.Minute)
		}
		return fmt.Sprintf("it took longer than %s", limit)
	}
	if why, ok := strings.CutPrefix(err.Error(), "nix: "); ok {
		return "Nix failed: " + why
	}
	return err.Error()
}

// timeFor returns how long a comparison may take: a run that has little time left needs it to finish.
func timeFor(ctx context.Context) time.Duration {
	limit := effectTime
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, (time.Until(end) / 2).Round(time.Second))
	}
	return limit
}

// compare evaluates what the flake builds, before and after, and compares the closures of the derivations. It returns
// the new derivations of the outputs that changed, too.
func (c Comparison) compare(ctx context.Context, proof *text.Proof) (text.Effect, probe.Derived, error) {
	var effect text.Effect
	changed := probe.Derived{Drvs: map[string]string{}}
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
		return effect, changed, err
	}
	for _, name := range after.Elsewhere {
		unchecked(proof, "packages."+name, "this machine is "+pin.System())
	}
	before, err := c.Bench.Derivations(ctx, probe.State{}, packages)
	if err != nil {
		return effect, changed, err
	}
	var closures nix.Closures
	changed.NixVersion = after.NixVersion
	for _, name := range slices.Sorted(maps.Keys(after.Drvs)) {
		old, updated := before.Drvs[name], after.Drvs[name]
		o := text.OutputChange{Name: name}
		switch {
		case old == updated && old != "":
			continue // the package is not in there
		case old == "" && updated == "":
			o.Missing = "it does not evaluate, with or without this change"
		case old == "":
			o.Missing = "it does not evaluate without this change"
		case updated == "":
			o.Missing = "it does not evaluate with this change"
		default:
			d, err := closures.Compare(ctx, old, updated)
			if err != nil {
				return effect, changed, err
			}
			o = outputChange(name, d)
			record(proof, name, text.Evaluated)
			changed.Drvs[name] = updated
		}
		if o.Missing != "" {
			unchecked(proof, name, o.Missing)
		}
		effect.Outputs = append(effect.Outputs, o)
	}
	return effect, changed, nil
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
		return &text.Plan{Elsewhere: elsewhere}, nil
	}
	plan, err := c.Bench.Plan(ctx, here, changed.NixVersion)
	if err != nil {
		return nil, err
	}
	return &text.Plan{
		Builds: plan.Builds, Build: plan.Names(ctx), Fetch: plan.Fetches, Download: plan.Download,
		Unpacked: plan.Unpacked, Elsewhere: elsewhere,
	}, nil
}
