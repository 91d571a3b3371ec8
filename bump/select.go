package bump

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// selection is the release to go to, and why.
type selection struct {
	release  *release.Release
	old      string          // what is pinned: the lowest version, or what stands in its place
	oldest   version.Version // the lowest version that is pinned; "" when none is known
	cohorts  []*cohort
	held     []*pin.Pin // that a comment keeps from the release
	waiting  string     // why a newer release than the pinned one was not taken
	decision text.Decision

	advisories map[string]Advisory // all on the package, by their identifier; nil when nobody asked
}

// selected puts the release to go to into the result.
func (res *Result) selected(sel *selection) {
	res.OldVersion, res.NewVersion = sel.old, string(sel.release.Version)
	res.Security = slices.Clone(sel.decision.Security) // the report hides secrets in its own
}

// selectRelease asks for the release to go to.
func (r *run) selectRelease(ctx context.Context, f *flake, t toolchain) (*selection, error) {
	upstream, err := r.upstream()
	if err != nil {
		return nil, err
	}
	sel := &selection{oldest: f.found.Oldest()}
	sel.old = cmp.Or(string(sel.oldest), f.found.Pins[0].Label)
	r.say(Step, "release", "pinned: %s %s", r.pkg.Name, sel.old)
	r.say(Step, "release", "asking %s", apiHost(r.opts.UpstreamAPIURL))
	var to version.Version
	if r.opts.To != "" {
		if to, err = parseTo(r.opts.To); err != nil {
			return nil, err
		}
	}
	sel.release, err = release.Select(ctx, upstream,
		release.Want{Package: r.pkg, To: to, Pre: r.opts.Pre, Oldest: sel.oldest, Pins: f.found.Pins})
	if err != nil {
		return nil, err
	}
	if err := r.decide(ctx, f, upstream, t, sel); err != nil {
		return nil, err
	}
	return sel, nil
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
	upstream, err := r.upstream()
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
