package bumptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nixtars/ollama-bump/bump/github/githubtest"
)

// ScriptParams runs the testscripts in dir, each in a world of its own, with World.Env as its
// environment and these commands besides testscript's:
//
//	flake DIR [OWNER/NAME]   make the files in DIR a locked flake in git, placeholders expanded, and
//	                         the repository OWNER/NAME (default me/flake) on the stand-in GitHub
//	expand FILE...           expand the placeholders in files
//	publish VERSION          ollama releases this version
//	nix-runs N               so many Nix processes were started since the last nix-runs
//	downloads SUFFIX N       so many downloads had an address that ends in SUFFIX
//	pulls N                  OWNER/NAME has so many open pull requests
//	pull NUMBER              print a pull request: title, branch, body
//	branch NAME FILE         print what FILE is on a branch of OWNER/NAME
//	leaks SECRET             fail when SECRET is where it should not be
//
// A "!" in front of leaks turns it around.
func ScriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			w := New(&scriptTB{env: env})
			env.Vars = append(env.Vars, w.Env()...)
			env.Values[worldKey{}] = &scripted{World: w, repo: "me/flake"}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"flake": command((*scripted).flake, 1, 2), "expand": command((*scripted).expand, 1, 99), "publish": command((*scripted).publish, 1, 1),
			"nix-runs": command((*scripted).nixRuns, 1, 1), "downloads": command((*scripted).downloads, 2, 2),
			"pulls": command((*scripted).pulls, 1, 1), "pull": command((*scripted).pull, 1, 1), "branch": command((*scripted).branch, 2, 2),
			"leaks": leaks,
		},
	}
}

type worldKey struct{}

// scripted is the world of one script.
type scripted struct {
	*World
	repo string // OWNER/NAME of the last flake command
}

func command(do func(*scripted, *testscript.TestScript, []string), least, most int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < least || len(args) > most {
			ts.Fatalf("wrong use: see bumptest.ScriptParams")
		}
		do(ts.Value(worldKey{}).(*scripted), ts, args)
	}
}

func (s *scripted) flake(ts *testscript.TestScript, args []string) {
	dir := ts.MkAbs(args[0])
	t, err := readTree(dir)
	ts.Check(err)
	for name, f := range t {
		f.data = []byte(s.Expand(string(f.data)))
		t[name] = f
	}
	ts.Check(t.write(dir))
	s.adopt(dir, "")
	if len(args) == 2 {
		s.repo = args[1]
	}
	s.Repository(dir, s.repo)
}

func (s *scripted) expand(ts *testscript.TestScript, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(s.Expand(ts.ReadFile(name))), 0o644))
	}
}

func (s *scripted) publish(_ *testscript.TestScript, args []string) { s.Publish(args[0]) }

func (s *scripted) nixRuns(ts *testscript.TestScript, args []string) {
	var lines []string
	for _, run := range s.NixRuns() {
		lines = append(lines, run.Program+" "+strings.Join(run.Args, " "))
	}
	wantCount(ts, "Nix processes", args[0], len(lines), strings.Join(lines, "\n"))
	s.ForgetNixRuns()
}

func (s *scripted) downloads(ts *testscript.TestScript, args []string) {
	wantCount(ts, "downloads of "+args[0], args[1], s.Downloads(args[0]), "")
}

func (s *scripted) pulls(ts *testscript.TestScript, args []string) {
	open := s.repository().Open()
	wantCount(ts, "open pull requests", args[0], len(open), fmt.Sprintf("%+v", open))
}

func (s *scripted) pull(ts *testscript.TestScript, args []string) {
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	p := s.repository().Pull(number)
	_, err = fmt.Fprintf(ts.Stdout(), "%s\n%s -> %s, %s\n\n%s\n", p.Title, p.Head, p.Base, p.State, p.Body)
	ts.Check(err)
}

func (s *scripted) branch(ts *testscript.TestScript, args []string) {
	_, err := fmt.Fprint(ts.Stdout(), s.repository().File(args[0], args[1]))
	ts.Check(err)
}

// repository is the target repository on the stand-in GitHub.
func (s *scripted) repository() *githubtest.Repo {
	owner, name, _ := strings.Cut(s.repo, "/")
	return s.GitHub.Repo(owner, name)
}

func wantCount(ts *testscript.TestScript, what, want string, have int, detail string) {
	if want != strconv.Itoa(have) {
		ts.Fatalf("%s: have %d, want %s\n%s", what, have, want, detail)
	}
}

func leaks(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: leaks SECRET")
	}
	w := ts.Value(worldKey{}).(*scripted)
	found := w.Leaks(args[0], map[string]string{"stdout": ts.ReadFile("stdout"), "stderr": ts.ReadFile("stderr")})
	if neg != (len(found) > 0) {
		ts.Fatalf("the secret is in %d places: %s", len(found), strings.Join(found, ", "))
	}
}

// scriptTB is what a world needs of a test, in a script.
type scriptTB struct{ env *testscript.Env }

func (*scriptTB) Helper() {}

func (tb *scriptTB) Fatalf(format string, args ...any) {
	tb.env.T().Fatal(fmt.Sprintf(format, args...))
}

func (tb *scriptTB) Cleanup(f func()) { tb.env.Defer(f) }

// TempDir lies beside the script's files, so that they do not get into its work folder.
func (tb *scriptTB) TempDir() string {
	dir, err := os.MkdirTemp(filepath.Dir(tb.env.WorkDir), "world-")
	if err != nil {
		tb.Fatalf("make a temporary folder: %v", err)
	}
	tb.env.Defer(func() { os.RemoveAll(dir) })
	return dir
}
