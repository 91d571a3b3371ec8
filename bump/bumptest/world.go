// Package bumptest is the world that a bump is tested in: a private Nix store, a network that
// ends at this machine, and behind it a stand-in nixpkgs, ollama's stand-in releases, the Go
// modules that they need and a stand-in GitHub. Nix, git and Go are the real ones.
//
// Everything a world serves has the addresses that the real things have: flakes name
// github:NixOS/nixpkgs/nixos-unstable, sources come from https://github.com. The environment
// (World.Env) sends these requests through the world's own proxy, with certificates that only
// SSL_CERT_FILE there knows. A host that the world does not know is refused and recorded.
package bumptest

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/nixtars/ollama-bump/bump/bumptest/githubtest"
)

// TB is what a world needs of a test; *testing.T, *testing.B and *testing.F have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// World is one test's surroundings. Its methods may be called from several goroutines, but those
// that fail the test only from the test's own.
type World struct {
	Dir string // everything of this world lies below; removed at the end of the test

	// GitHub is the stand-in that lists ollama's releases and takes pull requests. Requests to
	// https://api.github.com end there as well.
	GitHub *githubtest.Server

	tb     TB
	shared *prepared
	net    *network
	site   *web
	newest string
	// shell command in the wrappers of Nix's programs
	countCalls string
	listed     map[string]bool // versions that GitHub lists
	mu         sync.Mutex
	flakes     int
	leaks      []string // where Token showed, in what is gone by the end of the test
}

// Token is in the environment of every run in a world, and the end of the test looks for it everywhere: it may be
// seen in a header to the API, and nowhere else; not in this file either, which tests put into their stores.
const Token = "ghp_" + "canary0123456789abcdefghijklmnopqrst"

// Option changes a world before it begins.
type Option func(*World)

// Newest makes version (without v) the newest stable release that ollama lists. Without it that is
// DefaultNewest, with release candidates and a 0.33.0 still marked as prerelease above it.
func Newest(version string) Option { return func(w *World) { w.newest = version } }

// DefaultNewest is the newest stable release of a world without options.
const DefaultNewest = "0.32.15"

// New makes a world that ends with the test. With -short it skips the test: Nix takes its time, and need not be there.
func New(tb TB, options ...Option) *World {
	tb.Helper()
	if t, ok := tb.(interface{ Skip(args ...any) }); ok && testing.Testing() && testing.Short() {
		t.Skip("starts Nix")
	}
	shared, err := thePrepared()
	if err != nil {
		tb.Fatalf("prepare the test world: %v", err)
	}
	// Nix wants no symbolic link on the way to its store
	dir, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatalf("find the test's folder: %v", err)
	}
	w := &World{Dir: filepath.Join(dir, "w"), tb: tb, shared: shared, newest: DefaultNewest, listed: map[string]bool{}}
	for _, option := range options {
		option(w)
	}
	// also runs when the rest fails; the store is read-only, which the test's own clean-up cannot remove
	tb.Cleanup(func() {
		leaks := w.allLeaks()
		if err := w.close(); err != nil {
			tb.Fatalf("end the test world: %v", err)
		}
		if len(leaks) > 0 {
			tb.Fatalf("the token was seen in %s", strings.Join(leaks, ", "))
		}
	})
	if err := w.open(); err != nil {
		tb.Fatalf("make the test world: %v", err)
	}
	return w
}

func (w *World) open() error {
	ca, err := theAuthority()
	if err != nil {
		return err
	}
	files := tree{}
	files["ca.pem"] = file{data: ca.pem}
	files.add("gitconfig", "[user]\n\tname = Test\n\temail = test@example.org\n[init]\n\tdefaultBranch = "+
		"main\n[safe]\n\tdirectory = *\n[commit]\n\tgpgsign = false\n")
	files.add("etc/nix.conf", nixConfig)
	if err := errors.Join(files.write(w.Dir), w.writeWrappers()); err != nil {
		return err
	}
	for _, name := range []string{"home", "tmp", "log"} {
		if err := os.MkdirAll(filepath.Join(w.Dir, name), 0o755); err != nil {
			return err
		}
	}
	if w.site, err = newWeb(w.shared.upstream); err != nil {
		return err
	}
	w.GitHub = githubtest.Start()
	if err := w.fillReleases(); err != nil {
		return err
	}
	next, err := w.forward()
	if err != nil {
		return err
	}
	w.net, err = newNetwork(map[string]http.Handler{
		"github.com":          w.site,
		"codeload.github.com": w.site,
		"api.github.com":      &api{u: w.shared.upstream, next: next},
		"git.example.org":     &mirrors{site: w.site},
		"ollama.com":          &floating{u: w.shared.upstream, version: w.newest},
		"channels.nixos.org":  &channels{u: w.shared.upstream},
		"flakehub.com":        &channels{u: w.shared.upstream},
		"api.flakehub.com":    &channels{u: w.shared.upstream},
	})
	return err
}

func (w *World) close() error {
	var err error
	if w.net != nil {
		err = w.net.close()
	}
	if w.GitHub != nil {
		w.GitHub.Close()
	}
	return errors.Join(err, removeAll(w.Dir))
}

// nixConfig is what every Nix process of a world runs with: builds as this user, without a
// sandbox and a cache, for the builders use this machine's tools.
const nixConfig = `experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
connect-timeout = 20
fsync-metadata = false
`

