package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// driver performs what the search for hashes asks for. What comes before and after the loop is a method of it each.
type driver struct {
	Tools
	state
}

// loop puts fakes in and takes hashes out until everything builds.
func (d *driver) loop(ctx context.Context) error {
	d.setApart()
	if len(d.pins) == 0 && len(d.elsewhere) > 0 { // nothing can be built here, and nothing needs to be
		return nil
	}
	next, err := d.nextRound()
	return d.follow(ctx, next, err)
}

// follow performs a request, and those that follow from it. What a step said is passed on before its request is
// performed: people who wait read what they wait for.
func (d *driver) follow(ctx context.Context, next request, err error) error {
	for d.tell(); err == nil && next != nil; d.tell() {
		var a answer
		if a, err = next.perform(ctx, d); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil { // the answer may lack what was not read any more
			return fmt.Errorf("find hashes: %w", err)
		}
		d.state, next, err = step(d.state, a)
	}
	return err
}

// tell passes on what the last step said.
func (d *driver) tell() {
	for _, e := range d.said {
		d.Log(e.kind, "%s", e.text)
	}
	d.said = nil
}

// A request is what a step wants to know.
type request interface {
	perform(ctx context.Context, d *driver) (answer, error)
}

// ask is a question to Nix.
type ask struct{ q probe.Question }

func (r ask) perform(ctx context.Context, d *driver) (answer, error) {
	a, err := d.Asker.Ask(ctx, r.q)
	return d.complement(ctx, a), err
}

// ask asks a question outside of the loop.
func (d *driver) ask(ctx context.Context, q probe.Question) (probe.Answer, error) {
	a, err := d.Asker.Ask(ctx, q)
	if err == nil {
		d.note(a)
	}
	return a, err
}

// complement adds to an answer what a step needs in order to understand it.
func (d *driver) complement(ctx context.Context, given probe.Answer) answer {
	a := answer{Answer: given, derivations: map[string]*nix.Derivation{}}
	if a.Failure != nil {
		a.explained = d.Asker.Explain(ctx, a.Failure)
	}
	// Thousands of derivations may have to be read. Where all was built, only a search that went deep needs them.
	if a.Failure == nil && len(a.Mismatches) == 0 && d.depth == probe.Sources {
		return a
	}
	outputs := slices.DeleteFunc(slices.Clone(a.Outputs), func(o probe.Output) bool { return len(o.Pins) == 0 })
	tops := derivationsOf(append(outputs, d.shown()...))
	if f := probe.Failed(a.Failure); f != nil && f.Derivation != "" {
		tops = append(tops, f.Derivation)
	}
	for _, top := range tops {
		d.derive(ctx, a.derivations, top)
	}
	return a
}

// shown are the outputs that are known to show pins.
func (d *driver) shown() []probe.Output {
	var outputs []probe.Output
	for _, p := range d.pins {
		outputs = append(outputs, p.Outputs...)
	}
	return outputs
}

// read returns what reads a derivation.
func (d *driver) read(ctx context.Context) func(path string) (*nix.Derivation, error) {
	return func(path string) (*nix.Derivation, error) { return d.Store.Derivation(ctx, path) }
}

// derive adds what a derivation is made of. What cannot be read is missed by the step, if it needs it.
func (d *driver) derive(ctx context.Context, known map[string]*nix.Derivation, top string) {
	read := func(path string) (*nix.Derivation, error) {
		if known[path] != nil {
			return known[path], nil
		}
		return d.Store.Derivation(ctx, path)
	}
	if closure, err := nix.Closure(read, top); err == nil {
		maps.Copy(known, closure)
	}
}

// lookAt asks for outputs that are made with packages.
type lookAt struct{ q probe.ConsumerQuestion }

func (r lookAt) perform(ctx context.Context, d *driver) (answer, error) {
	list, err := d.Asker.Consumers(ctx, r.q)
	if fail := probe.Failed(err); fail != nil {
		err = d.Asker.Explain(ctx, err)
		if probe.Evaluation(fail) {
			return answer{Answer: probe.Answer{Failure: fail}, explained: err}, nil
		}
	}
	a := answer{consumers: list, derivations: map[string]*nix.Derivation{}}
	for _, c := range list {
		if c.Failure != nil && r.q.Only != nil && !r.q.Strict { // it evaluated before
			a.Failure, a.explained = c.Failure, d.Asker.Explain(ctx, c.Failure)
		}
		if c.Drv != "" {
			d.derive(ctx, a.derivations, c.Drv)
		}
	}
	for _, top := range derivationsOf(d.shown()) { // a consumer need not show any more what it did
		d.derive(ctx, a.derivations, top)
	}
	return a, err
}

// matched says that it is known which outputs show which pins.
type matched struct{}

// perform passes that on. What was locked for pins that are left as they are is taken back: the inputs of the others
// are locked once more, from the flake's own lock file.
func (matched) perform(ctx context.Context, d *driver) (answer, error) {
	for _, p := range d.pins {
		if d.Shown == nil {
			break
		}
		if err := d.Shown(p.Pin, p.Outputs); err != nil {
			return answer{}, err
		}
	}
	used := inputs(d.pins)
	for _, name := range inputs(d.unshown) {
		if !slices.Contains(used, name) {
			d.lock = nil
			err := d.moveInputs(ctx)
			return answer{lock: d.lock}, err
		}
	}
	return answer{lock: d.lock}, nil
}
