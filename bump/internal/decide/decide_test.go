package decide

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/release"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

var clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// upstream is ollama on GitHub: its releases with their age in days, the Go of their go.mod, and what fixes advisories.
type upstream struct {
	releases   []string // VERSION AGE GO
	advisories map[string]string
	asked      []string
}

func (u *upstream) Releases(
	_ context.Context, _, _ string, page func([]github.Release) (more bool, err error),
) error {
	var all []github.Release
	for _, text := range u.releases {
		words := strings.Fields(text)
		days, err := strconv.Atoi(words[1])
		if err != nil {
			return err
		}
		all = append(all, github.Release{Tag: "v" + words[0], PublishedAt: clock.AddDate(0, 0, -days)})
	}
	_, err := page(all)
	return err
}

func (u *upstream) ReleaseByTag(context.Context, string, string, string) (github.Release, error) {
	return github.Release{}, fs.ErrNotExist
}

func (u *upstream) Advisories(context.Context, string, string) ([]github.Advisory, error) {
	u.asked = append(u.asked, "advisories")
	var all []github.Advisory
	for id, fixed := range u.advisories {
		v := github.Vulnerability{FirstPatched: fixed}
		v.Package.Name = "github.com/ollama/ollama"
		all = append(all, github.Advisory{GHSA: id, Vulnerabilities: []github.Vulnerability{v}})
	}
	return all, nil
}

func (u *upstream) Contents(_ context.Context, _, _, ref, _ string) ([]byte, error) {
	u.asked = append(u.asked, ref)
	for _, text := range u.releases {
		if words := strings.Fields(text); "v"+words[0] == ref && len(words) > 2 {
			return []byte("module github.com/ollama/ollama\n\ngo " + words[2] + "\n"), nil
		}
	}
	return nil, fs.ErrNotExist
}

// decision is one decision and all that it said.
type decision struct {
	*Selection
	err  error
	said []string
}

// decideFor decides on a flake that pins the package by these values of the attribute set of its outputs.
func decideFor(t *testing.T, u *upstream, o Options, known Toolchain, pins ...string) decision {
	t.Helper()
	code := `{
  inputs.ollama-src = { url = "github:ollama/ollama"; flake = false; };
  outputs = { self, nixpkgs, ollama-src }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
`
	for i, text := range pins {
		above, text, ok := strings.Cut(text, "\n")
		if !ok {
			above, text = "", above
		}
		code += fmt.Sprintf("    %s\n    packages.x86_64-linux.ollama%d = pkgs.ollama.overrideAttrs "+
			"(old: rec { %s });\n", above, i, text)
	}
	f, err := nixexpr.Parse("flake.nix", []byte(code+"  };\n}\n"))
	require.NoError(t, err)
	files := &pin.Files{Flake: "flake.nix", Nix: map[string]*nixexpr.File{"flake.nix": f}}
	found, err := pin.Find(t.Context(), files, &pin.Ollama)
	require.NoError(t, err)
	require.Len(t, found.Pins, len(pins))
	d := decision{}
	d.Selection, d.err = Select(t.Context(),
		Job{Options: o, Files: files, Found: found, Now: clock, Evaluated: Evaluated{Toolchain: known}},
		Tools{Upstream: u, GoLines: GoLines{}, Log: func(kind diag.EventKind, format string, args ...any) {
			if kind != diag.Detail {
				d.said = append(d.said, fmt.Sprintf(format, args...))
			}
		}})
	return d
}

// at pins a release, with a comment above it.
func at(v, comment string) string {
	if comment != "" {
		comment = "# ollama-bump: " + comment
	}
	return comment + "\n" + `version = "` + v + `"; src = pkgs.fetchFromGitHub { owner = "ollama"; repo = "ollama"; ` +
		`tag = "v${version}"; hash = "sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="; }; ` +
		`vendorHash = "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";`
}

// branch follows a branch of the package's repository, with a comment above it.
func branch(comment string) string {
	if comment != "" {
		comment = "# ollama-bump: " + comment
	}
	return comment + "\n" + `version = "git-${ollama-src.shortRev}"; src = ollama-src; ` +
		`vendorHash = "sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";`
}

// newest returns ollama with four releases.
func newest() *upstream {
	return &upstream{releases: []string{"0.32.15 1 1.26", "0.32.14 5 1.26", "0.32.13 9 1.25", "0.32.12 20 1.25"}}
}

// held returns the names of the pins that stay.
func (d decision) held() string {
	var held []string
	for _, p := range d.Held {
		held = append(held, p.Names[0])
	}
	return strings.Join(held, " ")
}

