package resolve

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// The same answer to the same state twice makes the same next state and request, whatever is done with the first, and
// leaves the state as it was: the answers of a bump can be replayed, and others tried out.
func TestStepIsPure(t *testing.T) {
	broken := func(n int, q probe.Question, a *probe.Answer) {
		switch {
		case n == 1:
			a.Broken = []probe.Broken{{Where: "overlays.broken", Text: "boom"}}
		case len(q.Whole) > 0 && len(q.State.Values) > 0:
			a.Failure, a.Last = &nix.Failure{Kind: nix.Eval, Text: "boom"}, q.Whole[0]
		case len(q.Whole) > 0:
			a.Outputs[0].Drv = ""
		}
	}
	for name, test := range map[string]struct {
		src    string
		change change
		steps  int
	}{
		"two hashes":           {src: flake(vendored), steps: 5},
		"an inherited hash":    {src: flake(""), steps: 5},
		"with llama.cpp":       {src: flake(vendored + llama), steps: 8},
		"a package that fails": {src: flake(vendored), change: broken, steps: 7},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplay(t, test.src, test.change)
			tools := r.tools()
			d := &driver{Tools: tools, state: newState(r.job(), tools.Fake)}
			next, err := d.nextRound()
			require.NoError(t, err)
			steps := 0
			for ; next != nil; steps++ {
				a, err := next.perform(t.Context(), d)
				require.NoError(t, err)
				before := d.clone()
				before.said = d.said

				one, next1, err := step(d.state, a)
				require.NoError(t, err)
				assert.Equal(t, before, d.state, "step %d", steps)
				wasOne := one.clone()
				wasOne.said = one.said

				other := a // another answer to the same state
				other.Mismatches, other.Built = nil, false
				other.Broken = []probe.Broken{{Where: "other"}}
				_, _, _ = step(d.state, other)
				_, _, _ = step(one, answer{})
				assert.Equal(t, before, d.state, "step %d", steps)
				assert.Equal(t, wasOne, one, "step %d", steps)

				two, next2, err := step(d.state, a)
				require.NoError(t, err)
				assert.Equal(t, one, two, "step %d", steps)
				assert.Equal(t, next1, next2, "step %d", steps)
				d.state, next = two, next2
			}
			assert.True(t, d.complete())
			assert.GreaterOrEqual(t, steps, test.steps)
		})
	}
}

// A closure may hold several things that fit, two llama.cpps say. A map has no order: which one is taken must not
// change from one run to the next.
func TestClosuresHaveAnOrder(t *testing.T) {
	closure := map[string]*nix.Derivation{}
	for i := range 40 {
		closure[fmt.Sprintf("/nix/store/%02d.drv", i)] = &nix.Derivation{Env: map[string]string{
			"urls": fmt.Sprintf("https://github.com/ggml-org/llama.cpp/archive/refs/tags/b%d.tar.gz", 9000+i),
		}}
	}
	for range 20 {
		require.Equal(t, "b9000", companionIn(closure, &pin.Ollama.Companions[0]))
	}
}

// What a fixed output that is built by itself does not say ends the search, with what Nix says or without.
func TestFixedOutputWithoutAnAnswer(t *testing.T) {
	boom := &nix.Failure{Kind: nix.Fetch, Text: "boom"}
	for want, fail := range map[string]*nix.Failure{
		"explained: nix: boom":                   boom,
		"Nix built nothing and does not say why": nil,
	} {
		_, r, err := hashes(t, flake(vendored+llama), func(_ int, q probe.Question, a *probe.Answer) {
			if q.Build.Derivation == "" {
				return
			}
			a.Mismatches = nil
			if fail != nil {
				a.Failure = fail
			}
		})
		require.ErrorContains(t, err, want)
		built := 0
		for _, q := range r.asked {
			if q.Build.Derivation != "" {
				built++
			}
		}
		assert.Equal(t, 1, built, want)
	}
}
