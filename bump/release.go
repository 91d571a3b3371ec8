package bump

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// release is the release that the pins go to, and those on the way there.
type release struct {
	version version.Version
	github.Release
	seen    []github.Release   // what there is, at least down to the oldest pin
	between []text.ReleaseNote // every stable release above the oldest pin up to this one, newest first
}

// versionOf is the version that a release stands for, or "" when it is none to bump to. Upstream moves one
// release object from candidate to final, so a final tag still marked as a prerelease is not out yet.
func versionOf(r github.Release, pre bool) version.Version {
	v, ok := version.ParseTag(r.Tag)
	if !ok || r.Draft || !pre && (r.Prerelease || v.Candidate()) {
		return ""
	}
	return v
}

// parseTo reads the version of Options.To.
func parseTo(to string) (version.Version, error) {
	v, err := version.Parse(to)
	if err != nil {
		return "", &UsageError{Text: fmt.Sprintf("Options.To must be a release such as 0.32.15 or 0.33.0-rc2, not %q", to)}
	}
	return v, nil
}

// selectRelease asks for the releases and picks the one to bump to: o.To, or the highest version that
// usable accepts. It reads pages until it has seen the oldest pinned version, normally one; where none is
// known, until it has seen one to bump to.
func selectRelease(ctx context.Context, c *github.Client, pkg *pin.Package, o Options, oldest version.Version, usable func(github.Release) bool) (*release, error) {
	var to version.Version
	if o.To != "" {
		var err error
		if to, err = parseTo(o.To); err != nil {
			return nil, err
		}
	}
	var seen []github.Release
	err := c.Releases(ctx, pkg.Owner(), pkg.Repo, func(page []github.Release) (bool, error) {
		seen = append(seen, page...)
		more := oldest != "" || to != "" || pickRelease(page, "", o.Pre, usable) == nil
		for _, r := range page {
			v := versionOf(r, true)
			if v != "" && (oldest == "" && to != "" || oldest != "" && version.Compare(v, oldest) <= 0) && (to == "" || version.Compare(v, to) <= 0) {
				more = false
			}
		}
		return more, nil
	})
	if err != nil {
		return nil, err
	}
	best := pickRelease(seen, to, o.Pre, usable)
	if best == nil && to != "" {
		r, err := c.ReleaseByTag(ctx, pkg.Owner(), pkg.Repo, to.Tag())
		if err != nil {
			return nil, err
		}
		best = &release{version: to, Release: r}
	}
	if best == nil {
		return nil, &Error{
			Text: fmt.Sprintf("read releases: %s lists no stable release", pkg.Upstream()),
			Hint: "name one with Options.To=X.Y.Z, or include release candidates with Options.Pre",
		}
	}
	best.seen, best.between = seen, notesBetween(seen, oldest, best.version)
	return best, nil
}

// pickRelease is the release of version to, or the highest one.
func pickRelease(list []github.Release, to version.Version, pre bool, usable func(github.Release) bool) *release {
	var best *release
	for _, r := range list {
		if to != "" {
			if r.Tag == to.Tag() && !r.Draft {
				return &release{version: to, Release: r}
			}
			continue
		}
		v := versionOf(r, pre)
		if v == "" || !usable(r) {
			continue
		}
		if best == nil || version.Compare(v, best.version) > 0 {
			best = &release{version: v, Release: r}
		}
	}
	return best
}

// notesBetween are the notes of the stable releases above old, when that is known, up to newest, and
// newest's own.
func notesBetween(list []github.Release, old, newest version.Version) []text.ReleaseNote {
	var notes []text.ReleaseNote
	for _, r := range list {
		v := versionOf(r, false)
		if r.Tag == newest.Tag() {
			v = newest
		}
		if v == "" || version.Compare(v, newest) > 0 || v != newest && (old == "" || version.Compare(v, old) <= 0) {
			continue
		}
		notes = append(notes, text.ReleaseNote{Version: string(v), URL: r.URL, Body: r.Body})
	}
	sort.SliceStable(notes, func(i, j int) bool { return version.Compare(notes[i].Version, notes[j].Version) > 0 })
	return notes
}

// Releases returns versions that Options.To can name, the newest first: those of the first page that GitHub
// lists.
func Releases(ctx context.Context, o Options) ([]string, error) {
	j, err := newJob(o)
	if err != nil {
		return nil, err
	}
	c, err := j.upstream()
	if err != nil {
		return nil, err
	}
	var all []string
	err = c.Releases(ctx, j.pkg.Owner(), j.pkg.Repo, func(page []github.Release) (bool, error) {
		for _, r := range page {
			if v := versionOf(r, true); v != "" {
				all = append(all, string(v))
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, j.redactedError(withHint(err))
	}
	slices.SortFunc(all, func(a, b string) int { return version.Compare(b, a) })
	return all, nil
}
