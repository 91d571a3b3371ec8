package bump

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/decide"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// selectRelease decides which release to go to.
func (r *run) selectRelease(ctx context.Context, f *flake, e decide.Evaluated) (*decide.Selection, error) {
	job, tools, err := r.decision(f, e)
	if err != nil {
		return nil, err
	}
	r.say(Step, "release", "pinned: %s %s", r.pkg.Name, decide.Pinned(f.found))
	r.say(Step, "release", "asking %s", r.remote.UpstreamHost())
	return decide.Select(ctx, job, tools)
}

// decision returns what there is to decide, and what with.
func (r *run) decision(f *flake, e decide.Evaluated) (decide.Job, decide.Tools, error) {
	upstream, err := r.remote.Upstream()
	if err != nil {
		return decide.Job{}, decide.Tools{}, err
	}
	o := r.opts
	var to version.Version
	if o.To != "" {
		if to, err = parseTo(o.To); err != nil {
			return decide.Job{}, decide.Tools{}, err
		}
	}
	return decide.Job{
		Options: decide.Options{
			To: to, Pre: o.Pre, MinAge: o.MinAge, Skip: o.Skip, Allow: release.Allowed(o.Allow), IgnoreGo: o.IgnoreGo,
		},
		Files: f.files, Found: f.found, Now: r.start, Evaluated: e,
	}, decide.Tools{Upstream: upstream, Log: r.logFor("release"), GoLines: r.goLines}, nil
}

// selected puts the release to go to into the result.
func (res *Result) selected(sel *decide.Selection) {
	res.OldVersion, res.NewVersion = sel.Old, string(sel.Release.Version)
	res.Security = slices.Clone(sel.Decision.Security) // the report hides secrets in its own
}

// warnUnfixed warns of the vulnerabilities that stay with the release.
func (r *run) warnUnfixed(sel *decide.Selection) {
	for _, text := range sel.Unfixed {
		r.warn("release", "%s", text)
	}
}

// parseTo reads the version of Options.To.
func parseTo(to string) (version.Version, error) {
	v, err := version.Parse(to)
	if err != nil {
		return "", &UsageError{Text: fmt.Sprintf("Options.To must be a release such as 0.32.15 or 0.33.0-rc2, not %q",
			to)}
	}
	return v, nil
}

// Releases returns versions that Options.To can name, the newest first: those of the first page that GitHub
// lists.
func Releases(ctx context.Context, o Options) ([]string, error) {
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	upstream, err := r.remote.Upstream()
	if err != nil {
		return nil, err
	}
	list, err := release.List(ctx, upstream, r.pkg)
	if err != nil {
		return nil, r.redactedError(withHint(err))
	}
	var all []string
	for _, v := range list {
		all = append(all, string(v))
	}
	return all, nil
}
