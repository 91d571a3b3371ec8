// Package workspace makes a run's temporary folder, and removes those that dead runs left.
//
// The folder for temporary files is shared with other users and other programs. A folder in it is taken for a
// dead run's only when its name is one that a run made up, it belongs to this user, and it holds the file
// by which runs know each other, which nobody has locked. Everything is looked at and removed below an
// open folder, through no symbolic link that leaves it.
package workspace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/child"
	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Workspace is a run's temporary folder. Its name has none of the characters that old versions of Nix
// misread in a flake reference, and Nix's build users may read it.
type Workspace struct {
	Dir  string   // absolute
	Env  []string // of the caller
	base *os.Root // the folder that Dir lies in
	lock *os.File // the marker, held as long as the run lives
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._+-]+$`)

const (
	prefix = "ollama-bump-"
	// marker is the file that makes a folder one of ours; a run that lives has it locked.
	marker = ".ollama-bump-run"
)

// Open makes the folder, in TMPDIR of the environment or in /tmp, and removes those of dead runs.
func Open(env []string) (*Workspace, error) {
	base := child.Getenv(env, "TMPDIR")
	if base == "" {
		base = "/tmp"
	}
	base, err := filepath.Abs(base)
	if err == nil {
		if real, err := filepath.EvalSymlinks(base); err == nil {
			base = real
		}
		if !plainPath.MatchString(base) {
			base = "/tmp"
		}
		removeDead(base)
		var ws *Workspace
		if ws, err = create(base); err == nil {
			ws.Env = env
			return ws, nil
		}
	}
	return nil, &diag.Error{Text: fmt.Sprintf("make temporary folder: %v", err), Hint: hint(err), Err: err}
}

// hint says what to do about a folder that cannot be made.
func hint(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "raise the limit of open files: ulimit -n"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room there, or set TMPDIR to another folder"
	}
	return "set TMPDIR to a folder that this user may write to"
}

// newName makes up a name that no person gives a folder: its second half follows from the first.
func newName() string {
	var word [8]byte
	_, _ = rand.Read(word[:]) // it never fails
	half := hex.EncodeToString(word[:])
	return prefix + half + check(half)
}

func check(half string) string {
	sum := sha256.Sum256([]byte("ollama-bump run " + half))
	return hex.EncodeToString(sum[:8])
}

// isName reports whether newName made up a name.
func isName(name string) bool {
	word, ok := strings.CutPrefix(name, prefix)
	return ok && len(word) == 32 && check(word[:16]) == word[16:]
}

// create makes the folder and what belongs in it. A run that begins at the same moment takes a folder that
// nobody holds yet for a dead run's: then another one is made.
func create(base string) (*Workspace, error) {
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, err
	}
	for {
		name := newName()
		if err = root.Mkdir(name, 0o700); err != nil {
			root.Close()
			return nil, err
		}
		ws := &Workspace{Dir: filepath.Join(base, name), base: root}
		held, err := ws.hold()
		if err == nil && held {
			err = ws.fill()
		}
		if err == nil && held {
			return ws, nil
		}
		if err != nil {
			ws.Close()
			return nil, err
		}
		ws.drop()
	}
}

// hold makes and locks the marker; false when another run took it first, which removes the folder.
func (ws *Workspace) hold() (bool, error) {
	name := filepath.Join(filepath.Base(ws.Dir), marker)
	var err error
	ws.lock, err = ws.base.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = syscall.Flock(int(ws.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mine, err := ws.lock.Stat()
	if err != nil {
		return false, err
	}
	there, err := ws.base.Lstat(name)
	return err == nil && os.SameFile(mine, there), nil
}

// fill makes the folders.
func (ws *Workspace) fill() error {
	for _, sub := range []string{"", "tmp", "probe"} {
		if _, err := ws.Folder(sub); err != nil {
			return err
		}
	}
	return nil
}

// Folder makes a folder in the workspace that everybody may read, whatever the umask, and returns its place.
func (ws *Workspace) Folder(sub string) (string, error) {
	name := filepath.Join(filepath.Base(ws.Dir), sub)
	if err := ws.base.Mkdir(name, 0o755); err != nil && !os.IsExist(err) {
		return "", err
	}
	return filepath.Join(ws.Dir, sub), ws.base.Chmod(name, 0o755)
}

// Temp is where Nix puts its own temporary folders: a build that is stopped may leave one.
func (ws *Workspace) Temp() string { return filepath.Join(ws.Dir, "tmp") }

// Close removes the folder, if one was made.
func (ws *Workspace) Close() {
	if ws == nil {
		return
	}
	ws.drop()
	ws.base.Close()
}

func (ws *Workspace) drop() {
	remove(ws.base, filepath.Base(ws.Dir))
	if ws.lock != nil {
		ws.lock.Close()
		ws.lock = nil
	}
}

// removeDead removes the folders of runs that ended without doing so.
func removeDead(base string) {
	root, err := os.OpenRoot(base)
	if err != nil {
		return
	}
	defer root.Close()
	dirs, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
	for _, dir := range dirs {
		if name := filepath.Base(dir); isName(name) && ours(root, name) {
			removeIfDead(root, name)
		}
	}
}

// ours reports whether name is a folder of this user.
func ours(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	if err != nil || !info.IsDir() {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// removeIfDead removes the folder of a run, unless the run holds its marker. A run that died before it had a
// marker left an empty folder.
func removeIfDead(root *os.Root, name string) {
	file := filepath.Join(name, marker)
	info, err := root.Lstat(file)
	if os.IsNotExist(err) {
		_ = root.Remove(name) // works on an empty folder only
	}
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	lock, err := root.OpenFile(file, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		remove(root, name)
	}
}

// dying is how long a builder that was killed may still be in the way, on a busy machine.
const dying = 3 * time.Second

// remove removes a folder with what builders left in it: read-only folders, and files that one that is
// just dying still makes.
func remove(root *os.Root, name string) {
	const pause = 20 * time.Millisecond
	for began := time.Now(); root.RemoveAll(name) != nil && time.Since(began) < dying; time.Sleep(pause) {
		folder, err := root.OpenRoot(name) // links that leave it are not followed
		if err != nil {
			_ = root.Chmod(name, 0o700)
			continue
		}
		_ = fs.WalkDir(folder.FS(), ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() || os.IsPermission(err) {
				_ = folder.Chmod(path, 0o700)
			}
			return nil
		})
		folder.Close()
	}
}
