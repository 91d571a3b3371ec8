package githubtest

import (
	"net/http"
	"strings"
)

// Level is how much a token may do with one kind of thing.
type Level int

// The levels.
const (
	None Level = iota
	Read
	Write
)

// Rights is what a token may do.
type Rights struct {
	User         string // login that it acts as; "" is octo-maintainer
	App          bool   // an installation's token, as GITHUB_TOKEN is; else a personal one
	Contents     Level
	PullRequests Level
	Issues       Level  // Write also creates labels
	Workflows    bool   // may change files below .github/workflows
	NoPulls      bool   // "Allow GitHub Actions to create and approve pull requests" is off
	Scopes       string // X-OAuth-Scopes of a classic personal token

	refused bool
}

// All is every right.
func All() Rights {
	return Rights{User: "octo-maintainer", Contents: Write, PullRequests: Write, Issues: Write, Workflows: true}
}

// Actions is what `permissions: {contents: write, pull-requests: write}` gives to GITHUB_TOKEN.
func Actions() Rights {
	return Rights{User: "github-actions[bot]", App: true, Contents: Write, PullRequests: Write}
}

// identify finds the rights of a request's token, or answers 401.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) Rights {
	header := r.Header.Get("Authorization")
	if header == "" {
		return Rights{}
	}
	scheme, token, _ := strings.Cut(header, " ")
	rights, known := s.tokens[token]
	switch {
	case token == "" || !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token"),
		len(s.tokens) > 0 && !known:
		problem(w, http.StatusUnauthorized, "Bad credentials")
		return Rights{refused: true}
	case len(s.tokens) == 0:
		rights = All()
	}
	if rights.User == "" {
		rights.User = "octo-maintainer"
	}
	if rights.Scopes != "" {
		w.Header().Set("X-OAuth-Scopes", rights.Scopes)
	}
	return rights
}

// permitted answers for a token that lacks a right; the permission is as GitHub names it.
func permitted(w http.ResponseWriter, x *exchange, have, need Level, permission string) bool {
	if have >= need {
		return true
	}
	if x.rights.User == "" {
		problem(w, http.StatusUnauthorized, "Requires authentication")
		return false
	}
	by := "personal access token"
	if x.rights.App {
		by = "integration"
	}
	w.Header().Set("X-Accepted-GitHub-Permissions", permission)
	problem(w, http.StatusForbidden, "Resource not accessible by "+by)
	return false
}
