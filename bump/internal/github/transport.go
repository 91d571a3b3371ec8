package github

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	maxTries         = 5        // of one request that fails in passing
	unreachableTries = 2        // of a host that is not there: mostly a wrong address, or no network
	maxLimits        = 3        // waits for limits that one request may meet
	maxHops          = 5        // redirects of one attempt
	maxAnswer        = 64 << 20 // bytes; a page of 100 releases with the longest notes has 13 MB
	firstPause       = time.Second
	limitPause       = time.Minute    // GitHub's advice for a secondary limit that names no time
	maxReset         = 24 * time.Hour // until a limit is lifted: GitHub's are hourly, and later times wrong
	enterpriseV      = "/api/v3"
)

// transport stands between go-github and the network and makes up for what v66 lacks: it handles 429,
// sends no empty token, gives the token to no other host, keeps go-github from blocking itself (by
// hiding the limits' headers from it), takes an empty, broken or HTML answer for the failure it is,
// reads messages in every shape, and bounds each request in time. Only good answers pass; everything
// else comes out as an error of errors.go.
type transport struct {
	base    *url.URL
	token   string
	other   bool // Options.TokenElsewhere
	inner   http.RoundTripper
	maxWait time.Duration
	timeout time.Duration
	log     func(string)
	sleep   func(context.Context, time.Duration) error
	now     func() time.Time

	mu     sync.Mutex
	probe  bool   // the address has no path: GitHub Enterprise is still possible
	prefix string // enterpriseV once that is found
}

func newTransport(base *url.URL, o Options) *transport {
	t := &transport{
		base: base, token: o.Token, other: o.TokenElsewhere, inner: o.Transport, maxWait: o.MaxWait,
		timeout: o.RequestTimeout, log: o.Log, sleep: o.Sleep, now: o.Now,
		probe: base.Path == "" && !strings.HasPrefix(base.Host, "api."),
	}
	if t.inner == nil {
		t.inner = http.DefaultTransport // knows the proxies' variables
	}
	if t.maxWait == 0 {
		t.maxWait = defaultMaxWait
	}
	if t.timeout == 0 {
		t.timeout = defaultRequestTimeout
	}
	if t.log == nil {
		t.log = func(string) {}
	}
	if t.sleep == nil {
		t.sleep = sleep
	}
	if t.now == nil {
		t.now = time.Now
	}
	return t
}

// answer is a response that has been read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

type attemptsKey struct{}

// once keeps a request from being repeated when it may have taken effect: a comment would stand twice.
func once(ctx context.Context) context.Context { return context.WithValue(ctx, attemptsKey{}, 1) }

// RoundTrip sends a request as often as it takes.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	tries, limits := maxTries, 0
	if n, ok := ctx.Value(attemptsKey{}).(int); ok {
		tries = n
	}
	for try := 1; ; try++ {
		got, err := t.attempt(req, body)
		if err == nil {
			return got.response(req), nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var limit *RateLimited
		var passing *transient
		switch {
		case errors.As(err, &limit):
			if limit.guessed {
				limit.lasts(limit.wait<<limits, t.now()) // GitHub wants it to double
			}
			if limits++; limits > maxLimits || limit.wait > t.maxWait {
				return nil, limit
			}
			try-- // a refusal has no effect
			err = t.pause(ctx, limit.wait, limit.short())
		case !errors.As(err, &passing):
			return nil, err
		case try >= tries || passing.most > 0 && try >= passing.most || passing.wait > t.maxWait:
			return nil, passing.unavailable(t.base.Host, try)
		default:
			err = t.pause(ctx, max(passing.wait, backoff(try)), fmt.Sprintf("%s %s: %s", req.Method, req.URL.Path,
				passing.reason))
		}
		if err != nil {
			return nil, err
		}
	}
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("read a request's body: %w", err)
	}
	return body, nil
}

