package replace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/source"
)

// stagedFile is a new content that waits on disk until all of them are there.
type stagedFile struct {
	source.Change
	target   string // the file itself: a symbolic link in the tree stays one
	info     os.FileInfo
	temp     string // "" once it has become the file
	patterns []string
}

// removeStaged removes what killed runs left. The lock on the tree says that none of them lives.
func removeStaged(patterns []string) {
	for _, pattern := range patterns {
		left, _ := filepath.Glob(pattern)
		for _, name := range left {
			if ours(pattern, name) {
				os.Remove(name)
			}
		}
	}
}

// ours reports whether a file is one that a run of this user made for a pattern: a regular file, with digits in
// the place of the star.
func ours(pattern, name string) bool {
	digits, ok := strings.CutPrefix(name, strings.TrimSuffix(pattern, "*"))
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// find looks the file up.
func (s *stagedFile) find(root string) error {
	var err error
	if s.target, err = filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(s.File))); err != nil {
		return s.failed(err)
	}
	if rel, err := filepath.Rel(root, s.target); err != nil || !filepath.IsLocal(rel) {
		return &diag.Error{
			Text: fmt.Sprintf("write %s: it is a link to %s, outside the flake", s.File, s.target),
			Hint: "edit that file by hand, or copy it into the flake; nothing was changed",
		}
	}
	if s.info, err = os.Stat(s.target); err != nil {
		return s.failed(err)
	}
	if s.info.Mode().Perm()&0o200 == 0 {
		return &diag.Error{
			Text: fmt.Sprintf("write %s: the file is read-only", s.File),
			Hint: "chmod u+w " + s.File + "; nothing was changed",
		}
	}
	return nil
}

// stage writes the new content to disk, with the mode and owner of the file.
func stage(root string, f source.Change, patterns []string) (*stagedFile, error) {
	s := &stagedFile{Change: f, patterns: patterns}
	err := s.find(root)
	if err == nil {
		err = s.unchanged()
	}
	if err != nil {
		return nil, err
	}
	removeStaged([]string{s.fallback()})
	if err := s.writeTemp(s.New); err != nil {
		return nil, s.failed(err)
	}
	return s, nil
}

// fallback is the pattern for a place in the tree: the last resort, where no other is on the same file system.
func (s *stagedFile) fallback() string {
	return filepath.Join(filepath.Dir(s.target), ".ollama-bump-*")
}

func sameDevice(a, b string) bool {
	device := func(dir string) (any, bool) {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil, false
		}
		return st.Dev, true
	}
	onA, okA := device(a)
	onB, okB := device(b)
	return okA && okB && onA == onB
}

// writeTemp writes a content to a temporary file of the first pattern from whose folder it can become the file.
func (s *stagedFile) writeTemp(data []byte) error {
	err := errors.New("no place for it")
	for _, pattern := range append(slices.Clone(s.patterns), s.fallback()) {
		if !sameDevice(filepath.Dir(pattern), filepath.Dir(s.target)) {
			continue
		}
		if err = s.writeTempAt(pattern, data); err == nil {
			return nil
		}
		s.removeTemp()
	}
	return err
}

func (s *stagedFile) writeTempAt(pattern string, data []byte) error {
	out, err := os.CreateTemp(filepath.Dir(pattern), filepath.Base(pattern))
	if err != nil {
		return err
	}
	s.temp = out.Name()
	// A mount point between two folders of one file system shows only in a rename; this one cannot succeed.
	if err = syscall.Rename(s.temp, filepath.Dir(s.target)+"/."); !errors.Is(err, syscall.EXDEV) {
		err = nil
	}
	if err == nil {
		_, err = out.Write(data)
	}
	if err == nil {
		err = keepOwner(out, s.info)
	}
	if err == nil {
		err = out.Chmod(s.info.Mode().Perm())
	}
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// removeTemp removes a content that did not become the file.
func (s *stagedFile) removeTemp() {
	if s.temp != "" {
		os.Remove(s.temp)
		s.temp = ""
	}
}

// keepOwner gives the new file the owner of the old one, where they differ.
func keepOwner(f *os.File, info os.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if is, ok := now.Sys().(*syscall.Stat_t); ok && is.Uid == st.Uid && is.Gid == st.Gid {
		return nil
	}
	if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
		return fmt.Errorf("it belongs to user %d, group %d: %w", st.Uid, st.Gid, foreign.Plain(err))
	}
	return nil
}

// unchanged refuses to replace a file that somebody changed since it was read.
func (s *stagedFile) unchanged() error {
	now, err := s.content()
	if err != nil {
		return s.failed(err)
	}
	if !bytes.Equal(now, s.Old) {
		return &diag.Error{
			Text: fmt.Sprintf("write %s: the file was changed while this ran", s.File),
			Hint: "run again; nothing was overwritten",
		}
	}
	return nil
}

// content returns what the file holds now.
func (s *stagedFile) content() ([]byte, error) {
	return foreign.Read(context.Background(), filepath.Dir(s.target), filepath.Base(s.target), source.MaxFile)
}

// commit puts the new content in the place of the old one.
func (s *stagedFile) commit() error {
	if s.temp == "" {
		return nil // renameTogether did
	}
	if err := s.unchanged(); err != nil {
		return err
	}
	return s.rename()
}

func (s *stagedFile) rename() error {
	err := os.Rename(s.temp, s.target)
	if err == nil {
		s.temp = ""
	}
	return err
}

// undo puts the old content back, for a failure between two files.
func (s *stagedFile) undo() error {
	err := s.writeTemp(s.Old)
	if err == nil {
		err = s.rename()
	}
	s.removeTemp()
	if err != nil {
		return fmt.Errorf("put back %s: %w", s.File, err)
	}
	return nil
}

// failed explains an error of the file system.
func (s *stagedFile) failed(err error) error {
	var ours *diag.Error
	if errors.As(err, &ours) {
		return err
	}
	return &diag.Error{Text: fmt.Sprintf("write %s: %v", s.File, foreign.Plain(err)), Hint: fileHint(err), Err: err}
}

// fileHint says what helps against an error of the file system.
func fileHint(err error) string {
	hint := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "the disk is full: make room and run again; "
	case errors.Is(err, syscall.EROFS):
		hint = "the file system is read-only: run in a tree that can be written, or let it open a pull request; "
	case errors.Is(err, fs.ErrPermission):
		hint = "run as the owner of the file; "
	}
	return hint + "nothing was changed"
}

// syncDir makes a rename last; where a folder cannot be synced it is not more than a delay.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
