package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// spread is a pin in two files: the version and one hash in one, which is a link, the other hash
// in the other.
var spread = map[string]string{
	"flake.nix": strings.NewReplacer(
		`= "0.32.13"`, `= pin.version`, `"@src:0.32.13@"`, `pin.hash`,
		`overlays.default = final: prev: {`,
		`overlays.default = final: prev: let pin = builtins.fromJSON (builtins.readFile ./pin.json); in {`,
	).Replace(overlayFlake),
	"data/pin.json": "{\n  \"version\": \"0.32.13\",\n  \"hash\": \"@src:0.32.13@\"\n}\n",
	"bin/helper!":   "#!/bin/sh\n",
}

// sweep kills runs of the program at many points and looks at what each leaves.
type sweep struct {
	*site
	mode []string          // --no-pr, or nothing to propose
	tree string            // is copied for each run
	old  map[string]string // the inventory before, and after a whole run
	new  map[string]string

	mu       sync.Mutex
	whole    time.Duration // of a run
	counts   map[string]int
	slowest  time.Duration // until the last child was gone
	failures []string
}

func newSweep(t *testing.T, files map[string]string, mode ...string) *sweep {
	s := &sweep{site: newSite(t), mode: mode, counts: map[string]int{}}
	s.tree = s.Flake(files)
	s.arrange()
	s.old = inventory(t, s.tree)
	for i := range 3 { // the first one fills the store
		p := s.point(-i - 1)
		s.whole = s.bumps(p.dir, p.env, p.args...).took
		s.new = inventory(t, p.dir)
		require.NoError(t, os.RemoveAll(p.dir))
	}
	return s
}

// arrange gives the tree what must survive a bump: links, modes, another owner, untracked files.
func (s *sweep) arrange() {
	if _, err := os.Stat(filepath.Join(s.tree, "data")); err == nil {
		require.NoError(s.t, os.Symlink("data/pin.json", filepath.Join(s.tree, "pin.json")))
		require.NoError(s.t, os.Chmod(filepath.Join(s.tree, "data", "pin.json"), 0o640))
		s.Git(s.tree, "add", "-A")
		s.Git(s.tree, "commit", "-q", "-m", "link")
	}
	require.NoError(s.t, os.WriteFile(filepath.Join(s.tree, "untracked.txt"), []byte("mine"), 0o600))
	if os.Geteuid() == 0 {
		require.NoError(s.t, os.Chown(filepath.Join(s.tree, "flake.nix"), 1234, 5678))
	}
}

// point is one run that is killed, in a tree, a folder for temporary files and a repository of its own.
type point struct {
	n      int
	dir    string
	tmp    string
	env    []string
	args   []string
	repo   *githubtest.Repo
	signal syscall.Signal
	after  time.Duration
	share  float64 // of a whole run, after which it is killed; negative: once new files are staged
	again  bool    // run to the end afterwards
}

func (s *sweep) point(n int) *point {
	name := fmt.Sprintf("p%d", n)
	p := &point{
		n: n, dir: filepath.Join(s.Dir, "killed", name), tmp: filepath.Join(s.Dir, "killed-tmp", name),
		args: s.mode,
	}
	copyTree(s.t, s.tree, p.dir)
	require.NoError(s.t, os.MkdirAll(p.tmp, 0o755))
	p.env = []string{"TMPDIR=" + p.tmp}
	if len(s.mode) == 0 {
		p.repo = s.Repository(p.dir, "me/"+name)
		p.args = []string{"--repo", "me/" + name}
	}
	return p
}

var killers = []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT}

// kill runs n points, two at a time.
func (s *sweep) kill(n int, writes func(i int) bool) {
	points := make(chan *point)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for p := range points {
				s.strike(p)
			}
		})
	}
	for i := range n {
		p := s.point(i)
		p.signal, p.again = killers[i%len(killers)], i%6 == 0
		p.share = float64(i) / float64(n)
		if writes(i) {
			p.share, p.after = -1, time.Duration(i%10)*100*time.Microsecond
		}
		points <- p
	}
	close(points)
	all.Wait()
	s.t.Logf("%d points over %s: %v; children gone within %s", n, s.whole.Round(time.Millisecond), s.counts,
		s.slowest.Round(time.Millisecond))
	require.Empty(s.t, s.failures)
}

func (s *sweep) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
}

func (s *sweep) fails(p *point, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures,
		fmt.Sprintf("point %d, %s after %s: ", p.n, p.signal, p.after)+fmt.Sprintf(format, args...))
}

