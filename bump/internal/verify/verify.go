// Package verify proves a bump beyond its hashes, which finding them has proved: they build, and every output that
// shows a pin carries them.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Level says how far a bump is verified.
type Level int

// The levels.
const (
	Hashes Level = iota // every hash builds and the package carries it
	Eval                // and every configuration that contains the package evaluates
	Build               // and the package builds, and says its version
)

// Check is what to verify, and with what.
type Check struct {
	Bench    *probe.Bench
	Package  *pin.Package
	Solution *resolve.Solution
	Level    Level
	Build    []string // outputs that are built, other than the packages that move
	Log      func(kind diag.EventKind, format string, args ...any)
}

// Run verifies a solution and returns what was proved.
func (c Check) Run(ctx context.Context) (text.Proof, error) {
	proof := text.Proof{NixVersion: c.Solution.NixVersion, System: pin.System()}
	c.hashes(&proof)
	if c.Level >= Eval {
		if err := c.evaluate(ctx, &proof); err != nil {
			return proof, err
		}
	}
	if c.Level >= Build {
		if err := c.build(ctx, &proof); err != nil {
			return proof, err
		}
	}
	return proof, nil
}

// hashes says what finding the hashes has proved.
func (c Check) hashes(proof *text.Proof) {
	var shown []string
	for _, p := range c.Solution.Moves {
		for _, o := range p.Outputs {
			if !slices.Contains(shown, o.Where) {
				shown = append(shown, o.Where)
			}
			if o.Drv != "" {
				record(proof, o.Where, text.Evaluated)
			} else {
				unchecked(proof, o.Where, "only its version and hashes were compared")
			}
		}
	}
	if len(shown) > 0 {
		fact(proof, "evaluated to version %s with the new hashes: `%s`", c.Solution.Version,
			strings.Join(diag.Limit(shown, 12), "`, `"))
	}
	if c.Solution.Has(resolve.Nix) {
		fact(proof, "every source and module download builds with its new hash; each hash was found with a fake one "+
			"in its place")
	}
	if c.Solution.Has(resolve.Digest) {
		fact(proof, "hashes of release assets are the digests that the release lists; the files were not downloaded")
	}
	if c.Solution.Has(resolve.SameFetch) {
		fact(proof, "hashes of unpacked archives for other systems were found by the same fetch, built for %s",
			pin.System())
	}
}

// record says how far an output was checked; the strongest level counts.
func record(proof *text.Proof, attr string, level text.Level) {
	for i := range proof.Checks {
		if proof.Checks[i].Attr == attr {
			if proof.Checks[i].Level != text.Ran && proof.Checks[i].Level != text.Built {
				proof.Checks[i].Level, proof.Checks[i].Why = level, ""
			}
			return
		}
	}
	proof.Checks = append(proof.Checks, text.Check{Attr: attr, Level: level})
}

// builtFor notes the system that builds an output.
func builtFor(proof *text.Proof, attr, system string) {
	for i := range proof.Checks {
		if proof.Checks[i].Attr == attr {
			proof.Checks[i].System = system
		}
	}
}

// unchecked says that an output was not checked, and why. A reason that is known already comes first.
func unchecked(proof *text.Proof, attr, why string) {
	for i := range proof.Checks {
		c := &proof.Checks[i]
		if c.Attr != attr {
			continue
		}
		if c.Level == text.Unchecked && c.Why != why {
			c.Why += "; " + why
		}
		return
	}
	proof.Checks = append(proof.Checks, text.Check{Attr: attr, Level: text.Unchecked, Why: why})
}

func fact(proof *text.Proof, format string, args ...any) {
	proof.Facts = append(proof.Facts, fmt.Sprintf(format, args...))
}

// evaluate evaluates every configuration of the flake.
func (c Check) evaluate(ctx context.Context, proof *text.Proof) error {
	all, err := c.Bench.Configurations(ctx, c.Solution.State)
	if err != nil {
		return c.Bench.Explain(ctx, err)
	}
	for _, configuration := range all {
		c.Log(diag.Step, "evaluate %s", configuration)
		broken, err := c.evaluateOne(ctx, configuration)
		switch {
		case err != nil:
			return err
		case broken != "":
			c.Log(diag.Warning, "%s does not evaluate, with the bump or without it: %s", configuration, broken)
		default:
			record(proof, configuration.String(), text.Evaluated)
		}
	}
	return nil
}

