package github_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/github"
)

// hinter is an error that says what to do.
type hinter interface {
	error
	Hint() string
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for _, test := range []struct {
		o   github.Options
		err string
	}{
		{github.Options{BaseURL: "ftp://x"}, `read API address: "ftp://x" is not an http(s) URL`},
		{
			github.Options{BaseURL: "https://me:secret@ghe.example"},
			"read API address: https://me:xxxxx@ghe.example holds credentials; give them in $GITHUB_TOKEN",
		},
		{github.Options{BaseURL: "https://me:secret@x\x7f"}, `read API address: "…@x\x7f" is not an http(s) URL`},
		{
			github.Options{Token: "secret\nx"},
			"read token: it contains blanks or control characters; set $GITHUB_TOKEN to the bare token",
		},
	} {
		_, err := github.New(test.o)
		require.EqualError(t, err, test.err)
		assert.NotContains(t, err.Error(), "secret")
	}
}

// respond serves these answers one after the other, the last one for ever.
func respond(t *testing.T, answers ...http.HandlerFunc) (*httptest.Server, *requestLog) {
	t.Helper()
	requests := new(requestLog)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(requests.add(r), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server, requests
}

// requestLog is what a server was asked. A handler that aborts may still run when its client has gone on.
type requestLog struct {
	mu   sync.Mutex
	list []*http.Request
}

func (l *requestLog) add(r *http.Request) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, r)
	return len(l.list)
}

func (l *requestLog) all() []*http.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

