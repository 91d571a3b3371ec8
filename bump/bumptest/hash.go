package bumptest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// hasher computes hashes with Nix's own nix hash, once each per process.
type hasher struct {
	u     *upstream
	proxy string // folder of the Go module proxy
	mu    sync.Mutex
	known map[string]string // SRI, commit or tag by "kind version name"
}

// encodings are the flags of nix hash to-base32 and the like.
var encodings = map[string]string{"sri": "to-sri", "base32": "to-base32", "hex": "to-base16", "base64": "to-base64"}

// hash gives the value of a placeholder: see World.Hash.
func (h *hasher) hash(kind, version, name, encoding string) (string, error) {
	value, err := h.lookup(kind, version, name)
	if err != nil {
		return "", fmt.Errorf("compute %s of %s: %w", kind, version, err)
	}
	if encoding == "" || encoding == "sri" {
		return value, nil
	}
	flag, ok := encodings[encoding]
	if !ok {
		return "", fmt.Errorf("compute %s of %s: no encoding %q", kind, version, encoding)
	}
	return nixHash(flag, "--type", "sha256", value)
}

func (h *hasher) lookup(kind, version, name string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := kind + " " + version + " " + name
	if value, ok := h.known[key]; ok {
		return value, nil
	}
	value, err := h.compute(kind, version, name)
	if err == nil {
		h.known[key] = value
	}
	return value, err
}

func (h *hasher) compute(kind, version, name string) (string, error) {
	switch kind {
	case "src":
		return h.ofTree("ollama/ollama", "v"+version, hashFolder)
	case "src-flat":
		return h.ofTree("ollama/ollama", "v"+version, func(t tree) (string, error) {
			data, err := t.tarball("ollama-" + version)
			if err != nil {
				return "", err
			}
			return hashFile(data)
		})
	case "vendor":
		return h.ofTree("ollama/ollama", "v"+version, h.downloadHash)
	case "vendor-plain":
		return h.ofTree("ollama/ollama", "v"+version, h.vendorHash)
	case "commit":
		return h.u.commitOf("ollama/ollama", "v"+version)
	case "llama-tag", "llama", "llama-commit":
		return h.ofLlama(kind, version)
	case "asset", "asset-unpacked":
		return h.ofAsset(kind, version, name)
	case "tree", "modules", "revision":
		repo, tag, _ := strings.Cut(version, "#")
		switch kind {
		case "tree":
			return h.ofTree(repo, tag, hashFolder)
		case "modules":
			return h.ofTree(repo, tag, h.vendorHash)
		}
		return h.u.commitOf(repo, tag)
	}
	return "", errors.New("no such kind of hash")
}

func (h *hasher) ofTree(repo, ref string, of func(tree) (string, error)) (string, error) {
	id, err := h.u.commitOf(repo, ref)
	if err != nil {
		return "", err
	}
	return of(h.u.repository(repo).trees[id])
}

func (h *hasher) ofLlama(kind, version string) (string, error) {
	tag := version
	if !strings.HasPrefix(version, "b") {
		release, ok := h.u.release(version)
		if !ok || release.Llama == "" {
			return "", errors.New("that release has no LLAMA_CPP_VERSION")
		}
		tag = release.Llama
	}
	switch kind {
	case "llama":
		return h.ofTree("ggml-org/llama.cpp", tag, hashFolder)
	case "llama-commit":
		return h.u.commitOf("ggml-org/llama.cpp", tag)
	}
	return tag, nil
}

func (h *hasher) ofAsset(kind, version, name string) (string, error) {
	data, ok := h.u.assets[version+"/"+name]
	if !ok {
		return "", fmt.Errorf("no asset %q; there are %s", name, strings.Join(h.u.assetNames(version), ", "))
	}
	if kind == "asset" {
		return hashFile(data)
	}
	return scratch(func(dir string) (string, error) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return "", err
		}
		out := filepath.Join(dir, "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			return "", err
		}
		// tar sees from the file how it is packed
		if said, err := exec.Command("tar", "-C", out, "-xf", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			return "", fmt.Errorf("unpack %s: %w: %s", name, err, said)
		}
		return hashUnpacked(out)
	})
}

