// Package githubtest is a stand-in for GitHub: a server that keeps state and answers as GitHub does,
// as far as a program needs it that reads releases and opens pull requests.
//
// Behind every repository are real git objects; WriteGit puts them on disk for git itself to judge.
// Refs, pull requests, labels and comments change as they do on GitHub: a pull request closes when its
// branch goes away or is moved to the base, cannot be opened twice, and comes back changed in the next
// listing. Any call can be made to fail, see Fault, and all of them are on record, see Calls.
//
// The REST API is served below the server's URL and once more below /api/v3/, as on GitHub Enterprise.
package githubtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// TB is the part of testing.TB that New needs.
type TB interface {
	Helper()
	Cleanup(func())
}

// Server is a running stand-in. Its methods may be called while requests are served.
type Server struct {
	URL string // root of the API, without a slash at the end

	http   *httptest.Server
	mux    *http.ServeMux
	mu     sync.Mutex // guards everything below
	repos  []*Repo
	advice []Advisory
	tokens map[string]Rights
	faults []*Fault
	calls  []Call
	lag    int
	ghes   bool
	used   int
	ids    int64
	now    func() time.Time
	closed chan struct{}
	once   sync.Once
}

// Start runs a server on the loopback interface until Close.
func Start() *Server {
	s := &Server{tokens: map[string]Rights{}, now: time.Now, closed: make(chan struct{})}
	s.mux = s.routes()
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.URL = "http://" + s.http.Listener.Addr().String() // before a request can read it
	s.http.Start()
	return s
}

// New is Start for a test: the server ends with it.
func New(tb TB) *Server {
	tb.Helper()
	s := Start()
	tb.Cleanup(s.Close)
	return s
}

// Close ends the server, and the requests that a Timeout fault keeps waiting.
func (s *Server) Close() {
	s.once.Do(func() { close(s.closed) })
	s.http.CloseClientConnections()
	s.http.Close()
}

// SetClock makes the server take its time from now.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// SetLag makes everything written from now on invisible to the next reads: a new ref answers 404 that
// often, a moved one its old commit, a new pull request is missing from listings.
func (s *Server) SetLag(reads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = reads
}

// SetToken gives a token its rights. As long as none was set, every token has every right;
// afterwards an unknown one is answered with 401.
func (s *Server) SetToken(token string, rights Rights) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = rights
}

// SetEnterprise makes the server serve the API below /api/v3/ only; what else is asked for is a page.
func (s *Server) SetEnterprise(only bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ghes = only
}

// exchange is one request on its way through the server.
type exchange struct {
	*http.Request
	body   []byte
	rights Rights
	base   string // what links in answers begin with: the URL, with /api/v3 when that was asked
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	call := Call{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Host: r.Host, Header: r.Header.Clone(),
		Body: body,
	}
	base := s.URL
	if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3"); ok {
		base += "/api/v3"
		if u, err := url.Parse(rest); err == nil {
			r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
			call.Path = u.Path
		}
	}
	number, fault := s.begin(call)
	answer := s.answer(fault, &exchange{Request: r, body: body, base: base})
	s.finish(number, answer)
	fault.send(s, w, r, answer)
}

// begin records a call and looks up what shall go wrong with it.
func (s *Server) begin(call Call) (number int, fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Time = s.now()
	s.calls = append(s.calls, call)
	for _, f := range s.faults {
		if f.strikes(call) {
			s.calls[len(s.calls)-1].Fault = f.Kind
			return len(s.calls) - 1, f
		}
	}
	return len(s.calls) - 1, nil
}

func (s *Server) finish(number int, answer *httptest.ResponseRecorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number >= len(s.calls) {
		return // ResetCalls came in between
	}
	call := &s.calls[number]
	call.Status, call.Answer, call.AnswerHeader = answer.Code, answer.Body.Bytes(), answer.Header()
}

// answer works a request out, unless the fault strikes before it takes effect.
func (s *Server) answer(fault *Fault, x *exchange) *httptest.ResponseRecorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := httptest.NewRecorder()
	if fault != nil && fault.instead(s, w, x) {
		return w
	}
	if s.ghes && x.base == s.URL && x.URL.Path != "/api/graphql" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.WriteString("<!DOCTYPE html><title>Page not found</title>")
		return w
	}
	if x.rights = s.identify(w, x.Request); x.rights.refused {
		return w
	}
	s.limits(w, x)
	_, pattern := s.mux.Handler(x.Request)
	if pattern == "" {
		notFound(w)
		return w
	}
	x.Request.Body = io.NopCloser(bytes.NewReader(x.body))
	s.mux.ServeHTTP(w, x.Request.WithContext(withExchange(x.Context(), x)))
	return w
}

// limits sets the headers that every answer has.
func (s *Server) limits(w http.ResponseWriter, x *exchange) {
	s.used++
	limit := 60
	if x.rights.User != "" {
		limit = 5000
	}
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(limit-s.used, 1)))
	h.Set("X-RateLimit-Used", strconv.Itoa(s.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(s.now().Add(time.Hour).Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
	h.Set("X-GitHub-Request-Id", "ABCD:1234:"+strconv.Itoa(s.used))
}

// object is a JSON object of an answer.
type object = map[string]any

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(v) // a recorder never fails
	}
}

// problem answers with GitHub's error body; errors may be nil.
func problem(w http.ResponseWriter, status int, message string, errors ...any) {
	body := object{
		"message": message, "documentation_url": "https://docs.github.com/rest",
		"status": strconv.Itoa(status),
	}
	if len(errors) > 0 {
		body["errors"] = errors
	}
	reply(w, status, body)
}

func notFound(w http.ResponseWriter) { problem(w, http.StatusNotFound, "Not Found") }

// invalid is the 422 for one field of a resource.
func invalid(w http.ResponseWriter, resource, field, code string) {
	problem(w, 422, "Validation Failed", object{"resource": resource, "field": field, "code": code})
}

// custom is the 422 that explains itself in words.
func custom(w http.ResponseWriter, resource, message string) {
	problem(w, 422, "Validation Failed", object{"resource": resource, "code": "custom", "message": message})
}

// decode reads a request's body, or answers 400 as GitHub does.
func (x *exchange) decode(w http.ResponseWriter, v any) bool {
	if err := json.Unmarshal(x.body, v); err != nil {
		problem(w, 400, "Problems parsing JSON")
		return false
	}
	return true
}

// paginate cuts the asked page out of items and links to the others.
func paginate[T any](w http.ResponseWriter, x *exchange, repo *Repo, items []T) []T {
	query := x.URL.Query()
	size, _ := strconv.Atoi(query.Get("per_page"))
	if size <= 0 {
		size = 30
	}
	size = min(size, 100)
	page, _ := strconv.Atoi(query.Get("page"))
	page = max(page, 1)
	last := max((len(items)+size-1)/size, 1)
	_, rest, _ := strings.Cut(x.URL.Path, "/"+repo.Name+"/")
	link := func(page int, rel string) string {
		query.Set("page", strconv.Itoa(page))
		return "<" + x.base + "/repositories/" + strconv.FormatInt(repo.ID, 10) + "/" + rest + "?" + query.Encode() +
			`>; rel="` + rel + `"`
	}
	var links []string
	if page > 1 {
		links = append(links, link(page-1, "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	if last > 1 {
		w.Header().Set("Link", strings.Join(links, ", "))
	}
	start := min((page-1)*size, len(items))
	return items[start:min(start+size, len(items))]
}
