// Package github speaks to GitHub's REST API: it reads releases and looks after one pull request, from
// the first commit to its end. It knows GitHub's limits and faults and nothing of what is proposed:
// package, branch prefix and texts come in as data.
//
// Every call goes through one transport (see transport.go) that gives the token to its own host only,
// waits for limits, repeats what failed in passing and turns everything else into errors that are told
// apart by their type. Errors of this package may have a method Hint() string: what to do.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	gh "github.com/google/go-github/v66/github"
)

// The bounds of a Client whose Options name none.
const (
	DefaultMaxWait        = 60 * time.Second
	DefaultRequestTimeout = 30 * time.Second
	defaultURL            = "https://api.github.com"
)

// Options says which GitHub a Client speaks to, and how. The zero value reads github.com anonymously.
type Options struct {
	BaseURL        string        // root of the REST API, "" is https://api.github.com; of a GitHub Enterprise Server /api/v3 may be left out
	Token          string        // sent to BaseURL's host only; "" sends none
	TokenElsewhere bool          // there is a token, but for another host: nobody need be told to set one
	UserAgent      string        // "" is go-github's
	MaxWait        time.Duration // the longest single wait for a limit; 0 is DefaultMaxWait
	RequestTimeout time.Duration // for one attempt, answer read; 0 is DefaultRequestTimeout
	Log            func(string)  // is told of every wait and repetition, one line each; may be nil
	Transport      http.RoundTripper

	Sleep func(context.Context, time.Duration) error // waits; nil is by the clock
	Now   func() time.Time                           // nil is time.Now
}

// Client speaks to one GitHub. It may be used by several goroutines at once.
type Client struct {
	api       *gh.Client
	transport *transport
}

// New makes a client. It fails on an address or a token that cannot be right, without a request.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = defaultURL
	}
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("read API address: %q is not an http(s) URL", redactURL(o.BaseURL))
	case base.User != nil:
		return nil, fmt.Errorf("read API address: %s holds credentials; give them in $GITHUB_TOKEN", base.Redacted())
	}
	o.Token = strings.TrimSpace(o.Token)
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("read token: it contains blanks or control characters; set $GITHUB_TOKEN to the bare token")
	}
	t := newTransport(base, o)
	api := gh.NewClient(&http.Client{Transport: t})
	if api.BaseURL, err = url.Parse(base.String() + "/"); err != nil {
		return nil, fmt.Errorf("read API address: %w", err)
	}
	if o.UserAgent != "" {
		api.UserAgent = o.UserAgent
	}
	return &Client{api: api, transport: t}, nil
}

// redactURL keeps what may be a password out of a message about an address that does not parse.
func redactURL(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// bare takes the address off the errors that net/http puts it on: ours name the path where it helps.
func unwrap[T any](v T, _ *gh.Response, err error) (T, error) { return v, unwrapError(err) }

func unwrapError(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// SplitRepository takes OWNER/NAME apart; ok says that it is that, and leaves its place in no path.
// Names of enterprise-managed users have an underscore.
func SplitRepository(full string) (owner, name string, ok bool) {
	owner, name, _ = strings.Cut(full, "/")
	for _, part := range []string{owner, name} {
		if !nameSyntax.MatchString(part) || part == "." || part == ".." {
			return "", "", false
		}
	}
	return owner, name, true
}

// checkName refuses an owner or repository that would leave its place in a path.
func checkName(owner, repo string) error {
	if _, _, ok := SplitRepository(owner + "/" + repo); !ok {
		return fmt.Errorf("name repository: %q is not OWNER/NAME", owner+"/"+repo)
	}
	return nil
}

// sleep waits by the clock, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
