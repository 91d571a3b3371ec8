package bump

import (
	"cmp"
	"context"
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// findRelease asks for the release to go to and picks the pins that are behind it.
func (j *job) findRelease(ctx context.Context) error {
	upstream, err := j.upstream()
	if err != nil {
		return err
	}
	oldest, label := j.found.Oldest(), j.found.Pins[0].Label
	j.say(Step, "release", "pinned: %s %s", j.pkg.Name, cmp.Or(string(oldest), label))
	j.say(Step, "release", "asking %s", apiHost(j.opts.UpstreamAPIURL))
	var to version.Version
	if j.opts.To != "" {
		if to, err = parseTo(j.opts.To); err != nil {
			return err
		}
	}
	j.rel, err = release.Select(ctx, upstream,
		release.Want{Package: j.pkg, To: to, Pre: j.opts.Pre, Oldest: oldest, Pins: j.found.Pins})
	if err != nil {
		return err
	}
	waiting, err := j.decide(ctx, upstream, oldest)
	if err != nil {
		return err
	}
	j.result.OldVersion, j.result.NewVersion = cmp.Or(string(oldest), label), string(j.rel.Version)
	if err := j.refuseDowngrade(); err != nil {
		return err
	}
	j.plan = j.found.Plan(j.rel.Version,
		pin.Policy{All: j.opts.Force, Exactly: j.opts.To != "", Branches: j.opts.Mode != Check})
	for _, p := range j.plan.Unknown {
		j.warn("release", "%s: the input %s names no release: only a bump sees whether its branch moved", p.Pos,
			p.Input().Name)
	}
	if len(j.plan.Pins) == 0 {
		newest := j.result.OldVersion
		for _, p := range j.found.Pins {
			if version.Compare(string(p.Version), newest) > 0 {
				newest = string(p.Version)
			}
		}
		j.result.NewVersion, j.result.Reason = newest, waiting
		j.say(Step, "release", "%s %s is current", j.pkg.Name, newest)
		return nil
	}
	j.say(Step, "release", "%s %s -> %s", j.pkg.Name, oldest, j.rel.Version)
	j.warnOfDependabot(ctx)
	return nil
}

// refuseDowngrade keeps Options.To from going below what is pinned unless that is wanted, and from naming a
// release to what follows a branch.
func (j *job) refuseDowngrade() error {
	if j.opts.To == "" {
		return nil
	}
	for _, p := range j.found.Pins {
		if p.Follows() {
			in := p.Input()
			return diag.At(p.Pos, fmt.Sprintf("select release: the input %s names no release (%s), so it cannot go to %s",
				in.Name, in.URL, j.rel.Version),
				fmt.Sprintf("write github:%s/%s in the input's URL", j.pkg.Upstream(), j.rel.Version.Tag()))
		}
		if p.Version != "" && version.Compare(j.rel.Version, p.Version) < 0 && !j.opts.AllowDowngrade {
			return diag.At(p.Pos, fmt.Sprintf("select release: %s is lower than the pinned %s", j.rel.Version, p.Version),
				"allow it with Options.AllowDowngrade")
		}
	}
	return nil
}

// parseTo reads the version of Options.To.
func parseTo(to string) (version.Version, error) {
	v, err := version.Parse(to)
	if err != nil {
		return "", &UsageError{Text: fmt.Sprintf("Options.To must be a release such as 0.32.15 or 0.33.0-rc2, not %q", to)}
	}
	return v, nil
}

// Releases returns versions that Options.To can name, the newest first: those of the first page that GitHub
// lists.
func Releases(ctx context.Context, o Options) ([]string, error) {
	j, err := newJob(o)
	if err != nil {
		return nil, err
	}
	upstream, err := j.upstream()
	if err != nil {
		return nil, err
	}
	list, err := release.List(ctx, upstream, j.pkg)
	if err != nil {
		return nil, j.redactedError(withHint(err))
	}
	var all []string
	for _, v := range list {
		all = append(all, string(v))
	}
	return all, nil
}
