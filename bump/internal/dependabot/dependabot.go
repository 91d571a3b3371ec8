// Package dependabot reads a repository's Dependabot configuration, as far as it decides whether
// Dependabot moves an input of a flake.
//
// Dependabot's nix ecosystem updates flake.lock and the tags in the URLs of inputs, one pull request an
// input, and names a dependency as flake.nix names the input. It does not update a version, a hash or a
// vendorHash that belongs to the input's content, so that an input that is also pinned elsewhere in the
// flake becomes stale in the middle of an update.
//
// The format: https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference.
package dependabot

import (
	"context"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
)

// places are those of the configuration, from the repository's root; GitHub reads the first that exists.
var places = []string{".github/dependabot.yml", ".github/dependabot.yaml"}

// maxSize is the size in bytes up to which a configuration is worth reading.
const maxSize = 1 << 20

// Config is a Dependabot configuration.
type Config struct{ updates []update }

type update struct {
	Ecosystem   string   `yaml:"package-ecosystem"`
	Directory   string   `yaml:"directory"`
	Directories []string `yaml:"directories"`
	Limit       *int     `yaml:"open-pull-requests-limit"` // 0 turns version updates off
	Allow       []rule   `yaml:"allow"`
	Ignore      []rule   `yaml:"ignore"`
}

// A rule selects dependencies by name; one with versions or update types selects only some updates of them.
type rule struct {
	Name        string   `yaml:"dependency-name"`
	Versions    any      `yaml:"versions"`
	UpdateTypes []string `yaml:"update-types"`
}

// Read reads the configuration of the repository in a folder, and returns its name there. Without one it is empty.
func Read(ctx context.Context, root string) (name string, c Config, err error) {
	for _, name = range places {
		src, err := foreign.Read(ctx, root, name, maxSize)
		if foreign.Missing(err) {
			continue
		}
		if err == nil {
			c, err = parse(src)
		}
		return name, c, err
	}
	return "", Config{}, nil
}

// parse reads a configuration. Keys that it does not know are GitHub's business.
func parse(src []byte) (Config, error) {
	var file struct {
		Updates []update `yaml:"updates"`
	}
	if err := yaml.Unmarshal(src, &file); err != nil {
		return Config{}, fmt.Errorf("parse Dependabot configuration: %w", err)
	}
	return Config{updates: file.Updates}, nil
}

// Moves reports whether Dependabot updates the input of the flake in dir, a folder from the repository's
// root with slashes ("" is the root).
func (c Config) Moves(dir, input string) bool {
	for _, u := range c.updates {
		if u.Ecosystem == "nix" && u.enabled() && u.covers(dir) && u.allows(input) && !u.ignores(input) {
			return true
		}
	}
	return false
}

func (u update) enabled() bool { return u.Limit == nil || *u.Limit != 0 }

// covers reports whether the update looks at dir. Dependabot matches directories as globs, in which **
// stands for any number of folders.
func (u update) covers(dir string) bool {
	for _, d := range append([]string{u.Directory}, u.Directories...) {
		if d != "" && matchPath(segments(d), segments(dir)) {
			return true
		}
	}
	return false
}

func segments(dir string) []string {
	clean := strings.Trim(path.Clean("/"+dir), "/")
	if clean == "" {
		return nil
	}
	return strings.Split(clean, "/")
}

func matchPath(pattern, dir []string) bool {
	if len(pattern) == 0 {
		return len(dir) == 0
	}
	if pattern[0] == "**" {
		return matchPath(pattern[1:], dir) || len(dir) > 0 && matchPath(pattern, dir[1:])
	}
	if len(dir) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], dir[0])
	return err == nil && ok && matchPath(pattern[1:], dir[1:])
}

// allows reports whether the update's allow list, if it has one, names the input. A rule without a name
// selects by the kind of dependency, which inputs do not have.
func (u update) allows(input string) bool {
	named := false
	for _, r := range u.Allow {
		if r.Name == "" {
			continue
		}
		named = true
		if matchName(r.Name, input) {
			return true
		}
	}
	return !named
}

// ignores reports whether every update of the input is ignored.
func (u update) ignores(input string) bool {
	for _, r := range u.Ignore {
		if r.Versions == nil && len(r.UpdateTypes) == 0 && matchName(r.Name, input) {
			return true
		}
	}
	return false
}

// matchName matches as Dependabot does: * stands for any text, and case does not matter.
func matchName(pattern, name string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	name = strings.ToLower(name)
	if len(parts) == 1 {
		return parts[0] == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// Snippet is what to add to the update of the nix ecosystem so that Dependabot leaves the input alone.
func Snippet(input string) string {
	return fmt.Sprintf("ignore: [{ dependency-name: %q }]", input)
}
