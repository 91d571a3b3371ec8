package probe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/git"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/source"
	"github.com/nixtars/ollama-bump/bump/internal/workspace"
)

// Bench is a throw-away copy of a flake, outside of the tree, with the probe beside it.
type Bench struct {
	tree  *source.Set
	files *pin.Files // that edits apply to
	found *pin.Found
	pkg   *pin.Package
	run   *nix.Runner
	ws    *workspace.Workspace
	repo  *git.Scratch // of a flake in a subfolder, which sees its repository only through git
	attr  []string     // of the package; nil finds it
	nonce string       // marks the probe's lines among those that a flake may trace

	changed map[string]bool // the files of the copy that may not be as they were read
}

// Config is what a Bench works on.
type Config struct {
	Tree      *source.Set
	Files     *pin.Files
	Found     *pin.Found
	Runner    *nix.Runner
	Workspace *workspace.Workspace
	Attr      string // flake attribute of the package; "" finds it
}

// Open copies the files that Nix sees into the workspace.
func Open(ctx context.Context, c Config) (*Bench, error) {
	var word [16]byte
	if _, err := rand.Read(word[:]); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	b := &Bench{
		tree: c.Tree, files: c.Files, found: c.Found, pkg: c.Found.Package, run: c.Runner, ws: c.Workspace,
		attr: splitAttr(c.Attr), nonce: hex.EncodeToString(word[:]), changed: map[string]bool{},
	}
	for _, name := range b.tree.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := b.copyIn(ctx, name); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &diag.Error{
				Text: fmt.Sprintf("copy flake: %s: %v", name, foreign.Plain(err)), Hint: copyHint(err),
				Err: err,
			}
		}
	}
	if b.tree.Sub != "" {
		var err error
		if b.repo, err = git.NewScratch(ctx, b.abs("."), b.run.Env); err != nil {
			return nil, fmt.Errorf("prepare candidate: %w", err)
		}
	}
	text := strings.Replace(probeFlake, "@url@", b.url(), 1)
	if err := os.WriteFile(b.probeFile("flake.nix"), []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("write probe: %w", err)
	}
	return b, nil
}

// splitAttr splits an attribute path: names between dots, quoted where they hold one.
func splitAttr(attr string) []string {
	var parts []string
	var b strings.Builder
	quoted := false
	for _, c := range attr {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteRune(c)
		}
	}
	if b.Len() > 0 || len(parts) > 0 {
		parts = append(parts, b.String())
	}
	return parts
}

// abs is a file's place in the copy.
func (b *Bench) abs(name string) string {
	return filepath.Join(b.ws.Dir, "flake", filepath.FromSlash(name))
}

// url is the flake reference of the copy. A flake in a subfolder sees its repository only through git.
func (b *Bench) url() string {
	root := filepath.Join(b.ws.Dir, "flake")
	if b.repo == nil {
		return "path:" + root
	}
	// Nix's reader of references knows %20, and takes a plain blank or # for an end
	sub := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(b.tree.Sub))
	return "git+file://" + root + "?dir=" + sub
}

// commit makes the present content of the copy what git+file shows, with a revision, so that it
// counts as locked.
func (b *Bench) commit(ctx context.Context) error {
	if b.repo == nil {
		return nil
	}
	if err := b.repo.Commit(ctx, "candidate"); err != nil {
		return fmt.Errorf("prepare candidate: %w", err)
	}
	return nil
}

// put makes the copy hold a state: values in the originals of the files, and nothing else changed.
func (b *Bench) put(ctx context.Context, s State) error {
	contents, err := b.files.Apply(b.found, s.Values, slices.Collect(maps.Keys(b.changed))...)
	if err != nil {
		return err
	}
	maps.Copy(contents, s.Files)
	for name, content := range contents {
		if err := b.write(name, content); err != nil {
			return err
		}
		b.changed[name] = true
	}
	return b.putLock(ctx, s.Lock)
}

// putLock writes the flake.lock of the copy; nil restores the flake's own.
func (b *Bench) putLock(ctx context.Context, lock []byte) error {
	name := b.tree.InFlake("flake.lock")
	if lock != nil {
		return b.write(name, lock)
	}
	lock, err := b.tree.Read(ctx, name)
	if foreign.Missing(err) {
		err = os.RemoveAll(b.abs(name))
	} else if err == nil {
		err = b.write(name, lock)
	}
	if err != nil {
		return fmt.Errorf("restore flake.lock in candidate: %w", err)
	}
	return nil
}

// maxLock is the size in bytes up to which a lock file that Nix wrote is read.
const maxLock = 8 << 20

// Lock moves an input of the flake in a state and returns the lock file that Nix writes.
func (b *Bench) Lock(ctx context.Context, s State, input string) ([]byte, error) {
	if err := b.put(ctx, s); err != nil {
		return nil, err
	}
	if err := b.commit(ctx); err != nil {
		return nil, err
	}
	dir := filepath.Dir(b.abs(b.tree.InFlake("flake.nix")))
	if err := b.run.UpdateLock(ctx, dir, input); err != nil {
		return nil, err
	}
	lock, err := foreign.Read(ctx, dir, "flake.lock", maxLock)
	if err != nil {
		return nil, fmt.Errorf("read candidate: %w", err)
	}
	return lock, nil
}