// A release that was asked for is refused when a comment keeps a pin from it, whether it is newer or older; a pin that
// is at it does not move.
func TestNamedReleaseAgainstAHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, comment, to string
		refused           bool
	}{
		{"newer than allowed", "hold <0.32.14", "0.32.15", true},
		{"newer and allowed", "hold <0.32.15", "0.32.14", false},
		{"newer, where nothing is allowed", "hold", "0.32.14", true},
		{"older than allowed", "hold >=0.32.13", "0.32.12", true},
		{"older and allowed", "hold >=0.32.12", "0.32.12", false},
		{"older, where nothing is allowed", "hold", "0.32.12", true},
		{"what is pinned", "hold <0.32", "0.32.13", false},
		{"a comment that is over", "hold >=0.32.13 until 2026-11-20", "0.32.12", false},
	} {
		d := decideFor(t, newest(), Options{To: version.Version(tt.to)}, Toolchain{}, at("0.32.13", tt.comment))
		if !tt.refused {
			require.NoError(t, d.err, tt.name)
			assert.EqualValues(t, tt.to, d.Release.Version, tt.name)
			continue
		}
		require.ErrorContains(t, d.err, fmt.Sprintf("flake.nix:4:1: select release: %s is held back by the comment "+
			`"# ollama-bump: %s"`, tt.to, tt.comment), tt.name)
	}
	// One of two pins is there, the other is not.
	d := decideFor(t, newest(), Options{To: "0.32.13"}, Toolchain{}, at("0.32.13", ""), at("0.32.14", "hold >0.32.13"))
	require.ErrorContains(t, d.err, "flake.nix:6:1: select release: 0.32.13 is held back by the comment")
}

// A release that was asked for fixes what the newest one would fix, and only a newer one is asked about.
func TestNamedReleaseFixesVulnerabilities(t *testing.T) {
	t.Parallel()
	for to, want := range map[version.Version]string{"0.32.15": "a b", "0.32.14": "a", "0.32.13": "", "0.32.12": ""} {
		u := newest()
		u.advisories = map[string]string{"a": "0.32.14", "b": "0.32.15", "c": "0.32.13"}
		d := decideFor(t, u, Options{To: to}, Toolchain{}, at("0.32.13", ""))
		require.NoError(t, d.err)
		var fixed []string
		for _, a := range d.Decision.Security {
			fixed = append(fixed, a.GHSA)
		}
		assert.Equal(t, want, strings.Join(fixed, " "), to)
		assert.Equal(t, version.Compare(to, "0.32.13") > 0, len(u.asked) > 0, to)
		assert.Empty(t, d.Unfixed, to)
		assert.Empty(t, d.said, to)
	}
}

// What follows a branch moves to its head, which is the newest release or beyond it: that one has to be allowed.
func TestHoldOfABranch(t *testing.T) {
	t.Parallel()
	const young = "it is too new until 2026-11-23 12:00 UTC"
	for _, tt := range []struct {
		name    string
		options Options
		pins    []string
		held    string
		to      string
		waiting string
	}{
		{"nothing holds it", Options{}, []string{branch("")}, "", "0.32.15", ""},
		{
			"nothing is allowed",
			Options{},
			[]string{branch("hold")},
			"ollama0", "", "0.32.15 is not taken: held by # ollama-bump: hold",
		},
		{
			"an older release is allowed",
			Options{},
			[]string{branch("hold <0.32.14")},
			"ollama0", "",
			"0.32.15 is not taken: held by # ollama-bump: hold <0.32.14",
		},
		{"the newest is allowed", Options{}, []string{branch("hold <0.33")}, "", "0.32.15", ""},
		{"a comment that is over", Options{}, []string{branch("hold until 2026-11-20")}, "", "0.32.15", ""},
		{
			"the newest is skipped",
			Options{Skip: release.Skips{"0.32.15"}},
			[]string{branch("")},
			"ollama0", "", "0.32.15 is not taken: it is skipped",
		},
		{
			"an older one is skipped",
			Options{Skip: release.Skips{"0.32.14"}},
			[]string{branch("")},
			"", "0.32.15", "",
		},
		{
			"older ones are allowed",
			Options{Allow: "<0.32.14"},
			[]string{branch("")},
			"ollama0", "", "0.32.15 is not taken: only <0.32.14 is allowed",
		},
		{
			"the newest is too young",
			Options{MinAge: 3 * day},
			[]string{branch("")},
			"ollama0", "", "0.32.15 is not taken: " + young,
		},
		{
			"beside a pin that moves to an older release",
			Options{MinAge: 3 * day},
			[]string{at("0.32.13", ""), branch("")},
			"ollama1", "0.32.14", "0.32.15 is not taken: " + young,
		},
		{
			"beside a pin that is at the newest release",
			Options{Skip: release.Skips{"0.32.15"}},
			[]string{at("0.32.15", ""), branch("")},
			"ollama1", "0.32.15", "0.32.15 is not taken: it is skipped",
		},
		{
			"held beside a pin that moves",
			Options{},
			[]string{at("0.32.13", ""), branch("hold <0.32.15")},
			"ollama1", "0.32.15", "",
		},
		{
			"moving beside a pin that is held",
			Options{},
			[]string{at("0.32.13", "hold <0.32.15"), branch("")},
			"ollama0", "0.32.15", "",
		},
	} {
		d := decideFor(t, newest(), tt.options, Toolchain{}, tt.pins...)
		require.NoError(t, d.err, tt.name)
		assert.Equal(t, tt.held, d.held(), tt.name)
		if tt.to != "" {
			assert.EqualValues(t, tt.to, d.Release.Version, tt.name)
		}
		if tt.waiting != "" || tt.held == "" {
			assert.Equal(t, tt.waiting, d.Waiting, tt.name)
		}
	}
}

