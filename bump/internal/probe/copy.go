package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/nixtars/ollama-bump/bump/internal/foreign"
)

// copyIn copies a file into the candidate. A symbolic link becomes one within the copy, to the copy of what
// it means: Nix code may import paths beside the file that it leads to. One that leaves the tree leads
// where it led; nothing here follows it. The lock file is always a file of its own, for Nix writes it.
func (b *Bench) copyIn(ctx context.Context, name string) error {
	to := b.abs(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	target, inside, isLink := b.tree.Link(name)
	if !isLink || inside && name == b.tree.InFlake("flake.lock") {
		return b.copyFile(ctx, name)
	}
	var err error
	if inside {
		target, err = filepath.Rel(filepath.Dir(to), b.abs(target))
	} else {
		target, err = os.Readlink(b.tree.Abs(name))
	}
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

// copyFile copies the content of a file; the copy is readable for Nix's build users.
func (b *Bench) copyFile(ctx context.Context, name string) error {
	out, err := os.OpenFile(b.abs(name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	executable, err := b.tree.Copy(ctx, out, name)
	if err == nil && executable {
		err = out.Chmod(0o755)
	}
	return errors.Join(err, out.Close())
}

// copyHint says what helps against an error of copying.
func copyHint(err error) string {
	var special *foreign.NotRegular
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room, or set TMPDIR to a folder with more of it"
	case errors.Is(err, fs.ErrPermission):
		return "make it readable: Nix reads every file of the flake, too"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "raise the limit of open files: ulimit -n"
	case errors.As(err, &special):
		return "remove it from the flake: Nix takes files, folders and links only"
	}
	return "see that the flake and TMPDIR are in order, and run again"
}

// write writes a file of the candidate, and never through a symbolic link.
func (b *Bench) write(name string, data []byte) error {
	f, err := os.OpenFile(b.abs(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW, 0o644)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("write candidate: %w", err)
	}
	return nil
}
