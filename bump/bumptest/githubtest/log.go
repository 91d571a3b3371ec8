package githubtest

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Call is one request on record, with its answer.
type Call struct {
	Method string
	Path   string // without /api/v3
	Query  url.Values
	Host   string // as the client sent it
	Header http.Header
	Body   []byte
	Time   time.Time
	Fault  Kind // what was made to go wrong with it, "" for nothing

	Status       int // of the answer as it was worked out, before a fault broke it
	Answer       []byte
	AnswerHeader http.Header
}

// Writes reports whether the call asked for a change.
func (c Call) Writes() bool { return c.Method != http.MethodGet && c.Method != http.MethodHead }

// Calls returns everything asked of the server so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ResetCalls forgets the calls on record.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(r *http.Request) *exchange {
	x := r.Context().Value(exchangeKey{}).(*exchange)
	x.Request = r // with the path's values
	return x
}
