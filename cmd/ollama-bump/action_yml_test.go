package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/nixtars/ollama-bump/bump"
)

// metadata is what the tests look at in action.yml.
type metadata struct {
	Inputs  map[string]struct{ Description, Default string }
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Steps []struct {
			ID, Run, Shell, Uses, If string
			Env, With                map[string]string
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
	want := map[string]string{
		"GITHUB_TOKEN": "${{ inputs.token }}",
		"OLLAMA_BUMP":  "${{ steps.fetch.outputs.program || steps.build.outputs.program }}",
	}
	names := []string{"token"}
	inputs := []string{nixArgsInput}
	for _, f := range inputFlags() {
		inputs = append(inputs, inputName(f.Name))
	}
	for _, name := range inputs {
		names = append(names, name)
		want[inputVariable(name)] = "${{ inputs." + name + " }}"
		if name != "repo" { // which is no key of the configuration file
			assert.Empty(t, m.Inputs[name].Default, "%s: a default would hide the configuration file's", name)
		}
	}
	var have []string
	for name, in := range m.Inputs {
		have = append(have, name)
		assert.NotEmpty(t, in.Description, name)
	}
	assert.ElementsMatch(t, names, have)
	assert.Equal(t, want, m.Runs.Steps[len(m.Runs.Steps)-1].Env)
	assert.Equal(t, "${{ github.token }}", m.Inputs["token"].Default)
}

// No value of a workflow is shell code, only the last step has the token, and other people's code is GitHub's own,
// pinned by commit.
func TestNoExpressionInShell(t *testing.T) {
	t.Parallel()
	m := readAction(t)
	var ids []string
	for i, step := range m.Runs.Steps {
		ids = append(ids, step.ID)
		assert.NotContains(t, step.Run, "${{")
		if i < len(m.Runs.Steps)-1 {
			for _, value := range append(slices.Collect(maps.Values(step.Env)),
				slices.Collect(maps.Values(step.With))...) {
				assert.NotContains(t, value, "token")
			}
		}
		if step.Uses != "" {
			assert.Regexp(t, `^actions/cache@[0-9a-f]{40}$`, step.Uses)
			continue
		}
		assert.Equal(t, "bash", step.Shell)
	}
	assert.Equal(t, []string{"fetch", "", "build", "bump"}, ids)
	for _, step := range m.Runs.Steps[1:3] {
		assert.Equal(t, "steps.fetch.outputs.program == ''", step.If, "only what has to be compiled")
	}
}

func TestEveryOutputIsPassedOn(t *testing.T) {
	t.Parallel()
	m := readAction(t)
	var names []string
	for _, o := range outputs(bump.Result{PullRequest: &bump.PullRequest{}}) {
		names = append(names, o.name)
	}
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
			write(filepath.Join(at, filepath.Base(file)), strings.ReplaceAll(string(text), "nixtars/ollama-bump@v1",
				"./"))
		}
	}
	all := "on: push\njobs:\n  all:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./\n        id: bump\n    " +
		"    with:\n"
	m := readAction(t)
	for name := range m.Inputs {
		all += "          " + name + ": x\n"
	}
	all += "      - run: echo\n        env:\n"
	for name := range m.Outputs {
		all += "          " + strings.ToUpper(strings.ReplaceAll(name, "-",
			"_")) + ": ${{ steps.bump.outputs." + name + " }}\n"
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

	// actionlint does read action.yml: an input that the Action does not have is an error.
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".github", "workflows", "wrong.yml"),
		[]byte("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./\n        with:\n     "+
			"     flak: x\n"), 0o644))
	output, err = command(t, dir, lint)
	require.Error(t, err)
	assert.Contains(t, output, `input "flak" is not defined in action "ollama-bump"`)
}

// The examples look for a release before they install Nix, which takes longer than the rest of a day without one.
func TestExamplesCheckFirst(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"daily.yml", "app-token.yml", "matrix.yml"} {
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					ID, If, Uses string
					With         map[string]string
				}
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(inProject(t, "examples", name)), &workflow), name)
		checked, installed, branch := false, false, ""
		for _, step := range workflow.Jobs["bump"].Steps {
			action, _, _ := strings.Cut(step.Uses, "@")
			switch {
			case action == "nixtars/ollama-bump" && !checked:
				assert.Equal(t, "true", step.With["check"], name)
				assert.Equal(t, "release", step.ID, name)
				assert.Empty(t, step.If, name)
				checked, branch = true, step.With["branch"]
			case action == "cachix/install-nix-action", action == "nixtars/ollama-bump":
				require.True(t, checked, "%s: %s", name, action)
				assert.Equal(t, "steps.release.outputs.status == 'available'", step.If, "%s: %s", name, action)
				installed = true
				if action == "nixtars/ollama-bump" {
					assert.Equal(t, branch, step.With["branch"], "%s: the check looks for another pull request", name)
				}
			}
		}
		assert.True(t, installed, name)
	}
}

// A job that looks for a release first never removes a pin that is current.
func TestUnpinExampleDoesNotCheckFirst(t *testing.T) {
	t.Parallel()
	var workflow struct {
		Concurrency struct{ Group string }
		Jobs        map[string]struct {
			Steps []struct {
				If, Uses string
				With     map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(inProject(t, "examples", "unpin.yml")), &workflow))
	assert.Contains(t, inProject(t, "examples", "daily.yml"), "group: "+workflow.Concurrency.Group)
	var used []string
	for _, step := range workflow.Jobs["unpin"].Steps {
		action, _, _ := strings.Cut(step.Uses, "@")
		used = append(used, action)
		assert.Empty(t, step.If)
		assert.Empty(t, step.With["check"])
		if action == "nixtars/ollama-bump" {
			assert.Equal(t, "true", step.With["unpin"])
		}
	}
	assert.Equal(t, []string{"actions/checkout", "cachix/install-nix-action", "nixtars/ollama-bump"}, used)
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
	for _, pattern := range []string{".github/workflows/*.yml", "examples/*.yml", "action.yml"} {
		files, err := filepath.Glob(filepath.Join(projectRoot(t), pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
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
