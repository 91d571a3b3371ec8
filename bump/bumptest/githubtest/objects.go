package githubtest

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// gitObject is one object of a repository, as git stores it without its header.
type gitObject struct {
	kind string // blob, tree, commit or tag
	data []byte
}

// Entry is one file of a commit.
type Entry struct {
	Path string
	Mode string // 100644, 100755 or 120000; "" is 100644
	Data string // for a symbolic link its target
}

// treeEntry is one line of a tree object.
type treeEntry struct {
	mode, name, sha string
}

// person is who a commit is from.
type person struct {
	name, email string
	when        time.Time
}

func (p person) line() string {
	return fmt.Sprintf("%s <%s> %d +0000", p.name, p.email, p.when.Unix())
}

func (r *Repo) put(kind string, data []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	sha := hex.EncodeToString(h.Sum(nil))
	r.objects[sha] = gitObject{kind, bytes.Clone(data)}
	return sha
}

func (r *Repo) has(kind, sha string) bool { return r.objects[sha].kind == kind && sha != "" }

// readTree returns the entries of a tree; none for an unknown one.
func (r *Repo) readTree(sha string) []treeEntry {
	data := r.objects[sha].data
	var entries []treeEntry
	for len(data) > 0 {
		head, rest, _ := bytes.Cut(data, []byte{0})
		mode, name, _ := strings.Cut(string(head), " ")
		entries = append(entries, treeEntry{mode, name, hex.EncodeToString(rest[:20])})
		data = rest[20:]
	}
	return entries
}

// writeTree stores entries in git's order: a folder sorts as if its name ended in a slash.
func (r *Repo) writeTree(entries []treeEntry) string {
	key := func(e treeEntry) string {
		if e.mode == "40000" {
			return e.name + "/"
		}
		return e.name
	}
	sort.Slice(entries, func(i, j int) bool { return key(entries[i]) < key(entries[j]) })
	var data []byte
	for _, e := range entries {
		raw, err := hex.DecodeString(e.sha)
		if err != nil || len(raw) != 20 {
			panic("githubtest: bad object name " + e.sha)
		}
		data = append(data, e.mode+" "+e.name+"\x00"...)
		data = append(data, raw...)
	}
	return r.put("tree", data)
}

var errMissingFile = errors.New("no such file to delete")

// graft replaces one file of a tree and returns the new tree; an empty sha deletes the file.
func (r *Repo) graft(tree, path, mode, sha string) (string, error) {
	name, rest, deeper := strings.Cut(path, "/")
	entries := r.readTree(tree)
	at := slices.IndexFunc(entries, func(e treeEntry) bool { return e.name == name })
	old := treeEntry{name: name}
	if at >= 0 {
		old = entries[at]
		entries = slices.Delete(entries, at, at+1)
	}
	switch {
	case deeper:
		below := ""
		if old.mode == "40000" {
			below = old.sha
		}
		child, err := r.graft(below, rest, mode, sha)
		if err != nil {
			return "", err
		}
		if len(r.readTree(child)) > 0 {
			entries = append(entries, treeEntry{"40000", name, child})
		}
	case sha != "":
		entries = append(entries, treeEntry{strings.TrimLeft(mode, "0"), name, sha})
	case at < 0:
		return "", errMissingFile
	}
	return r.writeTree(entries), nil
}

// lookup finds the entry at a path below a tree.
func (r *Repo) lookup(tree, path string) (treeEntry, bool) {
	name, rest, deeper := strings.Cut(path, "/")
	for _, e := range r.readTree(tree) {
		if e.name == name && !deeper {
			return e, true
		}
		if e.name == name && e.mode == "40000" {
			return r.lookup(e.sha, rest)
		}
	}
	return treeEntry{}, false
}

// gitCommit is a commit object taken apart.
type gitCommit struct {
	tree              string
	parents           []string
	author, committer person
	message           string
}

