package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/nixtars/ollama-bump/bump"
)

// flakeRef matches what Nix takes for a flake and this program does not: a scheme, or an attribute.
var flakeRef = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:)|#`)

// checkDir returns a usage error for a --flake that is no folder, with what to write instead.
func checkDir(dir string) error {
	if dir == "" {
		return usage("Options.Dir must be a folder")
	}
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() && filepath.Base(dir) == "flake.nix" {
			return wrongDir(dir, "write Options.Dir="+filepath.Dir(dir))
		}
		return nil
	}
	if !flakeRef.MatchString(dir) {
		return nil // package bump tells what is wrong with the path
	}
	ref, attr, _ := strings.Cut(dir, "#")
	scheme, rest, remote := strings.Cut(ref, ":")
	switch {
	case remote && (scheme == "path" || scheme == "git+file"):
		ref, _, _ = strings.Cut(strings.TrimPrefix(rest, "//"), "?")
	case remote:
		return wrongDir(dir, "clone the repository, and give its folder: "+cloneCommand(scheme, rest))
	}
	hint := "write Options.Dir=" + ref
	if ref == "" {
		hint = "write"
	}
	if attr != "" {
		hint += " Options.Attr=" + fullAttr(attr)
	}
	return wrongDir(dir, hint)
}

func wrongDir(dir, hint string) error {
	return &bump.UsageError{Text: "Options.Dir must be a folder, not " + quoted(dir), Hint: hint}
}

func quoted(text string) string { return `"` + text + `"` }

// cloneCommand returns the git command for a flake reference.
func cloneCommand(scheme, rest string) string {
	rest, _, _ = strings.Cut(rest, "?")
	hosts := map[string]string{"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
	if host := hosts[scheme]; host != "" {
		parts := strings.SplitN(rest, "/", 3)
		return "git clone https://" + path.Join(append([]string{host}, parts[:min(2, len(parts))]...)...)
	}
	return "git clone " + strings.TrimPrefix(scheme, "git+") + ":" + rest
}

// fullAttr returns an attribute as --attr takes it. Nix looks for a short one below packages.
func fullAttr(attr string) string {
	attr, _, _ = strings.Cut(attr, "^")
	if strings.Contains(attr, ".") {
		return attr
	}
	return "packages." + bump.System() + "." + attr
}

// findFlake returns the folder of the flake that dir is in, looking upwards to the repository's root as
// Nix does; dir itself where there is none.
func findFlake(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil || !exists(abs) {
		return dir
	}
	for at, up := abs, dir; ; at, up = filepath.Dir(at), filepath.Join(up, "..") {
		if exists(filepath.Join(at, "flake.nix")) {
			return up
		}
		if exists(filepath.Join(at, ".git")) || at == filepath.Dir(at) {
			return dir
		}
	}
}

// repositoryRoot returns the folder with .git that dir is in, "" where there is none.
func repositoryRoot(dir string) string {
	at, err := filepath.Abs(dir)
	for err == nil && !exists(filepath.Join(at, ".git")) {
		if at == filepath.Dir(at) {
			return ""
		}
		at = filepath.Dir(at)
	}
	return at
}

// flakesBelow returns the folders below dir that have a flake.nix, a few of them and none far down.
func flakesBelow(dir string) []string {
	var all []string
	for _, pattern := range []string{"*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern, "flake.nix"))
		for _, file := range found {
			folder, err := filepath.Rel(dir, filepath.Dir(file))
			if err == nil && !strings.HasPrefix(folder, ".") && len(all) < 3 {
				all = append(all, folder)
			}
		}
	}
	return all
}

// exists reports whether there is something of that name, a dangling link too.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
