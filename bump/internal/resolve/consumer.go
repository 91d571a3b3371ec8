package resolve

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// A package need not be an output: a container image, a shell, a unit may be all that is made with it. Then the pin
// shows where the closure of such an output's derivation has a fixed output with the fake of the pin.

// configurationName is the name of what is built as a whole and has assertions.
var configurationName = regexp.MustCompile(`^(nixos|darwin|home)Configurations\.`)

// findConsumers looks for outputs that are made with the packages of the pins, family by family.
func (s *state) findConsumers(r asked, families [][]string) (request, error) {
	if len(families) > 0 && !slices.ContainsFunc(s.pins, func(p *Move) bool { return !p.shown() }) {
		families = nil
	}
	switch {
	case len(families) > 0:
		values, err := s.candidate()
		s.phase = finding{r, families[1:]}
		return lookAt{probe.ConsumerQuestion{State: values, Families: families[0]}}, err
	case s.consumers != nil:
		return s.leaveUnshown(r)
	case s.beside:
		return nil, nil
	}
	return s.nothingShows(r)
}

// mayBeConsumed reports whether pins are looked for beyond the packages. A package that only another system builds was
// shown.
func (s *state) mayBeConsumed() bool {
	return !s.HasAttr && !slices.ContainsFunc(s.broken, needsOther)
}

// loopUnshown is the loop for pins that no package shows, beside others that one does.
func (d *driver) loopUnshown(ctx context.Context) error {
	others := slices.Concat(d.pins, d.elsewhere)
	locked := inputs(others)
	mayMove := func(p *Move) bool { return p.Input() == nil || slices.Contains(locked, p.Input().Name) }
	there := *d
	there.groups = groups{pins: filter(d.unshown, mayMove), elsewhere: others}
	there.placed, there.beside = false, true
	if len(there.pins) == 0 || d.consumers != nil || !d.mayBeConsumed() {
		return nil
	}
	next, err := there.findConsumers(asked{}, probe.ConsumerFamilies)
	if err = there.follow(ctx, next, err); err != nil {
		return err
	}
	found := filter(there.pins, (*Move).shown)
	d.unshown = filter(d.unshown, func(p *Move) bool {
		return !slices.ContainsFunc(found, func(f *Move) bool { return f.Pin == p.Pin })
	})
	d.pins, d.rounds, d.seen = append(d.pins, found...), there.rounds, there.seen
	return nil
}

// finding takes the consumers of one family; what fails is none.
type finding struct {
	asked
	families [][]string // that are left
}

func (f finding) proceed(s *state, a answer) (request, error) {
	missing := filter(s.pins, func(p *Move) bool { return !p.shown() })
	for _, c := range a.consumers {
		switch { // it may be the one: said only if none shows the pin
		case c.Failure != nil:
			s.unseen = append(s.unseen, probe.Broken{Where: c.Where, Text: c.Failure.Text})
		case c.Drv == "" && configurationName.MatchString(c.Where):
			s.unseen = append(s.unseen, probe.Broken{Where: c.Where, Text: "it throws or an assertion fails"})
		}
		shown, err := s.seeConsumer(a, c, missing)
		if err != nil {
			return nil, err
		}
		if shown {
			s.consumers = append(s.consumers, c.Where)
		}
	}
	return s.findConsumers(f.asked, f.families)
}

