package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const privately = "OLLAMA_BUMP_TEST_PRIVATE"

// No process of the same user reads the token from this program's environment.
func TestProcessIsPrivate(t *testing.T) {
	dumpable := func() uintptr {
		is, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
		require.Zero(t, errno)
		return is
	}
	if os.Getenv(privately) != "" { // in a process of its own
		require.EqualValues(t, 1, dumpable())
		private()
		require.Zero(t, dumpable())
		_, err := os.Executable()
		require.NoError(t, err)
		require.NoError(t, exec.Command("/bin/sh", "-c", "test -r /proc/self/environ").Run(),
			"children are not affected")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestProcessIsPrivate$")
	cmd.Env = append(os.Environ(), privately+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
