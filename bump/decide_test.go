package bump_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/gomod"
)

// A release that fixes a vulnerability does not wait, and the pull request says why.
func TestRunFixesVulnerabilities(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Check)
	o.MinAge = 100 * 365 * 24 * time.Hour
	require.Equal(t, bump.Current, runs(t, w, o).Status)

	const ours = "github.com/ollama/ollama"
	advise := func(id, pkg, patched string, withdrawn bool) {
		w.GitHub.AddAdvisory(githubtest.Advisory{
			GHSA: id, CVE: "CVE-2026-1", Summary: "A model file can write outside of its folder.", Withdrawn: withdrawn,
			Vulnerabilities: []githubtest.Vulnerability{{Package: pkg, FirstPatched: patched}},
		})
	}
	advise("GHSA-aaaa-aaaa-aaaa", ours, "", false)             // nothing fixes it
	advise("GHSA-bbbb-bbbb-bbbb", ours, "0.4.0-ci1", false)    // no release
	advise("GHSA-cccc-cccc-cccc", ours, "0.32.14", true)       // taken back
	advise("GHSA-dddd-dddd-dddd", ours+"/x", "0.32.14", false) // another module
	advise("GHSA-eeee-eeee-eeee", ours, "0.32.13", false)      // fixed in what is pinned
	advise("GHSA-ffff-ffff-ffff", ours, "0.33.0", false)       // fixed in what is not there yet
	require.Equal(t, bump.Current, runs(t, w, o).Status)

	advise("GHSA-1234-abcd-5678", ours, "0.32.14", false)
	want := []bump.Advisory{{
		GHSA: "GHSA-1234-abcd-5678", CVE: "CVE-2026-1", URL: "https://github.com/advisories/GHSA-1234-abcd-5678",
		Summary: "A model file can write outside of its folder.", Severity: "high", FirstPatched: "0.32.14",
	}}
	res := runs(t, w, o)
	require.Equal(t, bump.Available, res.Status)
	require.Equal(t, want, res.Security)

	// So does one that somebody asked for.
	o.Mode, o.To = bump.Propose, "0.32.15"
	res = runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, want, res.Security)
	require.Equal(t, []string{"security"}, repo.Pulls()[0].Labels)
	require.Contains(t, repo.Pulls()[0].Body, "GHSA-1234-abcd-5678")

	// What the user rules out stays out, and the price is told.
	o.Mode, o.To, o.MinAge, o.Skip = bump.Check, "", 0, []string{"0.32.x"}
	res = runs(t, w, o)
	require.Equal(t, bump.Current, res.Status)
	require.Empty(t, res.Security)
	require.Contains(t, res.Warnings, "GHSA-1234-abcd-5678 is fixed in 0.32.14, which is ruled out here")
}

// What the user rules out does not matter where nixpkgs' own package fixes it, and the pin goes.
func TestRemovalFixesWhatIsRuledOut(t *testing.T) {
	w := bumptest.New(t)
	flake := strings.Replace(flakeS01, "nixos-unstable", "ollama-0.33.2", 1)
	o := options(t, w, w.Flake(map[string]string{"flake.nix": flake}), bump.DryRun)
	o.Unpin, o.Skip = true, []string{"0.32.x"}
	w.GitHub.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-1234-abcd-5678", Vulnerabilities: []githubtest.Vulnerability{
			{Package: "github.com/ollama/ollama", FirstPatched: "0.32.14"},
		},
	})
	res := runs(t, w, o)
	require.True(t, res.Unpinned)
	require.Len(t, res.Security, 1)
	require.Contains(t, res.Body, "GHSA-1234-abcd-5678")
	require.NotContains(t, strings.Join(append(res.Warnings, res.Body), "\n"), "ruled out")
}

// Advisories are advice: a run goes on without them.
func TestRunWithoutAdvisories(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	o := options(t, w, dir, bump.Check)
	w.GitHub.Inject(githubtest.Fault{
		Kind: githubtest.Custom, Path: "/advisories", Times: -1, Status: 404,
		Body: `{"message":"Not Found"}`,
	})
	res := runs(t, w, o)
	require.Equal(t, bump.Available, res.Status)
	require.Empty(t, res.Warnings)
}

// Where upstream does not say which Go a release needs, the run goes on: with what it knows that this nixpkgs builds,
// and with a note; and it asks for no more than a dozen.
func TestRunWithoutGoMod(t *testing.T) {
	w := bumptest.New(t)
	const hash = "sha256-KEMethXzoD0ljvrZnCBAzKkp1oWoNOogEZocubjcn3c=" // of another source
	dir := w.Flake(map[string]string{"flake.nix": strings.NewReplacer(
		"nixos-unstable", "go-1.25", "@src:0.32.13@", hash, "@vendor:0.32.13@", hash, "0.32.13", "0.13.4",
	).Replace(flakeS01)})
	o := options(t, w, dir, bump.Check)
	o.Mode = bump.DryRun
	var notes []string
	o.Progress = func(e bump.Event) { notes = append(notes, e.Text) }
	refused := githubtest.Fault{
		Kind: githubtest.Custom, Path: `/contents/go\.mod$`, Nth: 2, Times: -1,
		Status: 403, Body: `{"message":"Forbidden"}`,
	}
	w.GitHub.Inject(refused)
	res := runs(t, w, o)
	require.Equal(t, bump.Current, res.Status)
	require.Contains(t, strings.Join(res.Warnings, "\n"), "0.32.15 waits: it needs Go 1.26.0")
	require.Contains(t, strings.Join(notes, "\n"), "needs is not known: ")
	struck := w.GitHub.ClearFaults()
	require.Positive(t, struck)
	require.Less(t, struck, gomod.MaxRequests)

	// Nothing is known of the newest: it is tried.
	refused.Nth = 1
	w.GitHub.Inject(refused)
	_, err := runIn(w, o)
	require.ErrorContains(t, err, "go.mod requires go >= 1.26")
}
