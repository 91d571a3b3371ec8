package nix

import (
	"context"
	"regexp"
	"strconv"
)

// version returns Nix's own: "nix (Nix) 2.8.0", "nix (Lix, like Nix) 2.91.1",
// "nix (Determinate Nix 3.5.1) 2.29.0".
func (r *Runner) version(ctx context.Context) (string, error) {
	out, err := r.result(ctx, r.newLog(""), "--version")
	return clip(logLine(string(out)), 100), err
}

// versionNumber is the number that features depend on: Lix and Determinate Nix give the one of the Nix that
// they descend from.
type versionNumber struct{ Major, Minor int }

var versionText = regexp.MustCompile(`^nix \([^)]*\) (\d+)\.(\d+)`)

// parseVersion reads the text of Runner.version.
func parseVersion(text string) (versionNumber, bool) {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return versionNumber{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return versionNumber{major, minor}, true
}

// atLeast compares.
func (v versionNumber) atLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}
