package release

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

var (
	clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	day   = 24 * time.Hour
)

// aged returns a release that got its content some days ago; a negative number is one of unknown age.
func aged(v version.Version, days float64) Candidate {
	if days < 0 {
		return Candidate{Version: v}
	}
	return Candidate{Version: v, Updated: clock.Add(-time.Duration(days * float64(day)))}
}

func hold(t *testing.T, comment string) Hold {
	t.Helper()
	h, ok, err := parseHold(comment)
	require.NoError(t, err)
	require.True(t, ok)
	return h
}

func TestChoose(t *testing.T) {
	undated := []Candidate{aged("0.32.13", -1)}
	three := []Candidate{aged("0.32.15", 1), aged("0.32.14", 5), aged("0.32.13", 9), aged("0.32.12", 20)}
	fix := Fix{ID: "CVE-1", In: "0.32.15"}
	held := func(words string) Policy { return Policy{Holds: []Hold{hold(t, "# ollama-bump: "+words)}} }
	fixedIn := func(v version.Version) Policy { return Policy{MinAge: 3 * day, Fixes: []Fix{{ID: "CVE-1", In: v}}} }
	for _, c := range []struct {
		name   string
		policy Policy
		pinned version.Version
		of     []Candidate
		want   version.Version
		passed string // the newest first
	}{
		{"the newest", Policy{}, "0.32.12", three, "0.32.15", ""},
		{"no version is pinned", Policy{}, "", three, "0.32.15", ""},
		{"nothing newer", Policy{}, "0.32.15", three, "", ""},
		{"numbers, not words", Policy{}, "0.32.9", []Candidate{aged("0.32.10", 1), aged("0.32.9", 2)}, "0.32.10", ""},
		{"never a downgrade", Policy{MinAge: 7 * day}, "0.32.14", three, "", "0.32.15"},
		{"too young", Policy{MinAge: 3 * day}, "0.32.12", three, "0.32.14", "0.32.15"},
		{
			"an older one hides behind a young one",
			Policy{MinAge: 6 * day},
			"0.32.12", three, "0.32.13",
			"0.32.15 0.32.14",
		},
		{"all too young", Policy{MinAge: 60 * day}, "0.32.12", three, "", "0.32.15 0.32.14 0.32.13"},
		{"old enough to the second", Policy{MinAge: day}, "0.32.14", three, "0.32.15", ""},
		{"of unknown age", Policy{MinAge: 1}, "0.32.12", undated, "", "0.32.13"},
		{"of unknown age, which does not matter", Policy{}, "0.32.12", undated, "0.32.13", ""},
		{"skipped", Policy{Skip: Skips{"0.32.15"}}, "0.32.12", three, "0.32.14", "0.32.15"},
		{"a whole line is skipped", Policy{Skip: Skips{"0.32.x"}}, "0.32.12", three, "", "0.32.15 0.32.14 0.32.13"},
		{"not allowed", Policy{Allow: "<0.32.14"}, "0.32.12", three, "0.32.13", "0.32.15 0.32.14"},
		{"held", held("hold <0.32.15"), "0.32.12", three, "0.32.14", "0.32.15"},
		{"held where it is", held("hold"), "0.32.14", three, "", "0.32.15"},
		{"a hold that is over", held("hold until 2026-11-20"), "0.32.14", three, "0.32.15", ""},
		{"the last day of a hold", held("hold until 2026-11-21"), "0.32.14", three, "", "0.32.15"},
		{"a fix does not wait", fixedIn(fix.In), "0.32.12", three, "0.32.15", ""},
		{"a fix that an older release has", fixedIn("0.32.13"), "0.32.12", three, "0.32.14", "0.32.15"},
		{"a fix that is there already", fixedIn("0.32.12"), "0.32.12", three, "0.32.14", "0.32.15"},
		{"a fix ruled out", Policy{Skip: Skips{"0.32.15"}, Fixes: []Fix{fix}}, "0.32.12", three, "0.32.14", "0.32.15"},
	} {
		c.policy.Now = clock
		got := c.policy.Choose(c.pinned, c.of)
		assert.Equal(t, c.want, got.Version, c.name)
		var passed []string
		for _, p := range got.Passed {
			passed = append(passed, string(p.Version))
			assert.NotEmpty(t, p.Reason, c.name)
		}
		assert.Equal(t, c.passed, strings.Join(passed, " "), c.name)
	}
}

