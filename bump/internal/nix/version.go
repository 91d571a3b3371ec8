package nix

import (
	"context"
	"regexp"
	"strconv"
)

// Version is Nix's own: "nix (Nix) 2.8.0", "nix (Lix, like Nix) 2.91.1",
// "nix (Determinate Nix 3.5.1) 2.29.0".
func (r *Runner) Version(ctx context.Context) (string, error) {
	out, err := r.result(ctx, r.newLog(""), "--version")
	return clip(logLine(string(out)), 100), err
}

// Version is the number that features depend on: Lix and Determinate Nix give the one of the Nix that
// they descend from.
type Version struct{ Major, Minor int }

var versionText = regexp.MustCompile(`^nix \([^)]*\) (\d+)\.(\d+)`)

// parseVersion reads the text of Runner.Version.
func parseVersion(text string) (Version, bool) {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return Version{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return Version{major, minor}, true
}

// atLeast compares.
func (v Version) atLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}
