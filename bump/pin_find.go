package bump

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// finder looks for the pins of a package in a program: every call that makes a derivation, by
// overriding one or by building one, whose source is the package's.
type finder struct {
	pkg    *Package
	system string // that the flake is read for
	prog   *eval.Program
	folder string               // of flake.nix
	inputs map[string]*inputPin // the flake's inputs that are the package's source
	others map[string]*inputPin // and those that are not: nixpkgs and the like
	pins   []*pin
	seen   map[slotKey]*pin
	// refused are the places that look like a pin and are none that can be rewritten: the nearest misses.
	refused []*Error
	foreign []foreignUse
	outers  []outerUse
	byCall  map[*eval.Unknown][]*pin // the pins that a call makes
	apart   map[slotKey]bool         // placeholders that are filled in where they are used

	calls     []packageCall // of functions that make packages
	overrides []*eval.Set   // the arguments of calls of override
	implied   bool          // while arguments are tried that the flake does not give
}

// derivation is a call that makes one.
type derivation struct {
	call *eval.Unknown
	base eval.Value    // what is overridden; nil for a builder's call
	old  *eval.Unknown // stands for the overridden attributes
	body eval.Value    // the attributes
}

// builders are the functions that make a derivation of a set of attributes. Others are recognised
// by that set: a name, a version and a source.
var builders = regexp.MustCompile(`^(buildGo\w*Module|mkDerivation|goBuild|buildGoPackage)$`)

// findPins evaluates the roots and collects the pins.
func findPins(prog *eval.Program, pkg *Package, flake string, roots []*nixexpr.File) *finder {
	f := &finder{
		pkg: pkg, prog: prog, folder: path.Dir(flake), seen: map[slotKey]*pin{},
	}
	prog.Intrinsic = f.library
	f.inputs, f.others = f.findInputs(flake)
	if len(roots) == 0 {
		return f
	}
	f.look(roots)
	if f.apart = f.sharedPlaceholders(); len(f.apart) > 0 {
		f.pins, f.seen, f.refused, f.foreign, f.outers, f.overrides = nil, map[slotKey]*pin{}, nil, nil, nil, nil
		f.look(roots)
	}
	f.readOuters()
	f.settle()
	return f
}

// look visits everything that the roots hold.
func (f *finder) look(roots []*nixexpr.File) {
	f.byCall = map[*eval.Unknown][]*pin{}
	f.prog.Visit(f.note, roots...)
	f.findVariants(roots)
}

// note takes a call for what it is: one that makes a package, or overrides one, or fixes content.
func (f *finder) note(o *eval.Unknown) {
	f.noteOverride(o)
	if d := f.derivation(o); d != nil {
		f.inspect(d)
		return
	}
	if !f.implied {
		f.noteHashed(o)
	}
}

// derivation recognises a call that makes a derivation.
func (f *finder) derivation(o *eval.Unknown) *derivation {
	if o.Fn == nil {
		return nil
	}
	if fn, ok := o.Fn.(*eval.Unknown); ok && fn.Fn == nil && fn.Name == "overrideAttrs" && fn.Base != nil {
		d := &derivation{call: o, base: fn.Base, old: &eval.Unknown{Name: "old", Reason: eval.OldAttrs}}
		d.body = f.overrideBody(o.Arg, d.old)
		return d
	}
	name, args := builder(o)
	if len(args) == 0 {
		return nil
	}
	arg := f.prog.Value(args[len(args)-1])
	switch arg := arg.(type) {
	case *eval.Func:
		if builders.MatchString(name) && len(args) == 1 {
			return &derivation{call: o, body: f.prog.Fix(arg, &eval.Unknown{Name: "finalAttrs"})}
		}
	case *eval.Set:
		if builders.MatchString(name) || arg.Get("src") != nil && (arg.Get("version") != nil || arg.Get("pname") != nil) {
			return &derivation{call: o, body: arg}
		}
	}
	return nil
}

