package githubtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Advisory is an advisory of GitHub's global database. Empty fields that may be null are.
type Advisory struct {
	GHSA, CVE       string
	Type            string // "" is reviewed
	Summary         string
	Severity        string // "" is high
	Withdrawn       bool
	Vulnerabilities []Vulnerability
}

// Vulnerability is one package that an advisory is about.
type Vulnerability struct {
	Ecosystem           string // "" is go
	Package             string
	Range, FirstPatched string
}

// AddAdvisory adds an advisory, the newest last.
func (s *Server) AddAdvisory(a Advisory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advice = append(s.advice, a)
}

// affects reports whether an advisory is about a package, given as NAME or NAME@VERSION; "" is every one.
func (a Advisory) affects(ecosystem, name string) bool {
	name, _, _ = strings.Cut(name, "@")
	for _, v := range a.Vulnerabilities {
		if (ecosystem == "" || cmp.Or(v.Ecosystem, "go") == ecosystem) && (name == "" || v.Package == name) {
			return true
		}
	}
	return ecosystem == "" && name == ""
}

// listAdvisories lists the newest first. Its pages have cursors instead of numbers.
func (s *Server) listAdvisories(w http.ResponseWriter, req *http.Request) {
	x, query := exchangeOf(req), req.URL.Query()
	var found []Advisory
	for i := len(s.advice) - 1; i >= 0; i-- {
		a := s.advice[i]
		if cmp.Or(a.Type, "reviewed") == cmp.Or(query.Get("type"), "reviewed") &&
			a.affects(query.Get("ecosystem"), query.Get("affects")) {
			found = append(found, a)
		}
	}
	start := 0
	if after := query.Get("after"); after != "" {
		text, err := base64.StdEncoding.DecodeString(after)
		if start, _ = strconv.Atoi(strings.TrimPrefix(string(text), "cursor:")); err != nil || start <= 0 {
			problem(w, 422, "Invalid cursor")
			return
		}
	}
	size, _ := strconv.Atoi(cmp.Or(query.Get("per_page"), "30"))
	start = min(start, len(found))
	end := min(start+min(max(size, 1), 100), len(found))
	if end < len(found) {
		query.Set("after", base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "cursor:%d", end)))
		w.Header().Set("Link", "<"+x.base+"/advisories?"+query.Encode()+`>; rel="next"`)
	}
	reply(w, 200, mapped(found[start:end], x.advisory))
}

// null is a text, or null for none.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (x *exchange) advisory(a Advisory) object {
	day := stamp(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	identifiers := []object{{"type": "GHSA", "value": a.GHSA}}
	if a.CVE != "" {
		identifiers = append(identifiers, object{"type": "CVE", "value": a.CVE})
	}
	var withdrawn any
	if a.Withdrawn {
		withdrawn = day
	}
	return object{
		"ghsa_id": a.GHSA, "cve_id": null(a.CVE), "url": x.base + "/advisories/" + a.GHSA,
		"html_url": "https://github.com/advisories/" + a.GHSA, "repository_advisory_url": nil, "summary": a.Summary,
		"description": nil, "type": cmp.Or(a.Type, "reviewed"), "severity": cmp.Or(a.Severity, "high"),
		"source_code_location": nil, "identifiers": identifiers, "references": []string{}, "published_at": day,
		"updated_at": day, "github_reviewed_at": day, "nvd_published_at": nil, "withdrawn_at": withdrawn, "cvss": nil,
		"cwes": nil, "credits": nil,
		"vulnerabilities": mapped(a.Vulnerabilities, func(v Vulnerability) object {
			return object{
				"package":                  object{"ecosystem": cmp.Or(v.Ecosystem, "go"), "name": v.Package},
				"vulnerable_version_range": null(v.Range), "first_patched_version": null(v.FirstPatched),
				"vulnerable_functions": nil,
			}
		}),
	}
}
