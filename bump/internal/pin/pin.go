// Package pin finds the places of a flake that fix a package's version and hashes.
//
// It is pure: it starts no process, opens no file and asks nobody. The files are evaluated symbolically
// (package eval), once for each system whose packages differ. Every call that makes a derivation of the
// package's source, by overriding one or by building one, is a Pin; every literal that a bump rewrites
// is a Slot, by whichever ways it is reached. First the facts are collected: the readings of the calls,
// and what else is fetched by a hash. Then they are grouped, and what shares a literal with something
// that must not move is refused.
//
// What is found is a hypothesis. That an edit takes effect is proved by evaluation with Nix.
package pin

import (
	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
)

// Found is what a flake pins.
type Found struct {
	Package  *Package
	Slots    []Slot // by SlotID
	Pins     []*Pin
	Refused  []*diag.Error // the places that look like a pin and cannot be rewritten
	Warnings []string
}

// A Call is a place where a package is made.
type Call struct {
	File *nixexpr.File
	Node nixexpr.Node
}

// Calls returns the calls that a pin's package is made by: several where they share their attributes.
func (f *Found) Calls(p *Pin) []Call { return p.calls }

// Slot returns a slot by its identity.
func (f *Found) Slot(id SlotID) *Slot { return &f.Slots[id] }

// A SlotID is the identity of a literal: the same place reached by two ways is one slot.
type SlotID int

// NoSlot is the identity of no slot.
const NoSlot SlotID = -1

// A Slot is one place of a file that a bump rewrites.
type Slot struct {
	Field      Field
	File       string   // from the tree's root
	Start, End int      // the bytes that are replaced; equal where something is inserted
	Pos        diag.Pos // the literal's opening quote
	Old        string   // the value that stands there
	form       form
}

// A Field says what a slot holds, in words for people. Those of a companion's slots begin with its name.
type Field string

// The fields.
const (
	VersionField Field = "version" // the version attribute, and what is made of the same literal
	SrcHash      Field = "src hash"
	VendorHash   Field = "vendor hash"
	AssetHash    Field = "asset hash"

	refField    Field = "ref"
	urlField    Field = "URL"
	copyField   Field = "version copy"
	guardField  Field = "guard"
	inputURL    Field = "input URL"
	inputRef    Field = "input ref"
	endingField Field = "asset name"
	argument    Field = "argument"
)

// Attribute returns what Nix code calls a field, "" where it goes by several names.
func (f Field) Attribute() string {
	return map[Field]string{SrcHash: "src.hash", VendorHash: "vendorHash"}[f]
}

// edit makes the edit that writes another value into the slot, escaped as its place needs.
func (s *Slot) edit(value string) (nixexpr.Edit, error) {
	e, err := s.form.write(value)
	return e, editError(err)
}

// A Pin is one place that fixes a package's version and hashes: a call that makes the package.
type Pin struct {
	diag.Pos // of the call
	Definition
	Pinned
	Origin Origin

	Fetches    []*Fetch
	Companions []*Companion
	// Addable are companions that the file does not have: their slots add them, where those of the overridden package
	// do not fit.
	Addable   []*Companion
	Unaddable string // why there are none, where an override may need one

	Systems []string // nil unless only other systems than this machine's have the pin
	Notes   []string // sentences for the report
}

// A Definition is how the flake makes the package of a pin.
type Definition struct {
	Names     []string // attributes that it may be found under
	Overrides bool     // it overrides a package; else it is one of the flake's own
	Helpers   []string // files of the source that its build phases call
	Passthru  diag.Pos // that of an override, where it has nothing of the overridden package's
	calls     []Call
}

// Pinned is the version that a pin fixes, and how it is written.
type Pinned struct {
	Version  version.Version // "" when it is the input's or the overridden package's
	Label    string          // what stands for a version where there is none: "git"
	Attr     VersionAttr
	Versions []SlotID // literals that hold the version
	// Revisions are literals that hold the commit of its tag, beside the tag by which the source is fetched.
	Revisions []SlotID
}

// VersionAttr says how a pin writes the version attribute of its package.
type VersionAttr int

// The ways.
const (
	VersionNotSet VersionAttr = iota
	VersionPlain              // "0.32.15"
	VersionWithV              // "v0.32.15"
)

// Shown is what the package's version attribute is to be at a version, "" when the pin does not set it.
func (p *Pin) Shown(v version.Version) string {
	switch p.Attr {
	case VersionPlain:
		return string(v)
	case VersionWithV:
		return v.Tag()
	}
	return ""
}

// An Origin is where a pin's source comes from: a Tag, a Commit, an Input or an Asset.
type Origin interface{ origin() }