// builder is the callee of a term; buildGoModule.override { go = …; } builds as buildGoModule does.
func builder(o *eval.Unknown) (name string, args []*eval.Def) {
	if call, ok := o.Fn.(*eval.Unknown); ok {
		if fn, ok := call.Fn.(*eval.Unknown); ok && fn.Fn == nil && fn.Name == "override" {
			if base, ok := fn.Base.(*eval.Unknown); ok && base.Fn == nil && builders.MatchString(base.Name) {
				return base.Name, []*eval.Def{o.Arg}
			}
		}
	}
	return o.Callee()
}

// overrideBody is what the argument of overrideAttrs yields: a set, a function of the old
// attributes, or one of the final and the old ones.
func (f *finder) overrideBody(arg *eval.Def, old *eval.Unknown) eval.Value {
	v := f.prog.Value(arg)
	fn, ok := v.(*eval.Func)
	if !ok {
		return v
	}
	oldDef := eval.Known(old)
	v = f.prog.Apply(fn, oldDef, nil, nil)
	if _, two := v.(*eval.Func); two {
		v = f.prog.Fix(fn, old, oldDef)
	}
	return v
}

// inspect turns a derivation into pins: one for each set that its attributes may be.
func (f *finder) inspect(d *derivation) {
	for _, alt := range eval.Alternatives(d.body) {
		body, ok := alt.(*eval.Set)
		if !ok {
			continue
		}
		if !f.implied {
			f.readForeign(d, body)
		}
		p, err := f.readPin(d, body)
		if err != nil {
			f.refuse(err)
		}
		switch {
		case p != nil:
			if p = f.add(p); p != nil {
				f.byCall[d.call] = append(f.byCall[d.call], p)
			}
		case !f.implied && d.base != nil && body.Get("src") == nil && body.Get("srcs") == nil:
			f.outers = append(f.outers, outerUse{d, body})
		}
	}
}

// add keeps a pin, once, and returns it: the same literals reached by another call belong to the same pin.
func (f *finder) add(p *pin) *pin {
	key, ok := p.key()
	if !ok {
		return nil
	}
	p.implied = f.implied
	f.share(p)
	if known := f.seen[key]; known != nil && known.holds(p.hashes) {
		known.names, known.fetches = union(known.names, p.names), append(known.fetches, p.fetches...)
		known.implied = known.implied && p.implied
		return known
	}
	f.seen[key] = p
	f.pins = append(f.pins, p)
	return p
}

// share makes the hashes of p that stand in another pin's slot that pin's: one literal has one value, and one
// fake while it is looked for.
func (f *finder) share(p *pin) {
	for _, other := range f.pins {
		for _, known := range other.allHashes() {
			for i, h := range p.hashes {
				if h.slot.key() == known.slot.key() && h.role == known.role {
					p.hashes[i] = known
				}
			}
			for _, c := range p.companions {
				if c.hash != nil && c.hash.slot.key() == known.slot.key() && known.role == roleCompanion {
					c.hash = known
				}
			}
		}
	}
}

// holds says whether all of these hashes are the pin's.
func (p *pin) holds(hashes []*fixed) bool {
	for _, h := range hashes {
		if !slices.Contains(p.hashes, h) {
			return false
		}
	}
	return true
}

// key is the pin's first slot in the files.
func (p *pin) key() (slotKey, bool) {
	for _, h := range p.hashes {
		if !h.inherited {
			return h.slot.key(), true
		}
	}
	if len(p.texts) > 0 {
		return p.texts[0].key(), true
	}
	if p.input != nil && p.input.slot != nil {
		return p.input.slot.key(), true
	}
	return slotKey{p.file, p.line, p.column}, p.input != nil
}

func (f *finder) refuse(err *Error) {
	if f.implied {
		return // nobody calls it so
	}
	for _, known := range f.refused {
		if known.File == err.File && known.Line == err.Line && known.Column == err.Column {
			return
		}
	}
	f.refused = append(f.refused, err)
}

