package pin

import (
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// outerOverride is an override that has no source of its own: what it says of the version is that of the pin
// beneath it, if there is one.
type outerOverride struct {
	d    *derivation
	body *eval.Set
}

// readOuter reads what overrides a pinned package once more: copies of the version, and the vendorHash
// that a pin without one gets there.
func (f *finder) readOuter(g *groups, o outerOverride, byCall map[*eval.Unknown][]*reading) {
	for _, r := range beneath(o.d.base, byCall) {
		f.copiesIn(o.d, r, o.body).set(o.body)
		r.Versions = unique(r.Versions)
		f.outerVendor(g, r, o)
	}
}

// beneath are the pins that an overridden package is made by.
func beneath(v eval.Value, byCall map[*eval.Unknown][]*reading) []*reading {
	var found []*reading
	for _, alt := range eval.Alternatives(v) {
		o, ok := alt.(*eval.Unknown)
		if !ok || o.Fn == nil {
			continue
		}
		pins := byCall[o]
		if fn, ok := o.Fn.(*eval.Unknown); ok && len(pins) == 0 && fn.Base != nil &&
			strings.HasPrefix(fn.Name, "override") {
			pins = beneath(fn.Base, byCall)
		}
		found = append(found, pins...)
	}
	return found
}

// outerVendor takes the vendorHash of an outer override for a pin that has none of its own. That the
// package gets it is proved by evaluation, as for every hash.
func (f *finder) outerVendor(g *groups, r *reading, o outerOverride) {
	def, h := first(o.body, vendorAttrs...), r.fetch(Vendor)
	if def == nil || h == nil || !h.Inherited() {
		return
	}
	at, err := f.hash(def, VendorHash)
	if err != nil {
		return
	}
	h.Slot, h.Had, r.uses[h] = at.slot, at.had, at.use
	g.refused = slices.DeleteFunc(g.refused, func(err *diag.Error) bool { return err.Pos == o.d.pos() })
}
