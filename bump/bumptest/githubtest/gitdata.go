package githubtest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// refused answers for a branch that a rule protects.
func (r *Repo) refused(w http.ResponseWriter, ref string) bool {
	for _, rule := range r.Rules {
		if ok, _ := path.Match(rule, strings.TrimPrefix(ref, "refs/heads/")); ok {
			problem(w, 422,
				"Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n")
			return true
		}
	}
	return false
}

func getRef(w http.ResponseWriter, x *exchange, r *Repo) {
	ref := "refs/" + x.PathValue("ref")
	if len(r.objects) == 0 {
		problem(w, 409, "Git Repository is empty.")
		return
	}
	sha := r.seen(ref)
	if sha == "" {
		notFound(w)
		return
	}
	reply(w, 200, x.ref(r, ref, sha))
}

func matchingRefs(w http.ResponseWriter, x *exchange, r *Repo) {
	var found []string
	for ref := range r.refs {
		if strings.HasPrefix(ref, "refs/"+x.PathValue("ref")) {
			found = append(found, ref)
		}
	}
	slices.Sort(found)
	reply(w, 200, mapped(found, func(ref string) object { return x.ref(r, ref, r.refs[ref]) }))
}

func createRef(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct{ Ref, SHA string }
	if !x.decode(w, &in) {
		return
	}
	switch {
	case len(r.objects) == 0:
		problem(w, 409, "Git Repository is empty.")
	case r.refs[in.Ref] != "":
		problem(w, 422, "Reference already exists")
	case !r.has("commit", in.SHA) && !r.has("tag", in.SHA):
		problem(w, 422, "Object does not exist")
	case r.refused(w, in.Ref):
	case r.clashes(in.Ref):
		problem(w, 422, "Reference update failed")
	default:
		r.setRef(in.Ref, in.SHA)
		w.Header().Set("Location", x.address(r)+"/git/"+in.Ref)
		reply(w, 201, x.ref(r, in.Ref, in.SHA))
	}
}

// clashes reports whether another ref is a folder of this one, or this one of another.
func (r *Repo) clashes(ref string) bool {
	for other := range r.refs {
		if strings.HasPrefix(other, ref+"/") || strings.HasPrefix(ref, other+"/") {
			return true
		}
	}
	return false
}

func updateRef(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct {
		SHA   string
		Force bool
	}
	if !x.decode(w, &in) {
		return
	}
	ref := "refs/" + x.PathValue("ref")
	old := r.refs[ref]
	switch {
	case old == "":
		problem(w, 422, "Reference does not exist")
	case !r.has("commit", in.SHA):
		problem(w, 422, "Object does not exist")
	case r.refused(w, ref):
	case !in.Force && !r.history(in.SHA)[old]:
		problem(w, 422, "Update is not a fast forward")
	default:
		r.setRef(ref, in.SHA)
		reply(w, 200, x.ref(r, ref, in.SHA))
	}
}

func deleteRef(w http.ResponseWriter, x *exchange, r *Repo) {
	ref := "refs/" + x.PathValue("ref")
	if r.refs[ref] == "" {
		problem(w, 422, "Reference does not exist")
		return
	}
	if !r.refused(w, ref) {
		r.setRef(ref, "")
		reply(w, 204, nil)
	}
}

func createBlob(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct{ Content, Encoding string }
	if !x.decode(w, &in) {
		return
	}
	if len(r.objects) == 0 {
		problem(w, 409, "Git Repository is empty.")
		return
	}
	data := []byte(in.Content)
	if in.Encoding == "base64" {
		var err error
		if data, err = base64.StdEncoding.DecodeString(in.Content); err != nil {
			problem(w, 422, "content is not valid Base64")
			return
		}
	}
	sha := r.put("blob", data)
	w.Header().Set("Location", x.address(r)+"/git/blobs/"+sha)
	reply(w, 201, object{"sha": sha, "url": x.address(r) + "/git/blobs/" + sha})
}