// Env is the complete environment for the tool and for Nix, as os.Environ has it, with extra
// "NAME=value" settings that win over its own.
func (w *World) Env(extra ...string) []string {
	in := func(parts ...string) string { return filepath.Join(append([]string{w.Dir}, parts...)...) }
	env := map[string]string{
		"PATH":            in("bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME":            in("home"),
		"XDG_CACHE_HOME":  in("home", ".cache"),
		"XDG_CONFIG_HOME": in("home", ".config"),
		"XDG_DATA_HOME":   in("home", ".local", "share"),
		"XDG_STATE_HOME":  in("home", ".local", "state"),
		"TMPDIR":          in("tmp"),
		"LANG":            "C.UTF-8",
		"TERM":            "dumb",

		"NIX_STORE_DIR":       in("nix", "store"),
		"NIX_STATE_DIR":       in("nix", "var", "nix"),
		"NIX_LOG_DIR":         in("nix", "var", "log", "nix"),
		"NIX_LOCALSTATE_DIR":  in("nix", "var"),
		"NIX_CONF_DIR":        in("etc"),
		"NIX_CONFIG":          nixConfig,
		"NIX_SSL_CERT_FILE":   in("ca.pem"),
		"NIX_PATH":            "",
		"SSL_CERT_FILE":       in("ca.pem"),
		"GIT_SSL_CAINFO":      in("ca.pem"),
		"GIT_CONFIG_GLOBAL":   in("gitconfig"),
		"GIT_CONFIG_NOSYSTEM": "1",
		"GIT_TERMINAL_PROMPT": "0",

		"GITHUB_TOKEN":                 Token,
		"GITHUB_API_URL":               w.GitHub.URL,
		"OLLAMA_BUMP_UPSTREAM_API_URL": w.GitHub.URL,

		"https_proxy": w.net.url,
		"http_proxy":  w.net.url,
		"no_proxy":    "127.0.0.1,localhost",
		"GOPROXY":     "file://" + w.shared.proxy,
		"GONOSUMDB":   "*",
		"GOSUMDB":     "off",
		"GOTOOLCHAIN": "local",
	}
	for _, setting := range extra {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	sort.Strings(list)
	return list
}

// Hash is a value that the stand-in upstream's files have, as Nix computes it (SRI), for a version
// without v:
//
//	src, src-flat                 ollama's source, unpacked; its .tar.gz as a file
//	vendor, vendor-plain          vendorHash with and without proxyVendor
//	commit                        the commit of the tag (40 hex digits)
//	llama, llama-tag, llama-commit  llama.cpp of an ollama version, or of a bNNNN
//	asset:NAME, asset-unpacked:NAME  a release's file, and what fetchzip makes of it
//	tree, modules, revision       of any repository: version is "OWNER/NAME#TAG"
//
// A kind may end in ":base32", ":hex" or ":base64" for that spelling.
func (w *World) Hash(kind, version string) string {
	w.tb.Helper()
	parts := strings.Split(kind, ":")
	name, encoding := "", ""
	for _, part := range parts[1:] {
		if _, ok := encodings[part]; ok {
			encoding = part
		} else {
			name = part
		}
	}
	value, err := w.shared.hasher.hash(parts[0], strings.TrimPrefix(version, "v"), name, encoding)
	if err != nil {
		w.tb.Fatalf("%v", err)
	}
	return value
}

// Expand replaces the placeholders in text: @src:0.32.13@, @vendor:0.32.13@, @llama-tag:0.32.13@,
// @asset:0.32.13:NAME@ and the others that Hash has, @nixpkgs@, @home-manager@, @nix-darwin@; and @mirror@, the folder
// of a git repository that has what ollama's has.
func (w *World) Expand(text string) string {
	w.tb.Helper()
	if strings.Contains(text, "@mirror@") {
		text = strings.ReplaceAll(text, "@mirror@", w.mirror())
	}
	expanded, err := w.shared.hasher.expand(text)
	if err != nil {
		w.tb.Fatalf("expand placeholders: %v", err)
	}
	return expanded
}

// mirror is a folder with a git repository that has what ollama's has, and its name.
func (w *World) mirror() string {
	w.tb.Helper()
	dir, err := w.site.folder(w.shared.upstream.repository("ollama/ollama"))
	w.fail("make a mirror", err)
	link := filepath.Join(w.Dir, "mirrors", "ollama.git")
	w.fail("make a mirror", os.MkdirAll(filepath.Dir(link), 0o755))
	if err := os.Symlink(dir, link); !os.IsExist(err) {
		w.fail("make a mirror", err)
	}
	return link
}

// Downloads counts the successful downloads whose host and path end in suffix:
// "/archive/refs/tags/v0.32.15.tar.gz", say.
func (w *World) Downloads(suffix string) int {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	count := 0
	for name, n := range w.net.served {
		if strings.HasSuffix(name, suffix) {
			count += n
		}
	}
	return count
}

// Requests lists what reached the world's network, in order.
func (w *World) Requests() []Request {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	return append([]Request(nil), w.net.log...)
}

// Refused lists the HOST:PORT that somebody wanted to reach and that the world has not.
func (w *World) Refused() []string {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	return append([]string(nil), w.net.refused...)
}

// Release is the row of a version in the table of releases.
func (w *World) Release(version string) Release {
	w.tb.Helper()
	release, ok := w.shared.upstream.release(version)
	if !ok {
		w.tb.Fatalf("look up release %s: testdata/upstream/releases.json has none", version)
	}
	return release
}

func (w *World) fail(action string, err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatalf("%s: %v", action, err)
	}
}
