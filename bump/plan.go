package bump

import (
	"context"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/dependabot"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// plan returns the pins that are behind the selected release. When there is none, the result says why.
func (r *run) plan(ctx context.Context, f *flake, sel *decide.Selection, res *Result) (pin.Plan, error) {
	to := sel.Release.Version
	if err := r.refuseDowngrade(f, to); err != nil {
		return pin.Plan{}, err
	}
	plan := f.found.Plan(to,
		pin.Policy{All: r.opts.Force, Exactly: r.opts.To != "", Branches: r.opts.Mode != Check, Held: sel.Held})
	for _, p := range plan.Unknown {
		r.warn("release", "%s: the input %s names no release: only a bump sees whether its branch moved", p.Pos,
			p.Input().Name)
	}
	if len(plan.Pins) == 0 {
		newest := sel.Old
		for _, p := range f.found.Pins {
			if version.Compare(string(p.Version), newest) > 0 {
				newest = string(p.Version)
			}
		}
		res.NewVersion, res.Reason = newest, sel.Waiting
		r.say(Step, "release", "%s %s is current", r.pkg.Name, newest)
		return plan, nil
	}
	r.say(Step, "release", "%s %s -> %s", r.pkg.Name, sel.Oldest, to)
	r.warnOfDependabot(ctx, f, plan)
	return plan, nil
}

// refuseDowngrade keeps Options.To from going below what is pinned unless that is wanted, and from naming a
// release to what follows a branch.
func (r *run) refuseDowngrade(f *flake, to version.Version) error {
	if r.opts.To == "" {
		return nil
	}
	for _, p := range f.found.Pins {
		if p.Follows() {
			in := p.Input()
			return diag.At(p.Pos, fmt.Sprintf("select release: the input %s names no release (%s), so it cannot go "+
				"to %s", in.Name, in.URL, to),
				fmt.Sprintf("write github:%s/%s in the input's URL", r.pkg.Upstream(), to.Tag()))
		}
		if p.Version != "" && version.Compare(to, p.Version) < 0 && !r.opts.AllowDowngrade {
			return diag.At(p.Pos, fmt.Sprintf("select release: %s is lower than the pinned %s", to, p.Version),
				"allow it with Options.AllowDowngrade")
		}
	}
	return nil
}

// warnOfDependabot warns when Dependabot moves an input that is bumped here: it would leave the version and
// the hashes that belong to it behind. A configuration that cannot be read is Dependabot's business.
func (r *run) warnOfDependabot(ctx context.Context, f *flake, plan pin.Plan) {
	name, config, err := dependabot.Read(ctx, f.tree.Root)
	if err != nil {
		r.say(Detail, "pin", "%s is not read: %v", name, err)
		return
	}
	for _, p := range plan.Pins {
		if in := p.Input(); in != nil && config.Moves(f.tree.Sub, in.Name) {
			r.warn("pin", "%s moves the input %s by itself, without the version and the hashes that belong to "+
				"it: add %s to its nix update", name, in.Name, dependabot.Snippet(in.Name))
		}
	}
}
