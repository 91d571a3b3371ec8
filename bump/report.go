package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// changedFile is a file before and after.
type changedFile struct {
	name     string // from the tree's root
	old, new []byte
}

// report makes the diff, the list of edits and the report of what was found.
func (j *job) report(ctx context.Context) error {
	cand := j.hashes.cand
	changes, err := j.hashes.changes()
	if err != nil {
		return err
	}
	originals, err := j.originals(ctx)
	if err != nil {
		return err
	}
	for name, now := range cand.now {
		if old := originals[name]; !bytes.Equal(old, now) {
			j.changed = append(j.changed, changedFile{name, old, now})
		}
	}
	sort.Slice(j.changed, func(a, b int) bool { return j.changed[a].name < j.changed[b].name })
	var diff strings.Builder
	for _, f := range j.changed {
		j.result.Files = append(j.result.Files, FileChange{Path: f.name, Edits: j.edits(f.name, changes)})
		diff.WriteString(text.Diff(f.name, f.old, f.new))
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
		switch f := j.sources.nix[name]; {
		case f != nil:
			all[name] = f.Src
		case j.sources.data[name] != nil:
			all[name] = j.sources.data[name]
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
func (j *job) edits(name string, changes []change) []Edit {
	list := []Edit{}
	sort.SliceStable(changes, func(a, b int) bool { return changes[a].start < changes[b].start })
	for _, c := range changes {
		if c.file != name || c.old == c.value {
			continue
		}
		at := placeOfSlot(j.hashes.cand, c.slot)
		list = append(list, Edit{Line: at.line, Column: at.column, Field: c.field, Old: c.old, New: c.value})
	}
	return list
}

// home is where this program comes from.
const home = "https://github.com/nixtars/ollama-bump"

func (j *job) fillReport(ctx context.Context) {
	j.rep.Package = j.pkg.Name
	j.rep.OldVersion, j.rep.NewVersion = j.result.OldVersion, j.rel.version
	j.rep.Release = text.Release{URL: j.rel.URL, Notes: j.rel.between}
	if !j.rel.PublishedAt.IsZero() {
		j.rep.Release.Age = j.start.Sub(j.rel.PublishedAt)
	}
	if j.rep.Release.URL == "" {
		j.rep.Release.URL = fmt.Sprintf("https://github.com/%s/%s/releases/tag/v%s", j.pkg.Owner, j.pkg.Repo, j.rel.version)
	}
	j.rep.Proof.NixVersion, j.rep.Proof.System = j.hashes.probe.nix, j.hashes.probe.req.System
	j.rep.Tool = text.Tool{Name: "ollama-bump", Version: j.opts.Version, URL: home}
	j.rep.Try = j.try(ctx)
	for _, f := range j.result.Files {
		for _, e := range f.Edits {
			j.rep.Changes = append(j.rep.Changes, text.Change{File: f.Path, Line: e.Line, Field: e.Field, Old: e.Old, New: e.New})
		}
	}
	for _, p := range j.due {
		for _, c := range p.companions {
			j.rep.Companions = append(j.rep.Companions, c.report())
			if c.left != "" {
				j.warn("report", "%s:%d:%d: %s was not moved: %s", c.place.file, c.place.line, c.place.column, c.report().Name, c.left)
			}
		}
		for _, n := range p.notes {
			j.warn("report", "%s:%d:%d: %s", p.file, p.line, p.column, n)
		}
		if p.version != "" && p.version != j.result.OldVersion {
			j.warn("report", "%s:%d:%d: this pin was at %s", p.file, p.line, p.column, p.version)
		}
	}
	j.rep.Warnings = j.result.Warnings
	j.rep.Redact(j.secrets.Exact)
}

// try is how to try the proposal without a checkout; the zero value when it is not known where it will be.
func (j *job) try(ctx context.Context) text.Try {
	owner, repo, err := j.repository(ctx)
	if err != nil || j.opts.Mode == Write || webHost(j.opts.APIURL) != "github.com" {
		return text.Try{}
	}
	t := text.Try{Repository: owner + "/" + repo, Branch: strings.TrimPrefix(j.branch(), branchRefs), Folder: j.tree.Sub}
	if t.Branch == "" {
		t.Branch = branchPrefix + j.rel.version
	}
	prefix := "packages." + nixSystem() + "."
	for _, p := range j.due {
		for _, info := range j.hashes.where[p] {
			name, ok := strings.CutPrefix(info.Where, prefix)
			if ok && (t.Attr == "" || name == j.pkg.Name) {
				t.Attr = name
			}
		}
	}
	return t
}

func (c *companionPin) report() text.Companion {
	name := c.old
	if c.of != nil {
		name = c.of.Name
	}
	return text.Companion{Name: name, Old: c.old, New: c.tag, Moved: c.left == "", Why: c.left}
}
