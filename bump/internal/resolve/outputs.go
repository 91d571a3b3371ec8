package resolve

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// matchOutputs notes, after the first question, which outputs show which pin, and drops the pins that none
// shows: a copy that nothing evaluates cannot be proved.
func (r *resolver) matchOutputs(ctx context.Context, q probe.Question, a probe.Answer) error {
	all := r.pins
	var kept, left []*Move
	for i, p := range all {
		if p.Outputs = a.Shown(i); len(p.Outputs) == 0 {
			left = append(left, p)
			continue
		}
		kept = append(kept, p)
	}
	if len(kept) == 0 && !r.showsRelease(a) {
		if shown, err := r.findConsumers(ctx); shown || err != nil {
			return err
		}
		return r.nothingShows(ctx, q, a)
	}
	r.pins, r.placed = kept, true
	r.unshown = append(r.unshown, left...)
	for _, p := range r.pins {
		for _, h := range p.hashes {
			if h.Inherited() {
				inherit(p.Outputs[0], h)
			}
		}
	}
	return nil
}

// lookAgain takes over what a question about all outputs shows of the pins.
func (r *resolver) lookAgain(q probe.Question, a probe.Answer) {
	for i, p := range r.pins {
		var first, others []probe.Output
		for _, o := range a.Shown(i) {
			if o.Where == q.Pins[i].First {
				first = append(first, o)
			} else {
				others = append(others, o)
			}
		}
		if len(first)+len(others) > 0 {
			p.Outputs = append(first, others...)
		}
	}
	r.half = nil
	r.noteOthers(a)
	for _, o := range a.Outputs {
		if len(o.Pins) == 0 && strings.HasSuffix(o.Where, r.Found.Package.Option) && o.Version != "" &&
			o.Version != string(r.rel.Version) && !slices.Contains(r.warned, o.Where) {
			r.warned = append(r.warned, o.Where)
			r.Log(diag.Warning, "%s is another package, version %s, which this pin does not move", o.Where, o.Version)
		}
	}
}

// showsRelease reports whether the flake is at the release already, but for copies that no output reaches:
// another pin is not behind, and some output shows the release.
func (r *resolver) showsRelease(a probe.Answer) bool {
	return r.someCurrent() &&
		slices.ContainsFunc(a.Outputs, func(o probe.Output) bool { return o.Version == string(r.rel.Version) })
}

// someCurrent reports whether the flake has pins besides those of the plan, which are at the release.
func (r *resolver) someCurrent() bool { return len(r.Plan.Pins) < len(r.Found.Pins) }

// inherit notes the hash that an overridden package brings. Without a goModules there is nothing that needs one.
func inherit(first probe.Output, h *hash) {
	if first.ModDrv == "" {
		h.state = notNeeded
		return
	}
	if brought, err := nix.ParseHash(first.Mod, "sha256"); err == nil {
		h.inherited = &brought
	}
}

// neededSystem is the system that Nix misses: a 'X' with features … is required, or Required system: 'X'.
var neededSystem = regexp.MustCompile(`(?:Required system: '|a ')([a-z0-9_]+-[a-z]+)'`)

