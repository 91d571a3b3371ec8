package bumptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Flake makes a git repository of files (slash-separated path to content), placeholders expanded,
// locks it with the real Nix, commits everything and returns its folder. A flake.lock among the
// files is kept and completed.
func (w *World) Flake(files map[string]string) string {
	w.tb.Helper()
	return w.FlakeIn("", files)
}

// FlakeIn is Flake for a flake that lies in the folder sub of the repository; it returns the
// repository's root.
func (w *World) FlakeIn(sub string, files map[string]string) string {
	w.tb.Helper()
	dir := w.Tree(files)
	if _, err := os.Stat(filepath.Join(dir, sub, "flake.nix")); err != nil {
		w.fail("make a flake", err)
	}
	w.git(dir, "init", "-q")
	w.git(dir, "add", "-A")
	w.Nix(dir, "flake", "lock", "path:"+filepath.Join(dir, sub))
	w.git(dir, "add", "-A")
	w.git(dir, "commit", "-q", "-m", "pin ollama")
	return dir
}

// Tree writes files, placeholders expanded, into a new folder and returns it: no git, no lock. A
// path that ends in ! is executable (without the !).
func (w *World) Tree(files map[string]string) string {
	w.tb.Helper()
	w.mu.Lock()
	w.flakes++
	dir := filepath.Join(w.Dir, "tree", fmt.Sprintf("flake%d", w.flakes))
	w.mu.Unlock()
	t := tree{}
	for name, text := range files {
		plain := strings.TrimSuffix(name, "!")
		t[plain] = file{data: []byte(w.Expand(text)), exec: plain != name}
	}
	w.fail("write files", t.write(dir))
	return dir
}

// Files reads a folder, placeholders still in it, as Flake and Tree take it: path to content, with
// a ! after the path of an executable.
func Files(tb TB, dir string) map[string]string {
	tb.Helper()
	t, err := readTree(dir)
	if err != nil {
		tb.Fatalf("read files: %v", err)
	}
	files := map[string]string{}
	for name, f := range t {
		if f.exec {
			name += "!"
		}
		files[name] = string(f.data)
	}
	return files
}

// Nix runs nix with args in dir ("" for the world's) and returns what it says on stdout; its
// failure ends the test.
func (w *World) Nix(dir string, args ...string) string {
	w.tb.Helper()
	out, said, err := w.TryNix(dir, args...)
	if err != nil {
		w.tb.Fatalf("run nix %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return out
}

// TryNix is Nix for runs that may fail: stdout, stderr and the exit error.
func (w *World) TryNix(dir string, args ...string) (stdout, stderr string, err error) {
	w.tb.Helper()
	return w.run(dir, "nix", args...)
}

func (w *World) run(dir, program string, args ...string) (stdout, stderr string, err error) {
	// the world's own runs are not the tool's: they start the real program, past the logging one
	real, err := exec.LookPath(program)
	if err != nil {
		return "", "", err
	}
	cmd := exec.Command(real, args...)
	cmd.Dir = dir
	if dir == "" {
		cmd.Dir = w.Dir
	}
	cmd.Env = w.Env("PATH=" + os.Getenv("PATH"))
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}

func (w *World) git(dir string, args ...string) string {
	w.tb.Helper()
	out, said, err := w.run(dir, "git", args...)
	if err != nil {
		w.tb.Fatalf("run git %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return out
}

// Command is a program that runs in dir with the world's environment and extra settings. A name
// without a slash is looked up on the world's PATH, where Nix's programs are recorded.
func (w *World) Command(dir string, extra []string, name string, args ...string) *exec.Cmd {
	env := w.Env(extra...)
	cmd := exec.Command(name, args...)
	for _, setting := range env {
		path, ok := strings.CutPrefix(setting, "PATH=")
		for _, folder := range filepath.SplitList(path) {
			at := filepath.Join(folder, name)
			if info, err := os.Stat(at); ok && !strings.Contains(name, "/") && err == nil && info.Mode()&0o111 != 0 {
				cmd.Path, cmd.Err = at, nil
				break
			}
		}
	}
	cmd.Dir, cmd.Env = dir, env
	return cmd
}

// Git runs git in dir and returns what it says on stdout; its failure ends the test.
func (w *World) Git(dir string, args ...string) string {
	w.tb.Helper()
	return w.git(dir, args...)
}