func getBlob(w http.ResponseWriter, x *exchange, r *Repo) {
	sha := x.PathValue("sha")
	if !r.has("blob", sha) {
		notFound(w)
		return
	}
	data := r.objects[sha].data
	reply(w, 200, object{
		"sha": sha, "node_id": nodeID("Blob", sha), "url": x.address(r) + "/git/blobs/" + sha, "size": len(data),
		"content": base64.StdEncoding.EncodeToString(data), "encoding": "base64",
	})
}

// treeInput is one entry of a tree to make; SHA is nil for null, which deletes.
type treeInput struct {
	Path, Mode, Type string
	SHA, Content     *string
}

func createTree(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct {
		BaseTree string `json:"base_tree"`
		Tree     []treeInput
	}
	if !x.decode(w, &in) {
		return
	}
	if in.BaseTree != "" && !r.has("tree", in.BaseTree) {
		notFound(w)
		return
	}
	if in.BaseTree == "" {
		in.BaseTree = r.writeTree(nil)
	}
	sha := in.BaseTree
	for _, e := range in.Tree {
		if sha = x.addEntry(w, r, sha, e); sha == "" {
			return
		}
	}
	r.freshTrees[sha] = r.server.lag
	w.Header().Set("Location", x.address(r)+"/git/trees/"+sha)
	reply(w, 201, x.tree(r, sha, false))
}

// addEntry grafts one entry, or answers why not and returns "".
func (x *exchange) addEntry(w http.ResponseWriter, r *Repo, tree string, e treeInput) string {
	blob := ""
	switch {
	case e.SHA != nil && e.Content != nil:
		problem(w, 422, "Must supply either tree.sha or tree.content, not both")
		return ""
	case !slices.Contains([]string{"100644", "100755", "120000"}, e.Mode):
		problem(w, 422, "Must supply a valid tree.mode")
		return ""
	case strings.HasPrefix(e.Path, ".github/workflows/") && !x.rights.Workflows:
		if x.rights.App {
			w.Header().Set("X-Accepted-GitHub-Permissions", "contents=write,workflows=write")
			problem(w, 403, "Resource not accessible by integration")
		} else {
			notFound(w)
		}
		return ""
	case e.Content != nil:
		blob = r.put("blob", []byte(*e.Content))
	case e.SHA != nil:
		if blob = *e.SHA; !r.has("blob", blob) {
			problem(w, 422, fmt.Sprintf("tree.sha %s is not a valid blob", blob))
			return ""
		}
	}
	sha, err := r.graft(tree, e.Path, e.Mode, blob)
	if err != nil {
		problem(w, 422, "GitRPC::BadObjectState")
		return ""
	}
	return sha
}

func getTree(w http.ResponseWriter, x *exchange, r *Repo) {
	sha := x.PathValue("sha")
	if r.has("commit", sha) {
		sha = r.readCommit(sha).tree
	}
	if !r.has("tree", sha) {
		notFound(w)
		return
	}
	reply(w, 200, x.tree(r, sha, x.URL.Query().Has("recursive")))
}

func createCommit(w http.ResponseWriter, x *exchange, r *Repo) {
	var in struct {
		Message, Tree     string
		Parents           []string
		Author, Committer *struct{ Name, Email string }
	}
	if !x.decode(w, &in) {
		return
	}
	if !r.has("tree", in.Tree) || r.freshTrees[in.Tree] > 0 {
		r.freshTrees[in.Tree]--
		problem(w, 422, "Tree SHA does not exist")
		return
	}
	for _, p := range in.Parents {
		if !r.has("commit", p) {
			problem(w, 422, "Parent SHA does not exist or is not a commit object")
			return
		}
	}
	now := r.server.now()
	c := gitCommit{tree: in.Tree, parents: in.Parents, message: in.Message}
	c.author = person{x.rights.User, x.rights.User + "@users.noreply.github.com", now}
	c.committer = c.author
	if x.rights.App {
		c.committer = person{"GitHub", "noreply@github.com", now} // GitHub signs it
	}
	if in.Author != nil {
		c.author = person{in.Author.Name, in.Author.Email, now}
		c.committer = c.author
	}
	sha := r.putCommit(c)
	w.Header().Set("Location", x.address(r)+"/git/commits/"+sha)
	reply(w, 201, x.gitCommit(r, sha))
}

