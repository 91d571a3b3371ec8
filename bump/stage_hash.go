package bump

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/github"
	"github.com/nixtars/ollama-bump/bump/nix"
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

// findHashes makes the candidate and finds every hash in it.
func (j *job) findHashes(ctx context.Context, ws *workspace) error {
	cand, err := newCandidate(ctx, j.tree, ws, j.sources)
	if err != nil {
		return err
	}
	runner := &nix.Runner{
		Env: append(slices.Clone(j.opts.Env), "TMPDIR="+ws.temp()), Args: j.opts.NixArgs, Token: j.token(), TokenHost: webHost(j.opts.APIURL),
		Progress: func(a nix.Activity) { j.say(Live, "hash", "%s %s", a.What, a.Text) },
	}
	pr, err := newProbe(runner, cand, j.pkg, j.opts)
	if err != nil {
		return err
	}
	gh, err := j.upstream()
	if err != nil {
		return err
	}
	j.hashes = &resolver{
		someCurrent: len(j.due) < len(j.finder.pins),
		pkg:         j.pkg, pins: j.due, rel: j.rel, cand: cand, probe: pr, opts: j.opts, gh: gh,
		log: func(kind EventKind, format string, args ...any) {
			if kind == Warning {
				j.warn("hash", format, args...)
				return
			}
			j.say(kind, "hash", format, args...)
		},
	}
	if err := j.hashes.commits(ctx); err != nil {
		return err
	}
	if err := j.assets(); err != nil {
		return err
	}
	if err := j.hashes.resolve(ctx); err != nil {
		return err
	}
	j.due = j.hashes.pins
	j.followCarriers()
	for where, text := range pr.failed {
		j.warn("hash", "%s does not evaluate and was passed over: %s", where, text)
	}
	for _, p := range j.hashes.left {
		j.warn("hash", "%s:%d:%d: no output of the flake shows this pin of %s; it is left as it is", p.file, p.line, p.column, p.version)
	}
	return j.refuseRetag()
}

// refuseRetag stops when the hash of a version that is already pinned changed: upstream moved the
// tag, or the old hash was wrong.
func (j *job) refuseRetag() error {
	for _, p := range j.due {
		if p.version != j.rel.version || p.inconsistent() || p.torn {
			continue
		}
		for _, h := range p.allHashes() {
			if h.got == nil || h.old == nil || h.role == roleVendor || h.role == roleCompanion || h.got.Equal(*h.old) {
				continue
			}
			if j.opts.AcceptRetag {
				j.warn("hash", "the %s of %s changed: %s, now %s", h.slot.field, p.version, h.old.SRI(), h.got.SRI())
				continue
			}
			return placeOfSlot(j.hashes.cand, h.slot).error(
				fmt.Sprintf("verify: the %s of %s is %s, but %s is pinned: the release was tagged again, or the pinned hash was never right",
					h.slot.field, p.version, h.got.SRI(), h.old.SRI()),
				"look at what changed upstream; take the new hash with --accept-retag")
		}
	}
	return nil
}

// standing asks the remote side, before any Nix runs, whether there is anything left to propose.
func (j *job) standing(ctx context.Context) (settled bool, err error) {
	if j.opts.Mode != Propose {
		return false, nil
	}
	p, err := j.proposal(ctx)
	if err != nil {
		return false, err
	}
	c, err := j.target()
	if err != nil {
		return false, err
	}
	st, err := c.Standing(ctx, p)
	if err != nil {
		return false, fmt.Errorf("read %s/%s: %w", p.Owner, p.Repo, err)
	}
	if st.Rights != nil {
		return false, st.Rights
	}
	out, done := st.Settled()
	if !done || j.opts.Force && st.State == github.Ours {
		return false, nil
	}
	j.outcome(out)
	return true, nil
}

// proposal is what is proposed, without its content.
func (j *job) proposal(ctx context.Context) (github.Proposal, error) {
	owner, repo, err := j.repository(ctx)
	if err != nil {
		return github.Proposal{}, err
	}
	if j.token() == "" {
		return github.Proposal{}, &Error{
			Text: "propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
			Hint: "set GITHUB_TOKEN to a token with contents: write and pull-requests: write, or use --dry-run or --no-pr",
		}
	}
	return github.Proposal{
		Owner: owner, Repo: repo, Base: j.opts.Base, Branch: j.opts.Branch, BranchPrefix: "ollama-bump/",
		Package: j.pkg.Name, OldVersion: j.result.OldVersion, Version: j.rel.version, Scope: j.tree.sub,
		Labels: j.opts.Labels, Reviewers: j.opts.Reviewers, Assignees: j.opts.Assignees,
		Draft: j.opts.Draft, AutoMerge: j.opts.AutoMerge, Recreate: j.opts.Recreate,
	}, nil
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

// hinted is an error of a package below that knows what to do.
type hinted interface{ Hint() string }

// withHint makes an *Error of any error, with what it says there is to do.
func withHint(err error) error {
	var ours *Error
	var usage *UsageError
	if err == nil || errors.As(err, &ours) || errors.As(err, &usage) {
		return err
	}
	e := &Error{Text: oneLine(err.Error()), Err: err}
	var h hinted
	if errors.As(err, &h) {
		e.Hint = h.Hint()
	}
	return e
}