// settle drops what another way of reaching the same call explains: a function that makes the
// package of its arguments is no pin by itself where its callers give it literals.
func (f *finder) settle() {
	var kept []*Error
	for _, r := range f.refused {
		explained := false
		for _, p := range f.pins {
			if p.file == r.File && p.line == r.Line && p.column == r.Column {
				explained = true
			}
		}
		if !explained {
			kept = append(kept, r)
		}
	}
	f.refused = kept
}

// place is where a derivation's call stands.
func (d *derivation) place() place {
	if d.call.Node == nil {
		return place{}
	}
	return placeOf(d.call.File, d.call.Node.Start())
}

// baseNames are the attribute names of the package that is overridden.
func (f *finder) baseNames(v eval.Value) []string {
	var names []string
	for _, alt := range eval.Alternatives(v) {
		o, ok := alt.(*eval.Unknown)
		if !ok {
			continue
		}
		if o.Fn == nil {
			names = append(names, o.Name)
			continue
		}
		// prev.ollama.override { … } and prev.ollama.overrideAttrs … are still that package.
		if fn, ok := o.Fn.(*eval.Unknown); ok && fn.Base != nil && strings.HasPrefix(fn.Name, "override") {
			names = append(names, f.baseNames(fn.Base)...)
		}
		names = append(names, f.calledName(o)...)
		// A package made by its own definition has that definition's pname.
		if d := f.derivation(o); d != nil && d.base == nil {
			if set, ok := d.body.(*eval.Set); ok && set.Get("pname") != nil {
				if name, ok := f.constant(set.Get("pname")); ok {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// calledName is the name of the folder of a package that callPackage is given by a path which leads out of the flake,
// nixpkgs' say.
func (f *finder) calledName(o *eval.Unknown) []string {
	name, args := o.Callee()
	if name != "callPackage" || len(args) == 0 {
		return nil
	}
	text := ""
	switch v := f.prog.Value(args[0]).(type) {
	case *eval.Text:
		text = knownText(v)
	case *eval.Path:
		text = v.Text
	}
	return union([]string{path.Base(strings.TrimSuffix(strings.TrimSuffix(text, "/package.nix"), "/default.nix"))}, nil)
}

// constant is the text of a definition, when it is a known string.
func (f *finder) constant(d *eval.Def) (string, bool) {
	if d == nil {
		return "", false
	}
	t, ok := f.prog.Value(d).(*eval.Text)
	if !ok {
		return "", false
	}
	return t.String()
}

// namesAround are the names of the attributes that a node is defined in, the innermost first.
func namesAround(file *nixexpr.File, node nixexpr.Node) []string {
	var names []string
	if file == nil || node == nil {
		return nil
	}
	nixexpr.Walk(file.Root, func(n nixexpr.Node) bool {
		if n.Start() > node.Start() || n.End() < node.End() {
			return false
		}
		if b, ok := n.(*nixexpr.Binding); ok && b.Value != nil {
			if last := b.Path[len(b.Path)-1]; last.Expr == nil {
				names = append([]string{last.Name}, names...)
			}
		}
		return true
	})
	return names
}

func union(a, b []string) []string {
	have := map[string]bool{}
	out := []string{} // in JSON a list, not null
	for _, s := range append(append([]string{}, a...), b...) {
		if s != "" && !have[s] {
			have[s] = true
			out = append(out, s)
		}
	}
	return out
}

// describe says how a value that is no literal came about, for messages.
func (f *finder) describe(d *eval.Def) string {
	hops := d.Trail()
	last := hops[len(hops)-1]
	if o, ok := f.prog.Value(last).(*eval.Unknown); ok {
		if name, args := o.Callee(); len(args) > 0 && name != "" {
			return fmt.Sprintf("the result of %s", name)
		}
		if o.Name != "" {
			return fmt.Sprintf("%s, %s", o.Name, o.Reason)
		}
		return o.Reason.String()
	}
	return "no literal"
}
