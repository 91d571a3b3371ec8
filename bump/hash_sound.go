package bump

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
)

// noteOthers remembers the outputs that look like the package at the new release, but that no pin shows in: a
// variant that takes the version from a pin and its source from somewhere else would be half moved.
func (r *resolver) noteOthers() {
	for _, where := range r.probe.order {
		info := r.probe.found[where]
		name := where[strings.LastIndexByte(where, '.')+1:]
		ours := info.Pname == r.pkg.Name || slices.Contains(r.probe.req.Names, name)
		if ours && len(info.Pins) == 0 && strings.TrimPrefix(info.Version, "v") == string(r.rel.version) {
			r.others = append(r.others, info)
		}
	}
}

// wholes are the outputs whose packages are evaluated as a whole in the last round: one of each pin.
func (r *resolver) wholes() []string {
	list := []string{}
	if r.where == nil || r.broken {
		return list
	}
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.got == nil && !h.dropped {
				return []string{}
			}
		}
		if len(r.where[p]) > 0 {
			list = union(list, []string{r.where[p][0].Where})
		}
	}
	return list
}

// sound checks what the last round showed: packages that do not evaluate as a whole, and outputs that
// were half moved. Only a suspicion costs another evaluation, of the flake as it was.
func (r *resolver) sound(ctx context.Context) error {
	var wholes, suspects []string
	for _, where := range r.probe.req.Whole {
		if r.probe.found[where].Drv == "" {
			wholes = append(wholes, where)
		}
	}
	for _, info := range r.others {
		if r.unknown(info.Src) || r.unknown(info.Mod) {
			suspects = append(suspects, info.Where)
		}
	}
	if len(wholes)+len(suspects) == 0 {
		return nil
	}
	before, err := r.before(ctx, append(slices.Clone(wholes), suspects...))
	if err != nil {
		return err
	}
	for _, where := range wholes {
		if before[where].Drv != "" {
			return r.unsound(where, "it throws or an assertion fails")
		}
		r.log(Detail, "%s does not evaluate as a whole, with the bump or without it", where)
	}
	for _, info := range r.others {
		was := before[info.Where]
		if was.Version == "" || was.Version == info.Version {
			continue
		}
		for _, hash := range [][2]string{{was.Src, info.Src}, {was.Mod, info.Mod}} {
			if hash[0] == hash[1] && r.unknown(hash[1]) {
				return r.pins[0].error(
					fmt.Sprintf("verify: %s gets version %s from this pin, but keeps the hash %s of %s", info.Where, info.Version, hash[1], was.Version),
					"give that package a version of its own, or write its source with a hash beside this one: overrideAttrs { version = …; src = …; }")
			}
		}
	}
	return nil
}

// unknown says whether a hash is one that the bump did not write.
func (r *resolver) unknown(shown string) bool {
	s, err := nix.ParseHash(shown, "sha256")
	if err != nil {
		return false
	}
	for _, p := range append(slices.Clone(r.pins), r.elsewhere...) {
		for _, h := range p.allHashes() {
			if s.Equal(h.fake) || h.got != nil && s.Equal(*h.got) || h.brought != nil && s.Equal(*h.brought) {
				return false
			}
		}
	}
	return true
}

// unsound is the error of a package that evaluates as the flake stands, but not after the bump.
func (r *resolver) unsound(where, why string) *Error {
	return r.pins[0].error(
		fmt.Sprintf("verify: %s evaluates as it is, but not with %s %s: %s", where, r.pkg.Name, r.rel.version, why),
		"see what depends on the version there: names of files, conditions, assertions")
}

// brokenWhole handles an evaluation that fails in the last round. That the package did not evaluate before
// either is not the bump's doing: then the round is repeated without.
func (r *resolver) brokenWhole(ctx context.Context, fail *nix.Failure) error {
	where := r.probe.last
	before, err := r.before(ctx, []string{where})
	if err != nil {
		return err
	}
	if before[where].Drv != "" {
		e := r.unsound(where, fail.Text)
		e.Err = fail
		return e
	}
	r.broken = true
	r.log(Warning, "%s does not evaluate as a whole, with the bump or without it: %s", where, fail.Text)
	return nil
}

// before evaluates outputs of the flake as it stands in the tree.
func (r *resolver) before(ctx context.Context, places []string) (map[string]probeInfo, error) {
	now, err := r.values()
	if err != nil {
		return nil, err
	}
	saved := *r.probe
	name := r.cand.tree.Lock()
	lock, locked := r.cand.now[name]
	if locked {
		if err := r.cand.restoreLock(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.cand.apply(nil); err != nil {
		return nil, err
	}
	req := &r.probe.req
	req.Only, req.Whole, req.Skip, req.Families, req.Deep = places, places, []string{}, familiesOf(places), false
	_, failure := r.probe.attempt(ctx, nil, "fixed")
	found := maps.Clone(r.probe.found)
	rounds := r.probe.rounds
	*r.probe = saved
	r.probe.rounds = rounds
	if locked {
		if err := r.cand.putLock(lock); err != nil {
			return nil, err
		}
	}
	if err := r.cand.apply(now); err != nil {
		return nil, err
	}
	if err := r.cand.commit(ctx); err != nil {
		return nil, err
	}
	if fail := asFailure(failure); failure != nil && fail == nil {
		return nil, failure
	}
	return found, nil
}
