package replace

import (
	"bytes"

	"github.com/nixtars/ollama-bump/bump/internal/child"
)

// renameScript renames pairs of files, old name and new name, until one fails.
const renameScript = `trap "" HUP INT TERM; while [ $# -gt 1 ]; do mv -f "$1" "$2" || exit; shift 2; done`

// renameTogether lets a process of its own put several files in place, which nothing that ends this one ends: not even
// SIGKILL leaves some of them new and others old. What it does not do, for want of a shell or because a rename
// fails, commit does or explains.
func renameTogether(staged []*stagedFile) {
	var args []string
	for _, s := range staged {
		if s.unchanged() != nil {
			return
		}
		args = append(args, s.temp, s.target)
	}
	_ = child.Outlive(renameScript, "rename", args...)
	for _, s := range staged {
		if now, err := s.content(); err == nil && bytes.Equal(now, s.New) {
			s.temp = ""
		}
	}
}
