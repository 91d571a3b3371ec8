package nix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Runner runs Nix. The zero value runs the nix in PATH with this process's environment.
type Runner struct {
	Env  []string // complete, "KEY=value"; nil is os.Environ(). Its PATH finds nix.
	Args []string // the user's arguments, given to every run that evaluates or builds
	Dir  string   // working directory; "" is this process's

	// Token is for private inputs from TokenHost ("" is github.com). It goes to Nix in NIX_CONFIG, never
	// in an argument, and only where the user has set no token for that host. No text or error that
	// comes out of here shows it.
	Token     string
	TokenHost string

	// Progress is told what Nix does while a method runs, about ten times a second at most apart from
	// commands and lines of build logs. It must not block. May be nil.
	Progress func(Activity)

	// Grace is the time between SIGTERM and SIGKILL when a context ends; 0 is five seconds.
	Grace time.Duration
}

const maxStdout = 64 << 20 // bytes of a command's result

// baseArgs come first in every run.
var baseArgs = []string{"--extra-experimental-features", "nix-command flakes"}

// run starts nix once and waits. The log is read completely when it returns. A run that fails gives a
// *Failure, unless the log knows nothing but mismatches: then failed is true and err nil.
func (r *Runner) run(ctx context.Context, log *logReader, args ...string) (stdout []byte, failed bool, err error) {
	return r.runProgram(ctx, "nix", log, args...)
}

// runProgram is run for one of Nix's older programs.
func (r *Runner) runProgram(
	ctx context.Context, name string, log *logReader, args ...string,
) (stdout []byte, failed bool, err error) {
	program, err := child.Look(r.env(), name)
	if err != nil {
		return nil, true, &Failure{Kind: NotInstalled, Text: err.Error(), Hint: hints[NotInstalled], Err: err}
	}
	out := &child.Buffer{Limit: maxStdout}
	cmd := &child.Command{
		Path: program, Args: args, Dir: r.Dir, Env: r.environment(), Stdout: out, Stderr: log,
		Grace: r.Grace, Linger: true,
	}
	log.progress(Activity{What: Running, Text: commandLine(name, args)})
	err = cmd.Run(ctx)
	log.Close()
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, true, r.contextFailure(ctx)
	case log.overflow:
		return nil, true, tooLarge(fmt.Sprintf("the evaluation printed more than %d MB", maxTraces>>20))
	case out.Overflow:
		return nil, true, tooLarge(fmt.Sprintf("nix printed more than %d MB", maxStdout>>20))
	case err == nil:
		return out.Bytes(), false, nil
	}
	if f := r.failure(err, log); f != nil {
		return nil, true, f
	}
	return nil, true, nil
}

// commandLine returns a command as a shell takes it, on one line.
func commandLine(name string, args []string) string {
	words := []string{name}
	for _, arg := range args {
		if arg == "" || strings.ContainsFunc(arg, special) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return clip(strings.Join(strings.Fields(strings.Join(words, " ")), " "), maxText)
}

// special reports whether a shell may take r for more than itself.
func special(r rune) bool {
	return !strings.ContainsRune("#%+,-./:=@_", r) &&
		(r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

func tooLarge(text string) *Failure {
	return &Failure{Kind: OutputTooLarge, Text: text, Hint: hints[OutputTooLarge]}
}

func (r *Runner) contextFailure(ctx context.Context) *Failure {
	f := &Failure{Kind: Canceled, Text: "stopped", Err: context.Cause(ctx)}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.Kind, f.Text = DeadlineExceeded, "timed out"
	}
	f.Hint = hints[f.Kind]
	return f
}

// failure explains a run that ended badly; nil when there are only mismatches.
func (r *Runner) failure(err error, log *logReader) *Failure {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return notStarted(err)
	}
	f := log.failure()
	if status := exit.Sys().(syscall.WaitStatus); f == nil && status.Signaled() {
		f = &Failure{Kind: Killed, Text: "killed by signal " + status.Signal().String(), Hint: hints[Killed]}
	}
	if f == nil && len(log.mismatches) == 0 {
		f = &Failure{Kind: Other, Text: "exit status " + fmt.Sprint(exit.ExitCode()), Log: log.plain.lines}
	}
	if f == nil {
		return nil
	}
	if f.Kind == Fetch && len(f.Log) == 0 {
		f.Log = log.plain.lines // git's own words
	}
	return r.redacted(f)
}

// notStarted explains why a program that is there did not run.
func notStarted(err error) *Failure {
	f := &Failure{Kind: NotStarted, Text: err.Error(), Err: err}
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOEXEC) || errors.Is(err, syscall.EACCES) {
		f.Kind = NotInstalled // its interpreter is missing, or it is for another machine
	}
	f.Hint = hints[f.Kind]
	return f
}

// redacted blanks secrets in everything that can be shown.
func (r *Runner) redacted(f *Failure) *Failure {
	secrets := r.secrets()
	f.Text = secrets.Redact(f.Text)
	for i, line := range f.Log {
		f.Log[i] = secrets.Redact(line)
	}
	return f
}

// secrets are the tokens that Nix is given.
func (r *Runner) secrets() diag.Secrets {
	return append(diag.NewSecrets(r.Token), diag.SecretsOf(r.env())...)
}

func (r *Runner) newLog(nonce string) *logReader {
	progress := r.Progress
	if progress != nil {
		secrets := r.secrets()
		progress = func(a Activity) {
			a.Text = secrets.Redact(a.Text)
			r.Progress(a)
		}
	}
	return newLogReader(nonce, progress)
}

func (r *Runner) env() []string {
	if r.Env != nil {
		return r.Env
	}
	return os.Environ()
}

// environment is Env with what makes Nix's output steady and its helpers silent.
func (r *Runner) environment() []string {
	env := child.Environment(r.env(), child.Nix)
	impure := slices.Contains(r.Args, "--impure")
	if impure {
		env = child.Impure(r.env())
	}
	env = child.With(env,
		"NO_COLOR=1", "TERM=dumb", "PAGER=cat", "NIX_PAGER=cat",
		"GIT_TERMINAL_PROMPT=0", // fail rather than ask
		"NIX_GET_COMPLETIONS=",  // set, it makes nix complete words instead of running
		// Nix's git runs no hook and no monitor that a person configured: the token is in its environment
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=core.hooksPath", "GIT_CONFIG_VALUE_0=/dev/null",
		"GIT_CONFIG_KEY_1=core.fsmonitor", "GIT_CONFIG_VALUE_1=false",
	)
	// An evaluation that may read variables would read the token.
	if impure || r.Token == "" || strings.ContainsAny(r.Token, " \t\r\n") {
		return env
	}
	host := r.TokenHost
	if host == "" {
		host = "github.com"
	}
	// "extra-" adds a host to the map that nix.conf and NIX_CONFIG make, and leaves a host that is there.
	config := "extra-access-tokens = " + host + "=" + r.Token + "\n"
	if old := child.Getenv(env, "NIX_CONFIG"); old != "" {
		config = strings.TrimRight(old, "\n") + "\n" + config
	}
	return child.With(env, "NIX_CONFIG="+config)
}
