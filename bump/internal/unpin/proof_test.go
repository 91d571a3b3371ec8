package unpin

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// answers are the answers that are given, one after the other.
type answers struct {
	list      []probe.Answer
	questions []probe.Question
}

func (a *answers) Ask(_ context.Context, q probe.Question) (probe.Answer, error) {
	a.questions = append(a.questions, q)
	if len(a.questions) > len(a.list) {
		return probe.Answer{}, errors.New("nobody knows")
	}
	return a.list[len(a.questions)-1], nil
}

func (a *answers) Explain(_ context.Context, err error) error { return err }

// proveOne proves the removal of one pin that an output shows.
func proveOne(where string, whole bool, list ...probe.Answer) ([]string, *answers, error) {
	a := &answers{list: list}
	f := &Flake{Found: &pin.Found{Package: &pin.Ollama}, Asker: a}
	made := &Removal{}
	err := f.prove(context.Background(), proof{
		shown: []probe.Shown{{
			Pin: &pin.Pin{Pos: diag.Pos{File: "flake.nix", Line: 7, Column: 3}},
			Outputs: []probe.Output{{
				Where: where, Version: "0.32.13", Recipe: probe.Recipe{Base: "0.33.2"},
			}},
		}},
		whole: []bool{whole}, removed: probe.State{Lock: []byte("removed")},
		trail: probe.State{Lock: []byte("trail"), Files: map[string][]byte{"flake.nix": nil}},
	}, made)
	return made.Facts, a, err
}

// answer is that of one output, whose derivation and that of nixpkgs' own package are given.
func answer(drv, base string, overridden int) probe.Answer {
	return probe.Answer{Outputs: []probe.Output{{
		Where: "packages.x.ollama", Version: "0.33.2", Src: "s", Mod: "m", Drv: drv,
		Recipe: probe.Recipe{Base: "0.33.2", BaseSrc: "s", BaseMod: "m", BaseDrv: base, Overridden: overridden},
	}}}
}

// What was proved is said as far as it goes, and no further.
func TestProofSaysWhatWasProved(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		whole bool
		list  []probe.Answer
		want  string
		asked int
	}{
		{
			"the derivation", true,
			[]probe.Answer{answer("a", "a", 0)},
			"without the pin, packages.x.ollama is the same derivation as nixpkgs' own 0.33.2", 1,
		},
		{
			"the derivation under the settings of its package set", true,
			[]probe.Answer{answer("a", "b", 0), answer("a", "a", 0)},
			"without the pin, packages.x.ollama is the same derivation as nixpkgs' own 0.33.2", 2,
		},
		{
			"that of the same override", true,
			[]probe.Answer{answer("a", "b", 0), answer("a", "a", 2)},
			"without the pin, packages.x.ollama is the same derivation as nixpkgs' own 0.33.2 with the " +
				"same .override", 2,
		},
		{
			"other attributes are left", false,
			[]probe.Answer{answer("a", "b", 0), answer("a", "b", 0)},
			"without the pin, packages.x.ollama has the version, source and modules of nixpkgs' own 0.33.2; " +
				"what else the override sets is left", 2,
		},
		{
			"other attributes are left and change nothing", false,
			[]probe.Answer{answer("a", "a", 0)},
			"without the pin, packages.x.ollama is the same derivation as nixpkgs' own 0.33.2", 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			facts, a, err := proveOne("packages.x.ollama", test.whole, test.list...)
			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, facts)
			require.Len(t, a.questions, test.asked)
			for i, q := range a.questions {
				assert.Equal(t, []string{"packages.x.ollama"}, q.Only)
				assert.Equal(t, []string{"removed", "trail"}[i], string(q.State.Lock))
				assert.True(t, q.Base)
			}
		})
	}
}

func TestProofRefuses(t *testing.T) {
	t.Parallel()
	changed := func(change func(*probe.Output)) probe.Answer {
		a := answer("a", "b", 0)
		change(&a.Outputs[0])
		return a
	}
	for _, test := range []struct {
		name  string
		whole bool
		list  []probe.Answer
		want  string
	}{
		{
			"another derivation", true,
			[]probe.Answer{answer("a", "b", 0), answer("a", "b", 0)},
			"it is another derivation, of the same version, source and modules: something else in the flake changes it",
		},
		{
			"no derivation", true,
			[]probe.Answer{answer("", "", 0), answer("", "", 0)},
			"it does not evaluate",
		},
		{
			"no derivation, where other attributes are left", false,
			[]probe.Answer{answer("", "b", 0), answer("", "b", 0)},
			"it does not evaluate",
		},
		{
			"sources without a hash", false,
			[]probe.Answer{changed(func(o *probe.Output) { o.Src, o.Recipe.BaseSrc = "", "" }), {}},
			"the hash of neither source is known",
		},
		{
			"the flake with trails is another one", true,
			[]probe.Answer{answer("a", "b", 0), answer("c", "c", 1)},
			"it is another derivation, of the same version, source and modules: something else in the flake changes it",
		},
		{
			"another version", true,
			[]probe.Answer{changed(func(o *probe.Output) { o.Version = "0.33.1" }), {}},
			"its version is 0.33.1, not 0.33.2",
		},
		{
			"another source", false,
			[]probe.Answer{changed(func(o *probe.Output) { o.Src = "t" }), {}},
			"it has another source",
		},
		{
			"other modules", false,
			[]probe.Answer{changed(func(o *probe.Output) { o.Mod = "n" }), {}},
			"it has other Go modules",
		},
		{"nothing", true, []probe.Answer{{}}, "it does not evaluate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := proveOne("packages.x.ollama", test.whole, test.list...)
			assert.EqualError(t, err, "flake.nix:7:3: remove pin: without it packages.x.ollama would not be nixpkgs' "+
				"own package: "+test.want)
		})
	}
}

// An overlay that says nothing of the package any more proves a removal, but one that does not evaluate proves nothing.
func TestRemovalIsNotProvedByAFailure(t *testing.T) {
	t.Parallel()
	const where = "overlays.default.ollama"
	_, _, err := proveOne(where, true, probe.Answer{})
	require.NoError(t, err)
	failure := errors.New("undefined variable 'gpu'")
	_, _, err = proveOne(where, true, probe.Answer{Failure: failure, NoneShown: true})
	require.NoError(t, err)

	_, _, err = proveOne(where, true, probe.Answer{Failure: failure})
	var obstacle *diag.Error
	require.ErrorAs(t, err, &obstacle)
	assert.Contains(t, obstacle.Text, "without it the flake does not evaluate: undefined variable 'gpu'")
}
