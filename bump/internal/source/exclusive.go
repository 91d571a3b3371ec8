package source

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Exclude keeps two runs that write apart, until release is called. What is locked is the tree's folder
// itself, so there is no lock file that a dead run could leave: the kernel gives the lock back when the
// process ends. A file system that cannot lock a folder is used without.
func (s *Set) Exclude() (release func(), err error) {
	dir, err := os.Open(s.Root)
	if err != nil {
		return nil, &diag.Error{
			Text: fmt.Sprintf("open flake: %v", err), Hint: "see that the folder can be read",
			Err: err,
		}
	}
	err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		dir.Close()
		return nil, &diag.Error{
			Text: fmt.Sprintf("open flake: another run is changing the files in %s", s.Root),
			Hint: "wait until it has ended, or stop it; nothing was changed", Err: err,
		}
	}
	return func() {
		// a process that is just being started still has the folder open: closing it is not enough
		_ = syscall.Flock(int(dir.Fd()), syscall.LOCK_UN)
		dir.Close()
	}, nil
}
