package release

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Release is a release that pins go to, and those on the way there.
type Release struct {
	Version version.Version
	github.Release
	Between []Note // every stable release above the oldest pin up to this one, newest first

	seen []github.Release // what there is, at least down to the oldest pin
}

// Note is what upstream wrote of one release.
type Note struct {
	Version version.Version
	URL     string
	Body    string // Markdown, hostile
}

// Lister lists a repository's releases; see github.Client.
type Lister interface {
	Releases(ctx context.Context, owner, repo string, page func([]github.Release) (more bool, err error)) error
	ReleaseByTag(ctx context.Context, owner, repo, tag string) (github.Release, error)
}

// Want is what is looked for.
type Want struct {
	Package *pin.Package
	To      version.Version // this one; "" for the newest
	Pre     bool            // release candidates count too
	Oldest  version.Version // that is pinned; "" when none is known
	Pins    []*pin.Pin      // what the release must have the files for
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

// Select asks for the releases and picks the one to bump to: the wanted one, or the highest version that has what the
// pins need. It reads pages until it has seen the oldest pinned version, normally one; where none is known, until it
// has seen one to bump to.
func Select(ctx context.Context, up Lister, w Want) (*Release, error) {
	pkg, to, oldest := w.Package, w.To, w.Oldest
	var seen []github.Release
	err := up.Releases(ctx, pkg.Owner(), pkg.Repo, func(page []github.Release) (bool, error) {
		seen = append(seen, page...)
		more := oldest != "" || to != "" || pick(page, Want{Pre: w.Pre, Pins: w.Pins}) == nil
		for _, r := range page {
			v := versionOf(r, true)
			if v != "" && (oldest == "" && to != "" || oldest != "" && version.Compare(v, oldest) <= 0) &&
				(to == "" || version.Compare(v, to) <= 0) {
				more = false
			}
		}
		return more, nil
	})
	if err != nil {
		return nil, err
	}
	best := pick(seen, w)
	if best == nil && to != "" {
		r, err := up.ReleaseByTag(ctx, pkg.Owner(), pkg.Repo, to.Tag())
		if err != nil {
			return nil, err
		}
		best = &Release{Version: to, Release: r}
	}
	if best == nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("read releases: %s lists no stable release", pkg.Upstream()),
			Hint: "name one with Options.To=X.Y.Z, or include release candidates with Options.Pre",
		}
	}
	best.seen, best.Between = seen, between(seen, oldest, best.Version)
	return best, nil
}

// pick is the release of the wanted version, or the highest one.
func pick(list []github.Release, w Want) *Release {
	var best *Release
	for _, r := range list {
		if w.To != "" {
			if r.Tag == w.To.Tag() && !r.Draft {
				return &Release{Version: w.To, Release: r}
			}
			continue
		}
		v := versionOf(r, w.Pre)
		if v == "" || !usable(r, w.Pins) {
			continue
		}
		if best == nil || version.Compare(v, best.Version) > 0 {
			best = &Release{Version: v, Release: r}
		}
	}
	return best
}

// Candidates are the releases that pins could move to.
func (r *Release) Candidates(pre bool, pins []*pin.Pin) []Candidate {
	var all []Candidate
	for _, other := range r.seen {
		if v := versionOf(other, pre); v != "" && usable(other, pins) {
			all = append(all, Candidate{Version: v, Updated: other.UpdatedAt()})
		}
	}
	return all
}

// Lists reports whether upstream listed a version, as whatever it is marked.
func (r *Release) Lists(v version.Version) bool {
	return slices.ContainsFunc(r.seen, func(other github.Release) bool { return other.Tag == v.Tag() })
}

// Instead returns another release, for pins of which the oldest is at a version.
func (r *Release) Instead(to, oldest version.Version) *Release {
	other := pick(r.seen, Want{To: to})
	if other == nil {
		other = &Release{Version: to, Release: github.Release{Tag: to.Tag()}}
	}
	other.seen, other.Between = r.seen, between(r.seen, oldest, to)
	return other
}

// between returns the notes of the stable releases above old, when that is known, up to newest, and
// newest's own.
func between(list []github.Release, old, newest version.Version) []Note {
	var notes []Note
	for _, r := range list {
		v := versionOf(r, false)
		if r.Tag == newest.Tag() {
			v = newest
		}
		if v == "" || version.Compare(v, newest) > 0 || v != newest && (old == "" || version.Compare(v, old) <= 0) {
			continue
		}
		notes = append(notes, Note{Version: v, URL: r.URL, Body: r.Body})
	}
	sort.SliceStable(notes, func(i, j int) bool { return version.Compare(notes[i].Version, notes[j].Version) > 0 })
	return notes
}

// List returns the versions of the first page of releases that GitHub lists, the newest first.
func List(ctx context.Context, up Lister, pkg *pin.Package) ([]version.Version, error) {
	var all []version.Version
	err := up.Releases(ctx, pkg.Owner(), pkg.Repo, func(page []github.Release) (bool, error) {
		for _, r := range page {
			if v := versionOf(r, true); v != "" {
				all = append(all, v)
			}
		}
		return false, nil
	})
	slices.SortFunc(all, func(a, b version.Version) int { return version.Compare(b, a) })
	return all, err
}
