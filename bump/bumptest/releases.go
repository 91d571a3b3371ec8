package bumptest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// history are the releases between the table's first rows, by series and number: listed, as more
// than a page of them are, but without a source.
var history = []struct {
	series string
	count  int
}{
	{"0.1", 20}, {"0.2", 9}, {"0.3", 15}, {"0.4", 8}, {"0.5", 14}, {"0.6", 9}, {"0.7", 2}, {"0.9", 7}, {
		"0.10",
		2,
	}, {"0.11", 12}, {"0.12", 12}, {"0.13", 6},
}

// fillReleases gives the stand-in GitHub ollama's releases, the oldest first, up to w.newest and
// the prereleases right above it; among them what must not be taken for a release.
func (w *World) fillReleases() error {
	if _, ok := w.shared.upstream.release(w.newest); !ok {
		return fmt.Errorf("list releases up to %s: testdata/upstream/releases.json has none of that version", w.newest)
	}
	// tags of llama.cpp are asked for where a flake pins it by commit
	for _, repo := range []struct{ owner, name string }{{"ollama", "ollama"}, {"ggml-org", "llama.cpp"}} {
		dir, err := w.site.folder(w.shared.upstream.repository(repo.owner + "/" + repo.name))
		if err != nil {
			return err
		}
		if _, err := w.GitHub.AddRepoFromGit(repo.owner, repo.name, dir); err != nil {
			return err
		}
	}
	add := func(release githubtest.Release) { w.GitHub.AddRelease("ollama", "ollama", release) }
	for _, odd := range []string{"nightly", "v0.99", "0.98.0", "v01.0.0"} {
		add(githubtest.Release{Tag: odd, Name: odd, Body: "Not a release.", PublishedAt: epoch.AddDate(-3, 0, 0)})
	}
	day := time.Date(2023, 9, 1, 12, 0, 0, 0, time.UTC)
	for _, series := range history {
		for n := range series.count {
			version := fmt.Sprintf("%s.%d", series.series, n)
			day = day.AddDate(0, 0, 5)
			if _, ok := w.shared.upstream.release(version); ok {
				continue
			}
			add(githubtest.Release{
				Tag: "v" + version + "-rc0", Name: "v" + version + "-rc0", Prerelease: true,
				PublishedAt: day.AddDate(0, 0, -1),
			})
			add(githubtest.Release{Tag: "v" + version, Name: "v" + version, Body: notes(version), PublishedAt: day})
		}
	}
	past := false
	for _, release := range w.shared.upstream.releases {
		if past && !release.Prerelease {
			break
		}
		made, err := w.githubRelease(release, past)
		if err != nil {
			return err
		}
		add(made)
		w.listed[release.Version] = true
		past = past || release.Version == w.newest
	}
	add(githubtest.Release{Tag: "v0.99.0", Name: "v0.99.0", Draft: true, Body: "Not yet."})
	return nil
}

// githubRelease is a row of the table as the API lists it. ollama turns one release object from rc
// to final, so a finished release is a prerelease only while nothing newer is stable.
func (w *World) githubRelease(release Release, aboveNewest bool) (githubtest.Release, error) {
	u := w.shared.upstream
	published, err := time.Parse(time.DateOnly, release.Published)
	if err != nil {
		return githubtest.Release{}, fmt.Errorf("read release %s: %w", release.Version, err)
	}
	commit, err := u.commitOf("ollama/ollama", "v"+release.Version)
	if err != nil {
		return githubtest.Release{}, err
	}
	made := githubtest.Release{
		Tag: "v" + release.Version, Name: "v" + release.Version, Body: notes(release.Version), Commit: commit,
		PublishedAt: published,
		Prerelease:  release.Prerelease && (aboveNewest || strings.Contains(release.Version, "-rc")),
	}
	for _, name := range u.assetNames(release.Version) {
		data := u.assets[release.Version+"/"+name]
		asset := githubtest.Asset{Name: name, Size: int64(len(data))}
		// GitHub computes digests since June 2025 only
		if release.Published >= "2025-06-01" {
			asset.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256(data))
		}
		made.Assets = append(made.Assets, asset)
	}
	return made, nil
}

func notes(version string) string {
	return fmt.Sprintf(`## What's Changed
* Fixed a crash when a model is unloaded, by @contributor in https://github.com/ollama/ollama/pull/%d
* `+"`ollama run`"+` starts faster (#%d)

**Full Changelog**: https://github.com/ollama/ollama/compare/v0.0.0...v%s
`, 1000+len(version), 2000+len(version), version)
}

// forward hands requests to the stand-in GitHub.
func (w *World) forward() (http.Handler, error) {
	target, err := url.Parse(w.GitHub.URL)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}, nil
}

// Repository makes the repository owner/name on the stand-in GitHub, with what git tracks in dir on
// its default branch main, and makes it dir's remote origin.
func (w *World) Repository(dir, repo string) *githubtest.Repo {
	w.tb.Helper()
	owner, name, ok := strings.Cut(repo, "/")
	if !ok {
		w.tb.Fatalf("make repository %q: want OWNER/NAME", repo)
	}
	r := w.GitHub.AddRepo(owner, name, nil)
	var entries []githubtest.Entry
	for _, line := range strings.Split(strings.TrimSuffix(w.git(dir, "ls-files", "-s", "-z"), "\x00"), "\x00") {
		about, path, _ := strings.Cut(line, "\t")
		mode, _, _ := strings.Cut(about, " ")
		data, err := readEntry(filepath.Join(dir, path), mode)
		w.fail("make repository "+repo, err)
		entries = append(entries, githubtest.Entry{Path: path, Mode: mode, Data: data})
	}
	r.PushEntries("main", "pin ollama", entries)
	w.git(dir, "remote", "add", "origin", w.GitHub.URL+"/"+repo+".git")
	return r
}

func readEntry(at, mode string) (string, error) {
	if mode == "120000" {
		return os.Readlink(at)
	}
	data, err := os.ReadFile(at)
	return string(data), err
}
