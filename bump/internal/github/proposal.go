package github

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Proposal is a change that one pull request asks for: one package goes to one version, or its pin is
// removed. Of all proposals for one package and scope one pull request stays open.
type Proposal struct {
	Owner, Repo  string
	Base         string // branch; "" is the repository's default branch
	Branch       string // "" is BranchPrefix and Version, or unpin for a removal
	BranchPrefix string // "ollama-bump/"; without the slash it names the tool in markers
	Package      string // "ollama"
	OldVersion   string // what the files here pin
	Version      string
	Removal      bool   // removes the pin; Version is the one that is there without it
	Scope        string // tells apart proposals for one package in one repository; may be ""

	Title   string // one line, at most 256 characters
	Message string // of the commit; a trailer is added
	Body    string // Markdown; the marker is put in front, or replaced there
	Files   []File

	// BaseCommit is the commit of the base branch that Files were worked out from. When the branch has
	// moved on, in files that Ignore does not name, the proposal is a *BaseMoved. "" compares Files only.
	BaseCommit string
	Ignore     func(path string) bool // reports whether a file plays no part; nil: every file does

	// RebaseBox is the HTML comment behind the check box in Body by which people ask for a proposal to be
	// worked out anew; "" when Body has none.
	RebaseBox string

	Labels    []string
	Reviewers []string // users, or teams as ORG/TEAM
	Assignees []string
	Draft     bool
	AutoMerge bool
	Recreate  bool // propose again what somebody closed
	Redo      bool // propose again what was merged: what it brought is to be repaired, or this version was asked for
}

// File is one file's change. The base branch must have Old; its mode stays.
type File struct {
	Path string // from the repository's root, with slashes
	Old  []byte // nil: the file is new
	New  []byte
}

// Status is how a proposal ended.
type Status string

// The statuses.
const (
	Bumped  Status = "bumped"  // the pull request was created or updated
	Current Status = "current" // nothing to do
	Skipped Status = "skipped" // people had the last word
)

// Operation is what was done to the pull request.
type Operation string

// The operations.
const (
	Created   Operation = "created"
	Updated   Operation = "updated"
	Untouched Operation = "none"
)

// Outcome is what became of a proposal.
type Outcome struct {
	Status    Status
	Operation Operation
	Number    int    // of the pull request; 0 without one
	URL       string // of the pull request, for people
	Branch    string
	Reason    string   // why nothing was done, one sentence without a full stop; "" when something was
	Warnings  []string // what was asked for and could not be had, and what to do about it
}

// State is how the remote side stands before a proposal.
type State string

// The states.
const (
	Fresh      State = "fresh"      // nothing there yet
	Ours       State = "ours"       // our pull request for this version, on the newest base
	Stale      State = "stale"      // our branch or pull request, to be brought up to date
	People     State = "people"     // our branch, with commits of others
	Closed     State = "closed"     // somebody closed the pull request for this version
	Merged     State = "merged"     // the pull request for this version was merged
	Reverted   State = "reverted"   // it was, and the base branch went back since
	Superseded State = "superseded" // a pull request for a newer version is open
)

// Standing is how the remote side stands before a proposal.
type Standing struct {
	State  State
	Number int    // of the pull request that says so; 0 without one
	URL    string // of it
	Branch string
	Base   string // the branch that the proposal is for
	Commit string // that Base is at
	Reason string // one sentence without a full stop; "" for Fresh and Stale

	// Rights is what keeps the token from writing, as far as reading shows it; nil does not promise
	// that it may, because GitHub tells nobody what an App's token may do.
	Rights error
}

// Final returns how a run ends that has nothing to propose; ok is false when there is something. For Ours ok is
// true, too: who knows that the content changed, as after a repaired hash, proposes nevertheless.
func (s Standing) Final() (out Outcome, ok bool) {
	if s.State == Fresh || s.State == Stale {
		return Outcome{}, false
	}
	out = Outcome{
		Status: Skipped, Operation: Untouched, Number: s.Number, URL: s.URL, Branch: s.Branch, Reason: s.Reason,
	}
	if s.State == Ours || s.State == Merged {
		out.Status = Current
	}
	return out, true
}

// normal fills in what may be left out and refuses what GitHub would.
func (p Proposal) normal() (Proposal, error) {
	if p.Branch == "" {
		p.Branch = p.BranchPrefix + p.Version
		if p.Removal {
			p.Branch = p.BranchPrefix + "unpin"
		}
	}
	p.Branch = strings.TrimPrefix(p.Branch, "refs/heads/")
	p.Base = strings.TrimPrefix(p.Base, "refs/heads/")
	switch {
	case p.BranchPrefix == "" || p.Package == "" || !plainWord.MatchString(p.Version):
		return p, fmt.Errorf("check proposal: %q %q is not a package and its version", p.Package,
			oneLine(p.Version, 80))
	case !ValidBranch(p.Branch):
		return p, fmt.Errorf("check proposal: %q is not a valid branch name; choose another Options.Branch",
			oneLine(p.Branch, 80))
	case p.Base == p.Branch:
		return p, fmt.Errorf("check proposal: Options.Base and Options.Branch are both %s", p.Base)
	case strings.ContainsAny(p.Title, "\r\n") || utf8.RuneCountInString(p.Title) > 256:
		return p, fmt.Errorf("check proposal: the title is not one line of at most 256 characters: %s",
			oneLine(p.Title, 80))
	}
	return p, checkName(p.Owner, p.Repo)
}

// subject is what p is for, in a sentence about its pull request.
func (p Proposal) subject() string {
	if p.Removal {
		return "removing the pin"
	}
	return p.Version
}

// ignores reports whether a change of a file on the base plays no part.
func (p Proposal) ignores(path string) bool { return p.Ignore != nil && p.Ignore(path) }

// checkFiles refuses paths that are not clean.
func (p Proposal) checkFiles() error {
	if len(p.Files) == 0 {
		return fmt.Errorf("check proposal: no files")
	}
	seen := map[string]bool{}
	for _, f := range p.Files {
		if f.Path == "" || path.Clean("/"+f.Path) != "/"+f.Path || seen[f.Path] || f.New == nil {
			return fmt.Errorf("check proposal: bad or repeated path %q", f.Path)
		}
		seen[f.Path] = true
	}
	return nil
}

// ValidBranch reports whether git allows a branch of that name; see git-check-ref-format(1).
func ValidBranch(name string) bool {
	bad := strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == 0x7f ||
			strings.ContainsRune("~^:?*[\\", r)
	})
	if name == "" || name == "@" || bad || strings.Contains(name, "..") || strings.Contains(name, "@{") ||
		strings.HasSuffix(name, ".") {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == "" || strings.HasPrefix(part, ".") || strings.HasPrefix(part, "-") ||
			strings.HasSuffix(part, ".lock")
	})
}
