package githubtest

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Repo is one repository. The fields may be set before requests come in; the rest is read and changed
// through methods.
type Repo struct {
	ID            int64
	Owner, Name   string
	DefaultBranch string
	Private       bool
	Archived      bool
	AutoMerge     bool     // "Allow auto-merge"
	NoMergeCommit bool     // merge commits are off; squashing stays on
	NoDrafts      bool     // a plan without draft pull requests
	Collaborators []string // who can be asked for a review or be assigned
	TreeLimit     int      // entries after which a tree is cut off; 0 is none
	Rules         []string // branches, as path.Match patterns, that nobody may write

	server     *Server
	objects    map[string]gitObject
	refs       map[string]string // refs/heads/main → object name
	pulls      []*Pull
	labels     []string
	releases   []Release
	formerly   []string       // OWNER/NAME before it was renamed
	lagging    map[string]int // ref → reads that still see what was there before
	before     map[string]string
	freshTrees map[string]int
}

// Release is a release of a repository.
type Release struct {
	Tag, Name, Body   string
	Draft, Prerelease bool
	PublishedAt       time.Time // zero is a day of January 2026
	NoDate            bool      // published_at is null, as it can be on GitHub
	Assets            []Asset
	Commit            string // that the tag points to; "" is the default branch's head
}

// Asset is a file attached to a release.
type Asset struct {
	Name   string
	Size   int64
	Digest string // sha256:…, may be empty
	URL    string // where it is downloaded; "" is GitHub's
	State  string // "" is uploaded; starter while it is still being sent

	UpdatedAt time.Time // when it was uploaded last; zero is when the release was published
}

// AddRepo adds a repository whose default branch main has one commit with files, path to content.
// Without files it is empty, as GitHub makes them.
func (s *Server) AddRepo(owner, name string, files map[string]string) *Repo {
	r := s.newRepo(owner, name)
	if len(files) > 0 {
		r.Push("main", "initial commit", files)
	}
	return r
}

func (s *Server) newRepo(owner, name string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	r := &Repo{
		ID: 1000 + s.ids, Owner: owner, Name: name, DefaultBranch: "main", server: s,
		objects: map[string]gitObject{}, refs: map[string]string{}, lagging: map[string]int{},
		before:     map[string]string{},
		freshTrees: map[string]int{}, Collaborators: []string{owner, "octo-maintainer"},
	}
	s.repos = append(s.repos, r)
	return r
}

// AddRelease adds a release, newest last, and its tag. A repository that does not exist is made.
func (s *Server) AddRelease(owner, name string, release Release) {
	r := s.Repo(owner, name)
	if r == nil {
		r = s.AddRepo(owner, name, map[string]string{"README.md": "# " + name + "\n"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if release.Commit == "" {
		release.Commit = r.refs["refs/heads/"+r.DefaultBranch]
	}
	if release.PublishedAt.IsZero() {
		release.PublishedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, len(r.releases))
	}
	if !release.Draft && r.refs["refs/tags/"+release.Tag] == "" {
		r.refs["refs/tags/"+release.Tag] = release.Commit
	}
	r.releases = append(r.releases, release)
}

// Repo finds a repository by its present name; nil when there is none.
func (s *Server) Repo(owner, name string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, _ := s.find(owner, name)
	return r
}

// find also looks for former names; moved reports whether it was one.
func (s *Server) find(owner, name string) (r *Repo, moved bool) {
	for _, r := range s.repos {
		if strings.EqualFold(r.Owner, owner) && strings.EqualFold(r.Name, name) {
			return r, false
		}
	}
	for _, r := range s.repos {
		if slices.Contains(r.formerly, strings.ToLower(owner+"/"+name)) {
			return r, true
		}
	}
	return nil, false
}

// Rename gives the repository another name; the old one redirects.
func (r *Repo) Rename(owner, name string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.formerly = append(r.formerly, strings.ToLower(r.Owner+"/"+r.Name))
	r.Owner, r.Name = owner, name
}

// Push makes a commit on a branch as a person does, on top of what is there, and returns its name.
// files maps paths to contents; what they do not name stays.
func (r *Repo) Push(branch, message string, files map[string]string) string {
	var entries []Entry
	for path, data := range files {
		entries = append(entries, Entry{Path: path, Data: data})
	}
	return r.PushEntries(branch, message, entries)
}

// PushEntries is Push with file modes.
func (r *Repo) PushEntries(branch, message string, entries []Entry) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	ref := "refs/heads/" + branch
	parent := r.refs[ref]
	tree := r.writeTree(r.readTree(r.readCommit(parent).tree))
	for _, e := range entries {
		if e.Mode == "" {
			e.Mode = "100644"
		}
		var err error
		if tree, err = r.graft(tree, e.Path, e.Mode, r.put("blob", []byte(e.Data))); err != nil {
			panic(err) // only deletions fail
		}
	}
	who := person{"Mona Lisa", "mona@example.com", r.server.now()}
	c := gitCommit{tree: tree, author: who, committer: who, message: message + "\n"}
	if parent != "" {
		c.parents = []string{parent}
	}
	sha := r.putCommit(c)
	r.setRef(ref, sha)
	return sha
}

// SetBranch points a branch at a commit, as a force push does; "" deletes it.
func (r *Repo) SetBranch(branch, sha string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.setRef("refs/heads/"+branch, sha)
}

// Tag makes a tag; annotated ones have an object of their own.
func (r *Repo) Tag(name, commit string, annotated bool) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if annotated {
		who := person{"Mona Lisa", "mona@example.com", r.server.now()}
		commit = r.put("tag", fmt.Appendf(nil, "object %s\ntype commit\ntag %s\ntagger %s\n\n%s\n", commit, name,
			who.line(), name))
	}
	r.refs["refs/tags/"+name] = commit
}

