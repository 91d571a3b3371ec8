package propose

import (
	"bytes"
	"path"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// ignores reports whether no evaluation reads a file: documentation, and what CI systems and git are told.
// A file that the flake's code names may be read all the same.
func ignores(files *pin.Files, name string) bool {
	if !isDocumentation(name) {
		return false
	}
	for _, code := range files.Nix {
		if bytes.Contains(code.Src, []byte(path.Base(name))) {
			return false
		}
	}
	return true
}

// isDocumentation reports whether a file is for people, for a CI system or for git alone.
func isDocumentation(name string) bool {
	for _, dir := range []string{".github/", ".gitlab/", ".forgejo/", ".gitea/", ".circleci/", ".woodpecker/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	file := strings.ToLower(path.Base(name))
	switch path.Ext(file) {
	case ".md", ".markdown", ".rst", ".adoc":
		return true
	case "":
		stem, _, _ := strings.Cut(file, "-")
		switch stem {
		case "readme", "changelog", "license", "copying", "contributing", "security", "codeowners", "authors", "todo":
			return true
		}
	}
	return file == ".gitignore" || file == ".gitattributes" || file == ".editorconfig" || file == ".mailmap" ||
		file == ".gitlab-ci.yml"
}
