package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// rawMedia asks for a file's bytes instead of JSON about it.
const rawMedia = "application/vnd.github.raw+json"

// maxContents is the size in bytes up to which Contents returns a file; GitHub's own limit for other forms
// of the same request.
const maxContents = 1 << 20

// Contents returns the content of a file at a commit, tag or branch. A file, ref or repository that does
// not exist is a *NotFound. A folder, an empty file and one of more than maxContents bytes are errors.
func (c *Client) Contents(ctx context.Context, owner, repo, ref, path string) ([]byte, error) {
	if err := checkName(owner, repo); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%s at %s of %s/%s", oneLine(path, 200), oneLine(ref, 80), owner, repo)
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return nil, fmt.Errorf("read %s: not a path from the repository's root", what)
		}
		parts[i] = url.PathEscape(part)
	}
	address := fmt.Sprintf("repos/%s/%s/contents/%s?ref=%s", owner, repo, strings.Join(parts, "/"),
		url.QueryEscape(ref))
	req, err := c.api.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	req.Header.Set("Accept", rawMedia)
	var data bytes.Buffer
	_, err = c.api.Do(ctx, req, &data)
	switch {
	case isNotFound(err):
		return nil, &NotFound{What: what, Token: c.transport.token != "", Err: err}
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", what, unwrapError(err))
	case data.Len() > maxContents:
		return nil, fmt.Errorf("read %s: larger than %d MB", what, maxContents>>20)
	}
	return data.Bytes(), nil
}

// checkRaw returns nil for the bytes of a file. For a folder GitHub answers JSON whatever was asked for; a
// page in HTML comes from something before the API.
func checkRaw(got *answer) error {
	kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	switch strings.TrimSpace(kind) {
	case "application/json":
		return errors.New("it is not a file")
	case "text/html":
		return &transient{reason: fmt.Sprintf("HTML in a %d response", got.status), notAPI: true}
	}
	return nil
}
