package bump

import (
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// outerUse is an override that has no source of its own: what it says of the version is that of the pin
// beneath it, if there is one.
type outerUse struct {
	d    *derivation
	body *eval.Set
}

// readOuters reads what overrides a pinned package once more: copies of the version, and the vendorHash
// that a pin without one gets there.
func (f *finder) readOuters() {
	for _, o := range f.outers {
		for _, p := range f.beneath(o.d.base) {
			c := &copier{f: f, d: o.d, p: p, versions: union([]string{p.version, p.refOf}, nil), nested: f.nestedIn(o.d, o.body)}
			c.set(o.body)
			f.outerVendor(p, o)
			p.dedupe()
		}
	}
}

// beneath are the pins that an overridden package is made by.
func (f *finder) beneath(v eval.Value) []*pin {
	var found []*pin
	for _, alt := range eval.Alternatives(v) {
		o, ok := alt.(*eval.Unknown)
		if !ok || o.Fn == nil {
			continue
		}
		pins := f.byCall[o]
		if fn, ok := o.Fn.(*eval.Unknown); ok && len(pins) == 0 && fn.Base != nil && strings.HasPrefix(fn.Name, "override") {
			pins = f.beneath(fn.Base)
		}
		found = append(found, pins...)
	}
	return found
}

// outerVendor takes the vendorHash of an outer override for a pin that has none of its own. That the
// package gets it is proved by evaluation, as for every hash.
func (f *finder) outerVendor(p *pin, o outerUse) {
	def := o.body.Get("vendorHash")
	h := p.hash(roleVendor)
	if def == nil || h == nil || !h.inherited {
		return
	}
	s, old, err := f.hashSlot(def, "vendor hash")
	if err != nil {
		return
	}
	h.slot, h.old, h.inherited = s, old, false
	at, kept := o.d.place(), f.refused[:0]
	for _, r := range f.refused {
		if r.File != at.file || r.Line != at.line || r.Column != at.column {
			kept = append(kept, r)
		}
	}
	f.refused = kept
}
