package resolve

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

func texts(said []event) (list []string) {
	for _, e := range said {
		list = append(list, e.text)
	}
	return list
}

func TestLastLookAtTheOutputs(t *testing.T) {
	one, two := moving([]string{"packages.first", "packages.gone"}), moving([]string{"packages.two"})
	s := stateOf(one, two)
	q := probe.Question{Pins: []probe.Pin{{First: "packages.first"}, {First: "packages.two"}}}
	option := "nixosConfigurations.host." + pin.Ollama.Option
	a := probe.Answer{Outputs: []probe.Output{
		{Where: "packages.new", Pins: []int{0}, Version: "0.32.15"},
		{Where: "packages.first", Pins: []int{0}, Version: "0.32.15"},
		{Where: option, Version: "0.32.9"},
		{Where: "nixosConfigurations.current." + pin.Ollama.Option, Version: "0.32.15"},
		{Where: "nixosConfigurations.off." + pin.Ollama.Option},
		{Where: "packages.another", Version: "0.32.9"},
	}}
	s.lookAgain(q, a)
	assert.Equal(t, []string{"packages.first", "packages.new"}, []string{one.Outputs[0].Where, one.Outputs[1].Where})
	assert.Len(t, one.Outputs, 2)
	assert.Equal(t, "packages.two", two.Outputs[0].Where, "what the question was not about stays")
	s.lookAgain(q, a)
	assert.Equal(t, []string{option + " is another package, version 0.32.9, which this pin does not move"},
		texts(s.said))
	a.Outputs[2].Pins = []int{1}
	s.warned = nil
	s.lookAgain(q, a)
	assert.Len(t, s.said, 1)
	assert.Equal(t, option, two.Outputs[0].Where)
}

func TestFlakeThatShowsTheRelease(t *testing.T) {
	s := stateOf(moving(nil))
	current := probe.Answer{Outputs: []probe.Output{{Version: "0.32.13"}, {Version: "0.32.15"}}}
	assert.False(t, s.showsRelease(current), "its only pin is behind")
	s.Found.Pins = append(s.Found.Pins, &pin.Pin{})
	assert.True(t, s.showsRelease(current))
	assert.False(t, s.showsRelease(probe.Answer{Outputs: current.Outputs[:1]}))
}

func TestMessagesWhenNothingShowsThePin(t *testing.T) {
	const start = "find package: no output of the flake shows ollama 0.32.15 after the edit"
	fail := &nix.Failure{Kind: nix.Eval, Text: "boom"}
	for _, tt := range []struct {
		name       string
		change     func(s *state, a *probe.Answer)
		text, hint string
	}{
		{"no outputs", func(*state, *probe.Answer) {}, start, "expose the package that this pin makes"},
		{
			"outputs of other versions",
			func(_ *state, a *probe.Answer) { a.Outputs = []probe.Output{{Where: "a", Version: "1"}, {Where: "b"}} },
			start + "; tried a (1)", "expose the package that this pin makes",
		},
		{"a failure", func(_ *state, a *probe.Answer) { a.Failure = fail }, start + "; boom", "expose"},
		{
			"a failure for that reason",
			func(_ *state, a *probe.Answer) { a.Failure, a.NoneShown = fail, true }, start, "expose",
		},
		{
			"a failure of what does not evaluate",
			func(s *state, a *probe.Answer) {
				s.broken, a.Failure = []probe.Broken{{Where: "x", Text: "bang"}}, fail
			},
			start + "; x does not evaluate: bang", "see that it evaluates as it is",
		},
		{
			"consumers that do not evaluate",
			func(s *state, _ *probe.Answer) {
				s.broken = []probe.Broken{{Where: "x", Text: "bang"}}
				s.unseen = []probe.Broken{{Where: "x", Text: "other"}, {Where: "a", Text: "Failed assertions: no"}}
			},
			start + "; a does not evaluate: Failed assertions: no; x does not evaluate: bang",
			"correct the configuration, as its assertion says",
		},
		{
			"a pin of another system",
			func(s *state, _ *probe.Answer) { s.pins[0].Systems = []string{"riscv64-linux"} },
			start + "; the flake has this pin for riscv64-linux only", "run ollama-bump on a machine of that system",
		},
		{
			"a package that was named",
			func(s *state, _ *probe.Answer) { s.HasAttr = true }, start, "Options.Attr must name a package",
		},
		{
			"a build of another system",
			func(s *state, _ *probe.Answer) {
				s.broken = []probe.Broken{{Where: "x", Text: "no", Kind: nix.WrongSystem}}
			},
			"find package: x can only be built on another system, and this machine is " + pin.System(),
			"run ollama-bump",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, a := stateOf(moving(nil)), probe.Answer{}
			tt.change(s, &a)
			var e *diag.Error
			require.ErrorAs(t, s.notShown(a), &e)
			assert.Equal(t, tt.text, e.Text)
			assert.Contains(t, e.Hint, tt.hint)
		})
	}
}

