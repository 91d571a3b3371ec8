package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/nixtars/ollama-bump/bump"
)

// The configuration file stands beside flake.nix, or for a whole repository in .github. It comes with
// the repository, so a stranger's pull request may change it: what says where a token goes, and what a
// run does, is not for it to say.

const (
	configName = "ollama-bump.yaml"
	configMax  = 1 << 16 // bytes
)

// unconfigurable are the flags that are no keys of the file.
var unconfigurable = []string{
	"api-url", "upstream-api-url", "repo", "json", "check", "dry-run", "no-pr", "version", "help",
}

// configuration is a file that was read.
type configuration struct {
	name   string // from the repository's root, for messages
	dir    string // that folders in it are relative to
	common section
	flakes []section
}

// section is the keys of the file, or of one of its flakes.
type section map[string]entry

// entry is the value of a key: one, or the items of a list.
type entry struct {
	values []string
	pos    bump.Pos
}

// usageAt is a usage error with a place.
type usageAt struct{ at *bump.Error }

func (u *usageAt) Error() string { return u.at.Error() }

// Unwrap makes it a usage error, and keeps its place.
func (u *usageAt) Unwrap() []error { return []error{&bump.UsageError{Text: u.at.Text}, u.at} }

// findConfiguration reads the file for the flake in dir; nil when there is none.
func findConfiguration(dir string) (*configuration, error) {
	root := cmp.Or(repositoryRoot(dir), dir)
	beside, err := readConfiguration(root, dir, configName)
	if err != nil {
		return nil, err
	}
	common, err := readConfiguration(root, root, filepath.Join(".github", configName))
	if err != nil {
		return nil, err
	}
	if beside != nil && common != nil {
		return nil, &bump.UsageError{
			Text: "read configuration: there are two files, " + beside.name + " and " + common.name,
			Hint: "keep one of them",
		}
	}
	return cmp.Or(beside, common), nil
}

// readConfiguration reads dir/file; nil when there is none.
func readConfiguration(root, dir, file string) (*configuration, error) {
	name := filepath.Join(dir, file)
	if rel, err := filepath.Rel(absolute(root), absolute(name)); err == nil {
		name = filepath.ToSlash(rel)
	}
	if exists(filepath.Join(dir, strings.TrimSuffix(file, "aml")+"ml")) {
		misnamed := strings.TrimSuffix(name, "aml") + "ml"
		return nil, &bump.UsageError{
			Text: "read configuration: " + misnamed + " must be called " + configName, Hint: "rename it",
		}
	}
	text, err := readSmall(dir, file)
	if text == nil || err != nil {
		return nil, err
	}
	c := &configuration{name: name, dir: dir}
	return c, c.parse(text)
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// readSmall reads a regular file that no link leads out of dir; nil when there is none.
func readSmall(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil // package bump tells what is wrong with the folder
	}
	defer root.Close()
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO would wait for a writer
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, usage("read configuration: %v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() > configMax) {
		return nil, usage("read configuration: %s is not a regular file of at most %d bytes", name, configMax)
	}
	text, err := io.ReadAll(io.LimitReader(file, configMax))
	if err != nil {
		return nil, usage("read configuration: %v", err)
	}
	return append([]byte{}, text...), nil
}

// parse reads the text of the file.
func (c *configuration) parse(text []byte) error {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return c.syntaxError(err)
	}
	c.common = section{}
	if len(document.Content) == 0 {
		return nil
	}
	return c.section(document.Content[0], c.common, true)
}

