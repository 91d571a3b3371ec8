package pin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// An address is what the URL of a flake input names.
type address struct {
	host        string // of the repository
	owner, repo string
	ref, rev    string
	folder      bool // it is a path on this machine, whose content changes by itself
}

const githubHost = "github.com"

// hosts are those of the short forms of a flake's URL: github:OWNER/NAME/REF.
var hosts = map[string]string{"github": githubHost, "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}

// transports are those of git that Nix knows: git+https: and the like.
var transports = []string{"https", "http", "ssh", "file", "git"}

// addressOf reads the URL of a flake input, in any form that Nix knows; the zero value is none of them.
func addressOf(text string) address {
	scheme, rest, _ := strings.Cut(text, ":")
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return address{}
	}
	a := address{ref: values.Get("ref"), rev: values.Get("rev")}
	if values.Get("host") != "" {
		a.host = values.Get("host")
	}
	kind, transport, isGit := strings.Cut(scheme, "+")
	switch {
	case hosts[scheme] != "":
		a.short(hosts[scheme], rest)
	case scheme == "path":
		a.folder, a.repo = true, lastOf(strings.Split(strings.TrimRight(rest, "/"), "/"))
	case !isGit && (scheme == "https" || scheme == "http"), isGit && kind == "tarball":
		a.remote(rest)
	case isGit && kind == "git" && slices.Contains(transports, transport), scheme == "git":
		a.remote(rest)
	}
	return a
}

// short reads what stands behind github: and the like: OWNER/NAME, and perhaps a ref or a commit.
func (a *address) short(host, rest string) {
	part := strings.SplitN(rest, "/", 3)
	if len(part) < 2 {
		return
	}
	if a.host == "" {
		a.host = host
	}
	a.owner, a.repo = part[0], part[1]
	if len(part) == 3 {
		a.ref = part[2]
	}
	if version.IsObjectID(a.ref) {
		a.ref, a.rev = "", a.ref
	}
}

// below are the names that stand behind a repository's in the URLs of its archives.
var below = []string{"archive", "-", "tarball", "releases", "tar.gz", "zip", "get", "snapshot"}

// remote reads //HOST/OWNER/NAME.git, or the URL of an archive of the repository.
func (a *address) remote(rest string) {
	host, path, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	host, _, _ = strings.Cut(host, ":")
	part := strings.Split(strings.Trim(path, "/"), "/")
	if i := slices.IndexFunc(part, func(s string) bool { return slices.Contains(below, s) }); i > 0 {
		part = part[:i]
	}
	a.host = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(host), "www."), "codeload.")
	if a.host == githubHost {
		part = part[:min(2, len(part))]
	}
	a.repo = strings.TrimSuffix(lastOf(part), ".git")
	if len(part) > 1 {
		a.owner = part[len(part)-2]
	}
}

func lastOf(list []string) string { return list[len(list)-1] }
