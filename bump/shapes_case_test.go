package bump_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// shapeCase is one flake of testdata/shapes or testdata/edges with what a bump must make of it.
type shapeCase struct {
	name   string
	shapes []string
	files  map[string]string // with their edits marked

	newest, to, attr, verify                string
	force, acceptRetag, pre, allowDowngrade bool
	crlf, noFinalNewline, once              bool
	sub                                     string // folder of the flake in the repository

	status, old, err, hint   string
	warnings, silent, builds []string
	checks                   []shapeCheck
	lock                     []string // versions between which the lock's nodes of ollama move
}

// shapeCheck is an attribute that must evaluate to a string.
type shapeCheck struct{ attr, value string }

// shapeCases reads the flakes of testdata/shapes and testdata/edges.
func shapeCases(t *testing.T) []*shapeCase {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "shapes", "*.txtar"))
	require.NoError(t, err)
	edges, err := filepath.Glob(filepath.Join("..", "testdata", "edges", "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	require.NotEmpty(t, edges)
	paths = append(paths, edges...)
	cases := make([]*shapeCase, 0, len(paths))
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		c := &shapeCase{
			name: strings.TrimSuffix(filepath.Base(path), ".txtar"), files: map[string]string{},
			newest: bumptest.DefaultNewest, status: "bumped",
		}
		for _, f := range archive.Files {
			c.files[f.Name] = string(f.Data)
		}
		_, header, ok := strings.Cut("\n"+string(archive.Comment), "\nshapes: ") // behind the prose
		require.True(t, ok, path)
		for _, line := range strings.Split("shapes: "+strings.TrimSpace(header), "\n") {
			key, value, _ := strings.Cut(line, ": ")
			require.True(t, c.set(key, strings.TrimSpace(value)), "%s: unknown line %q", path, line)
		}
		require.NotEmpty(t, c.shapes, path)
		c.finish()
		cases = append(cases, c)
	}
	return cases
}

// set takes one line of the header.
func (c *shapeCase) set(key, value string) bool {
	text := map[string]*string{
		"newest": &c.newest, "to": &c.to, "attr": &c.attr, "verify": &c.verify, "sub": &c.sub,
		"status": &c.status, "old": &c.old, "error": &c.err, "hint": &c.hint,
	}
	flag := map[string]*bool{
		"force": &c.force, "accept-retag": &c.acceptRetag, "pre": &c.pre, "allow-downgrade": &c.allowDowngrade,
		"crlf": &c.crlf, "no-final-newline": &c.noFinalNewline, "once": &c.once,
	}
	list := map[string]*[]string{"warning": &c.warnings, "silent": &c.silent, "build": &c.builds}
	switch {
	case text[key] != nil:
		*text[key] = value
	case flag[key] != nil:
		*flag[key] = true
	case list[key] != nil:
		*list[key] = append(*list[key], value)
	case key == "shapes":
		c.shapes = strings.Fields(value)
	case key == "lock":
		c.lock = strings.Fields(value)
	case key == "eval":
		attr, want, _ := strings.Cut(value, " == ")
		c.checks = append(c.checks, shapeCheck{attr, want})
	default:
		return false
	}
	return true
}

// finish gives the files the line ends that the header asks for: an archive cannot hold them.
func (c *shapeCase) finish() {
	for name, text := range c.files {
		if c.crlf {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if c.noFinalNewline {
			text = strings.TrimRight(text, "\r\n")
		}
		c.files[name] = text
	}
	for i, attr := range c.builds {
		c.builds[i] = strings.ReplaceAll(attr, "@system@", bumptest.System())
	}
	for i, check := range c.checks {
		c.checks[i].attr = strings.ReplaceAll(check.attr, "@system@", bumptest.System())
	}
	c.attr = strings.ReplaceAll(c.attr, "@system@", bumptest.System())
}

// marked is an edit in a file of a case: ⟦what stands there→what a bump writes⟧.
var marked = regexp.MustCompile(`(?s)⟦([^→⟧]*)→([^⟧]*)⟧`)

// flake makes a locked git repository of the case's files as they are before the bump.
func (c *shapeCase) flake(t *testing.T, w *bumptest.World) string {
	t.Helper()
	before := map[string]string{}
	for name, text := range c.files {
		before[name] = marked.ReplaceAllString(text, "$1")
	}
	dir := w.Tree(before)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = dir, w.Env()
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "git %s: %s", args[0], said)
	}
	git("init", "-q")
	git("add", "-A")
	if _, err := os.Stat(filepath.Join(dir, c.sub, "flake.lock")); err != nil {
		_, said, err := w.TryNix(dir, "flake", "lock", "path:"+filepath.Join(dir, c.sub))
		require.NoError(t, err, said)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "pin ollama")
	return filepath.Join(dir, c.sub)
}

// after are the files as they must be after the bump. What the case does not show, a lock file that
// Nix wrote, stays as it is; where inputs move, it is shown as lock nodes.
func (c *shapeCase) after(w *bumptest.World, before map[string]string) map[string]string {
	want := map[string]string{}
	for name, text := range before {
		want[name] = text
	}
	for name, text := range c.files {
		if c.sub != "" {
			rel, err := filepath.Rel(c.sub, name)
			if err != nil || strings.HasPrefix(rel, "..") {
				continue
			}
			name = filepath.ToSlash(rel)
		}
		want[name] = w.Expand(marked.ReplaceAllString(text, "$2"))
	}
	if len(c.lock) == 2 {
		from, to := c.lock[0], c.lock[1]
		want["flake.lock"] = strings.NewReplacer(
			w.Hash("src", from), w.Hash("src", to), w.Hash("commit", from), w.Hash("commit", to),
			`"owner": "ollama",
        "ref": "v`+from, `"owner": "ollama",
        "ref": "v`+to,
			"refs/tags/v"+from, "refs/tags/v"+to,
		).Replace(want["flake.lock"])
	}
	return want
}

func joined(lines []string) string { return strings.Join(lines, "\n") }
