package child

import "syscall"

// ownSession puts a child and all that it starts into a session of its own: one kill reaches them all,
// and no ssh or git among them can ask on the terminal. When the thread that started it dies, and so
// this program, the child gets SIGTERM.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}
