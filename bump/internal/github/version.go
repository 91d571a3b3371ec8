package github

import (
	"regexp"
	"strings"

	"github.com/hashicorp/go-version"
)

var rcNumber = regexp.MustCompile(`-rc([0-9]+)$`)

// CompareVersions orders two versions without v; what is none comes first. A release candidate's number
// counts as a number: written as it is, semantic versioning would compare rc10 and rc9 as words.
func CompareVersions(a, b string) int {
	va, errA := version.NewVersion(rcNumber.ReplaceAllString(a, "-rc.$1"))
	vb, errB := version.NewVersion(rcNumber.ReplaceAllString(b, "-rc.$1"))
	switch {
	case errA == nil && errB == nil:
		return va.Compare(vb)
	case errA == nil:
		return 1
	case errB == nil:
		return -1
	}
	return strings.Compare(a, b)
}
