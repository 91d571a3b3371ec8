package bump

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/unpin"
	"github.com/nixtars/ollama-bump/bump/internal/verify"
)

// verify does what Options.Verify asks for beyond the hashes.
func (r *run) verify(ctx context.Context, b *bench, s *resolve.Solution) (text.Proof, text.Effect, error) {
	proof, err := r.check(ctx, b, s, r.opts.Build)
	if err != nil {
		return proof, text.Effect{}, err
	}
	var shown []probe.Output
	for _, p := range s.Moves {
		shown = append(shown, p.Outputs...)
	}
	return proof, r.compare(ctx, b, s.State, shown, &proof), nil
}

// check verifies a solution; build are the outputs that are built where Options.Verify asks for that, else the packages
// that move.
func (r *run) check(
	ctx context.Context, b *bench, s *resolve.Solution, build []string,
) (text.Proof, error) {
	b.stage = "verify"
	check := verify.Check{
		Bench: b.Bench, Package: r.pkg, Solution: s, Log: r.logFor("verify"),
		Level: map[VerifyLevel]verify.Level{VerifyEval: verify.Eval, VerifyBuild: verify.Build}[r.opts.Verify],
		Build: build,
	}
	return check.Run(ctx)
}

// verifyRemoval does what Options.Verify asks for without the pins: what is built is the first package that showed one.
func (r *run) verifyRemoval(ctx context.Context, b *bench, w work, removal *unpin.Removal) (text.Proof, error) {
	build := r.opts.Build
	for _, where := range removal.Outputs {
		if len(build) == 0 && !strings.Contains(where, ": ") { // it is not in a list
			build = []string{where}
		}
	}
	question := probe.Question{State: removal.State(), System: pin.System()}
	proof, err := r.check(ctx, b, resolve.Known(question, w.to, removal.NixVersion), build)
	if err != nil {
		return proof, err
	}
	for _, where := range removal.Outputs {
		if !slices.ContainsFunc(proof.Checks, func(c text.Check) bool { return c.Attr == where }) {
			proof.Checks = append(proof.Checks, text.Check{Attr: where, Level: text.Evaluated})
		}
	}
	proof.Facts = append(slices.Clone(removal.Facts), proof.Facts...)
	return proof, nil
}

// compare says what a change of the flake changes in what it builds.
func (r *run) compare(
	ctx context.Context, b *bench, after probe.State, shown []probe.Output, proof *text.Proof,
) text.Effect {
	if r.opts.Brief && r.opts.Verify == VerifyHashes {
		return text.Effect{Missing: "this run was asked to leave the comparison out"}
	}
	b.stage = "verify"
	c := verify.Comparison{Bench: b.Bench, After: after, Shown: shown, Log: r.logFor("verify")}
	return c.Effect(ctx, proof)
}

// verifiedOf lists what was checked of each output.
func verifiedOf(proof text.Proof) []Verified {
	var list []Verified
	for _, c := range proof.Checks {
		v := Verified{Attr: c.Attr, System: cmp.Or(c.System, proof.System), Level: string(c.Level)}
		if parts := strings.Split(c.Attr, "."); len(parts) > 2 &&
			(parts[0] == "packages" || parts[0] == "legacyPackages") {
			v.System = parts[1]
		}
		list = append(list, v)
	}
	return list
}
