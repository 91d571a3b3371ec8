package main

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// standIn is an ollama-bump that writes down how it was started.
const standIn = `#!/bin/sh
pwd >"$HOME/started"
echo "$GITHUB_TOKEN" "$@" >>"$HOME/started"
`

// writeProgram makes an executable.
func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
}

// newRepository makes a git repository with one commit and returns its folder.
func newRepository(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	for _, args := range [][]string{
		{"init", "-q", dir},
		{
			"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m",
			"first",
		},
	} {
		output, err := command(t, "", "git", args...)
		require.NoError(t, err, "%s", output)
	}
	return dir
}

// cron starts what it starts with hardly any environment: neither Nix nor the program is on its PATH.
func TestCronExample(t *testing.T) {
	t.Parallel()
	home, checkout := t.TempDir(), filepath.Join(t.TempDir(), "checkout")
	output, err := command(t, "", "git", "clone", "-q", newRepository(t, "origin"), checkout)
	require.NoError(t, err, "%s", output)
	writeProgram(t, filepath.Join(home, ".nix-profile", "bin", "ollama-bump"), standIn)
	writeProgram(t, filepath.Join(home, ".config", "ollama-bump", "token"), "a-token\n")

	output, err = command(t, "", "env", "-i", "HOME="+home, "PATH=/usr/bin:/bin", "/bin/sh",
		filepath.Join(projectRoot(t), "examples", "cron.sh"), checkout)
	require.NoError(t, err, "%s", output)
	assert.Empty(t, output, "cron would mail it")
	started, err := os.ReadFile(filepath.Join(home, "started"))
	require.NoError(t, err)
	assert.Equal(t, checkout+"\na-token --quiet\n", string(started))
}

func TestSystemdExamples(t *testing.T) {
	t.Parallel()
	output, err := command(t, filepath.Join(projectRoot(t), "examples"), "systemd-analyze", "verify", "--man=no",
		"./ollama-bump.service", "./ollama-bump.timer")
	require.NoError(t, err, "%s", output)
	assert.Empty(t, output)
}

// unit is what the tests look at in examples/ollama-bump.service.
type unit struct {
	environment []string
	script      string // that sh is given
}

