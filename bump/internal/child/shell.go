package child

import (
	"os/exec"
	"syscall"
)

// shell returns a command for a script of ours, in a session of its own and with nothing of the caller's
// environment.
func shell(script, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, name}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/run/current-system/sw/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// Outlive runs a script of ours to its end, also when this program is killed meanwhile. name and args are its $0, $1
// and so on.
func Outlive(script, name string, args ...string) error { return shell(script, name, args...).Run() }