// Branches returns the branches and their commits.
func (r *Repo) Branches() map[string]string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	branches := map[string]string{}
	for ref, sha := range r.refs {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			branches[name] = sha
		}
	}
	return branches
}

// Head returns the commit of a branch, "" without the branch.
func (r *Repo) Head(branch string) string { return r.Branches()[branch] }

// Commit is a commit as tests look at it.
type Commit struct {
	SHA       string
	Tree      string
	Parents   []string
	Message   string
	Author    string // name
	Committer string // name
}

// Commit returns a commit.
func (r *Repo) Commit(sha string) Commit {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c := r.readCommit(sha)
	return Commit{
		SHA: sha, Tree: c.tree, Parents: c.parents, Message: c.message, Author: c.author.name,
		Committer: c.committer.name,
	}
}

// Files returns everything in a branch's commit, or in the commit of that name, by path.
func (r *Repo) Files(branch string) []Entry {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	sha := r.refs["refs/heads/"+branch]
	if sha == "" {
		sha = branch
	}
	entries := r.walk(r.readCommit(sha).tree, "")
	sort.Slice(entries, func(i, j int) bool { return entries[i].Path < entries[j].Path })
	return entries
}

// File returns one file's content in a branch's commit, "" without it.
func (r *Repo) File(branch, path string) string {
	for _, e := range r.Files(branch) {
		if e.Path == path {
			return e.Data
		}
	}
	return ""
}

func (r *Repo) walk(tree, prefix string) []Entry {
	var entries []Entry
	for _, e := range r.readTree(tree) {
		if e.mode == "40000" {
			entries = append(entries, r.walk(e.sha, prefix+e.name+"/")...)
			continue
		}
		entries = append(entries, Entry{Path: prefix + e.name, Mode: e.mode, Data: string(r.objects[e.sha].data)})
	}
	return entries
}

// setRef moves, makes or deletes a ref and lets the pull requests follow.
func (r *Repo) setRef(ref, sha string) {
	r.before[ref], r.lagging[ref] = r.refs[ref], r.server.lag
	if sha == "" {
		delete(r.refs, ref)
		r.lagging[ref] = 0
	} else {
		r.refs[ref] = sha
	}
	r.follow(ref)
}

// seen is a ref as a read finds it, which may lag behind.
func (r *Repo) seen(ref string) string {
	if r.lagging[ref] > 0 {
		r.lagging[ref]--
		return r.before[ref]
	}
	return r.refs[ref]
}
