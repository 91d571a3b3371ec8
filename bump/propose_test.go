package bump_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

func runs(t *testing.T, w *bumptest.World, o bump.Options) bump.Result {
	t.Helper()
	res, err := runIn(w, o)
	require.NoError(t, err)
	return res
}

// A merged pull request is no proof that the pin is right now.
func TestRunRepairsWhatWasMerged(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Propose)
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	repo.Merge(1, true)
	set := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(text), 0o644))
		w.Git(dir, "commit", "-qam", "as on GitHub")
		repo.Push("main", "by hand", map[string]string{"flake.nix": text})
	}
	good := repo.File("main", "flake.nix")
	set(strings.Replace(good, `"`+w.Hash("vendor", "0.32.15")+`"`, "prev.lib.fakeHash", 1))
	res := runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, 2, res.PullRequest.Number)
	require.Equal(t, good, repo.File("ollama-bump/0.32.15", "flake.nix"))
	repo.Merge(2, true)

	set(w.Expand(flakeS01))
	res = runs(t, w, o)
	require.Equal(t, bump.Skipped, res.Status)
	require.Equal(t, "pull request #2 for 0.32.15 was merged, but the files here pin 0.32.13; Options.Recreate "+
		"proposes it again", res.Reason)
	o.To = "0.32.15"
	res = runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, 3, res.PullRequest.Number)
}

// The check box in the body has the next run work everything out anew, and is empty then.
func TestRunObeysTheRebaseBox(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Propose)
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	require.Equal(t, bump.Current, runs(t, w, o).Status)
	const empty, checked = "- [ ] <!-- ollama-bump-rebase -->", "- [x] <!-- ollama-bump-rebase -->"
	body := repo.Pull(1).Body
	require.Contains(t, body, empty)
	repo.ChangePull(1, func(p *githubtest.Pull) { p.Body = strings.Replace(body, empty, checked, 1) })
	res := runs(t, w, o)
	require.Equal(t, bump.Bumped, res.Status)
	require.Equal(t, "updated", res.PullRequest.Operation)
	require.Equal(t, body, repo.Pull(1).Body)
	require.Equal(t, bump.Current, runs(t, w, o).Status)
}

// A check that is about what is left to propose knows the pull request, starts no Nix and needs no right to write. A
// plain one does not ask for it.
func TestCheckOfWhatIsUnproposed(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	repo := w.Repository(dir, "me/machines")
	propose := options(t, w, dir, bump.Propose)
	plain := options(t, w, dir, bump.Check)
	check := options(t, w, dir, bump.Check)
	check.Unproposed = true
	require.Equal(t, bump.Available, runs(t, w, check).Status, "nothing is proposed yet")
	require.Equal(t, bump.Bumped, runs(t, w, propose).Status)

	w.ForgetNixRuns()
	res := runs(t, w, check)
	require.Equal(t, bump.Current, res.Status)
	require.Equal(t, "pull request #1 proposes it already", res.Reason)
	require.Equal(t, 1, res.PullRequest.Number)
	require.Empty(t, w.NixRuns())
	w.GitHub.ResetCalls()
	require.Equal(t, bump.Available, runs(t, w, plain).Status)
	for _, call := range w.GitHub.Calls() {
		require.NotContains(t, call.Path, "me/machines")
	}

	repo.Push("main", "by hand", map[string]string{"flake.nix": w.Expand(flakeS01) + "\n"})
	require.Equal(t, bump.Available, runs(t, w, check).Status, "it is to be rebased")
	require.Equal(t, bump.Bumped, runs(t, w, propose).Status)
	repo.ChangePull(1, func(p *githubtest.Pull) { p.State = "closed" })
	require.Equal(t, bump.Skipped, runs(t, w, check).Status, "somebody closed it")
	check.Repo = "me/nothing"
	require.Equal(t, bump.Available, runs(t, w, check).Status, "it cannot be known")
	check.Repo, check.Env = "", append(w.Env(), "GITHUB_TOKEN=", "GH_TOKEN=")
	require.Equal(t, bump.Available, runs(t, w, check).Status, "it cannot be known without a token")
}

