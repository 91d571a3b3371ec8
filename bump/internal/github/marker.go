package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// A pull request and a commit of ours say so themselves, where only we write: the pull request in the
// first line of its body (the marker), the commit in its last line (the trailer). The trailer also names the
// commit's tree, so a commit that somebody amended is no longer ours. It reads
//
//	Ollama-Bump: 0.32.15 (package ollama, tree b16cadd6…)
//	Ollama-Bump: 0.33.0 (removal, package ollama, scope hosts/gpu, tree b16cadd6…)
//
// where the key is the tool's name, "removal" is there for a commit that removes a pin, and the scope for a
// proposal that has one. Commits of earlier versions have
//
//	Proposed-By: ollama-bump ollama 0.32.15 "hosts%2Fgpu" b16cadd6…

// marker is what the first line of a body says.
type marker struct {
	Package, Version, Scope string
	Digest                  string // of title and body as we last wrote them
	State                   string // "", pending or superseded
	Kind                    string // "" for a bump, or removal
}

// The states of a marker.
const (
	pending    = "pending"    // created, but labels and the like may be missing
	superseded = "superseded" // about to be closed by us, or closed
)

// removal is the kind of a proposal that removes a pin.
const removal = "removal"

var (
	plainWord  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)
	markerLine = regexp.MustCompile(`^<!-- ([^ :]+): package=(\S+) version=(\S+)((?: [a-z]+=\S*)*) -->$`)

	trailerLine = regexp.MustCompile(`^([^ :]+): (\S+) \((removal, )?package (\S+)(?:, scope (\S+))?, tree ` +
		`(` + version.ObjectID + `)\)$`)
	oldTrailerLine = regexp.MustCompile(`^Proposed-By: (\S+) (\S+) (\S+) "([^"]*)" (` + version.ObjectID + `)$`)
)

// tool is the name that markers carry.
func (p Proposal) tool() string { return strings.TrimRight(p.BranchPrefix, "/") }

// kind is the kind of a proposal as markers and trailers name it.
func (p Proposal) kind() string {
	if p.Removal {
		return removal
	}
	return ""
}

func (p Proposal) marker(digest, state string) marker {
	return marker{Package: p.Package, Version: p.Version, Scope: p.Scope, Digest: digest, State: state, Kind: p.kind()}
}

func (m marker) line(tool string) string {
	line := fmt.Sprintf("<!-- %s: package=%s version=%s", tool, escape(m.Package), escape(m.Version))
	for _, field := range []struct{ key, value string }{
		{"scope", escape(m.Scope)},
		{"kind", m.Kind},
		{"digest", m.Digest},
		{"state", m.State},
	} {
		if field.value != "" {
			line += " " + field.key + "=" + field.value
		}
	}
	return line + " -->"
}

// escape keeps a value within its place: no blanks, nothing that ends a comment.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "--", "-%2D")
}

// readMarker reads the first line of a body; ok reports whether it is a marker of that tool.
func readMarker(tool, body string) (m marker, ok bool) {
	first, _, _ := strings.Cut(body, "\n")
	parts := markerLine.FindStringSubmatch(strings.TrimRight(first, "\r"))
	if parts == nil || parts[1] != tool {
		return marker{}, false
	}
	field := map[string]string{}
	for _, pair := range strings.Fields(parts[4]) {
		key, value, _ := strings.Cut(pair, "=")
		field[key] = value
	}
	var err [3]error
	m.Package, err[0] = url.QueryUnescape(parts[2])
	m.Version, err[1] = url.QueryUnescape(parts[3])
	m.Scope, err[2] = url.QueryUnescape(field["scope"])
	m.Digest, m.State, m.Kind = field["digest"], field["state"], field["kind"]
	return m, err == [3]error{}
}

// marked reads the marker of a pull request for the same package and scope.
func (p Proposal) marked(pull *gh.PullRequest) (marker, bool) {
	m, ok := readMarker(p.tool(), pull.GetBody())
	return m, ok && m.Package == p.Package && m.Scope == p.Scope
}

// text is the body without a marker.
func (p Proposal) text() string {
	if _, ok := readMarker(p.tool(), p.Body); ok {
		_, rest, _ := strings.Cut(p.Body, "\n")
		return strings.TrimLeft(rest, "\n")
	}
	return p.Body
}

func (p Proposal) digest() string {
	sum := sha256.Sum256([]byte(p.Title + "\x00" + p.text()))
	return hex.EncodeToString(sum[:6])
}

