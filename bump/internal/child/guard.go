package child

import (
	"io"
	"os/exec"
	"strconv"
	"time"
)

// A guard outlives this program for a moment when this program is killed, to end the Nix that it had
// started. The kernel's help is not enough: it is there on Linux only, an endless evaluation takes no
// notice of SIGTERM, and a SIGKILL at once would leave behind what the builders have started, for only
// Nix knows their process groups.
type guard struct {
	cmd  *exec.Cmd
	pipe io.Closer // held open while this program lives
}

// guardScript waits for the end of its input, which comes when this program is gone.
const guardScript = `read -r _; kill -TERM -"$1"; sleep "$2"; kill -KILL -"$1"`

// newGuard guards the session that pid leads. Without a shell there is no guard.
func newGuard(pid int, grace time.Duration) *guard {
	seconds := strconv.Itoa(int(grace/time.Second) + 1)
	cmd := shell(guardScript, "guard", strconv.Itoa(pid), seconds)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil
	}
	if cmd.Start() != nil {
		return nil
	}
	return &guard{cmd: cmd, pipe: pipe}
}

// end takes the guard away before its input ends.
func (g *guard) end() {
	if g == nil {
		return
	}
	_ = g.cmd.Process.Kill()
	_ = g.pipe.Close()
	_ = g.cmd.Wait()
}