// seeConsumer notes what a consumer shows of pins, and reports whether it shows any.
func (s *state) seeConsumer(a answer, c probe.Consumer, pins []*Move) (bool, error) {
	if c.Drv == "" {
		return false, nil
	}
	closure, err := nix.Closure(a.derivation, c.Drv)
	if err != nil {
		return false, fmt.Errorf("find package: read derivations: %w", err)
	}
	any := false
	for _, p := range pins {
		o, sure := s.fixedOutputs(p, closure)
		// Before it is known that the consumer shows the pin, a hash that was found may be another pin's.
		if !sure && !p.shown() || last(o) == "" {
			continue
		}
		o.Where, o.Drv = c.Where, c.Drv
		if o.ModDrv == "" {
			o.ModDrv, o.Mod = modulesOf(closure, o.SrcDrv)
		}
		o.Made = s.madeWith(closure, o)
		if c.Refused {
			s.refused = pin.Union(s.refused, []string{c.Where})
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

// fixedOutputs are those of a closure that have the hashes of a pin. sure reports whether one has a fake, or the hash
// of a file that no other pin brings in.
func (s *state) fixedOutputs(p *Move, closure map[string]*nix.Derivation) (o probe.Output, sure bool) {
	for path, drv := range ordered(closure) {
		promised, _, ok := drv.FixedOutput()
		if !ok {
			continue
		}
		for _, h := range p.hashes {
			if !h.is(promised.SRI()) {
				continue
			}
			sure = sure || h.found == nil || s.onlyOf(p, h)
			if h.Role == pin.Vendor {
				o.ModDrv, o.Mod = path, promised.SRI()
			} else {
				o.SrcDrv, o.Src = path, promised.SRI()
			}
		}
	}
	return o, sure
}

// onlyOf reports whether a release's file has come into the flake by one pin alone: its hash was known beforehand, so
// that there is no fake to tell it by.
func (s *state) onlyOf(p *Move, h *hash) bool {
	if h.Role != pin.ReleaseAsset {
		return false
	}
	for _, known := range s.Found.Pins { // of the flake as it stands, this one included
		for _, f := range known.Fetches {
			if old, written := f.Old(); written && old.Equal(*h.found) {
				return false
			}
		}
	}
	for _, other := range slices.Concat(s.pins, s.elsewhere, s.unshown, s.along) {
		for _, k := range other.hashes {
			if other.Pin != p.Pin && k.found != nil && k.found.Equal(*h.found) {
				return false
			}
		}
	}
	return true
}

// madeWith is the derivation of the package itself: it is no fixed output and is made of those of a pin. Of several, a
// wrapper of the source say, the one with the name of the package is it.
func (s *state) madeWith(closure map[string]*nix.Derivation, o probe.Output) string {
	made := ""
	for path, drv := range ordered(closure) {
		_, ofSource := drv.InputDrvs[o.SrcDrv]
		_, ofModules := drv.InputDrvs[o.ModDrv]
		_, _, fixed := drv.FixedOutput()
		if fixed || !ofSource && !ofModules {
			continue
		}
		if drv.Env["pname"] == s.Found.Package.Name {
			return path
		}
		made = path
	}
	return made
}

// modulesOf is the fixed output that is made of a source: its Go modules.
func modulesOf(closure map[string]*nix.Derivation, source string) (path, hash string) {
	for path, drv := range ordered(closure) {
		promised, _, ok := drv.FixedOutput()
		if _, ofSource := drv.InputDrvs[source]; ok && ofSource && source != "" {
			return path, promised.SRI()
		}
	}
	return "", ""
}

// lookAtConsumers evaluates the consumers as the flake stands now.
func (s *state) lookAtConsumers(then phase) (request, error) {
	values, err := s.candidate()
	s.phase = then
	return lookAt{probe.ConsumerQuestion{
		State: values, Families: slices.Concat(probe.ConsumerFamilies...), Only: s.consumers,
	}}, err
}

// seeConsumers notes what the consumers show.
func (s *state) seeConsumers(a answer) error {
	if a.Failure != nil {
		return s.explain(a)
	}
	for _, c := range a.consumers {
		if _, err := s.seeConsumer(a, c, s.pins); err != nil {
			return err
		}
	}
	return nil
}

// lookedAt builds the last fixed output of a pin by its derivation.
type lookedAt struct{}

func (lookedAt) proceed(s *state, a answer) (request, error) {
	if err := s.seeConsumers(a); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.pins, func(p *Move) bool { return slices.ContainsFunc(p.allHashes(), (*hash).missing) })
	p := s.pins[i] // else there were no round
	target := last(p.Outputs[0])
	if p.waits() {
		target = p.Outputs[0].SrcDrv
	}
	if target == "" {
		return nil, p.error(fmt.Sprintf("find hashes: no dependency of %s has a hash of this pin", p.Outputs[0].Where),
			s.exposeHint(pin.System()))
	}
	s.phase = consumerBuilt{i}
	return s.askToBuild(target), nil
}

// consumerBuilt takes the hash of a pin's fixed output.
type consumerBuilt struct{ pin int }

func (c consumerBuilt) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	accepted, err := s.acceptMismatches(a)
	if err != nil {
		return nil, err
	}
	return s.readSources(weighed{accepted, consumerEnd{c.pin, a}})
}

// consumerEnd says what comes after it.
type consumerEnd struct {
	pin int
	a   answer
}

func (c consumerEnd) next(s *state, found int) (request, error) {
	if found == 0 && c.a.Failure != nil {
		return nil, s.explain(c.a)
	}
	if found == 0 {
		if err := s.keepInherited(s.pins[c.pin]); err != nil {
			return nil, err
		}
	}
	return s.nextRound()
}

// keepInherited ends the search for a hash that the file does not have and that need not be added: the modules were
// built with the one that the overridden package brings.
func (s *state) keepInherited(p *Move) error {
	for _, h := range p.hashes {
		if h.Inherited() && h.missing() {
			h.state = notNeeded
			return nil
		}
	}
	return p.error(fmt.Sprintf("find hashes: no dependency of %s needs what is missing", p.Outputs[0].Where),
		s.exposeHint(pin.System()))
}

// proving sees that the consumers are made with what was found.
type proving struct{}

func (proving) proceed(s *state, a answer) (request, error) {
	if err := s.seeConsumers(a); err != nil {
		return nil, err
	}
	closure, err := s.closure(a)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, drv := range closure {
		if promised, _, ok := drv.FixedOutput(); ok {
			used[promised.SRI()] = true
		}
	}
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.state != notNeeded && h.found != nil && !used[h.found.SRI()] {
				return nil, diag.At(h.slot.Pos,
					fmt.Sprintf("verify: %s is not built with the %s that is pinned here", p.Outputs[0].Where,
						h.slot.Field),
					"another override replaces it; remove that one")
			}
		}
	}
	return proved(0).proceed(s, answer{})
}

