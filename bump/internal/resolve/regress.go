package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// others are the outputs that look like the package at the new release, but that no pin shows in: a
// variant that takes the version from a pin and its source from somewhere else would be half moved.
func (s *state) others(outputs []probe.Output) []probe.Output {
	var half []probe.Output
	names := pin.Union(s.Found.Package.Variants)
	for _, p := range slices.Concat(s.pins, s.unshown) {
		names = pin.Union(names, p.Names)
	}
	for _, o := range outputs {
		name := o.Where[strings.LastIndexByte(o.Where, '.')+1:]
		ours := o.Pname == s.Found.Package.Name || slices.Contains(names, name)
		if ours && len(o.Pins) == 0 && strings.TrimPrefix(o.Version, "v") == string(s.Release.Version) {
			half = append(half, o)
		}
	}
	return half
}

// checkRegressions checks what the last answer showed: packages that do not evaluate as a whole, and outputs that
// were half moved. Only a suspicion costs another evaluation, of the flake as it was.
func (s *state) checkRegressions(r asked) (request, error) {
	var now compared
	var suspects []string
	for _, where := range r.q.Whole {
		if r.a.Output(where).Drv == "" {
			now.wholes = append(now.wholes, where)
		}
	}
	if r.q.All {
		now.half = s.others(s.allOutputs(r.q, r.a.Answer))
	}
	for _, o := range now.half {
		if s.unknown(o.Src) || s.unknown(o.Mod) {
			suspects = append(suspects, o.Where)
		}
	}
	if len(now.wholes)+len(suspects) == 0 {
		return nil, nil
	}
	return s.askOriginal(slices.Concat(now.wholes, suspects), now)
}

// askOriginal evaluates outputs of the flake as it stands.
func (s *state) askOriginal(outputs []string, then phase) (request, error) {
	q, err := s.ofPins(pin.System())
	q.State, q.Only, q.Whole, q.Skip, q.Depth = probe.State{}, outputs, outputs, nil, probe.Sources
	s.phase = then
	return ask{q}, err
}

// compared compares what the last answer showed with the flake as it stands.
type compared struct {
	wholes []string       // packages that do not evaluate as a whole
	half   []probe.Output // outputs at the release that no pin shows in
}

func (c compared) proceed(s *state, before answer) (request, error) {
	for _, where := range c.wholes {
		if before.Output(where).Drv != "" {
			return nil, s.regression(where, "it throws or an assertion fails")
		}
	}
	for _, o := range c.half {
		was := before.Output(o.Where)
		if was.Version == "" || was.Version == o.Version {
			continue
		}
		for _, hash := range [][2]string{{was.Src, o.Src}, {was.Mod, o.Mod}} {
			if hash[0] == hash[1] && s.unknown(hash[1]) {
				return nil, s.pins[0].error(
					fmt.Sprintf("verify: %s gets version %s from this pin, but keeps the hash %s of %s",
						o.Where, o.Version, hash[1], was.Version),
					"give that package a version of its own, or write its source with a hash beside this one: "+
						"overrideAttrs { version = …; src = …; }")
			}
		}
	}
	return refused{c.wholes}.next(s)
}

// refused warns of packages that the flake's own settings forbid, in nixpkgs' own words: their hashes were found where
// everything is allowed. What they throw was caught, so they are asked for again.
type refused struct{ wholes []string }

func (r refused) next(s *state) (request, error) {
	for i, where := range r.wholes {
		at := slices.IndexFunc(s.pins, func(p *Move) bool { return p.shown() && p.Outputs[0].Where == where })
		if at < 0 {
			continue
		}
		q, err := s.ofPins(pin.System())
		q.Only, q.Build.Package = []string{where}, []int{at}
		s.phase = refused{r.wholes[i:]}
		return ask{q}, err
	}
	return nil, nil
}

func (r refused) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	if fail := probe.Failed(a.Failure); fail != nil && probe.Evaluation(fail) {
		s.say(diag.Warning, "%s does not evaluate with the flake's own settings, with the bump or without it: %s",
			r.wholes[0], fail.Text)
	}
	return refused{r.wholes[1:]}.next(s)
}

// unknown reports whether a hash is one that the bump did not write.
func (s *state) unknown(shown string) bool {
	known, err := nixhash.Parse(shown, "sha256")
	if err != nil {
		return false
	}
	for _, p := range slices.Concat(s.pins, s.elsewhere) {
		for _, h := range p.allHashes() {
			if h.is(shown) || h.inherited != nil && known.Equal(*h.inherited) {
				return false
			}
		}
	}
	return true
}

// regression is the error of a package that evaluates as the flake stands, but not after the bump.
func (s *state) regression(where, why string) *diag.Error {
	return s.pins[0].error(
		fmt.Sprintf("verify: %s evaluates as it is, but not with %s %s: %s",
			where, s.Found.Package.Name, s.Release.Version, why),
		"see what depends on the version there: names of files, conditions, assertions")
}

// fails is a failure of the last round. That the package did not evaluate before either is not the bump's doing: then
// the round is repeated without.
type fails struct {
	where string
	fail  *nix.Failure
}

func (f fails) proceed(s *state, before answer) (request, error) {
	if before.Output(f.where).Drv != "" {
		e := s.regression(f.where, f.fail.Text)
		e.Err = f.fail
		return nil, e
	}
	s.noWhole = true
	s.say(diag.Warning, "%s does not evaluate as a whole, with the bump or without it: %s", f.where, f.fail.Text)
	return s.nextRound()
}