// What a module system throws was caught; it is asked for once, unless something else says why.
func TestReasonIsAskedForOnce(t *testing.T) {
	s := stateOf(moving(nil))
	next, err := s.nothingShows(asked{q: probe.Question{System: "x"}})
	require.NoError(t, err)
	assert.Equal(t, ask{probe.Question{System: "x", Strict: true}}, next)
	s.broken = []probe.Broken{{Where: "x", Text: "bang"}}
	_, err = s.nothingShows(asked{})
	require.ErrorContains(t, err, "x does not evaluate: bang")

	for _, a := range []answer{
		{Answer: probe.Answer{}},
		{Answer: probe.Answer{Failure: &nix.Failure{Kind: nix.Eval, Text: "boom"}}},
		{Answer: probe.Answer{Failure: &nix.Failure{Kind: nix.Eval, Text: "boom"}, Last: "host", NoneShown: true}},
		{Answer: probe.Answer{Failure: &nix.Failure{Kind: nix.Builder, Text: "boom"}, Last: "host"}},
	} {
		s, asked := stateOf(moving(nil)), []string{}
		next, err := strict{}.proceed(s, a)
		for err == nil { // then the packages of other systems are looked at
			asked = append(asked, next.(ask).q.System)
			next, err = s.phase.proceed(s, answer{})
		}
		assert.Equal(t, pin.OtherSystems(), asked)
		require.ErrorContains(t, err, "no output of the flake shows")
		assert.NotContains(t, err.Error(), "boom")
	}
	_, err = strict{}.proceed(stateOf(moving(nil)), answer{
		Answer: probe.Answer{Failure: &nix.Failure{Kind: nix.Eval, Text: "boom"}, Last: "host"},
	})
	require.ErrorContains(t, err, "host does not evaluate: boom")
}

// The probe's own words, with their nonce, are no message.
func TestOutputsThatShowNothingAnyMore(t *testing.T) {
	fail := &nix.Failure{Kind: nix.Eval, Text: "0123456789abcdef no output shows the new version"}
	end := roundEnd{asked: asked{a: answer{Answer: probe.Answer{Failure: fail, NoneShown: true}, explained: fail}}}
	_, err := end.next(stateOf(moving([]string{"packages.x.ollama"})), 0)
	require.ErrorContains(t, err, "find package: no output of the flake shows ollama")
	assert.NotContains(t, err.Error(), "0123456789abcdef")
}

// What only the packages of another system show is proved there when it needs no build, and else refused by name.
func TestPackagesOfAnotherSystemAlone(t *testing.T) {
	shown := answer{Answer: probe.Answer{Outputs: []probe.Output{{Where: "packages.other.p", Pins: []int{0}}}}}
	p := moving(nil)
	s := stateOf(p)
	next, err := onOther{systems: []string{"other"}}.proceed(s, shown)
	require.ErrorContains(t, err, "only packages.other.p shows this pin, and this machine is "+pin.System())
	assert.Nil(t, next)
	p.hashes = []*hash{{Fetch: &pin.Fetch{Role: pin.ReleaseAsset}, by: Digest}}
	s = stateOf(p)
	next, err = onOther{systems: []string{"other"}}.proceed(s, shown)
	require.NoError(t, err)
	assert.Nil(t, next)
	assert.Empty(t, s.pins)
	require.Len(t, s.elsewhere, 1)
	assert.Equal(t, []string{"other"}, s.elsewhere[0].systems())
}

func TestVariantsThatAreHalfMoved(t *testing.T) {
	s := stateOf(moving([]string{"packages.x.ollama"}))
	s.unshown = []*Move{{Pin: &pin.Pin{Definition: pin.Definition{Names: []string{"mine"}}}}}
	a := probe.Answer{Outputs: []probe.Output{
		{Where: "packages.x.ollama", Pname: "ollama", Version: "0.32.15", Pins: []int{0}},
		{Where: "packages.x.named", Pname: "ollama", Version: "0.32.15"},
		{Where: "packages.x.mine", Pname: "other", Version: "v0.32.15"},
		{Where: "packages.x.ollama-cuda", Pname: "other", Version: "0.32.15"},
		{Where: "packages.x.other", Pname: "other", Version: "0.32.15"},
		{Where: "packages.x.old", Pname: "ollama", Version: "0.32.13"},
	}}
	var names []string
	for _, o := range s.others(a.Outputs) {
		names = append(names, o.Where)
	}
	assert.Equal(t, []string{"packages.x.named", "packages.x.mine", "packages.x.ollama-cuda"}, names)
}

