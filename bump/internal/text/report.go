// Package text writes what people read of a bump: the title and body of its pull request, the message of
// its commit, and the diff. It takes plain values, and takes all of them for hostile.
package text

import "time"

// Report is everything that the texts say of a bump.
type Report struct {
	Package    string // "ollama"
	OldVersion string // without v; the lowest, when pins differed
	NewVersion string // equal to OldVersion when the bump repairs a pin
	Release    Release
	Changes    []Change // every literal rewritten
	Companions []Companion
	Decision   Decision
	Effect     Effect
	Proof      Proof
	Warnings   []string // sentences: what a reader should know (pins left alone, forks, …)
	Try        Try
	Tool       Tool
}

// Release is the new release.
type Release struct {
	URL   string
	Age   time.Duration // since it was published; 0 when unknown
	Notes []ReleaseNote // of every release above the old one, in any order
}

// ReleaseNote is what upstream wrote of one release.
type ReleaseNote struct {
	Version string // without v
	URL     string
	Body    string // Markdown
}

// Change is one rewritten literal.
type Change struct {
	File  string // from the repository's root
	Line  int    // from 1; 0 without one
	Field string // "version", "ref", "src hash", "vendor hash", "llama.cpp tag", …
	Attr  string // what Nix code calls it, where that is known: "vendorHash", "src.hash"
	Old   string
	New   string
}

// Companion is another source that should move with the package.
type Companion struct {
	Name     string // "llama.cpp"
	Old, New string
	Moved    bool
	Why      string // when not moved
}

// Decision is why the bump goes to this version, and what else was considered.
type Decision struct {
	Base     string // version of the package in nixpkgs without the pin; "" when unknown
	State    PinState
	Dropped  bool // the pin is removed: NewVersion is Base
	Kept     bool // one of Holds keeps the pin from Base
	Security []Advisory
	Holds    []Hold
	Passed   []Passed // releases that were not taken, the newest first
}

// PinState reports whether a pin is still needed.
type PinState string

// The states of a pin. The zero value is an unknown one.
const (
	Needed      PinState = "needed"       // nixpkgs' own package is older than the new version
	CaughtUp    PinState = "caught-up"    // nixpkgs' own package is as new
	HoldingBack PinState = "holding-back" // nixpkgs' own package is newer than what was pinned
)

// Advisory is a vulnerability that the bump fixes.
type Advisory struct {
	GHSA         string `json:"ghsa_id"`
	CVE          string `json:"cve_id,omitempty"`
	URL          string `json:"url"`
	Summary      string `json:"summary"`
	Severity     string `json:"severity"`              // "high"
	FirstPatched string `json:"first_patched_version"` // first version without it
}

// Hold is a comment in the flake that holds a pin back.
type Hold struct {
	Where   string // FILE:LINE
	Text    string // the comment
	Expired bool   // its last day is over: it was ignored
	Stays   string // the version of the pin that it keeps as it is, while others move; else ""
}

// Passed is a release that was not taken.
type Passed struct {
	Version string
	Why     string // "it is too new until 2026-12-02 12:00 UTC"
}

// Effect is what the bump changes in what the flake builds.
type Effect struct {
	Outputs []OutputChange
	Plan    *Plan  // of building what changed; nil when nothing does
	Missing string // why outputs were not compared, or not all of them; "" when they were
}

// OutputChange is what changes in one output: a configuration or a package.
type OutputChange struct {
	Name    string // "nixosConfigurations.desk"
	Updated []Update
	Rebuilt []string // derivations of the same name that differ because of what they depend on
	Missing string   // why it could not be compared
}

// Update is a derivation of which another version is needed.
type Update struct {
	Name     string
	Old, New string // versions; "" when there was or is none
}

// Plan is what building takes.
type Plan struct {
	Missing  string   // why it is not known; "" when it is
	Builds   int      // derivations to build
	Build    []string // names of them, as many as are known
	Fetch    int      // store paths to fetch
	Download int64    // bytes; 0 when unknown
	Unpacked int64    // bytes

	Elsewhere []string // outputs that change too, and that another system builds
}

// Proof is what was checked, and what was not.
type Proof struct {
	Checks     []Check
	Facts      []string // sentences: "every source and module download builds with its new hash"
	NixVersion string   // "2.34.8"
	System     string   // "x86_64-linux"
}

// Level is how far an output was checked.
type Level string

// The levels, from the strongest.
const (
	Ran       Level = "ran"
	Built     Level = "built"
	Evaluated Level = "evaluated"
	Unchecked Level = "unchecked"
)

// Check is what was done for one output.
type Check struct {
	Attr   string // "packages.x86_64-linux.ollama-cuda", "nixosConfigurations.desk"
	System string // "" when Attr or the machine says it
	Level  Level
	Why    string // when unchecked: the reason
}

// Try is how to try the new version before the merge.
type Try struct {
	Repository string // OWNER/NAME on github.com; "" elsewhere, or when unknown
	Branch     string
	Folder     string // of the flake in the repository; "" is its root
	Attr       string // an output that is a package with a program, such as "ollama"; "" without one
	Rebase     bool   // the next run obeys the check box that asks for a rebase, and leaves closed what is closed
}

// Tool is the program that made the bump.
type Tool struct {
	Name    string // "ollama-bump"
	Version string // may be ""
	URL     string // of the project
}

// repair reports whether the bump keeps the version.
func (r Report) repair() bool { return r.OldVersion == r.NewVersion }

// Redact replaces every text of r by what hide makes of it. Once rendered, a secret may be escaped so that
// nobody finds it.
func (r *Report) Redact(hide func(string) string) {
	for i := range r.Changes {
		c := &r.Changes[i]
		each(hide, &c.File, &c.Field, &c.Old, &c.New)
	}
	for i := range r.Companions {
		c := &r.Companions[i]
		each(hide, &c.Name, &c.Old, &c.New, &c.Why)
	}
	for i := range r.Release.Notes {
		n := &r.Release.Notes[i]
		each(hide, &n.Version, &n.URL, &n.Body)
	}
	for i := range r.Decision.Security {
		a := &r.Decision.Security[i]
		each(hide, &a.GHSA, &a.CVE, &a.URL, &a.Summary)
	}
	for i := range r.Decision.Holds {
		each(hide, &r.Decision.Holds[i].Where, &r.Decision.Holds[i].Text, &r.Decision.Holds[i].Stays)
	}
	for i := range r.Decision.Passed {
		each(hide, &r.Decision.Passed[i].Why)
	}
	for i := range r.Effect.Outputs {
		each(hide, &r.Effect.Outputs[i].Missing)
	}
	for i := range r.Proof.Checks {
		each(hide, &r.Proof.Checks[i].Attr, &r.Proof.Checks[i].Why)
	}
	for _, list := range [][]string{r.Proof.Facts, r.Warnings} {
		for i := range list {
			each(hide, &list[i])
		}
	}
	if r.Effect.Plan != nil {
		each(hide, &r.Effect.Plan.Missing)
	}
	each(hide, &r.Release.URL, &r.Effect.Missing)
}

func each(hide func(string) string, texts ...*string) {
	for _, text := range texts {
		*text = hide(*text)
	}
}
