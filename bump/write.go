package bump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// write replaces the files in the tree. All new contents are on disk beside their files before the first
// one is replaced, each by a rename; a failure in between puts back what was replaced.
func (j *job) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	staged := make([]*stagedFile, 0, len(j.changed))
	defer func() {
		for _, s := range staged {
			os.Remove(s.temp)
		}
	}()
	for _, f := range j.changed {
		s, err := stage(j.tree, f)
		if err != nil {
			return err
		}
		staged = append(staged, s)
	}
	for i, s := range staged {
		if err := s.commit(); err != nil {
			for _, done := range staged[:i] {
				err = errors.Join(err, done.undo())
			}
			return &Error{Text: fmt.Sprintf("write %s: %v", s.name, err), Hint: "nothing was changed", Err: err}
		}
	}
	for _, s := range staged {
		syncDir(filepath.Dir(s.target))
		j.say(Step, "write", "%s", s.name)
	}
	j.result.Status = Bumped
	return nil
}

// stagedFile is a new content that waits beside its file.
type stagedFile struct {
	changedFile
	target string // the file itself: a symbolic link in the tree stays one
	temp   string
	info   os.FileInfo
}

// stage writes the new content beside the file, with its mode and owner.
func stage(t *tree, f changedFile) (*stagedFile, error) {
	hint := "nothing was changed"
	target, err := filepath.EvalSymlinks(t.abs(f.name))
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("write %s: %v", f.name, err), Hint: hint, Err: err}
	}
	if rel, err := filepath.Rel(t.root, target); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return nil, &Error{Text: fmt.Sprintf("write %s: it is a link to %s, outside the flake", f.name, target), Hint: "edit that file by hand, or copy it into the flake"}
	}
	s := &stagedFile{changedFile: f, target: target}
	if s.info, err = os.Stat(target); err != nil {
		return nil, &Error{Text: fmt.Sprintf("write %s: %v", f.name, err), Hint: hint, Err: err}
	}
	if err := s.unchanged(); err != nil {
		return nil, err
	}
	if s.info.Mode().Perm()&0o200 == 0 {
		return nil, &Error{Text: fmt.Sprintf("write %s: the file is read-only", f.name), Hint: "chmod u+w " + f.name}
	}
	if err := s.fill(); err != nil {
		os.Remove(s.temp)
		if errors.Is(err, syscall.ENOSPC) {
			hint = "the disk is full; make room. Nothing was changed"
		}
		return nil, &Error{Text: fmt.Sprintf("write %s: %v", f.name, err), Hint: hint, Err: err}
	}
	return s, nil
}

// fill writes the new content to disk.
func (s *stagedFile) fill() error {
	out, err := os.CreateTemp(filepath.Dir(s.target), ".ollama-bump-*")
	if err != nil {
		return err
	}
	s.temp = out.Name()
	if _, err := out.Write(s.new); err != nil {
		out.Close()
		return err
	}
	if err := keepOwner(out, s.info); err != nil {
		out.Close()
		return err
	}
	if err := out.Chmod(s.info.Mode().Perm()); err != nil {
		out.Close()
		return err
	}
	if err := out.Sync(); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// keepOwner gives the new file the owner of the old one, where they differ.
func keepOwner(f *os.File, info os.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Geteuid() && int(st.Gid) == os.Getegid() {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}

// unchanged refuses to replace a file that somebody changed since it was read.
func (s *stagedFile) unchanged() error {
	now, err := os.ReadFile(s.target)
	if err != nil {
		return &Error{Text: fmt.Sprintf("write %s: %v", s.name, err), Hint: "nothing was changed", Err: err}
	}
	if !bytes.Equal(now, s.old) {
		return &Error{Text: fmt.Sprintf("write %s: the file was changed while this ran", s.name), Hint: "run again; nothing was overwritten"}
	}
	return nil
}

func (s *stagedFile) commit() error {
	if err := s.unchanged(); err != nil {
		return err
	}
	return os.Rename(s.temp, s.target)
}

// undo puts the old content back, for a failure between two files.
func (s *stagedFile) undo() error {
	back := *s
	back.new = s.old
	if err := back.fill(); err != nil {
		return fmt.Errorf("put back %s: %w", s.name, err)
	}
	return os.Rename(back.temp, back.target)
}

// syncDir makes a rename last; where a folder cannot be synced it is not more than a delay.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