// evaluateOne evaluates one configuration. Broken says why it does not evaluate, "" when it does, where the flake as it
// stands does not evaluate it either: that is not the bump's doing.
func (c Check) evaluateOne(ctx context.Context, configuration probe.Configuration) (broken string, err error) {
	err = c.Bench.Evaluate(ctx, c.Solution.State, configuration)
	if err == nil {
		return "", nil
	}
	failed := c.Bench.Explain(ctx, err)
	f := probe.Failed(err)
	if f == nil || !probe.Evaluation(f) {
		return "", failed
	}
	why := f.Text
	var e *diag.Error
	if errors.As(failed, &e) && e.File != "" {
		why = e.Pos.String() + ": " + why
	}
	if c.Bench.Evaluate(ctx, probe.State{}, configuration) != nil {
		return why, ctx.Err()
	}
	return "", &diag.Error{
		Text: fmt.Sprintf("verify: %s evaluates as it is, but not with %s %s: %s", configuration, c.Package.Name,
			c.Solution.Version, why),
		Hint: "correct it for the new release, or leave this check out with Options.Verify=hashes", Err: failed,
	}
}

// subject is what is built: the package of a pin, or an output that was asked for by name.
type subject struct {
	where string
	pos   diag.Pos
	build probe.Build
}

// subjects are the outputs that Check.Build names, else the first package of every pin that moves.
func (c Check) subjects() []subject {
	var list []subject
	for _, attr := range c.Build {
		list = append(list, subject{where: attr, build: probe.Build{Output: attr}})
	}
	if len(list) > 0 {
		return list
	}
	for i, p := range c.Solution.Moves {
		if len(p.Outputs) == 0 {
			continue
		}
		s := subject{p.Outputs[0].Where, p.Pos, probe.Build{Package: []int{i}}}
		if p.Consumed { // what is made with the package need not be built
			s.build = probe.Build{Derivation: p.Outputs[0].Made, NixVersion: c.Solution.NixVersion}
		}
		if p.Consumed && s.build.Derivation == "" {
			continue
		}
		list = append(list, s)
	}
	return list
}

// build builds the subjects, and asks each that is the package for its version. The program is upstream's: it runs as
// the builder of a derivation, under what Nix isolates builds with, and no token is near it.
func (c Check) build(ctx context.Context, proof *text.Proof) error {
	for _, s := range c.subjects() {
		c.Log(diag.Step, "build %s", s.where)
		q := c.Solution.Question()
		q.Build = s.build
		a, err := c.Bench.Ask(ctx, q)
		if err == nil {
			err = a.Failure
		}
		switch {
		case a.NoneShown && s.build.Output != "":
			return &diag.Error{
				Text: fmt.Sprintf("verify: the flake has no %s to build", s.where),
				Hint: "list its outputs with nix flake show, and correct Options.Verify", Err: err,
			}
		case err != nil:
			return c.Bench.Explain(ctx, err)
		}
		if s.build.Derivation != "" {
			fact(proof, "the %s that `%s` is made with builds", c.Package.Name, s.where)
			continue
		}
		if a.Target != "" {
			s.where = a.Target
		}
		if a.ProgramDrv == "" || a.Target != "" && a.TargetVersion != string(c.Solution.Version) {
			record(proof, s.where, text.Built)
			continue
		}
		if err := c.runProgram(ctx, s, a); err != nil {
			return err
		}
		record(proof, s.where, text.Ran)
		fact(proof, "`%s --version` of `%s` says %s", c.Package.Program, s.where, c.Solution.Version)
	}
	return nil
}

// runProgram builds the derivation of an answer that runs the program of a package, and requires that it says the new
// version.
func (c Check) runProgram(ctx context.Context, s subject, a probe.Answer) error {
	// An output that is named is evaluated without looking for the pins, and without saying Nix's version.
	said, err := c.Bench.Log(ctx, a.ProgramDrv, cmp.Or(a.NixVersion, c.Solution.NixVersion))
	if err != nil {
		e := diag.At(s.pos, fmt.Sprintf("verify: run %s --version of %s: %v", c.Package.Program, s.where, err),
			"the package builds but does not run here")
		e.Err = err
		return e
	}
	if says := version.Find(strings.Join(said, "\n")); says != c.Solution.Version {
		return diag.At(s.pos,
			fmt.Sprintf("verify: %s of %s says version %q, not %s",
				c.Package.Program, s.where, says, c.Solution.Version),
			"see the ldflags that set the version")
	}
	return nil
}
