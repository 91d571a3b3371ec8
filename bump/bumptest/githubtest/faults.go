package githubtest

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"time"
)

// Kind is a way for a call to go wrong.
type Kind string

// The kinds. Those that end in After, Truncated and Empty strike when the call has taken effect.
const (
	BadGateway        Kind = "502 HTML"            // the page with the unicorn
	Unavailable       Kind = "503 JSON"            // no server is available
	BadGatewayAfter   Kind = "502 HTML after"      //
	ResetBefore       Kind = "reset before"        // the connection breaks, nothing was done
	ResetAfter        Kind = "reset after"         // the connection breaks, everything was done
	Truncated         Kind = "truncated"           // half of the answer, then the connection breaks
	Empty             Kind = "empty"               // the right status and no body
	Timeout           Kind = "timeout"             // no answer, nothing was done
	TimeoutAfter      Kind = "timeout after"       // no answer, everything was done
	PrimaryLimit      Kind = "403 primary limit"   // Reset says until when
	PrimaryLimit429   Kind = "429 primary limit"   // the same
	SecondaryLimit    Kind = "403 secondary limit" // RetryAfter may say how long
	SecondaryLimit429 Kind = "429 secondary limit" // the same
	BadCredentials    Kind = "401"
	Missing           Kind = "404"
	ForbiddenApp      Kind = "403 integration"
	ForbiddenPAT      Kind = "403 personal access token"
	ForbiddenPull     Kind = "403 pull request setting" // Actions may not create pull requests
	Archived          Kind = "403 archived"
	Ruleset           Kind = "422 ruleset"
	Custom            Kind = "custom" // Status, Header and Body as given
)

// Transient lists the kinds after which the same call may well succeed.
func Transient() []Kind {
	return []Kind{
		BadGateway, Unavailable, BadGatewayAfter, ResetBefore, ResetAfter, Truncated, Empty, Timeout, TimeoutAfter,
		PrimaryLimit, PrimaryLimit429, SecondaryLimit, SecondaryLimit429,
	}
}

// Permanent lists the kinds that need somebody to change something.
func Permanent() []Kind {
	return []Kind{BadCredentials, Missing, ForbiddenApp, ForbiddenPAT, ForbiddenPull, Archived, Ruleset}
}

// Fault makes calls go wrong.
type Fault struct {
	Kind   Kind
	Method string // "" is any
	Path   string // a regular expression on the path without /api/v3; "" is any
	Nth    int    // the first matching call that it strikes, from 1; 0 is 1
	Times  int    // how many calls in a row; 0 is 1, -1 all of them

	RetryAfter string    // of the limits: the header; "" sends none
	Reset      time.Time // of the primary limits: when it is lifted; zero is in two seconds
	Status     int       // of Custom
	Header     http.Header
	Body       string

	path    *regexp.Regexp
	matched int
	struck  int
}

// Inject adds a fault. The faults that were added first strike first.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.path = regexp.MustCompile(f.Path)
	if f.Nth == 0 {
		f.Nth = 1
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults and says how many calls they struck.
func (s *Server) ClearFaults() (struck int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		struck += f.struck
	}
	s.faults = nil
	return struck
}

func (f *Fault) strikes(call Call) bool {
	if f.Method != "" && f.Method != call.Method || !f.path.MatchString(call.Path) {
		return false
	}
	f.matched++
	if f.matched < f.Nth || f.Times > 0 && f.struck >= f.Times {
		return false
	}
	f.struck++
	return true
}

// instead answers in place of the handler, and reports whether it did.
func (f *Fault) instead(s *Server, w *httptest.ResponseRecorder, x *exchange) bool {
	switch f.Kind {
	case BadGateway:
		unicorn(w)
	case Unavailable:
		reply(w, 503, object{"message": "No server is currently available to service your request. Sorry about that. " +
			"Please try resubmitting your request and contact us if the problem persists."})
	case ResetBefore, Timeout:
	case PrimaryLimit, PrimaryLimit429, SecondaryLimit, SecondaryLimit429:
		f.limit(s, w)
	case Custom:
		for key, values := range f.Header {
			w.Header()[key] = values
		}
		w.WriteHeader(f.Status)
		_, _ = w.WriteString(f.Body)
	default:
		return f.refuse(w)
	}
	return true
}

// refuse answers with what only a person can mend.
func (f *Fault) refuse(w *httptest.ResponseRecorder) bool {
	const accepted = "X-Accepted-GitHub-Permissions"
	switch f.Kind {
	case BadCredentials:
		problem(w, 401, "Bad credentials")
	case Missing:
		notFound(w)
	case ForbiddenApp:
		w.Header().Set(accepted, "contents=write")
		problem(w, 403, "Resource not accessible by integration")
	case ForbiddenPAT:
		w.Header().Set(accepted, "contents=write")
		problem(w, 403, "Resource not accessible by personal access token")
	case ForbiddenPull:
		problem(w, 403, "GitHub Actions is not permitted to create or approve pull requests.")
	case Archived:
		problem(w, 403, "Repository was archived so is read-only.")
	case Ruleset:
		problem(w, 422, "Repository rule violations found\n\nChanges must be made through a pull request.\n\n")
	default:
		return false
	}
	return true
}

func unicorn(w *httptest.ResponseRecorder) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(502)
	_, _ = w.WriteString("<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>This page " +
		"is taking too long to load.</body></html>\n")
}

func (f *Fault) limit(s *Server, w *httptest.ResponseRecorder) {
	status, message := 403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	if f.Kind == PrimaryLimit429 || f.Kind == SecondaryLimit429 {
		status = 429
	}
	if f.Kind == PrimaryLimit || f.Kind == PrimaryLimit429 {
		message = "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please " +
			"include the request ID ABCD and timestamp."
		reset := f.Reset
		if reset.IsZero() {
			reset = s.now().Add(2 * time.Second)
		}
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	} else {
		w.Header().Set("X-RateLimit-Remaining", "4711")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(s.now().Add(50*time.Minute).Unix(), 10))
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	reply(w, status, object{
		"message": message,
		"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api" +
			"#about-secondary-rate-limits",
	})
}

// send puts the answer on the wire, broken in the fault's way. A nil fault breaks nothing.
func (f *Fault) send(s *Server, w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder) {
	kind := Kind("")
	if f != nil {
		kind = f.Kind
	}
	body := answer.Body.Bytes()
	switch kind {
	case ResetBefore, ResetAfter:
		panic(http.ErrAbortHandler)
	case Timeout, TimeoutAfter:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	case BadGatewayAfter:
		answer = httptest.NewRecorder()
		unicorn(answer)
		body = answer.Body.Bytes()
	case Empty:
		body = nil
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if answer.Code == http.StatusNoContent {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(answer.Code)
	if kind == Truncated {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}