// proved builds what was found, pin by pin: those before it are built.
type proved int

func (n proved) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	if a.Failure != nil {
		return nil, s.explain(a)
	}
	if int(n) == len(s.pins) {
		return s.quoteRefused(s.refused)
	}
	s.phase = n + 1
	return s.askToBuild(last(s.pins[n].Outputs[0])), nil
}

// quoteRefused asks for what nixpkgs says of the consumers that the flake's own settings forbid.
func (s *state) quoteRefused(refused []string) (request, error) {
	if len(refused) == 0 {
		return nil, nil
	}
	values, err := s.candidate()
	s.phase = quoted(refused)
	return lookAt{probe.ConsumerQuestion{
		State: values, Families: slices.Concat(probe.ConsumerFamilies...), Only: refused[:1], Strict: true,
	}}, err
}

// quoted are the consumers that are left: the first one's is the answer.
type quoted []string

func (q quoted) proceed(s *state, a answer) (request, error) {
	for _, c := range a.consumers {
		if c.Failure != nil {
			s.say(diag.Warning, "%s does not evaluate with the flake's own settings, with the bump or without it: %s",
				c.Where, c.Failure.Text)
		}
	}
	return s.quoteRefused(q[1:])
}

// last is the last fixed output of a package: its Go modules, or else its source.
func last(o probe.Output) string { return cmp.Or(o.ModDrv, o.SrcDrv) }
