package release

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// plainVersion is all that a version can be, whatever a tag holds.
var plainVersion = regexp.MustCompile(`\A(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(-rc(0` +
	`|[1-9][0-9]{0,5}))?\z`)

// FuzzVersion picks a release from hostile lists.
func FuzzVersion(f *testing.F) {
	for _, tag := range []string{
		"v0.32.15", "v0.33.0-rc10", "v0.33.0-rc9", "v1.2", "v01.2.3", "v1.2.3\n", "v1.2.3$(x)",
		"V1.2.3", "v1.2.3-rc1-rc2", "v999999999999.0.0",
	} {
		f.Add(tag, "v0.32.14", true, false, false)
		f.Add("v0.32.15", tag, false, true, false)
	}
	f.Fuzz(func(t *testing.T, one, two string, prerelease, pre, draft bool) {
		list := []github.Release{{Tag: one, Prerelease: prerelease, Draft: draft, PublishedAt: time.Now()}, {Tag: two}}
		for _, r := range list {
			v := versionOf(r, pre)
			if v == "" {
				continue
			}
			require.Regexp(t, plainVersion, string(v))
			require.Equal(t, r.Tag, v.Tag())
			require.False(t, r.Draft)
			require.True(t, pre || !r.Prerelease && !strings.Contains(string(v), "rc"))
			require.Zero(t, version.Compare(v, v))
		}
		a, b := versionOf(list[0], true), versionOf(list[1], true)
		if a != "" && b != "" {
			require.Equal(t, version.Compare(a, b), -version.Compare(b, a))
			require.Equal(t, a == b, version.Compare(a, b) == 0)
		}
		best := pick(list, Want{Pre: pre})
		for _, r := range list {
			if v := versionOf(r, pre); v != "" {
				require.NotNil(t, best)
				require.GreaterOrEqual(t, version.Compare(best.Version, v), 0)
			}
		}
		if to, err := version.Parse(one); err == nil {
			require.Regexp(t, plainVersion, string(to))
		}
	})
}
