package bump

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// workspace is a run's temporary folder. Its name has none of the characters that old versions of
// Nix misread in a flake reference, and Nix's build users may read it.
type workspace struct {
	dir  string
	env  []string // of the caller
	lock *os.File // held as long as the run lives: others know by it that the folder is in use
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._+-]+$`)

const workspacePrefix = "ollama-bump-"

// openWorkspace makes the folder and removes those that dead runs left.
func openWorkspace(env []string) (*workspace, error) {
	base := lookupEnv(env, "TMPDIR")
	if base == "" {
		base = "/tmp"
	}
	if real, err := filepath.EvalSymlinks(base); err == nil {
		base = real
	}
	if !plainPath.MatchString(base) {
		base = "/tmp"
	}
	removeDead(base)
	ws, err := makeWorkspace(base)
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("make temporary folder: %v", err), Hint: "make room there, or set TMPDIR to another folder", Err: err}
	}
	ws.env = env
	return ws, nil
}

// makeWorkspace makes the folder and what belongs in it. A run that begins at the same moment takes a folder that
// nobody holds yet for a dead run's: then another one is made.
func makeWorkspace(base string) (*workspace, error) {
	for {
		dir, err := os.MkdirTemp(base, workspacePrefix)
		if err != nil {
			return nil, err
		}
		ws := &workspace{dir: dir}
		held, err := ws.hold()
		for _, sub := range []string{"", "tmp", "probe"} {
			if err == nil && held {
				err = makeReadable(filepath.Join(dir, sub))
			}
		}
		if err == nil && held {
			return ws, nil
		}
		ws.close()
		if err != nil {
			return nil, err
		}
	}
}

// hold takes the folder's lock; false when another run took it first, which removes the folder.
func (ws *workspace) hold() (bool, error) {
	name := filepath.Join(ws.dir, "lock")
	var err error
	if ws.lock, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		if os.IsNotExist(err) {
			return false, nil
		}
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
	there, err := os.Stat(name)
	return err == nil && os.SameFile(mine, there), nil
}

// makeReadable makes a folder that everybody may read, whatever the umask.
func makeReadable(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// temp is where Nix puts its own temporary folders: a build that is stopped may leave one.
func (ws *workspace) temp() string { return filepath.Join(ws.dir, "tmp") }

func (ws *workspace) close() {
	if ws == nil {
		return
	}
	removeFolder(ws.dir)
	if ws.lock != nil {
		ws.lock.Close()
	}
}

// removeDead removes the folders of runs that ended without doing so: nobody holds their lock.
func removeDead(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, workspacePrefix+"*"))
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
		if os.IsNotExist(err) {
			os.Remove(dir) // died before it had a lock; a folder that holds files is not ours
		}
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			removeFolder(dir)
		}
		lock.Close()
	}
}

// dying is how long a builder that was killed may still be in the way, on a busy machine.
const dying = 3 * time.Second

// removeFolder removes a folder with what builders left in it: read-only folders, and files that one that is
// just dying still makes.
func removeFolder(dir string) {
	for began := time.Now(); os.RemoveAll(dir) != nil && time.Since(began) < dying; time.Sleep(20 * time.Millisecond) {
		_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() || os.IsPermission(err) {
				_ = os.Chmod(name, 0o700)
			}
			return nil
		})
	}
}

// lookupEnv is a variable's value in an environment as os.Environ has it; the last one counts.
func lookupEnv(env []string, name string) string {
	value := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}
