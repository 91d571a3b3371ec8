package decide

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// decide takes the release that the options, the comments beside the pins and its age allow in place of the
// newest.
func (d *decider) decide(ctx context.Context, sel *Selection) error {
	if err := d.divide(sel); err != nil {
		return err
	}
	to := sel.Release.Version
	if d.To != "" {
		if err := refuseHeld(to, sel.cohorts); err != nil {
			return err
		}
	}
	if newer := sel.Oldest == "" || version.Compare(to, sel.Oldest) > 0; newer {
		sel.Advisories = d.advisories(ctx)
	}
	policy := d.policy(sel.Advisories)
	if d.To != "" {
		d.obey(sel, policy)
		return nil
	}
	return d.chooseAll(ctx, sel, policy)
}

// policy is what the options say, and what fixes vulnerabilities.
func (d *decider) policy(advisories map[string]text.Advisory) release.Policy {
	return release.Policy{Now: d.Now, MinAge: d.MinAge, Skip: d.Skip, Allow: d.Allow, Fixes: fixes(advisories)}
}

// obey takes the release that was asked for.
func (d *decider) obey(sel *Selection, policy release.Policy) {
	for _, c := range sel.cohorts {
		c.choice = policy.Take(pin.Oldest(c.pins), sel.Release.Version)
	}
	sel.noteFixes()
}

// chooseAll takes for every cohort the best release, and for the run the highest of those.
func (d *decider) chooseAll(ctx context.Context, sel *Selection, policy release.Policy) error {
	if err := d.refuseMadeUp(sel); err != nil {
		return err
	}
	all := sel.Release.Candidates(d.Pre, d.Found.Pins)
	said := map[string]bool{"": true}
	for _, c := range sel.cohorts {
		policy.Holds = c.holds
		if err := d.choose(ctx, policy, c, all); err != nil {
			return err
		}
		if !said[c.waits] {
			said[c.waits] = true
			d.Log(diag.Warning, "%s", c.waits)
		}
	}
	d.keepFollowing(sel, policy, all)
	best := sel.best()
	to := cmp.Or(best.choice.Version, sel.Oldest) // where one pin is, the others may be, too
	d.keepHeld(sel, to)
	sel.choose(d.Found, to)
	sel.noteFixes()
	d.notePassed(sel, best)
	return nil
}

// best returns the cohort with the highest choice among those that move.
func (sel *Selection) best() *cohort {
	best := &cohort{}
	for _, c := range sel.cohorts {
		moves := slices.ContainsFunc(c.pins, func(p *pin.Pin) bool { return !slices.Contains(sel.Held, p) })
		if moves && (len(best.pins) == 0 || compare(c.choice.Version, best.choice.Version) > 0) {
			best = c
		}
	}
	return best
}

// choose takes the release for a cohort: the best one that the toolchain of its pins builds.
func (d *decider) choose(ctx context.Context, policy release.Policy, c *cohort, all []release.Candidate) error {
	oldest := pin.Oldest(c.pins)
	best := policy.Choose(oldest, all)
	c.choice = best
	if best.Version == "" || oldest == "" || d.Evaluated.Toolchain == (Toolchain{}) {
		return nil // what follows a branch has no version, and is not gated
	}
	to, waits, err := d.newestBuildable(ctx, policy.Between(oldest, best.Version, all))
	if err != nil || waits == "" {
		return err
	}
	c.waits = waits
	c.choice = policy.Choose(oldest, slices.DeleteFunc(slices.Clone(all),
		func(r release.Candidate) bool { return to == "" || version.Compare(r.Version, to) > 0 }))
	c.choice.Passed = append(best.Passed, c.choice.Passed...)
	c.unbuilt = slices.DeleteFunc(best.Fixed,
		func(fix release.Fix) bool { return slices.Contains(c.choice.Fixed, fix) })
	return nil
}

// compare orders versions, of which "" is the lowest.
func compare(a, b version.Version) int {
	if a == "" || b == "" {
		return cmp.Compare(a, b)
	}
	return version.Compare(a, b)
}

// choose makes the release that of the run, which may be the pinned one: then it is current. What stays as it is
// has no part in it.
func (sel *Selection) choose(found *pin.Found, to version.Version) {
	moving := slices.DeleteFunc(slices.Clone(found.Pins),
		func(p *pin.Pin) bool { return slices.Contains(sel.Held, p) })
	if len(sel.Held) > 0 && len(moving) > 0 {
		sel.Oldest = pin.Oldest(moving)
		sel.Old = cmp.Or(string(sel.Oldest), moving[0].Label)
	}
	if to != "" && (to != sel.Release.Version || len(sel.Held) > 0) {
		sel.Release = sel.Release.Instead(to, sel.Oldest)
	}
}

