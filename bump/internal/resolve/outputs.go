package resolve

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/nixhash"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// matchOutputs notes, after the first question, which outputs show which pin.
func (s *state) matchOutputs(r asked) (request, error) {
	for i, p := range s.pins {
		p.Outputs = r.a.Shown(i)
	}
	s.once = map[string][]probe.Output{}
	for _, where := range r.a.Looked {
		s.once[where] = slices.DeleteFunc(slices.Clone(r.a.Outputs), func(o probe.Output) bool {
			return !isBelow(o, where)
		})
	}
	if slices.ContainsFunc(s.pins, (*Move).shown) || s.showsRelease(r.a.Answer) {
		return s.leaveUnshown(r)
	}
	if !s.mayBeConsumed() {
		return s.nothingShows(r)
	}
	return s.findConsumers(r, probe.ConsumerFamilies)
}

// leaveUnshown drops the pins that no output shows: a copy that nothing evaluates cannot be proved.
func (s *state) leaveUnshown(r asked) (request, error) {
	s.unshown = append(s.unshown, filter(s.pins, func(p *Move) bool { return !p.shown() })...)
	s.pins, s.placed = filter(s.pins, (*Move).shown), true
	for _, p := range s.pins {
		p.Consumed = s.consumers != nil
		for _, h := range p.hashes {
			if h.Inherited() {
				inherit(p.Outputs[0], h)
			}
		}
	}
	s.phase = first(r)
	return matched{}, nil
}

// first goes on with the first answer, when the inputs are locked for the pins that it shows and for no others.
type first asked

func (f first) proceed(s *state, a answer) (request, error) {
	s.lock = a.lock
	if s.consumers != nil {
		return s.nextRound()
	}
	return s.weigh(asked(f), true)
}

// lookAgain takes over what a question about all outputs shows of the pins.
func (s *state) lookAgain(q probe.Question, a probe.Answer) {
	for i, p := range s.pins {
		var first, others []probe.Output
		for _, o := range a.Shown(i) {
			if s.isOfAnother(p, o) {
				continue
			}
			if o.Where == q.Pins[i].First {
				first = append(first, o)
			} else {
				others = append(others, o)
			}
		}
		for _, o := range p.Outputs {
			if slices.ContainsFunc(q.Skip, func(where string) bool { return isBelow(o, where) }) {
				others = append(others, o)
			}
		}
		if len(first)+len(others) > 0 {
			p.Outputs = append(first, others...)
		}
	}
	for _, o := range s.allOutputs(q, a) {
		if len(o.Pins) == 0 && strings.HasSuffix(o.Where, s.Found.Package.Option) && o.Version != "" &&
			o.Version != string(s.Release.Version) && !slices.Contains(s.warned, o.Where) {
			s.warned = append(s.warned, o.Where)
			s.say(diag.Warning, "%s is another package, version %s, which this pin does not move", o.Where, o.Version)
		}
	}
}

// isOfAnother reports whether an output shows a pin only by a source that it has in common with another pin: its
// modules are the other one's.
func (s *state) isOfAnother(p *Move, o probe.Output) bool {
	has := func(p *Move) bool {
		h := p.hash(pin.Vendor)
		return h != nil && !h.Inherited() && h.is(o.Mod)
	}
	return o.Mod != "" && !has(p) && slices.ContainsFunc(o.Pins, func(id int) bool { return has(s.pins[id]) })
}

// isBelow reports whether an output is one of a configuration.
func isBelow(o probe.Output, configuration string) bool {
	return strings.HasPrefix(o.Where, configuration+".")
}

// allOutputs are what an answer shows, and what the configurations showed that its question passed over.
func (s *state) allOutputs(q probe.Question, a probe.Answer) []probe.Output {
	all := slices.Clone(a.Outputs)
	for _, where := range q.Skip {
		all = append(all, s.once[where]...)
	}
	return all
}

// showsRelease reports whether the flake is at the release already, but for copies that no output reaches:
// another pin is not behind, and some output shows the release.
func (s *state) showsRelease(a probe.Answer) bool {
	return s.someCurrent() &&
		slices.ContainsFunc(a.Outputs, func(o probe.Output) bool { return o.Version == string(s.Release.Version) })
}

