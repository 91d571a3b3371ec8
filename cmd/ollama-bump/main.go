// Command ollama-bump keeps the ollama that a Nix flake pins in step with ollama's releases.
//
// Everything that a bump does is in package bump; this command turns flags and environment into
// bump.Options, and a bump.Result into output and an exit status. Run it with --help for its use.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/nixtars/ollama-bump/bump"
)

// The exit statuses, which are documented and do not change.
const (
	exitOK        = 0 // bumped, or already current
	exitFailed    = 1
	exitUsage     = 2 // wrong flags
	exitAvailable = 3 // --check found a newer release
)

// bumpFunc is bump.Run; tests put another one in its place.
type bumpFunc func(context.Context, bump.Options) (bump.Result, error)

func main() {
	noCore()
	private()
	ctx := signalContext()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr, bump.Run))
}

// signalContext returns a context that the first signal to end cancels, which lets Run stop Nix
// and remove its temporary folders. The second one kills, as if nobody had listened.
func signalContext() context.Context {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants us to live on
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	// A reader that goes away must not kill us in the middle: the write fails instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer, do bumpFunc) int {
	p := &program{ctx: ctx, env: env, stdout: stdout, stderr: stderr, bump: do, dir: "."}
	return p.run(args)
}

// run runs the command with arguments.
func (p *program) run(args []string) int {
	p.open(normal)
	p.json = asksForJSON(args)
	root := newCommand(p)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		unquoteUsage(root)
	}
	root.SetArgs(args)
	if err := root.ExecuteContext(p.ctx); err != nil {
		p.status = p.fail(err)
	}
	return p.status
}

// program is one run of the command.
type program struct {
	ctx            context.Context
	env            []string // NAME=VALUE, the last of a name wins
	stdout, stderr io.Writer
	bump           bumpFunc
	dir            string // where the flake is looked for when nothing names it

	log    *console
	action bool // run by action.yml: outputs and a step summary are wanted
	json   bool // a failure is an object, too
	status int
	flakes round // of a run of several flakes
}

// getenv returns the value of an environment variable, "" when it is not set.
func (p *program) getenv(name string) string { return lookup(p.env, name) }

// lookup finds name in an environment of NAME=VALUE; the last one wins, as in exec.
func lookup(env []string, name string) string {
	value, _ := lookupEnv(env, name)
	return value
}

func lookupEnv(env []string, name string) (value string, set bool) {
	for i := len(env) - 1; i >= 0; i-- {
		if rest, ok := cutName(env[i], name); ok {
			return rest, true
		}
	}
	return "", false
}

func cutName(entry, name string) (string, bool) {
	if len(entry) > len(name) && entry[len(name)] == '=' && entry[:len(name)] == name {
		return entry[len(name)+1:], true
	}
	return "", false
}

// open makes the console that tells of this run.
func (p *program) open(level verbosity) {
	p.log = newConsole(p.stderr, p.getenv, level)
	if p.action {
		p.log.words = asInputs
	}
}

// execute bumps as the command line says and returns the exit status.
func (p *program) execute(s *settings, given *pflag.FlagSet) int {
	p.open(s.verbosity())
	if err := conflicts(given); err != nil {
		return p.fail(err)
	}
	runs, err := p.plan(given, s.NixArgs)
	if err != nil {
		return p.fail(err)
	}
	p.open(runs[0].verbosity())
	if runs[0].flake != "" {
		return p.bumpAll(runs)
	}
	s = runs[0].settings
	result, err := p.bumpOne(s)
	if err != nil {
		return p.fail(err)
	}
	return p.report(s, result)
}

// bumpOne does one bump.
func (p *program) bumpOne(s *settings) (bump.Result, error) {
	s.Mode, s.Env, s.Version, s.Progress = s.mode(), p.env, programVersion(), p.log.event
	s.Unproposed = p.action && s.check
	s.Brief = s.noPR && !p.json && !p.action
	result, err := p.bump(p.ctx, s.Options)
	p.log.done()
	if err != nil && p.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = p.interrupted()
	}
	result.Reason = p.log.words(result.Reason)
	for i, warning := range result.Warnings {
		result.Warnings[i] = p.log.words(warning)
	}
	return result, err
}

// asksForJSON reports whether arguments ask for an object on stdout. It does not wait for their parser,
// whose errors are answered as well.
func asksForJSON(args []string) bool {
	for _, arg := range args {
		if arg == "--" {
			break
		}
		value, given := strings.CutPrefix(arg, "--json=")
		if on, err := strconv.ParseBool(value); arg == "--json" || given && err == nil && on {
			return true
		}
	}
	return false
}

// interrupted returns the error of a run that a signal ended, with what became of it.
func (p *program) interrupted() error {
	others := p.flakes.String()
	if p.log.sending {
		return &bump.Error{
			Text: "interrupted: the pull request may be unfinished" + others,
			Hint: "run it again: it resumes where it stopped",
		}
	}
	if others == "" {
		return &bump.Error{Text: "interrupted: nothing was changed", Hint: "run it again: it starts afresh"}
	}
	return &bump.Error{
		Text: "interrupted: nothing was changed in " + p.flakes.now + others,
		Hint: "run it again: flakes that are done stay as they are",
	}
}

// advice returns the hint for an error, with what this machine offers besides.
func (p *program) advice(err error, hint string) string {
	switch {
	case errors.Is(err, bump.ErrNoToken) && !p.action && p.installed("gh"):
		return hint + `; you have gh: GITHUB_TOKEN=$(gh auth token) ollama-bump`
	case errors.Is(err, context.DeadlineExceeded) && p.log.level < verbose:
		return hint + ", or use -v to see what is slow"
	}
	return hint
}

// installed reports whether a program is in the PATH of the run.
func (p *program) installed(name string) bool {
	for _, dir := range filepath.SplitList(p.getenv("PATH")) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && filepath.IsAbs(dir) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return true
		}
	}
	return false
}

// explain returns what belongs to an error: its place, nil without one, what to do and the exit status.
func (p *program) explain(err error) (failure *bump.Error, hint string, status int) {
	var usage *bump.UsageError
	status = exitFailed
	if errors.As(err, &usage) {
		status, hint = exitUsage, cmp.Or(usage.Hint, helpHint)
	}
	if errors.As(err, &failure) && failure.Hint != "" {
		hint = failure.Hint
	}
	return failure, p.advice(err, hint), status
}

// fail reports an error and returns the exit status that goes with it.
func (p *program) fail(err error) int {
	failure, hint, status := p.explain(err)
	p.log.failure(err, failure, hint)
	if p.json {
		text, wrong := p.marshal(p.failureObject(err, failure, hint))
		if wrong = cmp.Or(wrong, mustWrite(p.stdout, text)); wrong != nil {
			p.log.failure(wrong, nil, "")
		}
	}
	if p.action {
		if err := p.publishFailure(err, hint); err != nil {
			p.log.failure(fmt.Errorf("write step summary: %w", err), nil, "")
		}
	}
	return status
}
