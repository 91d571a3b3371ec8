package nix

import "syscall"

// ownSession puts a child and all that it starts into a session of its own: one kill reaches them all,
// and no ssh or git among them can ask on the terminal. When this program dies at once, the kernel kills
// nix, and by the same means nix's builders: an endless evaluation takes no notice of a milder signal.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
