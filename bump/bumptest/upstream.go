package bumptest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"
)

// Release is one row of the table of ollama's stand-in releases.
type Release struct {
	Version    string   `json:"version"`   // without v
	Go         string   `json:"go"`        // the go line of go.mod
	Modules    []string `json:"modules"`   // what go.mod requires: "gguf v1.4.0"
	Llama      string   `json:"llama"`     // content of LLAMA_CPP_VERSION; "" before 0.30
	Compat     string   `json:"compat"`    // path of the helper that stages llama.cpp
	Fits       string   `json:"fits"`      // the oldest llama.cpp that its patches apply to
	Published  string   `json:"published"` // YYYY-MM-DD
	Prerelease bool     `json:"prerelease"`
	AssetStyle string   `json:"assets"` // plain, tgz or zst: how the Linux build is packed
}

// upstream is everything that is downloaded: the repositories, releases and Go modules. It is made
// once per process and never changes.
type upstream struct {
	testdata string
	releases []Release
	repos    map[string]*repository // by lower-case owner/name
	modules  []module
	assets   map[string][]byte // by version/name
	base     tree              // what every release of ollama has
}

// repository is one repository on the stand-in github.com.
type repository struct {
	name    string            // owner/name
	head    string            // full name of the default branch
	refs    map[string]string // full ref name to commit
	trees   map[string]tree   // by commit
	treeIDs map[string]string // by commit
	objects objects
}

func newRepository(name string) *repository {
	return &repository{
		name: name, refs: map[string]string{}, trees: map[string]tree{}, treeIDs: map[string]string{},
		objects: objects{},
	}
}

// commit stores t as a commit without parents under the full ref name.
func (r *repository) commit(ref string, t tree) string {
	treeID := r.objects.putTree(t)
	id := r.objects.putCommit(treeID, ref)
	r.refs[ref] = id
	r.trees[id] = t
	r.treeIDs[id] = treeID
	return id
}

// resolve finds the commit of a full or short ref name, or of a commit id.
func (r *repository) resolve(ref string) (string, bool) {
	if _, ok := r.trees[ref]; ok {
		return ref, true
	}
	if ref == "HEAD" {
		ref = r.head
	}
	for _, prefix := range []string{"", "refs/tags/", "refs/heads/", "refs/"} {
		if id, ok := r.refs[prefix+ref]; ok {
			return id, true
		}
	}
	return "", false
}

// theUpstream reads the tables once.
var theUpstream = sync.OnceValues(func() (*upstream, error) {
	testdata, err := findTestdata()
	if err != nil {
		return nil, err
	}
	return newUpstream(testdata)
})

// findTestdata looks for the project's testdata folder above the working directory, where go test
// and go run stand.
func findTestdata() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "testdata", "upstream", "releases.json")); err == nil {
			return filepath.Join(at, "testdata"), nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find testdata/upstream: not in %s or above; run inside the project", dir)
		}
	}
}

