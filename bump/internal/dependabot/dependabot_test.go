package dependabot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestMoves(t *testing.T) {
	const nix = "version: 2\nupdates:\n  - package-ecosystem: nix\n    directory: /\n    schedule: { interval: " +
		"weekly }\n"
	for _, test := range []struct {
		name  string
		src   string
		dir   string
		input string
		want  bool
	}{
		{"the flake in the root", nix, "", "ollama-src", true},
		{"no nix ecosystem", strings.Replace(nix, "nix", "gomod", 1), "", "ollama-src", false},
		{"no updates", "version: 2\n", "", "ollama-src", false},
		{"an empty file", "", "", "ollama-src", false},
		{"a flake in another folder", nix, "hosts", "ollama-src", false},
		{"a folder", strings.Replace(nix, "directory: /", "directory: /hosts", 1), "hosts", "ollama-src", true},
		{
			"a folder with a dot", strings.Replace(nix, "directory: /", "directory: ./hosts/", 1), "hosts",
			"ollama-src", true,
		},
		{
			"several folders", strings.Replace(nix, "directory: /", `directories: ["/a", "/hosts/*"]`, 1), "hosts/b",
			"ollama-src", true,
		},
		{"all folders", strings.Replace(nix, "directory: /", `directories: ["/**"]`, 1), "a/b/c", "ollama-src", true},
		{
			"all folders hold the root", strings.Replace(nix, "directory: /", `directories: ["**"]`, 1), "",
			"ollama-src", true,
		},
		{
			"one level is not two", strings.Replace(nix, "directory: /", `directories: ["/*"]`, 1), "a/b", "ollama-src",
			false,
		},
		{"ignored", nix + "    ignore:\n      - dependency-name: ollama-src\n", "", "ollama-src", false},
		{"ignored in another case", nix + "    ignore: [{dependency-name: Ollama-Src}]\n", "", "ollama-src", false},
		{"ignored by a wildcard", nix + "    ignore: [{dependency-name: \"oll*-*c\"}]\n", "", "ollama-src", false},
		{
			"the wildcard must match to the end", nix + "    ignore: [{dependency-name: \"*sr\"}]\n", "", "ollama-src",
			true,
		},
		{"another one ignored", nix + "    ignore: [{dependency-name: ollama}]\n", "", "ollama-src", true},
		{
			"some versions ignored", nix + "    ignore: [{dependency-name: ollama-src, versions: [\"0.32.x\"]}]\n", "",
			"ollama-src", true,
		},
		{"some updates ignored", nix + "    ignore: [{dependency-name: ollama-src, update-types: " +
			"[\"version-update:semver-major\"]}]\n", "", "ollama-src", true},
		{"not among the allowed", nix + "    allow: [{dependency-name: nixpkgs}]\n", "", "ollama-src", false},
		{"allowed by kind", nix + "    allow: [{dependency-type: all}]\n", "", "ollama-src", true},
		{"turned off", nix + "    open-pull-requests-limit: 0\n", "", "ollama-src", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := parse([]byte(test.src))
			require.NoError(t, err)
			assert.Equal(t, test.want, c.Moves(test.dir, test.input))
		})
	}
}

// The snippet, where the documentation says it belongs, has the effect that it is recommended for.
func TestSnippetIgnores(t *testing.T) {
	for _, input := range []string{"ollama-src", "ollama", `odd "name"`} {
		src := "updates:\n- package-ecosystem: nix\n  directory: /\n  " + Snippet(input) + "\n"
		c, err := parse([]byte(src))
		require.NoError(t, err)
		assert.False(t, c.Moves("", input))
		assert.True(t, c.Moves("", "nixpkgs"))
	}
}

func TestParseRefuses(t *testing.T) {
	_, err := parse([]byte("updates: 3\n"))
	assert.ErrorContains(t, err, "parse Dependabot configuration: ")
	var typed *yaml.TypeError
	assert.ErrorAs(t, err, &typed)
	_, err = parse([]byte("a: &a [*a, *a]\n\tb"))
	assert.Error(t, err)
}

// GitHub reads the first file of two, and so does this.
func TestRead(t *testing.T) {
	root := t.TempDir()
	name, c, err := Read(t.Context(), root)
	require.NoError(t, err)
	assert.Empty(t, name)
	assert.False(t, c.Moves("", "ollama"))
	require.NoError(t, os.Mkdir(filepath.Join(root, ".github"), 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, ".github", name), []byte(text), 0o644))
	}
	write("dependabot.yaml", "updates:\n- package-ecosystem: nix\n  directory: /\n")
	name, c, err = Read(t.Context(), root)
	require.NoError(t, err)
	assert.Equal(t, ".github/dependabot.yaml", name)
	assert.True(t, c.Moves("", "ollama"))
	write("dependabot.yml", "updates: 3\n")
	name, _, err = Read(t.Context(), root)
	require.Error(t, err)
	assert.Equal(t, ".github/dependabot.yml", name)
}
