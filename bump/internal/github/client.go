// Package github is a client of GitHub's REST API for a program that reads releases and maintains one pull
// request, from its first commit to its end. It deals with GitHub's limits and faults and knows nothing of what is
// proposed: package, branch prefix and texts are data.
//
// Every call goes through one transport (see transport.go), which sends the token to its own host only,
// waits for rate limits, retries what failed in passing and turns everything else into typed errors. Errors
// of this package may have a method Hint() string that says what to do; where that is another option, it
// is named as in the Go API (Options.Branch).
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
	defaultMaxWait        = 60 * time.Second
	defaultRequestTimeout = 30 * time.Second
	defaultURL            = "https://api.github.com"
)

// Options configure a Client. The zero value reads github.com anonymously.
type Options struct {
	// root of the REST API, "" is https://api.github.com; of a GitHub Enterprise Server /api/v3 may be left out
	BaseURL        string
	Token          string        // sent to BaseURL's host only; "" sends none
	TokenElsewhere bool          // there is a token, but for another host: hints do not ask for one
	UserAgent      string        // "" is go-github's
	MaxWait        time.Duration // the longest single wait for a limit; 0 is defaultMaxWait
	RequestTimeout time.Duration // for one attempt, answer read; 0 is defaultRequestTimeout
	Log            func(string)  // gets a line for every wait and retry; may be nil
	Transport      http.RoundTripper

	Sleep func(context.Context, time.Duration) error // waits; nil is by the clock
	Now   func() time.Time                           // nil is time.Now
}

// Client is a client of one GitHub. It may be used by several goroutines at once.
type Client struct {
	api       *gh.Client
	transport *transport
}

// New returns a client. It fails, without a request, on an address or a token that cannot be right.
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
		return nil, fmt.Errorf("read token: it contains blanks or control characters; " +
			"set $GITHUB_TOKEN to the bare token")
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

// redactURL removes what may be a password from an address that does not parse.
func redactURL(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// unwrap drops go-github's response, and the URL that net/http adds to errors: ours name the path where it helps.
func unwrap[T any](v T, _ *gh.Response, err error) (T, error) { return v, unwrapError(err) }

func unwrapError(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// SplitRepository splits OWNER/NAME; ok reports whether full has that form and both parts are safe in a path.
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

// checkName refuses an owner or repository that would change the path of a request.
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
