package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// A package need not be an output: a container image, a shell, a unit may be all that is made with it. Then the pin
// shows where the closure of such an output's derivation has a fixed output with the fake of the pin.

// findConsumers looks for outputs that are made with the packages of the pins, family by family. It reports whether it
// found one for a pin; pins without one are left.
func (r *resolver) findConsumers(ctx context.Context) (bool, error) {
	// A package that only another system builds was shown.
	if r.HasAttr || slices.ContainsFunc(r.broken, func(b probe.Broken) bool { return b.OtherSystem }) {
		return false, nil
	}
	for _, families := range probe.ConsumerFamilies {
		missing := filter(r.pins, func(p *Move) bool { return len(p.Outputs) == 0 })
		if len(missing) == 0 {
			break
		}
		state, err := r.state()
		if err != nil {
			return false, err
		}
		list, err := r.Asker.Consumers(ctx, state, families, nil)
		if fail := probe.Failed(err); fail != nil && probe.Evaluation(fail) {
			continue // what fails is no consumer
		}
		if err != nil {
			return false, err
		}
		for _, c := range list {
			shown, err := r.seeConsumer(c, missing)
			if err != nil {
				return false, err
			}
			if shown {
				r.consumers = append(r.consumers, c.Where)
			}
		}
	}
	if r.consumers == nil {
		return false, nil
	}
	shown := func(p *Move) bool { return len(p.Outputs) > 0 }
	r.unshown = append(r.unshown, filter(r.pins, func(p *Move) bool { return !shown(p) })...)
	r.pins, r.placed = filter(r.pins, shown), true
	for _, p := range r.pins {
		for _, h := range p.hashes {
			if h.Inherited() {
				inherit(p.Outputs[0], h)
			}
		}
	}
	return true, nil
}

// seeConsumer notes what a consumer shows of pins, and reports whether it shows any.
func (r *resolver) seeConsumer(c probe.Consumer, pins []*Move) (bool, error) {
	if c.Drv == "" {
		return false, nil
	}
	closure, err := nix.Closure(r.Store.Derivation, c.Drv)
	if err != nil {
		return false, fmt.Errorf("find package: read derivations: %w", err)
	}
	any := false
	for _, p := range pins {
		o := probe.Output{Where: c.Where, Drv: c.Drv}
		for path, drv := range closure {
			promised, _, ok := drv.FixedOutput()
			if !ok {
				continue
			}
			for _, h := range p.hashes {
				switch {
				case !h.is(promised.SRI()):
				case h.Role == pin.Vendor:
					o.ModDrv, o.Mod = path, promised.SRI()
				default:
					o.SrcDrv, o.Src = path, promised.SRI()
				}
			}
		}
		if o.SrcDrv == "" && o.ModDrv == "" {
			continue
		}
		if o.ModDrv == "" {
			o.ModDrv, o.Mod = modulesOf(closure, o.SrcDrv)
		}
		at := slices.IndexFunc(p.Outputs, func(known probe.Output) bool { return known.Where == c.Where })
		if at < 0 {
			p.Outputs = append(p.Outputs, o)
		} else {
			p.Outputs[at] = o
		}
		any = true
	}
	return any, nil
}

// modulesOf is the fixed output that is made of a source: its Go modules.
func modulesOf(closure map[string]*nix.Derivation, source string) (path, hash string) {
	for path, drv := range closure {
		promised, _, ok := drv.FixedOutput()
		if _, ofSource := drv.InputDrvs[source]; ok && ofSource && source != "" {
			return path, promised.SRI()
		}
	}
	return "", ""
}

// consumerLoop is the loop for packages that only consumers show: each round evaluates those, and builds the last
// fixed output of the pins by its derivation.
func (r *resolver) consumerLoop(ctx context.Context) error {
	for range maxRounds {
		if r.complete() {
			return r.proveConsumers(ctx)
		}
		r.rounds++
		r.Log(diag.Step, "round %d: %s", r.rounds, r.missing())
		if err := r.consumerRound(ctx); err != nil {
			return err
		}
	}
	return &diag.Error{
		Text: "find hashes: Nix keeps reporting other hashes",
		Hint: "the source may not be reproducible; run again with -v",
	}
}

// consumerRound finds at least one hash.
func (r *resolver) consumerRound(ctx context.Context) error {
	if err := r.lookAtConsumers(ctx); err != nil {
		return err
	}
	for _, p := range r.pins {
		if !slices.ContainsFunc(p.allHashes(), (*hash).missing) {
			continue
		}
		o := p.Outputs[0]
		target := o.ModDrv
		if target == "" || p.waits() {
			target = o.SrcDrv
		}
		if target == "" {
			return p.error(fmt.Sprintf("find hashes: nothing that %s is made of has a hash of this pin", o.Where),
				r.exposeHint(pin.System()))
		}
		a, err := r.ask(ctx, probe.Question{System: pin.System(), Build: probe.Build{Derivation: target}})
		if err != nil {
			return err
		}
		accepted, err := r.acceptMismatches(a.Mismatches)
		if err != nil {
			return err
		}
		moved, err := r.moveCompanions(ctx)
		switch {
		case err != nil:
			return err
		case accepted+moved > 0:
			return nil
		case a.Failure != nil:
			return r.explain(a.Failure)
		}
		return r.keepInherited(p, o)
	}
	return nil
}

// keepInherited ends the search for a hash that the file does not have and that need not be added: the modules were
// built with the one that the overridden package brings.
func (r *resolver) keepInherited(p *Move, o probe.Output) error {
	for _, h := range p.hashes {
		if h.Inherited() && h.missing() {
			h.state = notNeeded
			return nil
		}
	}
	return p.error(fmt.Sprintf("find hashes: nothing that %s is made of needs what is missing", o.Where),
		r.exposeHint(pin.System()))
}

// lookAtConsumers evaluates the consumers as the flake stands now.
func (r *resolver) lookAtConsumers(ctx context.Context) error {
	state, err := r.state()
	if err != nil {
		return err
	}
	list, err := r.Asker.Consumers(ctx, state, slices.Concat(probe.ConsumerFamilies...), r.consumers)
	if err != nil {
		return r.explain(err)
	}
	for _, c := range list {
		if _, err := r.seeConsumer(c, r.pins); err != nil {
			return err
		}
	}
	return nil
}

// proveConsumers sees that the consumers are made with what was found, and builds it.
func (r *resolver) proveConsumers(ctx context.Context) error {
	if err := r.lookAtConsumers(ctx); err != nil {
		return err
	}
	closure, err := r.closure()
	if err != nil {
		return err
	}
	for _, p := range r.pins {
		for _, h := range p.allHashes() {
			if h.state == notNeeded || h.found == nil {
				continue
			}
			used := slices.ContainsFunc(slices.Collect(maps.Values(closure)), func(d *nix.Derivation) bool {
				promised, _, ok := d.FixedOutput()
				return ok && promised.Equal(*h.found)
			})
			if !used {
				return diag.At(h.slot.Pos,
					fmt.Sprintf("verify: %s is not made with the %s that is pinned here", p.Outputs[0].Where, h.slot.Field),
					"something overrides it once more; remove that")
			}
		}
		target := p.Outputs[0].ModDrv
		if target == "" {
			target = p.Outputs[0].SrcDrv
		}
		a, err := r.ask(ctx, probe.Question{System: pin.System(), Build: probe.Build{Derivation: target}})
		if err != nil {
			return err
		}
		if a.Failure != nil {
			return r.explain(a.Failure)
		}
	}
	return nil
}
