package probe

import (
	"context"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// ConsumerFamilies are the outputs that may be made with a package without being it, the cheapest to evaluate first.
// The family sets is what packages and legacyPackages hold in sets of packages, and others is every output of a name
// that Nix does not know.
var ConsumerFamilies = [][]string{
	{"packages", "devShells", "apps", "checks", "formatter", "bundlers"},
	{"sets"},
	{"others"},
	{"homeConfigurations"},
	{"nixosConfigurations", "darwinConfigurations"},
}

// Consumer is an output that is evaluated as a whole.
type Consumer struct {
	Where   string
	Drv     string       // "" when it does not evaluate
	Refused bool         // by the flake's own settings: Drv is what it is where everything is allowed
	Failure *nix.Failure // why it does not evaluate; nil where a wrapper caught the reason
}

// ConsumerQuestion says which outputs are evaluated as a whole.
type ConsumerQuestion struct {
	State    State
	Families []string
	Only     []string // of their outputs; nil for all
	Strict   bool     // what the flake's own settings refuse fails, with nixpkgs' own words
}

// Consumers evaluates outputs as a whole. One that fails is left out of another attempt, which does not repeat those
// that were evaluated.
func (b *Bench) Consumers(ctx context.Context, q ConsumerQuestion) ([]Consumer, error) {
	if err := b.put(ctx, q.State); err != nil {
		return nil, err
	}
	var list []Consumer
	for {
		req := b.request(Question{System: pin.System(), Only: q.Only, Strict: q.Strict})
		req.Consumers, req.Families = q.Families, []string{}
		for _, c := range list {
			req.Skip = append(req.Skip, c.Where)
		}
		if err := b.prepare(ctx, req); err != nil {
			return nil, err
		}
		a, err := b.answer(b.run.Build(ctx, nix.BuildRequest{
			Installables: []string{b.installable("consumers")}, TraceNonce: b.nonce, DryRun: true,
		}))
		if err != nil {
			return nil, err
		}
		list = append(list, a.consumers...)
		known := slices.ContainsFunc(list, func(c Consumer) bool { return c.Where == a.Last })
		fail := Failed(a.Failure)
		switch {
		case a.Failure == nil:
			return list, nil
		case fail == nil || !Evaluation(fail) || a.Last == "" || known:
			return nil, a.Failure
		}
		list = append(list, Consumer{Where: a.Last, Failure: fail})
	}
}
