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
	cohorts, err := d.cohorts(sel)
	if err != nil {
		return err
	}
	sel.cohorts = cohorts
	newer := sel.Oldest == "" || version.Compare(sel.Release.Version, sel.Oldest) > 0
	switch {
	case d.To != "" && newer:
		return refuseHeld(sel.Release.Version, cohorts)
	case d.To != "":
		return nil
	case !newer:
		d.keepUnmoved(sel, cohorts)
		return nil
	}
	sel.Advisories = d.advisories(ctx)
	policy := release.Policy{
		Now: d.Now, MinAge: d.MinAge, Skip: d.Skip, Allow: d.Allow,
		Fixes: fixes(sel.Advisories),
	}
	all := sel.Release.Candidates(d.Pre, d.Found.Pins)
	for _, c := range cohorts {
		policy.Holds = c.holds
		if err := d.choose(ctx, policy, c, all); err != nil {
			return err
		}
	}
	best := slices.MaxFunc(cohorts, func(a, b *cohort) int { return compare(a.choice.Version, b.choice.Version) })
	d.keepHeld(sel, cohorts, best.choice.Version)
	sel.take(d.Found, best.choice)
	if best.choice.Version == "" {
		sel.keepUntagged(cohorts)
	}
	d.tellFixes(sel, cohorts)
	d.tellPassed(sel, cohorts, best)
	return nil
}

// choose takes the release for a cohort.
func (d *decider) choose(ctx context.Context, policy release.Policy, c *cohort, all []release.Candidate) error {
	oldest := pin.Oldest(c.pins)
	candidates, waits, err := d.buildable(ctx, policy, oldest, all)
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
func (sel *Selection) take(found *pin.Found, choice release.Choice) {
	if len(sel.Held) > 0 {
		moving := slices.DeleteFunc(slices.Clone(found.Pins),
			func(p *pin.Pin) bool { return slices.Contains(sel.Held, p) })
		sel.Oldest = pin.Oldest(moving)
		sel.Old = cmp.Or(string(sel.Oldest), moving[0].Label)
	}
	to := choice.Version
	if to == "" {
		to = sel.Oldest
	}
	if to != "" && (to != sel.Release.Version || len(sel.Held) > 0) {
		sel.Release = sel.Release.Instead(to, sel.Oldest)
	}
}

// keepUnmoved sets apart the pins that a comment holds back where the others are at the newest release.
func (d *decider) keepUnmoved(sel *Selection, cohorts []*cohort) {
	to := sel.Release.Version
	d.keepHeld(sel, cohorts, to)
	for _, c := range cohorts {
		if hold := c.against(to); hold != nil && len(sel.Held) > 0 && slices.Contains(c.pins, sel.Held[0]) {
			sel.Waiting = fmt.Sprintf("%s is not taken: held by %s", to, hold.Quote)
		}
	}
}

// keepUntagged sets apart the pins without a version, where no release may be taken: they are behind every release, and
// would move.
func (sel *Selection) keepUntagged(cohorts []*cohort) {
	for _, c := range cohorts {
		if len(c.choice.Passed) == 0 && c.waits == "" {
			continue // nothing rules out a release
		}
		for _, p := range c.pins {
			if p.Version == "" {
				sel.Held = append(sel.Held, p)
			}
		}
	}
}

// tellFixes records the vulnerabilities that the release fixes, and warns of those that the user's word leaves open.
func (d *decider) tellFixes(sel *Selection, cohorts []*cohort) {
	var fixed, missed []release.Fix
	for _, c := range cohorts {
		if c.choice.Version == sel.Release.Version {
			fixed = append(fixed, c.choice.Fixed...)
		}
		missed = append(missed, c.choice.Missed...)
	}
	for _, fix := range once(fixed) {
		sel.Decision.Security = append(sel.Decision.Security, sel.Advisories[fix.ID])
	}
	for _, fix := range once(missed) {
		d.Log(diag.Warning, "%s is fixed in %s, which is ruled out here", sel.Advisories[fix.ID].GHSA, fix.In)
	}
}

// once returns fixes in the order of their identifiers, each once.
func once(list []release.Fix) []release.Fix {
	slices.SortFunc(list, func(a, b release.Fix) int { return strings.Compare(a.ID, b.ID) })
	return slices.Compact(list)
}

// tellPassed records the releases that were not taken for the pins that move, or, where none moves, for the first that
// has any.
func (d *decider) tellPassed(sel *Selection, cohorts []*cohort, best *cohort) {
	told := best
	if best.choice.Version == "" {
		for _, c := range cohorts {
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
		sel.Waiting = fmt.Sprintf("%s is not taken: %s", passed[0].Version, passed[0].Reason)
		d.Log(diag.Step, "%s", sel.Waiting)
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
