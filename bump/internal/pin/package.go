package pin

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/version"
)

// Package is what the program knows of the package that it bumps. It is data: no other place names
// ollama, its repository, its addresses or its companions.
type Package struct {
	Name     string         // of nixpkgs' attribute
	Owners   []string       // on GitHub: the first is today's, the others redirect to it
	Repo     string         // on GitHub, where the releases are
	Variants []string       // nixpkgs' attributes that are separate instances of the package
	Option   string         // of NixOS and home-manager, that holds the package that a service runs
	Program  string         // in bin/ of the package; says its version when called with --version
	Floating *regexp.Regexp // addresses whose content changes from release to release

	Companions []CompanionSource

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
	// Attr is the attribute of nixpkgs' package, in its passthru, that holds the companion's source.
	Attr string
	// VersionFile is the file of the package's source that holds the companion's tag.
	VersionFile string
	// VersionAttr is the attribute beside Attr that holds the companion's tag.
	VersionAttr string
	// Since is the first release that is built with the companion.
	Since version.Version
	Tag   *regexp.Regexp // what a tag looks like
}

// tag is the field of the companion's tag.
func (c *CompanionSource) tag() Field { return Field(c.Name + " tag") }

// hash is the field of its hash.
func (c *CompanionSource) hash() Field { return Field(c.Name + " hash") }

// Ollama is the package.
var Ollama = Package{
	Name:     "ollama",
	Owners:   []string{"ollama", "jmorganca"},
	Repo:     "ollama",
	Variants: []string{"ollama", "ollama-cpu", "ollama-cuda", "ollama-rocm", "ollama-vulkan"},
	Option:   "services.ollama.package",
	Program:  "ollama",
	Floating: regexp.MustCompile(`^https://(?:www\.)?ollama\.com/(?:download|install)`),
	Companions: []CompanionSource{{
		Name:        "llama.cpp",
		Owners:      []string{"ggml-org", "ggerganov"},
		Repo:        "llama.cpp",
		Attr:        "llamaCppSrc",
		VersionFile: "LLAMA_CPP_VERSION",
		VersionAttr: "llamaCppVersion",
		Since:       "0.30.0",
		Tag:         regexp.MustCompile(`^b[0-9]{1,8}$`),
	}},
	Helpers: []string{"llama/compat/apply-patch.cmake", "cmake/apply-git-patches.cmake"},
}

// Owner is the owner of the repository.
func (p *Package) Owner() string { return p.Owners[0] }

// Upstream is the repository as OWNER/NAME.
func (p *Package) Upstream() string { return p.Owner() + "/" + p.Repo }

// isVariant reports whether a name is the package's or one of its variants'.
func (p *Package) isVariant(name string) bool { return slices.Contains(p.Variants, name) }

// owns reports whether an owner on GitHub is, or was, a repository's.
func owns(owners []string, owner string) bool {
	return slices.ContainsFunc(owners, func(o string) bool { return strings.EqualFold(o, owner) })
}
