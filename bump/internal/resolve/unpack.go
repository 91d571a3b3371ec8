package resolve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// unpackElsewhere finds the hashes of unpacked archives that only other systems fetch. Their fetches cannot be built
// here, but what they download and run can: the flake is evaluated for the other system, and fetchzip of this
// system's nixpkgs is made to do what the derivation there does. The hash counts when the two differ in nothing
// but the tools that they run.
func (d *driver) unpackElsewhere(ctx context.Context) error {
	failure := errors.New("no output of the flake for another system shows it")
	for _, system := range pin.OtherSystems() {
		for _, depth := range []probe.Depth{probe.Sources, probe.Packages} {
			if len(d.unpacked()) == 0 {
				return nil
			}
			fetches, shown, err := d.fetchesIn(ctx, system, depth)
			if err != nil {
				failure = err
			}
			for h, drv := range fetches {
				if err := d.unpack(ctx, h, drv); err != nil {
					return d.cannotUnpack(h, system, err)
				}
			}
			if !shown {
				break
			}
		}
	}
	if left := d.unpacked(); len(left) > 0 {
		return d.cannotUnpack(left[0], "another system", failure)
	}
	return nil
}

// unpacked are the hashes of unpacked archives that only other systems fetch, and that are not known yet.
func (d *driver) unpacked() []*hash {
	var list []*hash
	for _, p := range d.pins {
		for _, h := range p.hashes {
			if h.Role == pin.ReleaseAsset && !h.Flat && h.elsewhere && h.found == nil {
				list = append(list, h)
			}
		}
	}
	return list
}

func (d *driver) cannotUnpack(h *hash, system string, err error) error {
	e := diag.At(h.slot.Pos,
		fmt.Sprintf("find asset: the hash of %s is that of an unpacked archive for %s, which cannot be found on %s: %v",
			path.Base(h.URL), system, pin.System(), err),
		"run ollama-bump on a machine of that system, or fetch the file as it is (fetchurl), whose digest the "+
			"release lists")
	e.Err = err
	return e
}

// fetchesIn evaluates the flake for a system and returns the derivations there that carry the fakes of hashes: among
// the sources of the packages or, deep, among all that the packages need. shown reports whether there are such
// packages.
func (d *driver) fetchesIn(
	ctx context.Context, system string, depth probe.Depth,
) (fetches map[*hash]*nix.Derivation, shown bool, err error) {
	wanted := d.unpacked()
	there := *d
	there.pins, err = d.lookIn(ctx, system, depth, filter(d.pins, func(p *Move) bool {
		return slices.ContainsFunc(p.hashes, func(h *hash) bool { return slices.Contains(wanted, h) })
	}))
	if err != nil {
		return nil, false, err
	}
	closure, err := closureOf(d.read(ctx), there.pins...)
	if err != nil {
		return nil, false, err
	}
	fetches = map[*hash]*nix.Derivation{}
	for _, drv := range ordered(closure) {
		if promised, _, ok := drv.FixedOutput(); ok {
			if h := there.withFake(promised); h != nil {
				fetches[h] = drv
			}
		}
	}
	return fetches, len(there.pins) > 0, nil
}

// unpack finds a hash by doing here what a derivation of another system does.
func (d *driver) unpack(ctx context.Context, h *hash, there *nix.Derivation) error {
	u, err := unpackingOf(there)
	if err != nil {
		return err
	}
	d.Log(diag.Step, "fetch and unpack %s, as %s does", path.Base(u.URLs[0]), there.System)
	for _, hash := range []*nixhash.Hash{&h.fake, nil} { // the hash that is found must then build
		if hash == nil {
			hash = h.found
		}
		u.Hash = hash.SRI()
		q, err := d.ofPins(pin.System())
		if err != nil {
			return err
		}
		q.Build.Unpack = u
		a, err := d.ask(ctx, q)
		if err == nil {
			err = a.Failure
		}
		if err != nil {
			return err
		}
		here, err := d.Store.Derivation(ctx, a.UnpackDrv)
		if err != nil {
			return err
		}
		if differs := differingVariables(here, there); len(differs) > 0 {
			return fmt.Errorf("nixpkgs' fetchzip here and the fetch there differ in %s", strings.Join(differs, ", "))
		}
		if a.Built && h.found != nil {
			break
		}
		for _, m := range a.Mismatches {
			if m.DrvPath == here.Path && m.Specified.Equal(h.fake) && m.Origin != nix.OriginText {
				h.found = &m.Got
			}
		}
		if h.found == nil || a.Built {
			return errors.New("no hash of it is in what Nix says")
		}
	}
	h.by = SameFetch
	d.Log(diag.Step, "%s: %s", h.slot.Field, h.found.SRI())
	return nil
}

// unpackingOf takes out of a derivation what its fetch has of its own.
func unpackingOf(drv *nix.Derivation) (*probe.Unpacking, error) {
	u := &probe.Unpacking{
		Name: drv.Name, URLs: strings.Fields(drv.Env["urls"]), PostFetch: drv.Env["postFetch"],
		StripRoot: drv.Env["stripRoot"] != "",
	}
	if _, structured := drv.Env["__json"]; structured || len(u.URLs) == 0 || u.PostFetch == "" {
		return nil, fmt.Errorf("%s is not a fetch by nixpkgs' fetchzip", drv.Name)
	}
	if strings.Contains(u.PostFetch, storeOf(drv)) {
		return nil, fmt.Errorf("what is run after the download needs tools of %s", drv.System)
	}
	return u, nil
}

// differingVariables are the variables, or else the arguments, in which two fetches for two systems differ, apart from
// what must differ: the promised hash, the tools, which lie in the store, and the rules of a sandbox.
func differingVariables(a, b *nix.Derivation) []string {
	differs := map[string]bool{}
	for _, env := range []map[string]string{a.Env, b.Env} {
		for name := range env {
			x, y := a.Env[name], b.Env[name]
			differs[name] = x != y && !strings.Contains(x, storeOf(a)) && !strings.Contains(y, storeOf(b))
		}
	}
	for _, name := range []string{"system", "hash", "outputHash", "outputHashAlgo"} {
		delete(differs, name)
	}
	if !slices.Equal(a.Args, b.Args) {
		differs["its builder's arguments"] = true
	}
	maps.DeleteFunc(differs, func(name string, is bool) bool { return !is || strings.HasPrefix(name, "__") })
	return slices.Sorted(maps.Keys(differs))
}

// storeOf is the store's folder as paths in it begin.
func storeOf(drv *nix.Derivation) string { return filepath.Dir(drv.Path) + "/" }
