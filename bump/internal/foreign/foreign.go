// Package foreign reads files that others wrote: sources in the store, and the flake in hand.
//
// Only regular files are read, and only as many bytes as the caller states. A symbolic link is followed
// as long as it stays in the folder; one that leaves it, and so every absolute one, is refused. Pipes,
// sockets and devices are refused without waiting for them.
package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// Dir is a folder that others filled.
type Dir struct{ root *os.Root }

// Open opens a folder. Its own name must be no symbolic link: an archive can be one.
func Open(name string) (*Dir, error) {
	around, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer around.Close()
	base := filepath.Base(name)
	info, err := around.Lstat(base)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	root, err := around.OpenRoot(base)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Close closes the folder.
func (d *Dir) Close() error { return d.root.Close() }

// NotRegular is the error for what is no regular file.
type NotRegular struct{ Mode fs.FileMode }

func (e *NotRegular) Error() string {
	kind := "something else"
	switch {
	case e.Mode.IsDir():
		kind = "a folder"
	case e.Mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case e.Mode&fs.ModeSocket != 0:
		kind = "a socket"
	case e.Mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return "it is " + kind + ", not a file"
}

// TooLarge is the error for a file with more bytes than the caller reads.
type TooLarge struct{ Limit int64 }

func (e *TooLarge) Error() string {
	if e.Limit >= 1<<20 {
		return fmt.Sprintf("larger than %d MB", e.Limit>>20)
	}
	return fmt.Sprintf("larger than %d bytes", e.Limit)
}

// file opens a file below the folder, which is named with slashes or the system's separators.
func (d *Dir) file(name string) (*os.File, error) {
	name = filepath.FromSlash(name)
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: &NotRegular{info.Mode()}}
	}
	// what was looked at may be something else by now: a pipe is opened without waiting, and looked at again
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: name, Err: &NotRegular{info.Mode()}}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the content of a file of at most limit bytes.
func (d *Dir) Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	f, err := d.file(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: &TooLarge{limit}}
	}
	data, err := io.ReadAll(io.LimitReader(&reader{ctx, f}, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: name, Err: &TooLarge{limit}}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Literal returns what stands under a name as git stores it: the content of a file of at most limit bytes,
// or where a symbolic link leads, which is not followed.
func (d *Dir) Literal(ctx context.Context, name string, limit int64) (data []byte, link bool, err error) {
	info, err := d.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, false, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := d.root.Readlink(filepath.FromSlash(name))
		return []byte(target), true, err
	}
	data, err = d.Read(ctx, name, limit)
	return data, false, err
}

// Executable reports whether a file of that name is there that its owner may execute. A symbolic link is none.
func (d *Dir) Executable(name string) bool {
	info, err := d.root.Lstat(filepath.FromSlash(name))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o100 != 0
}

// has reports whether a regular file of that name is there.
func (d *Dir) has(name string) bool {
	info, err := d.root.Stat(filepath.FromSlash(name))
	return err == nil && info.Mode().IsRegular()
}

// Copy writes the content of a file of at most limit bytes to w and returns the mode of the file.
func (d *Dir) Copy(ctx context.Context, w io.Writer, name string, limit int64) (fs.FileMode, error) {
	f, err := d.file(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	switch n, err := io.Copy(w, io.LimitReader(&reader{ctx, f}, limit+1)); {
	case err != nil:
		return 0, err
	case n > limit:
		return 0, &fs.PathError{Op: "copy", Path: name, Err: &TooLarge{limit}}
	}
	return info.Mode(), nil
}

// reader reads until its context ends.
type reader struct {
	ctx context.Context
	f   *os.File
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.f.Read(p)
}

// Read returns the content of a file of at most limit bytes in a folder.
func Read(ctx context.Context, dir, name string, limit int64) ([]byte, error) {
	d, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Read(ctx, name, limit)
}

// has reports whether a folder has a regular file of that name.
func Has(dir, name string) bool {
	d, err := Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	return d.has(name)
}

// Plain returns the cause of an error of the file system, without the operation and the name of a file that
// mean nothing to people.
func Plain(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Missing reports whether an error says that there is no such file, rather than that it is not read.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Unexpected is the error for a file whose content has not the form that the caller expects. It shows
// nothing of the content.
type Unexpected struct{ Form string }

func (e *Unexpected) Error() string { return "not of the form " + e.Form }

// maxWord is the length in bytes of the longest file that Word reads.
const maxWord = 256

// Word returns the content of a file that holds one word of a form, with blanks and line ends around it. What has
// another form is not returned, not even in part: whoever wrote the file may have made it anything, and what
// is returned is shown to people.
func Word(ctx context.Context, dir, name string, form *regexp.Regexp) (string, error) {
	data, err := Read(ctx, dir, name, maxWord)
	if err != nil {
		return "", err
	}
	word := strings.Trim(string(data), " \t\r\n")
	if match := form.FindString(word); match == "" || match != word {
		return "", &Unexpected{form.String()}
	}
	return word, nil
}
