package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump"
)

// A run of several flakes bumps one after the other. One that fails does not keep the others from it.

// bumped is how the bump of one flake ended.
type bumped struct {
	flake  string
	result bump.Result
	failed *failed // nil when it did not fail
}

// MarshalJSON returns the object of a single flake, with the flake's name.
func (e bumped) MarshalJSON() ([]byte, error) {
	if e.failed != nil {
		return json.Marshal(struct {
			Flake  string      `json:"flake"`
			Status bump.Status `json:"status"`
			Error  failedError `json:"error"`
		}{e.flake, e.failed.Status, e.failed.Error})
	}
	return json.Marshal(struct {
		Flake string `json:"flake"`
		bump.Result
	}{e.flake, filled(e.result)})
}

// round is how far a run of several flakes is.
type round struct {
	now        string   // the flake that is being bumped; "" in a run of one
	done, left []string // those before it that did not fail, and those behind it
}

// String returns "; done: a, b; not begun: d", without what there is not.
func (r round) String() string {
	text := ""
	if len(r.done) > 0 {
		text += "; done: " + strings.Join(r.done, ", ")
	}
	if len(r.left) > 0 {
		text += "; not begun: " + strings.Join(r.left, ", ")
	}
	return text
}

// bumpAll bumps several flakes and returns the exit status.
func (p *program) bumpAll(runs []task) int {
	status := exitOK
	var all []bumped
	for _, r := range runs {
		p.flakes.left = append(p.flakes.left, r.flake)
	}
	for _, r := range runs {
		p.flakes.now, p.flakes.left = r.flake, p.flakes.left[1:]
		e, ended := p.bumpOneOf(r)
		if status == exitOK || ended == exitFailed {
			status = ended
		}
		all = append(all, e)
		if e.failed != nil && p.ctx.Err() != nil {
			break
		}
	}
	if err := p.conclude(all); err != nil {
		return p.fail(err)
	}
	return status
}

// bumpOneOf bumps one flake of several and returns how it ended, with the exit status for it.
func (p *program) bumpOneOf(r task) (end bumped, status int) {
	p.open(r.verbosity())
	p.log.say("flake " + r.flake)
	if p.ctx.Err() != nil { // a signal that came when the flake before was done
		return p.failOneOf(r, p.interrupted()), exitFailed
	}
	result, err := p.bumpOne(r.settings)
	if err == nil {
		err = p.reportOne(r, result)
	}
	if err != nil {
		return p.failOneOf(r, err), exitFailed
	}
	p.flakes.done = append(p.flakes.done, r.flake)
	if r.Mode == bump.Check && result.Status == bump.Available && !p.action {
		status = exitAvailable
	}
	return bumped{flake: r.flake, result: result}, status
}

// failOneOf reports the error of one flake of several.
func (p *program) failOneOf(r task, err error) bumped {
	failure, hint, _ := p.explain(err)
	p.log.failure(err, failure, hint)
	object := p.failureObject(err, failure, hint)
	if p.action {
		_ = p.summarizeFailure(fmt.Errorf("%s: %w", r.flake, err), hint) // the outputs tell, too
	}
	return bumped{flake: r.flake, failed: &object}
}

// reportOne prints how the bump of one flake ended.
func (p *program) reportOne(r task, result bump.Result) error {
	for _, warning := range result.Warnings {
		p.log.warning(warning)
	}
	if !r.json {
		if err := p.output(r.settings, result); err != nil {
			return err
		}
	}
	p.log.result(r.flake + ": " + sentence(r.Mode, result))
	if p.action {
		return p.summarize(p.summary(r.flake+": "+sentence(r.Mode, result), result))
	}
	return nil
}

// conclude writes the JSON object, or the outputs of the Action, of all flakes.
func (p *program) conclude(all []bumped) error {
	if p.action {
		return p.setOutputs(outputsOf(all))
	}
	if !p.json {
		return nil
	}
	text, err := p.marshal(struct {
		Schema int      `json:"schema"`
		Flakes []bumped `json:"flakes"`
	}{1, all})
	return cmp.Or(err, mustWrite(p.stdout, text))
}

// importance orders how bumps end, for a single status of several.
var importance = []bump.Status{bump.Current, bump.Skipped, bump.Available, bump.Bumped, "failed"}

// outputsOf returns the Action's outputs for several flakes: those of the one whose end matters most, and
// the diffs of all.
func outputsOf(all []bumped) []property {
	var most bumped
	diff := ""
	for i, e := range all {
		if e.failed != nil {
			e.result.Status = "failed"
		}
		diff += e.result.Diff
		if i == 0 || slices.Index(importance, e.result.Status) > slices.Index(importance, most.result.Status) {
			most = e
		}
	}
	most.result.Diff = diff
	return outputs(most.result)
}

// say prints a line of its own.
func (s *console) say(text string) {
	if s.level != quiet {
		s.line(fmt.Sprintf("%s %s", s.paint("1", "ollama-bump:"), s.clean(text)))
	}
}
