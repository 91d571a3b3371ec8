package resolve

import (
	"fmt"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// maxRounds bounds the loop: each round yields at least one hash, and old versions of Nix report
// only one a round.
const maxRounds = 24

// step takes an answer to the last request. It returns what is known then and the next request, nil when every hash is
// found and proved.
func step(s state, a answer) (state, request, error) {
	s = s.clone()
	next, err := s.phase.proceed(&s, a)
	return s, next, err
}

// A phase is how the next answer is understood. It holds what only that phase needs to know. The state is a copy that
// proceed changes.
type phase interface {
	proceed(s *state, a answer) (request, error)
}

// An answer is what the driver returns for a request: to most of them the answer of Nix, with what else must be read
// to understand it.
type answer struct {
	probe.Answer
	explained   error                      // Failure, with a place
	derivations map[string]*nix.Derivation // what the outputs that show pins are made of, where that is asked
	consumers   []probe.Consumer
	sources     map[string]*source
	commit      string
	lock        []byte
}

// derivation returns one of the derivations that were read.
func (a answer) derivation(path string) (*nix.Derivation, error) {
	if d := a.derivations[path]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("%s was not read", path)
}

// nextRound puts fakes in, or what was found, and asks.
func (s *state) nextRound() (request, error) {
	if s.rounds == maxRounds {
		return nil, &diag.Error{
			Text: "find hashes: Nix keeps reporting other hashes",
			Hint: "the source may not be reproducible; run again with -v",
		}
	}
	if s.consumers != nil && s.complete() {
		return s.lookAtConsumers(proving{})
	}
	s.rounds++
	s.say(diag.Step, "round %d: %s", s.rounds, s.missing())
	if s.consumers != nil {
		return s.lookAtConsumers(lookedAt{})
	}
	q, err := s.question()
	s.phase = round{q}
	return ask{q}, err
}

// round takes hashes out of an answer.
type round struct{ q probe.Question }

func (r round) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	fail := probe.Failed(a.Failure)
	switch {
	case s.acceptEvalFetch(fail):
		return s.nextRound()
	case fail != nil && probe.Evaluation(fail) && len(r.q.Whole) > 0 && !a.NoneShown:
		return s.askOriginal([]string{a.Last}, fails{a.Last, fail})
	case fail != nil && len(a.Outputs) == 0 && !a.NoneShown:
		return nil, s.explain(a)
	case !s.placed:
		return s.matchOutputs(asked{r.q, a})
	}
	return s.weigh(asked{r.q, a}, false)
}

// asked is an answer of a round, with its question.
type asked struct {
	q probe.Question
	a answer
}

// weigh accepts the hashes of an answer whose outputs are known to show the pins.
func (s *state) weigh(r asked, first bool) (request, error) {
	if len(s.pins) == 0 {
		return nil, nil
	}
	if r.q.All {
		s.lookAgain(r.q, r.a.Answer)
	}
	if err := s.checkTookEffect(r.a.Answer); err != nil {
		return nil, err
	}
	accepted, err := s.acceptMismatches(r.a)
	if err != nil {
		return nil, err
	}
	return s.readSources(weighed{found: accepted, then: roundEnd{r, first}})
}

// roundEnd says what comes after a round.
type roundEnd struct {
	asked
	first bool
}

func (r roundEnd) next(s *state, found int) (request, error) {
	fail := probe.Failed(r.a.Failure)
	// A hash that was found may be all that was wrong, whatever else failed: the next round shows what is left.
	switch {
	case found > 0:
		return s.nextRound()
	case fail != nil && probe.Evaluation(fail) && len(r.a.Output(r.a.Last).Pins) > 0:
		return nil, s.doesNotEvaluate(r.a, fail)
	case r.a.NoneShown:
		return nil, s.notShown(r.a.Answer)
	case fail != nil && s.addCompanion(r.a, fail):
		return s.nextRound()
	case fail != nil:
		return nil, s.explain(r.a)
	case r.first && s.inherits():
		return s.nextRound() // the hash that may have to be added was not looked for yet
	case !r.a.Built:
		return nil, s.unexplained(r.a.Mismatches)
	}
	return s.finish(r.asked)
}

// inherits reports whether a pin may need a hash that its file does not have.
func (s *state) inherits() bool {
	for _, p := range s.pins {
		for _, h := range p.hashes {
			if h.Inherited() && h.state != notNeeded {
				return true
			}
		}
	}
	return false
}

// finish ends the loop when everything was built with real hashes.
func (s *state) finish(r asked) (request, error) {
	for _, p := range s.pins {
		for _, h := range p.allHashes() {
			if h.missing() { // one at a time: what is found for it may bring others along
				return s.deepen(p, h, r.a)
			}
		}
	}
	if err := s.checkSources(); err != nil {
		return nil, err
	}
	return s.checkRegressions(r)
}

// deepen finds a hash that neither src nor goModules needs: the next question evaluates the whole package, which
// shows the fixed outputs that only its build phases use; those are then built by themselves.
func (s *state) deepen(p *Move, h *hash, a answer) (request, error) {
	if s.depth == probe.Sources {
		s.depth = probe.Packages
		return s.nextRound()
	}
	closure, err := s.closure(a)
	if err != nil {
		return nil, err
	}
	for path, drv := range ordered(closure) {
		promised, _, ok := drv.FixedOutput()
		if !ok || !promised.Equal(h.fake) {
			continue
		}
		s.phase = deepened{}
		return s.askToBuild(path), nil
	}
	return nil, diag.At(h.slot.Pos,
		fmt.Sprintf("find hashes: nothing that %s evaluates on %s uses this %s", p.Outputs[0].Where, pin.System(),
			h.slot.Field),
		"if it is for another system, run ollama-bump on a machine of that system")
}

// askToBuild builds a derivation that an answer named. The flake is not evaluated for it.
func (s *state) askToBuild(drv string) request {
	return ask{probe.Question{
		System: pin.System(), Build: probe.Build{Derivation: drv, NixVersion: s.nixVersion},
	}}
}

// deepened takes the hash of a fixed output that was built by itself.
type deepened struct{}

func (deepened) proceed(s *state, a answer) (request, error) {
	s.note(a.Answer)
	accepted, err := s.acceptMismatches(a)
	switch {
	case err != nil:
		return nil, err
	case accepted > 0:
		return s.nextRound()
	case a.Failure != nil:
		return nil, s.explain(a)
	}
	return nil, s.unexplained(a.Mismatches)
}