func TestSuspicionIsLookedInto(t *testing.T) {
	whole := func() (*state, asked) {
		s := stateOf(moving([]string{"packages.x.ollama"}, given(pin.Source, "src hash")))
		return s, asked{
			probe.Question{Whole: []string{"packages.x.ollama"}, All: true},
			answer{Answer: probe.Answer{Outputs: []probe.Output{
				{Where: "packages.x.ollama", Pname: "ollama", Drv: "/nix/store/x.drv", Pins: []int{0}},
			}}},
		}
	}
	s, r := whole()
	next, err := s.checkRegressions(r)
	require.NoError(t, err)
	assert.Nil(t, next)

	half := probe.Output{Where: "packages.x.b", Pname: "ollama", Version: "0.32.15", Src: sum("old").SRI()}
	r.a.Outputs = append(r.a.Outputs, half)
	next, err = s.checkRegressions(r)
	require.NoError(t, err)
	require.IsType(t, ask{}, next)
	assert.Equal(t, []string{"packages.x.b"}, next.(ask).q.Only)
	was := half
	was.Version = "0.32.13"
	_, err = s.phase.proceed(s, answer{Answer: probe.Answer{Outputs: []probe.Output{was}}})
	require.ErrorContains(t, err,
		"packages.x.b gets version 0.32.15 from this pin, but keeps the hash "+half.Src+" of 0.32.13")
	for name, change := range map[string]func(*probe.Output){
		"it was at the release": func(o *probe.Output) { o.Version = "0.32.15" },
		"it was not there":      func(o *probe.Output) { o.Version = "" },
		"its source moved":      func(o *probe.Output) { o.Src = sum("older").SRI() },
	} {
		was := was
		change(&was)
		next, err = s.phase.proceed(s, answer{Answer: probe.Answer{Outputs: []probe.Output{was}}})
		require.NoError(t, err, name)
		assert.Nil(t, next, name)
	}
	r.a.Outputs[1].Src = s.pins[0].hashes[0].found.SRI()
	next, err = s.checkRegressions(r)
	require.NoError(t, err)
	assert.Nil(t, next, "it has the hash that the bump wrote")

	s, r = whole()
	r.a.Outputs[0].Drv = ""
	next, err = s.checkRegressions(r)
	require.NoError(t, err)
	assert.Equal(t, []string{"packages.x.ollama"}, next.(ask).q.Whole)
	r.a.Outputs = append(r.a.Outputs, half)
	next, err = s.checkRegressions(r)
	require.NoError(t, err)
	assert.Equal(t, []string{"packages.x.ollama", "packages.x.b"}, next.(ask).q.Only, "both are looked into")
}

