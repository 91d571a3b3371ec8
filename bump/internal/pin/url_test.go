package pin

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShownURLHoldsNoSecret(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com/ollama/ollama/x.tgz?token=S3CRET#S3CRET": "https://github.com/ollama/ollama/x.tgz",
		"https://me:S3CRET@github.com/ollama/ollama":                 "https://github.com/ollama/ollama",
		"git+https://S3CRET@github.com":                              "git+https://github.com",
		"https://github.com/ollama/ollama/@main":                     "https://github.com/ollama/ollama/@main",
		"github:ollama/ollama?token=S3CRET":                          "github:ollama/ollama",
		"?token=S3CRET":                                              "",
	} {
		require.Equal(t, want, shownURL(url))
	}
}

func TestVersionsOfURLs(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com/ollama/ollama/archive/v0.32.13.tar.gz":                 "0.32.13",
		"https://example.org/archive/ollama/ollama/archive/refs/tags/v0.32.13.zip": "0.32.13",
		"https://example.org/zip/main/releases/download/0.32.13/ollama.tgz":        "0.32.13",
		"https://codeload.github.com/ollama/ollama/tar.gz/refs/tags/v0.32.13?x#y":  "0.32.13",
		"https://github.com/ollama/ollama/archive/v0.32.13-rc1.tar.gz":             "0.32.13-rc1",
		"https://github.com/ollama/ollama/archive/main.tar.gz":                     "",
		"https://example.org/v0.32.13.tar.gz":                                      "",
	} {
		v, ok := urlVersion(url)
		require.Equal(t, want, string(v), url)
		require.Equal(t, want != "", ok, url)
	}
}
