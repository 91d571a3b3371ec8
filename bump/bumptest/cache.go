package bumptest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// cacheDir outlives the worlds. What lies there is named by its content or, Go's build cache, does
// not change what anybody sees: it only saves making the same hundreds of files for every test.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "ollama-bump-test")
}

// goCache is the build cache of all worlds: an empty one makes Go look at its whole standard
// library first.
func goCache() string { return filepath.Join(cacheDir(), "go-build") }

// keep returns a folder with exactly the files of t, which nobody may change. The name says what
// it is for.
func keep(name string, t tree) (string, error) {
	sum := sha256.New()
	for _, path := range t.paths() {
		fmt.Fprintf(sum, "%q %x %v\n", path, sha256.Sum256(t[path].data), t[path].exec)
	}
	dir := filepath.Join(cacheDir(), fmt.Sprintf("%s-%x", name, sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cacheDir(), 0o755); err != nil {
		return "", err
	}
	// complete before it has its name; who comes second takes the first one's
	made, err := os.MkdirTemp(cacheDir(), "new-")
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.Chmod(made, 0o755), t.write(made)); err != nil {
		return "", errors.Join(err, os.RemoveAll(made))
	}
	if err := os.Rename(made, dir); err != nil {
		if _, missing := os.Stat(dir); missing != nil {
			return "", errors.Join(err, os.RemoveAll(made))
		}
		return dir, os.RemoveAll(made)
	}
	return dir, nil
}