// A package that the flake's own settings forbid is asked for again, for what nixpkgs says.
func TestRefusedPackagesAreQuoted(t *testing.T) {
	s := stateOf(moving(nil), moving([]string{"packages.a", "packages.b"}), moving([]string{"packages.c"}))
	next, err := refused{[]string{"packages.b", "packages.a", "packages.c"}}.next(s)
	require.NoError(t, err)
	assert.Equal(t, []string{"packages.a"}, next.(ask).q.Only, "the first output of a pin")
	assert.Equal(t, []int{1}, next.(ask).q.Build.Package)
	next, err = s.phase.proceed(s, answer{Answer: probe.Answer{Failure: &nix.Failure{Kind: nix.Eval, Text: "unfree"}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"packages.c"}, next.(ask).q.Only)
	assert.Equal(t, []int{2}, next.(ask).q.Build.Package)
	broken := &nix.Failure{Kind: nix.Builder, Text: "broken"}
	next, err = s.phase.proceed(s, answer{Answer: probe.Answer{Failure: broken}})
	require.NoError(t, err)
	assert.Nil(t, next)
	assert.Equal(t, []string{
		"packages.a does not evaluate with the flake's own settings, with the bump or without it: unfree",
	}, texts(s.said))
}

func TestConsumersAreLookedFor(t *testing.T) {
	families := [][]string{{"devShells"}, {"checks"}}
	s := stateOf(moving(nil))
	next, err := s.findConsumers(asked{}, families)
	require.NoError(t, err)
	assert.Equal(t, families[0], next.(lookAt).q.Families)
	next, err = s.phase.proceed(s, answer{consumers: []probe.Consumer{
		{Where: "devShells.x", Failure: &nix.Failure{Text: "boom"}},
	}})
	require.NoError(t, err)
	assert.Equal(t, families[1], next.(lookAt).q.Families)
	next, err = s.phase.proceed(s, answer{})
	require.NoError(t, err)
	assert.True(t, next.(ask).q.Strict, "nothing shows the pin")
	assert.Equal(t, []probe.Broken{{Where: "devShells.x", Text: "boom"}}, s.unseen)

	s.beside = true
	next, err = s.findConsumers(asked{}, nil)
	require.NoError(t, err)
	assert.Nil(t, next)

	s = stateOf(moving([]string{"checks.x"}))
	s.consumers = []string{"checks.x"}
	next, err = s.findConsumers(asked{}, families)
	require.NoError(t, err)
	assert.Equal(t, matched{}, next, "all pins are shown")
	assert.True(t, s.pins[0].Consumed)
}

// asker answers each question alike.
type asker struct {
	replay
	answer probe.Answer
}

func (a *asker) Ask(_ context.Context, q probe.Question) (probe.Answer, error) {
	a.asked = append(a.asked, q)
	return a.answer, nil
}

func driverOf(a *asker, pins ...*Move) *driver {
	return &driver{
		Tools: Tools{Asker: a, Store: a, Upstream: a, Log: func(diag.EventKind, string, ...any) {}},
		state: *stateOf(pins...),
	}
}

func TestPinsOfOtherSystems(t *testing.T) {
	digest := func(systems ...string) *Move {
		h := given(pin.ReleaseAsset, "asset hash")
		h.by = Digest
		p := moving(nil, h)
		p.Systems = systems
		return p
	}
	built := digest("aarch64-linux")
	built.hashes[0].by = Nix
	here, there := digest(), digest("aarch64-darwin", "x86_64-darwin")
	s := stateOf(here, there, built)
	s.setApart()
	assert.Equal(t, []*Move{here, built}, s.pins)
	assert.Equal(t, []*Move{there}, s.elsewhere)

	a := &asker{}
	d := driverOf(a)
	d.elsewhere = []*Move{there}
	require.NoError(t, d.loop(t.Context()))
	assert.Empty(t, a.asked, "this system shows none")

	require.EqualError(t, d.lookElsewhere(t.Context()),
		"find package: no output of the flake for aarch64-darwin or x86_64-darwin shows ollama 0.32.15 after the edit")
	assert.Len(t, a.asked, 2)
	assert.True(t, a.asked[0].All)
	d.elsewhere, d.Found.Pins = []*Move{there}, []*pin.Pin{{}}
	require.NoError(t, d.lookElsewhere(t.Context()), "another pin is at the release")
	assert.Equal(t, []*Move{there}, d.unshown)
	d = driverOf(a, here)
	d.elsewhere = []*Move{there}
	require.NoError(t, d.lookElsewhere(t.Context()), "this system shows another one")
	assert.Equal(t, []*Move{there}, d.unshown)

	a.answer.Outputs = []probe.Output{{Where: "packages.x", Pins: []int{0}, Version: "0.32.15"}}
	d = driverOf(a)
	d.elsewhere, a.asked = []*Move{there}, nil
	require.NoError(t, d.lookElsewhere(t.Context()))
	assert.Equal(t, []*Move{there}, d.pins)
	assert.Empty(t, d.unshown)
	require.Len(t, a.asked, 1, "the second system need not be looked at")
	assert.Equal(t, "aarch64-darwin", a.asked[0].System)
	a.answer.Failure = &nix.Failure{Text: "boom"}
	d.elsewhere = []*Move{there}
	require.ErrorContains(t, d.lookElsewhere(t.Context()), "explained: ")
}

func TestArchivesOfOtherSystems(t *testing.T) {
	archive := looked(pin.ReleaseAsset, "asset hash")
	archive.elsewhere = true
	d := driverOf(&asker{}, moving(nil, archive))
	assert.Equal(t, []*hash{archive}, d.unpacked())
	for name, change := range map[string]func(*hash){
		"it is found":              func(h *hash) { h.found = &h.fake },
		"it is a file":             func(h *hash) { h.Flat = true },
		"this system has it":       func(h *hash) { h.elsewhere = false },
		"it is no release's asset": func(h *hash) { h.Role = pin.Source },
	} {
		other, fetch := *archive, *archive.Fetch
		other.Fetch = &fetch
		change(&other)
		a := &asker{}
		d := driverOf(a, moving(nil, &other))
		assert.Empty(t, d.unpacked(), name)
		require.NoError(t, d.unpackElsewhere(t.Context()), name)
		assert.Empty(t, a.asked, name)
	}
	require.ErrorContains(t, d.unpackElsewhere(t.Context()), "is that of an unpacked archive for another system")
}

// A step is told what the outputs are made of where it may need that: after a mismatch, a failure, or a look at all
// that the packages need.
func TestAnswersAreComplemented(t *testing.T) {
	a := &asker{}
	a.drvs = map[string]*nix.Derivation{}
	for _, name := range []string{"shown", "other", "known", "failed"} {
		a.drvs["/nix/store/"+name+".drv"] = &nix.Derivation{Path: "/nix/store/" + name + ".drv"}
	}
	p := moving([]string{"packages.known"})
	p.Outputs[0].Drv = "/nix/store/known.drv"
	d := driverOf(a, p)
	of := func(given probe.Answer) (names []string) {
		given.Outputs = []probe.Output{
			{Where: "packages.shown", Pins: []int{0}, SrcDrv: "/nix/store/shown.drv"},
			{Where: "packages.other", SrcDrv: "/nix/store/other.drv"},
		}
		for path := range d.complement(t.Context(), given).derivations {
			names = append(names, path)
		}
		return names
	}
	outputs := []string{"/nix/store/shown.drv", "/nix/store/known.drv"}
	assert.Empty(t, of(probe.Answer{}))
	assert.ElementsMatch(t, outputs, of(probe.Answer{Mismatches: []nix.Mismatch{{}}}))
	assert.ElementsMatch(t, outputs, of(probe.Answer{Failure: &nix.Failure{}}))
	assert.ElementsMatch(t, append(outputs, "/nix/store/failed.drv"),
		of(probe.Answer{Failure: &nix.Failure{Derivation: "/nix/store/failed.drv"}}))
	d.depth = probe.Packages
	assert.ElementsMatch(t, outputs, of(probe.Answer{}))
	assert.NoError(t, d.complement(t.Context(), probe.Answer{}).explained)
	explained := d.complement(t.Context(), probe.Answer{Failure: errors.New("boom")}).explained
	assert.EqualError(t, explained, "explained: boom")
}

func TestSourcesAreDescribed(t *testing.T) {
	llama := &pin.Ollama.Companions[0]
	src := &source{
		words: map[string]word{llama.VersionFile: {text: "b1"}},
		files: map[string]bool{"go.mod": true, "a.sh": true},
	}
	describe := func(change func(p *Move)) []string {
		p := moving([]string{"packages.x"}, looked(pin.Source, "src hash"))
		p.Outputs[0].SrcOut, p.Helpers = "/nix/store/src", []string{"a.sh"}
		change(p)
		d := driverOf(&asker{}, p)
		d.sources = map[string]*source{"/nix/store/src": src}
		require.NoError(t, d.describeSources(t.Context()))
		return p.Notes()
	}
	const note = "release 0.32.15 is built with llama.cpp b1, which this pin does not fetch"
	assert.Equal(t, []string{note}, describe(func(*Move) {}))
	assert.Equal(t, []string{note + "; the overridden package's is used, if it has one"},
		describe(func(p *Move) { p.Overrides = true }))
	assert.Equal(t, []string{note, "the build phases call b.sh, which release 0.32.15 does not have"},
		describe(func(p *Move) { p.Helpers = []string{"b.sh"} }))
	assert.Equal(t, []string{note}, describe(func(p *Move) { p.Origin = &pin.Input{Slot: pin.NoSlot} }))
	fetched, asset := &companion{Companion: &pin.Companion{Of: llama}}, looked(pin.ReleaseAsset, "asset hash")
	for name, change := range map[string]func(p *Move){
		"it fetches it":             func(p *Move) { p.companions = []*companion{fetched} },
		"it is built beforehand":    func(p *Move) { p.hashes = append(p.hashes, asset) },
		"an input provides it":      func(p *Move) { p.Origin = &pin.Input{Provides: true, Slot: pin.NoSlot} },
		"its source is not on disk": func(p *Move) { p.Outputs[0].SrcOut = "" },
	} {
		assert.Empty(t, describe(change), name)
	}
}