func getCommit(w http.ResponseWriter, x *exchange, r *Repo) {
	sha := x.PathValue("sha")
	if !r.has("commit", sha) {
		notFound(w)
		return
	}
	reply(w, 200, x.gitCommit(r, sha))
}

func getTag(w http.ResponseWriter, x *exchange, r *Repo) {
	sha := x.PathValue("sha")
	if !r.has("tag", sha) {
		notFound(w)
		return
	}
	head, message, _ := strings.Cut(string(r.objects[sha].data), "\n\n")
	field := map[string]string{}
	for _, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		field[key] = value
	}
	who := parsePerson(field["tagger"])
	reply(w, 200, object{
		"sha": sha, "node_id": nodeID("Tag", sha), "url": x.address(r) + "/git/tags/" + sha, "tag": field["tag"],
		"message": message, "tagger": object{"name": who.name, "email": who.email, "date": stamp(who.when)},
		"object": object{"sha": field["object"], "type": field["type"], "url": x.address(r) + "/git/commits/" +
			field["object"]},
	})
}

// resolve finds the commit that a branch, tag or object name means.
func (r *Repo) resolve(name string) string {
	if name == "" {
		name = r.DefaultBranch
	}
	for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
		if sha := r.refs[prefix+name]; sha != "" {
			return sha
		}
	}
	if r.has("commit", name) {
		return name
	}
	return ""
}

func getContents(w http.ResponseWriter, x *exchange, r *Repo) {
	name := x.PathValue("path")
	e, ok := r.lookup(r.readCommit(r.resolve(x.URL.Query().Get("ref"))).tree, name)
	if !ok {
		notFound(w)
		return
	}
	address := x.address(r) + "/contents/" + name
	if e.mode == "40000" {
		reply(w, 200, mapped(r.readTree(e.sha), func(e treeEntry) object {
			return x.content(r, address+"/"+e.name,
				name+"/"+e.name, e)
		}))
		return
	}
	data := r.objects[e.sha].data
	if strings.Contains(x.Header.Get("Accept"), "raw") {
		w.Header().Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
		w.WriteHeader(200)
		_, _ = w.Write(data)
		return
	}
	o := x.content(r, address, name, e)
	o["encoding"], o["content"] = "base64", base64.StdEncoding.EncodeToString(data)
	reply(w, 200, o)
}

// content is what listings say of a file or folder.
func (x *exchange) content(r *Repo, address, name string, e treeEntry) object {
	kind, size := "file", len(r.objects[e.sha].data)
	if e.mode == "40000" {
		kind, size = "dir", 0
	}
	return object{
		"type": kind, "name": path.Base(name), "path": name, "sha": e.sha, "size": size, "url": address,
		"html_url": address, "git_url": x.address(r) + "/git/blobs/" + e.sha,
		"download_url": nil, "_links": object{"self": address, "git": address, "html": address},
	}
}

func compare(w http.ResponseWriter, x *exchange, r *Repo) {
	baseName, headName, _ := strings.Cut(x.PathValue("basehead"), "...")
	base, head := r.resolve(baseName), r.resolve(headName)
	if base == "" || head == "" {
		notFound(w)
		return
	}
	ahead, behind := r.ahead(base, head), r.ahead(head, base)
	fork := head
	if len(ahead) > 0 {
		fork = append(r.readCommit(ahead[0]).parents, base)[0]
	}
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	address := x.address(r) + "/compare/" + x.PathValue("basehead")
	reply(w, 200, object{
		"url": address, "html_url": address, "permalink_url": address, "diff_url": address + ".diff",
		"patch_url":   address + ".patch",
		"base_commit": x.commit(r, base), "merge_base_commit": x.commit(r, fork),
		"status": status, "ahead_by": len(ahead),
		"behind_by": len(behind), "total_commits": len(ahead), "commits": mapped(ahead,
			func(sha string) object { return x.commit(r, sha) }),
		"files": []object{},
	})
}
