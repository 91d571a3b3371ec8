package bump

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
)

// noneShown says that a failure is the probe's own: no output shows the new version.
func (p *probe) noneShown(f *nix.Failure) bool { return strings.Contains(f.Text, p.nonce) }

// place notes, after the first round, which outputs show which pin, and drops the pins that none
// shows: a copy that nothing evaluates cannot be proved.
func (r *resolver) place(cause error) error {
	where := map[*move][]probeInfo{}
	var kept []*move
	for i, p := range r.pins {
		shown := r.probe.shown(i)
		if len(shown) == 0 {
			r.left = append(r.left, p)
			continue
		}
		where[p] = shown
		kept = append(kept, p)
	}
	if len(kept) == 0 && !r.showsRelease() {
		return r.nothingShows(cause)
	}
	r.pins, r.where = kept, where
	r.noteOthers()
	for _, w := range r.probe.order {
		info := r.probe.found[w]
		if len(info.Pins) == 0 && strings.HasSuffix(w, "services.ollama.package") && info.Version != "" && info.Version != string(r.rel.version) {
			r.log(Warning, "%s is another package, version %s, which this pin does not move", w, info.Version)
		}
	}
	for _, p := range r.pins {
		for _, h := range p.hashes {
			if h.Inherited() {
				r.inherit(p, h)
			}
		}
	}
	return nil
}

// showsRelease says whether the flake is at the release already, but for copies that no output reaches:
// another pin is not behind, and some output shows the release.
func (r *resolver) showsRelease() bool {
	if !r.someCurrent {
		return false
	}
	for _, info := range r.probe.found {
		if info.Version == string(r.rel.version) {
			return true
		}
	}
	return false
}

// inherit notes the hash that an overridden package brings. Without a goModules there is nothing that needs one.
func (r *resolver) inherit(p *move, h *hash) {
	if len(r.where[p]) == 0 {
		h.dropped = true
		return
	}
	first := r.where[p][0]
	if first.ModDrv == "" {
		h.dropped = true
		return
	}
	if brought, err := nix.ParseHash(first.Mod, "sha256"); err == nil {
		h.brought = &brought
	}
}

// neededSystem is the system that Nix misses: a 'X' with features … is required, or Required system: 'X'.
var neededSystem = regexp.MustCompile(`(?:Required system: '|a ')([a-z0-9_]+-[a-z]+)'`)

// nothingShows is the error of a bump that shows in no output.
func (r *resolver) nothingShows(cause error) error {
	p := r.pins[0]
	if other := r.probe.otherSystem; len(other) > 0 {
		system := "another system"
		if m := neededSystem.FindStringSubmatch(r.probe.failed[other[0]]); m != nil {
			system = m[1]
		}
		e := p.error(fmt.Sprintf("find package: %s can only be built on %s, and this machine is %s", other[0], system, r.probe.req.System),
			"run ollama-bump on a machine of that system, or give Nix a builder of it: Options.NixArgs=--builders …")
		e.Err = cause
		return e
	}
	var tried []string
	for _, w := range r.probe.order {
		info := r.probe.found[w]
		if info.Version != "" {
			tried = append(tried, fmt.Sprintf("%s (%s)", w, info.Version))
		}
	}
	failed := make([]string, 0, len(r.probe.failed))
	for w, text := range r.probe.failed {
		failed = append(failed, fmt.Sprintf("%s does not evaluate: %s", w, text))
	}
	sort.Strings(failed)
	text := fmt.Sprintf("find package: no output of the flake shows %s %s after the edit", r.pkg.Name, r.rel.version)
	if len(tried) > 0 {
		text += "; tried " + strings.Join(limit(tried, 12), ", ")
	}
	if len(failed) > 0 {
		text += "; " + strings.Join(limit(failed, 4), "; ")
	}
	if f := asFailure(cause); f != nil && !r.probe.noneShown(f) && len(failed) == 0 {
		text += "; " + f.Text
	}
	hint := exposeHint(r.probe.req.System, r.pkg.Name)
	if len(r.probe.req.Attr) > 0 {
		hint = "Options.Attr must name a package that this pin makes"
	}
	if p.Systems != nil {
		text += "; the flake has this pin for " + strings.Join(p.Systems, " and ") + " only"
		hint = "run ollama-bump on a machine of that system: its sources cannot be built here"
	}
	e := p.error(text, hint)
	e.Err = cause
	return e
}

