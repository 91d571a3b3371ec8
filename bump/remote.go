package bump

import (
	"context"
	"net/url"
	"strings"

	"github.com/nixtars/ollama-bump/bump/github"
)

// upstream is the client that releases are read with. The token belongs to the API of the repository;
// it is sent upstream only when that is the same host.
func (j *job) upstream() (*github.Client, error) {
	token := ""
	if sameHost(j.opts.UpstreamAPIURL, j.opts.APIURL) {
		token = j.token()
	}
	return j.client(j.opts.UpstreamAPIURL, token)
}

// target is the client of the repository that gets the pull request.
func (j *job) target() (*github.Client, error) { return j.client(j.opts.APIURL, j.token()) }

func (j *job) client(base, token string) (*github.Client, error) {
	return github.New(github.Options{
		BaseURL: base, Token: token, UserAgent: "ollama-bump/" + j.opts.Version, MaxWait: j.opts.MaxWait,
		Log: func(line string) { j.say(Step, "github", "%s", line) },
	})
}

func (j *job) token() string {
	if t := lookupEnv(j.opts.Env, "GITHUB_TOKEN"); t != "" {
		return t
	}
	return lookupEnv(j.opts.Env, "GH_TOKEN")
}

const publicAPI = "https://api.github.com"

func sameHost(a, b string) bool {
	host := func(s string) string {
		if s == "" {
			s = publicAPI
		}
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		return strings.ToLower(u.Host)
	}
	return host(a) == host(b)
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
func (j *job) repository(ctx context.Context) (owner, name string, err error) {
	full := j.opts.Repo
	if full == "" {
		full = lookupEnv(j.opts.Env, "GITHUB_REPOSITORY")
	}
	if full == "" {
		full = repositoryOf(j.tree.origin(ctx))
	}
	owner, name, ok := strings.Cut(full, "/")
	if !ok || owner == "" || name == "" || strings.ContainsAny(name, "/ ") {
		return "", "", &Error{
			Text: "propose: the repository is not known: no --repo, no $GITHUB_REPOSITORY, and the git remote origin is no GitHub repository",
			Hint: "name it with --repo OWNER/NAME",
		}
	}
	return owner, name, nil
}

// repositoryOf is the last two parts of a git remote's path: https://host/OWNER/NAME.git or
// git@host:OWNER/NAME.git.
func repositoryOf(remote string) string {
	path := remote
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		path = u.Path
	} else if _, rest, ok := strings.Cut(remote, ":"); ok {
		path = rest
	}
	parts := strings.Split(strings.Trim(strings.TrimSuffix(path, ".git"), "/"), "/")
	if len(parts) != 2 {
		return ""
	}
	return parts[0] + "/" + parts[1]
}
