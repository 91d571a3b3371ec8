package bump

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/bump/internal/git"
	"github.com/nixtars/ollama-bump/bump/internal/github"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	tree "github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/version"
)

func TestRepositoryOfTheRemote(t *testing.T) {
	const enterprise = "https://git.example.org/api/v3"
	for _, test := range []struct{ remote, api, want string }{
		{"https://github.com/me/machines.git", "", "me/machines"},
		{"https://someone@GitHub.com/me/machines/", "https://api.github.com", "me/machines"},
		{"git@github.com:me_corp/machines.git", "", "me_corp/machines"},
		{"ssh://git@ssh.github.com:443/me/machines.git", "", "me/machines"},
		{"git@git.example.org:me/machines", enterprise, "me/machines"},
		{"ssh://git@git.example.org:2222/me/machines", enterprise, "me/machines"},
		{"git@octo.ghe.com:me/machines", "https://api.octo.ghe.com", "me/machines"},
		{"git@github.com:me/machines.git", enterprise, ""},
		{"git@gitlab.com:me/machines.git", "", ""},
		{"https://codeberg.org/me/machines", "", ""},
		{"/srv/machines.git", "", ""},
		{"../machines", "", ""},
		{"file:///srv/machines", "", ""},
		{"https://github.com/me/machines/tree", "", ""},
		{"", "", ""},
	} {
		dir := t.TempDir()
		run := func(args ...string) {
			out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
			require.NoError(t, err, "%s", out)
		}
		run("init", "-q")
		if test.remote != "" {
			run("remote", "add", "origin", test.remote)
		}
		repo, err := git.Find(t.Context(), dir, os.Environ())
		require.NoError(t, err)
		j := &job{opts: Options{APIURL: test.api}, tree: &tree.Set{Repo: repo}}
		owner, name, err := j.repository(t.Context())
		if test.want == "" {
			require.ErrorContains(t, err, "propose: the repository is not known", test.remote)
			continue
		}
		require.NoError(t, err, test.remote)
		assert.Equal(t, test.want, owner+"/"+name, test.remote)
	}
}

func TestTokenIsBare(t *testing.T) {
	for _, test := range []struct {
		env  []string
		want string
	}{
		{[]string{"GITHUB_TOKEN=abc\n"}, "abc"},
		{[]string{"GITHUB_TOKEN= \n", "GH_TOKEN=\tdef "}, "def"},
		{nil, ""},
	} {
		assert.Equal(t, test.want, (&job{opts: Options{Env: test.env}}).token())
	}
}

func TestTheTokenGoesUpstreamToTheSameAPIOnly(t *testing.T) {
	for _, test := range []struct {
		upstream, api string
		sent          bool
	}{
		{"", "", true},
		{"https://api.github.com/", "", true},
		{"https://API.github.com", "https://api.github.com", true},
		{"http://api.github.com", "https://api.github.com", false},
		{"http://api.github.com", "", false},
		{"https://ghe.example/api/v3", "https://ghe.example/api/v3/", true},
		{"https://ghe.example:8443/api/v3", "https://ghe.example/api/v3", false},
		{"https://evil.example", "", false},
	} {
		assert.Equal(t, test.sent, sameOrigin(test.upstream, test.api), "%+v", test)
	}
}

// A pin without a version has no oldest release to look for.
func TestReleasesAreReadNoFurtherThanNeeded(t *testing.T) {
	server := githubtest.New(t)
	for i := range 350 {
		server.AddRelease("ollama", "ollama", githubtest.Release{Tag: fmt.Sprintf("v0.%d.%d", i/10, i%10)})
	}
	c, err := github.New(github.Options{BaseURL: server.URL})
	require.NoError(t, err)
	usable := func(github.Release) bool { return true }
	for _, test := range []struct {
		to, oldest, want string
		requests         int
	}{
		{"", "", "0.34.9", 1}, {"", "0.34.1", "0.34.9", 1}, {"", "0.20.0", "0.34.9", 2}, {"0.34.0", "", "0.34.0", 1}, {"0.22.0", "", "0.22.0", 2},
	} {
		server.ResetCalls()
		rel, err := selectRelease(t.Context(), c, &pin.Ollama, Options{To: test.to}, version.Version(test.oldest), usable)
		require.NoError(t, err)
		assert.EqualValues(t, test.want, rel.version)
		assert.Len(t, server.Calls(), test.requests, "%+v", test)
	}
}
