package bump

import (
	"context"
	"fmt"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/text"
)

// texts puts the diff, the list of edits and what is said of them into the result, and returns the texts.
func (r *run) texts(
	ctx context.Context, f *flake, s *solution, changes []source.Change, rep *text.Report, res *Result,
) (text.Texts, error) {
	res.changed(changes)
	r.adviseUpdate(ctx, f, s, res.OldVersion)
	r.fillReport(ctx, f, s, rep, res)
	r.warnOfMoves(s, rep, res.OldVersion)
	r.warnOfMentions(ctx, f, s, changes)
	rep.Warnings = r.warnings
	texts, err := r.writeTexts(ctx, rep, res)
	if err == nil && !r.opts.Unpin { // the pull request has it in its own words
		r.adviseRemoval(s)
	}
	return texts, err
}

// writeTexts writes the texts of a report, without secrets, and puts the title and the body into the result.
func (r *run) writeTexts(ctx context.Context, rep *text.Report, res *Result) (text.Texts, error) {
	rep.Redact(r.secrets.Redact)
	texts, err := text.Write(ctx, *rep, r.opts.templates())
	hide := r.secrets.Exact
	texts.Title, texts.Message, texts.Body = hide(texts.Title), hide(texts.Message), hide(texts.Body)
	res.Title, res.Body = texts.Title, texts.Body
	return texts, err
}

// tool is this program.
func (r *run) tool() text.Tool {
	return text.Tool{Name: "ollama-bump", Version: r.opts.Version, URL: "https://github.com/nixtars/ollama-bump"}
}

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
	rep.Tool = r.tool()
	w := work{to: rel.Version}
	for _, p := range s.shown {
		w.shown = append(w.shown, p.Outputs...)
	}
	rep.Try = r.try(ctx, f, w, res)
	for _, file := range res.Files {
		for _, e := range file.Edits {
			rep.Changes = append(rep.Changes, text.Change{
				File: file.Path, Line: e.Line, Field: e.Field, Attr: pin.Field(e.Field).Attribute(),
				Old: e.Old, New: e.New,
			})
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
func (r *run) warnOfMentions(ctx context.Context, f *flake, s *solution, changes []source.Change) {
	names := make([]string, 0, len(changes))
	for _, c := range changes {
		names = append(names, c.File)
	}
	for _, m := range s.Mentions(ctx, f.files, f.found, names) {
		r.warn("report", "%s is mentioned elsewhere and left there; check whether it should be %s: %s",
			m.Version, s.release.Version, strings.Join(m.Lines, ", ")) // what is too long is cut at the end
	}
}

// try is how to try the work before it is merged.
func (r *run) try(ctx context.Context, f *flake, w work, res *Result) text.Try {
	if r.opts.Mode == Write {
		return text.Try{}
	}
	return r.job(f).Try(ctx, r.proposal(f, w, res), wheres(w.shown))
}

// wheres returns where outputs are in the flake.
func wheres(outputs []probe.Output) []string {
	all := make([]string, 0, len(outputs))
	for _, o := range outputs {
		all = append(all, o.Where)
	}
	return all
}
