package resolve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
	"github.com/nixtars/ollama-bump/bump/internal/nix"
	"github.com/nixtars/ollama-bump/bump/internal/pin"
	"github.com/nixtars/ollama-bump/bump/internal/probe"
)

// failing fails the build of the modules.
func failing(f *nix.Failure) change {
	return func(n int, _ probe.Question, a *probe.Answer) {
		if n > 1 {
			a.Mismatches, a.Built, a.Failure = nil, false, f
		}
	}
}

// A build that calls a file which the release has moved is explained by the source, not by the words of the builder.
func TestHelperThatTheReleaseHasMoved(t *testing.T) {
	f := &nix.Failure{Kind: nix.Builder, Text: "failed", Log: []string{"llama/compat/apply-patch.cmake: No such file"}}
	r := newReplay(t, flake(vendored), failing(f))
	r.sources["cmake/apply-git-patches.cmake"] = ""
	_, err := r.hashes()
	require.ErrorContains(t, err, "find hashes: the build phases call llama/compat/apply-patch.cmake, which "+
		"release 0.32.15 "+
		"does not have; it has cmake/apply-git-patches.cmake")
	require.ErrorIs(t, err, f)

	r = newReplay(t, flake(vendored), failing(f))
	r.sources["llama/compat/apply-patch.cmake"] = ""
	_, err = r.hashes()
	require.EqualError(t, err, "explained: "+f.Error(), "the file is there")
	_, _, err = hashes(t, flake(vendored), failing(&nix.Failure{Kind: nix.Fetch, Text: f.Text, Log: f.Log}))
	require.ErrorContains(t, err, "explained: ", "no builder failed")
}

func TestBuildPhasesThatCallWhatTheReleaseHasNot(t *testing.T) {
	calls := vendored + ` postPatch = "bash llama/compat/apply-patch.cmake";`
	s, _, err := hashes(t, flake(calls), nil)
	require.NoError(t, err)
	assert.Contains(t, s.Moves[0].Notes(),
		"the build phases call llama/compat/apply-patch.cmake, which release 0.32.15 does not have")
	assert.Contains(t, strings.Join(s.Moves[0].Notes(), "\n"),
		"is built with llama.cpp b10488, which this pin does not fetch")
}

// The tag of a release begins with v; a ref without it is not there.
func TestTagWithoutV(t *testing.T) {
	fetch := func(url string) error {
		r := newReplay(t, flake(vendored), nil)
		r.change = func(_ int, _ probe.Question, a *probe.Answer) {
			r.drvs[a.Outputs[0].SrcDrv].Env["url"] = url
			a.Mismatches, a.Failure = nil, &nix.Failure{Kind: nix.Fetch, Text: "404", Derivation: a.Outputs[0].SrcDrv}
		}
		_, err := r.hashes()
		return err
	}
	for _, owner := range []string{"ollama", "jmorganca"} {
		url := fmt.Sprintf("https://github.com/%s/ollama/archive/refs/tags/0.32.15.tar.gz", owner)
		err := fetch(url)
		require.EqualError(t, err, "flake.nix:4:11: find hashes: "+url+" does not exist: the tag of release "+
			"0.32.15 is v0.32.15")
		var e *diag.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, `write tag = "v${version}";`, e.Hint)
	}
	for _, url := range []string{
		"https://github.com/ollama/ollama/archive/refs/tags/v0.32.15.tar.gz",
		"https://github.com/other/ollama/archive/refs/tags/0.32.15.tar.gz",
	} {
		require.ErrorContains(t, fetch(url), "explained: ", url)
	}
}

// misfitting fails the build of the modules until llama.cpp is the release's: a patch does not fit the one that the
// overridden package brings.
func misfitting(t *testing.T, attrs string, fits bool) *replay {
	t.Helper()
	r := newReplay(t, flake(attrs), nil)
	r.change = func(n int, q probe.Question, a *probe.Answer) {
		if n == 1 || len(a.Outputs) == 0 {
			return
		}
		used := "b1"
		for id, v := range q.State.Values {
			if r.found.Slot(id).Field == "llama.cpp tag" && v != "" {
				used = "b10488"
			}
		}
		if used == "b10488" && fits {
			return
		}
		llama := "/nix/store/00000000000000000000000000000000-llama.drv"
		r.drvs[llama] = &nix.Derivation{
			Path: llama,
			Env:  map[string]string{"urls": "https://github.com/ggml-org/llama.cpp/archive/refs/tags/b1.tar.gz"},
		}
		mod := a.Outputs[0].ModDrv
		r.drvs[mod].InputDrvs[llama] = []string{"out"}
		a.Mismatches, a.Built = nil, false
		a.Failure = &nix.Failure{
			Kind: nix.Builder, Text: "failed", Derivation: mod,
			Log: []string{"1 out of 3 hunks FAILED"},
		}
	}
	return r
}

func TestPatchThatDoesNotFitAnOlderLlama(t *testing.T) {
	_, err := misfitting(t, vendored, false).hashes()
	require.ErrorContains(t, err, "find hashes: the patches of release 0.32.15 do not fit llama.cpp b1, which is "+
		"nixpkgs' own: the release is made for b10488")
}

func TestLlamaIsAddedWhereThatOfThePackageDoesNotFit(t *testing.T) {
	r := misfitting(t, vendored, true)
	require.NotEmpty(t, r.found.Pins[0].Addable)
	s, err := r.hashes()
	require.NoError(t, err)
	assert.Equal(t, "b10488", s.Moves[0].Companions()[0].New)
	assert.Equal(t, "b1", s.Moves[0].Companions()[0].Old)
	assert.Contains(t, r.logged, "llama.cpp: b10488, in place of b1, which the overridden package brings")
}

// A passthru that replaces nixpkgs' own is named where an attribute of it is missing.
func TestPassthruThatIsReplaced(t *testing.T) {
	one, other := moving(nil), moving(nil)
	s := stateOf(one, other)
	missing := &nix.Failure{Text: "attribute 'llamaCppVersion' missing"}
	assert.Nil(t, s.replacedPassthru(answer{}, missing), "no pin has one")
	other.Passthru = diag.Pos{File: "flake.nix", Line: 7, Column: 3}
	assert.Nil(t, s.replacedPassthru(answer{}, &nix.Failure{Text: "boom"}))
	assert.EqualError(t, s.replacedPassthru(answer{}, missing), "flake.nix:7:3: find package: passthru replaces that "+
		"of nixpkgs' package here, and the attribute llamaCppVersion is missing")
}

// What pins the companion that was used says what is to be done.
func TestWhatPinsACompanion(t *testing.T) {
	of := &pin.Ollama.Companions[0]
	at := &pin.Companion{Of: of, Pos: diag.Pos{File: "flake.nix", Line: 7, Column: 3}}
	for want, own := range map[string]*companion{
		"is pinned at flake.nix:7:3 and was not moved (a fork)": {Companion: at, skip: "a fork"},
		"is used here, although b2 is pinned at flake.nix:7:3":  {Companion: at, tag: "b2"},
		"is nixpkgs' own": {Companion: at, tag: "b2", replaces: "b1"},
		"nixpkgs sets with passthru.llamaCppSrc and passthru.llamaCp": nil,
	} {
		p := moving(nil)
		if own != nil {
			p.companions = []*companion{own}
		}
		what, hint := misfit{pin: p, of: of, used: "b1", wanted: "b2"}.pinnedBy()
		assert.Contains(t, what, want)
		assert.NotEmpty(t, hint)
	}
}
