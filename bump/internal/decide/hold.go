package decide

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// cohort is pins that comments hold back and that move together, or all that no comment in force holds back.
type cohort struct {
	pins   []*pin.Pin
	holds  []release.Hold // in force
	choice release.Choice
	waits  string // what its best release waits for, when that cannot be built

	unbuilt []release.Fix // what only that one fixes
	stays   string        // why its pins that follow a branch do not move
}

// divide divides the pins of the selection into cohorts, by the comments in force beside them, and reports all
// comments. What no comment holds back comes first, and is one.
func (d *decider) divide(sel *Selection) error {
	free := &cohort{}
	var held []*cohort
	said := map[string]bool{}
	for _, pins := range d.Found.Bound() {
		c := &cohort{pins: pins}
		for _, p := range pins {
			holds, err := d.holds(p)
			if err != nil {
				return holdError(err)
			}
			for _, hold := range holds {
				if where := hold.Where(); !said[where] {
					said[where] = true
					d.reportHold(hold, sel)
				}
				if hold.InForce(d.Now) {
					c.holds = append(c.holds, hold)
				}
			}
		}
		if len(c.holds) > 0 {
			held = append(held, c)
		} else {
			free.pins = append(free.pins, pins...)
		}
	}
	d.warnOfStrays(said)
	if sel.cohorts = held; len(free.pins) > 0 {
		sel.cohorts = append([]*cohort{free}, held...)
	}
	return nil
}

// against returns the first comment that rules out a version, nil when there is none.
func (c *cohort) against(v version.Version) *release.Hold {
	for i := range c.holds {
		if !c.holds[i].Allows(v) {
			return &c.holds[i]
		}
	}
	return nil
}

// Against returns the first comment in force that keeps a pin from a version, nil when there is none.
func (sel *Selection) Against(p *pin.Pin, v version.Version) *release.Hold {
	for _, c := range sel.cohorts {
		if slices.Contains(c.pins, p) {
			return c.against(v)
		}
	}
	return nil
}

// refuseHeld returns the error for a release that was asked for and that a comment keeps a pin from, whether it is
// newer than what is pinned or older.
func refuseHeld(to version.Version, cohorts []*cohort) error {
	for _, c := range cohorts {
		hold := c.against(to)
		if hold == nil || !slices.ContainsFunc(c.pins, func(p *pin.Pin) bool { return p.Version != to }) {
			continue
		}
		return &diag.Error{
			Pos:  diag.Pos{File: hold.File, Line: hold.Line, Column: 1},
			Text: fmt.Sprintf("select release: %s is held back by the comment %q", to, hold.Quote),
			Hint: "change or remove the comment",
		}
	}
	return nil
}

// keepHeld sets apart the pins that a comment keeps from the release that the others move to.
func (d *decider) keepHeld(sel *Selection, to version.Version) {
	for _, c := range sel.cohorts {
		hold := c.against(to)
		if to == "" || hold == nil {
			continue
		}
		for _, p := range c.pins {
			if p.Version == "" || version.Compare(p.Version, to) < 0 {
				d.keep(sel, p, hold)
			}
		}
	}
}

// keep sets apart a pin that a comment holds back.
func (d *decider) keep(sel *Selection, p *pin.Pin, hold *release.Hold) {
	if slices.Contains(sel.Held, p) {
		return
	}
	stays := cmp.Or(string(p.Version), p.Label)
	d.Log(diag.Step, "%s: %s stays at %s: held by %s", p.Pos, d.pkg().Name, stays, hold.Quote)
	sel.Held = append(sel.Held, p)
	for i := range sel.Decision.Holds {
		if h := &sel.Decision.Holds[i]; h.Where == hold.Where() {
			h.Stays = stays
		}
	}
}

// holds returns the comments beside a pin that hold it back.
func (d *decider) holds(p *pin.Pin) ([]release.Hold, error) {
	var all []release.Hold
	lines := d.linesOf(p)
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		holds, err := release.HoldsOf(name, d.comments(name), lines[name])
		if err != nil {
			return nil, err
		}
		all = append(all, holds...)
	}
	return all, nil
}

