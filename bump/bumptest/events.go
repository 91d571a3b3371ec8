package bumptest

import (
	"maps"
	"net/http"
	"strings"
)

// What can happen in the world while a test runs.

// Publish lists a release of the table as the newest stable one, with what stands before it in the
// table and is not listed yet.
func (w *World) Publish(version string) {
	w.tb.Helper()
	w.Release(version)
	for _, release := range w.shared.upstream.releases {
		if !w.listed[release.Version] {
			made, err := w.githubRelease(release, false)
			w.fail("publish "+version, err)
			w.GitHub.AddRelease("ollama", "ollama", made)
			w.listed[release.Version] = true
		}
		if release.Version == version {
			return
		}
	}
}

// Retag moves the tag of a release to another source and returns that source's hash (SRI). What
// is downloaded from now on is the new source; its go.mod is the same.
func (w *World) Retag(version string) string {
	w.tb.Helper()
	w.Release(version)
	id, err := w.shared.upstream.commitOf("ollama/ollama", "v"+version)
	w.fail("retag "+version, err)
	t := maps.Clone(w.shared.upstream.repository("ollama/ollama").trees[id])
	t.add("RELEASE.md", "This is release "+version+", tagged again.\n")
	w.site.replace("ollama/ollama", id, t)
	hash, err := hashFolder(t)
	w.fail("retag "+version, err)
	return hash
}

// Break makes every request whose host and path end in suffix fail with an HTTP status; status 0
// mends it.
func (w *World) Break(suffix string, status int) {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	if status == 0 {
		delete(w.net.broken, suffix)
		return
	}
	w.net.broken[suffix] = status
}

// isBroken answers a request that Break named, and reports whether it did.
func (n *network) isBroken(w http.ResponseWriter, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for suffix, status := range n.broken {
		if strings.HasSuffix(name, suffix) {
			http.Error(w, "broken by the test", status)
			return true
		}
	}
	return false
}
