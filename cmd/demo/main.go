// Command demo shows a bump from beginning to end: a flake that pins an old ollama, the command
// that moves it, and the pull request that comes out. Nix, Go and git are real; nixpkgs, ollama's
// releases and GitHub are stand-ins on this machine (package bumptest), so that the demo needs no
// network and changes nothing outside a temporary folder.
//
//	go run ./cmd/demo
package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

//go:embed flake
var flake embed.FS

const repository = "you/machines"

func main() {
	if err := demo(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo() (err error) {
	var stage stage
	defer func() { err = errors.Join(err, stage.end(recover())) }()

	files, err := flakeFiles()
	if err != nil {
		return err
	}
	w := bumptest.New(&stage)
	dir := w.Flake(files)
	repo := w.Repository(dir, repository)
	program := filepath.Join(w.Dir, "bin", "ollama-bump")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/nixtars/ollama-bump/cmd/ollama-bump").CombinedOutput(); err != nil {
		return fmt.Errorf("build ollama-bump: %w\n%s", err, out)
	}
	run := func(want int, args ...string) error { return show(w, dir, want, args...) }

	title("A flake pins ollama in overlays/ollama.nix")
	fmt.Print(w.Git(dir, "grep", "-n", "-E", "version =|tag =|[hH]ash =", "--", "overlays"))

	title("Is there a newer release? (3: yes)")
	if err := run(3, "ollama-bump", "--check"); err != nil {
		return err
	}
	title("What would change?")
	if err := run(0, "ollama-bump", "--dry-run"); err != nil {
		return err
	}
	title("Propose it, after building it")
	if err := run(0, "ollama-bump", "--verify", "build"); err != nil {
		return err
	}
	title("The pull request, as " + repository + " has it now")
	pulls := repo.Open()
	if len(pulls) != 1 {
		return fmt.Errorf("look at the pull requests: want 1, have %d", len(pulls))
	}
	git := filepath.Join(w.Dir, "pull.git")
	if err := repo.WriteGit(git); err != nil {
		return fmt.Errorf("look at the pull request: %w", err)
	}
	fmt.Printf("#%d %s\n\n%s\n", pulls[0].Number, pulls[0].Title, w.Git(git, "show", pulls[0].Head))

	title("The same again changes nothing")
	if err := run(0, "ollama-bump"); err != nil {
		return err
	}
	if again := repo.Open(); len(again) != 1 || again[0].Number != pulls[0].Number {
		return fmt.Errorf("look at the pull requests again: want only #%d, have %d", pulls[0].Number, len(again))
	}
	if refused := w.Refused(); len(refused) > 0 {
		return fmt.Errorf("stay on this machine: something wanted to reach %s", strings.Join(refused, ", "))
	}
	fmt.Println("\nNo request left this machine.")
	return nil
}

// show runs a command in dir as a user would see it, wants its exit status and says what it took.
func show(w *bumptest.World, dir string, want int, args ...string) error {
	fmt.Printf("$ %s\n", strings.Join(args, " "))
	cmd := w.Command(dir, []string{"GITHUB_TOKEN=a-token-for-the-demo"}, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	const source, llama = "/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz", "/llama.cpp/archive/refs/tags/b10488.tar.gz"
	w.ForgetNixRuns()
	sources, llamas, start := w.Downloads(source), w.Downloads(llama), time.Now()
	err := cmd.Run()
	status := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, err = exit.ExitCode(), nil
	}
	if err == nil && status != want {
		err = fmt.Errorf("exit status %d, want %d", status, want)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", strings.Join(args, " "), err)
	}
	fmt.Printf("(exit status %d after %.1f s; %d Nix processes; downloads of ollama's source: %d, of llama.cpp's: %d)\n",
		status, time.Since(start).Seconds(), len(w.NixRuns()), w.Downloads(source)-sources, w.Downloads(llama)-llamas)
	return nil
}

func title(text string) { fmt.Printf("\n== %s\n\n", text) }

// flakeFiles reads the embedded flake.
func flakeFiles() (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(flake, "flake", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := flake.ReadFile(path)
		files[strings.TrimPrefix(path, "flake/")] = string(data)
		return err
	})
	return files, err
}

// stage is what a world needs of a test, without one.
type stage struct {
	cleanups []func()
	dirs     []string
}

// failure is how Fatalf leaves: end turns it into an error.
type failure string

func (*stage) Helper() {}

func (*stage) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }

func (s *stage) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "ollama-bump-demo-")
	if err != nil {
		s.Fatalf("make a temporary folder: %v", err)
	}
	s.dirs = append(s.dirs, dir)
	return dir
}

// end cleans up; recovered is what recover returned.
func (s *stage) end(recovered any) error {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
	var err error
	for _, dir := range s.dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if text, ok := recovered.(failure); ok {
		return errors.Join(errors.New(string(text)), err)
	}
	if recovered != nil {
		panic(recovered)
	}
	return err
}
