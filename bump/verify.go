package bump

import (
	"cmp"
	"context"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/verify"
)

// verify does what Options.Verify asks for beyond the hashes.
func (r *run) verify(ctx context.Context, b *bench, s *resolve.Solution) (text.Proof, text.Effect, error) {
	b.stage = "verify"
	check := verify.Check{
		Bench: b.Bench, Package: r.pkg, Solution: s, Log: r.logFor("verify"),
		Level: map[VerifyLevel]verify.Level{VerifyEval: verify.Eval, VerifyBuild: verify.Build}[r.opts.Verify],
		Build: r.opts.Build,
	}
	proof, err := check.Run(ctx)
	if err != nil {
		return proof, text.Effect{}, err
	}
	var shown []probe.Output
	for _, p := range s.Moves {
		shown = append(shown, p.Outputs...)
	}
	return proof, r.compare(ctx, b, s.State, shown, &proof), nil
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
