package github_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

const ollamaModule = "github.com/ollama/ollama"

func TestAdvisories(t *testing.T) {
	server := githubtest.New(t)
	about := func(pkg, patched string) []githubtest.Vulnerability {
		return []githubtest.Vulnerability{{Package: pkg, Range: "< 99", FirstPatched: patched}}
	}
	server.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-aaaa", CVE: "CVE-2024-37032", Summary: "digest",
		Severity: "critical", Vulnerabilities: about(ollamaModule, "0.1.34"),
	})
	server.AddAdvisory(githubtest.Advisory{GHSA: "GHSA-bbbb", Vulnerabilities: about(ollamaModule, "")})
	server.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-cccc", Withdrawn: true,
		Vulnerabilities: about(ollamaModule, "0.2.0"),
	})
	server.AddAdvisory(githubtest.Advisory{GHSA: "GHSA-dddd", Vulnerabilities: about("github.com/other/module",
		"1.0.0")})
	server.AddAdvisory(githubtest.Advisory{
		GHSA: "GHSA-eeee", Type: "unreviewed",
		Vulnerabilities: about(ollamaModule, "1.0.0"),
	})
	c, _ := client(t, server)
	list, err := c.Advisories(t.Context(), "go", ollamaModule)
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, "GHSA-cccc", list[0].GHSA)
	assert.True(t, list[0].Withdrawn())
	assert.Empty(t, list[1].CVE, "null")
	assert.Empty(t, list[1].Vulnerabilities[0].FirstPatched, "null")
	assert.False(t, list[1].Withdrawn(), "null")
	critical := list[2]
	assert.Equal(t, "CVE-2024-37032", critical.CVE)
	assert.Equal(t, "https://github.com/advisories/GHSA-aaaa", critical.URL)
	assert.Equal(t, "critical", critical.Severity)
	assert.Equal(t, "digest", critical.Summary)
	assert.Equal(t, "go", critical.Vulnerabilities[0].Package.Ecosystem)
	assert.Equal(t, ollamaModule, critical.Vulnerabilities[0].Package.Name)
	assert.Equal(t, "< 99", critical.Vulnerabilities[0].Range)
	assert.Equal(t, "0.1.34", critical.Vulnerabilities[0].FirstPatched)
}

func TestAdvisoriesOfAllPages(t *testing.T) {
	server := githubtest.New(t)
	for i := range 250 {
		server.AddAdvisory(githubtest.Advisory{
			GHSA:            fmt.Sprintf("GHSA-%d", i),
			Vulnerabilities: []githubtest.Vulnerability{{Package: ollamaModule}},
		})
	}
	c, _ := client(t, server)
	list, err := c.Advisories(t.Context(), "go", ollamaModule)
	require.NoError(t, err)
	require.Len(t, list, 250)
	assert.Equal(t, "GHSA-249", list[0].GHSA)
	assert.Equal(t, "GHSA-0", list[249].GHSA)
	assert.Len(t, server.Calls(), 3)
}
