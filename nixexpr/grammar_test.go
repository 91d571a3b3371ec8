package nixexpr_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/nixexpr"
)

var update = flag.Bool("update", false, "write what the parser says into testdata/grammar")

// A grammarCase is one source of testdata/grammar/TOPIC.txtar. There NAME.nix holds it, or
// NAME.quoted as a Go string when it has bytes that an editor would hide; then comes NAME.tree
// with the tree, printed with all parentheses, or NAME.error.
type grammarCase struct {
	topic, name string
	src         string
	tree, err   string // one of them; with the line feed
}

// grammarCases reads the cases of all topics.
func grammarCases(t testing.TB) []grammarCase {
	t.Helper()
	files, err := filepath.Glob("testdata/grammar/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var cases []grammarCase
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		topic := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, part := range archive.Files {
			cases = addPart(t, cases, topic, part)
		}
	}
	return cases
}

func addPart(t testing.TB, cases []grammarCase, topic string, part txtar.File) []grammarCase {
	t.Helper()
	name, ext := strings.TrimSuffix(part.Name, filepath.Ext(part.Name)), filepath.Ext(part.Name)
	data := string(part.Data)
	switch ext {
	case ".nix":
		return append(cases, grammarCase{topic: topic, name: name, src: strings.TrimSuffix(data, "\n")})
	case ".quoted":
		src, err := strconv.Unquote(strings.TrimSuffix(data, "\n"))
		require.NoError(t, err, "%s: %s", topic, part.Name)
		return append(cases, grammarCase{topic: topic, name: name, src: src})
	}
	require.NotEmpty(t, cases, topic)
	last := &cases[len(cases)-1]
	require.Equal(t, last.name, name, "%s: a result must follow its source", topic)
	require.Contains(t, []string{".tree", ".error"}, ext, "%s: %s", topic, part.Name)
	if ext == ".tree" {
		last.tree = data
	} else {
		last.err = data
	}
	return cases
}

// understood is what the parser makes of a source: the printed tree or the error. Trees can
// hold any byte, so they are quoted when they are not plain.
func understood(src string) (tree, failure string) {
	f, err := nixexpr.Parse("x.nix", []byte(src))
	if err != nil {
		return "", err.Error() + "\n"
	}
	tree = string(f.Print(f.Root))
	if strings.ContainsFunc(tree, func(r rune) bool { return r < ' ' && r != '\n' || r == '\uFFFD' }) {
		tree = strconv.Quote(tree)
	}
	return tree + "\n", ""
}

func TestGrammar(t *testing.T) {
	if *update {
		rewriteGrammar(t)
	}
	for _, c := range grammarCases(t) {
		t.Run(c.topic+"/"+c.name, func(t *testing.T) {
			tree, failure := understood(c.src)
			assert.Equal(t, c.tree, tree)
			assert.Equal(t, c.err, failure)
		})
	}
}

// rewriteGrammar writes the results anew, and keeps the sources as they are.
func rewriteGrammar(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("testdata/grammar/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		out := &txtar.Archive{Comment: archive.Comment}
		for _, part := range archive.Files {
			if !slices.Contains([]string{".nix", ".quoted"}, filepath.Ext(part.Name)) {
				continue
			}
			c := addPart(t, nil, file, part)[0]
			tree, failure := understood(c.src)
			result := txtar.File{Name: c.name + ".tree", Data: []byte(tree)}
			if failure != "" {
				result = txtar.File{Name: c.name + ".error", Data: []byte(failure)}
			}
			out.Files = append(out.Files, part, result)
		}
		require.NoError(t, os.WriteFile(file, txtar.Format(out), 0o644))
	}
}
