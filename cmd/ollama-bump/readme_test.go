package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump"
)

// documents returns the files whose links and commands are tested, from the project's root.
func documents(t *testing.T) []string {
	t.Helper()
	more, err := filepath.Glob(filepath.Join(projectRoot(t), "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, more)
	all := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"}
	for _, path := range more {
		all = append(all, filepath.Join("docs", filepath.Base(path)))
	}
	return all
}

// A visitor decides in a minute.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, len(strings.Fields(inProject(t, "README.md"))), 1200, "words")
}

// blocks returns the code blocks of a language in a document.
func blocks(t *testing.T, document, language string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(inProject(t,
		document), -1) {
		found = append(found, match[1])
	}
	require.NotEmpty(t, found, "%s: no block of %s", document, language)
	return found
}

// nixRun is how the documents run the program without installing it; see TestFetchedFlake.
const nixRun = "nix run github:nixtars/ollama-bump"

// Every command line of ours in the documents is one that the program takes. They stand without a prompt, so that they
// can be copied.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	count := 0
	for _, block := range slices.Concat(blocks(t, "README.md", "sh"), blocks(t, "docs/how-it-works.md", "sh"),
		blocks(t, "docs/output.md", "sh")) {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, "  #")
			line, _, _ = strings.Cut(line, " | ")
			line = strings.TrimSpace(line)
			if rest, ok := strings.CutPrefix(line, nixRun); ok {
				line = "ollama-bump " + strings.TrimPrefix(rest, " --")
			}
			if strings.HasPrefix(line, "export ") || strings.HasPrefix(line, "make ") ||
				strings.HasPrefix(line, "go run ") {
				continue
			}
			words, err := splitWords(line)
			require.NoError(t, err)
			require.Equal(t, "ollama-bump", words[0], line)
			o := runWith(nil, bump.Result{Status: bump.Current}, nil, words[1:]...)
			assert.Equal(t, exitOK, o.status, "%s: %s", line, o.stderr)
			count++
		}
	}
	assert.Greater(t, count, 8)
}

// Commands in the text are real as well.
func TestReadmeInlineCommands(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, g := range newSettings().groups() {
		for _, r := range flagRows(g.set) {
			for _, word := range strings.Fields(strings.ReplaceAll(r.term, ",", " ")) {
				known[word] = true
			}
		}
	}
	texts := ""
	for _, document := range documents(t) {
		if document != "docs/bad-input.md" { // it quotes other programs
			texts += inProject(t, document)
		}
	}
	for _, match := range regexp.MustCompile("`(--[a-z-]+)[^`]*`").FindAllStringSubmatch(texts, -1) {
		switch match[1] {
		case "--override-input", "--commit": // Nix's and nix-update's
		default:
			assert.True(t, known[match[1]], match[1])
		}
	}
	for _, match := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)(?:`|$)").FindAllStringSubmatch(texts, -1) {
		assert.Contains(t, inProject(t, "Makefile"), "\n"+match[1]+":", match[0])
	}
	for _, match := range regexp.MustCompile(`go run (\./[a-z/]+)`).FindAllStringSubmatch(texts, -1) {
		assert.DirExists(t, filepath.Join(projectRoot(t), match[1]))
	}
}

// Nothing says nix run in a form that Nix refuses.
func TestNixRunIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob(filepath.Join(projectRoot(t), "examples", "*"))
	require.NoError(t, err)
	files := examples
	for _, document := range documents(t) {
		files = append(files, filepath.Join(projectRoot(t), document))
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`nix run [^\n]*github:nixtars/ollama-bump`).FindAllString(string(text),
			-1) {
			assert.Equal(t, nixRun, match, file)
			count++
		}
	}
	assert.GreaterOrEqual(t, count, 5)
}

// The workflow of the README is one that actionlint finds nothing wrong with.
func TestReadmeWorkflow(t *testing.T) {
	t.Parallel()
	dir := workflows(t)
	yaml := blocks(t, "README.md", "yaml")
	require.Len(t, yaml, 1)
	workflow := strings.ReplaceAll(yaml[0], "nixtars/ollama-bump@v1", "./")
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".github", "workflows", "readme.yml"), []byte(workflow), 0o644))
	output, err := command(t, dir, goTool(t, actionlint))
	require.NoError(t, err, "%s", output)
}

// The README's flake and its module give a machine that runs the service, with nothing added but the
// machine's hardware.
func TestReadmeNix(t *testing.T) {
	t.Parallel()
	f := newOurFlake(t)
	nix := blocks(t, "README.md", "nix")
	require.Len(t, nix, 2)
	require.Contains(t, nix[0], `"github:nixtars/ollama-bump"`)
	dir := f.world.Tree(map[string]string{
		"flake.nix":                  strings.Replace(nix[0], "github:nixtars/ollama-bump", f.url, 1),
		"ollama-bump.nix":            nix[1],
		"hardware-configuration.nix": "{ nixpkgs.hostPlatform = \"x86_64-linux\"; boot.isContainer = true; }\n",
	})
	f.url = "path:" + dir
	f.nix("flake", "lock", "FLAKE")
	script := f.nix("eval", "--raw",
		"FLAKE#nixosConfigurations.box.config.systemd.services.ollama-bump-machines.script")
	assert.Contains(t, script, "exec ollama-bump '--repo' 'me/nixos-config' '--label=dependencies' '--verify=eval' "+
		"'--'")
	failed := f.nix("eval", "--json", "FLAKE#nixosConfigurations.box.config.assertions",
		"--apply", "builtins.filter (a: !a.assertion)")
	assert.Equal(t, "[]", strings.TrimSpace(failed))
}

// No line of the text is longer than the others; rows of tables and shown output cannot be wrapped.
func TestDocumentsAreWrapped(t *testing.T) {
	t.Parallel()
	for _, document := range documents(t) {
		text := fence.ReplaceAllString(inProject(t, document), "")
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "|") {
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 120, document+": "+line)
			}
		}
	}
}

// The configuration in the documentation is one that the program reads.
func TestDocumentedConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shown := blocks(t, "docs/configuration.md", "yaml")[0]
	require.NoError(t, os.WriteFile(filepath.Join(dir, configName), []byte(shown), 0o644))
	c, err := findConfiguration(dir)
	require.NoError(t, err)
	require.NotNil(t, c)
	assert.Equal(t, []string{"dependencies", "nix"}, c.common["label"].values)
	assert.Len(t, c.flakes, 2)
}

// The object in the documentation has every field of the real one, and no other.
func TestDocumentedJSON(t *testing.T) {
	t.Parallel()
	decoder := json.NewDecoder(strings.NewReader(blocks(t, "docs/output.md", "json")[0]))
	decoder.DisallowUnknownFields()
	var shown bump.Result
	require.NoError(t, decoder.Decode(&shown))
	assert.NotEmpty(t, shown.Files[0].Edits)
	assert.NotNil(t, shown.PullRequest)
	assert.NotEmpty(t, shown.Warnings)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[bump.Result]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		assert.Regexp(t, "[`\"]"+name+"[`\"]", inProject(t, "docs/output.md"))
	}
}

