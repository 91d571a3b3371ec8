package bump

import (
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
	dir, err := os.MkdirTemp(base, workspacePrefix)
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("make temporary folder: %v", err), Hint: "make room there, or set TMPDIR to another folder", Err: err}
	}
	ws := &workspace{dir: dir}
	ws.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(ws.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil {
		err = os.Mkdir(ws.temp(), 0o755)
	}
	if err == nil {
		err = os.Chmod(ws.temp(), 0o755) // whatever the umask
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "probe"), 0o755)
	}
	if err != nil {
		ws.close()
		return nil, &Error{Text: fmt.Sprintf("make temporary folder: %v", err), Hint: "make room there, or set TMPDIR to another folder", Err: err}
	}
	return ws, nil
}

// temp is where Nix puts its own temporary folders: a build that is stopped may leave one.
func (ws *workspace) temp() string { return filepath.Join(ws.dir, "tmp") }

func (ws *workspace) close() {
	removeFolder(ws.dir)
	if ws.lock != nil {
		ws.lock.Close()
	}
}

// youngFolder is how long a folder without a lock may belong to a run that is just beginning.
const youngFolder = time.Minute

// removeDead removes the folders of runs that ended without doing so: nobody holds their lock.
func removeDead(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, workspacePrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		young := time.Since(info.ModTime()) < youngFolder
		f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
		if err != nil {
			if os.IsNotExist(err) && !young {
				os.Remove(dir) // died before it had a lock; whatever holds files is not ours
			}
			continue
		}
		_, err = os.Stat(filepath.Join(dir, "probe")) // made once the lock is held
		if (err == nil || !young) && syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			removeFolder(dir)
		}
		f.Close()
	}
}

// removeFolder removes a folder with what builders left in it: read-only folders, and files that one that is
// just dying still makes.
func removeFolder(dir string) {
	for range 5 {
		if os.RemoveAll(dir) == nil {
			return
		}
		_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() || os.IsPermission(err) {
				_ = os.Chmod(name, 0o700)
			}
			return nil
		})
		time.Sleep(20 * time.Millisecond)
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
