package bump

import "regexp"

// Package is what the program knows of the package that it bumps. It is data: no other place
// names ollama, its repository or its companions.
type Package struct {
	Name        string   // of nixpkgs' attribute
	Owner, Repo string   // on GitHub, where the releases are
	Variants    []string // nixpkgs' attributes that are separate instances of the package
	Program     string   // in bin/ of the package; says its version when called with --version
	Companions  []CompanionSource

	// Helpers are files of the source that a pin's build phases call, and that moved from one
	// release to another.
	Helpers []string
}

// CompanionSource is another source that the package is built with, and that must be the one that
// the package's release names.
type CompanionSource struct {
	Name   string   // for people
	Owners []string // on GitHub: the first is today's, the others its former names
	Repo   string
	// VersionFile is the file of the package's source that holds the companion's tag.
	VersionFile string
	Tag         *regexp.Regexp // what a tag looks like
}

// Ollama is the package.
var Ollama = Package{
	Name:     "ollama",
	Owner:    "ollama",
	Repo:     "ollama",
	Variants: []string{"ollama", "ollama-cpu", "ollama-cuda", "ollama-rocm", "ollama-vulkan"},
	Program:  "ollama",
	Companions: []CompanionSource{{
		Name:        "llama.cpp",
		Owners:      []string{"ggml-org", "ggerganov"},
		Repo:        "llama.cpp",
		VersionFile: "LLAMA_CPP_VERSION",
		Tag:         regexp.MustCompile(`^b[0-9]{1,8}$`),
	}},
	Helpers: []string{"llama/compat/apply-patch.cmake", "cmake/apply-git-patches.cmake"},
}

// isVariant says whether a name is the package's or one of its variants'.
func (p *Package) isVariant(name string) bool {
	for _, v := range p.Variants {
		if v == name {
			return true
		}
	}
	return false
}
