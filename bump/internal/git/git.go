// Package git asks git about the caller's repository, and keeps throw-away ones.
//
// No command runs what a repository or the caller's configuration names: no hook, no file system
// monitor. git gets no token and none of the caller's variables that choose a repository (see package
// child), and speaks English, for errors are told apart by its words where it has nothing better.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Repository is a git repository with a work tree.
type Repository struct {
	Root string   // of the work tree: absolute, symbolic links resolved
	env  []string // of git, complete
	git  string   // the program
}

const (
	maxOutput = 256 << 20 // bytes: the names of two million files
	maxWords  = 8 << 10   // bytes of what git says of an error
)

// Find returns the repository that the folder dir lies in. It has three answers: a repository; nil and no
// error where no folder from dir upwards has a .git; an error where there is one that git does not
// read, for whatever reason. The last is never taken for the second: files that git ignores may be
// secrets, and only git knows which they are. dir must be absolute, without symbolic links.
func Find(ctx context.Context, dir string, env []string) (*Repository, error) {
	marked, err := above(dir)
	if marked == "" || err != nil {
		return nil, err
	}
	r := &Repository{Root: marked, env: environment(env, child.Git)}
	if r.git, err = child.Look(r.env, "git"); err != nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("open repository: %s is a git repository: %v", marked, err),
			Hint: "install git: it knows which files belong to the flake, and which are ignored", Err: err,
		}
	}
	top, err := r.run(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, r.explain(ctx, err, marked)
	}
	if r.Root, err = filepath.EvalSymlinks(strings.TrimSuffix(string(top), "\n")); err != nil {
		return nil, &diag.Error{Text: fmt.Sprintf("open repository: %v", err), Err: err}
	}
	return r, nil
}

// above returns the nearest folder from dir upwards that has a .git, "" when none has.
func above(dir string) (string, error) {
	for {
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		switch {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", &diag.Error{
				Text: fmt.Sprintf("open repository: %v", err), Hint: "see that the folder can be read",
				Err: err,
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// explain makes a message of what git says of a repository that it does not read.
func (r *Repository) explain(ctx context.Context, err error, root string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	hint := "see what git status says there; where the folder is to be no repository, move its .git away"
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit):
		hint = "git did not start: the machine may be short of processes, memory or open files, see ulimit -a"
	case strings.Contains(err.Error(), "dubious ownership"):
		hint = "git config --global --add safe.directory " + quoted(root)
	}
	return &diag.Error{Text: "open repository: " + err.Error(), Hint: hint, Err: err}
}

// quoted is a word for a shell.
func quoted(word string) string {
	if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+@%:,=") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Files lists the tracked files by their paths from the root, with slashes, in git's order, also those
// of submodules and those that are no longer there.
func (r *Repository) Files(ctx context.Context) ([]string, error) {
	out, err := r.run(ctx, r.Root, "ls-files", "-z", "--cached", "--recurse-submodules")
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	var files []string
	for name := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		// while a merge has conflicts, a file is listed once for each side
		if s := string(name); s != "" && (len(files) == 0 || files[len(files)-1] != s) {
			files = append(files, s)
		}
	}
	return files, nil
}

// Untracked lists the files that git neither tracks nor ignores, by their paths from the root.
func (r *Repository) Untracked(ctx context.Context) ([]string, error) {
	out, err := r.run(ctx, r.Root, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	var files []string
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if len(name) > 0 {
			files = append(files, string(name))
		}
	}
	return files, nil
}

// Origin returns the URL of the remote origin, "" when there is none.
func (r *Repository) Origin(ctx context.Context) string {
	out, err := r.run(ctx, r.Root, "remote", "get-url", "origin")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Dir returns the folder in which git keeps what belongs to the work tree.
func (r *Repository) Dir(ctx context.Context) (string, error) {
	out, err := r.run(ctx, r.Root, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return "", fmt.Errorf("find git folder: %w", err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// environment is git's: of the caller's what the kind allows, and English.
func environment(env []string, kind child.Kind) []string {
	return child.With(child.Environment(env, kind),
		"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat")
}

// quiet are the settings that every command gets: nothing that a repository or a person's configuration
// names is run.
var quiet = []string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"}

// run runs git in dir and returns what it prints.
func (r *Repository) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	out, words := &child.Buffer{Limit: maxOutput}, &child.Buffer{Limit: maxWords}
	cmd := &child.Command{
		Path: r.git, Args: append(quiet[:len(quiet):len(quiet)], args...), Dir: dir, Env: r.env, Stdout: out,
		Stderr: words,
	}
	err := cmd.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("git %s: %w%s", args[0], err, said(words.String()))
	case out.Overflow:
		return nil, fmt.Errorf("git %s: it prints more than %d MB", args[0], maxOutput>>20)
	}
	return out.Bytes(), nil
}

// said is the line of git's words that names the error, behind a colon.
func said(words string) string {
	first := ""
	for line := range strings.Lines(words) {
		line = diag.Line(line)
		if strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "error: ") {
			return ": " + line
		}
		if first == "" {
			first = line
		}
	}
	if first == "" {
		return ""
	}
	return ": " + first
}
