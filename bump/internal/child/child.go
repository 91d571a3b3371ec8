// Package child is the only place of package bump that starts other programs: Nix, git, and scripts of its own.
//
// A child gets an environment that an allow-list made (see Environment), never this process's own. It leads a
// session of its own, so that one kill reaches it with everything that it started, and nothing among
// that can ask on the terminal. When the context ends the session gets SIGTERM, and SIGKILL after a
// grace; the same happens when this program is killed. A descendant that keeps a pipe open holds
// nobody up. What a child prints goes to writers with bounds of their own, such as Buffer.
package child

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	Path   string   // absolute; see Look
	Args   []string // without the program's name
	Dir    string   // working directory; "" is this process's
	Env    []string // complete, "NAME=value"; see Environment
	Stdout io.Writer
	Stderr io.Writer
	Grace  time.Duration // between SIGTERM and SIGKILL; 0 is five seconds

	// Linger leaves descendants alone that outlive a program which ended by itself: Nix's ssh may serve
	// several runs.
	Linger bool
}

const defaultGrace = 5 * time.Second

// Run starts the program and waits for its end. The error is an *exec.ExitError for a program that
// failed or was killed, whatever the reason: callers look at the context first.
func (c *Command) Run(ctx context.Context) error {
	grace := c.Grace
	if grace <= 0 {
		grace = defaultGrace
	}
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Args[0] = filepath.Base(c.Path)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would be this process's environment
	}
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	cmd.WaitDelay = grace
	cmd.SysProcAttr = ownSession()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return c.wait(ctx, cmd)
}

// wait runs cmd to its end. On Linux the child dies with the thread that started it (see ownSession),
// so the thread is held until then.
func (c *Command) wait(ctx context.Context, cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer newGuard(cmd.Process.Pid, cmd.WaitDelay).end()
	err := cmd.Wait()
	if ctx.Err() != nil || !c.Linger {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whoever did not hear SIGTERM, or stayed behind
	}
	if errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil // a descendant, ssh say, still held the pipe
	}
	return err
}

// Look finds a program in the PATH of an environment. Relative entries do not count: a checkout must not
// bring along what is run.
func Look(env []string, name string) (string, error) {
	for _, dir := range filepath.SplitList(Getenv(env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", notFound(name)
}

// notFound is the error for a program that is not in PATH, by its name.
type notFound string

func (e notFound) Error() string { return string(e) + " not found in PATH" }

// Unwrap makes it an error of a file that does not exist.
func (e notFound) Unwrap() error { return fs.ErrNotExist }

// Buffer keeps the first Limit bytes that are written to it and drops the rest.
type Buffer struct {
	Limit    int
	Overflow bool // something was dropped
	buf      bytes.Buffer
}

// Write never fails: a program that prints too much is not stopped by a full pipe.
func (b *Buffer) Write(p []byte) (int, error) {
	kept := p[:min(len(p), b.Limit-b.buf.Len())]
	b.Overflow = b.Overflow || len(kept) < len(p)
	b.buf.Write(kept)
	return len(p), nil
}

// Bytes returns what was kept.
func (b *Buffer) Bytes() []byte { return b.buf.Bytes() }

// String returns what was kept.
func (b *Buffer) String() string { return b.buf.String() }

// Getenv returns the value of a variable in an environment as os.Environ has it, "" when it is not set.
// The last one counts.
func Getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}
