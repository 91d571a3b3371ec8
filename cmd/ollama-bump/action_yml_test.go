package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// metadata is what the tests look at in action.yml.
type metadata struct {
	Inputs  map[string]struct{ Description, Default string }
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Steps []struct {
			ID, Run, Shell, Uses string
			Env                  map[string]string
		}
	}
}

func readAction(t *testing.T) metadata {
	t.Helper()
	var m metadata
	require.NoError(t, yaml.Unmarshal([]byte(inProject(t, "action.yml")), &m))
	return m
}

// Runners set no INPUT_… variables for composite actions, so an input that is not mapped would
// silently have no effect; and one inside run: would be a hole.
func TestEveryInputReachesTheProgram(t *testing.T) {
	t.Parallel()
	m := readAction(t)
	want := map[string]string{"GITHUB_TOKEN": "${{ inputs.token }}", "OLLAMA_BUMP": "${{ steps.build.outputs.program }}"}
	names := []string{"token"}
	inputs := []string{nixArgsInput}
	for _, f := range inputFlags() {
		inputs = append(inputs, inputName(f.Name))
	}
	for _, name := range inputs {
		names = append(names, name)
		want[inputVariable(name)] = "${{ inputs." + name + " }}"
	}
	var have []string
	for name, in := range m.Inputs {
		have = append(have, name)
		assert.NotEmpty(t, in.Description, name)
	}
	assert.ElementsMatch(t, names, have)
	assert.Equal(t, want, m.Runs.Steps[1].Env)
	assert.Equal(t, "${{ github.token }}", m.Inputs["token"].Default)
}

func TestNoExpressionInShell(t *testing.T) {
	t.Parallel()
	m := readAction(t)
	require.Len(t, m.Runs.Steps, 2)
	for _, step := range m.Runs.Steps {
		assert.NotContains(t, step.Run, "${{")
		assert.Equal(t, "bash", step.Shell)
		assert.Empty(t, step.Uses, "other people's code with the token")
	}
	assert.NotContains(t, m.Runs.Steps[0].Env, "GITHUB_TOKEN")
}

func TestEveryOutputIsPassedOn(t *testing.T) {
	t.Parallel()
	m := readAction(t)
	names := []string{"status", "old-version", "new-version", "diff", "pull-request-number", "pull-request-url", "pull-request-operation", "pull-request-branch"}
	var have []string
	for name, out := range m.Outputs {
		have = append(have, name)
		assert.Equal(t, "${{ steps.bump.outputs."+name+" }}", out.Value)
	}
	assert.ElementsMatch(t, names, have)
}

// workflows lays the project's workflows, the examples and one with every input of the Action out
// in a repository, where actionlint can see action.yml too.
func workflows(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, ".github", "workflows")
	require.NoError(t, os.MkdirAll(at, 0o755))
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o644)) }
	write(filepath.Join(dir, "action.yml"), inProject(t, "action.yml"))
	for _, folder := range []string{".github/workflows", "examples"} {
		files, err := filepath.Glob(filepath.Join(projectRoot(t), folder, "*.yml"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			if filepath.Base(file) == "gitlab.yml" {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			write(filepath.Join(at, filepath.Base(file)), strings.ReplaceAll(string(text), "nixtars/ollama-bump@v1", "./"))
		}
	}
	all := "on: push\njobs:\n  all:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./\n        id: bump\n        with:\n"
	m := readAction(t)
	for name := range m.Inputs {
		all += "          " + name + ": x\n"
	}
	all += "      - run: echo\n        env:\n"
	for name := range m.Outputs {
		all += "          " + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + ": ${{ steps.bump.outputs." + name + " }}\n"
	}
	write(filepath.Join(at, "all-inputs.yml"), all)
	_, err := command(t, dir, "git", "init", "-q")
	require.NoError(t, err)
	return dir
}

func TestActionlint(t *testing.T) {
	t.Parallel()
	lint, dir := goTool(t, actionlint), workflows(t)
	output, err := command(t, dir, lint)
	require.NoError(t, err, "%s", output)

	// It does look: an input that the Action has not is found.
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".github", "workflows", "wrong.yml"),
		[]byte("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./\n        with:\n          flak: x\n"), 0o644))
	output, err = command(t, dir, lint)
	require.Error(t, err)
	assert.Contains(t, output, `input "flak" is not defined in action "ollama-bump"`)
}

func TestShellcheck(t *testing.T) {
	t.Parallel()
	root := projectRoot(t)
	for _, pattern := range []string{".github/*.sh", ".github/*/*.sh", "examples/*.sh", "nix/*.sh"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		output, err := command(t, root, "shellcheck", files...)
		require.NoError(t, err, "%s", output)
	}
}

// Workflows that others copy name the code that they run by commit, and ours by its major version.
func TestUsesArePinned(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`uses: (\S+)(.*)`)
	pinned := regexp.MustCompile(`^[^@]+@[0-9a-f]{40}$`)
	for _, folder := range []string{".github/workflows", "examples"} {
		files, err := filepath.Glob(filepath.Join(projectRoot(t), folder, "*.yml"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range uses.FindAllStringSubmatch(string(text), -1) {
				if match[1] == "nixtars/ollama-bump@v1" {
					continue
				}
				assert.Regexp(t, pinned, match[1], file)
				assert.Regexp(t, `^ # v\d+\.\d+\.\d+$`, match[2], file)
			}
		}
	}
}
