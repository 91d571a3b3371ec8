package githubtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"
)

// stamp is how GitHub writes a time.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func nodeID(kind string, id any) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%v", kind, id))
}

func number(name string) int64 {
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	return int64(h.Sum32())
}

// urls adds the links that a thing of the API has: each name gets the address and its own end.
func urls(o object, address string, names ...string) object {
	for _, name := range names {
		o[name] = address + "/" + strings.TrimSuffix(name, "_url")
	}
	return o
}

func (x *exchange) user(login string) object {
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	address := x.base + "/users/" + url.PathEscape(login)
	o := object{
		"login": login, "id": number(login), "node_id": nodeID("User", login), "avatar_url": address + "/avatar",
		"gravatar_id": "", "url": address, "html_url": "https://github.com/" + login, "type": kind, "site_admin": false,
	}
	return urls(o, address, "followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url",
		"organizations_url", "repos_url", "events_url", "received_events_url")
}

func (x *exchange) address(r *Repo) string { return x.base + "/repos/" + r.Owner + "/" + r.Name }

func (x *exchange) repository(r *Repo) object {
	address, html := x.address(r), "https://github.com/"+r.Owner+"/"+r.Name
	day := stamp(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	open := len(slices.DeleteFunc(slices.Clone(r.pulls), func(p *Pull) bool { return p.State != "open" }))
	o := object{
		"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.Name, "full_name": r.Owner + "/" + r.Name,
		"owner": x.user(r.Owner), "private": r.Private, "html_url": html, "description": nil, "fork": false,
		"url": address, "clone_url": html + ".git", "git_url": "git:" + strings.TrimPrefix(html, "https:") + ".git",
		"ssh_url": "git@github.com:" + r.Owner + "/" + r.Name + ".git", "svn_url": html, "mirror_url": nil,
		"homepage": nil, "language": "Nix", "default_branch": r.DefaultBranch, "forks": 0, "forks_count": 0,
		"stargazers_count": 0, "watchers": 0, "watchers_count": 0, "size": 1, "open_issues": open,
		"open_issues_count": open, "network_count": 0, "subscribers_count": 0, "has_issues": true, "has_projects": true,
		"has_wiki": true, "has_pages": false, "has_discussions": false, "has_downloads": true, "archived": r.Archived,
		"disabled": false, "license": nil, "pushed_at": day, "created_at": day,
		"updated_at": day, "visibility": map[bool]string{true: "private", false: "public"}[r.Private],
	}
	if x.rights.User != "" {
		push := x.rights.Contents == Write && !x.rights.App
		o["permissions"] = object{"admin": false, "maintain": false, "push": push, "triage": push, "pull": true}
		o["allow_auto_merge"], o["allow_merge_commit"] = r.AutoMerge, !r.NoMergeCommit
		o["allow_squash_merge"], o["allow_rebase_merge"] = true, true
	}
	return urls(o, address,
		"archive_url", "assignees_url", "blobs_url", "branches_url", "collaborators_url", "comments_url",
		"commits_url", "compare_url", "contents_url", "contributors_url", "deployments_url", "downloads_url",
		"events_url", "forks_url", "git_commits_url", "git_refs_url", "git_tags_url", "hooks_url",
		"issue_comment_url", "issue_events_url", "issues_url", "keys_url", "labels_url", "languages_url",
		"merges_url", "milestones_url", "notifications_url", "pulls_url", "releases_url", "stargazers_url",
		"statuses_url", "subscribers_url", "subscription_url", "tags_url", "teams_url", "trees_url")
}

func (x *exchange) ref(r *Repo, ref, sha string) object {
	kind := r.objects[sha].kind
	return object{
		"ref": ref, "node_id": nodeID("Ref", ref), "url": x.address(r) + "/git/" + ref,
		"object": object{"sha": sha, "type": kind, "url": x.address(r) + "/git/" + kind + "s/" + sha},
	}
}

// tree shows a tree, with recursive everything below it, up to the repository's limit.
func (x *exchange) tree(r *Repo, sha string, recursive bool) object {
	entries := x.treeEntries(r, sha, "", recursive)
	truncated := r.TreeLimit > 0 && len(entries) > r.TreeLimit
	if truncated {
		entries = entries[:r.TreeLimit]
	}
	return object{"sha": sha, "url": x.address(r) + "/git/trees/" + sha, "tree": entries, "truncated": truncated}
}

func (x *exchange) treeEntries(r *Repo, sha, prefix string, recursive bool) []object {
	entries := []object{}
	for _, e := range r.readTree(sha) {
		kind := r.objects[e.sha].kind
		o := object{
			"path": prefix + e.name, "mode": fmt.Sprintf("%06s", e.mode), "type": kind,
			"sha": e.sha, "url": x.address(r) + "/git/" + kind + "s/" + e.sha,
		}
		if kind == "blob" {
			o["size"] = len(r.objects[e.sha].data)
		}
		entries = append(entries, o)
		if kind == "tree" && recursive {
			entries = append(entries, x.treeEntries(r, e.sha, prefix+e.name+"/", true)...)
		}
	}
	return entries
}

func (x *exchange) verification(c gitCommit) object {
	signed := c.committer.name == "GitHub"
	reason := map[bool]string{true: "valid", false: "unsigned"}[signed]
	return object{"verified": signed, "reason": reason, "signature": nil, "payload": nil, "verified_at": nil}
}

func (x *exchange) gitCommit(r *Repo, sha string) object {
	c := r.readCommit(sha)
	who := func(p person) object {
		return object{"name": p.name, "email": p.email, "date": stamp(p.when)}
	}
	html := "https://github.com/" + r.Owner + "/" + r.Name + "/commit/"
	parents := []object{}
	for _, p := range c.parents {
		parents = append(parents, object{"sha": p, "url": x.address(r) + "/git/commits/" + p, "html_url": html + p})
	}
	return object{
		"sha": sha, "node_id": nodeID("Commit", sha), "url": x.address(r) + "/git/commits/" + sha,
		"html_url": html + sha, "author": who(c.author), "committer": who(c.committer), "message": c.message,
		"parents": parents, "tree": object{"sha": c.tree, "url": x.address(r) + "/git/trees/" + c.tree},
		"verification": x.verification(c),
	}
}

// commit is the other way to show a commit, as listings and comparisons have it.
func (x *exchange) commit(r *Repo, sha string) object {
	o := x.gitCommit(r, sha)
	inner := object{"url": o["url"], "comment_count": 0}
	for _, key := range []string{"author", "committer", "message", "tree", "verification"} {
		inner[key] = o[key]
	}
	address := x.address(r) + "/commits/" + sha
	return object{
		"url": address, "sha": sha, "node_id": o["node_id"], "html_url": o["html_url"],
		"comments_url": address + "/comments", "commit": inner, "author": nil,
		"committer": nil, "parents": o["parents"],
	}
}

func (x *exchange) label(r *Repo, name string) object {
	return object{
		"id": number(name), "node_id": nodeID("Label", name), "url": x.address(r) + "/labels/" + url.PathEscape(name),
		"name": name, "description": "", "color": "ededed", "default": false,
	}
}

func mapped[T, U any](items []T, f func(T) U) []U {
	out := make([]U, 0, len(items))
	for _, item := range items {
		out = append(out, f(item))
	}
	return out
}

// branch is one side of a pull request; its repository may be gone.
func (x *exchange) branch(r *Repo, name, sha string) object {
	if r == nil {
		return object{"label": "unknown:" + name, "ref": name, "sha": sha, "repo": nil, "user": nil}
	}
	return object{
		"label": r.Owner + ":" + name, "ref": name, "sha": sha, "repo": x.repository(r),
		"user": x.user(r.Owner),
	}
}

// pullSimple is a pull request as listings show it.
func (x *exchange) pullSimple(r *Repo, p *Pull) object {
	address := fmt.Sprintf("%s/pulls/%d", x.address(r), p.Number)
	issue := fmt.Sprintf("%s/issues/%d", x.address(r), p.Number)
	html := fmt.Sprintf("https://github.com/%s/%s/pull/%d", r.Owner, r.Name, p.Number)
	links := object{}
	for _, name := range []string{
		"self", "html", "issue", "comments", "review_comments", "review_comment", "commits",
		"statuses",
	} {
		links[name] = object{"href": address + "/" + name}
	}
	day := stamp(p.Created)
	o := object{
		"id": 5000 + int64(p.Number), "node_id": x.pullNode(r, p), "number": p.Number, "state": p.State,
		"locked": p.Locked, "title": p.Title, "user": x.user(p.User), "body": p.Body,
		"labels": mapped(p.Labels, func(l string) object { return x.label(r, l) }), "milestone": nil, "assignee": nil,
		"assignees": mapped(p.Assignees, x.user), "requested_reviewers": mapped(p.Reviewers, x.user),
		"requested_teams": []object{}, "draft": p.Draft, "created_at": day, "updated_at": day, "closed_at": nil,
		"merged_at": nil, "merge_commit_sha": nil, "author_association": "CONTRIBUTOR", "auto_merge": nil,
		"url": address, "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "issue_url": issue,
		"comments_url": issue + "/comments", "_links": links,
		"head": x.branch(p.HeadRepo, p.Head, p.HeadSHA), "base": x.branch(r, p.Base, r.refs["refs/heads/"+p.Base]),
	}
	if p.State == "closed" {
		o["closed_at"] = day
	}
	if p.Merged {
		o["merged_at"], o["merge_commit_sha"] = day, r.refs["refs/heads/"+p.Base]
	}
	if p.AutoMerge != "" {
		o["auto_merge"] = object{
			"enabled_by": x.user(p.User), "merge_method": p.AutoMerge, "commit_title": "", "commit_message": "",
		}
	}
	return urls(o, address, "commits_url", "review_comments_url", "review_comment_url", "statuses_url")
}

func (x *exchange) pullNode(r *Repo, p *Pull) string {
	return nodeID("PullRequest", fmt.Sprintf("%d/%d", r.ID, p.Number))
}

// pull is a pull request as it is shown alone.
func (x *exchange) pull(r *Repo, p *Pull) object {
	o := x.pullSimple(r, p)
	for key, value := range (object{
		"merged": p.Merged, "mergeable": true, "rebaseable": true, "mergeable_state": "clean", "merged_by": nil,
		"comments": len(p.Comments), "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 1,
		"deletions": 1, "changed_files": 1,
	}) {
		o[key] = value
	}
	return o
}

func (x *exchange) comment(r *Repo, p *Pull, c Comment) object {
	address := fmt.Sprintf("%s/issues/comments/%d", x.address(r), c.ID)
	return object{
		"id": c.ID, "node_id": nodeID("IssueComment", c.ID), "url": address,
		"html_url":  fmt.Sprintf("https://github.com/%s/%s/pull/%d#issuecomment-%d", r.Owner, r.Name, p.Number, c.ID),
		"issue_url": fmt.Sprintf("%s/issues/%d", x.address(r), p.Number), "user": x.user(c.User), "body": c.Body,
		"author_association": "NONE", "created_at": stamp(p.Created), "updated_at": stamp(p.Created),
	}
}

func (x *exchange) release(r *Repo, at int) object {
	rel := r.releases[at]
	id := 9000 + int64(at)
	address := fmt.Sprintf("%s/releases/%d", x.address(r), id)
	html := "https://github.com/" + r.Owner + "/" + r.Name
	var published any
	if !rel.Draft && !rel.NoDate {
		published = stamp(rel.PublishedAt)
	}
	return object{
		"id": id, "node_id": nodeID("Release", id), "url": address, "html_url": html + "/releases/tag/" + rel.Tag,
		"assets_url": address + "/assets", "upload_url": address + "/assets{?name,label}",
		"tarball_url": x.address(r) + "/tarball/" + rel.Tag, "zipball_url": x.address(r) + "/zipball/" + rel.Tag,
		"tag_name": rel.Tag, "target_commitish": r.DefaultBranch, "name": rel.Name, "body": rel.Body,
		"draft": rel.Draft, "prerelease": rel.Prerelease, "immutable": false, "created_at": stamp(rel.PublishedAt),
		"published_at": published, "author": x.user("github-actions[bot]"),
		"assets": mapped(rel.Assets, func(a Asset) object { return x.asset(r, rel, a) }),
	}
}

func (x *exchange) asset(r *Repo, rel Release, a Asset) object {
	address := a.URL
	if address == "" {
		address = "https://github.com/" + r.Owner + "/" + r.Name + "/releases/download/" + rel.Tag + "/" + a.Name
	}
	var digest any
	if a.Digest != "" {
		digest = a.Digest
	}
	id := number(rel.Tag + "/" + a.Name)
	day, updated := stamp(rel.PublishedAt), stamp(rel.PublishedAt)
	if !a.UpdatedAt.IsZero() {
		updated = stamp(a.UpdatedAt)
	}
	return object{
		"id": id, "node_id": nodeID("ReleaseAsset", id), "url": fmt.Sprintf("%s/releases/assets/%d", x.address(r), id),
		"browser_download_url": address, "name": a.Name, "label": nil, "content_type": "application/octet-stream",
		"size": a.Size, "digest": digest, "state": cmp.Or(a.State, "uploaded"), "download_count": 0,
		"uploader": x.user("github-actions[bot]"), "created_at": day, "updated_at": updated,
	}
}