func newUpstream(testdata string) (*upstream, error) {
	var table struct {
		Ollama   []Release `json:"ollama"`
		Siblings []struct {
			Repo    string   `json:"repo"`
			Tags    []string `json:"tags"`
			Modules []string `json:"modules"`
		} `json:"siblings"`
	}
	data, err := os.ReadFile(filepath.Join(testdata, "upstream", "releases.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &table); err != nil {
		return nil, fmt.Errorf("read releases.json: %w", err)
	}
	base, err := txtar.ParseFile(filepath.Join(testdata, "upstream", "ollama.txtar"))
	if err != nil {
		return nil, err
	}
	u := &upstream{
		testdata: testdata, releases: table.Ollama, repos: map[string]*repository{},
		assets: map[string][]byte{}, base: tree{},
	}
	for _, f := range base.Files {
		u.base[f.Name] = file{data: f.Data}
	}
	for _, release := range u.releases {
		if err := u.addRelease(release); err != nil {
			return nil, fmt.Errorf("make ollama %s: %w", release.Version, err)
		}
	}
	for _, sibling := range table.Siblings {
		for _, tag := range sibling.Tags {
			if err := u.addSibling(sibling.Repo, tag, sibling.Modules); err != nil {
				return nil, fmt.Errorf("make %s %s: %w", sibling.Repo, tag, err)
			}
		}
	}
	return u, nil
}

func (u *upstream) repository(name string) *repository {
	key := strings.ToLower(name)
	if u.repos[key] == nil {
		u.repos[key] = newRepository(name)
		u.repos[key].head = "refs/heads/main"
	}
	return u.repos[key]
}

// needs parses modules and sees to it that the Go proxy has them.
func (u *upstream) needs(texts []string) ([]module, error) {
	var modules []module
	for _, text := range texts {
		m, err := parseModule(text)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
		known := false
		for _, other := range u.modules {
			known = known || other == m
		}
		if !known {
			u.modules = append(u.modules, m)
		}
	}
	return modules, nil
}

func (u *upstream) addRelease(release Release) error {
	modules, err := u.needs(release.Modules)
	if err != nil {
		return err
	}
	t := tree{}
	maps.Copy(t, u.base)
	require(t, "github.com/ollama/ollama", release.Go, modules, "os.Exit(cmd.Run(os.Args[1:]))")
	if release.Llama != "" {
		t.add("LLAMA_CPP_VERSION", release.Llama+"\n")
		t.add(release.Compat, "# stages llama.cpp and applies our patches, which fit "+release.Fits+" and newer\n")
		llama := u.repository("ggml-org/llama.cpp")
		if _, known := llama.resolve(release.Llama); !known {
			llama.commit("refs/tags/"+release.Llama, llamaTree(release.Llama))
		}
	}
	t.add("RELEASE.md", "This is release "+release.Version+".\n")
	r := u.repository("ollama/ollama")
	u.repos["jmorganca/ollama"] = r // the former owner's name leads to it
	r.commit("refs/tags/v"+release.Version, t)
	if release.Version == DefaultNewest {
		// main is a little further than the newest release
		next := maps.Clone(t)
		next.add("RELEASE.md", "This is the way to the next release.\n")
		r.commit(r.head, next)
	}
	return u.addAssets(release)
}

func llamaTree(tag string) tree {
	t := tree{}
	t.add("CMakeLists.txt", "project(\"llama.cpp\" C CXX)\n")
	t.add("common/build-info.cpp.in", "int LLAMA_BUILD_NUMBER = "+strings.TrimLeft(tag, "b")+";\n")
	t.add("src/llama.cpp", "// "+tag+"\n")
	return t
}

func (u *upstream) addSibling(repo, tag string, requires []string) error {
	modules, err := u.needs(requires)
	if err != nil {
		return err
	}
	t := tree{}
	switch {
	case strings.HasSuffix(repo, "/llama.cpp"):
		t = llamaTree(tag)
	case strings.HasSuffix(repo, "/ollama"):
		maps.Copy(t, u.base)
		require(t, "github.com/ollama/ollama", "1.24.1", modules, "os.Exit(cmd.Run(os.Args[1:]))")
	default:
		t.add("README.md", repo+" "+tag+"\n")
		require(t, "github.com/"+repo, "1.21", modules, `println("`+repo+` `+tag+`")`)
	}
	r := u.repository(repo)
	r.refs[r.head] = r.commit("refs/tags/"+tag, t)
	return nil
}

// addAssets makes the prebuilt files of a release, packed as that release packs them.
func (u *upstream) addAssets(release Release) error {
	pack := func(parts ...string) ([]byte, error) {
		t := tree{}
		for _, part := range parts {
			t[part] = file{data: []byte("#!/bin/sh\necho \"" + part + "\"\necho \"Warning: client version is " +
				release.Version + "\"\n"), exec: strings.HasPrefix(part, "bin/")}
		}
		return t.tar("")
	}
	for name, parts := range map[string][]string{
		"ollama-linux-amd64":          {"bin/ollama", "lib/ollama/libggml-base.so"},
		"ollama-linux-amd64-rocm":     {"lib/ollama/libggml-hip.so"},
		"ollama-linux-arm64":          {"bin/ollama", "lib/ollama/libggml-base.so", "lib/ollama/arm64"},
		"ollama-linux-arm64-jetpack5": {"lib/ollama/cuda_jetpack5"},
		"ollama-linux-arm64-jetpack6": {"lib/ollama/cuda_jetpack6"},
		"ollama-darwin":               {"bin/ollama", "lib/ollama/darwin"},
	} {
		plain, err := pack(parts...)
		if err != nil {
			return err
		}
		u.addAsset(release, name, plain)
	}
	u.assets[release.Version+"/Ollama-darwin.zip"] = []byte("the desktop app " + release.Version)
	u.assets[release.Version+"/ollama-windows-amd64.zip"] = []byte("for Windows " + release.Version)
	u.assets[release.Version+"/OllamaSetup.exe"] = []byte("an installer " + release.Version)
	var sums bytes.Buffer
	for _, name := range u.assetNames(release.Version) {
		fmt.Fprintf(&sums, "%x  ./%s\n", sha256.Sum256(u.assets[release.Version+"/"+name]), name)
	}
	u.assets[release.Version+"/sha256sum.txt"] = sums.Bytes()
	return nil
}

func (u *upstream) addAsset(release Release, name string, plain []byte) {
	key := release.Version + "/" + name
	switch {
	case release.AssetStyle == "plain" && (strings.Contains(name, "-rocm") || strings.Contains(name, "jetpack")):
	case release.AssetStyle == "plain":
		u.assets[key] = []byte("#!/bin/sh\necho \"Warning: client version is " + release.Version + "\"\n")
	case release.AssetStyle == "zst" && strings.Contains(name, "linux"):
		u.assets[key+".tar.zst"] = zstdFrame(plain)
	default:
		u.assets[key+".tgz"] = gzipped(plain)
	}
}

// assetNames lists the files of a release in lexical order.
func (u *upstream) assetNames(version string) []string {
	t := tree{}
	for key := range u.assets {
		if of, name, _ := strings.Cut(key, "/"); of == version {
			t[name] = file{}
		}
	}
	return t.paths()
}

func (u *upstream) release(version string) (Release, bool) {
	for _, release := range u.releases {
		if release.Version == strings.TrimPrefix(version, "v") {
			return release, true
		}
	}
	return Release{}, false
}