func (s *sweep) strike(p *point) {
	if p.share >= 0 {
		s.mu.Lock()
		p.after = time.Duration(float64(s.whole) * p.share)
		s.mu.Unlock()
	}
	staged := watch(s.t, filepath.Join(p.dir, ".git"), p.share < 0)
	r := s.start(p.dir, p.env, p.args...)
	select {
	case <-r.done:
	case <-staged:
		time.Sleep(p.after)
	}
	_ = r.cmd.Process.Signal(p.signal)
	e := r.wait()
	s.childrenEnd(p)
	state := s.state(p)
	s.count(state)
	switch {
	case e.status == 0:
		s.count("too late")
		s.mu.Lock()
		s.whole = min(s.whole, e.took)
		s.mu.Unlock()
	case p.signal == syscall.SIGKILL && e.status == -1:
		s.count("killed")
	case e.status == -1: // before the program listens, the signal's own effect
		s.count("ended by the signal")
	case e.status == 1 && strings.Contains(e.stderr, "ollama-bump: interrupted: "):
		s.count("interrupted")
	default:
		s.fails(p, "%s", e)
	}
	if e.status >= 0 {
		s.nothingLeft(p)
	}
	if p.repo != nil && len(p.repo.Pulls()) > 1 {
		s.fails(p, "%d pull requests", len(p.repo.Pulls()))
	}
	if p.again {
		s.finishes(p)
	}
	_ = os.RemoveAll(p.dir)
}

// watch tells when the first new file is staged in dir. When that is not wanted, it is told at once.
func watch(t *testing.T, dir string, wanted bool) <-chan struct{} {
	told := make(chan struct{})
	if !wanted {
		close(told)
		return told
	}
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	require.NoError(t, err)
	_, err = syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	require.NoError(t, err)
	events := os.NewFile(uintptr(fd), "inotify")
	go func() {
		defer events.Close()
		_ = events.SetReadDeadline(time.Now().Add(time.Minute))
		for buf := make([]byte, 4096); ; {
			n, err := events.Read(buf)
			if err != nil {
				return
			}
			if bytes.Contains(buf[:n], []byte("ollama-bump-")) {
				close(told)
				return
			}
		}
	}()
	return told
}

// state says what the tree is now. Staged files in git's folder may be left by SIGKILL.
func (s *sweep) state(p *point) string {
	now := inventory(s.t, p.dir)
	for name := range now {
		if p.signal == syscall.SIGKILL && strings.HasPrefix(name, ".git/") {
			delete(now, name)
		}
	}
	switch {
	case maps.Equal(now, s.old):
		return "old"
	case maps.Equal(now, s.new):
		return "new"
	}
	s.fails(p, "the tree is neither old nor new: %v", now)
	return "neither"
}

// childrenEnd waits for the processes that the run started: they end by themselves.
func (s *sweep) childrenEnd(p *point) {
	began := time.Now()
	var left []string
	for time.Since(began) < 10*time.Second {
		if left = survivors(p.tmp+"/", p.tmp+"\x00", p.dir+"/"); len(left) == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.mu.Lock()
	s.slowest = max(s.slowest, time.Since(began))
	s.mu.Unlock()
	if len(left) > 0 {
		s.fails(p, "still there after 10 s: %v", left)
	}
}

// nothingLeft looks for temporary folders.
func (s *sweep) nothingLeft(p *point) {
	left, err := os.ReadDir(p.tmp)
	require.NoError(s.t, err)
	if len(left) > 0 {
		all, _ := exec.Command("find", p.tmp, "-mindepth", "1", "-ls").CombinedOutput()
		s.fails(p, "left behind:\n%s", all)
	}
}

// finishes runs to the end, which leaves the new tree, and nothing of the dead run.
func (s *sweep) finishes(p *point) {
	s.count("finished by the next run")
	e := s.run(p.dir, p.env, p.args...)
	if now := inventory(s.t, p.dir); e.status != 0 || !maps.Equal(now, s.new) {
		s.fails(p, "the next run does not finish: %s\n%v", e, now)
	}
	if !strings.Contains(e.stderr, "is current") { // which starts no work that needs a folder
		s.nothingLeft(p)
	}
	if p.repo != nil && len(p.repo.Pulls()) != 1 {
		s.fails(p, "the next run leaves %d pull requests: %s", len(p.repo.Pulls()), e)
	}
}

// TestKilledWhileWriting kills whole runs of --no-pr.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	s := newSweep(t, map[string]string{"flake.nix": overlayFlake}, "--no-pr")
	require.NotEqual(t, s.old, s.new)
	s.kill(84, func(i int) bool { return i%4 == 3 })
}

// TestKilledBetweenTwoFiles does it where the pin stands in two files.
func TestKilledBetweenTwoFiles(t *testing.T) {
	t.Parallel()
	s := newSweep(t, spread, "--no-pr")
	require.NotEqual(t, s.old["flake.nix"], s.new["flake.nix"])
	require.NotEqual(t, s.old["data/pin.json"], s.new["data/pin.json"])
	require.Equal(t, s.old["pin.json"], s.new["pin.json"])
	s.kill(60, func(i int) bool { return i%2 == 1 })
}

// TestKilledWhileProposing does it with a pull request: the checkout never changes, and the next run ends with one
// branch and one pull request.
func TestKilledWhileProposing(t *testing.T) {
	t.Parallel()
	s := newSweep(t, map[string]string{"flake.nix": overlayFlake})
	require.Equal(t, s.old, s.new)
	s.kill(66, func(int) bool { return false })
}
