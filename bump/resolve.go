package bump

import (
	"context"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/resolve"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// solution is what the hashes were found for.
type solution struct {
	*resolve.Solution
	release *release.Release // not the selected one, where an input provides another
	shown   []probe.Shown    // by some output
	states  []PinInfo        // of those
	against func(p *pin.Pin, v version.Version) *release.Hold
}

// resolve finds every hash of a plan, in a copy of the flake. With the error of a hash that changed under the same
// version it returns what was found.
func (r *run) resolve(
	ctx context.Context, b *bench, sel *decide.Selection, plan pin.Plan, e decide.Evaluated,
) (*solution, error) {
	if err := r.openBench(ctx, b, "hash"); err != nil {
		return nil, err
	}
	upstream, err := r.remote.Upstream()
	if err != nil {
		return nil, err
	}
	found := b.flake.found
	job, tools, err := r.decision(b.flake, e)
	if err != nil {
		return nil, err
	}
	hashes, err := resolve.Hashes(ctx, resolve.Job{
		Found: found, Plan: plan, Release: sel.Release, HasAttr: r.opts.Attr != "",
	}, resolve.Tools{
		Asker: b, Upstream: upstream, Store: probe.Store{Runner: b.runner}, Log: r.logFor("hash"),
		Shown: decide.Gate(ctx, job, tools, sel),
	})
	if err != nil {
		return nil, err
	}
	shown := make([]probe.Shown, 0, len(hashes.Moves))
	for _, p := range hashes.Moves {
		if len(p.Outputs) > 0 {
			shown = append(shown, probe.Shown{Pin: p.Pin, Outputs: p.Outputs})
		}
	}
	s := &solution{hashes, sel.Release, shown, decide.States(r.pkg, shown, sel.Release.Version), sel.Against}
	for _, broken := range hashes.Broken {
		r.warn("hash", "%s does not evaluate and was passed over: %s", broken.Where, broken.Text)
	}
	for _, p := range hashes.Unshown {
		r.warn("hash", "%s: no output of the flake shows this pin of %s; it is left as it is", p.Pos, p.Version)
	}
	if v := hashes.Version; v != sel.Release.Version {
		s.release = &release.Release{Version: v}
	}
	return s, r.refuseRetag(found, hashes)
}

// resolved puts what was found with the hashes into the result and the decision.
func (res *Result) resolved(s *solution, d *text.Decision) {
	if s == nil {
		return
	}
	if old := s.Oldest(); old != "" {
		res.OldVersion = string(old)
	}
	res.noteStates(s.states, d)
	d.Kept = len(s.states) > 0 && s.kept(0)
	res.NewVersion = string(s.release.Version)
}

// kept reports whether a comment keeps a pin that is shown from what nixpkgs has.
func (s *solution) kept(i int) bool {
	return s.against(s.shown[i].Pin, version.Version(s.states[i].BaseVersion)) != nil
}

// refuseRetag stops when the hash of a version that is already pinned changed: upstream moved the
// tag, or the old hash was wrong.
func (r *run) refuseRetag(found *pin.Found, s *resolve.Solution) error {
	for _, tag := range s.Retags(found) {
		if !r.opts.AcceptRetag {
			return diag.At(tag.Slot.Pos,
				fmt.Sprintf("verify: the %s of %s is %s, but %s is pinned: the release was tagged again, or the "+
					"pinned hash was never right",
					tag.Slot.Field, tag.Version, tag.New.SRI(), tag.Old.SRI()),
				"look at what changed upstream; take the new hash with Options.AcceptRetag")
		}
		r.warn("hash", "the %s of %s changed: %s, now %s", tag.Slot.Field, tag.Version, tag.Old.SRI(), tag.New.SRI())
	}
	return nil
}
