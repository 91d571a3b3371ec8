package nix

import "syscall"

// ownSession puts a child and all that it starts into a session of its own: one kill reaches them all,
// and no ssh or git among them can ask on the terminal. When this program dies at once, the kernel ends
// nix, and nix ends its builders.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}
