package bump

import (
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// A slot is one place of a pin that a bump rewrites.
type slot struct {
	field      string // for people: "version", "ref", "src hash", …
	file       string // from the tree's root
	start, end int    // the bytes that are replaced; equal where something is inserted
	at         int    // the byte that people are shown: the literal's opening quote
	old        string // the value that stands there
	// before and after are what the new value is written between: nothing inside a string
	// literal, quotes in place of an expression, a whole binding where one is added.
	before, after string
}

// edit replaces the slot's value.
func (s *slot) edit(value string) nixexpr.Edit {
	return nixexpr.Edit{Start: s.start, End: s.end, New: s.before + value + s.after}
}

// key tells slots apart: the same place reached by two ways is one slot.
func (s *slot) key() slotKey { return slotKey{s.file, s.start, s.end} }

type slotKey struct {
	file       string
	start, end int
}

// fixed is a hash of a pin: the slot it stands in and the fixed output that it fixes.
type fixed struct {
	slot slot
	role role
	old  *nix.Hash // what stands there; nil for a placeholder
	// inherited says that the file has no such hash: the slot adds one, which is needed only when
	// the hash that the overridden package brings does not fit.
	inherited bool
	flat      bool    // the hash of a file, not of a tree
	ending    *change // the ending of the asset's name, when another one is wanted
	url       string  // of the release asset that it is the hash of, as the pin has it; else ""

	fetch   string   // how the source is fetched, as far as is seen; the same text may be the same download
	fake    nix.Hash // stands in the slot until got is known
	waits   bool     // for the companion's new tag: what is fetched now is the old one
	foreign bool     // only other systems use it
	// evaluated says that Nix fetches it while it evaluates: no derivation carries the hash.
	evaluated bool
	brought   *nix.Hash       // what an inherited one is in the overridden package
	dropped   bool            // an inherited one that need not be added
	drv       *nix.Derivation // that got was found with
	got       *nix.Hash
	from      string // where got is from, for the report: "" is Nix, else "the release's digest"
}

// role says what a fixed output is for its package.
type role int

const (
	roleSrc role = iota
	roleVendor
	roleCompanion
	roleAsset
)

// pin is one place that fixes a package's version and hashes.
type pin struct {
	place   // of the call that makes the package
	names   []string
	base    string // the attribute that is overridden; "" for a definition of its own
	version string // without v; "" when the version is the input's or the overridden package's
	refOf   string // version that the ref names, when it is another one than version

	texts      []versionSlot
	commit     *slot // the ref is a commit
	hashes     []*fixed
	companions []*companionPin
	fetches    []fetchKey // the calls that its hashes are of
	input      *inputPin
	label      string   // what stands for a version where there is none: "git"
	helpers    []string // files of the source that the build phases call
	notes      []string // sentences for the report
	noVendor   bool     // vendorHash = null, or nothing is built from source
	tagless    bool     // the source is fetched without a hash
	foreign    bool     // only other systems have it
	systems    []string // those that have it
	vprefix    bool     // the version attribute itself begins with v
	torn       bool     // looks current, but may be half written (see alsoDue)
	implied    bool     // only other arguments than any that the flake gives show it (see findVariants)
}

// versionSlot is a slot that holds a version, with the version that it holds.
type versionSlot struct {
	slot
	version string
}

// companionPin is a companion's pin inside a pin.
type companionPin struct {
	of      *CompanionSource
	place   place
	old     string // tag or commit
	refs    []versionSlot
	commit  bool // refs hold a commit
	hash    *fixed
	derived bool   // the tag is read from the source by Nix
	left    string // why it is not moved; "" when it is
	tag     string // the new tag, once the new source is there
	sha     string // and its commit, where refs hold a commit
}

// inputPin is a flake input that the source comes from.
type inputPin struct {
	name string // of the input
	url  string
	slot *versionSlot // in the URL; nil for an untagged input

	carries bool // it is a nixpkgs that brings the package with its version and source
}

// place is where something stands, for messages.
type place struct {
	file         string
	line, column int
}

func placeOf(f *nixexpr.File, offset int) place {
	if f == nil {
		return place{}
	}
	p := f.Position(offset)
	return place{file: f.Name, line: p.Line, column: p.Column}
}

// errorf makes an error about a place.
func (p place) error(text, hint string) *Error {
	return diag.At(diag.Pos{File: p.file, Line: p.line, Column: p.column}, text, hint)
}

// hash returns the pin's hash of a role, or nil.
func (p *pin) hash(r role) *fixed {
	for _, h := range p.hashes {
		if h.role == r {
			return h
		}
	}
	return nil
}

// allHashes are the pin's hashes and its companions'.
func (p *pin) allHashes() []*fixed {
	all := append([]*fixed{}, p.hashes...)
	for _, c := range p.companions {
		if c.hash != nil && c.left == "" {
			all = append(all, c.hash)
		}
	}
	return all
}

// follows says whether the pin's source is an input that names no release: it follows a branch.
func (p *pin) follows() bool { return p.version == "" && p.input != nil && p.input.slot == nil }

// placeholder says whether a hash of the pin is missing: then it is never current.
func (p *pin) placeholder() bool {
	for _, h := range p.allHashes() {
		if h.old == nil && !h.inherited {
			return true
		}
	}
	return false
}

// waits says whether a companion's new tag is still to be read from the new source.
func (p *pin) waits() bool {
	for _, c := range p.companions {
		if c.left == "" && c.tag == "" {
			return true
		}
	}
	return false
}

// builds says whether Nix has to build anything for the pin. Hashes from a release's digests need no
// download.
func (p *pin) builds() bool {
	if p.tagless {
		return true
	}
	for _, h := range p.allHashes() {
		if h.from == "" {
			return true
		}
	}
	return false
}