func TestDocumentedStatuses(t *testing.T) {
	t.Parallel()
	for _, c := range manual {
		if c.title == "Exit status" {
			for _, r := range c.rows {
				line := fmt.Sprintf("\n| %s | %s |\n", r.term, r.text)
				assert.True(t, strings.Contains(strings.ReplaceAll(inProject(t, "docs/output.md"), "`", ""), line),
					line)
			}
		}
	}
}

var shapeRow = regexp.MustCompile(`(?m)^\| ([SX]\d+) \| .+ \| .+ \|$`)

// Every shape that docs/shapes.md promises is proved by a flake, and every flake proves a row.
func TestEveryShapeHasAFlake(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(projectRoot(t), "testdata", "[se]*", "*.txtar")) // shapes and edges
	require.NoError(t, err)
	proved := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		header := regexp.MustCompile(`(?m)^shapes: (.+)$`).FindStringSubmatch(string(text))
		require.Len(t, header, 2, file)
		for _, id := range strings.Fields(header[1]) {
			proved[id] = true
		}
	}
	rows := map[string]bool{}
	for _, match := range shapeRow.FindAllStringSubmatch(inProject(t, "docs", "shapes.md"), -1) {
		rows[match[1]] = true
		assert.True(t, proved[match[1]], "%s has no flake", match[1])
	}
	for id := range proved {
		assert.True(t, rows[id], "%s has no row", id)
	}
	assert.Len(t, rows, 44+7)
	assert.Contains(t, inProject(t, "README.md"), fmt.Sprintf("[%d ways", len(rows)))
}

