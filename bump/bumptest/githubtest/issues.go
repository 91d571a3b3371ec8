package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pullOf finds the pull request that a path names, or answers 404.
func pullOf(w http.ResponseWriter, x *exchange, r *Repo) *Pull {
	n, _ := strconv.Atoi(x.PathValue("number"))
	if n < 1 || n > len(r.pulls) {
		notFound(w)
		return nil
	}
	return r.pulls[n-1]
}

func listPulls(w http.ResponseWriter, x *exchange, r *Repo) {
	query := x.URL.Query()
	state := query.Get("state")
	if state == "" {
		state = "open"
	}
	head := query.Get("head")
	owner, branch, qualified := strings.Cut(head, ":") // without an owner the filter is ignored
	var found []*Pull
	for _, p := range slices.Backward(r.pulls) {
		switch {
		case state != "all" && p.State != state,
			query.Get("base") != "" && p.Base != query.Get("base"),
			qualified && (p.Head != branch || p.HeadRepo == nil || !strings.EqualFold(p.HeadRepo.Owner, owner)):
			continue
		case p.hidden > 0:
			p.hidden--
			continue
		}
		found = append(found, p)
	}
	page := paginate(w, x, r, found)
	reply(w, 200, mapped(page, func(p *Pull) object { return x.pullSimple(r, p) }))
}

func createPull(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct {
		Title, Head, Base, Body string
		Draft                   bool
	}
	if !x.decode(w, &in) {
		return
	}
	head := strings.TrimPrefix(in.Head, r.Owner+":")
	headSHA, baseSHA := r.refs["refs/heads/"+head], r.refs["refs/heads/"+in.Base]
	exists := slices.ContainsFunc(r.pulls, func(p *Pull) bool {
		return p.State == "open" && p.HeadRepo == r && p.Head == head && p.Base == in.Base
	})
	switch {
	case x.rights.NoPulls:
		problem(w, 403, "GitHub Actions is not permitted to create or approve pull requests.")
	case headSHA == "":
		invalid(w, "PullRequest", "head", "invalid")
	case baseSHA == "":
		invalid(w, "PullRequest", "base", "invalid")
	case exists:
		custom(w, "PullRequest", "A pull request already exists for "+r.Owner+":"+head+".")
	case r.lagging["refs/heads/"+head] > 0:
		r.lagging["refs/heads/"+head]--
		custom(w, "PullRequest", "No commits between "+in.Base+" and "+head)
	case r.history(baseSHA)[headSHA]:
		custom(w, "PullRequest", "No commits between "+in.Base+" and "+head)
	case in.Draft && r.NoDrafts:
		problem(w, 422, "Draft pull requests are not supported in this repository.")
	case tooLong(w, in.Title, in.Body):
	default:
		p := r.addPull(Pull{
			Title: in.Title, Body: in.Body, Head: head, HeadRepo: r, Base: in.Base, Draft: in.Draft,
			User: x.rights.User,
		})
		p.hidden = r.server.lag
		w.Header().Set("Location", x.address(r)+"/pulls/"+strconv.Itoa(p.Number))
		reply(w, 201, x.pull(r, p))
	}
}

func tooLong(w http.ResponseWriter, title, body string) bool {
	over := func(field string, limit int) bool {
		message := fmt.Sprintf("%s is too long (maximum is %d characters)", field, limit)
		problem(w, 422, "Validation Failed", object{
			"resource": "Issue", "code": "custom", "field": field,
			"message": message,
		})
		return true
	}
	switch {
	case utf8.RuneCountInString(body) > 65536:
		return over("body", 65536)
	case utf8.RuneCountInString(title) > 256:
		return over("title", 256)
	}
	return false
}

func getPull(w http.ResponseWriter, x *exchange, r *Repo) {
	if p := pullOf(w, x, r); p != nil {
		reply(w, 200, x.pull(r, p))
	}
}

func editPull(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct{ Title, Body, State, Base *string }
	p := pullOf(w, x, r)
	if p == nil || !x.decode(w, &in) {
		return
	}
	title, body := p.Title, p.Body
	if in.Title != nil {
		title = *in.Title
	}
	if in.Body != nil {
		body = *in.Body
	}
	switch {
	case tooLong(w, title, body):
		return
	case in.Base != nil && p.State == "closed":
		invalid(w, "PullRequest", "base", "invalid")
		return
	case in.State != nil && *in.State == "open" && p.State == "closed" && (p.forced || p.Merged):
		custom(w, "PullRequest", fmt.Sprintf("state cannot be changed. The %s branch was force-pushed or recreated.",
			p.Head))
		return
	}
	p.Title, p.Body = title, body
	if in.State != nil {
		p.State = *in.State
	}
	if in.Base != nil {
		p.Base = *in.Base
	}
	p.Updates++
	reply(w, 200, x.pull(r, p))
}

func requestReviewers(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct {
		Reviewers     []string
		TeamReviewers []string `json:"team_reviewers"`
	}
	p := pullOf(w, x, r)
	if p == nil || !x.decode(w, &in) {
		return
	}
	for _, login := range append(in.Reviewers, in.TeamReviewers...) {
		if strings.EqualFold(login, p.User) {
			problem(w, 422, "Review cannot be requested from pull request author.")
			return
		}
		if !slices.Contains(r.Collaborators, login) {
			problem(w, 422, fmt.Sprintf("Reviews may only be requested from collaborators. One or more of the users "+
				"or teams you specified is not a collaborator of the %s/%s repository.", r.Owner, r.Name))
			return
		}
	}
	p.Reviewers, p.TeamReviewers = merge(p.Reviewers, in.Reviewers), merge(p.TeamReviewers, in.TeamReviewers)
	reply(w, 201, x.pullSimple(r, p))
}

