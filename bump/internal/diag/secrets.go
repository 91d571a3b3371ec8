package diag

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// redacted stands where a secret stood.
const redacted = "***"

// minSecret is the length in bytes of the shortest text that is taken for a secret: hiding a word of a
// few letters would garble everything and protect nothing.
const minSecret = 8

// Secrets are texts that no output may show. The zero value knows none, and still hides what looks like
// a credential.
type Secrets []string

// NewSecrets returns the values that are long enough to be secrets, each also as it stands in an HTTP
// header that git's checkouts keep in their configuration.
func NewSecrets(values ...string) Secrets {
	var s Secrets
	for _, value := range values {
		if value = strings.TrimSpace(value); len(value) >= minSecret {
			s = append(s, value, base64.StdEncoding.EncodeToString([]byte("x-access-token:"+value)))
		}
	}
	slices.SortStableFunc(s, func(a, b string) int { return len(b) - len(a) }) // one may contain another
	return s
}

// SecretsOf returns the secrets of an environment: GITHUB_TOKEN, GH_TOKEN, and every access token in
// NIX_CONFIG, in a misspelled line too.
func SecretsOf(env []string) Secrets {
	var values []string
	for _, entry := range env {
		switch key, value, _ := strings.Cut(entry, "="); key {
		case "GITHUB_TOKEN", "GH_TOKEN":
			values = append(values, value)
		case "NIX_CONFIG":
			for _, pair := range hostToken.FindAllStringSubmatch(value, -1) {
				values = append(values, pair[1])
			}
		}
	}
	return NewSecrets(values...)
}

var (
	// hostToken matches HOST=TOKEN, as access-tokens of nix.conf has it, whatever the setting is called.
	hostToken = regexp.MustCompile(`[A-Za-z0-9.-]+(?:/[^\s=]*)?=([A-Za-z0-9_:.~+-]{16,})`)
	// knownToken matches the tokens of GitHub and GitLab by their prefixes.
	knownToken = regexp.MustCompile(
		`\b(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})`,
	)
	// configLine matches how Nix quotes a line of a configuration file that it cannot read.
	configLine = regexp.MustCompile(`(configuration line ['"‘“]\s*[a-z-]{0,40})[^\n]*?(['"’”](?: in |\s*$|\n)|$)`)
	// settingLine matches the value of access-tokens, and of what is a misspelling of it.
	settingLine = regexp.MustCompile(`(?i)\b([a-z-]*tokens\s*=)[^\n'"]*`)
	// urlCredentials and urlPassword match the user and password of a URL. A user without a password is
	// no secret for ssh.
	urlCredentials = regexp.MustCompile(`(?i)\b((?:https?|ftp)(?:\+[a-z]+)?://|(?:git\+)?https?://)[^\s/@'"]+@`)
	urlPassword    = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://[^\s/@:'"]*):[^\s/@'"]+@`)
)

// Exact returns text without the secrets themselves. It is for what must stay as it is otherwise, such
// as a diff that git applies.
func (s Secrets) Exact(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}

// JSON returns a JSON text without the secrets, which may be escaped in it, and without commands for CI
// runners. Its strings keep their value otherwise.
func (s Secrets) JSON(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, escaped(secret), redacted)
	}
	return command.ReplaceAllString(s.Exact(text), `##$1\u005b`)
}

// escaped returns a text as it stands in a string of JSON.
func escaped(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string always can be
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// Redact returns text without the secrets, and without what looks like one wherever it came from: the
// tokens of GitHub and GitLab, passwords in URLs, and lines of a Nix configuration that hold tokens.
func (s Secrets) Redact(text string) string {
	text = knownToken.ReplaceAllString(s.Exact(text), redacted)
	if strings.Contains(text, "://") {
		text = urlCredentials.ReplaceAllString(text, "${1}"+redacted+"@")
		text = urlPassword.ReplaceAllString(text, "$1:"+redacted+"@")
	}
	if strings.Contains(text, "configuration line") {
		text = configLine.ReplaceAllString(text, "$1 "+redacted+"$2")
	}
	return settingLine.ReplaceAllString(text, "$1 "+redacted)
}
