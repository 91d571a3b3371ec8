package propose

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/git"
	"github.com/nixtars/ollama-bump/bump/internal/source"
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
		inDir := func(args ...string) {
			out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
			require.NoError(t, err, "%s", out)
		}
		inDir("init", "-q")
		if test.remote != "" {
			inDir("remote", "add", "origin", test.remote)
		}
		repo, err := git.Find(t.Context(), dir, os.Environ())
		require.NoError(t, err)
		r := Remote{APIURL: test.api}
		owner, name, err := r.repository(t.Context(), &source.Set{Repo: repo})
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
		assert.Equal(t, test.want, Remote{Env: test.env}.Token())
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
