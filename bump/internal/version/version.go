// Package version reads and orders the versions of releases: X.Y.Z, with -rcN for a release candidate.
//
// Upstream's tags are read strictly (Parse, ParseTag), for what they say decides what is bumped to. What
// people write into their files is read as it stands (ParseRef, Leading, Find).
package version

import (
	"fmt"
	"regexp"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// Version is a version without v, "0.32.15" or "0.33.0-rc2"; "" is none.
type Version string

const (
	number    = `(?:0|[1-9][0-9]{0,8})`
	canonical = number + `\.` + number + `\.` + number + `(?:-rc(?:0|[1-9][0-9]{0,5}))?`
	written   = `[0-9]+\.[0-9]+\.[0-9]+(?:-rc[0-9]+)?`
)

var (
	tag       = regexp.MustCompile(`^v(` + canonical + `)$`)
	ref       = regexp.MustCompile(`^(?:refs/tags/)?v?(` + written + `)$`)
	leading   = regexp.MustCompile(`^v?(` + written + `)`)
	anywhere  = regexp.MustCompile(written)
	candidate = regexp.MustCompile(`-rc([0-9]+)$`)
	objectID  = regexp.MustCompile(`^` + ObjectID + `$`)
)

// ObjectID is the pattern of a git object's name: 40 hexadecimal digits.
const ObjectID = `[0-9a-f]{40}`

// IsObjectID reports whether text is the name of a git object, of a commit say, as git and GitHub write it.
func IsObjectID(text string) bool { return objectID.MatchString(text) }

// Parse reads a version as people name one, with or without v.
func Parse(text string) (Version, error) {
	if v, ok := ParseTag("v" + strings.TrimPrefix(text, "v")); ok {
		return v, nil
	}
	return "", fmt.Errorf("%q is not a release such as 0.32.15 or 0.33.0-rc2", text)
}

// ParseTag reads the tag of a release, v0.32.15 say; ok is false for any other tag.
func ParseTag(text string) (v Version, ok bool) {
	m := tag.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return Version(m[1]), true
}

// ParseRef reads a ref that names a release: a tag, its full name, or a version alone.
func ParseRef(text string) (v Version, ok bool) {
	m := ref.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return Version(m[1]), true
}

// Leading reads the version that a text begins with, behind a v perhaps, and returns what follows it.
func Leading(text string) (v Version, rest string, ok bool) {
	m := leading.FindStringSubmatch(text)
	if m == nil {
		return "", text, false
	}
	return Version(m[1]), text[len(m[0]):], true
}

// Find returns the first version in a text, "" when there is none.
func Find(text string) Version { return Version(anywhere.FindString(text)) }

// Tag is the name of the version's tag.
func (v Version) Tag() string { return "v" + string(v) }

// Candidate reports whether the version is a release candidate.
func (v Version) Candidate() bool { return candidate.MatchString(string(v)) }

// Compare orders two versions without v; what is none comes first. A release candidate's number counts
// as a number: written as it is, semantic versioning would compare rc10 and rc9 as words.
func Compare[S ~string](a, b S) int {
	va, errA := goversion.NewVersion(candidate.ReplaceAllString(string(a), "-rc.$1"))
	vb, errB := goversion.NewVersion(candidate.ReplaceAllString(string(b), "-rc.$1"))
	switch {
	case errA == nil && errB == nil:
		return va.Compare(vb)
	case errA == nil:
		return 1
	case errB == nil:
		return -1
	}
	return strings.Compare(string(a), string(b))
}

// Places returns the offsets at which a version stands in text by itself: not as a part of another
// number, of a word, or of its own release candidate.
func (v Version) Places(text string) []int {
	if v == "" {
		return nil
	}
	var found []int
	for from := 0; ; {
		i := strings.Index(text[from:], string(v))
		if i < 0 {
			return found
		}
		i += from
		from = i + len(v)
		if alone(text, i, from) {
			found = append(found, i)
		}
	}
}

// alone reports whether the version in text[start:end] is not a part of something longer.
func alone(text string, start, end int) bool {
	if start > 0 {
		switch c := text[start-1]; {
		case c == 'v' || c == 'V':
			if start > 1 && isWord(text[start-2]) {
				return false
			}
		case isWord(c) || c == '.':
			return false
		}
	}
	rest := text[end:]
	if rest == "" {
		return true
	}
	if isWord(rest[0]) || rest[0] == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' {
		return false
	}
	return !strings.HasPrefix(rest, "-rc")
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
