package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest"
)

// The tests in the files faults_*_test.go start the built program, as people do, and make the
// machine, the network, the repository and upstream fail it.

// theProgram builds the command once.
var theProgram = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../../.cache/bin")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "ollama-bump-under-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	half := fmt.Sprintf("%s.%d", program, os.Getpid())
	if out, err := exec.Command("go", "build", "-o", half, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return program, os.Rename(half, program)
})

// site is a world in which the built program runs.
type site struct {
	*bumptest.World
	t       *testing.T
	program string
}

func newSite(t *testing.T, options ...bumptest.Option) *site {
	t.Helper()
	w := bumptest.New(t, options...)
	program, err := theProgram()
	require.NoError(t, err)
	return &site{World: w, t: t, program: program}
}

// ended is what a run left behind.
type ended struct {
	status         int // -1 when a signal ended it
	stdout, stderr string
	took           time.Duration
}

func (e ended) String() string {
	return fmt.Sprintf("status %d after %s\n--- stdout\n%s--- stderr\n%s", e.status, e.took, e.stdout, e.stderr)
}

// start begins a run of the program in dir.
func (s *site) start(dir string, extra []string, args ...string) *running {
	r := s.prepare(dir, extra, args...)
	r.start()
	return r
}

func (s *site) prepare(dir string, extra []string, args ...string) *running {
	r := &running{cmd: s.Command(dir, extra, s.program, args...), world: s.World, done: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	return r
}

// prepareUnder is prepare for a program that another command starts.
func (s *site) prepareUnder(dir string, extra, command []string, args ...string) *running {
	r := s.prepare(dir, extra, args...)
	own := r.cmd.Args
	r.cmd = s.Command(dir, extra, command[0],
		append(append(command[1:len(command):len(command)], s.program), own[1:]...)...)
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	return r
}

func (r *running) start() {
	began := time.Now()
	if r.err = r.cmd.Start(); r.err != nil {
		close(r.done)
		return
	}
	go func() {
		r.err = r.cmd.Wait()
		r.took = time.Since(began)
		close(r.done)
	}()
}

type running struct {
	cmd            *exec.Cmd
	world          *bumptest.World
	done           chan struct{} // closed when it has ended; what follows is for then
	stdout, stderr bytes.Buffer
	err            error
	took           time.Duration
}

func (r *running) wait() ended {
	<-r.done
	e := ended{stdout: r.stdout.String(), stderr: r.stderr.String(), took: r.took}
	r.world.Saw("stdout", e.stdout)
	r.world.Saw("stderr", e.stderr)
	var exit *exec.ExitError
	switch {
	case errors.As(r.err, &exit):
		e.status = exit.ExitCode()
	case r.err != nil:
		e.status, e.stderr = -2, r.err.Error()
	}
	return e
}

// run is one run from beginning to end.
func (s *site) run(dir string, extra []string, args ...string) ended {
	return s.start(dir, extra, args...).wait()
}

// bumps runs the program and fails the test when it does not succeed.
func (s *site) bumps(dir string, extra []string, args ...string) ended {
	s.t.Helper()
	e := s.run(dir, extra, args...)
	require.Zero(s.t, e.status, e.String())
	return e
}

// refuses runs the program, which must fail with status 1, say these words, and leave dir as it was.
func (s *site) refuses(dir string, extra, args []string, words ...string) ended {
	s.t.Helper()
	before := inventory(s.t, dir)
	e := s.run(dir, extra, args...)
	require.Equal(s.t, 1, e.status, e.String())
	for _, w := range words {
		require.Contains(s.t, e.stderr, w, e.String())
	}
	require.Empty(s.t, e.stdout, "nothing but a result goes to stdout")
	require.Equal(s.t, before, inventory(s.t, dir), "the tree changed")
	return e
}

// inventory lists what is in a tree: of every path the type, the mode, the owner and the content. Of git's own
// folder it lists only what is not git's.
func inventory(t *testing.T, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if rel == ".git" || strings.HasPrefix(rel, ".git/") && !strings.Contains(rel, "ollama-bump-") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		about := fmt.Sprintf("%s %d:%d ", info.Mode(), owner.Uid, owner.Gid)
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			list[rel] = about + string(data)
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			list[rel] = about + target
			return err
		}
		list[rel] = about
		return nil
	})
	require.NoError(t, err)
	return list
}

// copyTree copies a tree with owners, modes, times and links.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	out, err := exec.Command("cp", "-a", from, to).CombinedOutput()
	require.NoError(t, err, string(out))
}

// survivors lists the processes whose arguments or environment hold one of the words.
func survivors(words ...string) []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(string(args)+string(env), w) }) {
			found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return found
}

// overlayFlake is the flake that most of these tests bump: one file, the commonest shape.
const overlayFlake = `{
  inputs.nixpkgs.url = "@nixpkgs@";

  outputs = { self, nixpkgs }: {
    overlays.default = final: prev: {
      ollama = prev.ollama.overrideAttrs (old: rec {
        version = "0.32.13";
        src = prev.fetchFromGitHub {
          owner = "ollama";
          repo = "ollama";
          tag = "v${version}";
          hash = "@src:0.32.13@";
        };
        vendorHash = "@vendor:0.32.13@";
      });
    };
    packages.@system@.ollama = (nixpkgs.legacyPackages.@system@.extend self.overlays.default).ollama;
  };
}
`

// moved is overlayFlake, or another text of a flake, as it must be after the bump.
func (s *site) moved(text string) string {
	return s.Expand(strings.ReplaceAll(text, "0.32.13", bumptest.DefaultNewest))
}
