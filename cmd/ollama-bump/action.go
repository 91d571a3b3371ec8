package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nixtars/ollama-bump/bump"
)

// An input is one of action.yml's inputs. Its value comes in the environment variable env(), never
// through a shell, and becomes one argument: a hostile one stays a value.
type input struct {
	name string // in action.yml
	flag string
	kind inputKind
}

type inputKind int

const (
	textInput inputKind = iota
	boolInput           // true or false
)

// actionInputs are the inputs that become flags. Besides them there are token, which is passed as
// GITHUB_TOKEN, and nix-args.
var actionInputs = []input{
	{"flake", "flake", textInput},
	{"dry-run", "dry-run", boolInput},
	{"no-pr", "no-pr", boolInput},
	{"check", "check", boolInput},
	{"to", "to", textInput},
	{"pre", "pre", boolInput},
	{"allow-downgrade", "allow-downgrade", boolInput},
	{"force", "force", boolInput},
	{"accept-retag", "accept-retag", boolInput},
	{"attr", "attr", textInput},
	{"verify", "verify", textInput},
	{"repo", "repo", textInput},
	{"base", "base", textInput},
	{"branch", "branch", textInput},
	{"labels", "label", textInput},
	{"reviewers", "reviewer", textInput},
	{"assignees", "assignee", textInput},
	{"draft", "draft", boolInput},
	{"auto-merge", "auto-merge", boolInput},
	{"recreate", "recreate", boolInput},
	{"api-url", "api-url", textInput},
	{"upstream-api-url", "upstream-api-url", textInput},
	{"timeout", "timeout", textInput},
	{"max-wait", "max-wait", textInput},
	{"verbose", "verbose", boolInput},
}

// nixArgsInput holds further arguments for Nix, in words as a shell has them.
var nixArgsInput = input{name: "nix-args"}

// env is the variable that carries an input. It is not called INPUT_…: some runners set those by
// themselves, and then a mapping that is missing in action.yml would go unseen.
func (i input) env() string {
	return "OLLAMA_BUMP_INPUT_" + strings.ToUpper(strings.ReplaceAll(i.name, "-", "_"))
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
	for _, in := range actionInputs {
		value := strings.TrimSpace(getenv(in.env()))
		switch {
		case value == "":
		case in.kind == boolInput && value != "true" && value != "false":
			return nil, &bump.UsageError{Text: fmt.Sprintf("input %s takes true or false, not %q", in.name, value)}
		default:
			args = append(args, "--"+in.flag+"="+value)
		}
	}
	words, err := splitWords(getenv(nixArgsInput.env()))
	if err != nil {
		return nil, &bump.UsageError{Text: "input nix-args: " + err.Error()}
	}
	if len(words) > 0 {
		args = append(append(args, "--"), words...)
	}
	return args, nil
}

// splitWords splits at blanks and line ends. Quotes of both kinds and backslashes hold a word
// together as in a shell; nothing else is special, and nothing is expanded.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	inWord, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			inWord, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			inWord, quote = true, r
		case strings.ContainsRune(" \t\r\n", r):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// publish sets the outputs and writes the step summary.
func (p *program) publish(mode bump.Mode, r bump.Result) error {
	outputs := []property{
		{"status", string(r.Status)},
		{"old-version", r.OldVersion},
		{"new-version", r.NewVersion},
		{"diff", r.Diff},
	}
	if pr := r.PullRequest; pr != nil {
		number := ""
		if pr.Number > 0 {
			number = fmt.Sprint(pr.Number)
		}
		outputs = append(outputs, property{"pull-request-number", number}, property{"pull-request-url", pr.URL},
			property{"pull-request-operation", pr.Operation}, property{"pull-request-branch", pr.Branch})
	}
	if err := p.setOutputs(outputs); err != nil {
		return err
	}
	text := "### " + p.say.clean(sentence(mode, r)) + "\n\n"
	if r.Diff != "" {
		fence := fenceFor(r.Diff)
		text += fence + "diff\n" + strings.TrimSuffix(r.Diff, "\n") + "\n" + fence + "\n\n"
	}
	return p.summarize(text + r.Body + "\n")
}

// setOutputs appends to the file that the runner reads outputs from. The delimiter is random, so
// that no value can end early and set another output.
func (p *program) setOutputs(outputs []property) error {
	var b strings.Builder
	for _, o := range outputs {
		end := unguessable()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.name, end, strings.TrimSuffix(o.value, "\n"), end)
	}
	return appendFile(p.getenv("GITHUB_OUTPUT"), b.String())
}

// summarize appends Markdown to the step summary.
func (p *program) summarize(markdown string) error {
	for _, secret := range p.say.secrets {
		markdown = strings.ReplaceAll(markdown, secret, "***")
	}
	return appendFile(p.getenv("GITHUB_STEP_SUMMARY"), markdown)
}

// summarizeFailure says in the outputs and in the step summary that the run failed, and why.
func (p *program) summarizeFailure(failure error, hint string) error {
	text := p.say.cleanLines(failure.Error())
	if hint != "" {
		text += "\nhint: " + p.say.cleanLines(hint)
	}
	fence := fenceFor(text)
	return errors.Join(
		p.setOutputs([]property{{"status", "failed"}}),
		p.summarize("### ollama-bump failed\n\n"+fence+"text\n"+text+"\n"+fence+"\n"),
	)
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
		return fmt.Errorf("tell the runner: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteString(text); err != nil {
		return fmt.Errorf("tell the runner: %w", err)
	}
	return nil
}