// What a message tells the user to read exists. It is named by an address: few users have the files.
func TestMessagesNameWhatExists(t *testing.T) {
	t.Parallel()
	address := regexp.MustCompile(`github\.com/nixtars/ollama-bump/blob/main/([a-zA-Z0-9_/.-]*[a-z])`)
	local := regexp.MustCompile(`"[^"\n]*\bsee (?:the )?(?:README|docs/)[^"\n]*"`)
	count := 0
	for _, folder := range []string{"bump", "cmd/ollama-bump", "nixexpr"} {
		require.NoError(t, fs.WalkDir(os.DirFS(projectRoot(t)), folder,
			func(path string, _ fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
					return err
				}
				code := inProject(t, path)
				assert.Empty(t, local.FindAllString(code, -1), path)
				for _, match := range address.FindAllStringSubmatch(code, -1) {
					assert.FileExists(t, filepath.Join(projectRoot(t), match[1]), path)
					count++
				}
				return nil
			}))
	}
	assert.GreaterOrEqual(t, count, 2)
}

// fence is a block of code in a document; what stands in it is neither a link nor a heading.
var fence = regexp.MustCompile("(?ms)^```.*?^```$")

// anchors returns the fragments by which a document's headings can be linked, as GitHub names them: the heading's text
// in lower case without punctuation, with - for spaces, and numbered when another heading has the same.
func anchors(document string) map[string]bool {
	found := map[string]bool{}
	heading := regexp.MustCompile(`(?m)^#{1,6} +(.+?)[ #]*$`)
	link := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\p{M} _-]`)
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(document, ""), -1) {
		text := strings.ToLower(link.ReplaceAllString(match[1], "$1"))
		slug := strings.ReplaceAll(dropped.ReplaceAllString(text, ""), " ", "-")
		unique := slug
		for i := 1; found[unique]; i++ {
			unique = fmt.Sprintf("%s-%d", slug, i)
		}
		found[unique] = true
	}
	return found
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	document := "# What's new, in `1.0`?\n\n## A [link](x.md#y) & more\n\n```sh\n# no heading\n```\n\n" +
		"### Use_case: naïve ##\n## Same\n## Same\n#no heading\n"
	assert.Equal(t, map[string]bool{
		"whats-new-in-10": true, "a-link--more": true, "use_case-naïve": true, "same": true, "same-1": true,
	}, anchors(document))
}

// brokenLinks returns what is wrong with a document's links: those inside the project must lead to a file, and to a
// heading of it if they name one; those that lead outside must be well formed and encrypted.
func brokenLinks(root fs.FS, document string) ([]string, error) {
	text, err := fs.ReadFile(root, document)
	if err != nil {
		return nil, err
	}
	var broken []string
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	prose := strings.ReplaceAll(fence.ReplaceAllString(string(text), ""), "]\n(", "](")
	for _, match := range link.FindAllStringSubmatch(prose, -1) {
		u, err := url.Parse(match[1])
		if err != nil || u.IsAbs() && (u.Scheme != "https" || u.Host == "") {
			broken = append(broken, match[1])
			continue
		}
		if u.IsAbs() {
			continue
		}
		target := document
		if u.Path != "" {
			target = path.Join(path.Dir(document), u.Path)
		}
		if _, err := fs.Stat(root, target); err != nil {
			broken = append(broken, match[1])
			continue
		}
		if u.Fragment != "" {
			linked, err := fs.ReadFile(root, target)
			if err != nil || !anchors(string(linked))[u.Fragment] {
				broken = append(broken, match[1])
			}
		}
	}
	return broken, nil
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, document := range documents(t) {
		broken, err := brokenLinks(os.DirFS(projectRoot(t)), document)
		require.NoError(t, err)
		assert.Empty(t, broken, document)
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	t.Parallel()
	broken, err := brokenLinks(fstest.MapFS{
		"README.md": {Data: []byte("# Top\n[a](docs/a.md#one-two) [b](#top) [c](docs) [d](https://example.org/#x)\n" +
			"[e](docs/a.md#three) [f](#bottom) [g](docs/b.md) [h](http://example.org) [i](docs#top) " +
			"[j]\n(docs/a.md#one)\n")},
		"docs/a.md": {Data: []byte("## One, two\n")},
	}, "README.md")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"docs/a.md#three", "#bottom", "docs/b.md", "http://example.org", "docs#top", "docs/a.md#one",
	}, broken)
}

// What the project's texts call a file or folder of the project is there.
func TestNamedFilesExist(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile("`((?:cmd|bump|nixexpr|testdata|nix|docs|examples|\\.github)/[A-Za-z0-9_./-]+)`")
	for _, document := range documents(t) {
		for _, match := range name.FindAllStringSubmatch(inProject(t, document), -1) {
			switch match[1] {
			case ".github/workflows/ollama-bump.yml", ".github/ollama-bump.yaml": // in the user's repository
				continue
			}
			_, err := os.Stat(filepath.Join(projectRoot(t), match[1]))
			assert.NoError(t, err, "%s: %s", document, match[1])
		}
	}
}
