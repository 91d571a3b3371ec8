package bump

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// report makes the diff, the list of edits and the report of what was found.
func (j *job) report(ctx context.Context) error {
	cand := j.hashes.cand
	now, err := j.hashes.values()
	if err != nil {
		return err
	}
	originals, err := j.originals(ctx)
	if err != nil {
		return err
	}
	for name, content := range cand.now {
		if old := originals[name]; !bytes.Equal(old, content) {
			j.changed = append(j.changed, tree.Change{File: name, Old: old, New: content})
		}
	}
	sort.Slice(j.changed, func(a, b int) bool { return j.changed[a].File < j.changed[b].File })
	var diff strings.Builder
	for _, f := range j.changed {
		j.result.Files = append(j.result.Files, FileChange{Path: f.File, Edits: j.edits(f.File, now)})
		diff.WriteString(text.Diff(f.File, f.Old, f.New))
	}
	j.result.Diff = diff.String()
	j.fillReport(ctx)
	return j.writeTexts(ctx)
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

// originals are the files' contents as they were read.
func (j *job) originals(ctx context.Context) (map[string][]byte, error) {
	all := map[string][]byte{}
	for name := range j.hashes.cand.now {
		switch f := j.files.Nix[name]; {
		case f != nil:
			all[name] = f.Src
		case j.files.Data[name] != nil:
			all[name] = j.files.Data[name]
		default:
			src, err := j.tree.Read(ctx, name)
			if err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
			all[name] = src
		}
	}
	return all, nil
}

// edits lists what changes in one file, in its order.
func (j *job) edits(name string, now values) []Edit {
	var ids []pin.SlotID
	for id, value := range now {
		if s := j.found.Slot(id); s.File == name && s.Old != value {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b pin.SlotID) int { return cmp.Compare(j.found.Slot(a).Start, j.found.Slot(b).Start) })
	list := []Edit{}
	for _, id := range ids {
		s := j.found.Slot(id)
		list = append(list, Edit{Line: s.Pos.Line, Column: s.Pos.Column, Field: s.Field, Old: s.Old, New: now[id]})
	}
	return list
}

// home is where this program comes from.
const home = "https://github.com/nixtars/ollama-bump"

func (j *job) fillReport(ctx context.Context) {
	j.rep.Package = j.pkg.Name
	j.rep.OldVersion, j.rep.NewVersion = j.result.OldVersion, string(j.rel.version)
	j.rep.Release = text.Release{URL: j.rel.URL, Notes: j.rel.between}
	if !j.rel.PublishedAt.IsZero() {
		j.rep.Release.Age = j.start.Sub(j.rel.PublishedAt)
	}
	if j.rep.Release.URL == "" {
		j.rep.Release.URL = fmt.Sprintf("https://github.com/%s/releases/tag/%s", j.pkg.Upstream(), j.rel.version.Tag())
	}
	j.rep.Proof.NixVersion, j.rep.Proof.System = j.hashes.probe.nix, j.hashes.probe.req.System
	j.rep.Tool = text.Tool{Name: "ollama-bump", Version: j.opts.Version, URL: home}
	j.rep.Try = j.try(ctx)
	j.rep.Try.Rebase = j.opts.Mode != Write
	for _, f := range j.result.Files {
		for _, e := range f.Edits {
			j.rep.Changes = append(j.rep.Changes, text.Change{File: f.Path, Line: e.Line, Field: e.Field, Old: e.Old, New: e.New})
		}
	}
	for _, p := range j.hashes.pins {
		for _, c := range p.companions {
			j.rep.Companions = append(j.rep.Companions, c.report())
			if c.skip != "" {
				j.warn("report", "%s: %s was not moved: %s", c.Pos, c.report().Name, c.skip)
			}
		}
		for _, n := range append(slices.Clone(p.Notes), p.notes...) {
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
	for _, p := range append(slices.Clone(j.hashes.pins), j.hashes.along...) {
		for _, id := range p.Slots() {
			moved = append(moved, *j.found.Slot(id))
		}
	}
	for _, left := range j.hashes.left { // reported by themselves
		for _, id := range left.Versions {
			moved = append(moved, *j.found.Slot(id))
		}
	}
	seen := map[version.Version]bool{}
	for _, p := range j.hashes.pins {
		if p.Version == j.rel.version || seen[p.Version] {
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
				p.Version, strings.Join(limit(places, 12), ", "), j.rel.version)
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
		t.Branch = branchPrefix + string(j.rel.version)
	}
	prefix := "packages." + pin.System() + "."
	for _, p := range j.hashes.pins {
		for _, info := range j.hashes.where[p] {
			name, ok := strings.CutPrefix(info.Where, prefix)
			if ok && (t.Attr == "" || name == j.pkg.Name) {
				t.Attr = name
			}
		}
	}
	return t
}

func (c *companion) report() text.Companion {
	return text.Companion{Name: c.Name(), Old: c.Old, New: c.tag, Moved: c.skip == "", Why: c.skip}
}
