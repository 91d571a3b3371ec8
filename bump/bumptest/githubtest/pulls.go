package githubtest

import (
	"slices"
	"strings"
	"time"
)

// Pull is a pull request.
type Pull struct {
	Number        int
	Title, Body   string
	State         string // open or closed
	Draft         bool
	Merged        bool
	Locked        bool   // only people who can push may comment
	Head          string // branch
	HeadRepo      *Repo  // nil when the fork is gone
	HeadSHA       string
	Base          string // branch
	User          string
	Labels        []string
	Assignees     []string
	Reviewers     []string
	TeamReviewers []string
	Comments      []Comment
	AutoMerge     string // merge method, "" when off
	Created       time.Time
	Updates       int // changes of title, body or state by the API

	hidden int // listings that do not show it yet
	forced bool
}

// Comment is a comment on a pull request.
type Comment struct {
	ID         int64
	User, Body string
}

// Pulls returns the pull requests, oldest first.
func (r *Repo) Pulls() []Pull {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	var pulls []Pull
	for _, p := range r.pulls {
		c := *p
		c.Labels, c.Assignees, c.Comments = slices.Clone(p.Labels), slices.Clone(p.Assignees), slices.Clone(p.Comments)
		pulls = append(pulls, c)
	}
	return pulls
}

// Open returns the open pull requests.
func (r *Repo) Open() []Pull {
	return slices.DeleteFunc(r.Pulls(), func(p Pull) bool { return p.State != "open" })
}

// Pull returns one pull request; the zero value when there is none.
func (r *Repo) Pull(number int) Pull {
	for _, p := range r.Pulls() {
		if p.Number == number {
			return p
		}
	}
	return Pull{}
}

// AddPull opens a pull request as a person does. HeadRepo nil is this repository; State "" is open.
func (r *Repo) AddPull(p Pull) int {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if p.HeadRepo == nil {
		p.HeadRepo = r
	}
	if p.User == "" {
		p.User = "mona"
	}
	if p.Base == "" {
		p.Base = r.DefaultBranch
	}
	return r.addPull(p).Number
}

func (r *Repo) addPull(p Pull) *Pull {
	p.Number = len(r.pulls) + 1
	if p.State == "" {
		p.State = "open"
	}
	p.HeadSHA = p.HeadRepo.refs["refs/heads/"+p.Head]
	p.Created = r.server.now()
	r.pulls = append(r.pulls, &p)
	return &p
}

// ChangePull lets a person change a pull request: its title, state, labels and so on.
func (r *Repo) ChangePull(number int, change func(*Pull)) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	change(r.pulls[number-1])
}

// Merge merges a pull request as a person does, with a merge commit or squashed, and leaves its branch.
func (r *Repo) Merge(number int, squash bool) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	p := r.pulls[number-1]
	head := r.readCommit(p.HeadSHA)
	base := "refs/heads/" + p.Base
	who := person{"Mona Lisa", "mona@example.com", r.server.now()}
	c := gitCommit{
		tree: head.tree, parents: []string{r.refs[base]}, author: who, committer: who,
		message: p.Title + "\n",
	}
	if !squash {
		c.parents = append(c.parents, p.HeadSHA)
	}
	p.State, p.Merged = "closed", true
	r.setRef(base, r.putCommit(c))
}

// follow does to the pull requests what GitHub does when a ref changed.
func (r *Repo) follow(ref string) {
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok {
		return
	}
	for _, p := range r.pulls {
		head, base := r.refs["refs/heads/"+p.Head], r.refs["refs/heads/"+p.Base]
		switch {
		case p.HeadRepo != r || p.Head != branch && p.Base != branch:
		case p.State == "closed":
			p.forced = p.forced || p.Head == branch
		case p.Head == branch && head == "", p.Head == branch && r.history(base)[head]:
			p.State = "closed"
		case p.Head == branch:
			p.HeadSHA = head
		case r.history(base)[p.HeadSHA]:
			p.State, p.Merged = "closed", true
		}
	}
}