// fullBody is the body as it is sent.
func (p Proposal) fullBody(state string) string {
	return p.marker(p.digest(), state).line(p.tool()) + "\n\n" + p.text()
}

// proposes reports whether a marker is that of a proposal for p's version, of p's kind.
func (p Proposal) proposes(m marker) bool { return m.Version == p.Version && m.Kind == p.kind() }

// made reports whether a commit is for p's version, of p's kind.
func (p Proposal) made(t trailer) bool { return t.Version == p.Version && t.Kind == p.kind() }

// commitMessage is the message with the trailer for a commit of that tree.
func (p Proposal) commitMessage(tree string) string {
	t := trailer{Tool: p.tool(), Kind: p.kind(), Package: p.Package, Version: p.Version, Scope: p.Scope, Tree: tree}
	return strings.TrimSpace(p.Message) + "\n\n" + t.line() + "\n"
}

// trailer is what the last line of a commit's message says.
type trailer struct {
	Tool, Kind, Package, Version, Scope, Tree string
}

func (t trailer) line() string {
	about := "package " + readable(t.Package)
	if t.Kind == removal {
		about = "removal, " + about
	}
	if t.Scope != "" {
		about += ", scope " + readable(t.Scope)
	}
	return fmt.Sprintf("%s: %s (%s, tree %s)", trailerKey(t.Tool), readable(t.Version), about, t.Tree)
}

// trailerKey is a tool's name as the key of a trailer is written: Ollama-Bump.
func trailerKey(tool string) string { return http.CanonicalHeaderKey(tool) }

// readable escapes only what would end a value, so that people can read the rest.
func readable(value string) string {
	return strings.NewReplacer("%2F", "/", "%23", "#").Replace(url.PathEscape(value))
}

// readTrailer reads a line as a trailer of that tool, in the present form or the old one.
func readTrailer(tool, line string) (t trailer, ok bool) {
	line = strings.TrimSpace(line)
	var err [3]error
	if m := trailerLine.FindStringSubmatch(line); m != nil && m[1] == trailerKey(tool) {
		t = trailer{Tool: tool, Tree: m[6]}
		if m[3] != "" {
			t.Kind = removal
		}
		t.Version, err[0] = url.PathUnescape(m[2])
		t.Package, err[1] = url.PathUnescape(m[4])
		t.Scope, err[2] = url.PathUnescape(m[5])
		return t, err == [3]error{}
	}
	if m := oldTrailerLine.FindStringSubmatch(line); m != nil && m[1] == tool {
		t = trailer{Tool: tool, Tree: m[5]}
		t.Package, err[0] = url.QueryUnescape(m[2])
		t.Version, err[1] = url.QueryUnescape(m[3])
		t.Scope, err[2] = url.QueryUnescape(m[4])
		return t, err == [3]error{}
	}
	return trailer{}, false
}

// ownCommit returns the trailer of a commit that we made for this package and scope and that nobody
// changed since.
func (p Proposal) ownCommit(c *gh.Commit) (t trailer, ok bool) {
	lines := strings.Split(strings.TrimSpace(c.GetMessage()), "\n")
	t, ok = readTrailer(p.tool(), lines[len(lines)-1])
	ours := ok && len(c.Parents) == 1 && t.Tree == c.GetTree().GetSHA() && t.Package == p.Package && t.Scope == p.Scope
	if !ours {
		return trailer{}, false
	}
	return t, true
}

// traces reports whether a commit began as one of ours.
func (p Proposal) traces(message string) bool {
	scope, ok := p.scopeOf(message)
	return ok && scope == p.Scope
}

// scopeOf returns the scope of a commit that began as one of this tool's for the same package.
func (p Proposal) scopeOf(message string) (scope string, ok bool) {
	for line := range strings.Lines(message) {
		if t, found := readTrailer(p.tool(), line); found && t.Package == p.Package {
			if t.Scope == p.Scope {
				return t.Scope, true
			}
			scope, ok = t.Scope, true
		}
	}
	return scope, ok
}

// asked reports whether the check box of a body that asks for a rebase is checked.
func (p Proposal) asked(body string) bool {
	if p.RebaseBox == "" {
		return false
	}
	for line := range strings.Lines(body) {
		box, _, ok := strings.Cut(line, p.RebaseBox)
		if ok && checkedBox.MatchString(box) {
			return true
		}
	}
	return false
}

var checkedBox = regexp.MustCompile(`^ {0,3}[-*+] \[[xX]\] *$`)
