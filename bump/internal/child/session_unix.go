//go:build unix && !linux

package child

import "syscall"

// ownSession puts a child and all that it starts into a session of its own: one kill reaches them all,
// and no ssh or git among them can ask on the terminal.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}
