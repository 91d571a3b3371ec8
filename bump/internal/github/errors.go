package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// APIError is an answer that refuses a request. The more telling errors of this package unwrap to it.
type APIError struct {
	Method, Path     string
	Status           int // HTTP status
	Message          string
	Details          []detail
	DocumentationURL string
	Accepted         string // X-Accepted-GitHub-Permissions: what the request needs
}

// detail is one entry of an answer's errors.
type detail struct{ Resource, Field, Code, Message string }

func (e *APIError) Error() string {
	return fmt.Sprintf("%s %s: GitHub answered %s", e.Method, e.Path, e.short())
}

// short is the answer in one line.
func (e *APIError) short() string {
	parts := []string{e.Message}
	for _, d := range e.Details {
		text := d.Message
		if text == "" {
			text = strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Resource, d.Field, d.Code))
		}
		parts = append(parts, text)
	}
	return fmt.Sprintf("%d %s", e.Status, oneLine(strings.Join(parts, ": "), 300))
}

// says reports whether message or details contain words, in upper or lower case.
func (e *APIError) says(words string) bool {
	return strings.Contains(strings.ToLower(e.short()), strings.ToLower(words))
}

// field reports whether a detail is about a field.
func (e *APIError) field(name, code string) bool {
	for _, d := range e.Details {
		if d.Field == name && (code == "" || d.Code == code) {
			return true
		}
	}
	return false
}

// oneLine makes untrusted text fit for a message: one line of at most limit runes.
func oneLine(text string, limit int) string {
	return diag.Clip(diag.Line(text), limit)
}

// readProblem reads an error's body in every shape that GitHub and what stands before it send.
func readProblem(req *http.Request, got *answer) *APIError {
	e := &APIError{
		Method: req.Method, Path: req.URL.Path, Status: got.status,
		Accepted: got.header.Get("X-Accepted-GitHub-Permissions"),
	}
	var body struct {
		Message          string
		Errors           json.RawMessage
		DocumentationURL string `json:"documentation_url"`
	}
	if json.Unmarshal(got.body, &body) != nil {
		e.Message = http.StatusText(got.status) // HTML: nothing in it helps
		return e
	}
	e.Message, e.DocumentationURL = body.Message, body.DocumentationURL
	var items []json.RawMessage
	if json.Unmarshal(body.Errors, &items) != nil && len(body.Errors) > 0 {
		items = []json.RawMessage{body.Errors}
	}
	for _, item := range items {
		var d detail
		if json.Unmarshal(item, &d) != nil {
			_ = json.Unmarshal(item, &d.Message) // a bare string, or nothing that can be shown
		}
		if d != (detail{}) {
			e.Details = append(e.Details, d)
		}
	}
	return e
}

// refusal returns the error that says what to change.
func refusal(e *APIError, token bool, host string) error {
	switch {
	case e.Status == http.StatusUnauthorized:
		return &Unauthorized{Host: host, Token: token, Err: e}
	case e.Status == http.StatusForbidden && e.says("not permitted to create or approve pull requests"):
		return &PullRequestsNotAllowed{Err: e}
	case e.Status == http.StatusForbidden && e.says("archived"):
		return &Archived{Err: e}
	case e.Status == http.StatusForbidden && (e.says("SAML enforcement") || e.says("IP allow list")):
		return &OrganisationRefused{Err: e}
	case e.Status == http.StatusForbidden && e.says("is locked"):
		return e
	case e.Status == http.StatusForbidden, e.Status == http.StatusNotFound && e.Method != http.MethodGet:
		return &PermissionMissing{Permission: permission(e), Token: token, Err: e}
	case e.Status == http.StatusNotFound:
		return &NotFound{What: e.Path, Token: token, Err: e}
	case (e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusConflict) && e.says("rule violations"):
		return &RulesetRefused{Err: e}
	}
	return e
}

// permission returns what a request needs, written as a workflow's permissions block does: "contents: write".
func permission(e *APIError) string {
	accepted, _, _ := strings.Cut(e.Accepted, ";") // alternatives; the last is no better than the first
	if strings.Contains(e.Accepted, "pull_requests") && !strings.Contains(e.Path, "/git/") {
		accepted = "pull_requests=write"
	}
	switch {
	case strings.Contains(accepted, "workflows"):
		return "workflows: write"
	case accepted != "":
		accepted = strings.NewReplacer("pull_requests", "pull-requests", "=", ": ", ",", ", ").Replace(accepted)
		return strings.TrimSpace(accepted)
	case e.Method == http.MethodGet && (strings.Contains(e.Path, "/pulls") || strings.Contains(e.Path, "/issues/")):
		return "pull-requests: read"
	case e.Method == http.MethodGet:
		return "contents: read"
	case strings.Contains(e.Path, "/git/"):
		return "contents: write"
	case e.says("labels"):
		return "issues: write"
	}
	return "pull-requests: write"
}

// Unauthorized is a token that GitHub does not know, or none where one is needed.
type Unauthorized struct {
	Host  string
	Token bool // one was sent
	Err   error
}

func (e *Unauthorized) Error() string {
	if !e.Token {
		return e.Host + " requires a token, but none is set"
	}
	return e.Host + " rejected the token (bad credentials)"
}