// backoff doubles from one second on, a quarter more or less so that two runs do not stay in step.
func backoff(try int) time.Duration {
	d := firstPause << (try - 1)
	return d*3/4 + rand.N(d/2)
}

func (t *transport) pause(ctx context.Context, d time.Duration, why string) error {
	t.log(fmt.Sprintf("%s; next try in %s", why, d.Round(time.Second/10)))
	return t.sleep(ctx, d)
}

// attempt sends a request once, and on the first contact finds out where the API lives.
func (t *transport) attempt(req *http.Request, body []byte) (*answer, error) {
	t.mu.Lock()
	prefix, probe := t.prefix, t.probe
	t.mu.Unlock()
	got, err := t.send(req, body, prefix)
	if !probe {
		return got, err
	}
	var missing *NotFound
	var passing *transient
	unlike := req.Method == http.MethodGet && (errors.As(err, &missing) || errors.As(err, &passing) && passing.notAPI)
	if err != nil && !unlike {
		return got, err
	}
	if err != nil {
		again, errAgain := t.send(req, body, enterpriseV)
		if errAgain != nil {
			return nil, err
		}
		got, prefix = again, enterpriseV
	}
	t.mu.Lock()
	t.prefix, t.probe = prefix, false
	t.mu.Unlock()
	return got, nil
}

// send sends a request and sorts the answer.
func (t *transport) send(req *http.Request, body []byte, prefix string) (*answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	got, err := t.follow(ctx, req, body, prefix)
	if err != nil {
		return nil, t.network(err)
	}
	return got, t.check(req, got)
}

// network sorts a failure below HTTP.
func (t *transport) network(err error) error {
	var redirect *RedirectRefused
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &redirect):
		return redirect
	case errors.As(err, &certificate):
		return &Unavailable{Host: t.base.Host, Tries: 1, Reason: err.Error(), certificate: true}
	case errors.As(err, &name) && name.IsNotFound, errors.Is(err, syscall.ECONNREFUSED):
		return &transient{reason: err.Error(), most: unreachableTries}
	case errors.Is(err, context.DeadlineExceeded):
		return &transient{reason: "no answer within " + t.timeout.String()}
	}
	return &transient{reason: err.Error()}
}

// follow sends a request and goes where redirects lead: on its own host with token and body, to another
// one only to read, and without the token.
func (t *transport) follow(ctx context.Context, req *http.Request, body []byte, prefix string) (*answer, error) {
	target := *req.URL
	if prefix != "" && !strings.HasPrefix(target.Path, "/api/") {
		target.Path, target.RawPath = prefix+target.Path, ""
		if req.URL.RawPath != "" {
			target.RawPath = prefix + req.URL.RawPath
		}
	}
	for range maxHops {
		got, err := t.exchange(ctx, req, &target, body)
		if err != nil || got.status < 300 || got.status >= 400 || got.status == http.StatusNotModified {
			return got, err
		}
		next, err := target.Parse(got.header.Get("Location"))
		keeps := req.Method == http.MethodGet || got.status == http.StatusTemporaryRedirect ||
			got.status == http.StatusPermanentRedirect
		if err != nil || got.header.Get("Location") == "" || !keeps || req.Method != http.MethodGet && !t.own(next) {
			return nil, &RedirectRefused{
				Method: req.Method, From: target.Host,
				To: redactURL(got.header.Get("Location")),
			}
		}
		target = *next
	}
	return nil, &RedirectRefused{Method: req.Method, From: t.base.Host, To: target.Host, loop: true}
}

// graphQL is the address of the GraphQL API, which on GitHub Enterprise is not below that of the REST API.
func (t *transport) graphQL() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := *t.base
	if path, ok := strings.CutSuffix(u.Path+t.prefix, enterpriseV); ok {
		u.Path = path + "/api/graphql"
	} else {
		u.Path += "/graphql"
	}
	return u.String()
}

