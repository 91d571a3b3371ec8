package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/nixtars/ollama-bump/bump"
)

// Besides token, which is passed as GITHUB_TOKEN, and nix-args, action.yml has an input for every flag
// but those of actionless. Its value comes in the environment variable
// inputVariable(name), never through a shell, and becomes one argument: a hostile one stays a value.

// nixArgsInput holds further arguments for Nix, in words as a shell has them.
const nixArgsInput = "nix-args"

// actionless are the flags that are of no use in the Action.
var actionless = []string{"json", "full", "quiet", "version", "help"}

// plural are the flags whose input takes several values at once and is called accordingly.
var plural = []string{"label", "reviewer", "assignee"}

// inputFlags returns the flags that have an input.
func inputFlags() []*pflag.Flag {
	var all []*pflag.Flag
	newSettings().flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(actionless, f.Name) {
			all = append(all, f)
		}
	})
	return all
}

// inputName returns the name of a flag's input.
func inputName(flag string) string {
	if slices.Contains(plural, flag) {
		return flag + "s"
	}
	return flag
}

// inputVariable returns the variable that carries an input. It is not called INPUT_…: some runners set
// those by themselves, and then a mapping that is missing in action.yml would go unseen.
func inputVariable(name string) string {
	return "OLLAMA_BUMP_INPUT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// actionCommand is what action.yml runs.
func actionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "action",
		Short:  "bump as the GitHub Action: inputs from the environment, outputs and step summary into files",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p.action = true
			p.open(normal)
			args, err := actionArgs(p.getenv)
			if err != nil {
				return err
			}
			root := newCommand(p)
			root.SetArgs(args)
			return root.ExecuteContext(p.ctx)
		},
	}
}

// actionArgs turns the inputs into arguments.
func actionArgs(getenv func(string) string) ([]string, error) {
	args := []string{} // not nil: cobra would take the process's own
	for _, f := range inputFlags() {
		name := inputName(f.Name)
		value := strings.TrimSpace(getenv(inputVariable(name)))
		switch {
		case value == "":
		case f.Value.Type() == "bool" && value != "true" && value != "false":
			return nil, usage("input %s must be true or false, not %q", name, value)
		default:
			args = append(args, "--"+f.Name+"="+value)
		}
	}
	words, err := splitWords(getenv(inputVariable(nixArgsInput)))
	if err != nil {
		return nil, usage("input %s: %v", nixArgsInput, err)
	}
	if len(words) > 0 {
		args = append(append(args, "--"), words...)
	}
	return args, nil
}

// splitWords splits text into words as a POSIX shell does. What a shell would expand or run is an error:
// whoever means it literally quotes it.
func splitWords(text string) ([]string, error) {
	var words []string
	config := &expand.Config{Env: expand.FuncEnviron(nothing), NoUnset: true}
	parser := syntax.NewParser(syntax.Variant(syntax.LangPOSIX))
	for word, err := range parser.WordsSeq(strings.NewReader(text)) {
		if err != nil {
			return nil, err
		}
		fields, err := expand.Fields(config, word)
		if err != nil {
			return nil, err
		}
		words = append(words, fields...)
	}
	return words, nil
}

// nothing is an empty environment.
func nothing(string) string { return "" }

// publish sets the outputs and writes the step summary.
func (p *program) publish(mode bump.Mode, r bump.Result) error {
	if err := p.setOutputs(outputs(r)); err != nil {
		return err
	}
	return p.summarize(p.summary(sentence(mode, r), r))
}

// outputs returns the outputs of the Action for a result.
func outputs(r bump.Result) []property {
	all := []property{
		{"status", string(r.Status)},
		{"old-version", r.OldVersion},
		{"new-version", r.NewVersion},
		{"diff", r.Diff},
		{"title", r.Title},
		{"body", r.Body},
	}
	if pr := r.PullRequest; pr != nil {
		number := ""
		if pr.Number > 0 {
			number = fmt.Sprint(pr.Number)
		}
		all = append(all, property{"pull-request-number", number}, property{"pull-request-url", pr.URL},
			property{"pull-request-operation", pr.Operation}, property{"pull-request-branch", pr.Branch})
	}
	return all
}

// summary returns the step summary of a result: how it ended, the diff and the pull request.
func (p *program) summary(heading string, r bump.Result) string {
	text := "### " + p.log.clean(heading) + "\n\n"
	if r.Diff != "" {
		fence := fenceFor(r.Diff)
		text += fence + "diff\n" + strings.TrimSuffix(r.Diff, "\n") + "\n" + fence + "\n\n"
	}
	return text + r.Body + "\n"
}

// setOutputs appends to the file that the runner reads outputs from. The delimiter is random, so
// that no value can end early and set another output.
func (p *program) setOutputs(outputs []property) error {
	var b strings.Builder
	for _, o := range outputs {
		end := unguessable()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.name, end, strings.TrimSuffix(p.log.secrets.Exact(o.value), "\n"), end)
	}
	return appendFile(p.getenv("GITHUB_OUTPUT"), b.String())
}

// summarize appends Markdown to the step summary.
func (p *program) summarize(markdown string) error {
	return appendFile(p.getenv("GITHUB_STEP_SUMMARY"), p.log.secrets.Exact(markdown))
}

// publishFailure says in the outputs and in the step summary that the run failed, and why.
func (p *program) publishFailure(failure error, hint string) error {
	return errors.Join(p.setOutputs([]property{{"status", "failed"}}), p.summarizeFailure(failure, hint))
}

// summarizeFailure writes the step summary of a failure.
func (p *program) summarizeFailure(failure error, hint string) error {
	text := p.log.cleanLines(failure.Error())
	if hint != "" {
		text += "\nhint: " + p.log.cleanLines(hint)
	}
	fence := fenceFor(text)
	return p.summarize("### ollama-bump failed\n\n" + fence + "text\n" + text + "\n" + fence + "\n")
}

// fenceFor returns a code fence longer than any run of backticks in text.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}

// appendFile appends to one of the runner's files; outside a runner there is none.
func appendFile(path, text string) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write runner's file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteString(text); err != nil {
		return fmt.Errorf("write runner's file: %w", err)
	}
	return nil
}