var clock = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// noSleep waits for nothing.
func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// read asks for a release over a client whose waits are recorded.
func read(t *testing.T, server *httptest.Server, change ...func(*github.Options)) (waits []time.Duration, err error) {
	t.Helper()
	o := github.Options{
		BaseURL: server.URL + "/api/v3", Token: canary, Now: func() time.Time { return clock },
		Sleep: func(ctx context.Context, d time.Duration) error {
			waits = append(waits, d)
			return ctx.Err()
		},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := github.New(o)
	require.NoError(t, err)
	_, err = c.ReleaseByTag(t.Context(), "o", "r", "v1")
	return waits, err
}

// clientOf returns a client of a server that answers everything with one body.
func clientOf(t *testing.T, body string, header ...string) (*github.Client, *requestLog) {
	t.Helper()
	server, requests := respond(t, answer(200, body, header...))
	c, err := github.New(github.Options{BaseURL: server.URL + "/api/v3", Sleep: noSleep})
	require.NoError(t, err)
	return c, requests
}

var good = answer(200, `{"tag_name":"v1"}`)

func TestLimits(t *testing.T) {
	epoch := func(d time.Duration) string { return strconv.FormatInt(clock.Add(d).Unix(), 10) }
	const secondary = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you ` +
		`try again."}`
	const primary = `{"message":"API rate limit exceeded for user ID 1."}`
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		waits   []time.Duration
		err     string
	}{
		{"primary, 403", []http.HandlerFunc{answer(403, primary, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
			epoch(20*time.Second)), good}, []time.Duration{21 * time.Second}, ""},
		{"primary, 429", []http.HandlerFunc{answer(429, primary, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
			epoch(20*time.Second)), good}, []time.Duration{21 * time.Second}, ""},
		{"Retry-After goes before the reset", []http.HandlerFunc{answer(403, primary, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", epoch(time.Hour), "Retry-After", "5"), good}, []time.Duration{5 * time.Second}, ""},
		{"Retry-After as a date", []http.HandlerFunc{answer(429, secondary, "Retry-After",
			clock.Add(7*time.Second).Format(http.TimeFormat)), good}, []time.Duration{7 * time.Second}, ""},
		{"secondary without Retry-After, far reset", []http.HandlerFunc{answer(403, secondary, "X-RateLimit-Remaining",
			"4711", "X-RateLimit-Reset", epoch(50*time.Minute)), good}, []time.Duration{time.Minute}, ""},
		{
			"secondary, 429 without anything",
			[]http.HandlerFunc{answer(429, ""), good},
			[]time.Duration{time.Minute},
			"",
		},
		{
			"secondary without end",
			[]http.HandlerFunc{answer(429, secondary)},
			[]time.Duration{time.Minute},
			"rate limit exceeded, resets at 2026-11-21 04:02:00 UTC (in 2m0s)",
		},
		{
			"Retry-After below zero",
			[]http.HandlerFunc{answer(429, secondary, "Retry-After", "-5"), good},
			[]time.Duration{0},
			"",
		},
		{
			"longer than MaxWait",
			[]http.HandlerFunc{answer(403, primary, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
				epoch(30*time.Minute))},
			nil,
			"rate limit exceeded, resets at 2026-11-21 04:30:01 UTC (in 30m1s): API rate limit exceeded for user ID 1.",
		},
		{"a reset in milliseconds", []http.HandlerFunc{answer(403, primary, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", epoch(20*time.Second)+"000"), good}, []time.Duration{time.Minute}, ""},
		{"a reset beyond all times", []http.HandlerFunc{answer(403, primary, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", "9223372036854775807")}, []time.Duration{time.Minute}, "2026-11-21 04:02:00 UTC (in " +
			"2m0s)"},
		{"Retry-After beyond all times", []http.HandlerFunc{answer(429, secondary, "Retry-After",
			"Fri, 31 Dec 9999 23:59:59 GMT")}, nil, "resets at 2319-03-03 03:47:16 UTC: You have"},
		{
			"again and again",
			[]http.HandlerFunc{answer(429, secondary, "Retry-After", "10")},
			[]time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second},
			"rate limit exceeded, resets at 2026-11-21 04:00:10 UTC (in 10s)",
		},
		{"the last request of the hour was good", []http.HandlerFunc{answer(200, `{"tag_name":"v1"}`,
			"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", epoch(time.Hour))}, nil, ""},
		{"a missing right on the last request of the hour", []http.HandlerFunc{answer(403,
			`{"message":"Resource not accessible by integration"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
			epoch(20*time.Second))}, nil, "the token lacks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, _ := respond(t, test.answers...)
			waits, err := read(t, server)
			assert.Equal(t, test.waits, waits)
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.err)
			var hint hinter
			require.ErrorAs(t, err, &hint)
			assert.NotEmpty(t, hint.Hint())
		})
	}
}

func TestTheClientNeverBlocksItself(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	spent := answer(200, `{"tag_name":"v1"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "60",
		"X-RateLimit-Reset", reset)
	const about = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	abuse := answer(403, `{"message":"no","documentation_url":"`+about+`"}`, "Retry-After", "3000")
	server, requests := respond(t, spent, good, abuse, good)
	c, err := github.New(github.Options{BaseURL: server.URL + "/api/v3"})
	require.NoError(t, err)
	for i := range 4 {
		_, err := c.ReleaseByTag(t.Context(), "o", "r", "v1")
		assert.Equal(t, i == 2, err != nil, "%v", err)
	}
	assert.Len(t, requests.all(), 4, "what comes after a limit is asked, not guessed")
}

func TestPassingFailures(t *testing.T) {
	for _, test := range []struct {
		name string
		bad  http.HandlerFunc
		err  string // when it does not pass
	}{
		{"HTML", answer(502, "<html>Unicorn!</html>"), "502 Bad Gateway"},
		{"JSON", answer(503, `{"message":"No server\nis available"}`), "503 No server is available"},
		{"empty", answer(200, ""), "empty body in a 200 response"},
		{"HTML as if all were well", answer(200, "<html>log in</html>"), "invalid JSON in a 200 response"},
		{"truncated", answer(200, `{"tag_name"`, "Content-Length", "100"), "read response: unexpected EOF"},
		{"cut JSON", answer(200, `{"tag_name":"v`), "invalid JSON in a 200 response"},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, requests := respond(t, test.bad, test.bad, good)
			waits, err := read(t, server)
			require.NoError(t, err)
			assert.Len(t, requests.all(), 3)
			require.Len(t, waits, 2)
			assert.InDelta(t, time.Second, waits[0], float64(time.Second/4))
			assert.InDelta(t, 2*time.Second, waits[1], float64(time.Second/2))

			server, requests = respond(t, test.bad)
			_, err = read(t, server)
			require.ErrorContains(t, err, "gave up after 5 attempts: "+test.err)
			assert.Len(t, requests.all(), 5)
		})
	}
}

func TestUnavailableHonoursRetryAfter(t *testing.T) {
	server, _ := respond(t, answer(503, "{}", "Retry-After", "30"), good)
	waits, err := read(t, server)
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{30 * time.Second}, waits)
	server, requests := respond(t, answer(503, "{}", "Retry-After", "3000"))
	_, err = read(t, server)
	require.ErrorContains(t, err, "gave up after 1 attempt: 503")
	assert.Len(t, requests.all(), 1)
}

func TestTimeLimitOfARequest(t *testing.T) {
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	server, _ := respond(t, slow, good)
	waits, err := read(t, server, func(o *github.Options) { o.RequestTimeout = 50 * time.Millisecond })
	require.NoError(t, err)
	assert.Len(t, waits, 1)

	ctx, cancel := context.WithCancel(t.Context())
	server, requests := respond(t, func(http.ResponseWriter, *http.Request) { cancel(); panic(http.ErrAbortHandler) })
	c, err := github.New(github.Options{BaseURL: server.URL})
	require.NoError(t, err)
	_, err = c.ReleaseByTag(ctx, "o", "r", "v1")
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, requests.all(), 1, "who gave up asks no more")
}

func TestPermanentRefusals(t *testing.T) {
	for _, test := range []struct {
		name, err, hint string
		answer          http.HandlerFunc
		token           string
	}{
		{
			"unknown token", "rejected the token (bad credentials)", "the token in $GITHUB_TOKEN has expired",
			answer(401, `{"message":"Bad credentials"}`), canary,
		},
		{
			"no token", "requires a token, but none is set", "set $GITHUB_TOKEN",
			answer(401, `{"message":"Requires authentication"}`), "",
		},
		{
			"invisible", "read release v1 of o/r: not found (404)", "a private repository needs $GITHUB_TOKEN",
			answer(404, `{"message":"Not Found"}`), "",
		},
		{
			"missing right", "the token lacks contents: read: GET /api/v3/repos/o/r/releases/tags/v1: GitHub " +
				"answered 403 Resource not accessible by personal access token", "`contents: read`",
			answer(403, `{"message":"Resource not accessible by personal access token"}`,
				"X-Accepted-GitHub-Permissions", "contents=read"), canary,
		},
		{
			"errors as a string", "GitHub answered 418 Sorry: no tea", "",
			answer(418, `{"message":"Sorry","errors":"no tea","documentation_url":"x"}`), canary,
		},
		{
			"errors as strings", "GitHub answered 418 Sorry: no: tea", "",
			answer(418, `{"message":"Sorry","errors":["no","tea"]}`), canary,
		},
		{
			"errors as objects", "GitHub answered 418 Sorry: Pot lid missing", "",
			answer(418, `{"message":"Sorry","errors":[{"resource":"Pot","field":"lid","code":"missing"}]}`), canary,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, requests := respond(t, test.answer)
			waits, err := read(t, server, func(o *github.Options) { o.Token = test.token })
			require.ErrorContains(t, err, test.err)
			assert.Empty(t, waits)
			assert.Len(t, requests.all(), 1)
			var hint hinter
			if errors.As(err, &hint) {
				assert.Contains(t, hint.Hint(), test.hint)
			} else {
				assert.Empty(t, test.hint)
			}
		})
	}
}

func TestNoTokenMeansNoHeader(t *testing.T) {
	server, requests := respond(t, good)
	_, err := read(t, server, func(o *github.Options) { o.Token = " " })
	require.NoError(t, err)
	assert.NotContains(t, requests.all()[0].Header, "Authorization")
}

func TestTokenGoesToNoOtherHost(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		other, stolen := respond(t, good)
		server, _ := respond(t, answer(status, "{}", "Location", other.URL+"/x"))
		_, err := read(t, server)
		require.NoError(t, err)
		require.Len(t, stolen.all(), 1, "reading follows")
		assert.NotContains(t, stolen.all()[0].Header, "Authorization")
	}
}

func TestWritesFollowTheirHostOnly(t *testing.T) {
	other, stolen := respond(t, answer(200, "{}"))
	for _, test := range []struct {
		status int
		to     string
		err    string
	}{
		{307, other.URL, `redirects a POST to "` + other.URL + `/repositories/1001/git/blobs", which is not followed`},
		{301, "", "redirects a POST to"},
		{302, "", "redirects a POST to"},
	} {
		server, repo := flake(t)
		header := http.Header{"Location": {test.to + "/repositories/1001/git/blobs"}}
		server.Inject(githubtest.Fault{
			Kind: githubtest.Custom, Method: http.MethodPost, Status: test.status, Header: header,
			Body: "{}",
		})
		c, _ := client(t, server)
		_, err := c.Propose(t.Context(), proposal("0.32.15"))
		var refused *github.RedirectRefused
		require.ErrorAs(t, err, &refused)
		require.ErrorContains(t, err, test.err)
		assert.Equal(t, []string{"main"}, keys(repo.Branches()))
	}
	assert.Empty(t, stolen.all())
}

func TestRedirectsInACircle(t *testing.T) {
	server, requests := respond(t, answer(301, "{}", "Location", "/x"))
	_, err := read(t, server)
	require.ErrorContains(t, err, "more than 5 redirects in a row")
	assert.Len(t, requests.all(), 5)
}

func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(good)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	waits, err := read(t, server)
	require.ErrorContains(t, err, "certificate")
	assert.Empty(t, waits)
	var hint hinter
	require.ErrorAs(t, err, &hint)
	assert.Contains(t, hint.Hint(), "$SSL_CERT_FILE")
}

func TestUnreachableHost(t *testing.T) {
	server, _ := respond(t, good)
	server.Close()
	waits, err := read(t, server)
	require.ErrorContains(t, err, "gave up after 2 attempts: dial tcp")
	assert.Len(t, waits, 1)
}

func TestProgressIsToldOfWaits(t *testing.T) {
	server, _ := respond(t, answer(502, "<html>"), answer(429, "{}", "Retry-After", "9"), good)
	var lines []string
	_, err := read(t, server, func(o *github.Options) { o.Log = func(line string) { lines = append(lines, line) } })
	require.NoError(t, err)
	require.Len(t, lines, 2)
	assert.Regexp(t, `^GET /api/v3/repos/o/r/releases/tags/v1: 502 Bad Gateway; next try in [0-9.]+m?s$`, lines[0])
	assert.Equal(t, strings.TrimPrefix(server.URL, "http://")+": secondary rate limit; next try in 9s", lines[1])
}

func TestWhatAnOrganisationRefusesIsNoMissingPermission(t *testing.T) {
	const permission = "the token lacks "
	for _, test := range []struct{ message, err, hint string }{
		{"Resource protected by organization SAML enforcement. You must grant your Personal Access token access to " +
			"this organization.", "the organisation's policy blocks the token: ", "Configure SSO"},
		{
			"Although you appear to have the correct authorization credentials, the `org` organization has an IP " +
				"allow list enabled, and your IP address is not permitted to access this resource.",
			"the organisation's policy blocks the token: ", "IP allow list",
		},
		{"Forbidden", permission + "contents: read: ", "`contents: read`"},
	} {
		server, _ := respond(t, answer(403, `{"message":"`+test.message+`"}`))
		_, err := read(t, server)
		require.ErrorContains(t, err, test.err)
		require.ErrorContains(t, err, "403 "+test.message, "GitHub's own words")
		var hint hinter
		require.ErrorAs(t, err, &hint)
		assert.Contains(t, hint.Hint(), test.hint)
		assert.NotContains(t, err.Error(), "pull-requests: write")
	}
}

func TestALimitThatATokenElsewhereDoesNotHelp(t *testing.T) {
	spent := answer(403, `{"message":"API rate limit exceeded for 1.2.3.4."}`, "X-RateLimit-Remaining", "0",
		"X-RateLimit-Reset", strconv.FormatInt(clock.Add(time.Hour).Unix(), 10))
	for elsewhere, want := range map[bool]string{
		true:  "is for another host and is not sent to ",
		false: "set $GITHUB_TOKEN: ",
	} {
		server, _ := respond(t, spent)
		_, err := read(t, server, func(o *github.Options) { o.Token, o.TokenElsewhere = "", elsewhere })
		var limit *github.RateLimited
		require.ErrorAs(t, err, &limit)
		assert.Contains(t, limit.Hint(), want)
	}
}

func TestACertificateThatNobodyVouchesFor(t *testing.T) {
	server := httptest.NewTLSServer(good)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	waits, err := read(t, server)
	var hint hinter
	require.ErrorAs(t, err, &hint)
	assert.Contains(t, hint.Hint(), "$SSL_CERT_FILE")
	assert.Empty(t, waits, "it does not pass")
}
