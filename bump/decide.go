package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// decide takes the release that the options, the comments beside the pins and its age allow in place of the
// newest.
func (r *run) decide(ctx context.Context, f *flake, upstream *github.Client, t toolchain, sel *selection) error {
	holds, err := r.holds(f, &sel.decision)
	if err != nil {
		return err
	}
	oldest := sel.oldest
	newer := oldest == "" || version.Compare(sel.release.Version, oldest) > 0
	switch {
	case r.opts.To != "" && newer:
		return r.refuseHeld(sel.release.Version, holds)
	case r.opts.To != "" || !newer:
		return nil
	}
	advisories := r.advisories(ctx, upstream)
	policy := release.Policy{
		Now: r.start, MinAge: r.opts.MinAge, Skip: r.opts.Skip, Allow: release.Allowed(r.opts.Allow), Holds: holds,
		Fixes: fixes(advisories),
	}
	candidates, waiting, err := r.buildable(ctx, t, policy, oldest, sel.release.Candidates(r.opts.Pre, f.found.Pins))
	if err != nil {
		return err
	}
	choice := policy.Choose(oldest, candidates)
	sel.take(choice)
	for _, fix := range choice.Missed {
		r.warn("release", "%s is fixed in %s, which is ruled out here", advisories[fix.ID].GHSA, fix.In)
	}
	for _, fix := range choice.Fixed {
		sel.addFix(advisories[fix.ID])
	}
	for _, p := range choice.Passed {
		sel.decision.Passed = append(sel.decision.Passed, text.Passed{Version: string(p.Version), Why: p.Reason})
	}
	if len(choice.Passed) > 0 && waiting == "" {
		waiting = fmt.Sprintf("%s is not taken: %s", choice.Passed[0].Version, choice.Passed[0].Reason)
		r.say(Step, "release", "%s", waiting)
	}
	sel.waiting = waiting
	return nil
}

// take makes the chosen release that of the run; without one it is the pinned release, which is current.
func (sel *selection) take(choice release.Choice) {
	to := choice.Version
	if to == "" {
		to = sel.oldest
	}
	if to != "" && to != sel.release.Version {
		sel.release = sel.release.Instead(to, sel.oldest)
	}
}

// refuseHeld returns the error for a release that was asked for and that a comment holds back.
func (r *run) refuseHeld(to version.Version, holds []release.Hold) error {
	for _, hold := range holds {
		if hold.InForce(r.start) && !hold.Allows(to) {
			return &Error{
				Pos:  diag.Pos{File: hold.File, Line: hold.Line, Column: 1},
				Text: fmt.Sprintf("select release: %s is held back by the comment %q", to, hold.Quote),
				Hint: "change or remove the comment",
			}
		}
	}
	return nil
}

// advisories are those on the package by their identifier. They are advice: without an answer the bump
// goes on.
func (r *run) advisories(ctx context.Context, upstream *github.Client) map[string]Advisory {
	name := "github.com/" + r.pkg.Upstream()
	list, err := upstream.Advisories(ctx, "go", name)
	if err != nil {
		r.say(Detail, "release", "advisories are not known: %v", err)
		return nil
	}
	all := map[string]Advisory{}
	for _, a := range list {
		for _, v := range a.Vulnerabilities {
			fixed, err := version.Parse(v.FirstPatched)
			if a.Withdrawn() || v.Package.Name != name || err != nil || fixed.Candidate() || string(fixed) != v.FirstPatched {
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

// addFix records a vulnerability that the release fixes.
func (sel *selection) addFix(a Advisory) {
	sel.security = append(sel.security, a)
	sel.decision.Security = append(sel.decision.Security, text.Advisory{
		GHSA: a.GHSA, CVE: a.CVE, URL: a.URL, Summary: a.Summary, Severity: a.Severity, FixedIn: a.FirstPatched,
	})
}

// holds returns the comments beside the pins that hold them back, and puts them into the decision.
func (r *run) holds(f *flake, d *text.Decision) ([]release.Hold, error) {
	var all []release.Hold
	for _, p := range f.found.Pins {
		for name, lines := range f.linesOf(p) {
			code := f.files.Nix[name]
			if code == nil || !bytes.Contains(code.Src, []byte(release.Directive)) {
				continue
			}
			holds, err := release.HoldsOf(name, comments(code), lines)
			if err != nil {
				return nil, holdError(err)
			}
			all = append(all, holds...)
		}
	}
	return r.reportHolds(all, d), nil
}

// linesOf are the lines that a pin is written on, by file: of the binding that it is the value of, of the
// call, and of its versions.
func (f *flake) linesOf(p *pin.Pin) map[string][]int {
	lines := map[string][]int{p.File: {p.Line}}
	if code := f.files.Nix[p.File]; code != nil {
		if b := bindingAt(code, p.Line, p.Column); b != nil {
			lines[p.File] = append(lines[p.File], code.Position(b.Start()).Line)
		}
	}
	for _, id := range p.Versions {
		s := f.found.Slot(id)
		lines[s.File] = append(lines[s.File], s.Pos.Line)
	}
	return lines
}

// bindingAt returns the innermost binding with the place in its value, nil when there is none.
func bindingAt(f *nixexpr.File, line, column int) *nixexpr.Binding {
	var found *nixexpr.Binding
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		b, ok := n.(*nixexpr.Binding)
		if !ok || b.Value == nil {
			return true
		}
		start, end := f.Position(b.Value.Start()), f.Position(b.Value.End())
		after := start.Line < line || start.Line == line && start.Column <= column
		before := line < end.Line || line == end.Line && column < end.Column
		if after && before {
			found = b
		}
		return true
	})
	return found
}

// comments are the comments of a file that end with their line.
func comments(f *nixexpr.File) []release.Comment {
	var all []release.Comment
	for _, t := range f.LineComments() {
		line := f.Src[:t.Start]
		line = line[bytes.LastIndexByte(line, '\n')+1:]
		all = append(all, release.Comment{
			Line: f.Position(t.Start).Line, Text: string(f.Src[t.Start:t.End]), Alone: len(bytes.TrimSpace(line)) == 0,
		})
	}
	return all
}

// reportHolds reports what comments say, once each, and returns them.
func (r *run) reportHolds(all []release.Hold, d *text.Decision) []release.Hold {
	var holds []release.Hold
	seen := map[string]bool{}
	for _, hold := range all {
		where := fmt.Sprintf("%s:%d", hold.File, hold.Line)
		if seen[where] {
			continue
		}
		seen[where] = true
		expired := !hold.InForce(r.start)
		if expired {
			r.warn("release", "%s: %s: this is over, and was ignored", where, hold.Quote)
		} else {
			r.say(Step, "release", "%s: %s", where, hold.Quote)
		}
		d.Holds = append(d.Holds, text.Hold{Where: where, Text: hold.Quote, Expired: expired})
		holds = append(holds, hold)
	}
	return holds
}

// holdError gives a comment that cannot be read its place.
func holdError(err error) error {
	var wrong *release.HoldError
	if !errors.As(err, &wrong) {
		return err
	}
	return &Error{
		Pos: diag.Pos{File: wrong.File, Line: wrong.Line, Column: 1}, Text: "read the comment: " + wrong.Err.Error(),
		Hint: "write # ollama-bump: hold <0.32 until 2026-12-01: reason; constraint, date and reason are optional", Err: err,
	}
}
