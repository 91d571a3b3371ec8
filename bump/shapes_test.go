package bump_test

import (
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// TestShapes bumps every flake of testdata/shapes and testdata/edges with real Nix: see the README there. The
// cases of one newest release share a world; each has a tree of its own.
func TestShapes(t *testing.T) {
	byNewest := map[string][]*shapeCase{}
	for _, c := range shapeCases(t) {
		byNewest[c.newest] = append(byNewest[c.newest], c)
	}
	newest := make([]string, 0, len(byNewest))
	for version := range byNewest {
		newest = append(newest, version)
	}
	sort.Strings(newest)
	for _, version := range newest {
		t.Run(version, func(t *testing.T) {
			w := bumptest.New(t, bumptest.Newest(version))
			w.Nix("", "store", "ping") // makes the store: two processes at once cannot
			t.Run("cases", func(t *testing.T) {
				for _, c := range byNewest[version] {
					t.Run(c.name, func(t *testing.T) {
						t.Parallel()
						c.run(t, w)
					})
				}
			})
			require.Empty(t, w.Refused(), "hosts that no bump needs")
		})
	}
}

// run bumps the case's flake, compares every byte, builds from the result and bumps again.
func (c *shapeCase) run(t *testing.T, w *bumptest.World) {
	dir := c.flake(t, w)
	before := readFlake(t, dir)
	res, err := runIn(w, c.options(t, w, dir))
	if err != nil {
		t.Log("error:", err, "hint:", hintOf(err))
	}
	for _, want := range c.warnings {
		assert.Contains(t, joined(res.Warnings), w.Expand(want))
	}
	for _, never := range c.silent {
		assert.NotContains(t, joined(res.Warnings), w.Expand(never))
	}
	if c.err != "" {
		require.Error(t, err)
		if begin, rest := strings.CutSuffix(w.Expand(c.err), "…"); rest {
			assert.Equal(t, begin, err.Error()[:min(len(begin), len(err.Error()))])
		} else {
			assert.Equal(t, begin, err.Error())
		}
		assert.Contains(t, hintOf(err), c.hint)
		assert.NotEmpty(t, hintOf(err), "an error says what to do")
		requireSameTree(t, before, readFlake(t, dir))
		return
	}
	require.NoError(t, err)
	want := c.after(w, before)
	requireSameTree(t, want, readFlake(t, dir))
	require.Equal(t, c.status, string(res.Status))
	if c.old != "" {
		require.Equal(t, c.old, res.OldVersion)
	}
	c.build(t, w, dir)
	if c.once {
		return
	}
	res, err = runIn(w, c.again(t, w, dir))
	require.NoError(t, err, "the second run")
	require.Equal(t, bump.Current, res.Status, "the second run")
	requireSameTree(t, want, readFlake(t, dir))
}

// build builds what the case names from the tree as it is now, and checks what must evaluate.
func (c *shapeCase) build(t *testing.T, w *bumptest.World, dir string) {
	for _, attr := range c.builds {
		_, said, err := w.TryNix(dir, "build", "--no-link", dir+"#"+attr)
		require.NoError(t, err, "build %s: %s", attr, said)
	}
	for _, check := range c.checks {
		out, said, err := w.TryNix(dir, "eval", "--raw", dir+"#"+check.attr)
		require.NoError(t, err, "evaluate %s: %s", check.attr, said)
		require.Equal(t, w.Expand(check.value), out, check.attr)
	}
}

// options are the case's, for a run that writes.
func (c *shapeCase) options(t *testing.T, w *bumptest.World, dir string) bump.Options {
	o := options(t, w, dir, bump.Write)
	o.To, o.Attr, o.Verify = c.to, c.attr, bump.VerifyLevel(c.verify)
	o.Force, o.AcceptRetag, o.Pre, o.AllowDowngrade = c.force, c.acceptRetag, c.pre, c.allowDowngrade
	return o
}

// again are the options of the second run: nothing is forced.
func (c *shapeCase) again(t *testing.T, w *bumptest.World, dir string) bump.Options {
	o := c.options(t, w, dir)
	o.Force, o.AcceptRetag = false, false
	return o
}

func hintOf(err error) string {
	var e *bump.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// requireSameTree compares files byte for byte, with a readable difference.
func requireSameTree(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name, text := range want {
		require.Equal(t, text, got[name], name)
	}
	for name := range got {
		require.Contains(t, want, name, "a file that was not there")
	}
}

// readFlake reads the files of a tree, git's own left out; an executable's name ends in !.
func readFlake(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(at string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if info.Mode()&0o100 != 0 {
			name += "!"
		}
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	require.NoError(t, err)
	return files
}