// Hint returns what to do about it.
func (e *Unauthorized) Hint() string {
	if !e.Token {
		return "set $GITHUB_TOKEN to a token with contents: write and pull-requests: write"
	}
	return "the token in $GITHUB_TOKEN has expired, was revoked, or belongs to another host than " + e.Host +
		": set a new one, or Options.APIURL"
}

// Unwrap returns the answer.
func (e *Unauthorized) Unwrap() error { return e.Err }

// PermissionMissing is a token without a right.
type PermissionMissing struct {
	Permission string // "contents: write"
	Token      bool
	Err        error
}

func (e *PermissionMissing) Error() string {
	text := "the token lacks " + e.Permission
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Hint returns what to do about it.
func (e *PermissionMissing) Hint() string {
	if e.Permission == "workflows: write" {
		return "GITHUB_TOKEN can never change files below .github/workflows: use a GitHub App's token or a personal " +
			"access token with that right"
	}
	return "in a workflow add `permissions:` with `contents: write` and `pull-requests: write`; " +
		"give a personal access token or App the permission `" +
		e.Permission + "` on this repository (a classic token: the scope `repo`)"
}

// Unwrap returns the answer; nil when the right was seen to be missing beforehand.
func (e *PermissionMissing) Unwrap() error { return e.Err }

// PullRequestsNotAllowed is the setting that keeps workflows from opening pull requests.
type PullRequestsNotAllowed struct{ Err error }

func (e *PullRequestsNotAllowed) Error() string {
	return "GitHub Actions is not permitted to create or approve pull requests"
}

// Hint returns what to do about it.
func (e *PullRequestsNotAllowed) Hint() string {
	return `switch on "Allow GitHub Actions to create and approve pull requests" in ` +
		`Settings → Actions → General, in ` +
		`the organisation too; or set $GITHUB_TOKEN to a GitHub App's or personal access token`
}

// Unwrap returns the answer.
func (e *PullRequestsNotAllowed) Unwrap() error { return e.Err }

// OrganisationRefused is a rule of an organisation that keeps a token or an address out, whatever the
// token's permissions are.
type OrganisationRefused struct{ Err error }

func (e *OrganisationRefused) Error() string {
	return "the organisation's policy blocks the token: " + e.Err.Error()
}

// Hint returns what to do about it.
func (e *OrganisationRefused) Hint() string {
	if apiError(e.Err).says("IP allow list") {
		return "run where the organisation's IP allow list permits it, such as on a runner of its own, or have this " +
			"machine's address added to the list"
	}
	return `authorize the token for the organisation: ` +
		`Settings → Developer settings → the token → "Configure SSO"; ` +
		`an App's token and GITHUB_TOKEN need none`
}

// Unwrap returns the answer.
func (e *OrganisationRefused) Unwrap() error { return e.Err }

// Archived is a repository that is read-only.
type Archived struct {
	Repo string // OWNER/NAME, "" when only the answer says so
	Err  error
}

func (e *Archived) Error() string {
	if e.Repo == "" {
		return "the repository is archived, so it is read-only"
	}
	return "write to " + e.Repo + ": the repository is archived, so it is read-only"
}

// Hint returns what to do about it.
func (e *Archived) Hint() string {
	return "unarchive the repository in its settings, or name another one with Options.Repo"
}

// Unwrap returns the answer, or nil.
func (e *Archived) Unwrap() error { return e.Err }

// RulesetRefused is a branch that a ruleset, branch protection or hook keeps from being written.
type RulesetRefused struct {
	Branch string // "" when not known
	Err    error
}

func (e *RulesetRefused) Error() string {
	return strings.TrimSpace("write branch "+e.Branch) + ": refused by a ruleset or branch protection: " + e.Err.Error()
}

// Hint returns what to do about it.
func (e *RulesetRefused) Hint() string {
	return "exempt the branch (or the token's actor) in Settings → Rules → Rulesets, or choose a branch that may be " +
		"written with Options.Branch"
}

// Unwrap returns the answer.
func (e *RulesetRefused) Unwrap() error { return e.Err }

// NotFound is something that does not exist, or that the token may not see: GitHub does not say which.
type NotFound struct {
	What  string
	Token bool
	Err   error
}

func (e *NotFound) Error() string { return "read " + e.What + ": not found (404)" }

// Hint returns what to do about it.
func (e *NotFound) Hint() string {
	if !e.Token {
		return "check the name; a private repository needs $GITHUB_TOKEN"
	}
	return "check the name, and that the token in $GITHUB_TOKEN may see it"
}

// Is reports whether target is fs.ErrNotExist, which callers need not know this package for.
func (e *NotFound) Is(target error) bool { return target == fs.ErrNotExist }

// Unwrap returns the answer, or nil.
func (e *NotFound) Unwrap() error { return e.Err }

// RateLimited is a limit that lasts longer than Options.MaxWait, or keeps coming back.
type RateLimited struct {
	Host      string
	Until     time.Time // when it is lifted
	Secondary bool      // the limit on too much at once, not the hourly one
	Anonymous bool      // no token was sent
	Elsewhere bool      // there is one, for another host
	Message   string    // GitHub's

	wait    time.Duration
	guessed bool // GitHub did not say how long
}

func (e *RateLimited) lasts(d time.Duration, now time.Time) { e.wait, e.Until = d, now.Add(d) }

func (e *RateLimited) Error() string {
	at := e.Until.UTC().Format("2006-01-02 15:04:05 UTC")
	if e.wait < maxReset {
		at += fmt.Sprintf(" (in %s)", e.wait.Round(time.Second))
	}
	return fmt.Sprintf("%s: rate limit exceeded, resets at %s: %s", e.Host, at, oneLine(e.Message, 200))
}

func (e *RateLimited) short() string {
	kind := "rate limit"
	if e.Secondary {
		kind = "secondary rate limit"
	}
	return e.Host + ": " + kind
}

// Hint returns what to do about it.
func (e *RateLimited) Hint() string {
	if e.Anonymous && e.Elsewhere {
		return "the token in $GITHUB_TOKEN is for another host and is not sent to " + e.Host +
			": run again after that time, or allow a longer wait with Options.MaxWait"
	}
	if e.Anonymous {
		return "set $GITHUB_TOKEN: with a token the limit is a thousand requests an hour and more, without one 60"
	}
	return "run again after that time, or allow a longer wait with Options.MaxWait"
}

// RedirectRefused is a redirect that was not followed, because a write or the token would have gone
// somewhere else.
type RedirectRefused struct {
	Method, From, To string
	loop             bool
}

func (e *RedirectRefused) Error() string {
	if e.loop {
		return fmt.Sprintf("%s: more than %d redirects in a row", e.From, maxHops)
	}
	return fmt.Sprintf("%s redirects a %s to %q, which is not followed", e.From, e.Method, oneLine(e.To, 200))
}

// Hint returns what to do about it.
func (e *RedirectRefused) Hint() string { return "name the host that is meant with Options.APIURL" }

// Unavailable is a server that kept failing.
type Unavailable struct {
	Host   string
	Tries  int
	Reason string // of the last try

	certificate bool
	unreachable bool // there was no connection
}

func (e *Unavailable) Error() string {
	attempts := "attempts"
	if e.Tries == 1 {
		attempts = "attempt"
	}
	return fmt.Sprintf("%s: gave up after %d %s: %s", e.Host, e.Tries, attempts, oneLine(e.Reason, 300))
}

// Hint returns what to do about it.
func (e *Unavailable) Hint() string {
	if e.certificate {
		return "make the certificate's authority known with $SSL_CERT_FILE"
	}
	if e.unreachable {
		return "check the network and $HTTPS_PROXY, and run again; it resumes where this one stopped"
	}
	return "run again later; it resumes where this one stopped (see https://www.githubstatus.com)"
}

// transient is a failure that may pass; it never leaves the transport.
type transient struct {
	reason string
	wait   time.Duration // the server asked for; 0 when it did not
	most   int           // tries that it is worth; 0 is maxTries
	notAPI bool          // the answer does not come from the API
}

func (e *transient) Error() string { return e.reason }

func (e *transient) unavailable(host string, tries int) error {
	return &Unavailable{Host: host, Tries: tries, Reason: e.reason, unreachable: e.most == unreachableTries}
}

// BaseDiffers is a file that is not the same here and on the base branch.
type BaseDiffers struct {
	Path   string // from the repository's root
	Base   string // branch
	Reason string // "is another file there", "does not exist there"
}

func (e *BaseDiffers) Error() string {
	return fmt.Sprintf("compare %s with branch %s: it %s", e.Path, e.Base, e.Reason)
}

// Hint returns what to do about it.
func (e *BaseDiffers) Hint() string {
	return fmt.Sprintf("check out the newest commit of %s without local changes and run again, or name another branch "+
		"with Options.Base", e.Base)
}

// ForeignBranch is a branch under the name asked for that somebody else made.
type ForeignBranch struct {
	Branch string
	Reason string
}

func (e *ForeignBranch) Error() string {
	return fmt.Sprintf("write branch %s: %s", e.Branch, e.Reason)
}

// Hint returns what to do about it.
func (e *ForeignBranch) Hint() string {
	return "delete or rename that branch, or choose another one with Options.Branch"
}

// OtherScope is a branch under the name asked for that a proposal for something else in the same
// repository made.
type OtherScope struct {
	Branch        string
	Scope, Wanted string // Proposal.Scope of that one and of this one
}

func (e *OtherScope) Error() string {
	return fmt.Sprintf("write branch %s: a proposal of scope %q made it, not one of scope %q", e.Branch,
		oneLine(e.Scope, 200), oneLine(e.Wanted, 200))
}

// Hint returns what to do about it.
func (e *OtherScope) Hint() string { return "give each of them its own Options.Branch" }

// apiError returns the answer that an error is about; the zero value when there was none.
func apiError(err error) *APIError {
	var e *APIError
	if errors.As(err, &e) {
		return e
	}
	return &APIError{}
}

func isNotFound(err error) bool {
	var e *NotFound
	return errors.As(err, &e)
}