func TestChooseSaysWhy(t *testing.T) {
	fix := Fix{ID: "CVE-1", In: "0.32.15"}
	p := Policy{Now: clock, MinAge: 3 * day, Fixes: []Fix{fix}}
	c := p.Choose("0.32.13", []Candidate{aged("0.32.16", 1), aged("0.32.15", 1), aged("0.32.14", 4)})
	assert.Equal(t, []Fix{fix}, c.Fixed)
	assert.Empty(t, c.Missed)

	p.Fixes, p.Skip = nil, Skips{"0.32.17"}
	c = p.Choose("0.32.13", []Candidate{aged("0.32.17", 1), aged("0.32.16", 1), aged("0.32.15", -1)})
	require.Len(t, c.Passed, 3)
	assert.Equal(t, Passed{Version: "0.32.17", Reason: "it is skipped"}, c.Passed[0])
	assert.Equal(t, "it is too new until 2026-11-23 12:00 UTC", c.Passed[1].Reason)
	assert.Equal(t, clock.Add(2*day), c.Passed[1].Until)
	assert.Equal(t, Passed{Version: "0.32.15", Reason: "its age is unknown", Young: true}, c.Passed[2])

	p.Fixes, p.Skip, p.MinAge = []Fix{fix}, Skips{"0.32.x"}, 0
	c = p.Choose("0.32.13", []Candidate{aged("0.32.15", 9)})
	assert.Empty(t, c.Version)
	assert.Equal(t, []Fix{fix}, c.Missed, "the user's word counts, and is told what it costs")
}

func TestSkips(t *testing.T) {
	for item, hits := range map[string][]version.Version{
		"0.32.1":     {"0.32.1", "0.32.1-rc2"},
		"0.32.x":     {"0.32.0", "0.32.15", "0.32.1-rc2"},
		"0.x":        {"0.32.15", "0.4.0"},
		"0.33.0-rc1": {"0.33.0-rc1"},
	} {
		require.NoError(t, Skips{item}.Check())
		for _, v := range hits {
			assert.True(t, Skips{item}.match(v), "%s %s", item, v)
		}
		for _, v := range []version.Version{"1.0.0", "10.32.1", "0.3.2", "0.32.10", "0.33.0"} {
			if v != "0.32.10" || item != "0.32.x" {
				assert.Equal(t, item == "0.x" && v[0] == '0', Skips{item}.match(v), "%s %s", item, v)
			}
		}
	}
	for _, item := range strings.Split("|x|0.32|0|v0.32.1|0.32.*|0.32.X|0.x.1|<0.32|00.1.x|0.32.1 ", "|") {
		assert.Error(t, Skips{item}.Check(), item)
	}
}

func TestAllowed(t *testing.T) {
	for constraint, hits := range map[Allowed][2]version.Version{
		"<0.33":         {"0.32.15", "0.33.0"},
		">=0.30, <0.33": {"0.30.0", "0.29.9"},
		"~> 0.32.1":     {"0.32.9", "0.33.0"},
		"!=0.32.1":      {"0.32.2", "0.32.1"},
		"<0.33.0":       {"0.32.15-rc1", "0.33.0-rc1"}, // a candidate counts as its release
		"":              {"9.9.9", ""},
	} {
		require.NoError(t, constraint.Check())
		assert.True(t, constraint.match(hits[0]), "%s %s", constraint, hits[0])
		assert.Equal(t, constraint == "", constraint.match(hits[1]), "%s %s", constraint, hits[1])
	}
	for _, constraint := range []Allowed{"new", "<", "<0.33 or so", "0.32.x"} {
		assert.Error(t, constraint.Check(), constraint)
	}
}

