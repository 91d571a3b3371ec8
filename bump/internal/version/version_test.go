package version_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]version.Version{
		"0.32.15": "0.32.15", "v0.32.15": "0.32.15", "0.33.0-rc2": "0.33.0-rc2",
		"1.2": "", "01.2.3": "", "vv1.2.3": "", "1.2.3-rc": "", "1.2.3-rc01": "", "1.2.3-beta": "", "1.2.3\n": "",
		"999999999999.0.0": "", "": "",
	} {
		got, err := version.Parse(in)
		assert.Equal(t, want, got, "%q", in)
		assert.Equal(t, want == "", err != nil, "%q", in)
	}
	_, ok := version.ParseTag("0.32.15")
	assert.False(t, ok, "a tag has a v")
}

func TestParseRef(t *testing.T) {
	for in, want := range map[string]version.Version{
		"v0.32.15": "0.32.15", "0.32.15": "0.32.15", "refs/tags/v0.33.0-rc10": "0.33.0-rc10",
		"main": "", "refs/heads/v0.32.15": "", "v0.32.15-dirty": "", "b0.32.15": "",
	} {
		got, ok := version.ParseRef(in)
		assert.Equal(t, want, got, "%q", in)
		assert.Equal(t, want != "", ok, "%q", in)
	}
}

func TestLeadingAndFind(t *testing.T) {
	v, rest, ok := version.Leading("v0.32.15-unstable")
	assert.True(t, ok)
	assert.Equal(t, version.Version("0.32.15"), v)
	assert.Equal(t, "-unstable", rest)
	_, rest, ok = version.Leading("unstable-0.32.15")
	assert.False(t, ok)
	assert.Equal(t, "unstable-0.32.15", rest)
	assert.Equal(t, version.Version("0.32.15-rc1"), version.Find("ollama version is 0.32.15-rc1"))
	assert.Empty(t, version.Find("ollama version is 0.32"))
	assert.True(t, version.Version("0.1.0-rc0").Candidate())
	assert.False(t, version.Version("0.1.0").Candidate())
	assert.Equal(t, "v0.1.0", version.Version("0.1.0").Tag())
}

func TestCompare(t *testing.T) {
	ordered := []string{
		"none", "0.1.9", "0.1.10", "0.9.3", "0.30.0-rc0", "0.30.0-rc2", "0.30.0-rc10", "0.30.0", "0.32.9", "0.32.15",
		"0.32.15.1", "1.0.0-beta", "1.0.0",
	}
	shuffled := slices.Clone(ordered)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, version.Compare)
	assert.Equal(t, ordered, shuffled)
	for i, a := range ordered {
		for j, b := range ordered {
			assert.Equal(t, i < j, version.Compare(a, b) < 0, "%s %s", a, b)
			assert.Equal(t, i == j, version.Compare(a, b) == 0, "%s %s", a, b)
		}
	}
	assert.Zero(t, version.Compare("0.032.1", "0.32.1"))
}

func TestPlaces(t *testing.T) {
	for text, want := range map[string][]int{
		"0.32.13":                     {0},
		"v0.32.13":                    {1},
		"ollama-0.32.13.tgz":          {7},
		"'0.32.13' and \"0.32.13\"":   {1, 15},
		"0.32.13.":                    {0},
		"10.32.13":                    nil,
		"0.32.131":                    nil,
		"0.32.13.1":                   nil,
		"1.0.32.13":                   nil,
		"0.32.13-rc1":                 nil,
		"0.32.13-1":                   {0},
		"b0.32.13":                    nil,
		"dev0.32.13":                  nil,
		"releases/download/v0.32.13/": {19},
	} {
		require.Equal(t, want, version.Version("0.32.13").Places(text), "%q", text)
	}
	assert.Empty(t, version.Version("").Places("0.32.13"))
}
