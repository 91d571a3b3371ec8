package bumptest

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"path"
	"sort"
	"strings"
)

// objects are git objects by id, as loose files hold them.
type objects map[string][]byte

func (o objects) put(kind string, content []byte) string {
	whole := append([]byte(fmt.Sprintf("%s %d\x00", kind, len(content))), content...)
	id := fmt.Sprintf("%x", sha1.Sum(whole))
	o[id] = whole
	return id
}

// putTree stores the files and folders of t and returns the root's id.
func (o objects) putTree(t tree) string {
	type entry struct{ mode, name, id string }
	var entries []entry
	folders := map[string]tree{}
	for name, f := range t {
		first, rest, nested := strings.Cut(name, "/")
		if nested {
			if folders[first] == nil {
				folders[first] = tree{}
			}
			folders[first][rest] = f
			continue
		}
		mode := "100644"
		if f.exec {
			mode = "100755"
		}
		entries = append(entries, entry{mode, name, o.put("blob", f.data)})
	}
	for name, below := range folders {
		entries = append(entries, entry{"40000", name, o.putTree(below)})
	}
	// git sorts folders as if their names ended in a slash
	key := func(e entry) string {
		if e.mode == "40000" {
			return e.name + "/"
		}
		return e.name
	}
	sort.Slice(entries, func(i, j int) bool { return key(entries[i]) < key(entries[j]) })
	var content bytes.Buffer
	for _, e := range entries {
		raw, err := hex.DecodeString(e.id)
		if err != nil {
			panic(err) // ids are made by put
		}
		fmt.Fprintf(&content, "%s %s\x00%s", e.mode, e.name, raw)
	}
	return o.put("tree", content.Bytes())
}

func (o objects) putCommit(treeID, message string) string {
	who := fmt.Sprintf("Upstream <upstream@example.org> %d +0000", epoch.Unix())
	return o.put("commit", []byte(fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\n%s\n", treeID, who, who, message)))
}

// repository is a bare git repository's files; refs are full names to ids.
func (o objects) repository(head string, refs map[string]string) (tree, error) {
	files := tree{}
	files.add("HEAD", "ref: "+head+"\n")
	files.add("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[http]\n\tuploadpack = "+
		"true\n[uploadpack]\n\tallowAnySHA1InWant = true\n")
	for name, id := range refs {
		files.add(name, id+"\n")
	}
	for id, whole := range o {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		if _, err := z.Write(whole); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		files[path.Join("objects", id[:2], id[2:])] = file{data: packed.Bytes()}
	}
	return files, nil
}