// keepFollowing sets apart the pins that follow a branch, unless the newest release may be taken: the branch is at that
// one, or beyond it. What an input provides with the package may be older, and is known once it was evaluated.
func (d *decider) keepFollowing(sel *Selection, policy release.Policy, all []release.Candidate) {
	if len(all) == 0 {
		return
	}
	newest := slices.MaxFunc(all, func(a, b release.Candidate) int { return version.Compare(a.Version, b.Version) })
	for _, c := range sel.cohorts {
		policy.Holds = c.holds
		beyond := c.waits
		if objection := policy.Objection(newest); objection != "" {
			beyond = notTaken(newest.Version, objection)
		}
		for _, p := range c.pins {
			why := beyond
			if in := p.Input(); in != nil && in.Provides && c.choice.Version != "" {
				why = d.Evaluated.kept[p.String()]
			}
			if why == "" || !p.Follows() {
				continue
			}
			c.stays = why
			if hold := c.against(newest.Version); hold != nil {
				d.keep(sel, p, hold)
				continue
			}
			sel.Held = append(sel.Held, p)
			d.Log(diag.Step, "%s: %s stays at %s: %s", p.Pos, d.pkg().Name, p.Label, why)
		}
	}
}

// notTaken says why a release is not taken.
func notTaken(v version.Version, why string) string {
	return fmt.Sprintf("%s is not taken: %s", v, why)
}

// noteFixes records the vulnerabilities that the release fixes, and those that stay open.
func (sel *Selection) noteFixes() {
	var fixed, missed, unbuilt []release.Fix
	for _, c := range sel.cohorts {
		if c.choice.Version == sel.Release.Version {
			fixed = append(fixed, c.choice.Fixed...)
		}
		missed, unbuilt = append(missed, c.choice.Missed...), append(unbuilt, c.unbuilt...)
	}
	for _, fix := range once(fixed) {
		sel.Decision.Security = append(sel.Decision.Security, sel.Advisories[fix.ID])
	}
	for _, fix := range once(missed) {
		sel.Unfixed = append(sel.Unfixed,
			fmt.Sprintf("%s is fixed in %s, which is ruled out here", sel.Advisories[fix.ID].GHSA, fix.In))
	}
	for _, fix := range once(unbuilt) {
		sel.Unfixed = append(sel.Unfixed,
			fmt.Sprintf("%s is fixed in %s, which this nixpkgs does not build", sel.Advisories[fix.ID].GHSA, fix.In))
	}
}

// once returns fixes in the order of their identifiers, each once.
func once(list []release.Fix) []release.Fix {
	slices.SortFunc(list, func(a, b release.Fix) int { return strings.Compare(a.ID, b.ID) })
	return slices.Compact(list)
}

// notePassed records the releases that were not taken for the pins that move, or, where none moves, for the first that
// has any.
func (d *decider) notePassed(sel *Selection, best *cohort) {
	told := best
	if best.choice.Version == "" {
		for _, c := range sel.cohorts {
			if told.waits == "" && len(told.choice.Passed) == 0 {
				told = c
			}
		}
	}
	for _, p := range told.choice.Passed {
		sel.Decision.Passed = append(sel.Decision.Passed, text.Passed{Version: string(p.Version), Why: p.Reason})
	}
	sel.Waiting = told.waits
	if passed := told.choice.Passed; len(passed) > 0 && sel.Waiting == "" {
		sel.Waiting = notTaken(passed[0].Version, passed[0].Reason)
		d.Log(diag.Step, "%s", sel.Waiting)
	}
	for _, c := range sel.cohorts {
		sel.Waiting = cmp.Or(sel.Waiting, c.stays)
	}
}

// advisories are those on the package by their identifier. They are advice: without an answer the bump
// goes on.
func (d *decider) advisories(ctx context.Context) map[string]text.Advisory {
	name := "github.com/" + d.pkg().Upstream()
	list, err := d.Upstream.Advisories(ctx, "go", name)
	if err != nil {
		d.Log(diag.Detail, "advisories are unknown: %v", err)
		return nil
	}
	all := map[string]text.Advisory{}
	for _, a := range list {
		for _, v := range a.Vulnerabilities {
			fixed, err := version.Parse(v.FirstPatched)
			if a.Withdrawn() || v.Package.Name != name || err != nil || fixed.Candidate() ||
				string(fixed) != v.FirstPatched {
				continue
			}
			all[a.GHSA+" "+v.FirstPatched] = text.Advisory{
				GHSA: a.GHSA, CVE: a.CVE, URL: a.URL, Summary: diag.Line(a.Summary), Severity: a.Severity,
				FirstPatched: v.FirstPatched,
			}
		}
	}
	return all
}

// fixes returns the releases that fix them.
func fixes(advisories map[string]text.Advisory) []release.Fix {
	var all []release.Fix
	for id, a := range advisories {
		all = append(all, release.Fix{ID: id, In: version.Version(a.FirstPatched)})
	}
	return all
}
