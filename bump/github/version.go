package github

import (
	"cmp"
	"strings"
)

// compareVersions orders versions such as 0.32.15 and 0.33.0-rc10: runs of digits as numbers, the rest
// as text, and a version with a suffix before the one without. (go-version takes rc10 for less than rc2.)
func compareVersions(a, b string) int {
	aCore, aPre, aHas := strings.Cut(a, "-")
	bCore, bPre, bHas := strings.Cut(b, "-")
	if c := compareRuns(aCore, bCore); c != 0 {
		return c
	}
	if aHas != bHas {
		if aHas {
			return -1
		}
		return 1
	}
	return compareRuns(aPre, bPre)
}

func compareRuns(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = chunk(a)
		y, b = chunk(b)
		if digit(x[0]) && digit(y[0]) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Compare(len(x), len(y)); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// chunk cuts the digits, or everything but digits, off the front.
func chunk(s string) (first, rest string) {
	end := 1
	for end < len(s) && digit(s[end]) == digit(s[0]) {
		end++
	}
	return s[:end], s[end:]
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
