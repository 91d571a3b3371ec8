package bump

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// effectTime bounds what is spent to say what a bump changes: evaluating a large flake twice takes a minute.
const effectTime = 5 * time.Minute

// effect says what the bump changes in what the flake builds, and what building that takes. Nothing is
// built. It is for whoever reviews a pull request; other runs do without, where no evaluation of every
// configuration was asked for. What cannot be had is left out with its reason: no bump fails for it.
func (j *job) effect(ctx context.Context) text.Effect {
	if j.opts.Mode != Propose && j.opts.Verify == VerifyHashes {
		return text.Effect{}
	}
	limited, cancel := context.WithTimeout(ctx, effectTime)
	defer cancel()
	effect, err := j.compare(limited)
	switch {
	case err != nil && errors.Is(limited.Err(), context.DeadlineExceeded):
		effect.Missing = fmt.Sprintf("it took longer than %s to evaluate and compare", effectTime)
	case err != nil:
		effect.Missing = strings.TrimPrefix(err.Error(), "nix: ")
	}
	return effect
}

// compare evaluates what the flake builds, before and after, and compares the closures of the derivations.
func (j *job) compare(ctx context.Context) (text.Effect, error) {
	var effect text.Effect
	j.stage = "verify"
	j.say(Step, "verify", "compare what the flake builds with what it built before")
	after, err := j.derivations(ctx)
	if err != nil {
		return effect, err
	}
	before, err := j.derivationsBefore(ctx)
	if err != nil {
		return effect, err
	}
	var closures nix.Closures
	var changed []string
	for _, name := range sortedKeys(after) {
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
			j.checked(name, text.Evaluated)
			changed = append(changed, updated)
		}
		effect.Outputs = append(effect.Outputs, o)
	}
	effect.Plan, err = j.buildPlan(ctx, changed)
	return effect, err
}

func outputChange(name string, d nix.Difference) text.OutputChange {
	o := text.OutputChange{Name: name, Rebuilt: d.Rebuilt}
	for _, u := range d.Updated {
		o.Updated = append(o.Updated, text.Update{Name: u.Name, Old: u.Old, New: u.New})
	}
	return o
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// derivations returns the derivations of the packages that show a pin and of every configuration, by
// output; "" for one that throws.
func (j *job) derivations(ctx context.Context) (map[string]string, error) {
	r := j.hashes
	prefix := "packages." + pin.System() + "."
	r.probe.req.Compare = []string{}
	for _, p := range r.pins {
		for _, info := range r.where[p] {
			if name, ok := strings.CutPrefix(info.Where, prefix); ok {
				r.probe.req.Compare = union(r.probe.req.Compare, []string{name})
			}
		}
	}
	if err := r.probe.prepare(ctx); err != nil {
		return nil, err
	}
	out, err := r.probe.eval(ctx, "derivations")
	if err != nil {
		return nil, err
	}
	var byKind map[string]map[string]*string
	if err := json.Unmarshal(out, &byKind); err != nil {
		return nil, fmt.Errorf("read derivations: %w", err)
	}
	all := map[string]string{}
	for name := range byKind["elsewhere"] {
		j.unchecked("packages."+name, "this machine is "+pin.System())
	}
	delete(byKind, "elsewhere")
	for kind, set := range byKind {
		for name, drv := range set {
			if kind == "packages" {
				name = pin.System() + "." + name
			}
			all[kind+"."+name] = ""
			if drv != nil {
				all[kind+"."+name] = *drv
			}
		}
	}
	return all, nil
}

// derivationsBefore is derivations of the flake as it stands. The candidate holds the bump again when it
// returns.
func (j *job) derivationsBefore(ctx context.Context) (all map[string]string, err error) {
	cand := j.hashes.cand
	originals, err := j.originals(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		for name, content := range cand.now {
			err = errors.Join(err, cand.put(name, content))
		}
	}()
	for name := range cand.now {
		if err := cand.put(name, originals[name]); err != nil {
			return nil, err
		}
	}
	return j.derivations(ctx)
}

// buildPlan says what building derivations takes here; nil when nothing changed.
func (j *job) buildPlan(ctx context.Context, derivations []string) (*text.Plan, error) {
	p := j.hashes.probe
	request := nix.BuildRequest{DryRun: true}
	for _, drv := range derivations {
		d, err := nix.ReadDerivation(drv)
		if err != nil {
			return nil, err
		}
		if d.System == pin.System() {
			request.Installables = append(request.Installables, p.outputsOf(drv))
		}
	}
	if len(request.Installables) == 0 {
		return nil, nil
	}
	report, err := p.run.Build(ctx, request)
	if err != nil {
		return nil, err
	}
	plan := report.Plan
	return &text.Plan{Builds: plan.Builds, Build: plan.Names(), Fetch: plan.Fetches, Download: plan.Download, Unpacked: plan.Unpacked}, nil
}
