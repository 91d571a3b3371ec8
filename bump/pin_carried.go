package bump

import (
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// carrier is the flake input, other than the flake's own nixpkgs, whose package a value is: that of
// inputs.NAME.legacyPackages.SYSTEM.ollama, or of (import NAME { … }).ollama. To move such a package is
// to move the input.
func (f *finder) carrier(v eval.Value) *inputPin {
	for {
		o, ok := v.(*eval.Unknown)
		if !ok {
			return nil
		}
		fn, _ := o.Fn.(*eval.Unknown)
		name, args := o.Callee()
		switch {
		case fn != nil && fn.Fn == nil && strings.HasPrefix(fn.Name, "override"):
			v = fn.Base
		case len(args) > 0 && name == "import":
			v = f.prog.Value(args[0])
		case o.Fn != nil:
			return nil
		case f.isOther(o):
			return &inputPin{name: o.Name, url: f.others[o.Name].url, carries: true}
		default:
			v = o.Base
		}
	}
}

// isOther says whether a term is inputs.NAME, or a parameter NAME, of an input that may be moved for the
// package's sake. The input named nixpkgs carries everything else as well.
func (f *finder) isOther(o *eval.Unknown) bool {
	if f.others[o.Name] == nil || o.Name == "nixpkgs" {
		return false
	}
	base, selected := o.Base.(*eval.Unknown)
	return selected && base.Name == "inputs" || o.Base == nil && o.Reason == eval.Parameter
}

// carried reads an override of vendorHash alone: version and source are the input's, so the lock's node
// and the hash move.
func (f *finder) carried(d *derivation, body *eval.Set, at place) (*pin, *Error) {
	p := &pin{place: at, names: f.baseNames(d.base), input: f.carrier(d.base), tagless: true, label: "untagged"}
	if d.call.Node != nil {
		p.names = union(namesAround(d.call.File, d.call.Node), p.names)
	}
	p.base = f.baseNames(d.base)[0]
	if err := f.readVendor(d, p, body); err != nil {
		return nil, err
	}
	p.notes = append(p.notes, "version and source are those of the input "+p.input.name+", which moves to the head of its branch, whatever release that has")
	return p, nil
}

// followCarriers makes the release that a carrying input turned out to have the one that is bumped to.
func (j *job) followCarriers() {
	version := ""
	for _, p := range j.due {
		shown := j.hashes.where[p]
		if p.input == nil || !p.input.carries || len(shown) == 0 || !releaseRef.MatchString(shown[0].Version) {
			return
		}
		version = shown[0].Version
	}
	if version == "" || version == j.rel.version {
		return
	}
	rel := &release{version: version}
	j.rel, j.hashes.rel = rel, rel
	j.result.NewVersion = version
}
