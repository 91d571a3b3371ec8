package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// report makes the diff, the list of edits and the report of what was found.
func (j *job) report(ctx context.Context) error {
	var err error
	if j.changed, err = j.changes(ctx); err != nil {
		return err
	}
	var diff strings.Builder
	for _, c := range j.changed {
		j.result.Files = append(j.result.Files, FileChange{Path: c.File, Edits: j.edits(c.File)})
		diff.WriteString(text.Diff(c.File, c.Old, c.New))
	}
	j.result.Diff = diff.String()
	j.adviseUpdate(ctx)
	j.fillReport(ctx)
	if err := j.writeTexts(ctx); err != nil {
		return err
	}
	if !j.opts.Unpin { // the pull request has it in its own words
		j.adviseRemoval(j.states)
	}
	return nil
}

// changes returns the files that the solution changes, in order.
func (j *job) changes(ctx context.Context) ([]tree.Change, error) {
	contents, err := j.files.Apply(j.found, j.hashes.State.Values)
	if err != nil {
		return nil, err
	}
	var changes []tree.Change
	for name, content := range contents {
		if bytes.Equal(content, j.files.Source(name)) {
			continue
		}
		changes = append(changes, tree.Change{File: name, Old: j.files.Source(name), New: content})
	}
	if lock := j.hashes.State.Lock; lock != nil {
		old, err := j.tree.Read(ctx, j.tree.Lock())
		if err != nil && !foreign.Missing(err) {
			return nil, fmt.Errorf("report: %w", err)
		}
		if !bytes.Equal(old, lock) {
			changes = append(changes, tree.Change{File: j.tree.Lock(), Old: old, New: lock})
		}
	}
	slices.SortFunc(changes, func(a, b tree.Change) int { return strings.Compare(a.File, b.File) })
	return changes, nil
}

// writeTexts makes the title, the body and the commit message.
func (j *job) writeTexts(ctx context.Context) error {
	templates := j.opts.templates()
	title, err := text.Title(j.rep, templates)
	if err != nil {
		return err
	}
	message, err := text.CommitMessage(j.rep, templates)
	if err != nil {
		return err
	}
	body, err := text.Body(ctx, j.rep, templates, "")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	j.result.Title, j.result.Body, j.message = j.secrets.Exact(title), j.secrets.Exact(body), j.secrets.Exact(message)
	return nil
}

// redacted returns the result without the run's secrets, which other people's text and the flake's own
// files may hold.
func (j *job) redacted() Result {
	r := j.result
	hide := j.secrets.Exact
	r.Reason, r.Diff, r.Title, r.Body = hide(r.Reason), hide(r.Diff), hide(r.Title), hide(r.Body)
	for i := range r.Warnings {
		r.Warnings[i] = j.secrets.Redact(r.Warnings[i])
	}
	for i := range r.Verified {
		r.Verified[i].Attr = hide(r.Verified[i].Attr)
	}
	for i := range r.Files {
		for k := range r.Files[i].Edits {
			e := &r.Files[i].Edits[k]
			e.Old, e.New = hide(e.Old), hide(e.New)
		}
	}
	return r
}

// redactedError returns err with no secret in what it says.
func (j *job) redactedError(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Text, e.Hint = j.secrets.Redact(e.Text), j.secrets.Redact(e.Hint)
	}
	return err
}

// edits lists what changes in one file, in its order.
func (j *job) edits(name string) []Edit {
	list := []Edit{}
	for _, e := range j.found.Edits(name, j.hashes.State.Values) {
		list = append(list, Edit{Line: e.Pos.Line, Column: e.Pos.Column, Field: e.Field, Old: e.Old, New: e.New})
	}
	return list
}

// home is where this program comes from.
const home = "https://github.com/nixtars/ollama-bump"