// someCurrent reports whether the flake has pins besides those of the plan, which are at the release.
func (s *state) someCurrent() bool { return len(s.Plan.Pins) < len(s.Found.Pins) }

// inherit notes the hash that an overridden package brings. Without a goModules there is nothing that needs one.
func inherit(first probe.Output, h *hash) {
	if first.ModDrv == "" {
		h.state = notNeeded
		return
	}
	if brought, err := nixhash.Parse(first.Mod, "sha256"); err == nil {
		h.inherited = &brought
	}
}

// needsOther reports whether an output needs a build on another system.
func needsOther(b probe.Broken) bool { return b.Kind == nix.WrongSystem }

// neededSystem is the system that Nix misses: a 'X' with features … is required, or Required system: 'X'.
var neededSystem = regexp.MustCompile(`(?:Required system: '|a ')([a-z0-9_]+-[a-z]+)'`)

// nothingShows ends a bump that shows in no output. First it finds out why a configuration does not evaluate: what a
// module system throws is caught as long as another output may show the pin, and its message is lost.
func (s *state) nothingShows(r asked) (request, error) {
	if len(s.broken) > 0 {
		return nil, s.notShown(r.a.Answer)
	}
	s.phase = strict{r.a.Answer}
	r.q.Strict = true
	return ask{r.q}, nil
}

// strict takes what the first configuration that does not evaluate says.
type strict struct{ first probe.Answer }

func (r strict) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	if fail := probe.Failed(a.Failure); fail != nil && probe.Evaluation(fail) && !a.NoneShown && a.Last != "" {
		s.broken = append(s.broken, probe.Broken{Where: a.Last, Kind: fail.Kind, Text: fail.Text})
	}
	return s.lookOnOthers(r.first, pin.OtherSystems())
}

// lookOnOthers looks for the pins among the packages of other systems, one after the other: a flake may be for those
// alone. Configurations were looked at, whatever system they are for.
func (s *state) lookOnOthers(first probe.Answer, systems []string) (request, error) {
	if s.HasAttr || len(systems) == 0 || len(s.broken) > 0 || s.pins[0].Systems != nil {
		return nil, s.notShown(first)
	}
	q, err := s.ofPins(systems[0])
	q.Skip = pin.Union(q.Skip,
		[]string{"overlays", "nixosConfigurations", "darwinConfigurations", "homeConfigurations"})
	s.phase = onOther{first, systems}
	return ask{q}, err
}

// onOther takes what the packages of the first of other systems show.
type onOther struct {
	first   probe.Answer
	systems []string
}

func (o onOther) proceed(s *state, a answer) (request, error) {
	var here []*Move // that must be built
	for i, p := range s.pins {
		outputs := a.Shown(i)
		switch {
		case len(outputs) == 0:
		case p.builds():
			return nil, p.error(fmt.Sprintf("find package: only %s shows this pin, and this machine is %s",
				outputs[0].Where, pin.System()),
				"run ollama-bump on a machine of that system, or give Nix a builder of it: "+
					"Options.NixArgs=--builders …")
		default:
			p.only = o.systems[:1]
			s.elsewhere = append(s.elsewhere, p)
			continue
		}
		here = append(here, p)
	}
	switch s.pins = here; {
	case len(here) == 0:
		return nil, nil // lookElsewhere proves them
	case len(s.elsewhere) > 0:
		s.unshown, s.pins = append(s.unshown, here...), nil
		return nil, nil
	}
	return s.lookOnOthers(o.first, o.systems[1:])
}