// A release that fixes a vulnerability does not wait for its age, but it has to build; what cannot be had is said.
func TestFixThatDoesNotBuild(t *testing.T) {
	t.Parallel()
	const waits = "0.32.15 waits: it needs Go 1.26, and the nixpkgs of this pin has 1.25.8; update the nixpkgs input"
	for _, tt := range []struct {
		name       string
		releases   string
		advisories map[string]string
		want       string
		fixed      string
		said       string
		unfixed    string
	}{
		{
			"the newest, which is old enough", "0.32.15 9 1.25, 0.32.14 9 1.25", nil, "0.32.15", "", "", "",
		},
		{
			"a young fix that builds, above an old release that builds",
			"0.32.15 9 1.26, 0.32.14 1 1.25, 0.32.13 9 1.25",
			map[string]string{"a": "0.32.14"},
			"0.32.14", "a", waits, "",
		},
		{
			"a young fix that builds, and an old one that does, too",
			"0.32.15 9 1.26, 0.32.14 1 1.25, 0.32.13 9 1.25",
			map[string]string{"a": "0.32.13"},
			"0.32.13", "a",
			waits, "",
		},
		{
			"a young fix that does not build",
			"0.32.15 1 1.26, 0.32.14 9 1.25, 0.32.13 9 1.25",
			map[string]string{"a": "0.32.15"},
			"0.32.14", "", waits,
			"a is fixed in 0.32.15, which this nixpkgs does not build",
		},
		{
			"a young fix that does not build, and nothing else that does",
			"0.32.15 1 1.26, 0.32.14 9 1.26",
			map[string]string{"a": "0.32.15"},
			"0.32.12", "", waits,
			"a is fixed in 0.32.15, which this nixpkgs does not build",
		},
		{
			"a young release that does not build, and fixes nothing",
			"0.32.15 1 1.26, 0.32.14 9 1.25", nil, "0.32.14", "",
			"0.32.15 is not taken: it is too new until 2026-11-23 12:00 UTC", "",
		},
		{
			"a young release above an old one that does not build",
			"0.32.16 1 1.26, 0.32.15 9 1.26, 0.32.14 9 1.25", nil, "0.32.14", "", waits, "",
		},
		{
			"one fix that builds, and one that does not",
			"0.32.15 1 1.26, 0.32.14 1 1.25, 0.32.13 9 1.25",
			map[string]string{"a": "0.32.15", "b": "0.32.14"},
			"0.32.14", "b", waits, "a is fixed in 0.32.15, which this nixpkgs does not build",
		},
	} {
		u := &upstream{releases: strings.Split(tt.releases, ", "), advisories: tt.advisories}
		d := decideFor(t, u, Options{MinAge: 3 * day}, Toolchain{goVersion: "1.25.8"}, at("0.32.12", ""))
		require.NoError(t, d.err, tt.name)
		assert.EqualValues(t, tt.want, d.Release.Version, tt.name)
		var fixed []string
		for _, a := range d.Decision.Security {
			fixed = append(fixed, a.GHSA)
		}
		assert.Equal(t, tt.fixed, strings.Join(fixed, " "), tt.name)
		assert.Equal(t, tt.unfixed, strings.Join(d.Unfixed, "; "), tt.name)
		assert.Equal(t, tt.said, strings.Join(d.said, "; "), tt.name)
	}
}

// Where no release may be taken, none waits for a toolchain.
func TestNothingToTakeWaitsForNoToolchain(t *testing.T) {
	t.Parallel()
	u := newest()
	d := decideFor(t, u, Options{Skip: release.Skips{"0.32.x"}}, Toolchain{goVersion: "1.24.1"}, at("0.32.12", ""))
	require.NoError(t, d.err)
	assert.Equal(t, "0.32.15 is not taken: it is skipped", d.Waiting)
	assert.Equal(t, []string{"advisories"}, u.asked)
}

// The price of what the user rules out is known, and told only when the pin stays a pin.
func TestFixThatIsRuledOut(t *testing.T) {
	t.Parallel()
	u := newest()
	u.advisories = map[string]string{"a": "0.32.15", "b": "0.32.14"}
	d := decideFor(t, u, Options{Skip: release.Skips{"0.32.15"}}, Toolchain{}, at("0.32.13", ""))
	require.NoError(t, d.err)
	assert.EqualValues(t, "0.32.14", d.Release.Version)
	assert.Equal(t, []string{"a is fixed in 0.32.15, which is ruled out here"}, d.Unfixed)
	require.Len(t, d.Decision.Security, 1)
	assert.Equal(t, "b", d.Decision.Security[0].GHSA)
	assert.Equal(t, []string{"0.32.15 is not taken: it is skipped"}, d.said)
}