// yamlPlace matches where the YAML parser found a mistake.
var yamlPlace = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?`)

// syntaxError returns the error for a file that is not YAML.
func (c *configuration) syntaxError(err error) error {
	place := yamlPlace.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(place[1])
	at := &yaml.Node{Line: max(line, 1), Column: 1}
	e := c.at(at, "parse: "+strings.TrimPrefix(err.Error(), place[0]))
	e.at.Hint = "correct the file: it is YAML"
	return e
}

// section reads a mapping into s; top reports whether it is the whole file.
func (c *configuration) section(node *yaml.Node, s section, top bool) error {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return c.wrong(node, "must be keys and values, such as min-age: 3d")
	}
	set := newSettings().flags()
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		_, double := s[key.Value]
		switch {
		case double || key.Value == "flakes" && c.flakes != nil:
			return c.wrong(key, "key "+quoted(key.Value)+" is set twice")
		case key.Value == "flakes" && top:
			if err := c.readFlakes(value); err != nil {
				return err
			}
			continue
		case slices.Contains(unconfigurable, key.Value):
			return c.wrong(key, quoted(key.Value)+" cannot be set in a file; set it on the command line")
		case set.Lookup(key.Value) == nil:
			return c.unknown(key, set)
		}
		e, err := c.entry(key.Value, value, set.Lookup(key.Value))
		if err != nil {
			return err
		}
		s[key.Value] = e
	}
	return nil
}

// readFlakes reads the list of flakes.
func (c *configuration) readFlakes(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode || len(node.Content) == 0 {
		return c.wrong(node, "flakes must be a list, each item with a key flake: DIR")
	}
	seen := map[string]bool{}
	for _, item := range node.Content {
		s := section{}
		if err := c.section(item, s, false); err != nil {
			return err
		}
		dir, ok := s["flake"]
		if !ok {
			return c.wrong(item, "an item of flakes needs a key flake: DIR")
		}
		clean := filepath.Clean(dir.values[0])
		if seen[clean] {
			return c.wrong(item, "flake "+quoted(clean)+" is set twice")
		}
		seen[clean] = true
		c.flakes = append(c.flakes, s)
	}
	return nil
}

// entry reads the value of a key and checks it alone.
func (c *configuration) entry(key string, node *yaml.Node, f *pflag.Flag) (entry, error) {
	e := entry{pos: bump.Pos{File: c.name, Line: node.Line, Column: node.Column}}
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode && f.Value.Type() == "list" {
		items = node.Content
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return e, c.wrong(item, key+" must be "+kindOf(f))
		}
		e.values = append(e.values, item.Value)
	}
	if key == "flake" && !filepath.IsLocal(e.values[0]) {
		return e, c.wrong(node, "flake must be a folder below "+quoted(filepath.Dir(c.name)))
	}
	if err := checkAlone(key, e.values); err != nil {
		return e, c.wrong(node, key+" "+err.Error())
	}
	return e, nil
}

// kindOf says what the value of a flag looks like.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "list":
		return "a list of texts"
	case "bool":
		return "true or false"
	}
	return "a text"
}

// checkAlone returns what is wrong with the values of a key, without regard to the others.
func checkAlone(key string, values []string) error {
	s := newSettings()
	f := s.flags().Lookup(key)
	for _, value := range values {
		if f.Value.Type() == "bool" && value != "true" && value != "false" {
			return fmt.Errorf("must be true or false, not %q", value)
		}
		if err := f.Value.Set(value); err != nil {
			return valueError(f, value, err)
		}
	}
	if key == "flake" {
		return nil // a folder of the repository, which need not be this one's
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("%s", strings.TrimLeft(strings.TrimPrefix(asFlags(err.Error()), "--"+key), ": "))
	}
	return nil
}

func (c *configuration) unknown(key *yaml.Node, set *pflag.FlagSet) error {
	err := c.wrong(key, "unknown key "+quoted(key.Value))
	if hint := suggestFlag(set, key.Value); strings.HasPrefix(hint, "did you mean") {
		err.at.Hint = strings.Replace(hint, "--", "", 1)
	}
	return err
}

// wrong returns the error for a place of the file.
func (c *configuration) wrong(node *yaml.Node, text string) *usageAt {
	return c.at(node, "read configuration: "+text)
}

func (c *configuration) at(node *yaml.Node, text string) *usageAt {
	return &usageAt{&bump.Error{
		Pos: bump.Pos{File: c.name, Line: node.Line, Column: node.Column}, Text: text,
		Hint: "keys are the long flags: see ollama-bump --help and ollama-bump config",
	}}
}
