package nix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sleeper is a fixed output that takes a minute and says in a file which process its builder has started.
func sleeper(t *testing.T, dir string) string {
	return writeFlake(t, dir,
		`{ slow = fod "slow" "`+fakeOne+`" "sleep 60 & echo $! > `+dir+`/builder; wait"; }`) + "#slow"
}

// builderOf waits until the sleeper's builder runs.
func builderOf(t *testing.T, dir string) int {
	var pid int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "builder"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
	return pid
}

// ends reports whether a process is gone within ten seconds: a zombie counts as gone.
func ends(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return errors.Is(err, os.ErrNotExist) || strings.Contains(string(stat), ") Z ")
	}, 10*time.Second, 10*time.Millisecond, "process %d still runs", pid)
}

func TestCancelEndsNixAndItsBuilders(t *testing.T) {
	r, dir := testRunner(t)
	url := sleeper(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.Build(ctx, BuildRequest{Installables: []string{url}})
		done <- err
	}()
	builder := builderOf(t, dir)
	begin := time.Now()
	cancel()
	err := <-done
	assert.Less(t, time.Since(begin), 5*time.Second)
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, Canceled, f.Kind)
	require.ErrorIs(t, err, context.Canceled)
	ends(t, builder)
}

func TestDeadlineEndsNix(t *testing.T) {
	r, dir := testRunner(t)
	url := sleeper(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	report, err := r.Build(ctx, BuildRequest{Installables: []string{url}})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, DeadlineExceeded, f.Kind)
	assert.NotEmpty(t, f.Hint)
	assert.False(t, report.Built)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// endless is an output whose evaluation takes hours and little memory.
const endless = `{ loop = let sum = n: builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) n);
    many = builtins.genList (x: x) 10000;
    again = builtins.foldl' (a: b: a + builtins.foldl' (c: d: c + sum 1000) 0 many) 0 many;
  in again; }`

// An evaluation that does not end takes no notice of the first signal in some versions.
func TestDeadlineEndsAnEndlessEvaluation(t *testing.T) {
	r, dir := testRunner(t)
	r.Grace = time.Second
	url := writeFlake(t, dir, endless) + "#loop"
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	_, err := r.Eval(ctx, url)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(begin), 4*time.Second)
}

// fakeNix puts a script in the place of nix.
func fakeNix(t *testing.T, script string) *Runner {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "nix"), []byte("#!/bin/sh\n"+script), 0o755))
	return &Runner{Env: []string{"PATH=" + dir + ":/usr/bin:/bin"}, Grace: 300 * time.Millisecond}
}

func TestCancelKillsWhoDoesNotHear(t *testing.T) {
	dir := t.TempDir()
	r := fakeNix(t, `trap '' TERM; (trap '' TERM; echo $$ > `+dir+`/nix; sleep 60) & echo $! > `+dir+`/builder; `+
		`while :; do sleep 1; done`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.Eval(ctx, "x")
		done <- err
	}()
	grandchild := builderOf(t, dir)
	begin := time.Now()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	assert.Less(t, time.Since(begin), 5*time.Second)
	ends(t, grandchild)
}

// A process that nix leaves behind, of ssh say, keeps the pipe open and must not hold us up.
func TestGrandchildThatKeepsThePipe(t *testing.T) {
	r := fakeNix(t, `sleep 20 & echo '{"a":1}'`)
	begin := time.Now()
	out, err := r.Eval(t.Context(), "x")
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(out))
	assert.Less(t, time.Since(begin), 5*time.Second)
}

// TestKilledParent kills a process that runs nix at once, as the machine does when memory is short.
func TestKilledParent(t *testing.T) {
	r, dir := testRunner(t)
	url := sleeper(t, dir)
	child := exec.Command(os.Args[0], "-test.run=TestHelperThatIsKilled")
	child.Env = append(r.Env, "KILLED_BUILD="+url)
	require.NoError(t, child.Start())
	builder := builderOf(t, dir)
	require.NoError(t, child.Process.Signal(syscall.SIGKILL))
	_ = child.Wait()
	ends(t, builder)
}

// An evaluation that does not listen ends as well.
func TestKilledParentOfAnEndlessEvaluation(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir, endless) + "#loop"
	child := exec.Command(os.Args[0], "-test.run=TestHelperThatIsKilled")
	child.Env = append(r.Env, "KILLED_BUILD="+url)
	require.NoError(t, child.Start())
	nix := 0
	require.Eventually(t, func() bool { // until nix reads the flake
		nix = childOf(child.Process.Pid)
		_, err := os.Stat(filepath.Join(dir, "store"))
		return nix != 0 && err == nil
	}, 20*time.Second, 10*time.Millisecond)
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, child.Process.Signal(syscall.SIGKILL))
	_ = child.Wait()
	ends(t, nix)
}

// childOf finds a process by its parent, 0 when there is none.
func childOf(parent int) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		stat, _ := os.ReadFile(file)
		var pid, ppid int
		_, rest, _ := strings.Cut(string(stat), ") ")
		if _, err := fmt.Sscanf(rest, "%s %d", new(string), &ppid); err == nil && ppid == parent {
			_, _ = fmt.Sscan(string(stat), &pid)
			return pid
		}
	}
	return 0
}

// TestHelperThatIsKilled is the process that TestKilledParent kills.
func TestHelperThatIsKilled(t *testing.T) {
	if url := os.Getenv("KILLED_BUILD"); url != "" {
		r := &Runner{Grace: time.Second}
		_, _ = r.Build(t.Context(), BuildRequest{Installables: []string{url}})
	}
}

func TestNixDiesOfASignal(t *testing.T) {
	r := fakeNix(t, `kill -9 $$`)
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{"x"}})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, Killed, f.Kind)
}
