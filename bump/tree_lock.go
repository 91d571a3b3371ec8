package bump

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps two runs that write apart. What is locked is the tree's folder itself, so there is no
// lock file that a dead run could leave: the kernel gives the lock back when the process ends. A file system
// that cannot lock a folder is used without.
func (t *tree) lock() (unlock func(), err error) {
	dir, err := os.Open(t.root)
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("open flake: %v", err), Hint: "see that the folder can be read", Err: err}
	}
	err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		dir.Close()
		return nil, &Error{
			Text: fmt.Sprintf("open flake: another run that writes is at work in %s", t.root),
			Hint: "wait until it has ended, or stop it; nothing was changed", Err: err,
		}
	}
	return func() {
		// a process that is just being started still has the folder open: closing it is not enough
		_ = syscall.Flock(int(dir.Fd()), syscall.LOCK_UN)
		dir.Close()
	}, nil
}