func readUnit(t *testing.T) unit {
	t.Helper()
	text := strings.ReplaceAll(inProject(t, "examples", "ollama-bump.service"), "\\\n", " ")
	var u unit
	for _, match := range regexp.MustCompile(`(?m)^Environment=(.+)$`).FindAllStringSubmatch(text, -1) {
		words, err := splitWords(match[1])
		require.NoError(t, err)
		u.environment = append(u.environment, words...)
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/bin/sh -eu -c '(.+)'$`).FindStringSubmatch(text)
	require.Len(t, start, 2)
	u.script = start[1]
	for _, special := range []string{`\`, "'", "%", "${", "$$"} { // what systemd itself would take apart
		assert.NotContains(t, strings.Join(append(u.environment, u.script), "\n"), special)
	}
	return u
}

// privateServer serves a folder's repositories as github.com does private ones: to the token alone.
func privateServer(t *testing.T, dir, token string) string {
	t.Helper()
	path, err := command(t, "", "git", "--exec-path")
	require.NoError(t, err)
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(path), "git-http-backend"),
		Env: []string{
			"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1",
			"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "x-access-token" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// The service clones a private repository, and the token is in no argument on the way.
func TestServiceExample(t *testing.T) {
	t.Parallel()
	u := readUnit(t)
	assert.Contains(t, strings.Join(u.environment, "\n"), "PATH=/nix/var/nix/profiles/default/bin:")

	const token = "ghp_a-token"
	home := t.TempDir()
	server := privateServer(t, filepath.Dir(newRepository(t, "nixos-config.git")), token)
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	writeProgram(t, filepath.Join(home, "bin", "git"),
		"#!/bin/sh\necho \"$@\" >>\"$HOME/git-arguments\"\nexec "+git+" \"$@\"\n")
	writeProgram(t, filepath.Join(home, "bin", "ollama-bump"), standIn)
	writeProgram(t, filepath.Join(home, "token"), token+"\n")
	writeProgram(t, filepath.Join(home, "gitconfig"), "[url \""+server+"\"]\n\tinsteadOf = https://github.com/me/\n")

	cmd := exec.Command("/bin/sh", "-eu", "-c", u.script)
	cmd.Dir = home
	cmd.Env = append(u.environment, "HOME="+home, "CREDENTIALS_DIRECTORY="+home,
		"GIT_CONFIG_GLOBAL="+filepath.Join(home, "gitconfig"),
		"GIT_CONFIG_NOSYSTEM=1", "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	started, err := os.ReadFile(filepath.Join(home, "started"))
	require.NoError(t, err)
	assert.Equal(t, home+"/checkout\n"+token+" --repo me/nixos-config\n", string(started))

	arguments, err := os.ReadFile(filepath.Join(home, "git-arguments"))
	require.NoError(t, err)
	assert.Contains(t, string(arguments), "clone")
	assert.NotContains(t, string(arguments), token)
	settings, err := os.ReadFile(filepath.Join(home, "checkout", ".git", "config"))
	require.NoError(t, err)
	assert.NotContains(t, string(settings), token)
}

// standInNix bumps a file when it is to run ollama-bump; the rest the real one does.
const standInNix = `#!/bin/sh
[ "$1" = run ] || exec REAL "$@"
printf '%s\n' "$NIX_CONFIG" >>"$HOME/nix-config"
echo 0.32.15 >flake.nix
echo '{ "new_version": "0.32.15" }'
`

// GitLab's job proposes a version once, and leaves what people add to the branch alone.
func TestGitLabExample(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix")
	}
	t.Parallel()
	var file map[string]struct {
		Variables map[string]string
		Script    []string
	}
	require.NoError(t, yaml.Unmarshal([]byte(inProject(t, "examples", "gitlab.yml")), &file))
	job := file["ollama-bump"]
	home, origin := t.TempDir(), filepath.Join(t.TempDir(), "origin.git")
	nix, err := exec.LookPath("nix")
	require.NoError(t, err)
	writeProgram(t, filepath.Join(home, "bin", "nix"), strings.ReplaceAll(standInNix, "REAL", nix))
	writeProgram(t, filepath.Join(home, "gitconfig"),
		"[url \""+filepath.Dir(origin)+"/\"]\n\tinsteadOf = https://bump:secret@gitlab.example.org/me/\n")
	env := append(os.Environ(), "HOME="+home, "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"),
		"GIT_CONFIG_GLOBAL="+filepath.Join(home, "gitconfig"), "GITHUB_TOKEN=a-token",
		"BUMP_TOKEN=secret", "CI_SERVER_HOST=gitlab.example.org", "CI_PROJECT_PATH=me/origin")
	for name, value := range job.Variables {
		env = append(env, name+"="+value)
	}
	run := func(dir, script string) string {
		t.Helper()
		cmd := exec.Command("bash", "-eo", "pipefail", "-c", script)
		cmd.Dir, cmd.Env = dir, env
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", output)
		return string(output)
	}
	first := newRepository(t, "first")
	run(first, `echo 0.32.9 >flake.nix; git add .; git -c user.name=a -c user.email=a@example.org commit -qm pin
		git clone -q --bare . "`+origin+`"; git -C "`+origin+`" config receive.advertisePushOptions true`)
	bump := func() { // GitLab gives all lines to one shell, in a fresh clone
		t.Helper()
		dir := filepath.Join(t.TempDir(), "clone")
		run(first, "git clone -q "+origin+" "+dir)
		run(dir, strings.Join(job.Script, "\n"))
	}
	const show = "git log --format=%s HEAD..ollama-bump/0.32.15"
	bump()
	assert.Equal(t, "ollama: update to 0.32.15\n", run(origin, show))
	settings, err := os.ReadFile(filepath.Join(home, "nix-config"))
	require.NoError(t, err)
	assert.Equal(t, "experimental-features = nix-command flakes\naccess-tokens = github.com=a-token\n",
		string(settings))

	run(first, `git fetch -q "`+origin+`" ollama-bump/0.32.15; git checkout -q FETCH_HEAD
		git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m "by hand"
		git push -q "`+origin+`" HEAD:ollama-bump/0.32.15`)
	bump()
	assert.Equal(t, "by hand\nollama: update to 0.32.15\n", run(origin, show))
}
