package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	gh "github.com/google/go-github/v66/github"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Release is a release of a repository, as hostile as its author made it.
type Release struct {
	Tag         string    `json:"tag_name"`
	Name        string    `json:"name"`
	Body        string    `json:"body"` // Markdown
	URL         string    `json:"html_url"`
	Draft       bool      `json:"draft"`
	Prerelease  bool      `json:"prerelease"`
	PublishedAt time.Time `json:"published_at"` // zero when GitHub names none, as for a draft
	Assets      []Asset   `json:"assets"`
}

// UpdatedAt returns when the release got the content that it has: the latest of its publication and of the
// uploads of its assets, zero when GitHub names no date. A release can be published first and get its final
// assets later, as ollama's are; the date of its last edit would also count changes of the notes.
func (r Release) UpdatedAt() time.Time {
	latest := r.PublishedAt
	for _, a := range r.Assets {
		if a.UpdatedAt.After(latest) {
			latest = a.UpdatedAt
		}
	}
	return latest
}

// Asset is a file attached to a release.
type Asset struct {
	Name      string    `json:"name"`
	URL       string    `json:"browser_download_url"`
	Size      int64     `json:"size"`       // bytes
	Digest    string    `json:"digest"`     // "sha256:…", "" for old ones
	State     string    `json:"state"`      // "uploaded" when it is complete
	UpdatedAt time.Time `json:"updated_at"` // of the upload; zero when GitHub names none
}

// Releases hands the releases to yield, a page of up to 100 at a time, in GitHub's order, which is not
// that of the versions, until there are no more or yield wants none. A repository that does not exist
// is a *NotFound.
func (c *Client) Releases(ctx context.Context, owner, repo string,
	yield func(page []Release) (more bool, err error),
) error {
	if err := checkName(owner, repo); err != nil {
		return err
	}
	var pages paging
	for page := 1; ; {
		var releases []Release
		resp, err := c.get(ctx, fmt.Sprintf("repos/%s/%s/releases?per_page=100&page=%d", owner, repo, page), &releases)
		if err != nil {
			return fmt.Errorf("list releases of %s/%s: %w", owner, repo, err)
		}
		more, err := yield(releases)
		if err != nil || !more {
			return err
		}
		more, err = pages.nextPage(len(releases), resp.NextPage)
		if err != nil {
			return fmt.Errorf("list releases of %s/%s: %w", owner, repo, err)
		}
		if !more {
			return nil
		}
		page = resp.NextPage
	}
}

// ReleaseByTag returns the release of a tag, a *NotFound when there is none. Drafts have no tag yet.
func (c *Client) ReleaseByTag(ctx context.Context, owner, repo, tag string) (Release, error) {
	if err := checkName(owner, repo); err != nil {
		return Release{}, err
	}
	var release Release
	_, err := c.get(ctx, fmt.Sprintf("repos/%s/%s/releases/tags/%s", owner, repo, url.PathEscape(tag)), &release)
	switch {
	case isNotFound(err):
		return Release{}, &NotFound{
			What:  fmt.Sprintf("release %s of %s/%s", oneLine(tag, 80), owner, repo),
			Token: c.transport.token != "", Err: err,
		}
	case err != nil:
		return Release{}, fmt.Errorf("read release %s of %s/%s: %w", oneLine(tag, 80), owner, repo, err)
	case release.Tag != tag:
		return Release{}, fmt.Errorf("read release %s of %s/%s: the answer is about %q", tag, owner, repo,
			oneLine(release.Tag, 80))
	}
	return release, nil
}

// TagCommit returns the commit that a tag points to, through the object of an annotated tag. A tag that
// does not exist is a *NotFound.
func (c *Client) TagCommit(ctx context.Context, owner, repo, tag string) (string, error) {
	if err := checkName(owner, repo); err != nil {
		return "", err
	}
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("read tag %s of %s/%s: %w", oneLine(tag, 80), owner, repo, err)
	}
	ref, err := unwrap(c.api.Git.GetRef(ctx, owner, repo, "tags/"+tag))
	switch {
	case isNotFound(err):
		return "", &NotFound{
			What:  fmt.Sprintf("tag %s of %s/%s", oneLine(tag, 80), owner, repo),
			Token: c.transport.token != "", Err: err,
		}
	case err != nil:
		return fail(err)
	}
	object := ref.GetObject()
	for range maxHops { // a tag may tag a tag
		if object.GetType() != "tag" {
			break
		}
		t, err := unwrap(c.api.Git.GetTag(ctx, owner, repo, object.GetSHA()))
		if err != nil {
			return fail(err)
		}
		object = t.GetObject()
	}
	switch {
	case object.GetType() != "commit":
		return fail(fmt.Errorf("it is a %q, not a commit", oneLine(object.GetType(), 20)))
	case !version.IsObjectID(object.GetSHA()):
		return fail(fmt.Errorf("not a commit id: %q", oneLine(object.GetSHA(), 60)))
	}
	return object.GetSHA(), nil // it ends up in code that Nix evaluates, so nothing else may pass
}

// get reads what go-github has no fitting type for. The response names the next page.
func (c *Client) get(ctx context.Context, path string, v any) (*gh.Response, error) {
	req, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	resp, err := c.api.Do(ctx, req, v)
	return resp, unwrapError(err)
}