const flakeOfTwo = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }: {
    packages.x86_64-linux.a = (nixpkgs.legacyPackages.x86_64-linux.extend (import ./a.nix)).ollama;
    packages.x86_64-linux.b = (nixpkgs.legacyPackages.x86_64-linux.extend (import ./b.nix)).ollama;
  };
}
`

// overlayS01 is the overlay of flakeS01.
func overlayS01() string {
	_, text, _ := strings.Cut(flakeS01, "overlays.default = ")
	text, _, _ = strings.Cut(text, ";\n    packages")
	return text + "\n"
}

// A pull request for one attribute says nothing of another one's pin.
func TestRunKeepsAttributesApart(t *testing.T) {
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeOfTwo, "a.nix": overlayS01(), "b.nix": overlayS01()})
	repo := w.Repository(dir, "me/machines")
	o := options(t, w, dir, bump.Propose)
	o.Attr = "packages.x86_64-linux.a"
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	require.Equal(t, bump.Current, runs(t, w, o).Status)
	o.Attr = "packages.x86_64-linux.b"
	_, err := runIn(w, o)
	require.ErrorContains(t, err, "write branch ollama-bump/0.32.15: it belongs to the pull request for "+
		"Options.Attr=packages.x86_64-linux.a of the flake in the repository's root, and this run is for "+
		"Options.Attr=packages.x86_64-linux.b of the flake in the repository's root")
	var failure *bump.Error
	require.ErrorAs(t, err, &failure)
	require.Contains(t, failure.Hint, "a branch of its own with Options.Branch")
	o.Branch = "ollama-bump/b"
	require.Equal(t, bump.Bumped, runs(t, w, o).Status)
	require.Len(t, repo.Open(), 2)
	require.Equal(t, repo.File("ollama-bump/0.32.15", "a.nix"), repo.File("ollama-bump/b", "b.nix"))
}

// Whole runs lose their connection at each of their calls, which take effect all the same, and for good. Whatever the
// first run left, the next one ends with one branch, one commit and one pull request. Package github does this
// with every kind of fault.
func TestRunsThatLoseTheirConnection(t *testing.T) {
	t.Parallel()
	w := bumptest.New(t)
	dir := w.Flake(map[string]string{"flake.nix": flakeS01})
	before := readFlake(t, dir)
	propose := func(n int) (*githubtest.Repo, bump.Options) {
		name := fmt.Sprintf("me/machines-%d", n)
		w.Git(dir, "remote", "remove", "origin")
		repo := w.Repository(dir, name)
		o := options(t, w, dir, bump.Propose)
		o.Repo = name
		return repo, o
	}
	w.Git(dir, "remote", "add", "origin", "https://example.org/none")
	_, o := propose(0)
	w.GitHub.ResetCalls()
	runs(t, w, o)
	calls := len(w.GitHub.Calls())
	require.Greater(t, calls, 10)
	for n := 1; n <= calls; n++ {
		repo, o := propose(n)
		w.GitHub.Inject(githubtest.Fault{Kind: githubtest.ResetAfter, Nth: n, Times: -1})
		w.GitHub.ResetCalls()
		ctx, giveUp := context.WithCancel(t.Context())
		go func() { // it would try again for a while
			for ctx.Err() == nil && len(w.GitHub.Calls()) <= n {
				time.Sleep(5 * time.Millisecond)
			}
			giveUp()
		}()
		_, err := bump.Run(ctx, o)
		giveUp()
		require.NotZero(t, w.GitHub.ClearFaults(), "call %d", n)
		w.Saw("the error", fmt.Sprint(err))
		res := runs(t, w, o)
		require.Contains(t, []bump.Status{bump.Bumped, bump.Current}, res.Status, "call %d", n)
		require.Len(t, repo.Pulls(), 1, "call %d", n)
		require.Len(t, repo.Branches(), 2, "call %d", n)
		require.Equal(t, []string{repo.Head("main")}, repo.Commit(repo.Head("ollama-bump/0.32.15")).Parents, "call %d",
			n)
		require.Equal(t, w.Expand(strings.ReplaceAll(flakeS01, "0.32.13", "0.32.15")),
			repo.File("ollama-bump/0.32.15", "flake.nix"), "call %d", n)
		require.Equal(t, bump.Current, runs(t, w, o).Status, "call %d", n)
	}
	requireSameTree(t, before, readFlake(t, dir))
}