type (
	// Tag is a ref or an archive's URL that names a release.
	Tag struct{}
	// Commit is the commit of a release's tag.
	Commit struct{ Slot SlotID }
	// Asset is a file of a release that was built beforehand.
	Asset struct{}
	// Input is an input of the flake.
	Input struct {
		Name, URL string
		Pos       diag.Pos // of the URL
		Slot      SlotID   // of the version in the URL; NoSlot for an input that follows a branch
		Provides  bool     // it is a nixpkgs that provides the package with its version and source
	}
)

func (Tag) origin()    {}
func (Commit) origin() {}
func (Asset) origin()  {}
func (*Input) origin() {}

// Input returns the flake input that the source comes from, or nil.
func (p *Pin) Input() *Input {
	in, _ := p.Origin.(*Input)
	return in
}

// Commit returns the slot of the commit that the source is fetched by.
func (p *Pin) Commit() (SlotID, bool) {
	c, ok := p.Origin.(Commit)
	return c.Slot, ok
}

// Follows reports whether the pin's source is an input that names no release: it follows a branch.
func (p *Pin) Follows() bool {
	in := p.Input()
	return in != nil && in.Slot == NoSlot && p.Version == ""
}

// A Fetch is a hash of a pin, with the fixed output whose hash it is.
type Fetch struct {
	Role      Role
	Slot      SlotID
	Had       Had
	Flat      bool   // the hash of a file, not of a tree
	URL       string // of a release asset, as the pin has it, without what may be secret in it
	Ending    SlotID // of a release asset: where the ending of its name is written, .tgz say; or NoSlot
	Via       string // how the source is fetched, as far as is seen; the same text may be the same download
	Elsewhere bool   // only other systems use it
}

// Role says what a fixed output is for its package.
type Role int

// The roles.
const (
	Source Role = iota
	Vendor
	CompanionSrc
	ReleaseAsset
)

// Had says how a hash was there before the bump: Written, Blank or Inherited.
type Had interface{ had() }

type (
	// Written is a hash.
	Written struct{ nixhash.Hash }
	// Blank is a placeholder, which is to be filled in.
	Blank struct{}
	// Inherited is a hash that the file does not have: the slot adds one, which is needed only when the
	// hash that the overridden package brings does not fit.
	Inherited struct{}
)

func (Written) had()   {}
func (Blank) had()     {}
func (Inherited) had() {}

// Inherited reports whether the file has no such hash.
func (f *Fetch) Inherited() bool { return f.Had == Inherited{} }

// blank reports whether a placeholder stands for the hash.
func (f *Fetch) blank() bool { return f.Had == Blank{} }

// Old returns the hash that is written in the file; ok is false where there is none.
func (f *Fetch) Old() (old nixhash.Hash, ok bool) {
	w, ok := f.Had.(Written)
	return w.Hash, ok
}

// A Companion is another source that a pin's package is built with.
type Companion struct {
	diag.Pos
	Of      *CompanionSource // nil when it is none that is known
	Old     string           // tag, commit, or a name
	Refs    []SlotID
	Commit  bool   // Refs hold a commit
	Hash    *Fetch // nil when it is skipped
	Derived bool   // Nix reads the tag from the source
	Skip    string // why it is not moved; "" when it is
}

// Name is the companion's name, for people.
func (c *Companion) Name() string {
	if c.Of != nil {
		return c.Of.Name
	}
	return c.Old
}

// fetch returns the pin's first fetch of a role, or nil.
func (p *Pin) fetch(r Role) *Fetch {
	for _, h := range p.Fetches {
		if h.Role == r {
			return h
		}
	}
	return nil
}

// AllFetches returns the pin's fetches and those of its companions that move.
func (p *Pin) AllFetches() []*Fetch {
	all := append([]*Fetch{}, p.Fetches...)
	for _, c := range p.Companions {
		if c.Hash != nil && c.Skip == "" {
			all = append(all, c.Hash)
		}
	}
	return all
}

// missing reports whether a placeholder stands for a hash of the pin: then it is never current.
func (p *Pin) missing() bool {
	for _, h := range p.AllFetches() {
		if h.blank() {
			return true
		}
	}
	return false
}

// Inconsistent reports whether the pin's own literals name different versions.
func (f *Found) Inconsistent(p *Pin) bool {
	for _, id := range p.Versions {
		if f.Slot(id).Old != string(p.Version) {
			return true
		}
	}
	in := p.Input()
	return in != nil && in.Slot != NoSlot && f.Slot(in.Slot).Old != string(p.Version)
}
