// Command demo shows a bump from beginning to end: a flake that pins an old ollama, the command
// that moves it, and the pull request that comes out. Nix, Go and git are real; nixpkgs, ollama's
// releases and GitHub are stand-ins on this machine (package bumptest), so that the demo needs no
// network and changes nothing outside a temporary directory.
//
//	go run ./cmd/demo
package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/nixtars/ollama-bump/bump/bumptest"
	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
	"github.com/nixtars/ollama-bump/cmd/internal/preview"
)

//go:embed flake
var flakeFS embed.FS

const repository = "you/machines"

func main() {
	run := func() error {
		body := flag.String("body", "", "also write the pull request in Markdown to `FILE`")
		flag.Parse()
		return demo(*body)
	}
	if filepath.Base(os.Args[0]) == curlName {
		run = func() error { return curl(os.Args[1:]) }
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

// demo shows the bump. It also writes the pull request in Markdown to a file, if bodyFile names one.
func demo(bodyFile string) (err error) {
	var stage stage
	defer func() { err = errors.Join(err, stage.end(recover())) }()

	if err := errors.Join(needTools(exec.LookPath, os.Geteuid() == 0), provideCurl(stage.TempDir())); err != nil {
		return err
	}
	built := build(filepath.Join(stage.TempDir(), "ollama-bump"))
	files, err := flakeFiles()
	if err != nil {
		return err
	}
	w := bumptest.New(&stage)
	dir := w.Flake(files)
	repo := w.Repository(dir, repository)
	program := await(built)
	if program.err != nil {
		return program.err
	}
	s := show{world: w, dir: dir, program: program.path}

	title("A flake pins ollama 0.32.13 in overlays/ollama.nix")
	fmt.Print(w.Git(dir, "grep", "-n", "-E", "version =|tag =|[hH]ash =", "--", "overlays"))
	title("Is there a newer release? Exit status 3 says yes")
	if err := s.run(3, "--check"); err != nil {
		return err
	}
	title("What would change?")
	if err := s.run(0, "--dry-run"); err != nil {
		return err
	}
	title("Open a pull request, after evaluating every configuration")
	if err := s.run(0, "--verify", "eval"); err != nil {
		return err
	}
	pull, err := only(repo)
	if err != nil {
		return err
	}
	title("The same again changes nothing")
	if err := s.run(0); err != nil {
		return err
	}
	if again, err := only(repo); err != nil || again.Number != pull.Number {
		return errors.Join(err, fmt.Errorf("run again: want pull request #%d, have #%d", pull.Number, again.Number))
	}
	if refused := w.Refused(); len(refused) > 0 {
		return fmt.Errorf("stay on this machine: something wanted to reach %s", strings.Join(refused, ", "))
	}
	fmt.Println("\nNo request left this machine.")
	title(fmt.Sprintf("The pull request, %s#%d", repository, pull.Number))
	for _, line := range preview.Lines(pull.Title, pull.Body, false, paint) {
		fmt.Println(strings.Join(preview.Wrap(line, columns()), "\n"))
	}
	if bodyFile == "" {
		return nil
	}
	return os.WriteFile(bodyFile, []byte("# "+pull.Title+"\n\n"+pull.Body), 0o644)
}

// only returns the open pull request, and fails if there is another number of them.
func only(repo *githubtest.Repo) (githubtest.Pull, error) {
	pulls := repo.Open()
	if len(pulls) != 1 {
		return githubtest.Pull{}, fmt.Errorf("look at the pull requests: want 1, have %d", len(pulls))
	}
	return pulls[0], nil
}

// compiled is the program that the demo shows.
type compiled struct {
	path string
	err  error
}

// build compiles the program while the world is made.
func build(path string) <-chan compiled {
	done := make(chan compiled, 1)
	go func() {
		const command = "github.com/nixtars/ollama-bump/cmd/ollama-bump"
		out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, command).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("build ollama-bump: %w\n%s", err, out)
		}
		done <- compiled{path, err}
	}()
	return done
}

// await waits for the program, and says so when that takes long.
func await(built <-chan compiled) compiled {
	select {
	case program := <-built:
		return program
	case <-time.After(2 * time.Second):
		fmt.Fprintln(os.Stderr, "demo: compiling ollama-bump, which takes half a minute the first time")
		return <-built
	}
}

// show runs the program in a world as somebody at a terminal would see it.
type show struct {
	world   *bumptest.World
	dir     string
	program string
}

// run runs ollama-bump, checks its exit status, and prints what it cost.
func (s show) run(want int, args ...string) error {
	line := strings.Join(append([]string{"ollama-bump"}, args...), " ")
	fmt.Println(bold("$ " + line))
	env := []string{"GITHUB_TOKEN=a-token-for-the-demo", "PAGER=cat", "TERM=" + os.Getenv("TERM")}
	cmd := s.world.Command(s.dir, env, s.program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	const source = "/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz"
	s.world.ForgetNixRuns()
	sources, start := s.world.Downloads(source), time.Now()
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
		return fmt.Errorf("run %s: %w", line, err)
	}
	fmt.Printf("(exit status %d after %.1f s; %s)\n", status, time.Since(start).Seconds(),
		cost(len(s.world.NixRuns()), s.world.Downloads(source)-sources))
	return nil
}

// cost says what a run cost besides its time.
func cost(processes, downloads int) string {
	count := func(n int, noun, more string) string {
		if n != 1 {
			noun += more
		}
		return fmt.Sprintf("%d %s", n, noun)
	}
	return count(processes, "Nix process", "es") + ", " + count(downloads, "download", "s") + " of ollama's source"
}

func title(text string) { fmt.Printf("\n%s\n\n", bold("== "+text)) }

// columns returns the width of the terminal. Where there is none, nothing is wrapped.
func columns() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		return width
	}
	return math.MaxInt
}

// paint colours text for a terminal.
func paint(code, text string) string {
	if os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(os.Stdout.Fd())) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func bold(text string) string { return paint("1", text) }

// flakeFiles reads the embedded flake.
func flakeFiles() (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(flakeFS, "flake", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := flakeFS.ReadFile(path)
		files[strings.TrimPrefix(path, "flake/")] = string(data)
		return err
	})
	return files, err
}