func TestParseHold(t *testing.T) {
	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		comment string
		want    Hold
	}{
		{"# ollama-bump: hold", Hold{}},
		{"#ollama-bump: hold : reason", Hold{Reason: "reason"}},
		{"## ollama-bump: hold: a: b", Hold{Reason: "a: b"}},
		{"# ollama-bump: hold <0.32", Hold{Only: "<0.32"}},
		{
			"# ollama-bump: hold >=0.30, <0.32 until 2026-12-01: CUDA is broken",
			Hold{Only: ">=0.30, <0.32", Until: until, Reason: "CUDA is broken"},
		},
		{"# ollama-bump: hold until 2026-12-01", Hold{Until: until}},
	} {
		got, ok, err := parseHold(c.comment + " ")
		require.NoError(t, err, c.comment)
		assert.True(t, ok)
		c.want.Quote = c.comment
		assert.Equal(t, c.want, got, c.comment)
	}
	for _, comment := range []string{"# hold", "# ollama-bumper: hold", "# see ollama-bump: hold", "#", ""} {
		_, ok, err := parseHold(comment)
		assert.False(t, ok, comment)
		assert.NoError(t, err, comment)
	}
	for comment, want := range map[string]string{
		"# ollama-bump: hodl <0.32":           `unknown instruction "hodl"`,
		"# ollama-bump:":                      `unknown instruction ""`,
		"# ollama-bump: hold below 0.32":      `must be a constraint such as <0.33`,
		"# ollama-bump: hold until christmas": `must be the last day of the hold, such as 2026-12-01, not "christmas"`,
		"# ollama-bump: hold until 1.12.2026": "must be the last day of the hold",
		"# ollama-bump: hold until":           "must be the last day of the hold",
	} {
		_, ok, err := parseHold(comment)
		assert.True(t, ok, comment)
		assert.ErrorContains(t, err, want, comment)
	}
}

// A hold belongs to a pin when it stands on one of its lines or in the comments directly above one.
// The comments in the documentation are ones that are understood.
func TestDocumentedHolds(t *testing.T) {
	text, err := os.ReadFile("../../../docs/configuration.md")
	require.NoError(t, err)
	count := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "# "+Directive) {
			_, ok, err := parseHold(line)
			require.NoError(t, err)
			assert.True(t, ok, line)
			count++
		}
	}
	assert.Equal(t, 3, count)
}

func TestHoldsOf(t *testing.T) {
	comments := []Comment{
		{Line: 1, Text: "# ollama-bump: hold <1: far away", Alone: true},
		{Line: 3, Text: "# ollama-bump: hold <2: above, first of a block", Alone: true},
		{Line: 4, Text: "# more words", Alone: true},
		{Line: 6, Text: "# ollama-bump: hold <3: on the line"},
		{Line: 8, Text: "# ollama-bump: hold <4: behind another value"},
		{Line: 9, Text: "# ollama-bump: hold <5: above", Alone: true},
	}
	holds, err := HoldsOf("a.nix", comments, []int{5, 6, 10})
	require.NoError(t, err)
	var found []Allowed
	for _, h := range holds {
		found = append(found, h.Only)
		assert.Equal(t, "a.nix", h.File)
	}
	assert.Equal(t, []Allowed{"<2", "<3", "<5"}, found)
	assert.Equal(t, 3, holds[0].Line)

	comments[3].Text = "# ollama-bump: hold soon"
	_, err = HoldsOf("a.nix", comments, []int{6})
	assert.ErrorContains(t, err, "a.nix:6: what follows hold must be a constraint")
	_, err = HoldsOf("a.nix", comments, []int{10})
	assert.NoError(t, err, "that of another place is not this pin's")
}
