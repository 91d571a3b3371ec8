package bump

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// decide takes the release that the options, the comments beside the pins and its age allow in place of the
// newest.
func (r *run) decide(ctx context.Context, f *flake, upstream *github.Client, t toolchain, sel *selection) error {
	cohorts, err := r.cohorts(f, &sel.decision)
	if err != nil {
		return err
	}
	sel.cohorts = cohorts
	newer := sel.oldest == "" || version.Compare(sel.release.Version, sel.oldest) > 0
	switch {
	case r.opts.To != "" && newer:
		return refuseHeld(sel.release.Version, cohorts)
	case r.opts.To != "":
		return nil
	case !newer:
		r.keepUnmoved(sel, cohorts)
		return nil
	}
	sel.advisories = r.advisories(ctx, upstream)
	policy := release.Policy{
		Now: r.start, MinAge: r.opts.MinAge, Skip: r.opts.Skip, Allow: release.Allowed(r.opts.Allow),
		Fixes: fixes(sel.advisories),
	}
	all := sel.release.Candidates(r.opts.Pre, f.found.Pins)
	for _, c := range cohorts {
		policy.Holds = c.holds
		if err := r.choose(ctx, t, policy, c, all); err != nil {
			return err
		}
	}
	best := slices.MaxFunc(cohorts, func(a, b *cohort) int { return compare(a.choice.Version, b.choice.Version) })
	r.keepHeld(sel, cohorts, best.choice.Version)
	sel.take(f, best.choice)
	if best.choice.Version == "" {
		sel.keepUntagged(cohorts)
	}
	r.tellFixes(sel, cohorts)
	r.tellPassed(sel, cohorts, best)
	return nil
}

// choose takes the release for a cohort.
func (r *run) choose(
	ctx context.Context, t toolchain, policy release.Policy, c *cohort, all []release.Candidate,
) error {
	oldest := pin.Oldest(c.pins)
	candidates, waits, err := r.buildable(ctx, t, policy, oldest, all)
	if err != nil {
		return err
	}
	c.choice, c.waits = policy.Choose(oldest, candidates), waits
	return nil
}

// compare orders versions, of which "" is the lowest.
func compare(a, b version.Version) int {
	if a == "" || b == "" {
		return cmp.Compare(a, b)
	}
	return version.Compare(a, b)
}

// take makes the chosen release that of the run; without one it is the pinned release, which is current. What stays as
// it is has no part in it.
func (sel *selection) take(f *flake, choice release.Choice) {
	if len(sel.held) > 0 {
		moving := slices.DeleteFunc(slices.Clone(f.found.Pins),
			func(p *pin.Pin) bool { return slices.Contains(sel.held, p) })
		sel.oldest = pin.Oldest(moving)
		sel.old = cmp.Or(string(sel.oldest), moving[0].Label)
	}
	to := choice.Version
	if to == "" {
		to = sel.oldest
	}
	if to != "" && (to != sel.release.Version || len(sel.held) > 0) {
		sel.release = sel.release.Instead(to, sel.oldest)
	}
}

// keepUnmoved sets apart the pins that a comment holds back where the others are at the newest release.
func (r *run) keepUnmoved(sel *selection, cohorts []*cohort) {
	to := sel.release.Version
	r.keepHeld(sel, cohorts, to)
	for _, c := range cohorts {
		if hold := c.against(to); hold != nil && len(sel.held) > 0 && slices.Contains(c.pins, sel.held[0]) {
			sel.waiting = fmt.Sprintf("%s is not taken: held by %s", to, hold.Quote)
		}
	}
}

// keepUntagged sets apart the pins without a version, where no release may be taken: they are behind every release, and
// would move.
func (sel *selection) keepUntagged(cohorts []*cohort) {
	for _, c := range cohorts {
		if len(c.choice.Passed) == 0 && c.waits == "" {
			continue // nothing rules out a release
		}
		for _, p := range c.pins {
			if p.Version == "" {
				sel.held = append(sel.held, p)
			}
		}
	}
}

// tellFixes records the vulnerabilities that the release fixes, and warns of those that the user's word leaves open.
func (r *run) tellFixes(sel *selection, cohorts []*cohort) {
	var fixed, missed []release.Fix
	for _, c := range cohorts {
		if c.choice.Version == sel.release.Version {
			fixed = append(fixed, c.choice.Fixed...)
		}
		missed = append(missed, c.choice.Missed...)
	}
	for _, fix := range once(fixed) {
		sel.decision.Security = append(sel.decision.Security, sel.advisories[fix.ID])
	}
	for _, fix := range once(missed) {
		r.warn("release", "%s is fixed in %s, which is ruled out here", sel.advisories[fix.ID].GHSA, fix.In)
	}
}

// once returns fixes in the order of their identifiers, each once.
func once(list []release.Fix) []release.Fix {
	slices.SortFunc(list, func(a, b release.Fix) int { return strings.Compare(a.ID, b.ID) })
	return slices.Compact(list)
}

// tellPassed records the releases that were not taken for the pins that move, or, where none moves, for the first that
// has any.
func (r *run) tellPassed(sel *selection, cohorts []*cohort, best *cohort) {
	told := best
	if best.choice.Version == "" {
		for _, c := range cohorts {
			if told.waits == "" && len(told.choice.Passed) == 0 {
				told = c
			}
		}
	}
	for _, p := range told.choice.Passed {
		sel.decision.Passed = append(sel.decision.Passed, text.Passed{Version: string(p.Version), Why: p.Reason})
	}
	sel.waiting = told.waits
	if passed := told.choice.Passed; len(passed) > 0 && sel.waiting == "" {
		sel.waiting = fmt.Sprintf("%s is not taken: %s", passed[0].Version, passed[0].Reason)
		r.say(Step, "release", "%s", sel.waiting)
	}
}

// advisories are those on the package by their identifier. They are advice: without an answer the bump
// goes on.
func (r *run) advisories(ctx context.Context, upstream *github.Client) map[string]Advisory {
	name := "github.com/" + r.pkg.Upstream()
	list, err := upstream.Advisories(ctx, "go", name)
	if err != nil {
		r.say(Detail, "release", "advisories are unknown: %v", err)
		return nil
	}
	all := map[string]Advisory{}
	for _, a := range list {
		for _, v := range a.Vulnerabilities {
			fixed, err := version.Parse(v.FirstPatched)
			if a.Withdrawn() || v.Package.Name != name || err != nil || fixed.Candidate() ||
				string(fixed) != v.FirstPatched {
				continue
			}
			all[a.GHSA+" "+v.FirstPatched] = Advisory{
				GHSA: a.GHSA, CVE: a.CVE, URL: a.URL, Summary: diag.Line(a.Summary), Severity: a.Severity,
				FirstPatched: v.FirstPatched,
			}
		}
	}
	return all
}

// fixes returns the releases that fix them.
func fixes(advisories map[string]Advisory) []release.Fix {
	var all []release.Fix
	for id, a := range advisories {
		all = append(all, release.Fix{ID: id, In: version.Version(a.FirstPatched)})
	}
	return all
}
