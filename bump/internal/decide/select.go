// Package decide decides which release the pins of a flake move to, and says why: what there is, what the user and the
// comments beside the pins allow, what is old enough, what fixes a vulnerability, and what the nixpkgs of a pin builds.
// The rules are in package release; this one asks upstream what they need to know.
package decide

import (
	"cmp"
	"context"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/text"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Options is what the user asks for. The zero value is the newest stable release.
type Options struct {
	To       version.Version // this release, whatever its age and the lists below say; "" is the newest
	Pre      bool            // release candidates count too
	MinAge   time.Duration
	Skip     release.Skips
	Allow    release.Allowed
	IgnoreGo bool // do not compare the release's Go with that of nixpkgs
}

// Job is what to decide.
type Job struct {
	Options
	Evaluated Evaluated  // so far
	Files     *pin.Files // for the comments beside the pins
	Found     *pin.Found // at least one pin
	Now       time.Time
}

// Upstream is what is asked about releases; see github.Client.
type Upstream interface {
	release.Lister
	Advisories(ctx context.Context, ecosystem, pkg string) ([]github.Advisory, error)
	Contents(ctx context.Context, owner, repo, ref, path string) ([]byte, error)
}

// Tools is what a decision is made with.
type Tools struct {
	Upstream Upstream
	Log      func(kind diag.EventKind, format string, args ...any)
	GoLines  GoLines // what go.mod files said before; the answers are added
}

// Selection is the release to go to, and why.
type Selection struct {
	Release  *release.Release
	Old      string          // what is pinned: the lowest version, or what stands in its place
	Oldest   version.Version // the lowest version that is pinned; "" when none is known
	Held     []*pin.Pin      // that a comment keeps from the release
	Waiting  string          // why a newer release than the pinned one was not taken
	Decision text.Decision   // for the report
	Unfixed  []string        // sentences: the vulnerabilities that a newer release fixes and this one does not

	Advisories map[string]text.Advisory // all on the package, by their identifier; nil when nobody asked
	cohorts    []*cohort
}

// decider makes one decision.
type decider struct {
	Job
	Tools
}

// pkg is the package that is pinned.
func (d *decider) pkg() *pin.Package { return d.Found.Package }

// Pinned is what is pinned: the lowest version, or what stands in its place.
func Pinned(found *pin.Found) string { return cmp.Or(string(found.Oldest()), found.Pins[0].Label) }

// Select asks for the releases and decides which one to go to. That may be the one that is pinned.
func Select(ctx context.Context, job Job, tools Tools) (*Selection, error) {
	d := &decider{job, tools}
	sel := &Selection{Old: Pinned(job.Found), Oldest: job.Found.Oldest()}
	var err error
	sel.Release, err = release.Select(ctx, d.Upstream,
		release.Want{Package: d.pkg(), To: d.To, Pre: d.Pre, Oldest: sel.Oldest, Pins: d.Found.Pins})
	if err != nil {
		return nil, err
	}
	if err := d.decide(ctx, sel); err != nil {
		return nil, err
	}
	return sel, nil
}
