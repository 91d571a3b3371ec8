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
	} {
		require.Equal(t, want, shownURL(url))
	}
}
