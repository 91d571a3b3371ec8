package pin

import (
	"context"
	"errors"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/version"
	"github.com/nixtars/ollama-bump/nixexpr"
	"github.com/nixtars/ollama-bump/nixexpr/eval"
)

// Find returns what the files pin of a package; where they pin nothing, an error says what comes nearest.
func Find(ctx context.Context, files *Files, pkg *Package) (*Found, error) {
	roots, slots := files.roots(pkg), newSlots(files)
	found := &Found{Package: pkg}
	g := &groups{slots: slots}
	var near []*diag.Error
	for i, t := range targets(roots) {
		f := newFinder(files.program(ctx), files, pkg, slots)
		f.prog.External = func(u *eval.Unknown) eval.Value {
			if v := t.external(u.Name); v != nil {
				return v
			}
			return f.ownOutput(u)
		}
		f.look(roots)
		if err := f.prog.Err(); err != nil && !errors.Is(err, eval.ErrBudget) {
			return nil, err
		} else if err != nil {
			found.Warnings = append(found.Warnings, "the flake is too complex to be read completely; "+
				"a pin may be missed")
		}
		if i == 0 {
			near = slices.Concat(f.facts.fetched, f.facts.nixpkgs)
		}
		here := f.group()
		if i > 0 {
			g.merge(here, t.system)
			continue
		}
		g.add(here)
		if len(g.pins) == 0 && !mention(roots, "/releases/download/") {
			break // another system would show no more
		}
	}
	g.refuseShared()
	g.dropExplained()
	for _, r := range g.pins {
		r.Definition.calls = r.madeBy()
		found.Pins = append(found.Pins, r.Pin)
	}
	found.Slots, found.Refused = slots.all, g.refused
	if len(found.Pins) == 0 {
		return nil, nothing(files, pkg, append(g.refused, files.Strays...), near)
	}
	return found, nil
}

// finder reads the calls of one program, evaluated for one system: the facts. What belongs together is
// decided afterwards, see group.
type finder struct {
	pkg      *Package
	prog     *eval.Program
	slots    *slots
	flake    ownFlake
	fetchers []fetcher
	calls    []packageCall // of functions that make packages
	// overrides are the arguments of calls of override.
	overrides []*eval.Set
	// speculative is set while arguments are tried that the flake does not give.
	speculative bool

	facts facts
}

// facts are what the calls of a program say by themselves.
type facts struct {
	readings []*reading
	refused  []refusal
	fetched  []*diag.Error // what to say of fetches of the package where nothing is pinned
	nixpkgs  []*diag.Error // and of a whole nixpkgs
	others   []otherUse
	outers   []outerOverride
	tests    []versionTest
}

// refusal is why a call is no pin.
type refusal struct {
	*diag.Error
	call diag.Pos
}

// reading is a pin as one call shows it.
type reading struct {
	*Pin
	call     *eval.Unknown     // that makes the package
	also     []*eval.Unknown   // that make it of the same literals
	base     string            // the attribute that is overridden; "" for a definition of its own
	ref      version.Version   // that the ref or the URL names
	prebuilt bool              // vendorHash = null, or nothing is built from source
	own      []fetchKey        // the calls that its hashes are of
	uses     map[*Fetch]SlotID // where a placeholder is used, see hashAt
	// speculative says that only other arguments than any that the flake gives show it.
	speculative bool
}

// madeBy returns the places of the calls that make the pin's package, each once.
func (r *reading) madeBy() []Call {
	var list []Call
	for _, o := range append([]*eval.Unknown{r.call}, r.also...) {
		c := Call{File: o.File, Node: o.Node}
		if o.File != nil && o.Node != nil && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// derivation is a call that makes one.
type derivation struct {
	call *eval.Unknown
	base eval.Value    // what is overridden; nil for a builder's call
	old  *eval.Unknown // stands for the overridden attributes
	body eval.Value    // the attributes
}

func newFinder(prog *eval.Program, files *Files, pkg *Package, slots *slots) *finder {
	f := &finder{pkg: pkg, prog: prog, slots: slots, fetchers: fetchers}
	prog.Intrinsic = f.library
	f.readFlake(files.Flake)
	return f
}

// look visits everything that the roots hold.
func (f *finder) look(roots []*nixexpr.File) {
	if len(roots) == 0 {
		return
	}
	f.prog.Visit(f.note, roots...)
	f.findVariants(roots)
}

// note classifies a call: derivation, override or fixed-output fetch.
func (f *finder) note(o *eval.Unknown) {
	f.noteOverride(o)
	f.noteVersionTest(o)
	if d := f.derivation(o); d != nil {
		f.inspect(d)
		return
	}
	if !f.speculative {
		f.noteHashed(o)
		f.noteFetched(o)
	}
}

// inspect turns a derivation into readings: one for each set that its attributes may be.
func (f *finder) inspect(d *derivation) {
	for _, alt := range eval.Alternatives(d.body) {
		body, ok := alt.(*eval.Set)
		if !ok {
			continue
		}
		if !f.speculative {
			f.noteOther(d, body)
		}
		r, err := f.read(d, body)
		if err != nil && !f.speculative { // nobody calls it so
			f.facts.refused = append(f.facts.refused, refusal{err, d.pos()})
		}
		switch {
		case r != nil:
			f.facts.readings = append(f.facts.readings, r)
		case !f.speculative && d.base != nil && body.Get("src") == nil && body.Get("srcs") == nil:
			f.facts.outers = append(f.facts.outers, outerOverride{d, body})
		}
	}
}
