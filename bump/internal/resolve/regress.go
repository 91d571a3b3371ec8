package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// wholeState says what is known of the packages as a whole.
type wholeState int

const (
	evaluates wholeState = iota
	broken               // one did not evaluate before the bump either
)

// noteOthers remembers the outputs that look like the package at the new release, but that no pin shows in: a
// variant that takes the version from a pin and its source from somewhere else would be half moved.
func (r *resolver) noteOthers(a probe.Answer) {
	names := union(r.Found.Package.Variants)
	for _, p := range slices.Concat(r.pins, r.unshown) {
		names = union(names, p.Names)
	}
	for _, o := range a.Outputs {
		name := o.Where[strings.LastIndexByte(o.Where, '.')+1:]
		ours := o.Pname == r.Found.Package.Name || slices.Contains(names, name)
		if ours && len(o.Pins) == 0 && strings.TrimPrefix(o.Version, "v") == string(r.rel.Version) {
			r.half = append(r.half, o)
		}
	}
}

// wholes are the outputs whose packages are evaluated as a whole in the last question: one of each pin.
func (r *resolver) wholes() []string {
	if !r.placed || r.whole == broken {
		return nil
	}
	var list []string
	for _, p := range r.pins {
		if slices.ContainsFunc(p.allHashes(), (*hash).missing) {
			return nil
		}
		if len(p.Outputs) > 0 {
			list = union(list, []string{p.Outputs[0].Where})
		}
	}
	return list
}

// checkRegressions checks what the last answer showed: packages that do not evaluate as a whole, and outputs that
// were half moved. Only a suspicion costs another evaluation, of the flake as it was.
func (r *resolver) checkRegressions(ctx context.Context, q probe.Question, a probe.Answer) error {
	var wholes, suspects []string
	for _, where := range q.Whole {
		if a.Output(where).Drv == "" {
			wholes = append(wholes, where)
		}
	}
	for _, info := range r.half {
		if r.unknown(info.Src) || r.unknown(info.Mod) {
			suspects = append(suspects, info.Where)
		}
	}
	if len(wholes)+len(suspects) == 0 {
		return nil
	}
	before, err := r.evalOriginal(ctx, append(slices.Clone(wholes), suspects...))
	if err != nil {
		return err
	}
	for _, where := range wholes {
		if before.Output(where).Drv != "" {
			return r.regression(where, "it throws or an assertion fails")
		}
		if err := r.warnOfRefusal(ctx, where); err != nil {
			return err
		}
	}
	for _, info := range r.half {
		was := before.Output(info.Where)
		if was.Version == "" || was.Version == info.Version {
			continue
		}
		for _, hash := range [][2]string{{was.Src, info.Src}, {was.Mod, info.Mod}} {
			if hash[0] == hash[1] && r.unknown(hash[1]) {
				return r.pins[0].error(
					fmt.Sprintf("verify: %s gets version %s from this pin, but keeps the hash %s of %s", info.Where, info.Version,
						hash[1], was.Version),
					"give that package a version of its own, or write its source with a hash beside this one: overrideAttrs { "+
						"version = …; src = …; }")
			}
		}
	}
	return nil
}

// warnOfRefusal warns of a package that the flake's own settings forbid, in nixpkgs' own words: its hashes were found
// where everything is allowed. What it throws was caught, so it is asked for again.
func (r *resolver) warnOfRefusal(ctx context.Context, where string) error {
	q, err := r.ofPins(pin.System())
	if err != nil {
		return err
	}
	for i, p := range r.pins {
		if len(p.Outputs) == 0 || p.Outputs[0].Where != where {
			continue
		}
		q.Only, q.Build.Package = []string{where}, []int{i}
		a, err := r.ask(ctx, q)
		if err != nil {
			return err
		}
		if fail := probe.Failed(a.Failure); fail != nil && probe.Evaluation(fail) {
			r.Log(diag.Warning, "%s does not evaluate with the flake's own settings, with the bump or without it: %s", where,
				fail.Text)
		}
		break
	}
	return nil
}

// unknown reports whether a hash is one that the bump did not write.
func (r *resolver) unknown(shown string) bool {
	s, err := nix.ParseHash(shown, "sha256")
	if err != nil {
		return false
	}
	for _, p := range slices.Concat(r.pins, r.elsewhere) {
		for _, h := range p.allHashes() {
			if s.Equal(h.fake) || h.found != nil && s.Equal(*h.found) || h.inherited != nil && s.Equal(*h.inherited) {
				return false
			}
		}
	}
	return true
}

// regression is the error of a package that evaluates as the flake stands, but not after the bump.
func (r *resolver) regression(where, why string) *diag.Error {
	return r.pins[0].error(
		fmt.Sprintf("verify: %s evaluates as it is, but not with %s %s: %s", where, r.Found.Package.Name, r.rel.Version, why),
		"see what depends on the version there: names of files, conditions, assertions")
}

// brokenWhole handles an evaluation that fails in the last round. That the package did not evaluate before
// either is not the bump's doing: then the round is repeated without.
func (r *resolver) brokenWhole(ctx context.Context, a probe.Answer, fail *nix.Failure) error {
	where := a.Last
	before, err := r.evalOriginal(ctx, []string{where})
	if err != nil {
		return err
	}
	if before.Output(where).Drv != "" {
		e := r.regression(where, fail.Text)
		e.Err = fail
		return e
	}
	r.whole = broken
	r.Log(diag.Warning, "%s does not evaluate as a whole, with the bump or without it: %s", where, fail.Text)
	return nil
}

// evalOriginal evaluates outputs of the flake as it stands.
func (r *resolver) evalOriginal(ctx context.Context, places []string) (probe.Answer, error) {
	q, err := r.ofPins(pin.System())
	if err != nil {
		return probe.Answer{}, err
	}
	q.State, q.Only, q.Whole, q.Skip, q.Depth = probe.State{}, places, places, nil, probe.Sources
	return r.Asker.Ask(ctx, q)
}
