package bumptest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// prepared is what all worlds of a process share: upstream with the flakes in it.
type prepared struct {
	upstream *upstream
	hasher   *hasher
	proxy    string // folder of the Go module proxy
}

// thePrepared is made once per process: reads testdata, and asks Nix and Go for the hashes that
// the stand-in nixpkgs carries.
var thePrepared = sync.OnceValues(func() (*prepared, error) {
	u, err := theUpstream()
	if err != nil {
		return nil, err
	}
	modules, err := goProxy(u.modules)
	if err != nil {
		return nil, err
	}
	proxy, err := keep("goproxy", modules)
	if err != nil {
		return nil, err
	}
	h := &hasher{u: u, proxy: proxy, known: map[string]string{}}
	if err := addNixpkgs(u, h); err != nil {
		return nil, err
	}
	for _, flake := range []struct{ dir, repo string }{
		{"home-manager", "nix-community/home-manager"},
		{"nix-darwin", "nix-darwin/nix-darwin"},
		{"nix-darwin", "LnL7/nix-darwin"},
		{"flake-utils", "numtide/flake-utils"},
		{"flake-parts", "hercules-ci/flake-parts"},
	} {
		t, err := readTree(filepath.Join(u.testdata, "upstream", "flakes", flake.dir))
		if err != nil {
			return nil, fmt.Errorf("read stand-in %s: %w", flake.dir, err)
		}
		r := u.repository(flake.repo)
		for _, branch := range []string{"main", "master", "release-25.11"} {
			r.commit("refs/heads/"+branch, t)
		}
	}
	return &prepared{upstream: u, hasher: h, proxy: proxy}, nil
})

func addNixpkgs(u *upstream, h *hasher) error {
	t, err := readTree(filepath.Join(u.testdata, "nixpkgs"))
	if err != nil {
		return fmt.Errorf("read stand-in nixpkgs: %w", err)
	}
	host, err := hostFile()
	if err != nil {
		return err
	}
	r := u.repository("NixOS/nixpkgs")
	r.head = "refs/heads/master"
	for branch, e := range branches {
		own := tree{}
		for name, f := range t {
			text := string(f.data)
			if strings.HasPrefix(name, "pkgs/ollama/") && e.companion {
				text = strings.ReplaceAll(text, current.ollama, e.ollama)
				text = strings.ReplaceAll(text, compat(u, current.ollama), compat(u, e.ollama))
			}
			if text, err = h.expand(text); err != nil {
				return fmt.Errorf("expand nixpkgs/%s: %w", name, err)
			}
			own.add(name, text)
		}
		own.add("host.nix", host)
		own.add("era.nix", e.nix())
		r.commit("refs/heads/"+branch, own)
	}
	return nil
}

// compat is the path of the helper in a release's source that the recipe of nixpkgs runs.
func compat(u *upstream, version string) string {
	release, _ := u.release(version)
	return release.Compat
}

// hostFile is nixpkgs/host.nix for this machine.
func hostFile() (string, error) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		return "", fmt.Errorf("find the builders' shell: %w", err)
	}
	var missing error
	for _, tool := range []string{"go", "git", "tar", "gzip", "curl", "nix"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = errors.Join(missing, fmt.Errorf("find a tool of the test world: %w", err))
		}
	}
	if missing != nil {
		return "", missing
	}
	return fmt.Sprintf("{ path = %q; shell = %q; goCache = %q; }\n", os.Getenv("PATH"), shell, goCache()), nil
}