// nothingShows is the error of a bump that shows in no output.
func (r *resolver) nothingShows(ctx context.Context, q probe.Question, a probe.Answer) error {
	p := r.pins[0]
	if len(r.broken) == 0 {
		if err := r.askStrictly(ctx, q); err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(r.broken, func(b probe.Broken) bool { return b.OtherSystem }); i >= 0 {
		system := "another system"
		if m := neededSystem.FindStringSubmatch(r.broken[i].Text); m != nil {
			system = m[1]
		}
		e := p.error(fmt.Sprintf("find package: %s can only be built on %s, and this machine is %s", r.broken[i].Where,
			system, pin.System()),
			"run ollama-bump on a machine of that system, or give Nix a builder of it: Options.NixArgs=--builders …")
		e.Err = a.Failure
		return e
	}
	var tried, failed []string
	for _, o := range a.Outputs {
		if o.Version != "" {
			tried = append(tried, fmt.Sprintf("%s (%s)", o.Where, o.Version))
		}
	}
	for _, b := range r.broken {
		failed = append(failed, fmt.Sprintf("%s does not evaluate: %s", b.Where, b.Text))
	}
	slices.Sort(failed)
	text := fmt.Sprintf("find package: no output of the flake shows %s %s after the edit", r.Found.Package.Name,
		r.rel.Version)
	if len(tried) > 0 {
		text += "; tried " + strings.Join(diag.Limit(tried, 12), ", ")
	}
	if len(failed) > 0 {
		text += "; " + strings.Join(diag.Limit(failed, 4), "; ")
	}
	if f := probe.Failed(a.Failure); f != nil && !a.NoneShown && len(failed) == 0 {
		text += "; " + f.Text
	}
	hint := r.exposeHint(pin.System())
	if len(failed) > 0 {
		hint = advise(strings.Join(failed, "\n"), "see that it evaluates as it is, without the bump, or "+hint)
	}
	if r.HasAttr {
		hint = "Options.Attr must name a package that this pin makes"
	}
	if p.Systems != nil {
		text += "; the flake has this pin for " + strings.Join(p.Systems, " and ") + " only"
		hint = "run ollama-bump on a machine of that system: its sources cannot be built here"
	}
	e := p.error(text, hint)
	e.Err = a.Failure
	return e
}

// askStrictly finds out why a configuration does not evaluate: what a module system throws is caught as long as
// another output may show the pin, and its message is lost.
func (r *resolver) askStrictly(ctx context.Context, q probe.Question) error {
	q.Strict = true
	a, err := r.ask(ctx, q)
	if fail := probe.Failed(a.Failure); err == nil && fail != nil && probe.Evaluation(fail) && !a.NoneShown &&
		a.Last != "" {
		r.broken = append(r.broken, probe.Broken{Where: a.Last, Text: fail.Text})
	}
	return err
}

// exposeHint says what makes a pin visible. Every package was looked at, so it is none that Options.Attr could name
// among them; another output may hold it.
func (r *resolver) exposeHint(system string) string {
	return fmt.Sprintf("expose the package that this pin makes, packages.%s.%s = … for example, so that the bump can "+
		"be verified, or name the output that holds it with Options.Attr",
		system, r.Found.Package.Name)
}

// doesNotEvaluate is the error of a package that shows a pin and fails wherever it is looked at.
func (r *resolver) doesNotEvaluate(a probe.Answer, fail *nix.Failure) error {
	err := r.explain(a.Failure)
	var e *diag.Error
	if !errors.As(err, &e) || e.File != "" {
		return err
	}
	for _, p := range r.pins {
		if slices.ContainsFunc(p.Outputs, func(o probe.Output) bool { return o.Where == a.Last }) {
			at := p.error(fmt.Sprintf("find package: %s does not evaluate: %s", a.Last, fail.Text), advise(fail.Text, e.Hint))
			at.Err = a.Failure
			return at
		}
	}
	return err
}

// checkTookEffect checks that the edits took effect, in every output that shows a pin: the new version, and
// the hashes that stand in the files. It takes over the derivations that were evaluated now: they change with
// every hash that is put in.
func (r *resolver) checkTookEffect(a probe.Answer) error {
	for _, p := range r.pins {
		for i, o := range p.Outputs {
			if now := a.Output(o.Where); now.Where != "" {
				o = now
				p.Outputs[i] = now
			}
			if err := r.checkOutput(p, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *resolver) checkOutput(p *Move, o probe.Output) error {
	want := p.Shown(r.rel.Version)
	if want != "" && o.Version != "" && o.Version != want {
		return p.error(fmt.Sprintf("verify: %s is still version %s after the edit", o.Where, o.Version),
			"the version that is pinned here is not the package's; set it in the same overrideAttrs")
	}
	if h := p.hash(pin.Source); h != nil && o.Src != "" && !h.is(o.Src) {
		return p.error(fmt.Sprintf("verify: the source of %s has the hash %s, not the one that is pinned here", o.Where,
			o.Src),
			"something overrides src once more; remove that")
	}
	h := p.hash(pin.Vendor)
	if h == nil || h.Inherited() || o.Mod == "" || h.is(o.Mod) {
		return nil
	}
	return p.error(fmt.Sprintf("verify: %s ignores the vendorHash that is pinned here: its goModules still has %s",
		o.Where, o.Mod),
		"before nixpkgs 24.11 overrideAttrs { vendorHash } has no effect: update the nixpkgs input, or override "+
			"buildGoModule (args // { vendorHash = …; })")
}

// checkSources checks that the archives which were fetched are those of the release: a fetcher that does not take its
// tag from the final attributes fetches the old one, whatever the override says, and its hash is found without an error.
func (r *resolver) checkSources() error {
	for _, p := range r.pins {
		h := p.hash(pin.Source)
		if _, isTag := p.Origin.(pin.Tag); !isTag || h == nil {
			continue
		}
		for _, url := range downloads(h.drv) {
			if strings.Contains(url, "/archive/") && !strings.Contains(url, string(r.rel.Version)) {
				return diag.At(h.slot.Pos, fmt.Sprintf("verify: the source is still fetched from %s", url),
					"before nixpkgs of 2026 overrideAttrs does not move a fetcher's tag: write old.src.override { tag = …; hash = "+
						"…; }")
			}
		}
	}
	return nil
}

// source returns the folder of a pin's new source, which lies in the store since its hash was found, and "" before.
// It is upstream's: package foreign reads it.
func (r *resolver) source(p *Move) string {
	dir := ""
	if h := p.hash(pin.Source); h != nil && h.found != nil && h.drv != nil && !h.Flat {
		dir = nix.FixedOutputPath(filepath.Dir(h.drv.Path), *h.found, h.drv.Name)
	} else if len(p.Outputs) > 0 {
		dir = p.Outputs[0].SrcOut
	}
	if dir == "" || !r.Store.Has(dir, "go.mod") {
		return ""
	}
	return dir
}
