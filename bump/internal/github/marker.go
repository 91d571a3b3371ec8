package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	gh "github.com/google/go-github/v66/github"
)

// A pull request and a commit of ours say so themselves, where only we write: the pull request in the
// first line of its body, the commit in its last line. The commit's line also holds its tree's name:
// whoever amends the commit makes it theirs.

// marker is what the first line of a body says.
type marker struct {
	Package, Version, Scope string
	Digest                  string // of title and body as we last wrote them
	State                   string // "", pending or superseded
}

// The states of a marker.
const (
	pending    = "pending"    // created, but labels and the like may be missing
	superseded = "superseded" // about to be closed by us, or closed
)

const trailerKey = "Proposed-By: "

var (
	plainWord  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)
	markerLine = regexp.MustCompile(`^<!-- ([^ :]+): package=(\S+) version=(\S+)((?: [a-z]+=\S*)*) -->$`)
)

// tool is the name that markers carry.
func (p Proposal) tool() string { return strings.TrimRight(p.BranchPrefix, "/") }

func (p Proposal) marker(digest, state string) marker {
	return marker{Package: p.Package, Version: p.Version, Scope: p.Scope, Digest: digest, State: state}
}

func (m marker) line(tool string) string {
	line := fmt.Sprintf("<!-- %s: package=%s version=%s", tool, escape(m.Package), escape(m.Version))
	for _, field := range []struct{ key, value string }{{"scope", escape(m.Scope)}, {"digest", m.Digest}, {"state", m.State}} {
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

// readMarker reads the first line of a body; ok says that it is a marker of that tool.
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
	m.Digest, m.State = field["digest"], field["state"]
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

// commitMessage is the message with the trailer for a commit of that tree.
func (p Proposal) commitMessage(tree string) string {
	return strings.TrimSpace(p.Message) + "\n\n" + p.trailer(p.Version) + " " + tree + "\n"
}

func (p Proposal) trailer(version string) string {
	return trailerKey + p.tool() + " " + escape(p.Package) + " " + escape(version) + " " + strconv.Quote(escape(p.Scope))
}

// ownCommit says whether we made a commit, for which version, and that nobody changed it since.
func (p Proposal) ownCommit(c *gh.Commit) (version string, ok bool) {
	lines := strings.Split(strings.TrimSpace(c.GetMessage()), "\n")
	fields := strings.Fields(strings.TrimRight(lines[len(lines)-1], "\r"))
	if len(fields) != 6 || len(c.Parents) != 1 {
		return "", false
	}
	version, err := url.QueryUnescape(fields[3])
	want := strings.Fields(p.trailer(version) + " " + c.GetTree().GetSHA())
	if err != nil || strings.Join(fields, " ") != strings.Join(want, " ") {
		return "", false
	}
	return version, true
}

// traces says whether a commit began as one of ours.
func (p Proposal) traces(message string) bool {
	for line := range strings.Lines(message) {
		if fields := strings.Fields(line); len(fields) == 6 && strings.HasPrefix(line, trailerKey) {
			version, err := url.QueryUnescape(fields[3])
			if err == nil && strings.Join(fields[:5], " ") == p.trailer(version) {
				return true
			}
		}
	}
	return false
}

// elsewhere reads the scope of a commit that began as one of this tool's for the same package.
func (p Proposal) elsewhere(message string) (scope string, ok bool) {
	for line := range strings.Lines(message) {
		fields := strings.Fields(line)
		if len(fields) != 6 || !strings.HasPrefix(line, trailerKey) {
			continue
		}
		quoted, errQuote := strconv.Unquote(fields[4])
		scope, errScope := url.QueryUnescape(quoted)
		other := p
		other.Scope = scope
		if errQuote == nil && errScope == nil && other.traces(line) {
			return scope, true
		}
	}
	return "", false
}
