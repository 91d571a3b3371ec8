package dependabot_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/nixtars/ollama-bump/bump/internal/dependabot"
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
			c, err := dependabot.Parse([]byte(test.src))
			require.NoError(t, err)
			assert.Equal(t, test.want, c.Moves(test.dir, test.input))
		})
	}
}

// The snippet, where the documentation says it belongs, has the effect that it is recommended for.
func TestSnippetIgnores(t *testing.T) {
	for _, input := range []string{"ollama-src", "ollama", `odd "name"`} {
		src := "updates:\n- package-ecosystem: nix\n  directory: /\n  " + dependabot.Snippet(input) + "\n"
		c, err := dependabot.Parse([]byte(src))
		require.NoError(t, err)
		assert.False(t, c.Moves("", input))
		assert.True(t, c.Moves("", "nixpkgs"))
	}
}

func TestParseRefuses(t *testing.T) {
	_, err := dependabot.Parse([]byte("updates: 3\n"))
	assert.ErrorContains(t, err, "parse Dependabot configuration: ")
	var typed *yaml.TypeError
	assert.ErrorAs(t, err, &typed)
	_, err = dependabot.Parse([]byte("a: &a [*a, *a]\n\tb"))
	assert.Error(t, err)
}
