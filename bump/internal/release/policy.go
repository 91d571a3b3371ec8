package release

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	goversion "github.com/hashicorp/go-version"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Candidate is a release that a pin could move to.
type Candidate struct {
	Version version.Version
	Updated time.Time // when it got the content that it has; zero when nobody knows
}

// Fix is a vulnerability that a release fixes.
type Fix struct {
	ID string // CVE or GHSA
	In version.Version
}

// Policy is what holds back a bump.
type Policy struct {
	Now    time.Time
	MinAge time.Duration // younger releases are not taken yet
	Skip   Skips         // these are never taken
	Allow  Allowed       // only these are taken
	Holds  []Hold        // of the pins
	Fixes  []Fix         // what releases fix, whatever is pinned
}

// Choice is which release to take, and why no other.
type Choice struct {
	Version version.Version // "" when none may be taken: the pin is current
	Passed  []Passed        // releases above the choice that were not taken, the newest first
	Fixed   []Fix           // what the choice fixes
	Missed  []Fix           // what only releases fix that the user rules out
}

// Passed is a release that was not taken.
type Passed struct {
	Version version.Version
	Reason  string    // "it is skipped", …
	Until   time.Time // when it can be taken; zero when time does not help, or when its age is unknown
	Young   bool      // only its age is in the way
}

// Choose returns the release to take of those above pinned; "" is below every release. It is the highest
// that nothing holds back. Age does not hold back a fix of a vulnerability, unless an older release fixes
// the same; the user's word does.
func (p Policy) Choose(pinned version.Version, candidates []Candidate) Choice {
	var open, old []Candidate
	var c Choice
	for _, r := range candidates {
		if pinned != "" && version.Compare(r.Version, pinned) <= 0 {
			continue
		}
		passed, ok := p.judge(r)
		if !ok {
			c.Passed = append(c.Passed, passed)
			continue
		}
		if open = append(open, r); !passed.Young {
			old = append(old, r)
		} else {
			c.Passed = append(c.Passed, passed)
		}
	}
	newest := highest(open)
	c.Version = highest(old)
	if len(p.fixed(pinned, newest)) > len(p.fixed(pinned, c.Version)) {
		c.Version = newest
	}
	c.Fixed = p.fixed(pinned, c.Version)
	for _, fix := range p.fixed(pinned, highest(candidates)) {
		if !slices.Contains(p.fixed(pinned, newest), fix) {
			c.Missed = append(c.Missed, fix)
		}
	}
	c.Passed = slices.DeleteFunc(c.Passed, func(x Passed) bool {
		return c.Version != "" && version.Compare(x.Version, c.Version) <= 0
	})
	slices.SortFunc(c.Passed, func(a, b Passed) int { return version.Compare(b.Version, a.Version) })
	return c
}

// Take returns the choice of a release whatever the policy says.
func (p Policy) Take(pinned, v version.Version) Choice {
	return Choice{Version: v, Fixed: p.fixed(pinned, v)}
}

// Between returns the releases above pinned, up to one, that only their age can hold back, the newest first.
func (p Policy) Between(pinned, upTo version.Version, candidates []Candidate) []version.Version {
	var all []version.Version
	for _, r := range candidates {
		if _, ok := p.judge(r); ok && (pinned == "" || version.Compare(r.Version, pinned) > 0) &&
			version.Compare(r.Version, upTo) <= 0 {
			all = append(all, r.Version)
		}
	}
	slices.SortFunc(all, func(a, b version.Version) int { return version.Compare(b, a) })
	return all
}

// Objection returns what holds a release back, "" for nothing.
func (p Policy) Objection(r Candidate) string {
	passed, _ := p.judge(r)
	return passed.Reason
}

// judge returns why a release is not taken. ok is true when only its age is in the way, or nothing: then
// Young is false.
func (p Policy) judge(r Candidate) (passed Passed, ok bool) {
	passed.Version = r.Version
	for _, hold := range p.Holds {
		if hold.InForce(p.Now) && !hold.Allows(r.Version) {
			passed.Reason = "held by " + hold.Quote
			return passed, false
		}
	}
	switch {
	case p.Skip.match(r.Version):
		passed.Reason = "it is skipped"
		return passed, false
	case !p.Allow.match(r.Version):
		passed.Reason = "only " + string(p.Allow) + " is allowed"
		return passed, false
	case p.MinAge <= 0:
		return passed, true
	case r.Updated.IsZero():
		passed.Young, passed.Reason = true, "its age is unknown"
	case p.Now.Sub(r.Updated) < p.MinAge:
		passed.Young, passed.Until = true, r.Updated.Add(p.MinAge)
		passed.Reason = "it is too new until " + passed.Until.UTC().Format("2006-01-02 15:04 UTC")
	}
	return passed, true
}

// fixed returns what a bump fixes.
func (p Policy) fixed(from, to version.Version) []Fix {
	var all []Fix
	for _, fix := range p.Fixes {
		if to != "" && from != "" && version.Compare(from, fix.In) < 0 && version.Compare(fix.In, to) <= 0 {
			all = append(all, fix)
		}
	}
	return all
}

func highest(candidates []Candidate) version.Version {
	best := version.Version("")
	for _, r := range candidates {
		if best == "" || version.Compare(r.Version, best) > 0 {
			best = r.Version
		}
	}
	return best
}

// Skips are releases: X.Y.Z, X.Y.x or X.x.
type Skips []string

const number = `(?:0|[1-9][0-9]{0,8})`

var skip = regexp.MustCompile(`^` + number + `\.(?:x|` + number + `\.(?:x|` + number + `(?:-rc[0-9]{1,6})?))$`)

// Check returns an error for the first item that is none.
func (s Skips) Check() error {
	for _, item := range s {
		if !skip.MatchString(item) {
			return fmt.Errorf("must be releases such as 0.32.1, 0.32.x or 1.x, not %q", item)
		}
	}
	return nil
}

// match reports whether v is one of the releases. A release candidate counts as its release.
func (s Skips) match(v version.Version) bool {
	plain, _, _ := strings.Cut(string(v), "-")
	return slices.ContainsFunc(s, func(item string) bool {
		prefix, wild := strings.CutSuffix(item, "x")
		return item == string(v) || item == plain || wild && strings.HasPrefix(plain, prefix)
	})
}

// Allowed is a constraint of hashicorp/go-version, "< 0.33" say; "" allows everything.
type Allowed string

// Check returns an error for what is no constraint.
func (a Allowed) Check() error {
	if a == "" {
		return nil
	}
	if _, err := goversion.NewConstraint(string(a)); err != nil {
		return fmt.Errorf("must be a constraint such as <0.33 or >=0.30,<0.33, not %q", string(a))
	}
	return nil
}

// match reports whether the constraint allows v. A release candidate counts as its release: the library
// itself lets none pass that the constraint does not name.
func (a Allowed) match(v version.Version) bool {
	if a == "" {
		return true
	}
	constraints, err := goversion.NewConstraint(string(a))
	if err != nil {
		return false
	}
	plain, _, _ := strings.Cut(string(v), "-")
	parsed, err := goversion.NewVersion(plain)
	return err == nil && constraints.Check(parsed)
}