// merge adds the members that are not there yet.
func merge(set, more []string) []string {
	for _, m := range more {
		if !slices.Contains(set, m) {
			set = append(set, m)
		}
	}
	return set
}

func addLabels(w http.ResponseWriter, x *exchange, r *Repo) {
	p := pullOf(w, x, r)
	if p == nil {
		return
	}
	var names []string
	if json.Unmarshal(x.body, &names) != nil {
		var in struct{ Labels []string }
		if !x.decode(w, &in) {
			return
		}
		names = in.Labels
	}
	for _, name := range names {
		if !slices.Contains(r.labels, name) && x.rights.Issues < Write {
			problem(w, 403, "You do not have permission to create labels on this repository.",
				object{"resource": "Repository", "field": "label", "code": "unauthorized"})
			return
		}
	}
	r.labels, p.Labels = merge(r.labels, names), merge(p.Labels, names)
	reply(w, 200, mapped(p.Labels, func(l string) object { return x.label(r, l) }))
}

// AddLabels makes labels exist in the repository.
func (r *Repo) AddLabels(names ...string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.labels = merge(r.labels, names)
}

func addAssignees(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct{ Assignees []string }
	p := pullOf(w, x, r)
	if p == nil || !x.decode(w, &in) {
		return
	}
	for _, login := range in.Assignees {
		if slices.Contains(r.Collaborators, login) { // others are passed over in silence
			p.Assignees = merge(p.Assignees, []string{login})
		}
	}
	reply(w, 201, x.issue(r, p))
}

// issue is a pull request seen as an issue.
func (x *exchange) issue(r *Repo, p *Pull) object {
	o := object{}
	simple := x.pullSimple(r, p)
	for _, key := range []string{
		"id", "node_id", "number", "state", "locked", "title", "user", "body", "labels", "milestone", "assignee",
		"assignees", "created_at", "updated_at", "closed_at", "author_association", "html_url", "comments_url",
	} {
		o[key] = simple[key]
	}
	address := fmt.Sprintf("%s/issues/%d", x.address(r), p.Number)
	o["url"], o["repository_url"], o["comments"] = address, x.address(r), len(p.Comments)
	return urls(o, address, "events_url", "labels_url")
}

func listComments(w http.ResponseWriter, x *exchange, r *Repo) {
	p := pullOf(w, x, r)
	if p == nil {
		return
	}
	page := paginate(w, x, r, p.Comments)
	reply(w, 200, mapped(page, func(c Comment) object { return x.comment(r, p, c) }))
}

func createComment(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct{ Body string }
	p := pullOf(w, x, r)
	if p == nil || !x.decode(w, &in) {
		return
	}
	r.server.ids++
	c := Comment{ID: 70000 + r.server.ids, User: x.rights.User, Body: in.Body}
	p.Comments = append(p.Comments, c)
	w.Header().Set("Location", x.address(r)+"/issues/comments/"+strconv.FormatInt(c.ID, 10))
	reply(w, 201, x.comment(r, p, c))
}

// graphql serves one mutation, enablePullRequestAutoMerge; errors come with status 200.
func (s *Server) graphql(w http.ResponseWriter, req *http.Request) {
	x := exchangeOf(req)
	var in struct {
		Query     string
		Variables map[string]string
	}
	if x.rights.User == "" {
		problem(w, 401, "This endpoint requires you to be authenticated.")
		return
	}
	if !x.decode(w, &in) {
		return
	}
	fail := func(kind, message string) {
		reply(w, 200, object{"data": object{"enablePullRequestAutoMerge": nil}, "errors": []object{{
			"type": kind, "path": []string{"enablePullRequestAutoMerge"}, "message": message,
		}}})
	}
	r, p := s.pullByNode(x, in.Variables["id"])
	switch {
	case !strings.Contains(in.Query, "enablePullRequestAutoMerge"):
		fail("undefinedField", "Field doesn't exist on type 'Mutation'")
	case p == nil:
		fail("NOT_FOUND", "Could not resolve to a node with the global id of '"+path.Base(in.Variables["id"])+"'")
	case x.rights.PullRequests < Write || x.rights.Contents < Write:
		fail("FORBIDDEN", "Resource not accessible by integration")
	case !r.AutoMerge:
		fail("UNPROCESSABLE", "Auto merge is not allowed for this repository")
	case in.Variables["method"] == "MERGE" && r.NoMergeCommit:
		fail("UNPROCESSABLE", "Merge method merge commits are not allowed on this repository")
	default:
		p.AutoMerge = strings.ToLower(in.Variables["method"])
		reply(w, 200,
			object{"data": object{"enablePullRequestAutoMerge": object{"pullRequest": object{"number": p.Number}}}})
	}
}

func (s *Server) pullByNode(x *exchange, id string) (*Repo, *Pull) {
	for _, r := range s.repos {
		for _, p := range r.pulls {
			if x.pullNode(r, p) == id {
				return r, p
			}
		}
	}
	return nil, nil
}
