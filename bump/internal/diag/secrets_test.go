package diag_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

func TestSecretsOf(t *testing.T) {
	s := diag.SecretsOf([]string{
		"GITHUB_TOKEN=opaque-token-1", "GH_TOKEN=opaque-token-2\n", "PATH=/bin",
		"NIX_CONFIG=acess-toknes = git.example=ANOTHER-opaque-token-3 github.com/org=user:opaque-token-four\nsandbox " +
			"= false",
	})
	text := "a opaque-token-1 b opaque-token-2 c ANOTHER-opaque-token-3 d user:opaque-token-four /bin false"
	assert.Equal(t, "a *** b *** c *** d *** /bin false", s.Redact(text))
	header := base64.StdEncoding.EncodeToString([]byte("x-access-token:opaque-token-1"))
	assert.Equal(t, "basic ***", s.Redact("basic "+header))
}

func TestSecretsLongestFirst(t *testing.T) {
	assert.Equal(
		t,
		"*** ***",
		diag.NewSecrets("opaque-token", "opaque-token-and-more", "short").Redact("opaque-token-and-more opaque-token"),
	)
}

// Nobody told us of these: they stand in files that only Nix reads.
func TestRedactWhatLooksLikeASecret(t *testing.T) {
	for _, test := range []struct{ in, out string }{
		{
			"error: illegal configuration line 'acess-tokens github.com=0123456789abcdefghij' in 'NIX_CONFIG'",
			"error: illegal configuration line 'acess-tokens ***' in 'NIX_CONFIG'",
		},
		{
			"error: illegal configuration line 'access-tokens=github.com=0123456789abcdefghij' in '/etc/nix/nix.conf'",
			"error: illegal configuration line 'access-tokens ***' in '/etc/nix/nix.conf'",
		},
		{
			"error: syntax error in configuration line 'access-tokens github.com=it's a token' in 'NIX_CONFIG'\n" +
				"Try 'nix --help'",
			"error: syntax error in configuration line 'access-tokens ***' in 'NIX_CONFIG'\nTry 'nix --help'",
		},
		{
			"unknown setting: extra-acces-tokens = github.com=0123456789 gitlab.com=PAT:x",
			"unknown setting: extra-acces-tokens = ***",
		},
		{
			"cloning https://x-access-token:hunter2@git.example/a and ssh://git@git.example/a",
			"cloning https://***@git.example/a and ssh://git@git.example/a",
		},
		{"ssh://git:hunter2@git.example/a", "ssh://git:***@git.example/a"},
		{
			"token ghp_0123456789abcdefghijABCDEFGHIJ000000 and github_pat_11ABCDEFG0123456789_abc",
			"token *** and ***",
		},
		{
			"propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
			"propose: no token: neither GITHUB_TOKEN nor GH_TOKEN is set",
		},
		{
			"a token that may write: access tokens are made in the settings",
			"a token that may write: access tokens are made in the settings",
		},
	} {
		assert.Equal(t, test.out, diag.Secrets(nil).Redact(test.in))
	}
}

func TestExactLeavesEverythingElse(t *testing.T) {
	const line = "- tokens = https://user:password@x.example/a"
	assert.Equal(t, line+" ***", diag.NewSecrets("opaque-token").Exact(line+" opaque-token"))
}

func TestJSON(t *testing.T) {
	s := diag.NewSecrets(`odd"and\to<ken>`)
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode([]string{"a ##vso[x] ##[y]", `b odd"and\to<ken> c`}))
	text := s.JSON(b.String())
	assert.NotContains(t, text, "##vso[")
	assert.NotContains(t, text, "##[")
	var back []string
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	assert.Equal(t, []string{"a ##vso[x] ##[y]", "b *** c"}, back)
}