// linesOf are the lines that a pin is written on, by file: of the call and the binding that it is the value of, of the
// input that its source is, and of its versions.
func (d *decider) linesOf(p *pin.Pin) map[string][]int {
	lines := map[string][]int{}
	add := func(at diag.Pos) { lines[at.File] = append(lines[at.File], at.Line) }
	add(p.Pos)
	d.addBinding(p.Pos, "", add)
	if in := p.Input(); in != nil {
		add(in.Pos)
		d.addBinding(in.Pos, in.Name, add)
	}
	for _, id := range p.Versions {
		add(d.Found.Slot(id).Pos)
	}
	if id, ok := p.Commit(); ok {
		add(d.Found.Slot(id).Pos)
	}
	return lines
}

// addBinding adds the innermost binding of a name, "" for any, that has the place in its value.
func (d *decider) addBinding(at diag.Pos, name string, add func(diag.Pos)) {
	f := d.Files.Nix[at.File]
	if f == nil {
		return
	}
	var found *nixexpr.Binding
	nixexpr.Walk(f.Root, func(n nixexpr.Node) bool {
		b, ok := n.(*nixexpr.Binding)
		if !ok || b.Value == nil {
			return true
		}
		named := name == "" || slices.ContainsFunc(b.Path, func(a nixexpr.Attr) bool { return a.Name == name })
		start, end := f.Position(b.Value.Start()), f.Position(b.Value.End())
		after := start.Line < at.Line || start.Line == at.Line && start.Column <= at.Column
		before := at.Line < end.Line || at.Line == end.Line && at.Column < end.Column
		if named && after && before {
			found = b
		}
		return true
	})
	if found != nil {
		add(diag.Pos{File: at.File, Line: f.Position(found.Start()).Line})
	}
}

// comments are the comments of a file that end with their line; none when none is addressed to this program.
func (d *decider) comments(name string) []release.Comment {
	src := d.Files.Source(name)
	if !bytes.Contains(src, []byte(release.Directive)) {
		return nil
	}
	code := d.Files.Nix[name]
	var all []release.Comment
	line, start := 1, 0 // of the line of a comment: they come in order
	for _, t := range d.Files.LineComments(name) {
		between := src[start:t.Start]
		line += bytes.Count(between, []byte("\n"))
		start += bytes.LastIndexByte(between, '\n') + 1
		c := release.Comment{
			Line: line, Text: string(src[t.Start:t.End]), Alone: len(bytes.TrimSpace(src[start:t.Start])) == 0,
		}
		if code != nil {
			c.Line = code.Position(t.Start).Line
		}
		all = append(all, c)
	}
	return all
}

// warnOfStrays warns of the comments that are addressed to this program and stand beside no pin: whoever wrote one
// takes something for held.
func (d *decider) warnOfStrays(known map[string]bool) {
	names := slices.Concat(slices.Collect(maps.Keys(d.Files.Nix)), slices.Collect(maps.Keys(d.Files.Data)))
	slices.Sort(names)
	for _, name := range names {
		for _, c := range d.comments(name) {
			where := release.Hold{File: name, Line: c.Line}.Where()
			if release.IsAddressed(c.Text) && !known[where] {
				d.Log(diag.Warning, "%s: %s: it stands beside no pin, so it was ignored", where,
					strings.TrimSpace(c.Text))
			}
		}
	}
}

// reportHold reports what a comment says, and puts it into the selection.
func (d *decider) reportHold(hold release.Hold, sel *Selection) {
	expired := !hold.InForce(d.Now)
	if expired {
		d.Log(diag.Warning, "%s: %s: its last day is over, so it was ignored", hold.Where(), hold.Quote)
	} else {
		d.Log(diag.Step, "%s: %s", hold.Where(), hold.Quote)
	}
	sel.Decision.Holds = append(sel.Decision.Holds, text.Hold{Where: hold.Where(), Text: hold.Quote, Expired: expired})
}

// holdError gives a comment that cannot be read its place.
func holdError(err error) error {
	var wrong *release.HoldError
	if !errors.As(err, &wrong) {
		return err
	}
	return &diag.Error{
		Pos: diag.Pos{File: wrong.File, Line: wrong.Line, Column: 1}, Text: "read comment: " + wrong.Err.Error(),
		Hint: "write # ollama-bump: hold <0.32 until 2026-12-01: reason; constraint, date and reason are optional",
		Err:  err,
	}
}
