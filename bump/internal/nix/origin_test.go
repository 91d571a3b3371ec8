package nix

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The environments are those of nixpkgs' fetchers, of 2024 and later.
func TestOriginOfASource(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{
			map[string]string{"urls": "https://github.com/ggml-org/llama.cpp/archive/refs/tags/b10488.tar.gz"},
			"llama.cpp b10488",
		},
		{
			map[string]string{"url": "https://github.com/ollama/ollama/archive/v0.32.15.tar.gz", "urls": ""},
			"ollama v0.32.15",
		},
		{
			map[string]string{"urls": "https://mirror.example/x https://github.com/a/b/archive/" + commit + ".tar.gz"},
			"b 0123456789ab",
		},
		{map[string]string{"url": "https://codeberg.org/a/b/archive/1.0-rc1.tar.gz"}, "b 1.0-rc1"},
		{map[string]string{"url": "https://gitlab.com/a/b/-/archive/v2/b-v2.tar.gz"}, "b v2"},
		{map[string]string{"url": "https://github.com/a/b.git", "rev": "refs/tags/v1"}, "b v1"},
		{map[string]string{"url": "https://github.com/a/b", "rev": commit}, "b 0123456789ab"},
		{
			map[string]string{"__json": `{"urls":["https://github.com/a/b/archive/refs/tags/v3.tar.gz"],"x":1}`},
			"b v3",
		},
		{map[string]string{"__json": `{"url":"https://github.com/a/b.git","rev":"v4"}`}, "b v4"},
		{map[string]string{"__json": `{"urls":1}`}, " "},
		{map[string]string{"url": "https://example.org/b.tar.gz"}, " "},
		{map[string]string{"url": "https://github.com/a/b"}, " "},
		{map[string]string{"urls": "https://github.com/a/<b>/archive/v1.tar.gz"}, " "},
		{nil, " "},
	} {
		d := &Derivation{Env: test.env, Outputs: map[string]Output{"out": {
			HashAlgo: "r:sha256", Hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		}}}
		repo, ref := d.origin()
		assert.Equal(t, test.want, repo+" "+ref, "%v", test.env)
		d.Outputs = map[string]Output{"out": {}}
		repo, _ = d.origin()
		assert.Empty(t, repo, "what is not fetched has no origin")
	}
}

// A source goes by its repository; that of a package whose version differs as well is counted to it.
func TestCompareNamesSources(t *testing.T) {
	t.Parallel()
	fetched := func(url string) *Derivation {
		return &Derivation{Env: map[string]string{"urls": url}, Outputs: map[string]Output{"out": {
			HashAlgo: "r:sha256", Hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		}}}
	}
	top := func(inputs ...string) *Derivation {
		d := &Derivation{InputDrvs: map[string][]string{}}
		for _, input := range inputs {
			d.InputDrvs[input] = []string{"out"}
		}
		return d
	}
	const gh = "https://github.com/"
	drvs := map[string]*Derivation{
		"/1/ollama-0.32.13.drv": top("/1/source.drv", "/3/source.drv", "/5/source.drv"),
		"/2/ollama-0.32.15.drv": top("/2/source.drv", "/4/source.drv", "/6/source.drv"),
		"/1/source.drv":         fetched(gh + "ollama/ollama/archive/refs/tags/v0.32.13.tar.gz"),
		"/2/source.drv":         fetched(gh + "ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"),
		"/3/source.drv":         fetched(gh + "ggml-org/llama.cpp/archive/refs/tags/b10380.tar.gz"),
		"/4/source.drv":         fetched(gh + "ggml-org/llama.cpp/archive/refs/tags/b10488.tar.gz"),
		"/5/source.drv":         fetched("https://example.org/a.tar.gz"),
		"/6/source.drv":         fetched("https://example.org/b.tar.gz"),
	}
	c := &Closures{Read: func(path string) (*Derivation, error) { return drvs[path], nil }}
	d, err := c.Compare(t.Context(), "/1/ollama-0.32.13.drv", "/2/ollama-0.32.15.drv")
	require.NoError(t, err)
	assert.Equal(t, Difference{
		Updated: []Update{{"ollama", "0.32.13", "0.32.15"}, {"llama.cpp source", "b10380", "b10488"}},
		Rebuilt: []string{"ollama source", "source"},
	}, d)
}
