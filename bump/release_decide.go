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
// newest. waiting says why a newer one than the pinned was not taken.
func (j *job) decide(ctx context.Context, upstream *github.Client, oldest version.Version) (waiting string, err error) {
	holds, err := j.holds()
	if err != nil {
		return "", err
	}
	newer := oldest == "" || version.Compare(j.rel.Version, oldest) > 0
	switch {
	case j.opts.To != "" && newer:
		return "", j.refuseHeld(holds)
	case j.opts.To != "" || !newer:
		return "", nil
	}
	advisories := j.advisories(ctx, upstream)
	policy := release.Policy{
		Now: j.start, MinAge: j.opts.MinAge, Skip: j.opts.Skip, Allow: release.Allowed(j.opts.Allow), Holds: holds,
		Fixes: fixes(advisories),
	}
	candidates, waiting, err := j.buildable(ctx, policy, oldest, j.rel.Candidates(j.opts.Pre, j.found.Pins))
	if err != nil {
		return "", err
	}
	choice := policy.Choose(oldest, candidates)
	j.take(choice, oldest)
	for _, fix := range choice.Missed {
		j.warn("release", "%s is fixed in %s, which is ruled out here", advisories[fix.ID].GHSA, fix.In)
	}
	for _, fix := range choice.Fixed {
		j.security(advisories[fix.ID])
	}
	for _, p := range choice.Passed {
		j.rep.Decision.Passed = append(j.rep.Decision.Passed, text.Passed{Version: string(p.Version), Why: p.Reason})
	}
	if len(choice.Passed) > 0 && waiting == "" {
		waiting = fmt.Sprintf("%s is not taken: %s", choice.Passed[0].Version, choice.Passed[0].Reason)
		j.say(Step, "release", "%s", waiting)
	}
	return waiting, nil
}

// take makes the chosen release that of the run; without one it is the pinned release, which is current.
func (j *job) take(choice release.Choice, oldest version.Version) {
	to := choice.Version
	if to == "" {
		to = oldest
	}
	if to != "" && to != j.rel.Version {
		j.rel = j.rel.Instead(to, oldest)
	}
}

// refuseHeld returns the error for a release that was asked for and that a comment holds back.
func (j *job) refuseHeld(holds []release.Hold) error {
	for _, hold := range holds {
		if hold.InForce(j.start) && !hold.Allows(j.rel.Version) {
			return &Error{
				Pos:  diag.Pos{File: hold.File, Line: hold.Line, Column: 1},
				Text: fmt.Sprintf("select release: %s is held back by the comment %q", j.rel.Version, hold.Quote),
				Hint: "change or remove the comment",
			}
		}
	}
	return nil
}

// advisories are those on the package by their identifier. They are advice: without an answer the bump
// goes on.
func (j *job) advisories(ctx context.Context, upstream *github.Client) map[string]Advisory {
	name := "github.com/" + j.pkg.Upstream()
	list, err := upstream.Advisories(ctx, "go", name)
	if err != nil {
		j.say(Detail, "release", "advisories are not known: %v", err)
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

func fixes(advisories map[string]Advisory) []release.Fix {
	var all []release.Fix
	for id, a := range advisories {
		all = append(all, release.Fix{ID: id, In: version.Version(a.FirstPatched)})
	}
	return all
}

// security records a vulnerability that the bump fixes.
func (j *job) security(a Advisory) {
	j.result.Security = append(j.result.Security, a)
	j.rep.Decision.Security = append(j.rep.Decision.Security, text.Advisory{
		GHSA: a.GHSA, CVE: a.CVE, URL: a.URL, Summary: a.Summary, Severity: a.Severity, FixedIn: a.FirstPatched,
	})
}

// holds are the comments beside the pins that hold them back.
func (j *job) holds() ([]release.Hold, error) {
	var all []release.Hold
	for _, p := range j.found.Pins {
		for name, lines := range j.linesOf(p) {
			if f := j.files.Nix[name]; f == nil || !bytes.Contains(f.Src, []byte(release.Directive)) {
				continue
			}
			holds, err := release.HoldsOf(name, comments(j.files.Nix[name]), lines)
			if err != nil {
				return nil, holdError(err)
			}
			all = append(all, holds...)
		}
	}
	return j.reportHolds(all), nil
}

// linesOf are the lines that a pin is written on, by file: of the binding that it is the value of, of the
// call, and of its versions.
func (j *job) linesOf(p *pin.Pin) map[string][]int {
	lines := map[string][]int{p.File: {p.Line}}
	if f := j.files.Nix[p.File]; f != nil {
		if b := bindingAt(f, p.Line, p.Column); b != nil {
			lines[p.File] = append(lines[p.File], f.Position(b.Start()).Line)
		}
	}
	for _, id := range p.Versions {
		s := j.found.Slot(id)
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
func (j *job) reportHolds(all []release.Hold) []release.Hold {
	var holds []release.Hold
	seen := map[string]bool{}
	for _, hold := range all {
		where := fmt.Sprintf("%s:%d", hold.File, hold.Line)
		if seen[where] {
			continue
		}
		seen[where] = true
		expired := !hold.InForce(j.start)
		if expired {
			j.warn("release", "%s: %s: this is over, and was ignored", where, hold.Quote)
		} else {
			j.say(Step, "release", "%s: %s", where, hold.Quote)
		}
		j.rep.Decision.Holds = append(j.rep.Decision.Holds, text.Hold{Where: where, Text: hold.Quote, Expired: expired})
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
