package bumptest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// web is github.com and codeload.github.com: archives, release files, git over https.
type web struct {
	u        *upstream
	backend  string // git's CGI program
	mu       sync.Mutex
	folders  map[string]string // by owner/name: the bare repositories that somebody asked for
	replaced map[string]tree   // by owner/name and commit: what a tag that was moved has now
}

func newWeb(u *upstream) (*web, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("ask git for its programs: %w", err)
	}
	return &web{
		u: u, backend: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		folders: map[string]string{}, replaced: map[string]tree{},
	}, nil
}

// replace makes the archive of a commit another tree.
func (s *web) replace(repo, commit string, t tree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaced[repo+" "+commit] = t
}

func (s *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name := strings.TrimPrefix(r.URL.Path, "/NixOS/flake-registry/"); name != r.URL.Path {
		writeRegistry(w)
		return
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 4)
	if len(parts) < 3 {
		http.NotFound(w, r)
		return
	}
	repo := s.u.repos[strings.ToLower(parts[0]+"/"+strings.TrimSuffix(parts[1], ".git"))]
	if repo == nil {
		http.NotFound(w, r)
		return
	}
	rest := strings.Join(parts[3:], "/")
	switch parts[2] {
	case "archive":
		s.archive(w, r, repo, strings.TrimSuffix(rest, ".tar.gz"))
	case "tar.gz": // on codeload
		s.archive(w, r, repo, rest)
	case "releases":
		s.asset(w, r, repo, rest)
	case "info", "git-upload-pack":
		s.git(w, r, repo)
	default:
		http.NotFound(w, r)
	}
}

func (s *web) archive(w http.ResponseWriter, r *http.Request, repo *repository, ref string) {
	id, ok := repo.resolve(ref)
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	t, moved := s.replaced[repo.name+" "+id]
	s.mu.Unlock()
	if !moved {
		t = repo.trees[id]
	}
	writeArchive(w, repo, t, ref)
}

func writeArchive(w http.ResponseWriter, repo *repository, t tree, ref string) {
	short := ref[strings.LastIndex(ref, "/")+1:]
	if len(short) > 1 && short[0] == 'v' && short[1] >= '0' && short[1] <= '9' {
		short = short[1:]
	}
	data, err := t.tarball(repo.name[strings.Index(repo.name, "/")+1:] + "-" + short)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-gzip")
	_, _ = w.Write(data)
}

func (s *web) asset(w http.ResponseWriter, r *http.Request, repo *repository, rest string) {
	key := strings.TrimPrefix(strings.TrimPrefix(rest, "download/"), "v")
	data, ok := s.u.assets[key]
	if !ok || repo.name != "ollama/ollama" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data)
}

// folder is repo as a bare git repository.
func (s *web) folder(repo *repository) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dir, ok := s.folders[repo.name]; ok {
		return dir, nil
	}
	files, err := repo.objects.repository(repo.head, repo.refs)
	if err != nil {
		return "", err
	}
	dir, err := keep("git-"+strings.ReplaceAll(repo.name, "/", "-"), files)
	if err != nil {
		return "", err
	}
	s.folders[repo.name] = dir
	return dir, nil
}

// git serves the smart protocol.
func (s *web) git(w http.ResponseWriter, r *http.Request, repo *repository) {
	dir, err := s.folder(repo)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	inner := r.Clone(r.Context())
	below := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	inner.URL.Path = "/" + filepath.Base(dir) + "/" + below[2]
	(&cgi.Handler{
		Path: s.backend,
		Env: []string{
			"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1",
			"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		},
	}).ServeHTTP(w, inner)
}

// mirrors is git.example.org, which mirrors repositories of GitHub: ollama below mirrors/ with all of its tags, and
// below behind/ without any.
type mirrors struct{ site *web }

func (s *mirrors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	inner := r.Clone(r.Context())
	for from, to := range map[string]string{
		"/mirrors/ollama": "/ollama/ollama",
		"/behind/ollama":  "/ggml-org/llama.cpp",
	} {
		if rest, ok := strings.CutPrefix(r.URL.Path, from); ok {
			inner.URL.Path = to + rest
		}
	}
	s.site.ServeHTTP(w, inner)
}

// api is what Nix asks api.github.com for github: inputs; everything else goes to next.
type api struct {
	u    *upstream
	next http.Handler
}

func (s *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 5)
	if len(parts) == 5 && parts[0] == "repos" {
		repo := s.u.repos[strings.ToLower(parts[1]+"/"+parts[2])]
		if repo != nil && (parts[3] == "commits" || parts[3] == "tarball") {
			s.input(w, r, repo, parts[3], parts[4])
			return
		}
	}
	s.next.ServeHTTP(w, r)
}

func (s *api) input(w http.ResponseWriter, r *http.Request, repo *repository, what, ref string) {
	id, ok := repo.resolve(ref)
	if !ok {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"message":"No commit found for SHA: ` + ref + `"}`))
		return
	}
	if what == "tarball" {
		writeArchive(w, repo, repo.trees[id], id)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"sha": id,
		"commit": map[string]any{
			"tree":      map[string]any{"sha": repo.treeIDs[id]},
			"committer": map[string]any{"date": epoch.Format("2006-01-02T15:04:05Z")},
		},
	})
}

// channels serves the stand-in nixpkgs where it comes from besides GitHub: as channels.nixos.org's
// and flakehub.com's tarballs.
type channels struct{ u *upstream }

func (s *channels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".json") {
		writeRegistry(w)
		return
	}
	repo := s.u.repository("NixOS/nixpkgs")
	branch, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if branch == "f" { // flakehub.com/f/NixOS/nixpkgs/VERSION
		branch = "master"
	}
	id, ok := repo.resolve(branch)
	if !ok {
		http.NotFound(w, r)
		return
	}
	writeArchive(w, repo, repo.trees[id], branch)
}

// writeRegistry answers for Nix's global flake registry.
func writeRegistry(w http.ResponseWriter) {
	entry := func(name, owner, repo string) map[string]any {
		return map[string]any{
			"from": map[string]any{"type": "indirect", "id": name},
			"to":   map[string]any{"type": "github", "owner": owner, "repo": repo},
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"version": 2, "flakes": []any{
		entry("nixpkgs", "NixOS", "nixpkgs"), entry("home-manager", "nix-community", "home-manager"),
		entry("nix-darwin", "nix-darwin", "nix-darwin"), entry("flake-utils", "numtide", "flake-utils"),
		entry("flake-parts", "hercules-ci", "flake-parts"),
	}})
}

// floating is ollama.com, whose downloads are always the newest release's.
type floating struct {
	u       *upstream
	version string
}

func (s *floating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, ok := s.u.assets[s.version+"/"+strings.TrimPrefix(r.URL.Path, "/download/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(data)
}
