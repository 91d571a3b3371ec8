package propose

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// Remote is where releases come from and proposals go to, and the rights to do so.
type Remote struct {
	Repo           string   // OWNER/NAME; "" is $GITHUB_REPOSITORY, else the git remote origin
	APIURL         string   // of the repository; "" is https://api.github.com
	UpstreamAPIURL string   // of the releases; "" is https://api.github.com
	Env            []string // holds the token
	UserAgent      string
	MaxWait        time.Duration
	Log            func(line string) // gets a line for every wait and retry
}

// Upstream returns the client that releases are read with. The token belongs to the API of the repository;
// it is sent upstream only when that is the same API.
func (r Remote) Upstream() (*github.Client, error) {
	token := ""
	if sameOrigin(r.UpstreamAPIURL, r.APIURL) {
		token = r.Token()
	}
	return r.client(r.UpstreamAPIURL, token)
}

// target returns the client of the repository that gets the pull request.
func (r Remote) target() (*github.Client, error) { return r.client(r.APIURL, r.Token()) }

func (r Remote) client(base, token string) (*github.Client, error) {
	return github.New(github.Options{
		BaseURL: base, Token: token, TokenElsewhere: token == "" && r.Token() != "", UserAgent: r.UserAgent,
		MaxWait: r.MaxWait, Log: r.Log,
	})
}

// Token returns the token of the repository's API, for it and for Nix. A file that it was read from ends in
// a line feed, as a rule.
func (r Remote) Token() string {
	return cmp.Or(strings.TrimSpace(child.Getenv(r.Env, "GITHUB_TOKEN")),
		strings.TrimSpace(child.Getenv(r.Env, "GH_TOKEN")))
}

const (
	publicAPI  = "https://api.github.com"
	publicHost = "github.com"
)

// sameOrigin reports whether two addresses of an API, "" for the public one, have the same scheme, host and
// port: a token for one of them may be sent to the other.
func sameOrigin(a, b string) bool {
	origin := func(s string) string {
		if s == "" {
			s = publicAPI
		}
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		return strings.ToLower(u.Scheme + "://" + u.Host)
	}
	return origin(a) == origin(b)
}

// UpstreamHost returns the host that releases are read from, for messages.
func (r Remote) UpstreamHost() string {
	if u, err := url.Parse(cmp.Or(r.UpstreamAPIURL, publicAPI)); err == nil {
		return u.Host
	}
	return "GitHub"
}

// WebHost returns the host of the web pages and git repositories that belong to the repository's API.
func (r Remote) WebHost() string {
	u, err := url.Parse(r.APIURL)
	if r.APIURL == "" || err != nil || u.Host == "api.github.com" {
		return publicHost
	}
	return strings.TrimPrefix(u.Hostname(), "api.")
}

// repository returns OWNER and NAME of the repository: of the options, the environment, or the git remote.
func (r Remote) repository(ctx context.Context, set *source.Set) (owner, name string, err error) {
	full, remote := cmp.Or(r.Repo, child.Getenv(r.Env, "GITHUB_REPOSITORY")), "there is no git remote origin"
	hint := "name it with Options.Repo=OWNER/NAME, and its API with Options.APIURL when it is not on github.com"
	if full == "" {
		if url := origin(ctx, set); url != "" {
			host, path := splitRemote(url)
			if full = path; !gitHost(host, r.WebHost()) {
				full, remote = "", fmt.Sprintf("the git remote origin is not on %s", r.WebHost())
				hint = otherForge
			}
		}
	}
	owner, name, ok := github.SplitRepository(full)
	if full != "" && !ok {
		remote = fmt.Sprintf("%q is not OWNER/NAME", full)
	}
	if !ok {
		return "", "", &diag.Error{
			Text: "propose: the repository is not known: no Options.Repo, no $GITHUB_REPOSITORY, and " + remote,
			Hint: hint,
		}
	}
	return owner, name, nil
}

// origin returns the URL of the git remote origin, or "".
func origin(ctx context.Context, set *source.Set) string {
	if set.Repo == nil {
		return ""
	}
	return set.Repo.Origin(ctx)
}

// otherForge is what to do where the repository is not on GitHub.
const otherForge = "pull requests need the API of GitHub: for GitHub Enterprise set Options.APIURL; for GitLab, " +
	"Forgejo and others " +
	"Options.Mode=Write changes the files, and https://github.com/nixtars/ollama-bump/blob/main/examples/gitlab.yml " +
	"commits them"

// gitHost reports whether a remote's host is that of the web pages; github.com has one more, for SSH
// through firewalls.
func gitHost(host, web string) bool {
	return strings.EqualFold(host, web) || strings.EqualFold(web, publicHost) &&
		strings.EqualFold(host, "ssh.github.com")
}

// splitRemote returns the host of a git remote, "" for a folder, and its path without .git: of
// https://host/OWNER/NAME.git or git@host:OWNER/NAME.git.
func splitRemote(remote string) (host, path string) {
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if at, rest, ok := strings.Cut(remote, ":"); ok && !strings.Contains(at, "/") {
		host, path = at[strings.LastIndex(at, "@")+1:], rest
	}
	return host, strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}
