package github

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Advisory is a reviewed security advisory of GitHub's database. All its texts are untrusted.
type Advisory struct {
	GHSA            string          `json:"ghsa_id"`
	CVE             string          `json:"cve_id"` // "" when none was assigned
	URL             string          `json:"html_url"`
	Summary         string          `json:"summary"`
	Severity        string          `json:"severity"`     // "low", "medium", "high", "critical" or "unknown"
	WithdrawnAt     time.Time       `json:"withdrawn_at"` // zero for one that stands
	Vulnerabilities []Vulnerability `json:"vulnerabilities"`
}

// Withdrawn reports whether the advisory was taken back.
func (a Advisory) Withdrawn() bool { return !a.WithdrawnAt.IsZero() }

// Vulnerability is what an advisory says of one package; it may be about several.
type Vulnerability struct {
	Package struct {
		Ecosystem string `json:"ecosystem"` // "go"
		Name      string `json:"name"`      // "github.com/ollama/ollama"
	} `json:"package"`
	Range string `json:"vulnerable_version_range"` // "< 0.1.34"; "" when none is given
	// as its author wrote it, "0.1.34" or "0.4.0-ci1"; "" when nothing fixes it
	FirstPatched string `json:"first_patched_version"`
}

// Advisories returns the reviewed advisories that affect a package of an ecosystem, withdrawn ones too.
func (c *Client) Advisories(ctx context.Context, ecosystem, pkg string) ([]Advisory, error) {
	query := url.Values{"ecosystem": {ecosystem}, "affects": {pkg}, "type": {"reviewed"}, "per_page": {"100"}}
	var all []Advisory
	for pages := (paging{}); ; {
		var page []Advisory
		resp, err := c.get(ctx, "advisories?"+query.Encode(), &page)
		if err != nil {
			return nil, fmt.Errorf("list advisories on %s: %w", pkg, err)
		}
		all = append(all, page...)
		more, err := pages.next(len(page), resp.After)
		if err != nil {
			return nil, fmt.Errorf("list advisories on %s: %w", pkg, err)
		}
		if !more {
			return all, nil
		}
		query.Set("after", resp.After)
	}
}
