package bump

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// texts puts the diff, the list of edits and what is said of them into the result, and returns the commit message.
func (r *run) texts(
	ctx context.Context, f *flake, s *solution, changes []source.Change, rep *text.Report, res *Result,
) (string, error) {
	res.changed(changes)
	r.adviseUpdate(ctx, f, s, res.OldVersion)
	r.fillReport(ctx, f, s, rep, res)
	r.warnOfMoves(s, rep, res.OldVersion)
	r.warnOfMentions(f, s, changes)
	rep.Warnings = r.warnings
	rep.Redact(r.secrets.Redact)
	message, err := r.writeTexts(ctx, *rep, res)
	if err != nil {
		return "", err
	}
	if !r.opts.Unpin { // the pull request has it in its own words
		r.adviseRemoval(s.states, res.OldVersion)
	}
	return message, nil
}

// writeTexts puts the title and the body into the result, and returns the commit message.
func (r *run) writeTexts(ctx context.Context, rep text.Report, res *Result) (string, error) {
	templates := r.opts.templates()
	title, err := text.Title(rep, templates)
	if err != nil {
		return "", err
	}
	message, err := text.CommitMessage(rep, templates)
	if err != nil {
		return "", err
	}
	body, err := text.Body(ctx, rep, templates, "")
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	res.Title, res.Body = r.secrets.Exact(title), r.secrets.Exact(body)
	return r.secrets.Exact(message), nil
}

// home is where this program comes from.
const home = "https://github.com/nixtars/ollama-bump"

// fillReport says what is proposed.
func (r *run) fillReport(ctx context.Context, f *flake, s *solution, rep *text.Report, res *Result) {
	rel := s.release
	rep.Package = r.pkg.Name
	rep.OldVersion, rep.NewVersion = res.OldVersion, string(rel.Version)
	rep.Release = text.Release{URL: rel.URL}
	for _, n := range rel.Between {
		rep.Release.Notes = append(rep.Release.Notes,
			text.ReleaseNote{Version: string(n.Version), URL: n.URL, Body: n.Body})
	}
	if !rel.PublishedAt.IsZero() {
		rep.Release.Age = r.start.Sub(rel.PublishedAt)
	}
	if rep.Release.URL == "" {
		rep.Release.URL = fmt.Sprintf("https://github.com/%s/releases/tag/%s", r.pkg.Upstream(), rel.Version.Tag())
	}
	rep.Tool = text.Tool{Name: "ollama-bump", Version: r.opts.Version, URL: home}
	w := work{to: rel.Version}
	for _, p := range s.shown {
		w.shown = append(w.shown, p.Outputs...)
	}
	rep.Try = r.try(ctx, f, w)
	for _, file := range res.Files {
		for _, e := range file.Edits {
			rep.Changes = append(rep.Changes,
				text.Change{File: file.Path, Line: e.Line, Field: e.Field, Old: e.Old, New: e.New})
		}
	}
}

// warnOfMoves says of each pin what became of its companions, and what else there is to know.
func (r *run) warnOfMoves(s *solution, rep *text.Report, old string) {
	for _, p := range s.Moves {
		for _, c := range p.Companions() {
			rep.Companions = append(rep.Companions,
				text.Companion{Name: c.Name, Old: c.Old, New: c.New, Moved: c.Skip == "", Why: c.Skip})
			if c.Skip != "" {
				r.warn("report", "%s: %s was not moved: %s", c.Pos, c.Name, c.Skip)
			}
		}
		for _, n := range p.Notes() {
			r.warn("report", "%s: %s", p.Pos, n)
		}
		if p.Version != "" && string(p.Version) != old {
			r.warn("report", "%s: this pin was at %s", p.Pos, p.Version)
		}
	}
}

// warnOfMentions warns of literals that mention an old version, in the files that are edited, and stay.
func (r *run) warnOfMentions(f *flake, s *solution, changes []source.Change) {
	moved := make([]pin.Slot, 0, len(f.found.Slots))
	for _, p := range slices.Concat(s.Moves, s.Along) {
		for _, id := range p.Slots() {
			moved = append(moved, *f.found.Slot(id))
		}
	}
	for _, left := range s.Unshown { // reported by themselves
		for _, id := range left.Versions {
			moved = append(moved, *f.found.Slot(id))
		}
	}
	seen := map[version.Version]bool{}
	for _, p := range s.Moves {
		if p.Version == s.release.Version || seen[p.Version] {
			continue
		}
		seen[p.Version] = true
		var places []string
		for _, c := range changes {
			for _, at := range f.files.Mentions(c.File, p.Version, moved) {
				places = append(places, at.String())
			}
		}
		if len(places) > 0 {
			r.warn("report", "%s is also mentioned at %s, and left there: check whether it should be %s",
				p.Version, strings.Join(diag.Limit(places, 12), ", "), s.release.Version)
		}
	}
}

// try is how to try the proposal without a checkout, of the outputs that show it. When it is not known where it will
// be, the command is missing.
func (r *run) try(ctx context.Context, f *flake, w work) text.Try {
	t := text.Try{Rebase: r.opts.Mode != Write}
	owner, repo, err := r.repository(ctx, f.tree)
	if err != nil || r.opts.Mode == Write || webHost(r.opts.APIURL) != "github.com" {
		return t
	}
	t.Repository, t.Folder = owner+"/"+repo, f.tree.Sub
	t.Branch = strings.TrimPrefix(r.branch(w), branchRefs)
	switch {
	case t.Branch == "" && w.removes:
		t.Branch = branchPrefix + "unpin"
	case t.Branch == "":
		t.Branch = branchPrefix + string(w.to)
	}
	prefix := "packages." + pin.System() + "."
	for _, o := range w.shown {
		name, ok := strings.CutPrefix(o.Where, prefix)
		if ok && (t.Attr == "" || name == r.pkg.Name) {
			t.Attr = name
		}
	}
	return t
}
