package git

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/child"
)

// Entry is a file, symbolic link or submodule of a commit.
type Entry struct {
	Path string // from the root, with slashes
	Mode string // as git writes it, such as Executable
	Blob string // name of the object
	Size int64  // bytes; 0 for a submodule
}

// The modes of entries that are more than a file.
const (
	Executable = "100755"
	Link       = "120000"
	Submodule  = "160000"
)

// BlobID returns the name that git gives to a file's content, in repositories that use SHA-1.
func BlobID(content []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// Commit lists the files of a commit. It is an error when the repository does not have all that takes;
// nothing is fetched for it.
func (r *Repository) Commit(ctx context.Context, id string) ([]Entry, error) {
	out, err := r.offline().run(ctx, r.Root, "ls-tree", "-r", "-l", "-z", "--full-tree", id+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("list files of commit %s: %w", id, err)
	}
	var entries []Entry
	for line := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		if len(line) == 0 {
			continue
		}
		about, name, _ := strings.Cut(string(line), "\t")
		fields := strings.Fields(about) // mode, type, object, size
		if len(fields) != 4 || name == "" {
			return nil, fmt.Errorf("list files of commit %s: git ls-tree: %q", id, line)
		}
		size, _ := strconv.ParseInt(fields[3], 10, 64) // "-" for a submodule
		entries = append(entries, Entry{Path: name, Mode: fields[0], Blob: fields[2], Size: size})
	}
	return entries, nil
}

// Blob returns a file's content by the name of its object, as it was committed: line ends are not
// converted, no filter runs, and nothing is fetched.
func (r *Repository) Blob(ctx context.Context, id string) ([]byte, error) {
	return r.offline().run(ctx, r.Root, "cat-file", "blob", id)
}

// offline is the repository for commands that must not fetch what a partial clone lacks.
func (r *Repository) offline() *Repository {
	o := *r
	o.env = child.With(r.env, "GIT_NO_LAZY_FETCH=1")
	return &o
}