// hashUnpacked hashes what fetchzip makes of an archive: its only folder is stripped.
func hashUnpacked(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) == 1 && entries[0].IsDir() {
		dir = filepath.Join(dir, entries[0].Name())
	}
	return nixHash("path", "--type", "sha256", "--sri", dir)
}

func hashFolder(t tree) (string, error) {
	return scratch(func(dir string) (string, error) {
		if err := t.write(dir); err != nil {
			return "", err
		}
		return nixHash("path", "--type", "sha256", "--sri", dir)
	})
}

func hashFile(data []byte) (string, error) {
	return scratch(func(dir string) (string, error) {
		at := filepath.Join(dir, "file")
		if err := os.WriteFile(at, data, 0o644); err != nil {
			return "", err
		}
		return nixHash("file", "--type", "sha256", "--sri", at)
	})
}

// vendorHash is the hash of what go mod vendor makes of t, downloadHash that of the module cache
// that proxyVendor takes.
func (h *hasher) vendorHash(t tree) (string, error) {
	return h.goModules(t, "vendor", filepath.Join("src", "vendor"))
}

func (h *hasher) downloadHash(t tree) (string, error) {
	return h.goModules(t, "download", filepath.Join("modcache", "cache", "download"))
}

var goLine = regexp.MustCompile(`(?m)^go .*$`)

func (h *hasher) goModules(t tree, command, result string) (string, error) {
	return scratch(func(dir string) (string, error) {
		src := filepath.Join(dir, "src")
		own := maps.Clone(t)
		// as the stand-in compiler does: this machine's Go may be older than the one that go.mod asks for
		own.add("go.mod", goLine.ReplaceAllString(string(t["go.mod"].data), "go 1.21"))
		if err := own.write(src); err != nil {
			return "", err
		}
		cmd := exec.Command("go", "mod", command)
		cmd.Dir = src
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GOPATH=" + filepath.Join(dir, "go"),
			"GOMODCACHE=" + filepath.Join(dir, "modcache"),
			"GOCACHE=" + goCache(), "GOPROXY=file://" + h.proxy, "GOSUMDB=off", "GOTOOLCHAIN=local", "GOFLAGS=",
			"GOENV=off", "GOWORK=off",
		}
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go mod %s: %w: %s", command, err, said)
		}
		if err := os.RemoveAll(filepath.Join(dir, "modcache", "cache", "download", "sumdb")); err != nil {
			return "", err
		}
		return nixHash("path", "--type", "sha256", "--sri", filepath.Join(dir, result))
	})
}

// scratch gives do a folder that is gone afterwards.
func scratch(do func(dir string) (string, error)) (string, error) {
	dir, err := os.MkdirTemp("", "bumptest-")
	if err != nil {
		return "", err
	}
	value, err := do(dir)
	return value, errors.Join(err, removeAll(dir))
}

// removeAll removes read-only folders too: a Nix store, Go's module cache.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	if said, err := exec.Command("chmod", "-R", "u+w", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s writable: %w: %s", dir, err, said)
	}
	return os.RemoveAll(dir)
}

func nixHash(args ...string) (string, error) {
	args = append([]string{"hash"}, args...)
	cmd := exec.Command("nix", append([]string{"--extra-experimental-features", "nix-command"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("run nix %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (u *upstream) commitOf(repo, ref string) (string, error) {
	r, ok := u.repos[strings.ToLower(repo)]
	if !ok {
		return "", fmt.Errorf("no repository %s", repo)
	}
	id, ok := r.resolve(ref)
	if !ok {
		return "", fmt.Errorf("no %s in %s", ref, repo)
	}
	return id, nil
}
