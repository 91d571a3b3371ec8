package nix

import (
	"encoding/json"
	"regexp"
	"strings"
)

// The addresses that nixpkgs' fetchers of repositories make, and what fetchgit is given.
var (
	archiveURL = regexp.MustCompile(`^https?://[^/]+/[^/]+/([A-Za-z0-9._-]{1,100})/(?:-/)?archive/` +
		`(?:refs/tags/|refs/heads/)?([A-Za-z0-9._+-]{1,100}?)(?:\.tar\.gz|\.tar\.bz2|\.zip|/.*)$`)
	gitURL = regexp.MustCompile(`^[a-z+]+://[^/]+/(?:.*/)?([A-Za-z0-9._-]{1,100}?)(?:\.git)?/?$`)
	gitRef = regexp.MustCompile(`^(?:refs/tags/|refs/heads/)?([A-Za-z0-9._+/-]{1,100})$`)
	object = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// origin returns the repository that a fetched source is of, and the tag, branch or commit; "" where the derivation
// does not say so in the way of nixpkgs' fetchers.
func (d *Derivation) origin() (repo, ref string) {
	if _, _, fixed := d.FixedOutput(); !fixed {
		return "", ""
	}
	env := d.fetch()
	for _, url := range append(env.URLs, env.URL) {
		if parts := archiveURL.FindStringSubmatch(url); parts != nil {
			return parts[1], short(parts[2])
		}
	}
	url, rev := gitURL.FindStringSubmatch(env.URL), gitRef.FindStringSubmatch(env.Rev)
	if url == nil || rev == nil {
		return "", ""
	}
	return url[1], short(rev[1])
}

// fetch is what a fetcher is told.
type fetch struct {
	URL  string   `json:"url"`
	URLs []string `json:"urls"`
	Rev  string   `json:"rev"`
}

// fetch reads it from the environment, or from structured attributes.
func (d *Derivation) fetch() fetch {
	var f fetch
	if structured, ok := d.Env["__json"]; ok {
		if json.Unmarshal([]byte(structured), &f) != nil {
			return fetch{}
		}
		return f
	}
	return fetch{URL: d.Env["url"], URLs: strings.Fields(d.Env["urls"]), Rev: d.Env["rev"]}
}

// short returns a commit as people write it, and other refs as they are.
func short(ref string) string {
	if object.MatchString(ref) {
		return ref[:12]
	}
	return ref
}