func limit(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(append([]string{}, list[:n]...), fmt.Sprintf("and %d more", len(list)-n))
}

// took checks that the edits took effect, in every output that shows a pin: the new version, and
// the hashes that stand in the files. It takes over the derivations that this round evaluated: they change with
// every hash that is put in.
func (r *resolver) took() error {
	for _, p := range r.pins {
		for j, info := range r.where[p] {
			if now, ok := r.probe.found[info.Where]; ok {
				info = now
				r.where[p][j] = now
			}
			if err := r.tookIn(p, info); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *resolver) tookIn(p *move, info probeInfo) error {
	want := p.Shown(r.rel.version)
	if want != "" && info.Version != "" && info.Version != want {
		return p.error(fmt.Sprintf("verify: %s is still version %s after the edit", info.Where, info.Version),
			"the version that is pinned here is not the package's; set it in the same overrideAttrs")
	}
	if h := p.hash(pin.Source); h != nil && info.Src != "" && !r.held(h, info.Src) {
		return p.error(fmt.Sprintf("verify: the source of %s has the hash %s, not the one that is pinned here", info.Where, info.Src),
			"something overrides src once more; remove that")
	}
	h := p.hash(pin.Vendor)
	if h == nil || h.Inherited() || info.Mod == "" || r.held(h, info.Mod) {
		return nil
	}
	return p.error(fmt.Sprintf("verify: %s ignores the vendorHash that is pinned here: its goModules still has %s", info.Where, info.Mod),
		"before nixpkgs 24.11 overrideAttrs { vendorHash } has no effect: update the nixpkgs input, or override buildGoModule (args // { vendorHash = …; })")
}

// held says whether a hash that an evaluation shows is the one that the last round had in the slot.
func (r *resolver) held(h *hash, shown string) bool {
	s, err := nix.ParseHash(shown, "sha256")
	return err == nil && (h.got != nil && s.Equal(*h.got) || s.Equal(h.fake))
}

// finished ends the loop when everything was built with real hashes. A vendorHash that turned out to be
// the inherited one is taken out again, which one more evaluation proves.
func (r *resolver) finished(ctx context.Context) (bool, error) {
	again := false
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			switch {
			case h.dropped:
			case h.got == nil && again:
				// One at a time: what is found for another may bring this one along.
			case h.got == nil:
				if err := r.deepen(ctx, p, h); err != nil {
					return false, err
				}
				again = true
			case h.Inherited() && h.brought != nil && h.got.Equal(*h.brought):
				h.dropped, again = true, true
				r.log(Detail, "the vendorHash that the package brings still fits")
			}
		}
	}
	if again {
		return false, ctx.Err()
	}
	return true, r.sound(ctx)
}

// deepen finds a hash that neither src nor goModules needs: the next round evaluates the whole package, which
// shows the fixed outputs that only its build phases use; those are then built by themselves.
func (r *resolver) deepen(ctx context.Context, p *move, h *hash) error {
	if !r.probe.req.Deep {
		r.probe.req.Deep = true
		return nil
	}
	closure, err := r.closure()
	if err != nil {
		return err
	}
	for path, drv := range closure {
		promised, _, ok := drv.FixedOutput()
		if !ok || !promised.Equal(h.fake) {
			continue
		}
		rep, err := r.probe.buildDerivation(ctx, path)
		if taken, terr := r.take(rep); terr != nil || taken > 0 {
			return terr
		}
		if err != nil {
			return r.explain(err)
		}
		return r.unexplained(rep)
	}
	return diag.At(h.slot.Pos,
		fmt.Sprintf("find hashes: nothing that %s evaluates on %s uses this %s", r.where[p][0].Where, r.probe.req.System, h.slot.Field),
		"if it is for another system, run ollama-bump on a machine of that system")
}

// source returns the folder of a pin's new source, which lies in the store since its hash was found, and "" before.
// It is upstream's: package foreign reads it.
func (r *resolver) source(p *move) string {
	dir := ""
	if h := p.hash(pin.Source); h != nil && h.got != nil && h.drv != nil && !h.Flat {
		dir = nix.FixedOutputPath(filepath.Dir(h.drv.Path), *h.got, h.drv.Name)
	} else if len(r.where[p]) > 0 {
		dir = r.where[p][0].SrcOut
	}
	if dir == "" || !foreign.Has(dir, "go.mod") {
		return ""
	}
	return dir
}
