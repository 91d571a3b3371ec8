package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// TestScripts runs the command line's own scripts, which need no Nix.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}

// TestWorldScripts runs whole bumps, in a world with a real Nix. Their scripts have these commands
// besides:
//
//	world FOLDER [SUBFOLDER]  makes a world and in it a flake of FOLDER's files, and goes there;
//	                          SUBFOLDER is where in the repository the flake lies
//	repository OWNER/NAME     puts the flake's repository on the stand-in GitHub, as its origin
//	expand FILE...            replaces the world's placeholders in the script's files
//	untouched                 fails when any byte of the flake's repository has changed
//	nixruns N                 fails when not N Nix processes were started since the last time
//	downloads SUFFIX N        fails when what ends in SUFFIX was not downloaded N times
//	pulls N                   fails when not N pull requests were ever opened
func TestWorldScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/world", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[stageKey{}] = &stage{env: env}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world":      onStage(1, 2, (*stage).makeWorld),
			"repository": onStage(1, 1, (*stage).repository),
			"expand":     onStage(1, 9, (*stage).expand),
			"untouched":  onStage(0, 0, (*stage).untouched),
			"nixruns":    onStage(1, 1, (*stage).nixRuns),
			"downloads":  onStage(2, 2, (*stage).downloads),
			"pulls":      onStage(1, 1, (*stage).pulls),
		},
	})
}

type stageKey struct{}

// stage is a script's world. It has what bumptest needs of a test.
type stage struct {
	env   *testscript.Env
	ts    *testscript.TestScript
	world *bumptest.World
	dir   string            // of the flake's repository
	files map[string]string // in dir as it was made: path to mode and content
	pull  func() int
}

func (s *stage) Helper()                           {}
func (s *stage) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s *stage) Cleanup(f func())                  { s.env.Defer(f) }

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "ollama-bump-script-")
	s.ts.Check(err)
	s.env.Defer(func() { _ = os.RemoveAll(dir) })
	return dir
}

// onStage makes a command of a method that takes between least and most arguments.
func onStage(least, most int, command func(*stage, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := ts.Value(stageKey{}).(*stage)
		s.ts = ts
		if neg || len(args) < least || len(args) > most {
			ts.Fatalf("wrong use of a command, see TestWorldScripts")
		}
		command(s, args)
	}
}

func (s *stage) makeWorld(args []string) {
	s.world = bumptest.New(s)
	files := bumptest.Files(s, s.ts.MkAbs(args[0]))
	sub := ""
	if len(args) > 1 {
		sub = args[1]
	}
	s.dir = s.world.FlakeIn(sub, files)
	own := s.ts.Getenv("PATH") // where this program is
	for _, setting := range s.world.Env() {
		name, value, _ := strings.Cut(setting, "=")
		if name == "PATH" {
			first, _, _ := strings.Cut(own, string(os.PathListSeparator))
			value = first + string(os.PathListSeparator) + value
		}
		s.ts.Setenv(name, value)
	}
	s.ts.Setenv(saidIn, filepath.Join(s.world.Dir, "log"))
	s.ts.Check(s.ts.Chdir(s.dir))
	s.files = s.read()
	s.world.ForgetNixRuns()
}

func (s *stage) repository(args []string) {
	repo := s.world.Repository(s.dir, args[0])
	s.pull = func() int { return len(repo.Pulls()) }
	s.files = s.read()
}

func (s *stage) expand(args []string) {
	for _, name := range args {
		path := filepath.Join(s.ts.Getenv("WORK"), name)
		text, err := os.ReadFile(path)
		s.ts.Check(err)
		s.ts.Check(os.WriteFile(path, []byte(s.world.Expand(string(text))), 0o644))
	}
}

// read reads everything in the repository, git's own files left out: a status refreshes its index.
func (s *stage) read() map[string]string {
	files := map[string]string{}
	s.ts.Check(filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".git" {
			return filepath.SkipDir
		}
		info, err := entry.Info()
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = info.Mode().String() + "\n" + string(data)
		return err
	}))
	return files
}

func (s *stage) untouched([]string) {
	now := s.read()
	for path, was := range s.files {
		if now[path] != was {
			s.ts.Fatalf("%s has changed", path)
		}
		delete(now, path)
	}
	for path := range now {
		s.ts.Fatalf("%s is new", path)
	}
	if status := s.world.Git(s.dir, "status", "--porcelain"); status != "" {
		s.ts.Fatalf("git sees changes:\n%s", status)
	}
}

func (s *stage) count(args []string, what string, have int) {
	want, err := strconv.Atoi(args[len(args)-1])
	s.ts.Check(err)
	if have != want {
		s.ts.Fatalf("%d %s, want %d", have, what, want)
	}
}

func (s *stage) nixRuns(args []string) {
	s.count(args, "Nix processes", len(s.world.NixRuns()))
	s.world.ForgetNixRuns()
}

func (s *stage) downloads(args []string) { s.count(args, "downloads", s.world.Downloads(args[0])) }

func (s *stage) pulls(args []string) { s.count(args, "pull requests", s.pull()) }