func (j *job) fillReport(ctx context.Context) {
	j.rep.Package = j.pkg.Name
	j.rep.OldVersion, j.rep.NewVersion = j.result.OldVersion, string(j.rel.Version)
	j.rep.Release = text.Release{URL: j.rel.URL}
	for _, n := range j.rel.Between {
		j.rep.Release.Notes = append(j.rep.Release.Notes,
			text.ReleaseNote{Version: string(n.Version), URL: n.URL, Body: n.Body})
	}
	if !j.rel.PublishedAt.IsZero() {
		j.rep.Release.Age = j.start.Sub(j.rel.PublishedAt)
	}
	if j.rep.Release.URL == "" {
		j.rep.Release.URL = fmt.Sprintf("https://github.com/%s/releases/tag/%s", j.pkg.Upstream(), j.rel.Version.Tag())
	}
	j.rep.Tool = text.Tool{Name: "ollama-bump", Version: j.opts.Version, URL: home}
	j.rep.Try = j.try(ctx)
	j.rep.Try.Rebase = j.opts.Mode != Write
	for _, f := range j.result.Files {
		for _, e := range f.Edits {
			j.rep.Changes = append(j.rep.Changes,
				text.Change{File: f.Path, Line: e.Line, Field: e.Field, Old: e.Old, New: e.New})
		}
	}
	for _, p := range j.hashes.Moves {
		for _, c := range p.Companions() {
			j.rep.Companions = append(j.rep.Companions,
				text.Companion{Name: c.Name, Old: c.Old, New: c.New, Moved: c.Skip == "", Why: c.Skip})
			if c.Skip != "" {
				j.warn("report", "%s: %s was not moved: %s", c.Pos, c.Name, c.Skip)
			}
		}
		for _, n := range p.Notes() {
			j.warn("report", "%s: %s", p.Pos, n)
		}
		if p.Version != "" && string(p.Version) != j.result.OldVersion {
			j.warn("report", "%s: this pin was at %s", p.Pos, p.Version)
		}
	}
	j.warnOfMentions()
	j.rep.Warnings = j.result.Warnings
	j.rep.Redact(j.secrets.Exact)
}

// warnOfMentions warns of literals that mention an old version, in the files that are edited, and stay.
func (j *job) warnOfMentions() {
	moved := make([]pin.Slot, 0, len(j.found.Slots))
	for _, p := range slices.Concat(j.hashes.Moves, j.hashes.Along) {
		for _, id := range p.Slots() {
			moved = append(moved, *j.found.Slot(id))
		}
	}
	for _, left := range j.hashes.Left { // reported by themselves
		for _, id := range left.Versions {
			moved = append(moved, *j.found.Slot(id))
		}
	}
	seen := map[version.Version]bool{}
	for _, p := range j.hashes.Moves {
		if p.Version == j.rel.Version || seen[p.Version] {
			continue
		}
		seen[p.Version] = true
		var places []string
		for _, f := range j.changed {
			for _, at := range j.files.Mentions(f.File, p.Version, moved) {
				places = append(places, at.String())
			}
		}
		if len(places) > 0 {
			j.warn("report", "%s is also mentioned at %s, and left there: look whether it should be %s",
				p.Version, strings.Join(diag.Limit(places, 12), ", "), j.rel.Version)
		}
	}
}

// try is how to try the proposal without a checkout; the zero value when it is not known where it will be.
func (j *job) try(ctx context.Context) text.Try {
	owner, repo, err := j.repository(ctx)
	if err != nil || j.opts.Mode == Write || webHost(j.opts.APIURL) != "github.com" {
		return text.Try{}
	}
	t := text.Try{Repository: owner + "/" + repo, Branch: strings.TrimPrefix(j.branch(), branchRefs), Folder: j.tree.Sub}
	if t.Branch == "" {
		t.Branch = branchPrefix + string(j.rel.Version)
	}
	prefix := "packages." + pin.System() + "."
	for _, p := range j.hashes.Moves {
		for _, o := range p.Outputs {
			name, ok := strings.CutPrefix(o.Where, prefix)
			if ok && (t.Attr == "" || name == j.pkg.Name) {
				t.Attr = name
			}
		}
	}
	return t
}
