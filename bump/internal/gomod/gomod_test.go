package gomod_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/gomod"
)

func TestGo(t *testing.T) {
	for _, test := range []struct{ name, src, want, err string }{
		{
			"ollama's", "module github.com/ollama/ollama\n\ngo 1.26.0\n\nrequire (\n\tgolang.org/x/sys v0.1.0 // " +
				"indirect\n)\n", "1.26.0", "",
		},
		{"with a toolchain", "module m\ngo 1.24\ntoolchain go1.25.1\n", "1.24", ""},
		{"no go line", "module m\n", "", ""},
		{"a directive of the future", "module m\ngo 1.26.0\nfrobnicate x => y\n", "1.26.0", ""},
		{"an empty file", "", "", "parse go.mod: go.mod has no module line"},
		{"no go.mod", "<!DOCTYPE html>\n<p>\"", "", "parse go.mod: go.mod has no module line"},
		{"a wrong go line", "module m\ngo newest\n", "", "parse go.mod: go.mod:2: invalid go version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := gomod.Go("go.mod", []byte(test.src))
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestBuilds(t *testing.T) {
	for _, test := range []struct {
		have, want string
		builds     bool
	}{
		{"1.25.8", "1.26.0", false},
		{"1.26.0", "1.26.0", true},
		{"1.26", "1.26.0", false}, // 1.26 alone is the language: older than its first release
		{"1.26.1", "1.26", true},
		{"1.26rc1", "1.26.0", false},
		{"1.26rc1", "1.26", true},
		{"1.100.0", "1.26.0", true},
		{"go1.25.8", "1.26.0", false},
		{"1.25.8", "", true},
		{"", "1.26.0", true},
		{"unstable", "1.26.0", true},
	} {
		assert.Equal(t, test.builds, gomod.Builds(test.have, test.want), "%s builds %s", test.have, test.want)
	}
}

// Every number of releases and every place from which on the compiler is too old: the newest that it
// builds is found, within the bound, and was looked at.
func TestNewestFindsTheBoundary(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 8, 100, 1500} {
		for old := 0; old <= n; old += max(1, n/13) { // releases from old on build
			asked := map[int]bool{}
			got := gomod.Newest("1.25.8", n, func(i int) (string, bool) {
				require.False(t, asked[i], "%d of %d asked twice", i, n)
				asked[i] = true
				if i >= old {
					return "1.25.0", true
				}
				return "1.26.0", true
			})
			want := gomod.Choice{Index: old}
			if old > 0 {
				want.Wants = "1.26.0"
			}
			if old == n {
				want.Index = -1
			}
			if n == 0 {
				want.Wants = ""
			}
			assert.Equal(t, want, got, "%d of %d", old, n)
			assert.LessOrEqual(t, len(asked), gomod.MaxRequests)
			assert.True(t, got.Index < 0 || asked[got.Index])
		}
	}
}

// Too many releases to bisect: what is returned builds, though a newer one might too.
func TestNewestIsBounded(t *testing.T) {
	asked := 0
	got := gomod.Newest("1.25.8", 1<<20, func(i int) (string, bool) {
		asked++
		if i >= 5 {
			return "1.25.0", true
		}
		return "1.26.0", true
	})
	assert.Equal(t, gomod.MaxRequests, asked)
	assert.Greater(t, got.Index, 5)
}

func TestNewestAsksOnceWhenTheNewestBuilds(t *testing.T) {
	asked := 0
	got := gomod.Newest("1.26.3", 40, func(int) (string, bool) {
		asked++
		return "1.26.0", true
	})
	assert.Equal(t, gomod.Choice{}, got)
	assert.Equal(t, 1, asked)
}

// A release of which nothing is known is not taken, but for the newest, which nothing holds back then.
func TestNewestPassesOverWhatIsNotKnown(t *testing.T) {
	lines := []string{"1.26.0", "?", "1.25.0", "?", "1.25.0", "1.25.0"}
	wants := func(i int) (string, bool) { return lines[i], lines[i] != "?" }
	assert.Equal(t, gomod.Choice{Index: 4, Wants: "1.26.0"}, gomod.Newest("1.25.8", len(lines), wants))
	lines[0] = "?"
	assert.Equal(t, gomod.Choice{}, gomod.Newest("1.25.8", len(lines), wants))
	lines = []string{"1.26.0", "?", "?", "?"}
	assert.Equal(t, gomod.Choice{Index: -1, Wants: "1.26.0"}, gomod.Newest("1.25.8", len(lines), wants))
}
