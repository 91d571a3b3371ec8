package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// tree is the flake as it stands on disk.
type tree struct {
	root  string   // absolute, symbolic links resolved: the repository's root, or the flake's folder without git
	sub   string   // the flake's folder below root, with slashes; "" when it is the root
	git   bool     // root is a git work tree
	files []string // below root, with slashes, sorted: those that Nix sees
	env   []string
}

// maxFile is the size in bytes up to which a Nix or JSON file is read: people's files stay far
// below it, generated ones do not hold pins.
const maxFile = 8 << 20

// openTree finds the flake in dir and lists the files that Nix sees of it: those that git tracks,
// or all of them where there is no git.
func openTree(ctx context.Context, dir string, env []string) (*tree, error) {
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("open flake: %v", err), Hint: "give the folder of the flake with Options.Dir=DIR", Err: err}
	}
	if _, err := os.Stat(filepath.Join(abs, "flake.nix")); err != nil {
		return nil, &Error{
			Text: fmt.Sprintf("open flake: no flake.nix in %s", abs),
			Hint: "run in the flake's folder, or name it with Options.Dir=DIR", Err: err,
		}
	}
	t := &tree{root: abs, env: gitEnv(env)}
	top, err := t.gitOutput(ctx, abs, "rev-parse", "--show-toplevel")
	if err != nil {
		if isDubious(err) {
			return nil, &Error{Text: "open flake: " + err.Error(), Hint: "git config --global --add safe.directory " + abs, Err: err}
		}
		t.files, err = walkFiles(abs)
		return t, err
	}
	t.git, t.root = true, strings.TrimSuffix(string(top), "\n")
	rel, err := filepath.Rel(t.root, abs)
	if err != nil {
		return nil, fmt.Errorf("open flake: %w", err)
	}
	if rel != "." {
		t.sub = filepath.ToSlash(rel)
	}
	list, err := t.gitOutput(ctx, t.root, "ls-files", "-z", "--cached", "--recurse-submodules")
	if err != nil {
		return nil, &Error{Text: "list files: " + err.Error(), Err: err}
	}
	t.files = t.present(list)
	if !t.has(path.Join(t.sub, "flake.nix")) {
		return nil, &Error{
			Text: fmt.Sprintf("open flake: %s is not tracked by git, so Nix does not see it", path.Join(t.sub, "flake.nix")),
			Hint: "git add " + path.Join(t.sub, "flake.nix"),
		}
	}
	return t, nil
}

// present keeps the tracked files that are there: a deleted one is not seen by Nix either.
func (t *tree) present(list []byte) []string {
	var files []string
	for _, name := range bytes.Split(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		if info, err := os.Lstat(t.abs(string(name))); err == nil && !info.IsDir() {
			files = append(files, string(name))
		}
	}
	return files
}

func (t *tree) has(name string) bool {
	for _, f := range t.files {
		if f == name {
			return true
		}
	}
	return false
}

// abs is the place on disk of a file named from the root.
func (t *tree) abs(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

// inFlake says whether a file lies in the flake's own folder.
func (t *tree) inFlake(name string) bool {
	return t.sub == "" || strings.HasPrefix(name, t.sub+"/")
}

// inSibling says whether a file lies in the folder of another flake of the repository, beside this
// one: its pins are that flake's. A flake around this one or below it may share files with it.
func (t *tree) inSibling(name string) bool {
	for dir := path.Dir(name); dir != "." && !t.inFlake(dir+"/"); dir = path.Dir(dir) {
		around := t.sub == dir || strings.HasPrefix(t.sub, dir+"/")
		if !around && t.has(path.Join(dir, "flake.nix")) {
			return true
		}
	}
	return false
}

// flakeFile is the name from the root of a file of the flake's folder.
func (t *tree) flakeFile(name string) string { return path.Join(t.sub, name) }

// origin is the URL of the git remote origin, or "".
func (t *tree) origin(ctx context.Context) string {
	if !t.git {
		return ""
	}
	out, err := t.gitOutput(ctx, t.root, "remote", "get-url", "origin")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// gitOutput runs git and returns what it prints.
func (t *tree) gitOutput(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, t.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, first)
	}
	return out, nil
}

// gitEnv is env without what would point git at another repository.
func gitEnv(env []string) []string {
	kept := []string{"GIT_OPTIONAL_LOCKS=0"}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OPTIONAL_LOCKS":
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

func isDubious(err error) bool {
	return err != nil && strings.Contains(err.Error(), "dubious ownership")
}

// walkFiles lists the regular files and symbolic links below root. Nix refuses sockets and pipes;
// they cannot be part of a flake.
func walkFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0 && !strings.HasPrefix(d.Name(), "result") {
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("list files: %v", err), Err: err}
	}
	return files, nil
}

// read returns the content of a file of the tree, or an error that says why it is not read.
func (t *tree) read(name string) ([]byte, error) {
	info, err := os.Stat(t.abs(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("larger than %d MB", maxFile>>20)
	}
	return os.ReadFile(t.abs(name))
}
