package bumptest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// branches are the stand-in nixpkgs' branches and the era of their buildGoModule.
var branches = map[string]string{
	"nixos-unstable": "25.11", "nixpkgs-unstable": "25.11", "nixos-unstable-small": "25.11", "master": "25.11",
	"nixos-25.11": "25.11", "nixos-25.05": "25.11", "nixpkgs-25.11-darwin": "25.11",
	"nixos-24.05": "24.05", "nixos-23.11": "24.05",
}

func addNixpkgs(u *upstream, h *hasher) error {
	t, err := readTree(filepath.Join(u.testdata, "nixpkgs"))
	if err != nil {
		return fmt.Errorf("read stand-in nixpkgs: %w", err)
	}
	for name, f := range t {
		text, err := h.expand(string(f.data))
		if err != nil {
			return fmt.Errorf("expand nixpkgs/%s: %w", name, err)
		}
		t.add(name, text)
	}
	host, err := hostFile()
	if err != nil {
		return err
	}
	t.add("host.nix", host)
	r := u.repository("NixOS/nixpkgs")
	r.head = "refs/heads/master"
	for branch, era := range branches {
		own := maps.Clone(t)
		own.add("era.nix", strconv.Quote(era)+"\n")
		r.commit("refs/heads/"+branch, own)
	}
	return nil
}

// hostFile is nixpkgs/host.nix for this machine.
func hostFile() (string, error) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		return "", fmt.Errorf("find the builders' shell: %w", err)
	}
	var missing error
	for _, tool := range []string{"go", "git", "tar", "gzip", "zstd", "curl", "nix"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = errors.Join(missing, fmt.Errorf("find a tool of the test world: %w", err))
		}
	}
	if missing != nil {
		return "", missing
	}
	return fmt.Sprintf("{ path = %q; shell = %q; goCache = %q; }\n", os.Getenv("PATH"), shell, goCache()), nil
}
