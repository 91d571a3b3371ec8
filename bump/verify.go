package bump

import (
	"context"
	"strings"

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
	// What the bump changes is for whoever reviews a pull request; other runs do without, where no evaluation of
	// every configuration was asked for.
	var effect text.Effect
	if r.opts.Mode == Propose || r.opts.Verify != VerifyHashes {
		effect = check.Effect(ctx, &proof)
	}
	return proof, effect, nil
}

// verifiedOf lists what was checked of each output.
func verifiedOf(proof text.Proof) []Verified {
	var list []Verified
	for _, c := range proof.Checks {
		v := Verified{Attr: c.Attr, System: proof.System, Level: string(c.Level)}
		if parts := strings.Split(c.Attr, "."); len(parts) > 2 && (parts[0] == "packages" || parts[0] == "legacyPackages") {
			v.System = parts[1]
		}
		list = append(list, v)
	}
	return list
}
