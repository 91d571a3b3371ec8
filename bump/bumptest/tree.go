package bumptest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"time"
)

// tree is a folder's content: slash-separated path to file.
type tree map[string]file

type file struct {
	data []byte
	exec bool
}

func (t tree) add(name, text string) { t[name] = file{data: []byte(text)} }

// paths lists the files in lexical order.
func (t tree) paths() []string {
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// write puts the tree into dir.
func (t tree) write(dir string) error {
	for name, f := range t {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if f.exec {
			mode = 0o755
		}
		if err := os.WriteFile(at, f.data, mode); err != nil {
			return err
		}
	}
	return nil
}

// readTree reads a folder.
func readTree(dir string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		t[filepath.ToSlash(rel)] = file{data: data, exec: info.Mode()&0o100 != 0}
		return nil
	})
	return t, err
}

// epoch is the time of everything that upstream ever did, so that its bytes never change.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// tarball is the tree as a .tar.gz below one folder, "" for none, as GitHub's archives are.
func (t tree) tarball(root string) ([]byte, error) {
	plain, err := t.tar(root)
	if err != nil {
		return nil, err
	}
	return gzipped(plain), nil
}

func gzipped(data []byte) []byte {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write(data)
	if err = errors.Join(err, zip.Close()); err != nil {
		panic(err) // memory does not fail
	}
	return packed.Bytes()
}

func (t tree) tar(root string) ([]byte, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	dirs := map[string]bool{}
	for _, name := range t.paths() {
		full := path.Join(root, name)
		for _, dir := range parents(full) {
			if !dirs[dir] {
				dirs[dir] = true
				if err := w.WriteHeader(&tar.Header{
					Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755,
					ModTime: epoch,
				}); err != nil {
					return nil, err
				}
			}
		}
		f := t[name]
		mode := int64(0o644)
		if f.exec {
			mode = 0o755
		}
		if err := w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: full, Size: int64(len(f.data)), Mode: mode,
			ModTime: epoch,
		}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// parents lists the folders above a path, outermost first.
func parents(name string) []string {
	var dirs []string
	for i, c := range name {
		if c == '/' {
			dirs = append(dirs, name[:i])
		}
	}
	return dirs
}

// zstdFrame stores data in one Zstandard frame of raw blocks: a valid .zst without a compressor
// (RFC 8878, 3.1.1: magic, frame header with an 8-byte content size, blocks of at most 128 KiB).
func zstdFrame(data []byte) []byte {
	const block = 128 << 10
	out := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}
	for i := 0; i < 8; i++ {
		out = append(out, byte(uint64(len(data))>>(8*i)))
	}
	for rest := data; ; {
		part := rest[:min(block, len(rest))]
		rest = rest[len(part):]
		header := uint32(len(part)) << 3
		if len(rest) == 0 {
			header |= 1
		}
		out = append(out, byte(header), byte(header>>8), byte(header>>16))
		out = append(out, part...)
		if len(rest) == 0 {
			return out
		}
	}
}
