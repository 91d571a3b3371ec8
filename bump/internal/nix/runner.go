package nix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

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

	// Progress is told what Nix does, about ten times a second at most, while a method runs. It must
	// not block. May be nil.
	Progress func(Activity)

	// Grace is the time between SIGTERM and SIGKILL when a context ends; 0 is five seconds.
	Grace time.Duration
}

const (
	defaultGrace = 5 * time.Second
	maxStdout    = 64 << 20 // bytes of a command's result
)

// baseArgs come first in every run.
var baseArgs = []string{"--extra-experimental-features", "nix-command flakes"}

// run starts nix once and waits. The log is read completely when it returns. A run that fails gives a
// *Failure, unless the log knows nothing but mismatches: then failed is true and err nil.
func (r *Runner) run(ctx context.Context, log *logReader, args ...string) (stdout []byte, failed bool, err error) {
	return r.runProgram(ctx, "nix", log, args...)
}

// runProgram is run for one of Nix's older programs.
func (r *Runner) runProgram(ctx context.Context, name string, log *logReader, args ...string) (stdout []byte, failed bool, err error) {
	program, err := r.lookPath(name)
	if err != nil {
		return nil, true, &Failure{Kind: NotInstalled, Text: err.Error(), Hint: hints[NotInstalled], Err: err}
	}
	out := &limited{limit: maxStdout}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Args[0] = name
	cmd.Dir = r.Dir
	cmd.Env = r.environment()
	cmd.Stdout, cmd.Stderr = out, log
	cmd.WaitDelay = r.grace()
	cmd.SysProcAttr = ownSession()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

	err = wait(ctx, cmd)
	log.Close()
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, true, r.contextFailure(ctx)
	case log.overflow:
		return nil, true, tooLarge(fmt.Sprintf("the evaluation printed more than %d MB", maxTraces>>20))
	case out.overflow:
		return nil, true, tooLarge(fmt.Sprintf("nix printed more than %d MB", maxStdout>>20))
	case err == nil:
		return out.buf.Bytes(), false, nil
	}
	if f := r.failure(err, log); f != nil {
		return nil, true, f
	}
	return nil, true, nil
}

// wait runs cmd to its end. On Linux the child dies with the thread that started it (see ownSession),
// so the thread is held until then.
func wait(ctx context.Context, cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer newGuard(cmd.Process.Pid, cmd.WaitDelay).end()
	err := cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil // a grandchild, ssh say, still held the pipe
	}
	if ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whoever did not hear SIGTERM
	}
	return err
}

func (r *Runner) grace() time.Duration {
	if r.Grace > 0 {
		return r.Grace
	}
	return defaultGrace
}

func tooLarge(text string) *Failure {
	return &Failure{Kind: OutputTooLarge, Text: text, Hint: hints[OutputTooLarge]}
}

func (r *Runner) contextFailure(ctx context.Context) *Failure {
	f := &Failure{Kind: Canceled, Text: "stopped", Err: context.Cause(ctx)}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.Kind, f.Text = DeadlineExceeded, "did not end in the time allowed"
	}
	f.Hint = hints[f.Kind]
	return f
}

// failure explains a run that ended badly; nil when there are only mismatches.
func (r *Runner) failure(err error, log *logReader) *Failure {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return &Failure{Kind: NotInstalled, Text: err.Error(), Hint: hints[NotInstalled], Err: err}
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

// lookPath finds nix, or another of its programs, in the PATH of Env.
func (r *Runner) lookPath(name string) (string, error) {
	for _, dir := range filepath.SplitList(getenv(r.env(), "PATH")) {
		if !filepath.IsAbs(dir) { // never run what a checkout brings along
			continue
		}
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s: %w in PATH", name, fs.ErrNotExist)
}

// limited keeps at most limit bytes.
type limited struct {
	buf      bytes.Buffer
	limit    int
	overflow bool
}

func (w *limited) Write(p []byte) (int, error) {
	if w.buf.Len()+len(p) > w.limit {
		w.overflow = true
		return len(p), nil
	}
	return w.buf.Write(p)
}

func (r *Runner) env() []string {
	if r.Env != nil {
		return r.Env
	}
	return os.Environ()
}

// environment is Env with what makes Nix's output steady and its helpers silent.
func (r *Runner) environment() []string {
	env := withEnv(r.env(),
		"NO_COLOR=1", "TERM=dumb", "PAGER=cat", "NIX_PAGER=cat",
		"GIT_TERMINAL_PROMPT=0", // fail rather than ask
		"NIX_GET_COMPLETIONS=",  // set, it makes nix complete words instead of running
	)
	if r.Token == "" || strings.ContainsAny(r.Token, " \t\r\n") {
		return env
	}
	host := r.TokenHost
	if host == "" {
		host = "github.com"
	}
	// "extra-" adds a host to the map that nix.conf and NIX_CONFIG make, and leaves a host that is there.
	config := "extra-access-tokens = " + host + "=" + r.Token + "\n"
	if old := getenv(env, "NIX_CONFIG"); old != "" {
		config = strings.TrimRight(old, "\n") + "\n" + config
	}
	return withEnv(env, "NIX_CONFIG="+config)
}

func getenv(env []string, key string) string {
	for i := len(env) - 1; i >= 0; i-- { // the last one counts
		if value, ok := strings.CutPrefix(env[i], key+"="); ok {
			return value
		}
	}
	return ""
}

// withEnv sets variables; one that is set to nothing is removed.
func withEnv(env []string, settings ...string) []string {
	out := make([]string, 0, len(env)+len(settings))
	for _, entry := range env {
		key, _, _ := strings.Cut(entry, "=")
		replaced := false
		for _, setting := range settings {
			replaced = replaced || strings.HasPrefix(setting, key+"=")
		}
		if !replaced {
			out = append(out, entry)
		}
	}
	for _, setting := range settings {
		if !strings.HasSuffix(setting, "=") {
			out = append(out, setting)
		}
	}
	return out
}
