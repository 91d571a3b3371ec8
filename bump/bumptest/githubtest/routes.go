package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// handler serves one operation of a repository.
type handler func(w http.ResponseWriter, x *exchange, r *Repo)

// routes maps GitHub's operations to handlers, and says which right each needs.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	contents := func(r Rights) Level { return r.Contents }
	pulls := func(r Rights) Level { return max(r.PullRequests, r.Issues) }
	add := func(method, path string, have func(Rights) Level, permission string, h handler) {
		serve := s.guard(method, have, permission, h)
		mux.HandleFunc(method+" /repos/{owner}/{repo}"+path, serve)
		mux.HandleFunc(method+" /repositories/{id}"+path, serve)
	}
	const needContents, needPulls = "contents=write", "pull_requests=write"
	add("GET", "", nil, "", getRepo)
	add("GET", "/releases", nil, "", listReleases)
	add("GET", "/releases/latest", nil, "", latestRelease)
	add("GET", "/releases/tags/{tag}", nil, "", releaseByTag)
	add("GET", "/git/ref/{ref...}", nil, "", getRef)
	add("GET", "/git/matching-refs/{ref...}", nil, "", matchingRefs)
	add("POST", "/git/refs", contents, needContents, createRef)
	add("PATCH", "/git/refs/{ref...}", contents, needContents, updateRef)
	add("DELETE", "/git/refs/{ref...}", contents, needContents, deleteRef)
	add("POST", "/git/blobs", contents, needContents, createBlob)
	add("GET", "/git/blobs/{sha}", nil, "", getBlob)
	add("POST", "/git/trees", contents, needContents, createTree)
	add("GET", "/git/trees/{sha}", nil, "", getTree)
	add("POST", "/git/commits", contents, needContents, createCommit)
	add("GET", "/git/commits/{sha}", nil, "", getCommit)
	add("GET", "/git/tags/{sha}", nil, "", getTag)
	add("GET", "/contents/{path...}", nil, "", getContents)
	add("GET", "/compare/{basehead...}", nil, "", compare)
	add("GET", "/pulls", nil, "", listPulls)
	add("POST", "/pulls", pulls, needPulls, createPull)
	add("GET", "/pulls/{number}", nil, "", getPull)
	add("PATCH", "/pulls/{number}", pulls, needPulls, editPull)
	add("POST", "/pulls/{number}/requested_reviewers", pulls, needPulls, requestReviewers)
	add("POST", "/issues/{number}/labels", pulls, "issues=write; "+needPulls, addLabels)
	add("POST", "/issues/{number}/assignees", pulls, "issues=write; "+needPulls, addAssignees)
	add("GET", "/issues/{number}/comments", nil, "", listComments)
	add("POST", "/issues/{number}/comments", pulls, "issues=write; "+needPulls, createComment)
	mux.HandleFunc("GET /advisories", s.listAdvisories)
	mux.HandleFunc("POST /graphql", s.graphql)
	mux.HandleFunc("POST /api/graphql", s.graphql)
	return mux
}

// guard finds the repository, redirects from former names and checks the token's rights.
func (s *Server) guard(method string, have func(Rights) Level, permission string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		x := exchangeOf(req)
		r, moved := s.find(req.PathValue("owner"), req.PathValue("repo"))
		if id := req.PathValue("id"); id != "" {
			r, moved = s.byID(id), false
		}
		if r == nil || r.Private && x.rights.Contents == None {
			notFound(w)
			return
		}
		if moved {
			redirect(w, x, r)
			return
		}
		if have != nil {
			if !permitted(w, x, have(x.rights), Write, permission) {
				return
			}
			if r.Archived {
				problem(w, 403, "Repository was archived so is read-only.")
				return
			}
		}
		h(w, x, r)
	}
}

func (s *Server) byID(id string) *Repo {
	at := slices.IndexFunc(s.repos, func(r *Repo) bool { return fmt.Sprint(r.ID) == id })
	if at < 0 {
		return nil
	}
	return s.repos[at]
}

// redirect sends a renamed repository's caller to its number.
func redirect(w http.ResponseWriter, x *exchange, r *Repo) {
	parts := strings.SplitN(x.URL.EscapedPath(), "/", 5) // "", repos, owner, name, rest
	to := fmt.Sprintf("%s/repositories/%d", x.base, r.ID)
	if len(parts) == 5 {
		to += "/" + parts[4]
	}
	if x.URL.RawQuery != "" {
		to += "?" + x.URL.RawQuery
	}
	status := http.StatusTemporaryRedirect
	if x.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	w.Header().Set("Location", to)
	reply(w, status, object{
		"message": "Moved Permanently", "url": to,
		"documentation_url": "https://docs.github.com/v3/#http-redirects",
	})
}

func getRepo(w http.ResponseWriter, x *exchange, r *Repo) { reply(w, 200, x.repository(r)) }

// order lists the releases that the caller may see, newest first.
func (x *exchange) order(r *Repo) []int {
	var order []int
	for at, rel := range r.releases {
		if !rel.Draft || x.rights.Contents == Write {
			order = append(order, at)
		}
	}
	slices.Reverse(order)
	return order
}

func listReleases(w http.ResponseWriter, x *exchange, r *Repo) {
	page := paginate(w, x, r, x.order(r))
	reply(w, 200, mapped(page, func(at int) object { return x.release(r, at) }))
}

func latestRelease(w http.ResponseWriter, x *exchange, r *Repo) {
	for _, at := range x.order(r) {
		if rel := r.releases[at]; !rel.Draft && !rel.Prerelease {
			reply(w, 200, x.release(r, at))
			return
		}
	}
	notFound(w)
}

func releaseByTag(w http.ResponseWriter, x *exchange, r *Repo) {
	for _, at := range x.order(r) {
		if rel := r.releases[at]; !rel.Draft && rel.Tag == x.PathValue("tag") {
			reply(w, 200, x.release(r, at))
			return
		}
	}
	notFound(w)
}