func (r *Repo) putCommit(c gitCommit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, parent := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", parent)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", c.author.line(), c.committer.line(), c.message)
	return r.put("commit", []byte(b.String()))
}

func (r *Repo) readCommit(sha string) gitCommit {
	head, message, _ := strings.Cut(string(r.objects[sha].data), "\n\n")
	c := gitCommit{message: message}
	for _, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parsePerson(value)
		case "committer":
			c.committer = parsePerson(value)
		}
	}
	return c
}

func parsePerson(line string) person {
	name, rest, _ := strings.Cut(line, " <")
	email, rest, _ := strings.Cut(rest, "> ")
	var seconds int64
	_, _ = fmt.Sscan(rest, &seconds) // ours, or git's own
	return person{name, email, time.Unix(seconds, 0).UTC()}
}

// history returns a commit and all its ancestors.
func (r *Repo) history(sha string) map[string]bool {
	seen := map[string]bool{}
	for todo := []string{sha}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if next == "" || seen[next] || !r.has("commit", next) {
			continue
		}
		seen[next] = true
		todo = append(todo, r.readCommit(next).parents...)
	}
	return seen
}

// ahead lists the commits of head that base does not have, oldest first along first parents.
func (r *Repo) ahead(base, head string) []string {
	have := r.history(base)
	var commits []string
	for sha := head; sha != "" && !have[sha]; {
		commits = append(commits, sha)
		parents := r.readCommit(sha).parents
		sha = ""
		if len(parents) > 0 {
			sha = parents[0]
		}
	}
	slices.Reverse(commits)
	return commits
}

// WriteGit writes the repository to dir as a bare git repository.
func (r *Repo) WriteGit(dir string) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	files := map[string][]byte{
		"HEAD":   []byte("ref: refs/heads/" + r.DefaultBranch + "\n"),
		"config": []byte("[core]\n\trepositoryformatversion = 0\n\tbare = true\n"),
	}
	for sha, o := range r.objects {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		fmt.Fprintf(z, "%s %d\x00", o.kind, len(o.data))
		if _, err := z.Write(o.data); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		files["objects/"+sha[:2]+"/"+sha[2:]] = b.Bytes()
	}
	for ref, sha := range r.refs {
		files[ref] = []byte(sha + "\n")
	}
	for name, data := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "refs"), 0o777)
}

// AddRepoFromGit adds a repository with all objects and refs of the git repository at dir.
// HEAD names the default branch.
func (s *Server) AddRepoFromGit(owner, name, dir string) (*Repo, error) {
	git := func(args ...string) ([]byte, error) {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Stderr = os.Stderr
		return cmd.Output()
	}
	refs, err := git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
	if err != nil {
		return nil, fmt.Errorf("listing refs of %s: %w", dir, err)
	}
	head, err := git("symbolic-ref", "--short", "HEAD")
	if err != nil {
		return nil, fmt.Errorf("reading HEAD of %s: %w", dir, err)
	}
	all, err := git("cat-file", "--batch-all-objects", "--batch")
	if err != nil {
		return nil, fmt.Errorf("reading objects of %s: %w", dir, err)
	}
	r := s.newRepo(owner, name)
	r.DefaultBranch = strings.TrimSpace(string(head))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.readBatch(all); err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(refs)), "\n") {
		if sha, ref, ok := strings.Cut(line, " "); ok {
			r.refs[ref] = sha
		}
	}
	return r, nil
}

// readBatch takes in what git cat-file --batch printed.
func (r *Repo) readBatch(all []byte) error {
	in := bufio.NewReader(bytes.NewReader(all))
	for {
		var sha, kind string
		var size int
		header, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if _, err := fmt.Sscan(header, &sha, &kind, &size); err != nil {
			return fmt.Errorf("reading %q: %w", header, err)
		}
		data := make([]byte, size+1) // and a line feed
		if _, err := io.ReadFull(in, data); err != nil {
			return fmt.Errorf("reading object %s: %w", sha, err)
		}
		r.put(kind, data[:size])
	}
}
