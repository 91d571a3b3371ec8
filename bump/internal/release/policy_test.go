package release_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

var (
	clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	day   = 24 * time.Hour
)

// aged returns a release that got its content some days ago; a negative number is one of unknown age.
func aged(v version.Version, days float64) release.Candidate {
	if days < 0 {
		return release.Candidate{Version: v}
	}
	return release.Candidate{Version: v, Updated: clock.Add(-time.Duration(days * float64(day)))}
}

func hold(t *testing.T, comment string) release.Hold {
	t.Helper()
	h, ok, err := release.ParseHold(comment)
	require.NoError(t, err)
	require.True(t, ok)
	return h
}

func TestChoose(t *testing.T) {
	three := []release.Candidate{aged("0.32.15", 1), aged("0.32.14", 5), aged("0.32.13", 9), aged("0.32.12", 20)}
	fix := release.Fix{ID: "CVE-1", In: "0.32.15"}
	for _, c := range []struct {
		name   string
		policy release.Policy
		pinned version.Version
		of     []release.Candidate
		want   version.Version
		passed []version.Version
	}{
		{"the newest", release.Policy{}, "0.32.12", three, "0.32.15", nil},
		{"no version is pinned", release.Policy{}, "", three, "0.32.15", nil},
		{"nothing newer", release.Policy{}, "0.32.15", three, "", nil},
		{"numbers, not words", release.Policy{}, "0.32.9", []release.Candidate{aged("0.32.10", 1), aged("0.32.9", 2)}, "0.32.10", nil},
		{"never a downgrade", release.Policy{MinAge: 7 * day}, "0.32.14", three, "", []version.Version{"0.32.15"}},
		{"too young", release.Policy{MinAge: 3 * day}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
		{"an older one hides behind a young one", release.Policy{MinAge: 6 * day}, "0.32.12", three, "0.32.13", []version.Version{"0.32.15", "0.32.14"}},
		{"all too young", release.Policy{MinAge: 60 * day}, "0.32.12", three, "", []version.Version{"0.32.15", "0.32.14", "0.32.13"}},
		{"old enough to the second", release.Policy{MinAge: day}, "0.32.14", three, "0.32.15", nil},
		{"of unknown age", release.Policy{MinAge: 1}, "0.32.12", []release.Candidate{aged("0.32.13", -1)}, "", []version.Version{"0.32.13"}},
		{"of unknown age, which does not matter", release.Policy{}, "0.32.12", []release.Candidate{aged("0.32.13", -1)}, "0.32.13", nil},
		{"skipped", release.Policy{Skip: release.Skips{"0.32.15"}}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
		{"a whole line is skipped", release.Policy{Skip: release.Skips{"0.32.x"}}, "0.32.12", three, "", []version.Version{"0.32.15", "0.32.14", "0.32.13"}},
		{"not allowed", release.Policy{Allow: "<0.32.14"}, "0.32.12", three, "0.32.13", []version.Version{"0.32.15", "0.32.14"}},
		{"held", release.Policy{Holds: []release.Hold{hold(t, "# ollama-bump: hold <0.32.15")}}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
		{"held where it is", release.Policy{Holds: []release.Hold{hold(t, "# ollama-bump: hold")}}, "0.32.14", three, "", []version.Version{"0.32.15"}},
		{"a hold that is over", release.Policy{Holds: []release.Hold{hold(t, "# ollama-bump: hold until 2026-11-20")}}, "0.32.14", three, "0.32.15", nil},
		{"the last day of a hold", release.Policy{Holds: []release.Hold{hold(t, "# ollama-bump: hold until 2026-11-21")}}, "0.32.14", three, "", []version.Version{"0.32.15"}},
		{"a fix does not wait", release.Policy{MinAge: 3 * day, Fixes: []release.Fix{fix}}, "0.32.12", three, "0.32.15", nil},
		{"a fix that an older release has", release.Policy{MinAge: 3 * day, Fixes: []release.Fix{{ID: "CVE-1", In: "0.32.13"}}}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
		{"a fix that is there already", release.Policy{MinAge: 3 * day, Fixes: []release.Fix{{ID: "CVE-1", In: "0.32.12"}}}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
		{"a fix that is ruled out", release.Policy{Skip: release.Skips{"0.32.15"}, Fixes: []release.Fix{fix}}, "0.32.12", three, "0.32.14", []version.Version{"0.32.15"}},
	} {
		c.policy.Now = clock
		got := c.policy.Choose(c.pinned, c.of)
		assert.Equal(t, c.want, got.Version, c.name)
		var passed []version.Version
		for _, p := range got.Passed {
			passed = append(passed, p.Version)
			assert.NotEmpty(t, p.Reason, c.name)
		}
		assert.Equal(t, c.passed, passed, c.name)
	}
}

func TestChooseSaysWhy(t *testing.T) {
	fix := release.Fix{ID: "CVE-1", In: "0.32.15"}
	p := release.Policy{Now: clock, MinAge: 3 * day, Fixes: []release.Fix{fix}}
	c := p.Choose("0.32.13", []release.Candidate{aged("0.32.16", 1), aged("0.32.15", 1), aged("0.32.14", 4)})
	assert.Equal(t, []release.Fix{fix}, c.Fixed)
	assert.Empty(t, c.Missed)

	p.Fixes, p.Skip = nil, release.Skips{"0.32.17"}
	c = p.Choose("0.32.13", []release.Candidate{aged("0.32.17", 1), aged("0.32.16", 1), aged("0.32.15", -1)})
	require.Len(t, c.Passed, 3)
	assert.Equal(t, release.Passed{Version: "0.32.17", Reason: "it is skipped"}, c.Passed[0])
	assert.Equal(t, "it is too new until 2026-11-23 12:00 UTC", c.Passed[1].Reason)
	assert.Equal(t, clock.Add(2*day), c.Passed[1].Until)
	assert.Equal(t, release.Passed{Version: "0.32.15", Reason: "nobody knows how old it is", Young: true}, c.Passed[2])

	p.Fixes, p.Skip, p.MinAge = []release.Fix{fix}, release.Skips{"0.32.x"}, 0
	c = p.Choose("0.32.13", []release.Candidate{aged("0.32.15", 9)})
	assert.Empty(t, c.Version)
	assert.Equal(t, []release.Fix{fix}, c.Missed, "the user's word counts, and is told what it costs")
}

func TestSkips(t *testing.T) {
	for item, hits := range map[string][]version.Version{
		"0.32.1":     {"0.32.1", "0.32.1-rc2"},
		"0.32.x":     {"0.32.0", "0.32.15", "0.32.1-rc2"},
		"0.x":        {"0.32.15", "0.4.0"},
		"0.33.0-rc1": {"0.33.0-rc1"},
	} {
		require.NoError(t, release.Skips{item}.Check())
		for _, v := range hits {
			assert.True(t, release.Skips{item}.Match(v), "%s %s", item, v)
		}
		for _, v := range []version.Version{"1.0.0", "10.32.1", "0.3.2", "0.32.10", "0.33.0"} {
			if v != "0.32.10" || item != "0.32.x" {
				assert.Equal(t, item == "0.x" && v[0] == '0', release.Skips{item}.Match(v), "%s %s", item, v)
			}
		}
	}
	for _, item := range []string{"", "x", "0.32", "0", "v0.32.1", "0.32.*", "0.32.X", "0.x.1", "<0.32", "00.1.x", "0.32.1 "} {
		assert.Error(t, release.Skips{item}.Check(), item)
	}
}

func TestAllowed(t *testing.T) {
	for constraint, hits := range map[release.Allowed][2]version.Version{
		"<0.33":         {"0.32.15", "0.33.0"},
		">=0.30, <0.33": {"0.30.0", "0.29.9"},
		"~> 0.32.1":     {"0.32.9", "0.33.0"},
		"!=0.32.1":      {"0.32.2", "0.32.1"},
		"<0.33.0":       {"0.32.15-rc1", "0.33.0-rc1"}, // a candidate counts as its release
		"":              {"9.9.9", ""},
	} {
		require.NoError(t, constraint.Check())
		assert.True(t, constraint.Match(hits[0]), "%s %s", constraint, hits[0])
		assert.Equal(t, constraint == "", constraint.Match(hits[1]), "%s %s", constraint, hits[1])
	}
	for _, constraint := range []release.Allowed{"new", "<", "<0.33 or so", "0.32.x"} {
		assert.Error(t, constraint.Check(), constraint)
	}
}

func TestParseHold(t *testing.T) {
	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		comment string
		want    release.Hold
	}{
		{"# ollama-bump: hold", release.Hold{}},
		{"#ollama-bump: hold : reason", release.Hold{Reason: "reason"}},
		{"## ollama-bump: hold: a: b", release.Hold{Reason: "a: b"}},
		{"# ollama-bump: hold <0.32", release.Hold{Only: "<0.32"}},
		{"# ollama-bump: hold >=0.30, <0.32 until 2026-12-01: CUDA is broken", release.Hold{Only: ">=0.30, <0.32", Until: until, Reason: "CUDA is broken"}},
		{"# ollama-bump: hold until 2026-12-01", release.Hold{Until: until}},
	} {
		got, ok, err := release.ParseHold(c.comment + " ")
		require.NoError(t, err, c.comment)
		assert.True(t, ok)
		c.want.Quote = c.comment
		assert.Equal(t, c.want, got, c.comment)
	}
	for _, comment := range []string{"# hold", "# ollama-bumper: hold", "# see ollama-bump: hold", "#", ""} {
		_, ok, err := release.ParseHold(comment)
		assert.False(t, ok, comment)
		assert.NoError(t, err, comment)
	}
	for comment, want := range map[string]string{
		"# ollama-bump: hodl <0.32":           `unknown instruction "hodl"`,
		"# ollama-bump:":                      `unknown instruction ""`,
		"# ollama-bump: hold below 0.32":      `must be a constraint such as <0.33`,
		"# ollama-bump: hold until christmas": `must be its last day, such as 2026-12-01, not "christmas"`,
		"# ollama-bump: hold until 1.12.2026": "must be its last day",
		"# ollama-bump: hold until":           "must be its last day",
	} {
		_, ok, err := release.ParseHold(comment)
		assert.True(t, ok, comment)
		assert.ErrorContains(t, err, want, comment)
	}
}

// A hold belongs to a pin when it stands on one of its lines or in the comments directly above one.
func TestHoldsOf(t *testing.T) {
	comments := []release.Comment{
		{Line: 1, Text: "# ollama-bump: hold <1: far away", Alone: true},
		{Line: 3, Text: "# ollama-bump: hold <2: above, first of a block", Alone: true},
		{Line: 4, Text: "# more words", Alone: true},
		{Line: 6, Text: "# ollama-bump: hold <3: on the line"},
		{Line: 8, Text: "# ollama-bump: hold <4: behind another value"},
		{Line: 9, Text: "# ollama-bump: hold <5: above", Alone: true},
	}
	holds, err := release.HoldsOf("a.nix", comments, []int{5, 6, 10})
	require.NoError(t, err)
	var found []release.Allowed
	for _, h := range holds {
		found = append(found, h.Only)
		assert.Equal(t, "a.nix", h.File)
	}
	assert.Equal(t, []release.Allowed{"<2", "<3", "<5"}, found)
	assert.Equal(t, 3, holds[0].Line)

	comments[3].Text = "# ollama-bump: hold soon"
	_, err = release.HoldsOf("a.nix", comments, []int{6})
	assert.ErrorContains(t, err, "a.nix:6: the constraint of a hold must be a constraint")
	_, err = release.HoldsOf("a.nix", comments, []int{10})
	assert.NoError(t, err, "that of another place is not this pin's")
}
