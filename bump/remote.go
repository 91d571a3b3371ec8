package bump

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// upstream is the client that releases are read with. The token belongs to the API of the repository;
// it is sent upstream only when that is the same API.
func (r *run) upstream() (*github.Client, error) {
	token := ""
	if sameOrigin(r.opts.UpstreamAPIURL, r.opts.APIURL) {
		token = r.token()
	}
	return r.client(r.opts.UpstreamAPIURL, token)
}

// target is the client of the repository that gets the pull request.
func (r *run) target() (*github.Client, error) { return r.client(r.opts.APIURL, r.token()) }

func (r *run) client(base, token string) (*github.Client, error) {
	return github.New(github.Options{
		BaseURL: base, Token: token, TokenElsewhere: token == "" && r.token() != "", UserAgent: "ollama-bump/" +
			r.opts.Version, MaxWait: r.opts.MaxWait,
		Log: func(line string) { r.say(Step, "github", "%s", line) },
	})
}

// token is the token of the repository's API, for it and for Nix. A file that it was read from ends in
// a line feed, as a rule.
func (r *run) token() string {
	return cmp.Or(strings.TrimSpace(child.Getenv(r.opts.Env, "GITHUB_TOKEN")),
		strings.TrimSpace(child.Getenv(r.opts.Env, "GH_TOKEN")))
}

const publicAPI = "https://api.github.com"

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

// apiHost returns the host of an API, for messages.
func apiHost(api string) string {
	if u, err := url.Parse(cmp.Or(api, publicAPI)); err == nil {
		return u.Host
	}
	return "GitHub"
}

// webHost is the host of the API's web pages and git repositories.
func webHost(api string) string {
	u, err := url.Parse(api)
	if api == "" || err != nil || u.Host == "api.github.com" {
		return "github.com"
	}
	return strings.TrimPrefix(u.Hostname(), "api.")
}

// repository is OWNER and NAME of the repository: of the options, the environment, or the git remote.
func (r *run) repository(ctx context.Context, set *source.Set) (owner, name string, err error) {
	full, remote := cmp.Or(r.opts.Repo, child.Getenv(r.opts.Env, "GITHUB_REPOSITORY")), "there is no git remote origin"
	hint := "name it with Options.Repo=OWNER/NAME, and its API with Options.APIURL when it is not on github.com"
	if full == "" {
		if url := origin(ctx, set); url != "" {
			host, path := splitRemote(url)
			if full = path; !gitHost(host, webHost(r.opts.APIURL)) {
				full, remote = "", fmt.Sprintf("the git remote origin is not on %s", webHost(r.opts.APIURL))
				hint = otherForge
			}
		}
	}
	owner, name, ok := github.SplitRepository(full)
	if full != "" && !ok {
		remote = fmt.Sprintf("%q is not OWNER/NAME", full)
	}
	if !ok {
		return "", "", &Error{
			Text: "propose: the repository is not known: no Options.Repo, no $GITHUB_REPOSITORY, and " + remote,
			Hint: hint,
		}
	}
	return owner, name, nil
}

// origin is the URL of the git remote origin, or "".
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
	return strings.EqualFold(host, web) || strings.EqualFold(web, "github.com") &&
		strings.EqualFold(host, "ssh.github.com")
}

// splitRemote is the host of a git remote, "" for a folder, and its path without .git: of
// https://host/OWNER/NAME.git or git@host:OWNER/NAME.git.
func splitRemote(remote string) (host, path string) {
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if at, rest, ok := strings.Cut(remote, ":"); ok && !strings.Contains(at, "/") {
		host, path = at[strings.LastIndex(at, "@")+1:], rest
	}
	return host, strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}