// notShown is the error of a bump that shows in no output.
func (s *state) notShown(a probe.Answer) error {
	p := s.pins[0]
	if i := slices.IndexFunc(s.broken, needsOther); i >= 0 {
		system := "another system"
		if m := neededSystem.FindStringSubmatch(s.broken[i].Text); m != nil {
			system = m[1]
		}
		e := p.error(fmt.Sprintf("find package: %s can only be built on %s, and this machine is %s", s.broken[i].Where,
			system, pin.System()),
			"run ollama-bump on a machine of that system, or give Nix a builder of it: Options.NixArgs=--builders …")
		e.Err = a.Failure
		return e
	}
	if e := s.knownToBreak(); e != nil {
		e.Err = a.Failure
		return e
	}
	var tried, failed []string
	for _, o := range a.Outputs {
		if o.Version != "" {
			tried = append(tried, fmt.Sprintf("%s (%s)", o.Where, o.Version))
		}
	}
	for _, b := range s.broken {
		failed = append(failed, fmt.Sprintf("%s does not evaluate: %s", b.Where, b.Text))
	}
	for _, b := range s.unseen {
		if !slices.ContainsFunc(s.broken, func(known probe.Broken) bool { return known.Where == b.Where }) {
			failed = append(failed, fmt.Sprintf("%s does not evaluate: %s", b.Where, b.Text))
		}
	}
	slices.Sort(failed)
	text := fmt.Sprintf("find package: no output of the flake shows %s %s after the edit", s.Found.Package.Name,
		s.Release.Version)
	if len(tried) > 0 {
		text += "; tried " + strings.Join(diag.Limit(tried, 12), ", ")
	}
	if len(failed) > 0 {
		text += "; " + strings.Join(diag.Limit(failed, 4), "; ")
	}
	if f := probe.Failed(a.Failure); f != nil && !a.NoneShown && len(failed) == 0 {
		text += "; " + f.Text
	}
	hint := s.exposeHint(pin.System())
	if len(failed) > 0 {
		hint = advise(strings.Join(failed, "\n"), "see that it evaluates as it is, without the bump, or "+hint)
	}
	if s.HasAttr {
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

// exposeHint says what makes a pin visible. Every package was looked at, so it is none that Options.Attr could name
// among them; another output may hold it.
func (s *state) exposeHint(system string) string {
	return fmt.Sprintf("expose the package that this pin makes, packages.%s.%s = … for example, so that the bump can "+
		"be verified, or name the output that holds it with Options.Attr",
		system, s.Found.Package.Name)
}

// doesNotEvaluate is the error of a package that shows a pin and fails wherever it is looked at.
func (s *state) doesNotEvaluate(a answer, fail *nix.Failure) error {
	err := s.explain(a)
	var e *diag.Error
	if !errors.As(err, &e) || e.File != "" || fail.Kind == nix.OldForNixpkgs {
		return err
	}
	for _, p := range s.pins {
		if slices.ContainsFunc(p.Outputs, func(o probe.Output) bool { return o.Where == a.Last }) {
			at := p.error(fmt.Sprintf("find package: %s does not evaluate: %s", a.Last, fail.Text),
				advise(fail.Text, e.Hint))
			at.Err = a.Failure
			return at
		}
	}
	return err
}

// checkTookEffect checks that the edits took effect, in every output that shows a pin: the new version, and
// the hashes that stand in the files. It takes over the derivations that were evaluated now: they change with
// every hash that is put in.
func (s *state) checkTookEffect(a probe.Answer) error {
	for _, p := range s.pins {
		for i, o := range p.Outputs {
			if now := a.Output(o.Where); now.Where != "" {
				o = now
				p.Outputs[i] = now
			}
			if err := s.checkOutput(p, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *state) checkOutput(p *Move, o probe.Output) error {
	want := p.Shown(s.Release.Version)
	if want != "" && o.Version != "" && o.Version != want {
		return p.error(fmt.Sprintf("verify: %s is still version %s after the edit", o.Where, o.Version),
			"the version that is pinned here is not the package's; set it in the same overrideAttrs")
	}
	if h := p.hash(pin.Source); h != nil && o.Src != "" && !h.is(o.Src) {
		return p.error(fmt.Sprintf("verify: the source of %s has the hash %s, not the one that is pinned here", o.Where,
			o.Src),
			"another override replaces src; remove that one")
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
// tag from the final attributes fetches the old one, whatever the override says, and its hash is found without error.
func (s *state) checkSources() error {
	for _, p := range s.pins {
		h := p.hash(pin.Source)
		if _, isTag := p.Origin.(pin.Tag); !isTag || h == nil {
			continue
		}
		for _, url := range downloads(h.drv) {
			if strings.Contains(url, "/archive/") && !strings.Contains(url, string(s.Release.Version)) {
				return diag.At(h.slot.Pos, fmt.Sprintf("verify: the source is still fetched from %s", url),
					"before nixpkgs of 2026 overrideAttrs does not move a fetcher's tag: write old.src.override "+
						"{ tag = …; hash = …; }")
			}
		}
	}
	return nil
}
