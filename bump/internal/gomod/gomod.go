// Package gomod decides which releases of a Go program a compiler can build, by the go line of their
// go.mod.
//
// Since Go 1.21 that line is a minimum: a Go that is older refuses the module, unless it may download a
// newer toolchain, which Nix's sandbox does not allow (GOTOOLCHAIN=local). See https://go.dev/doc/toolchain.
package gomod

import (
	"fmt"
	"go/version"
	"strings"

	"golang.org/x/mod/modfile"
)

// MaxRequests bounds the go.mod files that are read in a run: the newest release's, and those of a bisection of the
// others.
const MaxRequests = 12

// Go returns the version in the go line of a go.mod, without "go": "1.26.0". It is empty when there is
// no such line, which any Go accepts. Unknown directives do not matter, but a file without a module line
// is no go.mod.
func Go(name string, src []byte) (string, error) {
	f, err := modfile.ParseLax(name, src, nil)
	if err != nil {
		return "", fmt.Errorf("parse go.mod: %w", err)
	}
	if f.Module == nil {
		return "", fmt.Errorf("parse go.mod: %s has no module line", name)
	}
	if f.Go == nil {
		return "", nil
	}
	return f.Go.Version, nil
}

// Builds reports whether the Go compiler of the version have builds a module that wants want, both
// without "go". A version that cannot be compared says nothing against it.
func Builds(have, want string) bool {
	h, w := "go"+strings.TrimPrefix(have, "go"), "go"+want
	if !version.IsValid(h) || !version.IsValid(w) {
		return true
	}
	return version.Compare(h, w) >= 0
}

// Choice is what Newest found.
type Choice struct {
	Index int    // of the newest release that the compiler builds; -1: none of them
	Wants string // the Go that the newest of all wants, when that is too new; else empty
}

// Newest looks for the newest of n releases, numbered from 0, the newest, that the compiler of version
// have builds. wants returns the go line of a release's go.mod, and whether it is known; it is asked at
// most MaxRequests times. Releases want ever newer versions of Go, so that they can be bisected; the one
// that is returned was looked at itself. Only when nothing is known of the newest one it is returned:
// nothing holds it back.
func Newest(have string, n int, wants func(i int) (line string, known bool)) Choice {
	if n == 0 {
		return Choice{Index: -1}
	}
	want, known := wants(0)
	if !known || Builds(have, want) {
		return Choice{Index: 0}
	}
	best, low, high := -1, 1, n // the newest that builds is in [low, high), if it is not best
	for asked := 1; low < high && asked < MaxRequests; asked++ {
		middle := low + (high-low)/2
		if line, known := wants(middle); known && Builds(have, line) {
			best, high = middle, middle
		} else {
			low = middle + 1
		}
	}
	return Choice{Index: best, Wants: want}
}