// own reports whether an address is on the token's host.
func (t *transport) own(u *url.URL) bool {
	upgraded := t.base.Scheme == "http" && u.Scheme == "https" && u.Host == t.base.Hostname() && t.base.Port() == ""
	return u.Host == t.base.Host && u.Scheme == t.base.Scheme || upgraded
}

// exchange sends one HTTP request and reads its answer.
func (t *transport) exchange(ctx context.Context, req *http.Request, target *url.URL, body []byte) (*answer, error) {
	out := req.Clone(ctx)
	out.URL, out.Host = target, ""
	out.Header.Del("Authorization")
	if t.token != "" && t.own(target) {
		out.Header.Set("Authorization", "Bearer "+t.token)
	}
	out.Body, out.GetBody, out.ContentLength = nil, nil, 0
	if body != nil {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	resp, err := t.inner.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("read response: more than %d MB", maxAnswer>>20)
	}
	return &answer{resp.StatusCode, resp.Header, data}, nil
}

// check returns nil for a good answer.
func (t *transport) check(req *http.Request, got *answer) error {
	switch {
	case got.status == http.StatusNoContent:
		return nil
	case got.status >= 200 && got.status < 300:
		if len(bytes.TrimSpace(got.body)) == 0 {
			return &transient{reason: fmt.Sprintf("empty body in a %d response", got.status)}
		}
		if req.Header.Get("Accept") == rawMedia {
			return checkRaw(got)
		}
		if !json.Valid(got.body) {
			return &transient{reason: fmt.Sprintf("invalid JSON in a %d response", got.status), notAPI: true}
		}
		return nil
	}
	problem := readProblem(req, got)
	if limit := t.limit(problem, got); limit != nil {
		return limit
	}
	if got.status == http.StatusUnprocessableEntity && !json.Valid(got.body) {
		return &transient{reason: "422 without a reason"} // it may even mean that all is done
	}
	if got.status >= 500 || got.status == http.StatusRequestTimeout {
		wait, _ := t.retryAfter(got.header)
		return &transient{reason: problem.short(), wait: wait}
	}
	return refusal(problem, t.token != "", t.base.Host)
}

// limit recognises a rate limit, and how long it lasts.
func (t *transport) limit(p *APIError, got *answer) *RateLimited {
	text := strings.ToLower(p.Message + " " + p.DocumentationURL)
	spent := got.header.Get("X-RateLimit-Remaining") == "0"
	wait, named := t.retryAfter(got.header)
	said := strings.Contains(text, "rate limit") || strings.Contains(text, "rate-limit") ||
		strings.Contains(text, "abuse detection")
	switch {
	case p.Status == http.StatusTooManyRequests:
	case p.Status == http.StatusForbidden && (said || named || spent && p.Message == ""):
	default:
		return nil
	}
	limit := &RateLimited{
		Host: t.base.Host, Message: p.Message, Anonymous: t.token == "", Elsewhere: t.other,
		Secondary: !spent,
	}
	reset, err := strconv.ParseInt(got.header.Get("X-RateLimit-Reset"), 10, 64)
	switch {
	case named:
		limit.wait = wait
	case spent && err == nil && reset < t.now().Add(maxReset).Unix():
		limit.wait = max(time.Unix(reset, 0).Sub(t.now()), 0) + time.Second // the header has whole seconds
	default:
		limit.wait, limit.guessed = limitPause, true
	}
	limit.lasts(limit.wait, t.now())
	return limit
}

// retryAfter reads the header, in seconds or as a date.
func (t *transport) retryAfter(h http.Header) (wait time.Duration, ok bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0), true
	}
	if when, err := http.ParseTime(value); err == nil {
		return max(when.Sub(t.now()), 0), true
	}
	return 0, false
}

// response is what go-github gets to see.
func (a *answer) response(req *http.Request) *http.Response {
	header := a.header.Clone()
	for key := range header {
		if strings.HasPrefix(key, "X-Ratelimit-") {
			header.Del(key)
		}
	}
	return &http.Response{
		Status: strconv.Itoa(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header,
		Body:   io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}
}
